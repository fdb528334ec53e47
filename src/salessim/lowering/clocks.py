"""Calendars: the clock of the simulated time, and clocks that run faster or slower over it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.kernels.arrays import Clock, SpeedClocks
from salessim.lowering.effects import Effects
from salessim.lowering.months import months
from salessim.lowering.moves import Move
from salessim.model.calendar import Timeline
from salessim.model.plan import Curve

SMALLEST_SPEED = 1e-200
"""Per day; below, nothing ever happens and the time to it has no floating-point number."""


class Speed(NamedTuple):
    """The speed of one clock: ``values[k]`` from day ``edges[k]`` to ``edges[k + 1]``."""

    edges: Sequence[float]
    values: Sequence[float]
    moves: Sequence[Sequence[Move]] = ()
    """What moves each value from world to world; empty = nothing does."""


def day_of(timeline: Timeline, day: date) -> int:
    """Return a date's day from the start, within the simulated time."""
    return min(max((day - timeline.start).days, 0), timeline.edges[-1])


def month_edges(timeline: Timeline) -> list[float]:
    """Edges of the calendar months: the start, the month starts, the end.

    A source's dates cut no cell: another rounding would move the deals of other sources.
    """
    return [month.start for month in months(timeline)] + [float(timeline.edges[-1])]


def month_of(timeline: Timeline, starts: Sequence[float]) -> list[int]:
    """Return the number of the month in which each day lies, 0 for that of the start."""
    firsts = month_edges(timeline)[:-1]
    return [int(k) for k in np.searchsorted(firsts, starts, side="right") - 1]


def cut(edges: Iterable[float], days: Iterable[float]) -> list[float]:
    """Return edges with further ones at the given days."""
    return sorted({*edges, *(float(day) for day in days)})


def curve_days(curves: Iterable[Curve], timeline: Timeline) -> list[int]:
    """Days on which any of the curves begins or ends."""
    dates = [day for curve in curves for day in (curve.starts, curve.ends) if day is not None]
    return [day_of(timeline, day) for day in dates]


def in_force(
    curves: Iterable[Curve], edges: Sequence[float], timeline: Timeline
) -> list[list[Curve]]:
    """Return the curves that hold in each cell."""
    spans = []
    for curve in curves:
        ends = timeline.edges[-1] if curve.ends is None else day_of(timeline, curve.ends)
        spans.append((day_of(timeline, curve.starts), ends, curve))
    return [[curve for a, b, curve in spans if a <= start < b] for start in edges[:-1]]


def factors(curves: Iterable[Curve], edges: Sequence[float], timeline: Timeline) -> FloatArray:
    """Return the product of the curves' factors in each cell, shape (cell,)."""
    held = in_force(curves, edges, timeline)
    return np.array([math.prod(curve.factor for curve in cell) for cell in held], float)


def lower_clock(timeline: Timeline, cell_edges: Sequence[float]) -> Clock:
    """Return the simulated time with its reporting periods and its cells."""
    edges = timeline.edges
    days = np.arange(edges[-1] + 1)
    return Clock(
        end=float(edges[-1]),
        day_period=(np.searchsorted(edges, days, side="right") - 1).astype(np.int64),
        day_cell=_day_cells(cell_edges, edges[-1]),
    )


def lower_speed_clocks(speeds: Sequence[Speed], timeline: Timeline) -> SpeedClocks:
    """Return the clocks of the given speeds, a row each."""
    rows, end = len(speeds), timeline.edges[-1]
    cells = max((len(speed.values) for speed in speeds), default=0)
    edges = np.full((rows, cells + 1), float(end))
    values = np.zeros((rows, cells))
    day_cell = np.zeros((rows, end + 1), np.int64)
    for row, speed in enumerate(speeds):
        edges[row, : len(speed.edges)] = speed.edges
        values[row, : len(speed.values)] = speed.values
        day_cell[row] = _day_cells(speed.edges, end)
    values[values < SMALLEST_SPEED] = 0.0
    passed = np.cumsum(values * np.diff(edges, axis=1), axis=1)
    cumulative = np.hstack([np.zeros((rows, 1)), passed])
    return SpeedClocks(
        day_cell=day_cell,
        edges=edges,
        speed=values,
        days_per_unit=np.divide(1.0, values, out=np.zeros_like(values), where=values > 0.0),
        cumulative=cumulative,
    )


def move_clocks(speeds: Sequence[Speed], cells: int, effects: Effects) -> None:
    """Let the world move the speeds of clocks that have rows of so many cells."""
    for row, speed in enumerate(speeds):
        for cell, moves in enumerate(speed.moves):
            effects.move("speed", row * cells + cell, moves)


def _day_cells(edges: Sequence[float], end: int) -> IntArray:
    # The day of the end belongs to the last cell: time ends there.
    cells = np.searchsorted(np.array(edges), np.arange(end + 1), side="right") - 1
    return np.minimum(cells, len(edges) - 2).astype(np.int64)
