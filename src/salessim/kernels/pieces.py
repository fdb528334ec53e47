"""Deals that carry the time of their pipeline's clock, and the piece of the calendar they are in.

A visit's end is then a sum. In which period that is, and at what odds the next visit begins, is
found by one look-up; only what is won is turned back into days.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.clocks import BELOW_ONE
from salessim.kernels.layout import NUMBER_BITS, OUTCOME_BITS, PIECE_BIT

_PIECE_BIT, _OUTCOME_BITS = np.int64(PIECE_BIT), np.int64(OUTCOME_BITS)
NUMBER = np.int64((1 << NUMBER_BITS) - 1)
_EDGE, _SHOWN, _SPEED, _DAYS = range(4)
_REST = np.int64((1 << PIECE_BIT) - 1)


@kernel
def draw_lines(lines, day, rows, clocks):
    """Write the lines by which clocks run within pieces: of the cells that these are in.

    There is one for the end, too: a birth just before it may be rounded to it.
    """
    for r in range(rows.size):
        row = rows[r]
        for piece in range(day.size):
            cell = clocks.day_cell[row, np.int64(day[piece])]
            lines[r, piece, _EDGE] = clocks.edges[row, cell]
            lines[r, piece, _SHOWN] = clocks.cumulative[row, cell]
            lines[r, piece, _SPEED] = clocks.speed[row, cell]
            lines[r, piece, _DAYS] = clocks.days_per_unit[row, cell]


@kernel
def start_clock(deals, n, pieces, row):
    """Let n deals born on days carry what the clock of their pipeline shows then."""
    day_piece, lines = pieces.day_piece, pieces.lines[row]
    time, tag = deals.time, deals.tag
    for i in range(n):
        t = time[i]
        piece = day_piece[np.uint64(t)]
        at = np.uint64(piece)
        tag[i] += piece << _PIECE_BIT
        time[i] = lines[at, _SHOWN] + lines[at, _SPEED] * (t - lines[at, _EDGE])


@kernel
def look_up_in_pieces(out, tag, low, size, cell, conversion):
    """Look up the conversion of visits that begin in the pieces where deals are."""
    for i in range(size):
        piece = np.uint64(tag[np.uint64(low + i)] >> _PIECE_BIT)
        out[i] = conversion[np.uint64(cell[piece])]


@kernel
def find_pieces(keys, outcomes, exits, deals, strip, pieces, row):
    """Write the pieces in which visits end to the tags of a strip of deals, and to ``keys``.

    What takes no time stays where it is: the clock may stand still, or have been rounded.
    The loop that only fetches is one of its own: the others vectorise.
    """
    low, size = strip
    clock, guide, time, tag = pieces.clock[row], pieces.guide[row], deals.time, deals.tag
    scale, steps = pieces.scale[row], pieces.steps[row]
    one, last, beyond = np.uint64(1), float(guide.size - 1), clock.size - 2
    end = clock[beyond]
    for i in range(size):
        keys[i] = np.uint64(min(exits[i] * scale, last))
    for i in range(size):
        keys[i] = guide[np.uint64(keys[i])]
    for i in range(size):
        deal, passed = np.uint64(low + i), exits[i]
        after, was = np.int64(keys[i] & ~NUMBER).view(np.float64), tag[deal]
        piece = (keys[i] & NUMBER) + np.int64(passed >= after)
        piece = beyond if passed >= end else piece
        piece = piece if passed > time[deal] else was >> _PIECE_BIT
        tag[deal] = (was & _REST) | (piece << _PIECE_BIT)
        keys[i] = (piece << _OUTCOME_BITS) | outcomes[i]
    for _ in range(1, steps):
        for i in range(size):
            deal, passed = np.uint64(low + i), exits[i]
            after = clock[np.uint64(keys[i] >> _OUTCOME_BITS) + one]
            more = np.int64((passed >= after) & (passed > time[deal]))
            tag[deal] += more << _PIECE_BIT
            keys[i] += more << _OUTCOME_BITS


@kernel
def back_to_days(deals, n, pieces, row):
    """Turn what the clock shows for n deals into days, each within its piece."""
    day, lines = pieces.day, pieces.lines[row]
    time, tag, one = deals.time, deals.tag, np.uint64(1)
    for i in range(n):
        at = np.uint64(tag[i] >> _PIECE_BIT)
        t = lines[at, _EDGE] + (time[i] - lines[at, _SHOWN]) * lines[at, _DAYS]
        time[i] = min(max(t, day[at]), day[at + one] * BELOW_ONE)
