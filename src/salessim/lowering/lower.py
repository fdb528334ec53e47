"""`lower`: a model becomes a Program."""

from __future__ import annotations

import hashlib

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.kernels.layout import FULL_BITS, RESIDUAL_BITS
from salessim.lowering.entities import entity, purposes
from salessim.lowering.facts import checked_stage_entries, facts
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
    Tables,
)
from salessim.lowering.tables import never_table, quantile_table
from salessim.model.law import Law
from salessim.model.plan import Model, Source, Stage

GUIDE_BUCKETS = 1024
SMALLEST_RATE = 1e-200
"""Events per day; below, an event never happens and the time to it has no floating-point number."""
BASE_ORIGINS = ("open_deals", "customers")


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


class _Laws:
    """Rows of the full tables; a law used twice is one table."""

    def __init__(self) -> None:
        self.bank = TableBank(never_table(bits=FULL_BITS))
        self.rows: dict[tuple[Law, float], int] = {}

    def row(self, law: Law | None, *, scale: float = 1.0) -> int:
        if law is None:
            return 0
        key = (law, scale)
        if key not in self.rows:
            self.rows[key] = self.bank.add(quantile_table(law, bits=FULL_BITS, scale=scale))
        return self.rows[key]


def _lower_stages(stages: dict[str, Stage], cells: int, laws: _Laws) -> Stages:
    rows = []
    shares = []
    for stage in stages.values():
        undecided = stage.no_decision
        after = undecided.after if undecided else None
        rows.append([laws.row(stage.cycle_time), laws.row(stage.loss_time), laws.row(after), 0])
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
            mean = rate_per_day(source, month) * length
            if mean > 0.0 and month.end > opens and month.start < closes:
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
    rate = np.array([[rate_per_day(s, month) for month in calendar] for s in sources])
    rate = rate.reshape(-1, len(calendar))
    windows = np.array([window(s, model.timeline) for s in sources]).reshape(-1, 2)
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


def _home(model: Model) -> int:
    """Return the first pipeline that wins new customers, else the first of all."""
    acquiring = {source.pipeline for source in model.sources if source.buyer_is_new}
    return next((k for k, p in enumerate(model.pipelines) if p.name in acquiring), 0)


def _sha256(arrays: Arrays, labels: tuple[tuple[str, ...], ...]) -> str:
    digest = hashlib.sha256(repr(labels).encode())
    for group in arrays:
        for name, value in zip(group._fields, group, strict=True):
            data = np.ascontiguousarray(value)
            digest.update(f"{name}{data.dtype.str}{data.shape}".encode() + data.tobytes())
    return digest.hexdigest()


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
        When a trajectory would have more than 10^7 expected stage entries, a customer's tenure is
        impossible under its lifetime law, or two stages' names hash to one purpose.
    """
    entries = checked_stage_entries(model)
    stages = {f"{p.name}.{s.name}": s for p in model.pipelines for s in p.stages}
    external = [source for source in model.sources if source.kind == "external"]
    clock = _lower_clock(model)
    laws, residual = _Laws(), TableBank(never_table(bits=RESIDUAL_BITS))
    origins = BASE_ORIGINS + tuple(source.name for source in external)
    lowered_stages = _lower_stages(stages, clock.cell_edges.size - 1, laws)
    open_deals, open_at_start, stuck = lower_open_deals(model, stages, residual)
    stage_counts = [len(p.stages) for p in model.pipelines]
    lifetime = model.customers.lifetime if model.customers else None
    base = lower_base(
        model.customers, lifetime_row=laws.row(lifetime), home=_home(model), bank=residual
    )
    arrays = Arrays(
        clock=clock,
        stages=lowered_stages,
        pipelines=Pipelines(
            first_stage=np.concatenate([[0], np.cumsum(stage_counts)]).astype(np.int64),
            amount_law=np.array([laws.row(p.amount, scale=100.0) for p in model.pipelines]),
            origins=len(origins),
        ),
        arrivals=_lower_arrivals(model, external),
        customer_sources=_lower_customer_sources(model, clock.cell_edges),
        base=base,
        open_deals=open_deals,
        tables=Tables(full=laws.bank.stack(), residual=residual.stack()),
    )
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
