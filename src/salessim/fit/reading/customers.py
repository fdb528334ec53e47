"""Orders and subscriptions of customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from salessim.fit.history import Orders, Subscriptions
from salessim.fit.reading.cells import Cells
from salessim.fit.reading.ledger import FILE, ROW, Ledger
from salessim.fit.reading.names import GROUPS
from salessim.fit.reading.recognise import Recognised

if TYPE_CHECKING:
    import pandas as pd


def orders_of(
    tables: Sequence[Recognised], cells: Cells, ledger: Ledger, limit: pd.Timestamp
) -> Orders | None:
    """Return the purchases; lines of one order are one purchase, returns are none.

    Lines are of one order when they share its number, or the customer and the time of day.
    """
    import pandas as pd

    parts = [_lines(table, cells, ledger, limit) for table in tables if table.kind == "orders"]
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    lines = pd.concat(parts, ignore_index=True)
    clocked = bool((lines["at"] != lines["at"].dt.normalize()).any())
    keys = ["customer", "order"] if "order" in lines else ["customer", "at"] if clocked else None
    if keys is not None:
        by_order = lines.groupby(keys, sort=False, dropna=False)
        several = by_order["at"].transform("size").to_numpy() > 1
        ledger.tell(
            lines, several, "noted", f"line of an order of several (same {keys[1]}): added up"
        )
        lines = lines.assign(
            at=by_order["at"].transform("min"),
            amount=by_order["amount"].transform("sum", min_count=1),
        ).drop_duplicates(keys)
    table = lines[["customer", "at", "amount"]].sort_values(
        ["customer", "at"], kind="stable", ignore_index=True
    )
    first = pd.Timestamp(table["at"].min()).normalize()
    return Orders(table=table, until=pd.Timestamp(table["at"].max()), known_from=first)


def _lines(table: Recognised, cells: Cells, ledger: Ledger, limit: pd.Timestamp) -> pd.DataFrame:
    """Return the lines of orders that are purchases."""
    frame = cells.frame(table)
    frame["customer"] = cells.text(table, "customer")
    frame["at"] = cells.times(table, table.roles["date"])
    frame["amount"] = np.nan
    if table.has("quantity", "price"):
        frame["amount"] = cells.money(table, "quantity") * cells.money(table, "price")
    elif table.has("amount"):
        frame["amount"] = cells.money(table, "amount")
    if table.has("order"):
        frame["order"] = cells.text(table, "order")
    frame = ledger.drop(frame, frame["customer"].isna(), "no customer")
    frame = ledger.drop(frame, frame["at"].isna(), "no date")
    frame = ledger.drop(frame, frame["at"] >= limit, "dated in the future")
    returned = frame["amount"] < 0
    value = -float(frame["amount"][returned].sum())
    sold = float(frame["amount"][~returned].sum())
    share = f", {100 * value / sold:.1f}% of the purchases" if sold > 0 else ""
    frame = ledger.drop(frame, returned, f"a return (in all {value:,.0f}{share}): no purchase")
    ledger.tell(frame, frame["amount"].isna(), "noted", "no amount: not known")
    return frame


def subscriptions_of(
    tables: Sequence[Recognised], cells: Cells, ledger: Ledger, limit: pd.Timestamp
) -> Subscriptions | None:
    """Return the contracts; `until` is the last start or end that has come."""
    import pandas as pd

    parts = [
        _contracts(table, cells, ledger, limit) for table in tables if table.kind == "subscriptions"
    ]
    parts = [part for part in parts if len(part)]
    if not parts:
        return None
    table = pd.concat(parts, ignore_index=True).drop(columns=[FILE, ROW])
    for key in GROUPS:
        if key in table and key != "customer":
            table[key] = table[key].astype("category")
    table = table.sort_values(["start", "customer"], kind="stable", ignore_index=True)
    past = table["end"][table["end"] < limit]
    last = pd.Timestamp(pd.concat([table["start"], past]).max())
    return Subscriptions(table=table, until=last)


def _contracts(
    table: Recognised, cells: Cells, ledger: Ledger, limit: pd.Timestamp
) -> pd.DataFrame:
    frame = cells.frame(table)
    frame["customer"] = cells.text(table, "customer")
    frame["start"] = cells.times(table, table.roles["start"])
    if table.has("end"):
        frame["end"] = cells.times(table, table.roles["end"])
    else:
        frame["end"] = np.datetime64("NaT", "us")
        ledger.note(table.sheet.file, "no column says when subscriptions ended: all go on")
    key = next((one for one in ("revenue", "amount") if table.has(one)), None)
    frame["revenue"] = cells.money(table, key) if key else np.nan
    for group in GROUPS:
        if table.has(group) and group != "customer":
            frame[group] = cells.text(table, group)
    frame = ledger.drop(frame, frame["customer"].isna(), "no customer")
    frame = ledger.drop(frame, frame["start"].isna(), "no date of the start")
    frame = ledger.drop(frame, frame["start"] >= limit, "starts in the future")
    frame = ledger.drop(frame, frame["end"] < frame["start"], "ends before it starts")
    whole = [name for name in frame if name not in (FILE, ROW)]
    return ledger.drop(frame, frame.duplicated(whole), "duplicate of an earlier row")
