"""What deals were known to be worth, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.reading.book import Book, by_time

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["deal", "at", "amount"]


def amounts_of(book: Book, table: pd.DataFrame, closing: pd.Series, won: Any) -> pd.DataFrame:
    """Return the amounts of deals: by the rows of a history, else as their records say.

    Parameters
    ----------
    table : DataFrame
        The records of the deals, by id.
    closing : Series
        When each closed deal closed, by id.
    won : array of str
        Ids of the deals won.

    Returns
    -------
    DataFrame
        `deal` (id), `at`, `amount`; a new row only where the amount changes.
    """
    if "amount" in book.events and book.events["amount"].notna().any():
        amounts = _by_history(book, set(table.index))
    elif "amount" in table:
        amounts = _by_records(book, table, closing, won)
    else:
        amounts = book.events.assign(amount=np.nan).iloc[:0][COLUMNS]
    missing = table.index[~table.index.isin(amounts["deal"])]
    book.tell(missing.to_numpy(), "noted", "no amount: not known")
    return amounts


def _by_history(book: Book, deals: set[str]) -> pd.DataFrame:
    """Return the changes of the amounts in the rows of a history."""
    events = book.events[book.events["amount"].notna() & book.events["deal"].isin(deals)]
    events = by_time(events)
    below = events["amount"] < 0
    book.ledger.tell(events, below, "noted", "an amount below 0: not known")
    events = events[~below]
    same = events["deal"].eq(events["deal"].shift()) & events["amount"].eq(events["amount"].shift())
    return events.loc[~same, COLUMNS].reset_index(drop=True)


def _by_records(book: Book, table: pd.DataFrame, closing: pd.Series, won: Any) -> pd.DataFrame:
    """Return one amount of each deal, known from the creation of its record.

    Where no open deal has one, amounts were filled in at closing, and are known from then on.
    """
    amount, is_open = table["amount"], ~table.index.isin(closing.index)
    lost = ~is_open & ~table.index.isin(won)
    below = amount < 0
    book.tell(table.index[below].to_numpy(), "noted", "an amount below 0: not known")
    amount = amount.where(~below)
    if lost.any() and (amount[lost].fillna(0) == 0).all() and (amount[lost] == 0).any():
        zero = lost & (amount == 0).to_numpy()
        book.tell(
            table.index[zero].to_numpy(),
            "noted",
            "an amount of 0, as all lost deals have: not known",
        )
        amount = amount.where(~zero)
    at_closing = bool(is_open.any()) and amount[is_open].isna().all()
    created = table.get("amount_at", table["created"]).fillna(table["created"])
    at = closing.reindex(table.index) if at_closing else created
    has = amount.notna() & at.notna()
    where = "its closing: no open deal has one" if at_closing else "the creation of its record"
    book.tell(table.index[has].to_numpy(), "noted", f"the amount is taken as known from {where}")
    frame = amount[has].rename("amount").reset_index()
    return frame.assign(at=at[has].to_numpy())[COLUMNS]
