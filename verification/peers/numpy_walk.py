"""One pipeline by brute force: independent deals, all at once, visit after visit, in NumPy."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import FloatArray, IntArray
from salessim.model.plan import Pipeline, Stage
from verification.laws import draw
from verification.network import OUTCOMES, ways_out


class Visits(NamedTuple):
    """How visits ended, one entry each, in no order that means anything."""

    deal: IntArray
    stage: IntArray
    outcome: IntArray
    """Index into `OUTCOMES`; those that never end are left out."""
    begun: FloatArray
    ended: FloatArray


def walk(
    pipeline: Pipeline,
    count: int,
    *,
    stage: int = 0,
    age: float = 0.0,
    until: float,
    random: np.random.Generator,
) -> tuple[int, Visits]:
    """Let ``count`` deals enter a stage ``age`` days ago, keep those still there, walk on.

    Returns
    -------
    kept : int
        Deals still in their first visit at time 0 (all, when the age is 0): ``deal`` of the
        visits is 0 .. kept - 1.
    visits : Visits
        That ended before ``until``.
    """
    begun = np.full(count, -age)
    visits = _draw(pipeline, np.arange(count), np.full(count, stage), begun, random)
    if age:
        visits = _only(visits, visits.ended > 0.0)
    kept = visits.deal.size
    visits = visits._replace(deal=np.arange(kept))
    parts = []
    while visits.deal.size:
        parts.append(_only(visits, visits.ended < until))
        visits = _draw(pipeline, *_move(pipeline, parts[-1], random), random)
    together: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return kept, Visits._make(together)


def _only(visits: Visits, which: NDArray[np.bool_]) -> Visits:
    return Visits._make(column[which] for column in visits)


def _draw(
    pipeline: Pipeline,
    deal: IntArray,
    where: IntArray,
    begun: FloatArray,
    random: np.random.Generator,
) -> Visits:
    """Draw how and when visits end; one that is stuck ends at infinity."""
    outcome, ended = np.zeros(where.size, np.int64), np.full(where.size, np.inf)
    for number, stage in enumerate(pipeline.stages):
        here = np.flatnonzero(where == number)
        ways = ways_out(stage, np.ones(1))
        chances = np.array([share[0] for _, share, _, _ in ways])
        drawn = np.searchsorted(np.cumsum(chances), random.random(here.size), side="right")
        for k, (name, _, law, _) in enumerate(ways):
            chosen = here[drawn == k]
            outcome[chosen] = OUTCOMES.index(name)
            ended[chosen] = begun[chosen] + draw(law, chosen.size, random)
    return Visits(deal, where, outcome, begun, ended)


def _move(
    pipeline: Pipeline, visits: Visits, random: np.random.Generator
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return (deal, stage, time) of the visits that follow; a parked deal rests before."""
    names = [stage.name for stage in pipeline.stages]
    to = np.full(visits.deal.size, len(names))
    time = visits.ended.copy()
    for number, stage in enumerate(pipeline.stages):
        for outcome, goal in _goals(stage, number, names).items():
            chosen = (visits.stage == number) & (visits.outcome == OUTCOMES.index(outcome))
            to[chosen] = goal
            if outcome == "parked" and stage.parked:
                time[chosen] += draw(stage.parked.rest, int(chosen.sum()), random)
    on: NDArray[np.bool_] = to < len(names)
    return visits.deal[on], to[on], time[on]


def _goals(stage: Stage, number: int, names: list[str]) -> dict[str, int]:
    goals = {"advanced": number + 1, "slipped": number}
    if stage.back:
        goals["back"] = names.index(stage.back.to)
    if stage.parked:
        goals["parked"] = names.index(stage.parked.to)
    return goals


def is_win(pipeline: Pipeline, visits: Visits) -> NDArray[np.bool_]:
    """Which visits ended with a win."""
    last = len(pipeline.stages) - 1
    return np.asarray((visits.stage == last) & (visits.outcome == 0))
