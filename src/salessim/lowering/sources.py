"""Sources as arrays: lines of leads by month, and the clocks of what customers start."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from salessim._typing import IntArray
from salessim.kernels.arrays import Arrivals, CustomerSources
from salessim.lowering.clocks import Speed
from salessim.lowering.effects import Effects
from salessim.lowering.entities import entity
from salessim.lowering.months import Month, months, pieces, rate_per_day, window
from salessim.lowering.moves import Move, moves_of, shock_moves
from salessim.lowering.opening import TableBank
from salessim.lowering.own_rates import lower_own_rates
from salessim.model.laws import Gamma
from salessim.model.plan import BASE_ORIGINS, Model, Source
from salessim.model.uncertain import Uncertain

ALL_SEGMENTS = -1
NO_VARIANCE = 1e-12
"""Of a month's factor: 10^7 leads would be ten more or less, where chance makes it 3,000."""


class Line(NamedTuple):
    """Leads of one source that come at a constant rate."""

    entity: int
    month: int
    """Entity of the month."""
    mean: float
    start: float
    length: float
    moves: list[Move]


def by_pipeline(sources: list[Source], model: Model) -> tuple[list[Source], IntArray]:
    """Return the sources ordered by pipeline, and the first of each pipeline."""
    names = [pipeline.name for pipeline in model.pipelines]
    ordered = sorted(sources, key=lambda source: names.index(source.pipeline))
    counts = [sum(source.pipeline == name for source in sources) for name in names]
    return ordered, np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def _lines(source: Source, month: Month, model: Model) -> list[Line]:
    """Return a month's lines: its lowest rate throughout, and what a campaign adds on its days.

    So a campaign that begins within a month adds leads to it and moves none.
    """
    opens, closes = window(source, model.timeline)
    if not (month.end > opens and month.start < closes):
        return []
    rate = rate_per_day(source, month)
    parts = pieces(source, month, model.timeline)
    moves = _moves(source, month, parts[0].factor, model)
    least = min(part.factor for part in parts)
    whole = entity("leads", f"{source.name}\0{month.first.isoformat()}")
    length = month.end - month.start
    lines = [Line(whole, whole, rate * length * least, month.start, length, moves)]
    for part in parts:
        more = rate * (part.end - part.start) * (part.factor - least)
        extra = entity("campaign", f"{source.name}\0{part.first.isoformat()}")
        lines.append(Line(extra, whole, more, part.start, part.end - part.start, moves))
    return [line for line in lines if line.mean > 0.0]


def know_numbers(source: Source, effects: Effects) -> None:
    """Note the uncertain numbers of a source, also of months that are not simulated."""
    rate, campaign = source.rate, [factor for _, factor in source.campaign]
    level = (rate.per_day, rate.per_month, source.growth_per_month, source.over_dispersion)
    effects.inputs.know((*level, *source.season, *campaign))


def _moves(source: Source, month: Month, campaign: float, model: Model) -> list[Move]:
    """Return what moves a source's rate in a month, under a factor of its campaign."""
    level = (source.rate.per_day, source.rate.per_month)
    season = source.season[month.first.month - 1] if source.season else 1.0
    return (
        moves_of((*level, season, campaign))
        + moves_of([source.growth_per_month], float(month.number))
        + shock_moves(model, "leads", source.name, month.number)
    )


def lower_arrivals(
    model: Model, external: list[Source], laws: TableBank, effects: Effects
) -> Arrivals:
    """Return the leads of all external sources, ordered by pipeline."""
    ordered, first = by_pipeline(external, model)
    per_source = [
        [line for month in months(model.timeline) for line in _lines(source, month, model)]
        for source in ordered
    ]
    lines = [line for of_source in per_source for line in of_source]
    windows = np.array([window(source, model.timeline) for source in ordered]).reshape(-1, 2)
    index = np.array([external.index(source) for source in ordered], np.int64)
    spread = [source.over_dispersion for source in ordered]
    for k, variance in enumerate(spread):
        if isinstance(variance, Uncertain):
            effects.pick("factor_law", k, [variance], partial(_spread, variance))
    for k, line in enumerate(lines):
        effects.move("lead", k, line.moves)
    gammas = [Gamma(mean=1.0, shape=1.0 / v) if v > NO_VARIANCE else None for v in spread]
    return Arrivals(
        first=first,
        source=index,
        tag=2 * (len(BASE_ORIGINS) + index) + np.array([s.buyer_is_new for s in ordered], np.int64),
        opens=windows[:, 0].copy(),
        closes=windows[:, 1].copy(),
        factor_law=np.array([laws.fresh(law) for law in gammas], np.int64),
        first_line=np.cumsum([0, *map(len, per_source)]).astype(np.int64),
        entity=np.array([line.entity for line in lines], np.uint64),
        month=np.array([line.month for line in lines], np.uint64),
        mean=np.array([line.mean for line in lines], float),
        start=np.array([line.start for line in lines], float),
        length=np.array([line.length for line in lines], float),
    )


def _spread(number: Uncertain, chosen: dict[str, float]) -> Gamma:
    """Return the law of a month's factor for a value of its variance."""
    return Gamma(mean=1.0, shape=1.0 / max(chosen[number.address], NO_VARIANCE))


def customer_sources(model: Model) -> tuple[list[Source], IntArray]:
    """Return the customer sources ordered by pipeline, and the first of each pipeline."""
    return by_pipeline([s for s in model.sources if s.kind == "customer"], model)


def customer_speeds(model: Model) -> list[Speed]:
    """Return the events per day of an active customer, for each customer source by pipeline."""
    sources, _ = customer_sources(model)
    end = float(model.timeline.edges[-1])
    speeds = []
    for source in sources:
        closes = window(source, model.timeline)[1]
        edges: list[float] = []
        rates: list[float] = []
        moves: list[list[Move]] = []
        for month in months(model.timeline):
            # Nothing is read after a source closes, so nothing need be there. Before it opens
            # there is: deals are drawn and left out, so that another opening day moves none.
            rate = rate_per_day(source, month) if month.start < closes else 0.0
            for part in pieces(source, month, model.timeline):
                if part.start < end:
                    edges.append(part.start)
                    rates.append(rate * part.factor)
                    moves.append(_moves(source, month, part.factor, model))
        speeds.append(Speed((*edges, end), rates, moves))
    return speeds


def lower_customer_sources(model: Model, order: IntArray, bank: TableBank) -> CustomerSources:
    """Return the customer sources, ordered by pipeline; ``order`` is that of `Base`."""
    sources, first = customer_sources(model)
    own = lower_own_rates(model.customers, sources, order, bank)
    windows = np.array([window(s, model.timeline) for s in sources]).reshape(-1, 2)
    return CustomerSources(
        first=first,
        entity=np.array([entity("source", s.name) for s in sources], np.uint64),
        opens=windows[:, 0].copy(),
        closes=windows[:, 1].copy(),
        buyer_is_new=np.array([s.buyer_is_new for s in sources], np.int64),
        segment=np.array([segment_index(model, s.segment) for s in sources], np.int64),
        **own._asdict(),
    )


def segment_index(model: Model, name: str | None) -> int:
    """Return a segment's index; all segments without a name."""
    names = [segment.name for segment in model.customers.segments] if model.customers else []
    return ALL_SEGMENTS if name is None else names.index(name)
