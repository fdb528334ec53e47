"""Subscriptions made ready for laws of lifetimes: one stay of a customer after another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.errors import SalessimError
from salessim.fit.history import Subscriptions
from salessim.fit.lifetime_families import Lives
from salessim.fit.renewals import BetaGeometric, in_periods, renewal_months
from salessim.readable import amount

if TYPE_CHECKING:
    import pandas as pd

_FALSE_ALARM = 1e-6
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, kw_only=True)
class Stays:
    """Stays of customers: contracts that follow each other, or overlap, are one.

    Attributes
    ----------
    table : DataFrame
        `customer`, `segment` (text; empty without segments), `start`, `end` (NaT = still there)
        and `revenue` (per month: the sum of its contracts that run, NaN = not known).
    until : Timestamp
    seen_from : Timestamp or None
        Stays that ended before are absent from the records (left truncation); None = none are.
    renewal : (str, int) or None
        Period at whose multiples stays end, as text and in months; None = they end on any day.
    notes : tuple of str
    """

    table: pd.DataFrame
    until: pd.Timestamp
    seen_from: pd.Timestamp | None
    renewal: tuple[str, int] | None
    notes: tuple[str, ...]

    @property
    def segments(self) -> tuple[str, ...]:
        """Return the names of segments that have stays, sorted."""
        return tuple(sorted(self.table["segment"].unique()))

    @property
    def here(self) -> pd.DataFrame:
        """Return the stays of those who are customers, as rows of the table."""
        return self.table[self.table["end"].isna()]

    def lives(self) -> Lives:
        """Return them by age in days; an end is in the middle of its day."""
        table = self._seen()
        leave = _days(table["start"], table["end"].fillna(self.until))
        ended = table["end"].notna().to_numpy()
        return Lives(
            entry=self._entry(table),
            leave=leave + 0.5 * ended,
            ended=ended,
            group=self._groups(table),
            groups=len(self.segments),
        )

    def lives_in_periods(self, family: BetaGeometric) -> Lives:
        """Return them by renewals: the end of a stay is at the nearest, and no day counts."""
        table, months = self._seen(), family.months
        ended = table["end"].notna().to_numpy()
        nearest, _ = in_periods(table["start"], table["end"].fillna(self.until), months)
        return Lives(
            entry=_whole_periods(table["start"], self._entry(table), months) * family.days,
            leave=np.where(
                ended,
                np.maximum(nearest, 1.0),
                _whole_periods(table["start"], _days(table["start"], self.until), months),
            )
            * family.days,
            ended=ended,
            group=self._groups(table),
            groups=len(self.segments),
        )

    def _seen(self) -> pd.DataFrame:
        """Return the stays that are not known only because they ended late enough."""
        if self.seen_from is None:
            return self.table
        return self.table[~(self.table["end"] <= self.seen_from)]

    def _entry(self, table: pd.DataFrame) -> FloatArray:
        if self.seen_from is None:
            return np.zeros(len(table))
        return np.maximum(_days(table["start"], self.seen_from), 0.0)

    def _groups(self, table: pd.DataFrame) -> IntArray:
        numbers = {name: place for place, name in enumerate(self.segments)}
        return np.asarray(table["segment"].map(numbers), dtype=np.int64)


def _days(start: pd.Series, end: pd.Series | pd.Timestamp) -> FloatArray:
    return np.asarray((end - start).dt.total_seconds(), dtype=np.float64) / 86_400.0


def _whole_periods(start: pd.Series, days: FloatArray, months: int) -> FloatArray:
    """Return how many anniversaries have passed when so many days have."""
    import pandas as pd

    at = start + pd.to_timedelta(np.floor(days), unit="D")
    passed = (at.dt.year - start.dt.year) * 12 + (at.dt.month - start.dt.month)
    early = at.dt.day < np.minimum(start.dt.day, at.dt.days_in_month)
    return np.floor(np.asarray(passed - early, dtype=np.float64) / months)


def stays(subscriptions: Subscriptions) -> Stays:
    """Return the stays of customers in a list of subscriptions.

    Raises
    ------
    SalessimError
        There is no subscription that began before the as-of day ended.
    """
    table = subscriptions.table[subscriptions.table["start"] < subscriptions.until]
    if table.empty:
        raise SalessimError("the subscription list holds none that began up to the as-of day")
    joined = _joined(table)
    notes = []
    if len(joined) < len(table):
        notes.append(
            f"{amount(len(table))} subscriptions are {amount(len(joined))} stays: what follows "
            "within a day, or overlaps, is one stay of the customer"
        )
    ended = joined[joined["end"].notna()]
    renewal = renewal_months(ended["start"], ended["end"]) if len(ended) else None
    seen_from = _seen_from(joined, subscriptions.until, months=renewal[1] if renewal else 0)
    if seen_from is not None:
        notes.append(
            f"no subscription ended before {seen_from.date()}, though many had begun: those that "
            "did are taken to be missing from the list, and lifetimes to be seen from then on"
        )
    return Stays(
        table=joined,
        until=subscriptions.until,
        seen_from=seen_from,
        renewal=renewal,
        notes=tuple(notes),
    )


def _joined(table: pd.DataFrame) -> pd.DataFrame:
    """Join the subscriptions of a customer that follow each other within a day, or overlap."""
    import pandas as pd

    far = pd.Timestamp.max.normalize()
    rows = pd.DataFrame(
        {
            "customer": table["customer"].astype(str),
            "start": table["start"].dt.normalize(),
            "end": table["end"].dt.normalize(),
            "revenue": table.get("revenue", np.nan),
            "segment": _segments(table),
        }
    ).sort_values(["customer", "start"], ignore_index=True)
    # an end before the start is one on its day
    rows["end"] = rows["end"].where(rows["end"].isna(), rows[["start", "end"]].max(axis=1))
    rows["last"] = rows["end"].fillna(far)
    reach = rows.groupby("customer")["last"].cummax().groupby(rows["customer"]).shift()
    number = (reach.isna() | (rows["start"] - _DAY > reach)).cumsum()
    latest = rows.groupby(number)["last"].transform("max")
    rows["revenue"] = rows["revenue"].where(rows["last"] == latest)
    groups = rows.groupby(number)
    joined = groups.agg(
        customer=("customer", "first"), segment=("segment", "last"), start=("start", "min")
    )
    joined["end"] = groups["last"].max().where(lambda last: last != far)
    joined["revenue"] = groups["revenue"].sum(min_count=1)
    return joined.reset_index(drop=True)


def _segments(table: pd.DataFrame) -> pd.Series | str:
    """Return names of segments that a plan can have."""
    if "segment" not in table:
        return ""
    named = table["segment"].astype("object")
    return (
        named.where(named.notna(), "not said").astype(str).str.replace(r"[.\"\\]", "_", regex=True)
    )


def _seen_from(table: pd.DataFrame, until: pd.Timestamp, *, months: int) -> pd.Timestamp | None:
    """Return the first end, if so many had begun long before that none before it is no chance.

    From the first end on everything is seen, whatever is missing before it; had nothing been
    missing, ends at the rate seen after it would have come earlier (false alarm 1e-6, for a hazard
    that does not grow with age). Where stays end at renewals, these are what is counted.
    """
    import pandas as pd

    if not table["end"].notna().any():
        return None
    first = table["end"].min()
    end = table["end"].fillna(until)

    def passed(since: pd.Series, moment: pd.Series | pd.Timestamp) -> FloatArray:
        days = np.maximum(_days(since, moment), 0.0)
        return _whole_periods(since, days, months) if months else days

    # who ended is seen until then, or until the renewal at which it did
    before = passed(table["start"], first - pd.Timedelta(2 * bool(months), "D"))
    after = passed(table["start"], end + pd.Timedelta(2 * bool(months), "D")) - before
    ends, seen = float((table["end"] > first).sum()), float(after.sum())
    if seen <= 0.0 or ends / seen * float(before.sum()) < -np.log(_FALSE_ALARM):
        return None
    return pd.Timestamp(first)
