"""`lower`: a model becomes a Program."""

from __future__ import annotations

import hashlib

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.errors import SalessimError
from salessim.lowering.entities import entity, purposes
from salessim.lowering.facts import MOST_STAGE_ENTRIES, checked_stage_entries, facts
from salessim.lowering.months import cell_edges, months, rate_per_day, window
from salessim.lowering.opening import TableBank, lower_base, lower_open_deals
from salessim.lowering.program import (
    Arrays,
    Arrivals,
    Clock,
    CustomerSources,
    Pipelines,
    Program,
    Stages,
)
from salessim.model.plan import BASE_ORIGINS, Model, Source, Stage

HUNDREDTHS = 100.0
GUIDE_BUCKETS = 1024
MOST_MONEY = 2.0**62
"""Hundredths of the currency: half of what an int64 holds."""
SMALLEST_RATE = 1e-200
"""Events per day; below, an event never happens and the time to it has no floating-point number."""


def _lower_clock(model: Model) -> Clock:
    edges = model.timeline.edges
    cells = np.array(cell_edges(model.timeline))
    days = np.arange(edges[-1] + 1)
    return Clock(
        end=float(edges[-1]),
        day_period=(np.searchsorted(edges, days, side="right") - 1).astype(np.int64),
        # The day of the end belongs to the last cell: customers' time ends there.
        day_cell=np.minimum(np.searchsorted(cells, days, side="right") - 1, cells.size - 2).astype(
            np.int64
        ),
        cell_edges=cells,
    )


def _lower_stages(stages: dict[str, Stage], cells: int, laws: TableBank) -> Stages:
    rows = []
    shares = []
    for stage in stages.values():
        undecided = stage.no_decision
        after = undecided.after if undecided else None
        times = (stage.cycle_time, stage.loss_time, after, None)
        rows.append([laws.fresh(law) for law in times])
        # Beyond 1 where an outcome is the last that exists, so that rounding leaves no sliver.
        decided = stage.lost_share + (undecided.share if undecided else 0.0)
        lost = stage.lost_share if undecided or stage.stuck_share else 2.0
        shares.append([lost, decided if stage.stuck_share else 2.0])
    conversion = np.array([stage.conversion for stage in stages.values()])
    return Stages(
        conversion=np.ascontiguousarray(np.repeat(conversion[:, None], cells, axis=1)),
        shares=np.array(shares),
        law=np.array(rows, np.int64),
        purpose=np.array(purposes(tuple(stages)), np.uint64),
    )


def _by_pipeline(sources: list[Source], model: Model) -> tuple[list[Source], IntArray]:
    """Return the sources ordered by pipeline, and the first of each pipeline."""
    names = [pipeline.name for pipeline in model.pipelines]
    ordered = sorted(sources, key=lambda source: names.index(source.pipeline))
    counts = [sum(source.pipeline == name for source in sources) for name in names]
    return ordered, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _lower_arrivals(model: Model, external: list[Source]) -> Arrivals:
    ordered, first = _by_pipeline(external, model)
    lines: list[tuple[float, float, float]] = []
    entities: list[int] = []
    first_line = [0]
    windows = np.array([window(source, model.timeline) for source in ordered]).reshape(-1, 2)
    for source, (opens, closes) in zip(ordered, windows, strict=True):
        for month in months(model.timeline):
            length = month.end - month.start
            open_then = month.end > opens and month.start < closes
            mean = rate_per_day(source, month) * length if open_then else 0.0
            if mean > 0.0:
                lines.append((mean, month.start, length))
                entities.append(entity("leads", f"{source.name}\0{month.first.isoformat()}"))
        first_line.append(len(lines))
    index = [external.index(source) for source in ordered]
    buyer_is_new = np.array([source.buyer_is_new for source in ordered], np.int64)
    mean_, start, length_ = np.array(lines, float).reshape(-1, 3).T.copy()
    return Arrivals(
        first=first,
        source=np.array(index, np.int64),
        tag=2 * (len(BASE_ORIGINS) + np.array(index, np.int64)) + buyer_is_new,
        opens=windows[:, 0].copy(),
        closes=windows[:, 1].copy(),
        first_line=np.array(first_line, np.int64),
        entity=np.array(entities, np.uint64),
        mean=mean_,
        start=start,
        length=length_,
    )


