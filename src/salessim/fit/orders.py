"""Orders made ready for models of repeat purchase: one a day, returns taken off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salessim._typing import BoolArray, FloatArray
from salessim.errors import SalessimError
from salessim.fit.history import Orders
from salessim.readable import amount, percent

if TYPE_CHECKING:
    import pandas as pd

_DUST = 1e-9
"""Share of an order that is nothing but rounding."""


@dataclass(frozen=True, kw_only=True)
class OrderDays:
    """Orders by customer and day.

    Attributes
    ----------
    table : DataFrame
        `customer` (whole number, from 0 in the order of `names`), `day`, `amount` (above 0 or 0,
        NaN = not known), `first` (whether it is the customer's first); by customer, then by day.
    names : Index
        Of the customers.
    last_day : Timestamp
        Up to whose end orders are known.
    notes : tuple of str
        What was done to them, in sentences.
    """

    table: pd.DataFrame
    names: pd.Index
    last_day: pd.Timestamp
    notes: tuple[str, ...]

    def summaries(self, clock: Callable[[pd.Series], FloatArray] | None = None) -> pd.DataFrame:
        """Return what Pareto/NBD needs to know of each customer, by its name.

        Parameters
        ----------
        clock : callable, optional
            Days -> times by which customers order; default: each day is as long as any.

        Returns
        -------
        DataFrame
            `first` (day of the first order), `repeats` (orders after it), `last` and `age` (time
            from it to the last order, and to the last day known), `spends` and `spend` (number
            and mean amount of the repeat orders of more than 0).
        """
        import pandas as pd

        groups = self.table.groupby("customer")["day"]
        first, latest = groups.min(), groups.max()
        paid = self.table[~self.table["first"] & (self.table["amount"] > 0)]
        spends = paid.groupby("customer")["amount"].agg(["size", "mean"]).reindex(first.index)
        summaries = first.to_frame("first")
        summaries["repeats"] = groups.size() - 1
        times = clock or _plain_days
        begin = times(first)
        summaries["last"] = times(latest) - begin
        summaries["age"] = times(pd.Series([self.last_day]))[0] - begin
        summaries["spends"] = spends["size"].fillna(0).astype("int64")
        summaries["spend"] = spends["mean"]
        return summaries.set_axis(self.names[summaries.index])


def _plain_days(at: pd.Series) -> FloatArray:
    return np.asarray(at, dtype="datetime64[D]").astype(np.float64)


def order_days(orders: Orders) -> OrderDays:
    """Return the orders, those of one customer on one day as one, and returns taken off.

    A return (a negative amount) takes from the customer's latest orders before it what is left of
    them; an order of which nothing is left was none. What goes beyond all orders known is dropped.

    Raises
    ------
    SalessimError
        Nothing but returns is left.
    """
    import pandas as pd

    table = orders.table[orders.table["at"] < orders.until]
    if table.empty:
        raise SalessimError("the order history holds no order up to the as-of day")
    codes, names = pd.factorize(table["customer"], sort=True)
    rows = pd.DataFrame(
        {"customer": codes, "day": table["at"].dt.normalize(), "amount": table["amount"]}
    )
    groups = rows.groupby(["customer", "day"], sort=True)["amount"]
    days = groups.sum(min_count=1).reset_index()
    notes = _same_day(len(rows), len(days))
    days, returned = _without_returns(days, groups.min().lt(0).to_numpy())
    if days.empty:
        raise SalessimError(
            "the order history holds nothing but returns; purchases need amounts above 0"
        )
    present, days["customer"] = _renumbered(days["customer"])
    days["first"] = ~days["customer"].duplicated()
    return OrderDays(
        table=days,
        names=pd.Index(names)[present],
        last_day=(orders.until - pd.Timedelta(1, "ns")).normalize(),
        notes=notes + returned,
    )


def _same_day(rows: int, days: int) -> tuple[str, ...]:
    """Say how many orders were made one with another."""
    if rows == days:
        return ()
    note = (
        f"{amount(rows - days)} of {amount(rows)} orders are of a customer who ordered more than "
        "once that day: one order a day is counted, with their sum"
    )
    return (note,)


def _renumbered(codes: pd.Series) -> tuple[pd.Index, pd.Series]:
    """Return which customers are there, and for each row the place of its own."""
    import pandas as pd

    numbers, present = pd.factorize(codes)  # sorted as the rows are
    return pd.Index(present), pd.Series(numbers, index=codes.index)


def _without_returns(
    days: pd.DataFrame, has_returns: BoolArray
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Take returns from the latest orders before them.

    What is on a pile when all is put on and taken off: the sums S_1, S_2, ... of a customer have
    a least value M_k from k on, and of the k-th order M_k - M_(k-1) is left.
    """
    if not has_returns.any():
        return days, ()
    amounts = days["amount"].fillna(0.0)
    sums = amounts.groupby(days["customer"]).cumsum()
    least = sums[::-1].groupby(days["customer"][::-1]).cummin()[::-1]
    # returns of what was bought before the records began leave the pile empty, not below
    nothing = sums.groupby(days["customer"]).transform("min").clip(upper=0.0)
    left = least - least.groupby(days["customer"]).shift().fillna(nothing)
    bought = amounts > 0
    whole = bought & (left <= _DUST * amounts)
    kept = days.assign(amount=days["amount"].where(~bought, left))[
        ~(whole | (has_returns & (amounts <= 0)))
    ]
    everything = float(amounts[bought].sum())
    share = 1.0 - float(left[bought].sum()) / everything if everything else 1.0
    note = (
        f"returns (negative amounts) took {percent(share)} off what was bought on other days; "
        f"{amount(int(whole.sum()))} orders were returned whole and are not counted"
    )
    return kept.reset_index(drop=True), (note,)
