"""Operational time: clocks that run faster or slower over the calendar, and back to days."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, loop, rule

_BELOW_ONE = 1.0 - 2.0**-52


@rule
def operational(t, day_cell, edges, cumulative, speed, row):
    """Return what a clock shows on day t."""
    cell = np.uint64(day_cell[row, np.uint64(t)])
    return cumulative[row, cell] + speed[row, cell] * (t - edges[row, cell])


@kernel
def _days_near_guide(out, clock, low, size, clocks, row):
    """Turn operational times into days, one cell beyond the guide at most.

    Return for how many that was too few: where speeds differ a thousandfold.
    """
    scale, guide = clocks.guide_scale[row], clocks.guide[row]
    edges, cumulative, days = clocks.edges[row], clocks.cumulative[row], clocks.days_per_unit[row]
    one = np.uint64(1)
    late = 0
    for i in range(size):
        at = clock[np.uint64(low + i)]
        cell = np.uint64(guide[np.uint64(at * scale)])
        cell += np.uint64(at >= cumulative[cell + one])
        late += np.int64(at >= cumulative[cell + one])
        out[i] = edges[cell] + (at - cumulative[cell]) * days[cell]
    return late


@loop
def _days_by_search(out, clock, low, size, edges, cumulative, days):
    """Turn operational times into days, searching every cell."""
    for i in range(size):
        at = clock[low + i]
        cell = 0
        while at >= cumulative[cell + 1]:
            cell += 1
        out[i] = edges[cell] + (at - cumulative[cell]) * days[cell]


@kernel
def to_days(out, clock, low, size, clocks, row):
    """Write the days on which a clock shows ``clock[low : low + size]``, less than its last."""
    if _days_near_guide(out, clock, low, size, clocks, row) > 0:
        edges, cumulative = clocks.edges[row], clocks.cumulative[row]
        _days_by_search(out, clock, low, size, edges, cumulative, clocks.days_per_unit[row])


@kernel
def by_pace(exits, begins, low, size, clocks, row, scratch):
    """Turn cycle times into the days visits end: of those begun at ``begins[low : low + size]``.

    What ends after the last edge ends there. ``scratch`` is three arrays of a strip.
    """
    clock, day, moves = scratch
    edges, speed, day_cell = clocks.edges[row], clocks.speed[row], clocks.day_cell[row]
    cumulative = clocks.cumulative[row]
    total, end = cumulative[edges.size - 1], edges[edges.size - 1]
    last = total * _BELOW_ONE
    for i in range(size):
        t, cycle_time = begins[np.uint64(low + i)], exits[i]
        cell = np.uint64(day_cell[np.uint64(t)])
        at = cumulative[cell] + speed[cell] * (t - edges[cell]) + cycle_time
        clock[i] = min(at, last)
        # What takes no time takes none while time stands still, and is not even rounded.
        moves[i] = cycle_time > 0.0
        exits[i] = end if (cycle_time > 0.0) & (at >= total) else t
    if total > 0.0:
        to_days(day, clock, 0, size, clocks, row)
        for i in range(size):
            exits[i] = max(exits[i], day[i]) if moves[i] else exits[i]
