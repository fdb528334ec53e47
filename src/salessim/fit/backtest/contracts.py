"""What contracts came to after an origin: revenue as it runs, customers who came and left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from salessim._typing import BoolArray, FloatArray
from salessim.fit.contracts import stays
from salessim.model.law import floats

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.backtest.actuals import Days
    from salessim.fit.history import Subscriptions

HALF_A_DAY = np.timedelta64(12, "h")
"""An end is in the middle of its day, as the fit has it."""
NEVER = np.datetime64("2200-01-01", "ns")


class Contracts(NamedTuple):
    """Contracts, one entry each, and the stays of customers that they make.

    What follows within a day, or overlaps, is one stay of the customer: who renews did not leave.
    """

    start: Days
    end: Days
    """Of those that run on, after all windows."""
    revenue: FloatArray
    """A month; NaN = not known."""
    since: Days
    """When the stay began that a contract belongs to."""
    came: Days
    """When each stay began."""
    left: Days
    """When each stay ended; of those that go on, after all windows."""

    @classmethod
    def of(cls, subscriptions: Subscriptions) -> Contracts:
        """Collect the contracts of a list."""
        import pandas as pd

        listed = subscriptions.table
        table = pd.DataFrame(
            {
                "customer": listed["customer"].astype(str),
                "start": listed["start"].dt.normalize(),
                "end": listed["end"].dt.normalize(),
                "revenue": listed.get("revenue", np.nan),
            }
        ).sort_values("start", ignore_index=True)
        whole = stays(subscriptions).table
        began = whole[["customer", "start"]].sort_values("start")
        began = began.assign(since=began["start"])
        found = pd.merge_asof(table, began, on="start", by="customer")
        return cls(
            start=_moments(table["start"]),
            end=_ends(table["end"]),
            revenue=table["revenue"].to_numpy(np.float64),
            since=_moments(found["since"]),
            came=_moments(whole["start"]),
            left=_ends(whole["end"]),
        )

    def notes(self) -> Iterator[str]:
        """Say what scores of contracts do not show."""
        unknown = int(np.isnan(self.revenue).sum())
        if unknown == len(self.revenue):
            yield "No contract has a revenue: bookings are not compared."
            return
        if unknown:
            yield (
                f"Of {unknown:,} of {len(self.revenue):,} contracts the revenue is not known: they "
                "count as nothing in what was booked, so bookings came true higher than is shown."
            )
        yield (
            "Revenue came true as contracts ran; in a forecast each customer pays once a month on "
            "average, at any time. So intervals of bookings are wider than they need be, those of "
            "single months and of few customers most."
        )

    def values(self, edges: Days) -> Mapping[tuple[str, str], FloatArray]:
        """Return values by period of a window, by (measure, part).

        Parameters
        ----------
        edges : ndarray of datetime64, shape (period + 1,)

        Returns
        -------
        mapping of (str, str) to ndarray, shape (period,)
            Revenue runs evenly over each calendar month of a contract.
        """
        old, known = self.since < edges[0], np.nan_to_num(self.revenue)
        begin, end = (
            _months(np.clip(at[:, None], edges[:-1], edges[1:])) for at in (self.start, self.end)
        )
        months = np.maximum(end - begin, 0.0)
        here = self.came < edges[0]
        return {
            ("bookings", "all"): known @ months,
            ("bookings", "new_deals"): (known * ~old) @ months,
            ("bookings", "customers"): (known * old) @ months,
            ("new customers", "all"): _counted(self.came, edges),
            ("lost customers", "all"): _counted(self.left, edges),
            ("lost customers", "customers"): _counted(self.left, edges, here),
        }


def _counted(at: Days, edges: Days, which: BoolArray | None = None) -> FloatArray:
    """Count moments by period."""
    at = at if which is None else at[which]
    period = np.searchsorted(edges, at, side="right") - 1
    inside = (period >= 0) & (period < len(edges) - 1)
    return np.bincount(period[inside], minlength=len(edges) - 1).astype(np.float64)


def _months(at: Days) -> FloatArray:
    """Return how many calendar months have passed since 1970; days are parts of their month."""
    month = at.astype("datetime64[M]")
    first, following = (m.astype("datetime64[ns]") for m in (month, month + 1))
    return floats(month.astype(np.int64) + (at - first) / (following - first))


def _moments(column: pd.Series) -> Days:
    return column.to_numpy("datetime64[ns]")


def _ends(column: pd.Series) -> Days:
    ends: Days = _moments(column)
    return np.where(np.isnat(ends), NEVER, ends + HALF_A_DAY)
