"""Where deals come from, and how many: the sources of a plan, from the days of creation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.config.words import counted, path_text
from salessim.fit.leads import Leads, count_months
from salessim.fit.names import plain
from salessim.fit.parts import Part
from salessim.fit.rates import Months, Normal, RateFit, find_breaks, fit_rate
from salessim.fit.source_warnings import source_warnings
from salessim.fit.together import ALONE, LEAST_SWING, Together, common, correlations
from salessim.model.calendar import DAYS_PER_UNIT
from salessim.model.uncertain import NORMAL_P95
from salessim.readable import percent, rounded

if TYPE_CHECKING:
    import pandas as pd

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
    last: date
    """Day of the last lead."""
    together: Together = ALONE
    """What it shares with the other sources of its pipeline."""

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
        }
        own = self._own_variance()
        if own.mean > 0.0:
            table["over_dispersion"] = _of_variance(own)
        if self.fit.season:
            table["season"] = [_lognormal(factor) for factor in self.fit.season]
        return table

    @property
    def effect(self) -> float:
        """Return its part in the good and bad months of all sources, on the log scale."""
        if self.fit is None:
            return 0.0
        return min(self.together.effect, math.sqrt(math.log1p(self.fit.variance.mean)))

    def _own_variance(self) -> Normal:
        """Return the variance of its months that is not shared: (1 + own)(1 + shared) = 1 + all."""
        assert self.fit is not None  # noqa: S101  # only asked for what is in the plan
        mean, sd = self.fit.variance
        left = (1.0 + mean) / math.exp(self.effect**2) - 1.0
        return Normal(left, sd * left / mean) if left > LEAST_SWING else Normal(0.0, 0.0)

    def comment(self) -> str:
        """Say what the table rests on."""
        span = f"{self.first[0]} to {date.fromordinal(self.until.toordinal() - 1)}"
        said = [f"{counted(self.leads, 'lead')} in {span}"]
        if self.fit is None:
            return said[0]
        middle, low, high = self.per_month()
        said.append(f"at the start {rounded(middle)} a month ({rounded(low)} to {rounded(high)})")
        grows, low, high = self.growth()
        clear = "" if low > 0.0 or high < 0.0 else ", which may be none"
        said.append(f"growth {grows:+.1%} a month ({low:+.1%} to {high:+.1%}{clear})")
        spread = math.sqrt(self.fit.variance.mean)
        said.append(f"months swing by {percent(spread)} beyond chance")
        said.append("a season" if self.fit.season else "no season seen")
        return "; ".join(said)

    @property
    def broke(self) -> date | None:
        """Return when the level began that goes on; None = when the records do."""
        return self.first[self.breaks[-1]] if self.fit and self.breaks else None

    @property
    def ended(self) -> date | None:
        """Return since when no lead comes any more; None = it goes on."""
        return None if self.fit else self.first[self.breaks[-1]]


def fit_sources(many: Sequence[Leads]) -> tuple[SourceFit, ...]:
    """Fit the sources of all pipelines.

    Returns
    -------
    tuple of SourceFit
        In order of pipelines, then of leads; none of a pipeline without a lead on complete days.
    """
    groups = [(leads, name, at) for leads in many for name, at in leads.by_source()]
    fits = [
        _fit(name, leads, at) for name, (leads, _, at) in zip(_names(groups), groups, strict=True)
    ]
    return tuple(source for leads in many for source in _joined(leads.pipeline, fits))


def _names(groups: Sequence[tuple[Leads, str, pd.Series]]) -> list[str]:
    """Return a name of its own for each source; the pipeline is in it where it must be."""
    names = [name for _, name, _ in groups]
    return plain(
        f"{name} {leads.pipeline}" if names.count(name) > 1 else name for leads, name, _ in groups
    )


def _fit(name: str, leads: Leads, at: pd.Series) -> SourceFit:
    begin, until = leads.begin.date(), leads.until.date()
    months, first = count_months(at, begin=begin, until=until)
    suspected = None
    if leads.source is not None:
        suspected = find_breaks(count_months(leads.inside(), begin=begin, until=until)[0])
    breaks = find_breaks(months, suspected=suspected)
    ended = bool(breaks) and months.leads[breaks[-1] :].sum() == 0
    return SourceFit(
        name=name,
        pipeline=leads.pipeline,
        months=months,
        first=first,
        until=until,
        fit=None if ended else fit_rate(months, breaks),
        breaks=breaks,
        last=at.max().date(),
    )


def _joined(pipeline: str, fits: Sequence[SourceFit]) -> list[SourceFit]:
    """Return the sources of a pipeline that know what they share."""
    mine = [source for source in fits if source.pipeline == pipeline]
    going = [source for source in mine if source.fit is not None]
    if len(going) < 2:
        return mine
    leads = np.sum([source.months.leads for source in going], axis=0)
    total = going[0].months._replace(leads=leads)
    shared = common(
        [source.fit for source in going if source.fit], fit_rate(total, find_breaks(total))
    )
    return [replace(source, together=shared) for source in mine]


def sources_part(sources: Sequence[SourceFit]) -> Part:
    """Return what the sources bring into a plan."""
    going = [source for source in sources if source.fit is not None]
    document: dict[str, Any] = {}
    if going:
        document["sources"] = {source.name: source.table() for source in going}
    correlated: list[tuple[str, str, float]] = []
    comments = {path_text(("sources", source.name)): source.comment() for source in going}
    for pipeline in dict.fromkeys(source.pipeline for source in going):
        mine = [source for source in going if source.pipeline == pipeline]
        correlated += _correlated(mine)
        if mine[0].together.variance > 0.0:
            name = f"leads of {pipeline}"
            effects = {source.name: float(f"{source.effect:.3g}") for source in mine}
            document.setdefault("shocks", {})[name] = {"leads": effects}
            comments[path_text(("shocks", name))] = "good and bad months that its sources share"
    return Part(
        document=document,
        correlations=tuple(correlated),
        comments=comments,
        warnings=tuple(source_warnings(sources)),
    )


def _correlated(sources: Sequence[SourceFit]) -> Iterator[tuple[str, str, float]]:
    fits = [source.fit for source in sources if source.fit]
    for (j, one), (k, other), value in correlations(fits, sources[0].together):
        first, second = (sources[j].name, one), (sources[k].name, other)
        yield path_text(("sources", *first)), path_text(("sources", *second)), round(value, 3)


def silent_pipelines(names: Sequence[str], sources: Sequence[SourceFit]) -> tuple[str, ...]:
    """Say which pipelines have no new deals in the plan, where no ended source says so."""
    told = {source.pipeline for source in sources}
    return tuple(
        f"Pipeline {name}: no lead came on a complete day, so no rate of new deals is known; "
        "add a source by hand."
        for name in names
        if name not in told
    )


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
