"""From a model to the worlds of its Program: inputs, what they move, and what must go together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from salessim.errors import SalessimError
from salessim.lowering.clocks import Speed, month_edges, month_of
from salessim.lowering.effects import Effects, World
from salessim.lowering.health import answers, classes, input_of, move_health
from salessim.lowering.inputs import InputBank
from salessim.lowering.months import months
from salessim.lowering.moves import moves_of, numbers_within, shock_moves
from salessim.lowering.sources import customer_sources, know_numbers
from salessim.lowering.stages import rooms, shares_of
from salessim.model.law import Law
from salessim.model.plan import Model

NO_SEGMENT = ""
"""What shocks call the customers of a plan without segments."""


def input_bank(model: Model) -> InputBank:
    """Return the inputs of a model: its uncertain numbers, survey answers and shocks."""
    numbers = sorted((*model.uncertain, *answers(model)), key=lambda number: number.address)
    return InputBank(numbers, model.shocks, [month.first for month in months(model.timeline)])


def lifetimes(model: Model) -> list[tuple[str, Law]]:
    """Return the segments and their lifetimes."""
    if model.customers is None:
        return []
    segments = [(segment.name, segment.lifetime) for segment in model.customers.segments]
    return segments or [(NO_SEGMENT, model.customers.lifetime)]


def churn_speeds(model: Model, *, first: int) -> tuple[list[int], list[Speed]]:
    """Return which clock each segment's lifetimes run by (-1: the calendar), and the clocks.

    ``first`` is the row of the first of them.
    """
    rows: list[int] = []
    speeds: list[Speed] = []
    edges = month_edges(model.timeline)
    for name, _ in lifetimes(model):
        numbers = month_of(model.timeline, edges[:-1])
        moves = [shock_moves(model, "churn", name, month) for month in numbers]
        if not any(moves):
            rows.append(-1)
            continue
        rows.append(first + len(speeds))
        speeds.append(Speed(edges, [1.0] * len(moves), moves))
    return rows, speeds


def move_amounts(
    model: Model, cell_edges: Sequence[float], effects: Effects, *, scale: float
) -> None:
    """Let the world move the amounts of deals won."""
    month = month_of(model.timeline, cell_edges[:-1])
    for p, pipeline in enumerate(model.pipelines):
        for c, number in enumerate(month):
            moves = shock_moves(model, "amount", pipeline.name, number)
            effects.move("amount", p * len(month) + c, moves)
        effects.law("amount", p, pipeline.amount, scale=scale)


def move_customers(model: Model, effects: Effects) -> None:
    """Let the world move lifetimes, health and the need."""
    for g, (_, lifetime) in enumerate(lifetimes(model)):
        effects.law("lifetime", g, lifetime)
    sources, _ = customer_sources(model)
    move_health(model, sources, effects)
    effects.move("need", 0, moves_of([model.sustainability.need]))


def world_of(model: Model, effects: Effects) -> World | None:
    """Return what differs from trajectory to trajectory; None when nothing does.

    Raises
    ------
    SalessimError
        A number is uncertain where that moves nothing.
    """
    bank = effects.inputs
    if not bank.numbers and not bank.shocks:
        return None
    for source in model.sources:
        know_numbers(source, effects)
    bank.know(curve.factor for curve in model.curves)
    if model.customers:
        # That of all segments, also where each has its own.
        bank.know(numbers_within(model.customers.lifetime))
    idle = [address for address in bank.numbers if address not in bank.used]
    if idle:
        raise SalessimError(
            *(f"{address}: cannot be uncertain; state a number" for address in idle)
        )
    moved = effects.arrays()
    middle = [float(number) for number in answers(model)]
    return World(
        inputs=bank.arrays(model.correlations),
        numbers=tuple(map(input_of, bank.numbers)),
        shocks=tuple(bank.shocks),
        groups=_groups(model, bank),
        effects=moved,
        banks=tuple(effects.banks),
        shares=np.array([shares_of(room.stage) for room in rooms(model)], float),
        answers=np.array(middle if classes(model) else [], float),
    )


def _groups(model: Model, bank: InputBank) -> tuple[tuple[str, ...], ...]:
    """Return the inputs, those that correlations tie together in one group."""
    names = dict.fromkeys(chain(map(input_of, bank.numbers), bank.shocks))
    group = {name: {name} for name in names}
    for pair in model.correlations:
        if pair.value and group[pair.first] is not group[pair.second]:
            joined = group[pair.first] | group[pair.second]
            group |= dict.fromkeys(joined, joined)
    found = {
        id(members): tuple(name for name in names if name in members) for members in group.values()
    }
    return tuple(found.values())
