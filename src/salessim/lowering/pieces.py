"""Pipelines whose deals carry the time of a clock, and that clock at every edge they may cross."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.kernels.arrays import Clock, Pieces, SpeedClocks
from salessim.kernels.layout import NUMBER_BITS
from salessim.lowering.stages import curves_of, rooms
from salessim.model.law import floats
from salessim.model.plan import Curve, Model

FASTEST_CARRIED = 1e3
"""Pace up to which deals carry a clock's time. Its edges have 32 binary digits, and one that runs
so fast for ten years is still right to about a minute; after a month at 1e9 it would be a week off.
"""

_AT_ONCE = floats([0.0])


def carried(model: Model, pace: Sequence[int]) -> list[int]:
    """Return the row of `SpeedClocks` that deals of each pipeline carry; -1 = they carry days.

    All stages must run by one pace (``pace`` has their rows), on no day faster than
    `FASTEST_CARRIED`, and no deal return: what a deal waits for then is days. One stage must surely
    take time: what is won at once is won on the day when it began, which a clock that stands still
    does not show. None of this depends on the horizon.
    """
    found = []
    for pipeline in model.pipelines:
        its = [room for room in rooms(model) if room.pipeline is pipeline]
        curves = [curves_of(room, "pace", model.curves) for room in its]
        takes_time = any(room.stage.cycle_time.survival(_AT_ONCE)[0] == 1.0 for room in its)
        one_pace = all(others == curves[0] for others in curves)
        keeps_digits = _fastest(curves[0]) <= FASTEST_CARRIED
        carries = one_pace and keeps_digits and takes_time and not pipeline.has_loops
        found.append(pace[its[0].first] if carries else -1)
    return found


def _fastest(curves: Sequence[Curve]) -> float:
    """Return the fastest pace of any day: one on which a curve begins or ends has it."""
    days = {day for curve in curves for day in (curve.starts, curve.ends) if day is not None}
    paces = (math.prod(curve.factor for curve in curves if curve.holds(day)) for day in days)
    return max(paces, default=1.0)


def lower_pieces(clock: Clock, clocks: SpeedClocks, rows: Sequence[int]) -> Pieces:
    """Return the pieces of the calendar, and what clocks show when they begin.

    ``rows`` are those of `SpeedClocks` that deals of each pipeline carry; -1 = none.
    """
    row = np.array(sorted(set(rows) - {-1}), np.int64)
    by_day = np.vstack([clock.day_period, clock.day_cell, clocks.day_cell[row]])
    starts = np.flatnonzero((by_day[:, 1:] != by_day[:, :-1]).any(axis=0)) + 1
    day = np.concatenate([[0], starts])
    return Pieces(
        day_piece=np.searchsorted(day, np.arange(by_day.shape[1]), side="right") - 1,
        day=day.astype(np.float64),
        period=clock.day_period[day],
        cell=clock.day_cell[day],
        row=row,
        clock=clocks_at(day, row, clocks, clocks.speed, clocks.cumulative),
    )


def clocks_at(
    day: IntArray, row: IntArray, clocks: SpeedClocks, speed: FloatArray, cumulative: FloatArray
) -> FloatArray:
    """Return what clocks show when each piece begins, then what no time reaches, even without end.

    By the arithmetic of the walk, from the clock's own cells: further edges move none of them.
    Cut short by the bits that the guides need: a number of a piece fits there.

    Parameters
    ----------
    day : ndarray, shape (piece + 1,)
        The last one is the end.
    row : ndarray, shape (r,)
    clocks : SpeedClocks
    speed, cumulative : ndarray, shape (..., row, cell) and (..., row, cell + 1)
        Of the clocks, in one world or several.

    Returns
    -------
    ndarray, shape (..., r, piece + 2)
    """
    rows = row[:, None]
    cell = clocks.day_cell[rows, day]
    since = day - clocks.edges[rows, cell]
    # Filled in the usual order, or machine code would be compiled for another one too.
    shown = np.full((*cumulative.shape[:-2], len(row), len(day) + 1), np.nan)
    shown[..., :-1] = cumulative[..., rows, cell] + speed[..., rows, cell] * since
    shown.view(np.int64)[...] &= -1 << NUMBER_BITS
    return shown
