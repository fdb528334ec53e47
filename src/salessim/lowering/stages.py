"""Stages as arrays: outcomes and their bounds, where they lead, conversion and pace by cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray
from salessim.kernels.arrays import Stages
from salessim.kernels.layout import OUTCOMES
from salessim.lowering.clocks import (
    SMALLEST_SPEED,
    Speed,
    curve_days,
    cut,
    factors,
    in_force,
    month_edges,
    month_of,
)
from salessim.lowering.effects import Effects
from salessim.lowering.entities import FIRST_VISIT, MANY_VISITS, purposes
from salessim.lowering.moves import moves_of, shock_moves
from salessim.lowering.opening import TableBank, outcome_laws
from salessim.model.loops import moved
from salessim.model.plan import Curve, Model, Pipeline, Stage

SHARES = ("no_decision", "back", "parked", "stuck", "slip")
"""Shares of a stage that a plan states: of those that do not advance, and of all visits slips."""

BEYOND = 2.0
"""A bound that no uniform number reaches: rounding leaves no sliver for what does not exist."""

FASTEST = 1e9
"""Pace at which any visit is over within two minutes. Beyond, a clock that has run so fast would
have no digits left for the visits that come after."""


class Room(NamedTuple):
    """A stage and where it stands."""

    pipeline: Pipeline
    stage: Stage
    position: int
    """Within its pipeline."""
    first: int
    """Index of the pipeline's first stage among all stages."""

    @property
    def name(self) -> str:
        """``pipeline.stage``, its address."""
        return f"{self.pipeline.name}.{self.stage.name}"


def rooms(model: Model) -> list[Room]:
    """Return the stages of all pipelines, one after the other."""
    found: list[Room] = []
    for pipeline in model.pipelines:
        first = len(found)
        found += [Room(pipeline, stage, i, first) for i, stage in enumerate(pipeline.stages)]
    return found


def curves_of(room: Room, kind: str, curves: Sequence[Curve]) -> list[Curve]:
    """Return the curves of a kind that concern a stage."""
    return [
        curve
        for curve in curves
        if curve.kind == kind and curve.concerns(room.pipeline.name, room.stage.name)
    ]


def conversions(model: Model, cell_edges: Sequence[float]) -> FloatArray:
    """Return P(advance | no slip) by cell of entry: odds x curves; shape (stage, cell)."""
    rows = []
    for room in rooms(model):
        curves = curves_of(room, "conversion", model.curves)
        odds = factors(curves, cell_edges, model.timeline)
        rows.append([moved(room.stage.conversion, float(factor)) for factor in odds])
    return np.array(rows)


def _pace(room: Room, model: Model, end: float) -> Speed:
    """Return the speed of a stage's visits, and what moves it."""
    curves = curves_of(room, "pace", model.curves)
    edges = cut((0.0, end), curve_days(curves, model.timeline))
    if any(name == room.pipeline.name for shock in model.shocks for name, _ in shock.pace):
        edges = cut(edges, month_edges(model.timeline))
    values = np.minimum(factors(curves, edges, model.timeline), FASTEST)
    # A clock at 0 shall mean the start: one that stood still then would show any day.
    values[0] = max(values[0], SMALLEST_SPEED)
    held = in_force(curves, edges, model.timeline)
    moves = [
        moves_of(curve.factor for curve in cell)
        + shock_moves(model, "pace", room.pipeline.name, month)
        for cell, month in zip(held, month_of(model.timeline, edges[:-1]), strict=True)
    ]
    return Speed(tuple(edges), tuple(map(float, values)), moves)


def paces(model: Model, end: float) -> tuple[list[int], list[Speed]]:
    """Return which of the speeds each stage runs by (-1: the calendar), and the speeds."""
    rows: list[int] = []
    speeds: dict[tuple[object, ...], Speed] = {}
    for room in rooms(model):
        speed = _pace(room, model, end)
        by = tuple(tuple((m.by.address, m.power, m.month) for m in cell) for cell in speed.moves)
        if set(speed.values) == {1.0} and not any(by):
            rows.append(-1)
            continue
        key = (speed.edges, speed.values, by)
        speeds.setdefault(key, speed)
        rows.append(list(speeds).index(key))
    return rows, list(speeds.values())


def shares_of(stage: Stage) -> list[float]:
    """Return the shares of `SHARES`."""
    others = (stage.no_decision, stage.back, stage.parked)
    return [
        *(other.share if other else 0.0 for other in others),
        stage.stuck_share,
        stage.slip.probability if stage.slip else 0.0,
    ]


