"""`lower`: a model becomes a Program."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from salessim._typing import IntArray
from salessim.errors import SalessimError
from salessim.kernels.arrays import Arrays, Pipelines
from salessim.kernels.layout import MOST_MONEY, MOST_OPEN_DEALS, MOST_ORIGINS
from salessim.lowering.clocks import (
    curve_days,
    cut,
    lower_clock,
    lower_speed_clocks,
    month_edges,
    move_clocks,
)
from salessim.lowering.effects import Effects, World
from salessim.lowering.facts import MOST_STAGE_ENTRIES, checked_stage_entries, facts
from salessim.lowering.health import lower_health
from salessim.lowering.opening import TableBank, lower_base, lower_open_deals, roster_of
from salessim.lowering.pieces import carried, lower_pieces
from salessim.lowering.program import Program
from salessim.lowering.sources import (
    customer_sources,
    customer_speeds,
    lower_arrivals,
    lower_customer_sources,
    segment_index,
)
from salessim.lowering.stages import conversions, lower_stages, move_stages, paces, rooms
from salessim.lowering.uncertainty import (
    churn_speeds,
    input_bank,
    move_amounts,
    move_customers,
    world_of,
)
from salessim.model.plan import BASE_ORIGINS, Model, Source

HUNDREDTHS = 100.0


def _lower_pipelines(
    model: Model, external: int, cells: int, clocks: list[int], laws: TableBank
) -> Pipelines:
    stage_counts = [len(p.stages) for p in model.pipelines]
    # Without segments all customers are of the first and only kind.
    segments = [max(0, segment_index(model, p.segment)) for p in model.pipelines]
    return Pipelines(
        first_stage=np.concatenate([[0], np.cumsum(stage_counts)]).astype(np.int64),
        amount_law=np.array([laws.fresh(p.amount, scale=HUNDREDTHS) for p in model.pipelines]),
        segment=np.array(segments, np.int64),
        amount_factor=np.ones((len(segments), cells)),
        clock=np.array(clocks, np.int64),
        origins=len(BASE_ORIGINS) + external,
    )


def _sha256(arrays: Arrays, world: World | None, labels: tuple[tuple[str, ...], ...]) -> str:
    digest = hashlib.sha256(repr(labels).encode())
    groups: list[Any] = [*arrays]
    if world is not None:
        digest.update(repr((world.numbers, world.shocks)).encode())
        groups += [world.inputs, *world.effects, *world.banks]
    for group in groups:
        for name, value in zip(group._fields, group, strict=True):
            data = np.ascontiguousarray(value)
            digest.update(f"{name}{data.dtype.str}{data.shape}".encode() + data.tobytes())
    return digest.hexdigest()


def _check_size(arrays: Arrays, entries: float) -> None:
    """Refuse what does not fit: more draws than anyone waits for, more money than an int64."""
    if arrays.pipelines.origins > MOST_ORIGINS or arrays.open_deals.entity.size > MOST_OPEN_DEALS:
        raise SalessimError(
            f"at most {MOST_ORIGINS:,} origins and {MOST_OPEN_DEALS:,} open deals can be told apart"
        )
    drawn = float(arrays.arrivals.mean.sum())
    if drawn > MOST_STAGE_ENTRIES:
        raise SalessimError(
            f"the external sources draw {drawn:,.0f} leads a trajectory (whole months, also where "
            f"`from` or `until` cuts them); the most are {MOST_STAGE_ENTRIES:,.0f}: lower the rates"
        )
    amounts = arrays.tables.full[arrays.pipelines.amount_law].sum(axis=2)
    largest = max(float(amounts.max()), float(arrays.open_deals.amount.max(initial=0)))
    if largest * max(entries, 1.0) > MOST_MONEY:
        raise SalessimError(
            f"amounts of up to {largest / HUNDREDTHS:,.0f} on {entries:,.0f} deals can pass "
            f"{MOST_MONEY / HUNDREDTHS:,.0f}, the largest sum that is counted to the hundredth: "
            "state amounts in a larger unit (thousands), or with a smaller spread"
        )


class _Lowered(NamedTuple):
    """What a model becomes."""

    arrays: Arrays
    world: World | None
    open_at_start: IntArray
    stuck: int
    """Open deals that can only be stuck."""


def _lowered(model: Model, external: list[Source]) -> _Lowered:
    laws, timeline = TableBank(), model.timeline
    effects = Effects(input_bank(model), laws)
    # Only conversion and amounts are read by these cells: to cut one moves nothing.
    bends = [curve for curve in model.curves if curve.kind == "conversion"]
    cells = cut(month_edges(timeline), curve_days(bends, timeline))
    conversion = conversions(model, cells)
    births = customer_speeds(model)
    pace, speeds = paces(model, float(timeline.edges[-1]))
    rows = [len(births) + row if row >= 0 else row for row in pace]
    clock, lives = churn_speeds(model, first=len(births) + len(speeds))
    clocks = [*births, *speeds, *lives]
    open_deals, open_at_start, stuck = lower_open_deals(model, conversion[:, 0], laws)
    sources, _ = customer_sources(model)
    calendar, speed_clocks = lower_clock(timeline, cells), lower_speed_clocks(clocks, timeline)
    carries = carried(model, rows)
    pieces = lower_pieces(calendar, speed_clocks, carries)
    carries = [int(np.searchsorted(pieces.row, row)) if row >= 0 else row for row in carries]
    roster = roster_of(model.customers)
    arrays = Arrays(
        clock=calendar,
        speed_clocks=speed_clocks,
        pieces=pieces,
        stages=lower_stages(model, conversion, rows, laws),
        pipelines=_lower_pipelines(model, len(external), len(cells) - 1, carries, laws),
        arrivals=lower_arrivals(model, external, laws, effects),
        customer_sources=lower_customer_sources(model, roster.order, laws),
        base=lower_base(model.customers, roster, clock=clock, bank=laws),
        health=lower_health(model, sources),
        open_deals=open_deals,
        tables=laws.tables(),
    )
    move_clocks(clocks, arrays.speed_clocks.speed.shape[1], effects)
    move_stages(model, cells, effects)
    move_amounts(model, cells, effects, scale=HUNDREDTHS)
    move_customers(model, effects)
    # The tables of uncertain shapes come last.
    return _Lowered(
        arrays._replace(tables=laws.tables()), world_of(model, effects), open_at_start, stuck
    )


def lower(model: Model) -> Program:
    """Lower a model to the flat arrays that kernels read.

    Parameters
    ----------
    model : Model
        A valid plan's model.

    Returns
    -------
    Program

    Raises
    ------
    SalessimError
        When a trajectory would have more than 10^7 expected stage entries, its bookings could
        pass what an int64 holds, a customer's tenure is impossible under its lifetime law, or two
        stages' names hash to one purpose.
    """
    # Correlated shocks are made of independent ones in some order: not in that of the plan.
    model = replace(model, shocks=tuple(sorted(model.shocks, key=lambda shock: shock.address)))
    entries = checked_stage_entries(model)
    external = [source for source in model.sources if source.kind == "external"]
    origins = BASE_ORIGINS + tuple(source.name for source in external)
    arrays, world, open_at_start, stuck = _lowered(model, external)
    _check_size(arrays, entries)
    pipelines = tuple(p.name for p in model.pipelines)
    stages = tuple(room.name for room in rooms(model))
    return Program(
        arrays=arrays,
        pipelines=pipelines,
        stages=stages,
        origins=origins,
        external_sources=origins[len(BASE_ORIGINS) :],
        source_pipelines=tuple(pipelines.index(s.pipeline) for s in external),
        open_at_start=open_at_start.astype(np.int32),
        facts=facts(model, stage_entries=entries, stuck_open_deals=stuck),
        sha256=_sha256(arrays, world, (pipelines, stages, origins)),
        world=world,
    )
