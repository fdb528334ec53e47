"""When leads came, by source: what rates are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from salessim.fit.history import Deals, History
from salessim.fit.rates import Months

if TYPE_CHECKING:
    import pandas as pd

FEW = 10
"""Leads; sources with fewer, each known to a third at best, are taken together."""
OTHER = "other"
UNNAMED = "not said"


@dataclass(frozen=True, kw_only=True)
class Leads:
    """Times at which deals of one pipeline were created, or customers bought for the first time.

    Only complete days count: those on which every creation is in the records.
    """

    pipeline: str
    name: str
    """What they are called where the records name no source."""
    at: pd.Series
    source: pd.Series | None
    """Texts, NaN = not said; goes with `at`. None = the records name none."""
    begin: pd.Timestamp
    """First complete day."""
    until: pd.Timestamp
    """First day that no longer is."""

    def inside(self) -> pd.Series:
        """Return the times on complete days."""
        return self.at[(self.at >= self.begin) & (self.at < self.until)]

    def by_source(self) -> list[tuple[str, pd.Series]]:
        """Return the times on complete days by source, the largest first, small ones together."""
        at = self.inside()
        if self.source is None or at.empty:
            return [(self.name, at)] if len(at) else []
        names = self.source[at.index].astype("object")
        names = names.where(names.notna(), UNNAMED).astype(str)
        sizes = names.value_counts()
        few = sizes.index[sizes < FEW]
        if len(few) > 1:
            names = names.where(~names.isin(few), OTHER)
        groups = [(str(name), part) for name, part in at.groupby(names, sort=True)]
        return sorted(groups, key=lambda group: -len(group[1]))


def leads_of(deals: Deals) -> Leads:
    """Return the leads of a pipeline.

    Days are complete from `Deals.complete_from` on, else from the day after the first creation:
    where records begin within a day, or a lead makes them begin, that day is not whole.
    """
    import pandas as pd

    created = deals.table["created"]
    begin = deals.complete_from
    return Leads(
        pipeline=deals.pipeline,
        name="leads",
        at=created,
        source=deals.table.get("source"),
        begin=created.min().floor("D") + pd.Timedelta(days=1) if begin is None else begin.ceil("D"),
        until=deals.until.floor("D"),
    )


def new_customers(history: History, first: pd.DataFrame) -> list[Leads]:
    """Return first orders or contracts as leads, one for each pipeline.

    Parameters
    ----------
    history : History
        With orders or subscriptions.
    first : DataFrame
        `at` and `pipeline` of each.
    """
    import pandas as pd

    records = history.orders or history.subscriptions
    if records is None or first.empty:
        return []
    begin = first["at"].min().floor("D") + pd.Timedelta(days=1)
    if history.orders is not None:
        begin = max(begin, history.orders.known_from.ceil("D"))
    return [
        Leads(
            pipeline=str(pipeline),
            name="new customers",
            at=part,
            source=None,
            begin=begin,
            until=records.until.floor("D"),
        )
        for pipeline, part in first["at"].groupby(first["pipeline"], sort=True)
    ]


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
    edges_ns = np.array(edges, dtype="datetime64[ns]").astype(np.int64)
    counts, _ = np.histogram(at.to_numpy("datetime64[ns]").astype(np.int64), edges_ns)
    numbers = [12 * (day.year - until.year) + day.month - until.month for day in first]
    return (
        Months(
            leads=counts.astype(np.int64),
            days=np.diff([day.toordinal() for day in edges]).astype(float),
            number=np.array(numbers, float),
            of_year=np.array([day.month - 1 for day in first], np.int64),
        ),
        tuple(first),
    )


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