def move_stages(model: Model, cell_edges: Sequence[float], effects: Effects) -> None:
    """Let the world move conversion, shares and times."""
    cells = len(cell_edges) - 1
    month = month_of(model.timeline, cell_edges[:-1])
    for s, room in enumerate(rooms(model)):
        stage, name = room.stage, room.pipeline.name
        curves = curves_of(room, "conversion", model.curves)
        for c, held in enumerate(in_force(curves, cell_edges, model.timeline)):
            numbers = (stage.conversion, *(curve.factor for curve in held))
            by_shocks = shock_moves(model, "conversion", name, month[c])
            effects.move("conversion", s * cells + c, moves_of(numbers) + by_shocks)
        for k, share in enumerate(shares_of(stage)):
            effects.move("share", s * len(SHARES) + k, moves_of([share]))
        for k, law in enumerate(outcome_laws(stage)):
            effects.law("time", s * OUTCOMES + k, law)
        effects.law("rest", s, stage.parked.rest if stage.parked else None)


def _bounds(stage: Stage) -> tuple[list[float], list[float]]:
    """Cumulative shares of those that do not advance, and the slip with its least bound."""
    others = (stage.no_decision, stage.back, stage.parked)
    shares = np.cumsum([stage.lost_share, *(other.share if other else 0.0 for other in others)])
    if not stage.stuck_share:
        exists = [True, *(other is not None for other in others)]
        last = max(i for i, there in enumerate(exists) if there)
        shares[last:] = 1.0 if stage.slip else BEYOND
    slips = stage.slip.probability if stage.slip else 0.0
    return [float(s) for s in shares], [slips, 0.0 if stage.stuck_share else BEYOND]


def _targets(room: Room) -> list[int]:
    names = [stage.name for stage in room.pipeline.stages]
    stage, here = room.stage, room.first + room.position
    back = room.first + names.index(stage.back.to) if stage.back else 0
    parked = room.first + names.index(stage.parked.to) if stage.parked else 0
    return [here + 1, 0, 0, back, parked, here, 0]


def _days_to_win(room: Room) -> float:
    return float(sum(stage.cycle_time.mean for stage in room.pipeline.stages[room.position :]))


def _purposes(model: Model) -> tuple[list[int], list[int]]:
    """Purposes of first visits, and of the rests after them (0 where nothing is put aside)."""
    visited = [("visit", room.name) for room in rooms(model)]
    visits = [MANY_VISITS if r.pipeline.has_loops else FIRST_VISIT for r in rooms(model)]
    rested = [("rest", room.name) for room in rooms(model) if room.stage.parked]
    found = purposes(visited + rested, visits=visits + [MANY_VISITS] * len(rested))
    rests = iter(found[len(visited) :])
    return found[: len(visited)], [next(rests) if r.stage.parked else 0 for r in rooms(model)]


def lower_stages(
    model: Model, conversion: FloatArray, pace: Sequence[int], laws: TableBank
) -> Stages:
    """Return the stages of all pipelines.

    Raises
    ------
    SalessimError
        When two stages' names hash to overlapping purposes: rename one of them.
    """
    bounds = [_bounds(room.stage) for room in rooms(model)]
    returns = [bool(r.stage.slip or r.stage.back or r.stage.parked) for r in rooms(model)]
    rests = [r.stage.parked.rest if r.stage.parked else None for r in rooms(model)]
    first, rest = _purposes(model)
    return Stages(
        conversion=np.ascontiguousarray(conversion),
        shares=np.array([shares for shares, _ in bounds]),
        slip=np.array([slip for _, slip in bounds]),
        law=np.array([[laws.fresh(law) for law in outcome_laws(r.stage)] for r in rooms(model)]),
        pace=np.array(pace, np.int64),
        purpose=np.array(first, np.uint64),
        returns=np.array(returns, np.int64),
        target=np.array([_targets(room) for room in rooms(model)], np.int64),
        rest_law=np.array([laws.fresh(law) for law in rests], np.int64),
        rest_purpose=np.array(rest, np.uint64),
        days_to_win=np.array([_days_to_win(room) for room in rooms(model)]),
        scale=np.ones((len(bounds), OUTCOMES)),
        rest_scale=np.ones(len(bounds)),
        aged_anew=np.zeros(len(bounds), np.int64),
    )
