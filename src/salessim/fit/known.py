"""What was known on a day: a history cut back to it, as if it had been exported that night."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from salessim._typing import BoolArray
from salessim.errors import SalessimError
from salessim.fit.history import Deals, History, Orders, Subscriptions

if TYPE_CHECKING:
    import pandas as pd


def known_on(history: History, day: date) -> History:
    """Return what the records would have said at the end of a day.

    Moves, amounts, creations, orders and starts after that day are cut away, an end after it is
    open again, and `until` is the midnight after it. Descriptions of deals (owner, source, ...)
    bear no date and stay as they are; the findings of reading stay too.

    Parameters
    ----------
    history : History
    day : date
        Within what the records tell. One after their last event, up to the end of its month, says
        that nothing happened in between, as over a weekend.

    Raises
    ------
    SalessimError
        When the records end before the month of that day: what happened then is not known.
    """
    import pandas as pd

    night = pd.Timestamp(day + timedelta(days=1))
    ends = [part.until for part in (*history.deals, history.orders, history.subscriptions) if part]
    last = max(ends).ceil("D") - pd.Timedelta(days=1) if ends else night
    whole = last + pd.offsets.MonthEnd(0)
    if day > whole.date():
        raise SalessimError(
            f"as of {day}: the records tell nothing after {last.date()}; choose that day or one "
            f"before it, or {whole.date()}, the end of that month, if nothing happened until then"
        )
    return replace(
        history,
        deals=tuple(_deals(deals, night) for deals in history.deals),
        orders=_orders(history.orders, night) if history.orders else None,
        subscriptions=(
            _subscriptions(history.subscriptions, night) if history.subscriptions else None
        ),
    )


def chosen_deals(deals: Deals, chosen: BoolArray) -> Deals:
    """Return some of the deals, numbered anew.

    Parameters
    ----------
    deals : Deals
    chosen : ndarray of bool, shape (deals,)
        In the order of `Deals.table`.
    """
    number = chosen.cumsum() - 1
    moves = deals.moves[chosen[deals.moves["deal"]]]
    amounts = deals.amounts[chosen[deals.amounts["deal"]]]
    return replace(
        deals,
        table=deals.table[chosen].reset_index(drop=True),
        moves=moves.assign(deal=number[moves["deal"]]).reset_index(drop=True),
        amounts=amounts.assign(deal=number[amounts["deal"]]).reset_index(drop=True),
    )


def _deals(deals: Deals, night: pd.Timestamp) -> Deals:
    """Return the deals there were, with what had happened to them."""
    moves = deals.moves[deals.moves["at"] < night]
    # a creation that nobody wrote down is known from the first move on
    there = (deals.table["created"] < night).to_numpy(copy=True)
    there[moves["deal"].unique()] = True
    amounts = deals.amounts[deals.amounts["at"] < night]
    return chosen_deals(replace(deals, moves=moves, amounts=amounts, until=night), there)


def _orders(orders: Orders, night: pd.Timestamp) -> Orders:
    """Return the orders there had been."""
    table = orders.table[orders.table["at"] < night].reset_index(drop=True)
    return replace(orders, table=table, until=night)


def _subscriptions(subscriptions: Subscriptions, night: pd.Timestamp) -> Subscriptions:
    """Return the contracts that had begun; those that ended later were still running."""
    table = subscriptions.table[subscriptions.table["start"] < night].reset_index(drop=True)
    ended = table["end"].where(table["end"] < night)
    return replace(subscriptions, table=table.assign(end=ended), until=night)
