"""Where deals come from, and how many: the sources of a plan, from the days of creation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.config.words import counted, path_text
from salessim.fit.history import Deals
from salessim.fit.parts import Part
from salessim.fit.rates import Months, Normal, RateFit, find_breaks, fit_rate
from salessim.model.calendar import DAYS_PER_UNIT
from salessim.model.uncertain import NORMAL_P95
from salessim.readable import number, percent

if TYPE_CHECKING:
    import pandas as pd

FEW = 10
"""Leads; sources with fewer, each known to a third at best, are taken together."""
OTHER = "other"
UNNAMED = "not said"
MONTH = DAYS_PER_UNIT["month"]


@dataclass(frozen=True, kw_only=True)
class SourceFit:
    """One source of one pipeline."""

    name: str
    pipeline: str
    months: Months
    first: tuple[date, ...]
    """First counted day of each month."""
    until: date
    """First day that is not counted: that of the start."""
    fit: RateFit | None
    """None = leads came, and no longer do."""
    breaks: tuple[int, ...]

    @property
    def leads(self) -> int:
        """Return how many were counted."""
        return int(self.months.leads.sum())

    def per_month(self) -> tuple[float, float, float]:
        """Return the leads a month at the start, season aside: middle, 5 % and 95 % points."""
        if self.fit is None:
            return 0.0, 0.0, 0.0
        return _around(self.fit.level, MONTH)

    def growth(self) -> tuple[float, float, float]:
        """Return the growth per month: middle, 5 % and 95 % points."""
        if self.fit is None:
            return 0.0, 0.0, 0.0
        middle, low, high = _around(self.fit.growth, 1.0)
        return middle - 1.0, low - 1.0, high - 1.0

    def table(self) -> dict[str, Any]:
        """Return the table of the plan; empty when no lead is to be expected."""
        if self.fit is None:
            return {}
        _, low, high = self.growth()
        table: dict[str, Any] = {
            "kind": "external",
            "pipeline": self.pipeline,
            "rate": _lognormal(self.fit.level, unit="week"),
            "growth": {"p05": _growth(low), "p95": _growth(high)},
            "over_dispersion": _of_variance(self.fit.variance),
        }
        if self.fit.season:
            table["season"] = [_lognormal(factor) for factor in self.fit.season]
        return table

    def comment(self) -> str:
        """Say what the table rests on."""
        span = f"{self.first[0]} to {date.fromordinal(self.until.toordinal() - 1)}"
        said = [f"{counted(self.leads, 'lead')} in {span}"]
        if self.fit is None:
            return said[0]
        middle, low, high = self.per_month()
        said.append(f"at the start {number(middle)} a month ({number(low)} to {number(high)})")
        grows, low, high = self.growth()
        clear = "" if low > 0.0 or high < 0.0 else ", which may be none"
        said.append(f"growth {grows:+.1%} a month ({low:+.1%} to {high:+.1%}{clear})")
        spread = math.sqrt(self.fit.variance.mean)
        said.append(f"months swing by {percent(spread)} beyond chance")
        said.append("a season" if self.fit.season else "no season seen")
        return "; ".join(said)

    def warnings(self) -> Iterator[str]:
        """Yield what the user must know of it."""
        said = f"Source {self.name}"
        if self.fit is None:
            ended = self.first[self.breaks[-1]]
            yield (
                f"{said}: no lead since {ended}, after {counted(self.leads, 'lead')} before: "
                "taken as ended, so it is not in the plan; write it there if it goes on."
            )
            return
        if self.breaks:
            yield self._break_warning()
        low, high = self.growth()[1:]
        if low > 0.0 or high < 0.0:
            year = math.exp(12.0 * self.fit.growth.mean)
            yield (
                f"{said}: its rate changed by {self.growth()[0]:+.1%} a month, and the plan goes "
                f"on so: x {number(year)} within a year; change its growth where that cannot last."
            )
        if self.fit.season == () and self.months.leads[-1] == 0 and len(self.months.leads) > 1:
            silent = self.months.days[np.cumsum(self.months.leads[::-1])[::-1] == 0].sum()
            yield f"{said}: no lead in the last {counted(int(silent), 'day')}."

    def _break_warning(self) -> str:
        assert self.fit is not None  # noqa: S101  # a source without a fit has another warning
        at = self.breaks[-1]
        before, after = (MONTH * level for level in self.fit.levels[-2:])
        days = int(self.months.days[at:].sum())
        changed = (
            f"its first lead came about {self.first[at]}"
            if before == 0.0
            else f"about {self.first[at]} the leads a month went from {number(before)} to "
            f"{number(after)}, more than chance and growth explain"
        )
        return (
            f"Source {self.name}: {changed}. The plan goes on with what came since then: "
            f"{counted(days, 'day')} tell less than all would, so its rate is less sure."
        )


def fit_sources(deals: Sequence[Deals]) -> tuple[SourceFit, ...]:
    """Fit the sources of all pipelines.

    Only complete days count: from the first on which every creation is in the records (the day
    after the first creation, or `Deals.complete_from`) to the one before `Deals.until`.

    Returns
    -------
    tuple of SourceFit
        In order of pipelines, then of leads; none of a pipeline without a complete day or lead.
    """
    groups = [(each, name, at) for each in deals for name, at in _by_source(each)]
    names = _names([(each.pipeline, name) for each, name, _ in groups])
    return tuple(_fit(name, each, at) for name, (each, _, at) in zip(names, groups, strict=True))


def sources_part(sources: Sequence[SourceFit]) -> Part:
    """Return what the sources bring into a plan."""
    going = [source for source in sources if source.fit is not None]
    correlations = [
        (
            path_text(("sources", source.name, "rate")),
            path_text(("sources", source.name, "growth")),
            round(source.fit.level_with_growth, 3),
        )
        for source in going
        if source.fit is not None
    ]
    return Part(
        document={"sources": {source.name: source.table() for source in going}} if going else {},
        correlations=tuple(correlations),
        comments={path_text(("sources", source.name)): source.comment() for source in going},
        warnings=tuple(said for source in sources for said in source.warnings()),
    )


def silent_pipelines(deals: Sequence[Deals], sources: Sequence[SourceFit]) -> tuple[str, ...]:
    """Say which pipelines have no new deals in the plan."""
    fed = {source.pipeline for source in sources if source.fit is not None}
    return tuple(
        f"Pipeline {each.pipeline}: no rate of new deals can be measured (no complete day with "
        "leads that go on); only what is open is forecast. Add a source by hand."
        for each in deals
        if each.pipeline not in fed
    )


def _window(deals: Deals) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first complete day, and the first one that no longer is."""
    import pandas as pd

    if deals.complete_from is not None:
        begin = deals.complete_from.ceil("D")
    else:
        # where records begin within a day, or a lead makes them begin, that day is not whole
        begin = deals.table["created"].min().floor("D") + pd.Timedelta(days=1)
    return begin, deals.until.floor("D")


