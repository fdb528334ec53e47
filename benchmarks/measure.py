"""Time a thing beside a baseline, taking turns, so that a busy machine slows both alike."""

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Times(NamedTuple):
    """Wall seconds of each round."""

    subject: np.ndarray
    baseline: np.ndarray

    @property
    def ratio(self):
        """Subject over baseline: the median of the rounds' own ratios."""
        return float(np.median(self.subject / self.baseline))


def take_turns(
    benchmark, subject: Callable[[], object], *, baseline: Callable[[], object], rounds: int
) -> Times:
    """Benchmark ``subject``, with ``baseline`` run just before each of its rounds.

    Both are run once before, to load what they load once.
    """
    seconds: list[float] = []

    def time_baseline():
        begun = time.perf_counter()
        baseline()
        seconds.append(time.perf_counter() - begun)

    subject()
    baseline()
    benchmark.pedantic(subject, setup=time_baseline, rounds=rounds)
    return Times(subject=np.array(benchmark.stats.stats.data), baseline=np.array(seconds))


def per_unit(seconds: np.ndarray, units: float) -> dict[str, float]:
    """Return the best and the median round in nanoseconds per unit of work."""
    each = 1e9 * seconds / units
    return {"best": float(each.min()), "median": float(np.median(each))}
