"""Operational time: clocks that run faster or slower over the calendar, and back to days."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import loop, rule

BELOW_ONE = 1.0 - 2.0**-52


@rule
def operational(t, day_cell, edges, cumulative, speed):
    """Return what a clock, a row of `SpeedClocks`, shows on day t."""
    cell = np.uint64(day_cell[np.uint64(t)])
    return cumulative[cell] + speed[cell] * (t - edges[cell])


@rule
def _word(cell, after, with_next):
    return np.int64(cell) | (np.float64(after).view(np.int64) & with_next)


@loop
def wind(cumulative, cells, guides, with_next):
    """Work out the guides to so many cells of clocks, that begin when these show ``cumulative``.

    They hold the cells' numbers, and ``with_next`` (or 0) the other bits of when the next begins.

    A bucket's number is that of a time in it, and rounding keeps the order of products: so a cell
    that begins in a bucket before has surely begun. Cells that begin at the last time, as padding
    does, are not counted: no clock that is looked up shows it.
    """
    first, scales, steps = guides
    buckets = first.shape[1] - 1
    for row in range(cumulative.shape[0]):
        total = cumulative[row, cells]
        scale = buckets / (total if total > 0.0 else 1.0)
        filled, most, shared, before = 0, 1, 0, -1
        cell = 1
        while cell < cells and cumulative[row, cell] < total:
            bucket = int(min(cumulative[row, cell] * scale, float(buckets)))
            shared = shared + 1 if bucket == before else 1
            most, before = max(most, shared), bucket
            word = _word(cell - 1, cumulative[row, cell], with_next)
            for b in range(filled, bucket + 1):
                first[row, b] = word
            filled = bucket + 1
            cell += 1
        word = _word(cell - 1, cumulative[row, cell], with_next)
        for b in range(filled, buckets + 1):
            first[row, b] = word
        scales[row], steps[row] = scale, most


@loop
def _find_cells(cells, after, clock, low, size, cumulative, guide):
    """Find the cells in which a clock shows ``clock[low : low + size]``, less than its last.

    ``after`` is a strip for when the next cells begin; ``guide`` is of `Guides`, but of one row.
    Loops that only fetch are apart: those that only reckon then vectorise.
    """
    first, scale, steps = guide
    one, last = np.uint64(1), float(first.size - 1)
    for i in range(size):
        cells[i] = np.uint64(min(clock[np.uint64(low + i)] * scale, last))
    for i in range(size):
        cell = first[np.uint64(cells[i])]
        cells[i], after[i] = cell, cumulative[np.uint64(cell) + one]
    for i in range(size):
        cells[i] += clock[np.uint64(low + i)] >= after[i]
    for _ in range(1, steps):
        for i in range(size):
            following = cumulative[np.uint64(cells[i]) + one]
            cells[i] += clock[np.uint64(low + i)] >= following


@loop
def to_days(out, clock, low, size, clocks, row, cells):
    """Write the days on which a clock shows ``clock[low : low + size]``, less than its last."""
    edges, cumulative, days = clocks.edges[row], clocks.cumulative[row], clocks.days_per_unit[row]
    guide = clocks.guide[row], clocks.scale[row], clocks.steps[row]
    _find_cells(cells, out, clock, low, size, cumulative, guide)
    for i in range(size):
        cell = np.uint64(cells[i])
        out[i] = edges[cell] + (clock[np.uint64(low + i)] - cumulative[cell]) * days[cell]


@loop
def by_pace(exits, begins, low, size, clocks, row, scratch):
    """Turn cycle times into the days visits end: of those begun at ``begins[low : low + size]``.

    What ends after the last edge ends there. The clock runs on the first day, if ever so slowly.
    ``scratch`` is three arrays of a strip.
    """
    clock, day, cells = scratch
    edges, speed, day_cell = clocks.edges[row], clocks.speed[row], clocks.day_cell[row]
    cumulative = clocks.cumulative[row]
    total, end = cumulative[edges.size - 1], edges[edges.size - 1]
    last = total * BELOW_ONE
    for i in range(size):
        t, cycle_time = begins[np.uint64(low + i)], exits[i]
        at = operational(t, day_cell, edges, cumulative, speed) + cycle_time
        # What takes no time takes none while time stands still, and is not even rounded.
        moves = cycle_time > 0.0
        clock[i] = min(at, last) if moves else 0.0
        exits[i] = end if moves & (at >= total) else t
    to_days(day, clock, 0, size, clocks, row, cells)
    for i in range(size):
        exits[i] = max(exits[i], day[i])
