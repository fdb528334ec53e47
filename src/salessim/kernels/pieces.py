"""Deals that carry the time of their pipeline's clock, and the piece of the calendar they are in.

A visit's end is then a sum. In which period that is, and at what odds the next visit begins, is
found by one look-up; only what is won is turned back into days.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.clocks import BELOW_ONE, find_cells, operational
from salessim.kernels.layout import OUTCOME_BITS, PIECE_BIT

_PIECE_BIT, _OUTCOME_BITS = np.int64(PIECE_BIT), np.int64(OUTCOME_BITS)
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
def find_pieces(keys, outcomes, exits, deals, strip, after, pieces, row):
    """Write the pieces in which visits end to the tags of a strip of deals, and to ``keys``.

    What takes no time stays where it is: the clock may stand still, or have been rounded.
    """
    low, size = strip
    clock, time, tag = pieces.clock[row], deals.time, deals.tag
    beyond = clock.size - 2
    end = clock[beyond]
    guide = pieces.guide[row], pieces.scale[row], pieces.steps[row]
    find_cells(keys, after, exits, 0, size, clock, guide)
    for i in range(size):
        deal, passed = np.uint64(low + i), exits[i]
        was = tag[deal]
        piece = beyond if passed >= end else keys[i]
        piece = piece if passed > time[deal] else was >> _PIECE_BIT
        tag[deal] = (was & _REST) | (piece << _PIECE_BIT)
        keys[i] = (piece << _OUTCOME_BITS) | outcomes[i]


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
