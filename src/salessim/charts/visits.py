"""What a visit to a stage can come to, and when: what the pictures of a plan are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats
from salessim.model.plan import Pipeline, Stage, expected_visits, win_rates
from salessim.readable import rounded


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
    """Return the ways in which a visit can end, slip last but one; impossible ones left out."""
    slips = stage.slip.probability if stage.slip else 0.0
    stays = (1.0 - slips) * (1.0 - stage.conversion)
    others = {"no_decision": stage.no_decision, "back": stage.back, "parked": stage.parked}
    listed = [
        ("advanced", (1.0 - slips) * stage.conversion, stage.cycle_time),
        ("lost", stays * stage.lost_share, stage.loss_time),
        *((name, stays * other.share, other.after) for name, other in others.items() if other),
        ("slipped", slips, stage.slip.by if stage.slip else None),
        ("stuck", stays * stage.stuck_share, None),
    ]
    # What shares leave of 1 may be a rounding error instead of nothing.
    return tuple(Outcome(name=name, probability=p, law=law) for name, p, law in listed if p > 1e-12)


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


def days_to_win(pipeline: Pipeline) -> float:
    """Return the mean time from entering the first stage to the win, of the deals that win.

    The chain of stages conditioned on the win (Doob's h-transform with h = `win_rates`), each
    transition with its mean time. ``inf`` when a law has no mean, NaN when nothing is ever won.
    """
    wins = np.append(win_rates(pipeline), 1.0)
    if wins[0] <= 0.0:
        return math.nan
    names = [stage.name for stage in pipeline.stages]
    spent = np.zeros(len(names))
    for i, stage in enumerate(pipeline.stages):
        to = {"advanced": i + 1, "slipped": i}
        rest = 0.0
        if stage.back:
            to["back"] = names.index(stage.back.to)
        if stage.parked:
            to["parked"] = names.index(stage.parked.to)
            rest = stage.parked.rest.mean
        for o in outcomes(stage):
            if o.law and o.name in to and wins[to[o.name]] > 0.0:
                days = o.law.mean + (rest if o.name == "parked" else 0.0)
                spent[i] += o.probability * wins[to[o.name]] * days
    # sum over visits of P(visit) E[time there; win], then given the win
    return float(expected_visits(pipeline)[0] @ spent / wins[0])


def brief(days: float) -> str:
    """Write days in few letters: ``18 d``."""
    return f"{few_digits(days)} d" if math.isfinite(days) else "no mean"


def few_digits(value: float) -> str:
    """Write a number whole from 10 on, with two digits below that."""
    return rounded(float(round(value)) if value >= 9.95 else float(f"{value:.2g}"))
