"""What is known of durations: closed within an interval, still going at an age, entered late.

Records have a clock. A duration of d ticks was between d - 1/2 and d + 1/2 ticks long, of 0 ticks
less than half a tick: a partition of time that is right in the mean, since both ends of a visit
were rounded alike. So a visit still open after a ticks lasted a - 1/2 ticks or more. Beyond
`FINE` ticks, intervals are as wide as 1 % of the duration: what is fitted is exact for what is
kept, and a million rows are a few thousand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.model.law import floats

FINE = 100
"""Durations up to so many ticks stay apart."""
WIDTH = 0.01
"""Relative width of the intervals beyond."""
GOING = -1
"""The outcome of what has not ended."""


@dataclass(frozen=True, kw_only=True)
class Durations:
    """Durations of visits to a stage, equal ones together; an entry each.

    Attributes
    ----------
    outcome : ndarray of int
        How it ended, 0 to outcomes - 1; `GOING` = it has not.
    low, high : ndarray
        Days: it ended in [low, high); of those going on, ``low`` is the age and ``high`` infinite.
    entry : ndarray
        Days: seen only since this age; 0 = from the beginning.
    weight : ndarray
        Sum of the weights of those together.
    square : ndarray
        Sum of the squares of their weights.
    count : ndarray
        How many they are.
    """

    outcome: IntArray
    low: FloatArray
    high: FloatArray
    entry: FloatArray
    weight: FloatArray
    square: FloatArray
    count: FloatArray

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.low)

    @property
    def middle(self) -> FloatArray:
        """Days in the middle of each interval; the age of those going on."""
        return np.where(self.outcome == GOING, self.low, (self.low + self.high) / 2.0)


def gather(
    outcome: IntArray,
    duration: FloatArray,
    entry: FloatArray,
    *,
    count: FloatArray,
    recency: FloatArray,
    tick: float,
) -> Durations:
    """Return durations with equal ones together.

    Parameters
    ----------
    outcome : ndarray of int, shape (visits,)
        How each ended; `GOING` = it has not.
    duration, entry : ndarray, shape (visits,)
        Days; of those going on the age.
    count, recency : ndarray, shape (visits,)
        How many visits each stands for, and what each of them counts: a recent one more.
    tick : float
        Days between two times that the clock can tell apart.
    """
    edges = _edges(max(duration.max(initial=0.0), entry.max(initial=0.0)) / tick)
    cell = np.searchsorted(edges, duration / tick, side="right") - 1
    late = np.searchsorted(edges, entry / tick, side="right") - 1
    keys = ((outcome - GOING) * len(edges) + cell) * len(edges) + late
    unique, row = np.unique(keys, return_inverse=True)
    rest, late = np.divmod(unique, len(edges))
    outcome, cell = np.divmod(rest, len(edges))
    outcome = outcome + GOING
    ages = np.where(np.arange(len(edges)) <= FINE, edges, (edges + _next(edges)) / 2.0)
    goes_on = outcome == GOING
    entry = tick * np.maximum(ages[late], 0.0)
    return Durations(
        outcome=outcome,
        low=np.where(
            goes_on,
            tick * np.maximum(ages[cell], 0.0),
            np.maximum(tick * np.maximum(edges[cell], 0.0), entry),
        ),
        high=np.where(goes_on, np.inf, tick * _next(edges)[cell]),
        entry=entry,
        weight=floats(np.bincount(row, count * recency, len(unique))),
        square=floats(np.bincount(row, count * recency * recency, len(unique))),
        count=floats(np.bincount(row, count, len(unique))),
    )


def _edges(largest: float) -> FloatArray:
    """Return where intervals of ticks begin: -1/2, 1/2, 3/2, ... and then ever farther apart."""
    fine = np.arange(FINE + 1) - 0.5
    steps = max(0, int(np.ceil(np.log(max(largest, FINE) / FINE) / np.log1p(WIDTH))))
    # whole ticks plus one half, so that no duration lies on an edge
    coarse = np.round(FINE * (1.0 + WIDTH) ** np.arange(1, steps + 2)) - 0.5
    return floats(np.unique(np.concatenate((fine, coarse))))


def _next(edges: FloatArray) -> FloatArray:
    """Return where each interval ends; the last is as wide as the one before."""
    return np.append(edges[1:], 2.0 * edges[-1] - edges[-2])
