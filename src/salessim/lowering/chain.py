"""A pipeline as a semi-Markov chain: its states, the moves between them, what the curves change.

The states are the stages as deals enter them, a second one for each stage where deals slip (a
visit started anew is no entry), one for each stage whose parked deals rest, and the win.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.clocks import curve_days, cut, factors
from salessim.lowering.opening import is_possible, outcome_laws, outcome_probabilities
from salessim.model.calendar import Timeline
from salessim.model.law import Law, floats
from salessim.model.loops import moved
from salessim.model.plan import Curve, Pipeline, Stage, transitions

OutcomeName: TypeAlias = Literal[
    "advance", "lost", "no_decision", "back", "parked", "slip", "stuck"
]
OUTCOME_NAMES: tuple[OutcomeName, ...] = get_args(OutcomeName)
"""In the order of `outcome_probabilities` and `outcome_laws`."""


class Outcome(NamedTuple):
    """A way that a visit ends: its probability, and the time to it (None = never)."""

    name: OutcomeName
    probability: float
    law: Law | None


def outcomes(stage: Stage, *, odds: float = 1.0) -> list[Outcome]:
    """Return the outcomes of a visit, the odds of advancing multiplied by a factor."""
    probabilities = outcome_probabilities(stage, moved(stage.conversion, odds))
    laws = outcome_laws(stage)
    return list(map(Outcome, OUTCOME_NAMES, probabilities, laws))


def outcomes_at(stage: Stage, age: float, *, odds: float = 1.0) -> list[Outcome]:
    """Return the outcomes of a visit known to last that long: P(k | age) ~ p_k S_k(age).

    Empty when no outcome is left: such a deal is stuck.
    """
    fresh = [outcome for outcome in outcomes(stage, odds=odds) if outcome.probability > 0.0]
    if age == 0.0:
        return fresh
    found, logs = [], []
    for outcome in fresh:
        law = outcome.law
        left = 0.0 if law is None else float(law.log_survival(floats([age]))[0])
        if is_possible(law, left):
            found.append(outcome)
            logs.append(math.log(outcome.probability) + left)
    total = float(np.logaddexp.reduce(logs)) if logs else 0.0
    return [
        outcome._replace(probability=math.exp(log - total))
        for outcome, log in zip(found, logs, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class Cells:
    """The stretches of the simulated time between the edges of a pipeline's curves.

    Attributes
    ----------
    edges : tuple of int
        Days, one more than there are cells.
    odds, pace : ndarray, shape (stage, cell)
        Factor on the odds of advancing of visits entered in a cell; speed at which visits pass.
    """

    edges: tuple[int, ...]
    odds: FloatArray
    pace: FloatArray


def cells_of(pipeline: Pipeline, curves: Sequence[Curve], timeline: Timeline) -> Cells:
    """Return the cells of a pipeline: a single one when no curve concerns it."""
    concerning = [curve for curve in curves if curve.pipeline == pipeline.name]
    edges = cut((0.0, float(timeline.edges[-1])), curve_days(concerning, timeline))

    def by_stage(kind: Literal["conversion", "pace"]) -> FloatArray:
        of_kind = [curve for curve in concerning if curve.kind == kind]
        rows = []
        for stage in pipeline.stages:
            its = [curve for curve in of_kind if curve.concerns(pipeline.name, stage.name)]
            rows.append(factors(its, edges, timeline))
        return np.stack(rows)

    days = tuple(int(edge) for edge in edges)
    return Cells(edges=days, odds=by_stage("conversion"), pace=by_stage("pace"))


def with_odds(pipeline: Pipeline, odds: FloatArray) -> Pipeline:
    """Return the pipeline with the odds of each stage's conversion multiplied; shape (stage,)."""
    stages = tuple(
        replace(stage, conversion=moved(stage.conversion, float(factor)))
        for stage, factor in zip(pipeline.stages, odds, strict=True)
    )
    return replace(pipeline, stages=stages)


