"""Deals that carry the time of their pipeline's clock, and the piece of the calendar they are in.

A visit's end is then a sum. In which period that is, and at what odds the next visit begins, is
found by one look-up; only what is won is turned back into days.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.clocks import BELOW_ONE, operational
from salessim.kernels.layout import PIECE_BIT

_PIECE_BIT = np.int64(PIECE_BIT)
_ADVANCE = np.uint64(0)
_REST = np.int64((1 << PIECE_BIT) - 1)


@kernel
def start_clock(deals, n, day_piece, clocks, row):
    """Let n deals born on days carry what a clock, a row of `SpeedClocks`, shows then."""
    day_cell, edges = clocks.day_cell[row], clocks.edges[row]
    cumulative, speed = clocks.cumulative[row], clocks.speed[row]
    time, tag = deals.time, deals.tag
    for i in range(n):
        t = time[i]
        tag[i] += day_piece[np.uint64(t)] << _PIECE_BIT
        time[i] = operational(t, day_cell, edges, cumulative, speed)


@kernel
def look_up_in_pieces(out, tag, low, size, cell, conversion):
    """Look up the conversion of visits that begin in the pieces where deals are."""
    for i in range(size):
        piece = np.uint64(tag[np.uint64(low + i)] >> _PIECE_BIT)
        out[i] = conversion[np.uint64(cell[piece])]


@kernel
def find_pieces(bins, exits, deals, strip, pieces, row):
    """Write the pieces in which visits end to the tags of a strip of deals, periods to ``bins``.

    What takes no time stays where it is: the clock may stand still, or have been rounded.
    """
    low, size = strip
    clock, guide, period = pieces.clock[row], pieces.guide[row], pieces.period
    scale, steps = pieces.scale[row], pieces.steps[row]
    time, tag = deals.time, deals.tag
    one, last, beyond = np.uint64(1), float(guide.size - 1), clock.size - 2
    end = clock[beyond]
    for i in range(size):
        deal, passed = np.uint64(low + i), exits[i]
        was = tag[deal]
        piece = guide[np.uint64(min(passed * scale, last))]
        piece += np.int64(passed >= clock[np.uint64(piece) + one])
        piece = beyond if passed >= end else piece
        piece = piece if passed > time[deal] else was >> _PIECE_BIT
        tag[deal] = (was & _REST) | (piece << _PIECE_BIT)
        bins[i] = period[np.uint64(piece)]
    for _ in range(1, steps):
        for i in range(size):
            deal, passed = np.uint64(low + i), exits[i]
            piece = np.uint64(tag[deal] >> _PIECE_BIT)
            more = np.int64((passed >= clock[piece + one]) & (passed > time[deal]))
            tag[deal] += more << _PIECE_BIT
            bins[i] = period[piece + np.uint64(more)]


@kernel
def leave_in_pieces(deals, outcomes, exits, bins, strip, kept, counts):
    """Count the outcomes of a strip by period; move those that advance before the end to ``kept``.

    Return where the next ones go. As the walk by days does it, but the periods are known.
    """
    low, size = strip
    time, entity, tag = deals.time, deals.entity, deals.tag
    overflow, kept = counts.shape[1] - 1, np.uint64(kept)
    for i in range(size):
        deal, outcome, period = np.uint64(low + i), np.uint64(outcomes[i]), bins[i]
        counts[np.uint64(i & 1), np.uint64(period), outcome] += 1
        time[kept] = exits[i]
        entity[kept] = entity[deal]
        tag[kept] = tag[deal]
        kept += np.uint64((outcome == _ADVANCE) & (period < overflow))
    return np.int64(kept)


@kernel
def back_to_days(deals, n, day, clocks, row):
    """Turn what a clock shows for n deals into days, each within its piece."""
    day_cell, edges = clocks.day_cell[row], clocks.edges[row]
    cumulative, days_per_unit = clocks.cumulative[row], clocks.days_per_unit[row]
    time, tag = deals.time, deals.tag
    for i in range(n):
        piece = tag[i] >> _PIECE_BIT
        begin = day[piece]
        cell = day_cell[np.uint64(begin)]
        t = edges[cell] + (time[i] - cumulative[cell]) * days_per_unit[cell]
        time[i] = min(max(t, begin), day[piece + 1] * BELOW_ONE)