def _by_source(deals: Deals) -> list[tuple[str, pd.Series]]:
    """Return the creation times within the complete days by source, small ones together."""
    if deals.table.empty:
        return []
    begin, end = _window(deals)
    created = deals.table["created"]
    inside = (created >= begin) & (created < end)
    table = deals.table[inside]
    if "source" not in table or table.empty:
        return [("", table["created"])] if len(table) else []
    names = table["source"].astype("object").where(table["source"].notna(), UNNAMED).astype(str)
    sizes = names.value_counts()
    few = sizes.index[sizes < FEW]
    if len(few) > 1:
        names = names.where(~names.isin(few), OTHER)
    groups = [(str(name), part) for name, part in table["created"].groupby(names, sort=True)]
    return sorted(groups, key=lambda group: -len(group[1]))


def _names(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """Return a name of its own for each (pipeline, source)."""
    from salessim.model.plan import BASE_ORIGINS

    alone = len({pipeline for pipeline, _ in pairs}) == 1
    plain = [name or ("leads" if alone else f"{pipeline} leads") for pipeline, name in pairs]
    return [
        f"{name} {pipeline}" if plain.count(name) > 1 or name in BASE_ORIGINS else name
        for name, (pipeline, _) in zip(plain, pairs, strict=True)
    ]


def _fit(name: str, deals: Deals, created: pd.Series) -> SourceFit:
    begin, end = _window(deals)
    months, first = count_months(created, begin=begin.date(), until=end.date())
    breaks = find_breaks(months)
    ended = bool(breaks) and months.leads[breaks[-1] :].sum() == 0
    return SourceFit(
        name=name,
        pipeline=deals.pipeline,
        months=months,
        first=first,
        until=end.date(),
        fit=None if ended else fit_rate(months, breaks),
        breaks=breaks,
    )


def count_months(at: pd.Series, *, begin: date, until: date) -> tuple[Months, tuple[date, ...]]:
    """Count events by calendar month.

    Parameters
    ----------
    at : Series
        Times of events, all within the days from `begin` to before `until`.
    begin, until : date
        First day counted, and first one that is not: that of the plan's start.

    Returns
    -------
    (Months, tuple of date)
        The counts, and the first day of each month that is counted.
    """
    first = [begin]
    while (following := _next_month(first[-1])) < until:
        first.append(following)
    edges = [*first, until]
    numbers = [12 * (day.year - until.year) + day.month - until.month for day in first]
    edges_ns = np.array(edges, dtype="datetime64[ns]")
    counts = np.histogram(at.to_numpy("datetime64[ns]").astype(np.int64), edges_ns.astype(np.int64))
    return (
        Months(
            leads=counts[0].astype(np.int64),
            days=np.diff([day.toordinal() for day in edges]).astype(float),
            number=np.array(numbers, float),
            of_year=np.array([day.month - 1 for day in first], np.int64),
        ),
        tuple(first),
    )


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _around(known: Normal, unit: float) -> tuple[float, float, float]:
    """Return the middle and the 5 % and 95 % points of what has a normal logarithm."""
    scores = np.array([0.0, -NORMAL_P95, NORMAL_P95])
    middle, low, high = (unit * np.exp(known.mean + known.sd * scores)).tolist()
    return middle, low, high


def _lognormal(known: Normal, *, unit: str = "") -> dict[str, Any]:
    """Return a positive number in the plan's notation, a rate per ``unit``."""
    median = math.exp(known.mean) * (DAYS_PER_UNIT[unit] if unit else 1.0)
    said = f"{median:.6g} per {unit}" if unit else float(f"{median:.6g}")
    return {"lognormal": {"median": said, "sigma": float(f"{known.sd:.4g}")}}


def _of_variance(known: Normal) -> dict[str, Any]:
    """Return the lognormal law with a mean and a standard deviation."""
    log_variance = math.log1p((known.sd / known.mean) ** 2)
    log_median = math.log(known.mean) - log_variance / 2.0
    return _lognormal(Normal(log_median, math.sqrt(log_variance)))


def _growth(value: float) -> str:
    return f"{100.0 * value:.4g}% per month"
