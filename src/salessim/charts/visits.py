"""What a visit to a stage can come to, and when: what the pictures of a plan are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.opening import outcome_laws, outcome_probabilities
from salessim.model.law import Law, floats
from salessim.model.plan import Stage
from salessim.readable import few_digits

NAMES = ("advanced", "lost", "no_decision", "back", "parked", "slipped", "stuck")
"""Outcomes in the order of lowering."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One way in which a visit ends."""

    name: str
    """As in the columns of `salessim.forecast.funnel`, or ``stuck``."""
    probability: float
    """Of a visit just begun."""
    law: Law | None
    """Of its cycle time; None = never."""

    @property
    def words(self) -> str:
        """The name as people read it."""
        return self.name.replace("_", " ")


def outcomes(stage: Stage) -> tuple[Outcome, ...]:
    """Return the ways in which a visit can end; impossible ones are left out."""
    found = zip(
        NAMES, outcome_probabilities(stage, stage.conversion), outcome_laws(stage), strict=True
    )
    # What shares leave of 1 may be a rounding error instead of nothing.
    return tuple(Outcome(name=name, probability=p, law=law) for name, p, law in found if p > 1e-12)


def still_there(stage: Stage, ages: FloatArray) -> FloatArray:
    """Return the share of visits that last longer than each age."""
    parts = [o.probability * (o.law.survival(ages) if o.law else 1.0) for o in outcomes(stage)]
    return floats(np.sum(np.broadcast_arrays(np.zeros(len(ages)), *parts), axis=0))


def advance_given_age(stage: Stage, ages: FloatArray) -> FloatArray:
    """Return the probability that a visit of each age advances, after slips or without.

    P(outcome k | age) is proportional to p_k S_k(age); a visit that slips starts anew and then
    advances with the stage's conversion. 0 where nothing is left but to be stuck.
    """
    found = outcomes(stage)
    if not found:
        return np.zeros(len(ages))
    # In logarithms: an old deal lives where survival has no digits left.
    logs = np.array(
        [
            math.log(o.probability)
            + (np.zeros(len(ages)) if o.law is None else _log_survival(o.law, ages))
            for o in found
        ]
    )
    top = logs.max(axis=0)
    weights = np.exp(logs - np.where(np.isfinite(top), top, 0.0))
    total = weights.sum(axis=0)
    worth = [{"advanced": 1.0, "slipped": stage.conversion}.get(o.name, 0.0) for o in found]
    return np.where(total > 0.0, np.array(worth) @ weights / np.where(total > 0.0, total, 1.0), 0.0)


def _log_survival(law: Law, ages: FloatArray) -> FloatArray:
    # At age 0 a deal is fresh: nothing is known, not even that an instant step took any time.
    return np.where(ages > 0.0, law.log_survival(ages), 0.0)


def quantile(law: Law, share: float) -> float:
    """Return the time within which this share of a law's visits ends."""
    return float(law.isf(np.array([1.0 - share]))[0])


def visit_quantile(stage: Stage, share: float) -> float:
    """Return the time within which this share of all visits ends; ``inf`` when it never does."""
    timed = [o for o in outcomes(stage) if o.law]
    if sum(o.probability for o in timed) < share:
        return math.inf
    low, high = 0.0, 1.0
    while still_there(stage, np.array([high]))[0] > 1.0 - share and high < 1e15:
        low, high = high, 2.0 * high
    for _ in range(50):
        middle = 0.5 * (low + high)
        if still_there(stage, np.array([middle]))[0] > 1.0 - share:
            low = middle
        else:
            high = middle
    return high


def brief(days: float) -> str:
    """Write days in few letters: ``18 d``."""
    return f"{few_digits(days)} d" if math.isfinite(days) else "no mean"