def _guide(cumulative: FloatArray, scale: float) -> IntArray:
    # One bucket early, so that rounding at a bucket's edge never skips a cell.
    earlier = np.maximum(np.arange(GUIDE_BUCKETS + 1) - 1, 0) / scale
    return np.searchsorted(cumulative[:-1], earlier, side="right") - 1


def _lower_customer_sources(model: Model, edges: FloatArray) -> CustomerSources:
    sources, first = _by_pipeline([s for s in model.sources if s.kind == "customer"], model)
    calendar = list(months(model.timeline))
    windows = np.array([window(s, model.timeline) for s in sources]).reshape(-1, 2)
    # Nothing is read after a source closes, so nothing need be there. Before it opens there is:
    # deals are drawn and left out, so that another opening day moves none of the later ones.
    rate = np.array(
        [
            [rate_per_day(s, month) if month.start < closes else 0.0 for month in calendar]
            for s, closes in zip(sources, windows[:, 1], strict=True)
        ]
    ).reshape(-1, len(calendar))
    rate[rate < SMALLEST_RATE] = 0.0
    events = np.cumsum(rate * np.diff(edges), axis=1)
    cumulative = np.hstack([np.zeros((len(sources), 1)), events])
    total = cumulative[:, -1]
    scale = GUIDE_BUCKETS / np.where(total > 0.0, total, 1.0)
    guide = [_guide(row, s) for row, s in zip(cumulative, scale, strict=True)]
    return CustomerSources(
        first=first,
        entity=np.array([entity("source", s.name) for s in sources], np.uint64),
        rate=rate,
        days_per_event=np.divide(1.0, rate, out=np.zeros_like(rate), where=rate > 0.0),
        cumulative=cumulative,
        guide=np.array(guide, np.int64).reshape(-1, GUIDE_BUCKETS + 1),
        guide_scale=scale,
        opens=windows[:, 0].copy(),
        closes=windows[:, 1].copy(),
        buyer_is_new=np.array([s.buyer_is_new for s in sources], np.int64),
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
    stages = {f"{p.name}.{s.name}": s for p in model.pipelines for s in p.stages}
    external = [source for source in model.sources if source.kind == "external"]
    clock = _lower_clock(model)
    laws = TableBank()
    origins = BASE_ORIGINS + tuple(source.name for source in external)
    lowered_stages = _lower_stages(stages, clock.cell_edges.size - 1, laws)
    open_deals, open_at_start, stuck = lower_open_deals(model, stages, laws)
    stage_counts = [len(p.stages) for p in model.pipelines]
    amounts = [laws.fresh(p.amount, scale=HUNDREDTHS) for p in model.pipelines]
    base = lower_base(model.customers, bank=laws)
    arrays = Arrays(
        clock=clock,
        stages=lowered_stages,
        pipelines=Pipelines(
            first_stage=np.concatenate([[0], np.cumsum(stage_counts)]).astype(np.int64),
            amount_law=np.array(amounts, np.int64),
            origins=len(origins),
        ),
        arrivals=_lower_arrivals(model, external),
        customer_sources=_lower_customer_sources(model, clock.cell_edges),
        base=base,
        open_deals=open_deals,
        tables=laws.tables(),
    )
    _check_size(arrays, entries)
    pipelines = tuple(p.name for p in model.pipelines)
    return Program(
        arrays=arrays,
        pipelines=pipelines,
        stages=tuple(stages),
        origins=origins,
        external_sources=origins[len(BASE_ORIGINS) :],
        source_pipelines=tuple(pipelines.index(s.pipeline) for s in external),
        open_at_start=open_at_start.astype(np.int32),
        facts=facts(model, stage_entries=entries, stuck_open_deals=stuck),
        sha256=_sha256(arrays, (pipelines, tuple(stages), origins)),
    )
