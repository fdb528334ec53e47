"""`lower`: a model becomes a Program."""

from __future__ import annotations

import hashlib

import numpy as np

from salessim._typing import IntArray
from salessim.errors import SalessimError
from salessim.kernels.layout import MOST_OPEN_DEALS, MOST_ORIGINS
from salessim.lowering.clocks import (
    curve_days,
    cut,
    lower_clock,
    lower_speed_clocks,
    month_edges,
)
from salessim.lowering.facts import MOST_STAGE_ENTRIES, checked_stage_entries, facts
from salessim.lowering.opening import TableBank, lower_base, lower_open_deals
from salessim.lowering.program import Arrays, Pipelines, Program
from salessim.lowering.sources import (
    customer_speeds,
    lower_arrivals,
    lower_customer_sources,
    segment_index,
)
from salessim.lowering.stages import conversions, lower_stages, paces, rooms
from salessim.model.plan import BASE_ORIGINS, Model, Source

HUNDREDTHS = 100.0
MOST_MONEY = 2.0**62
"""Hundredths of the currency: half of what an int64 holds."""


def _lower_pipelines(model: Model, origins: int, laws: TableBank) -> Pipelines:
    stage_counts = [len(p.stages) for p in model.pipelines]
    # Without segments all customers are of the first and only kind.
    segments = [max(0, segment_index(model, p.segment)) for p in model.pipelines]
    return Pipelines(
        first_stage=np.concatenate([[0], np.cumsum(stage_counts)]).astype(np.int64),
        amount_law=np.array([laws.fresh(p.amount, scale=HUNDREDTHS) for p in model.pipelines]),
        segment=np.array(segments, np.int64),
        origins=origins,
    )


def _sha256(arrays: Arrays, labels: tuple[tuple[str, ...], ...]) -> str:
    digest = hashlib.sha256(repr(labels).encode())
    for group in arrays:
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


def _arrays(model: Model, external: list[Source]) -> tuple[Arrays, IntArray, int]:
    """Return the arrays, the open deals per stage, and how many of them can only be stuck."""
    laws, timeline = TableBank(), model.timeline
    # Only conversion is read by these cells: to cut one moves nothing.
    bends = [curve for curve in model.curves if curve.kind == "conversion"]
    cells = cut(month_edges(timeline), curve_days(bends, timeline))
    conversion = conversions(model, cells)
    births = customer_speeds(model)
    pace, speeds = paces(model, float(timeline.edges[-1]))
    rows = [len(births) + row if row >= 0 else row for row in pace]
    open_deals, open_at_start, stuck = lower_open_deals(model, conversion[:, 0], laws)
    arrays = Arrays(
        clock=lower_clock(timeline, cells),
        speed_clocks=lower_speed_clocks([*births, *speeds], timeline),
        stages=lower_stages(model, conversion, rows, laws),
        pipelines=_lower_pipelines(model, len(BASE_ORIGINS) + len(external), laws),
        arrivals=lower_arrivals(model, external, laws),
        customer_sources=lower_customer_sources(model),
        base=lower_base(model.customers, bank=laws),
        open_deals=open_deals,
        tables=laws.tables(),
    )
    return arrays, open_at_start, stuck


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
    entries = checked_stage_entries(model)
    external = [source for source in model.sources if source.kind == "external"]
    origins = BASE_ORIGINS + tuple(source.name for source in external)
    arrays, open_at_start, stuck = _arrays(model, external)
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
        sha256=_sha256(arrays, (pipelines, stages, origins)),
    )