def most_visits_and_wins(pipeline: Pipeline, cells: Cells) -> tuple[FloatArray, FloatArray]:
    """Return upper bounds of the visits and of the win rate of a deal that enters each stage.

    Shape (stage,) each. Whatever the days on which it enters a stage, its conversion there is
    between the least and the greatest of the cells. What is expected is linear in each of them,
    so the most is reached with one or the other at every stage, always the same (a Markov decision
    process; Puterman, Markov Decision Processes, theorem 7.1.9); found by policy iteration. A loop
    without exit, as the least of one cell and the greatest of another may make one, has 10^14.
    """
    least, greatest = (
        transitions(with_odds(pipeline, pick(cells.odds, axis=1))) for pick in (np.min, np.max)
    )
    no_reward = np.zeros((len(least), 1))
    visits = _most(*(np.hstack([m[:, :-1], no_reward + 1.0]) for m in (least, greatest)))
    return visits, _most(least, greatest)


def _most(first: FloatArray, second: FloatArray) -> FloatArray:
    """Greatest V = r + P V with each row of (P | r) from the first or the second matrix."""
    # one more chance in 10^14 to end, at each visit: then every matrix has an inverse
    unit = (1.0 + 1e-14) * np.eye(len(first))
    chosen, value = first, np.full(len(first), -math.inf)
    while True:
        # of so many visits rounding may lose the sign
        better = np.abs(np.linalg.solve(unit - chosen[:, :-1], chosen[:, -1]))
        # the best so far never falls: rounding cannot make choices take turns
        if not np.any(better > value * (1.0 + 1e-12)):
            return value
        value = np.maximum(value, better)
        extended = np.append(value, 1.0)
        takes_second = second @ extended > first @ extended
        chosen = np.where(takes_second[:, None], second, first)


class Move(NamedTuple):
    """A move from a state to another: its chance and speed in each cell, and its time."""

    origin: int
    target: int
    law: Law
    chances: FloatArray
    """Shape (cell,): by the cell in which the state is entered."""
    speeds: FloatArray
    """Shape (cell,): speed at which its time passes."""


class States:
    """The states of a pipeline by number; the stages come first, the win last."""

    def __init__(self, pipeline: Pipeline) -> None:
        stages = pipeline.stages
        self.stages = stages
        slipping = [i for i, stage in enumerate(stages) if stage.slip]
        parking = [i for i, stage in enumerate(stages) if stage.parked]
        self.anew = {i: len(stages) + k for k, i in enumerate(slipping)}
        self.resting = {i: len(stages) + len(slipping) + k for k, i in enumerate(parking)}
        self.won = len(stages) + len(slipping) + len(parking)
        self._index = {stage.name: i for i, stage in enumerate(stages)}

    @property
    def count(self) -> int:
        """Number of states."""
        return self.won + 1

    def target(self, index: int, outcome: OutcomeName) -> int | None:
        """State that an outcome of a stage leads to; None when the walk is over."""
        stage = self.stages[index]
        if outcome == "advance":
            return index + 1 if index + 1 < len(self.stages) else self.won
        if outcome == "back" and stage.back:
            return self._index[stage.back.to]
        if outcome == "parked":
            return self.resting.get(index)
        return self.anew.get(index) if outcome == "slip" else None

    def moves(self, cells: Cells) -> list[Move]:
        """Return all moves between states."""
        found = []
        for i, stage in enumerate(self.stages):
            by_cell = [outcomes(stage, odds=float(odds)) for odds in cells.odds[i]]
            for same in zip(*by_cell, strict=True):
                target, law = self.target(i, same[0].name), same[0].law
                if target is not None and law is not None:
                    chances = floats([outcome.probability for outcome in same])
                    origins = [i, self.anew[i]] if i in self.anew else [i]
                    found += [Move(o, target, law, chances, cells.pace[i]) for o in origins]
        for i, state in self.resting.items():
            parked = self.stages[i].parked
            if parked:
                # a rest is no visit: it passes by the calendar
                ones = np.ones(len(cells.edges) - 1)
                found.append(Move(state, self._index[parked.to], parked.rest, ones, ones))
        return found
