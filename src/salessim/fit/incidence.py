"""What became of visits by their age, without any law assumed: the Aalen-Johansen estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray, IntArray

STILL_GOING = -1
"""The outcome of a visit that had not ended when it was last seen."""


@dataclass(frozen=True, kw_only=True)
class Incidence:
    """Shares of visits by age: still going on, or ended, and how.

    All arrays are over the ages at which a visit ended, from the youngest to the oldest.
    """

    ages: FloatArray
    """Days, strictly rising."""
    at_risk: FloatArray
    """Visits under observation just before that age, by weight."""
    survival: FloatArray
    """Share still going on after it: the Kaplan-Meier estimate."""
    ended: FloatArray
    """``[outcome, age]``: share that had ended so by that age."""

    def ended_by(self, ages: FloatArray, *, outcome: int) -> FloatArray:
        """Return the share that ended with an outcome at these ages or before, elementwise."""
        return self._at(self.ended[outcome], ages, 0.0, side="right")

    def ended_before(self, ages: FloatArray, *, outcome: int) -> FloatArray:
        """Return the share that ended with an outcome before these ages, elementwise."""
        return self._at(self.ended[outcome], ages, 0.0, side="left")

    def survives(self, ages: FloatArray) -> FloatArray:
        """Return the share still going on after these ages, elementwise."""
        return self._at(self.survival, ages, 1.0, side="right")

    def risk(self, ages: FloatArray) -> FloatArray:
        """Return how many were under observation at the next end from these ages on (0: none)."""
        padded = np.append(self.at_risk, 0.0)
        return padded[np.searchsorted(self.ages, ages, side="left")]

    def age_of(self, share: float, *, outcome: int) -> float:
        """Return the age by which this share of an outcome's visits had ended so.

        Of those seen to end so at any age; NaN when none was.
        """
        curve = self.ended[outcome]
        if not len(curve) or curve[-1] <= 0.0:
            return float("nan")
        reached = np.searchsorted(curve, share * curve[-1] * (1.0 - 1e-12))
        return float(self.ages[reached])

    def _at(self, curve: FloatArray, ages: FloatArray, before: float, *, side: str) -> FloatArray:
        index = np.searchsorted(self.ages, ages, side="right" if side == "right" else "left")
        return np.concatenate(([before], curve))[index]


def incidence(
    entry: FloatArray, exit_: FloatArray, outcome: IntArray, weight: FloatArray, *, outcomes: int
) -> Incidence:
    """Estimate the shares of visits that have ended in each way, by age.

    Aalen and Johansen 1978 (Scandinavian Journal of Statistics 5), for one state left in several
    ways: what survives to an age, times the share of those then under observation that end so.
    Its sum with `Incidence.survival` is 1 at every age.

    Parameters
    ----------
    entry : ndarray, shape (visits,)
        Age in days from which a visit was observed (left truncation); 0 = from its beginning.
    exit_ : ndarray, shape (visits,)
        Age in days at its end, or when it was last seen.
    outcome : ndarray of int, shape (visits,)
        0 to ``outcomes - 1``; `STILL_GOING` = not ended.
    weight : ndarray, shape (visits,)
        How often each visit counts, >= 0.
    outcomes : int
        How many ways to end there are.

    Notes
    -----
    A visit seen from its beginning is under observation at age 0 too, so that one of no length
    counts; one that was entered late only after the age at which it was.
    """
    late = entry > 0.0
    seen = (weight > 0.0) & ~(late & (exit_ <= entry))
    entry = np.where(late, entry, -1.0)[seen]
    exit_, outcome, weight = exit_[seen], outcome[seen], weight[seen]
    ends = outcome != STILL_GOING
    ages, where = np.unique(exit_[ends], return_inverse=True)
    counts = np.zeros((outcomes, len(ages)))
    np.add.at(counts, (outcome[ends], where), weight[ends])
    at_risk = _entered(entry, weight, ages) - _entered(exit_, weight, ages)
    hazard = counts / at_risk
    left = np.clip(1.0 - hazard.sum(axis=0), 0.0, 1.0)
    survival = np.cumprod(left)
    before = np.concatenate(([1.0], survival))[:-1]
    return Incidence(
        ages=ages,
        at_risk=at_risk,
        survival=survival,
        ended=np.cumsum(hazard * before, axis=1),
    )


def _entered(moments: FloatArray, weight: FloatArray, ages: FloatArray) -> FloatArray:
    """Return the weight of the moments before each age."""
    order = np.argsort(moments, kind="stable")
    total = np.concatenate(([0.0], np.cumsum(weight[order])))
    result: FloatArray = total[np.searchsorted(moments[order], ages, side="left")]
    return result
