"""What is there on the first day of a plan: open deals, and what the months before it booked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from salessim.fit.history import Deals, History

if TYPE_CHECKING:
    import pandas as pd

MONTHS = 12
COLUMNS = ("id", "stage", "entered", "amount")


def open_deals(pipelines: Sequence[Deals], *, won_to_quoted: Mapping[str, float]) -> pd.DataFrame:
    """Return the deals in progress.

    Parameters
    ----------
    pipelines : sequence of Deals
        As known on a day.
    won_to_quoted : mapping
        Pipeline -> factor from the amount known of an open deal to what it is won for.

    Returns
    -------
    DataFrame
        `id`, `stage` (as ``pipeline.stage``), `entered` (day), `amount` (NaN = not known).
    """
    import pandas as pd

    tables = [_open(deals, won_to_quoted.get(deals.pipeline, 1.0)) for deals in pipelines]
    tables = [table for table in tables if len(table)]
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(tables, ignore_index=True)
    # a CRM numbers the deals of each pipeline by itself
    doubled = table["id"].duplicated(keep=False)
    names = table["stage"].str.partition(".")[0] + " " + table["id"]
    return table.assign(id=table["id"].where(~doubled, names))


def _open(deals: Deals, factor: float) -> pd.DataFrame:
    import pandas as pd

    last = deals.moves.drop_duplicates("deal", keep="last")
    last = last[last["stage"] < len(deals.stages)]
    known = deals.amounts.drop_duplicates("deal", keep="last").set_index("deal")["amount"]
    names = np.array([f"{deals.pipeline}.{stage}" for stage in deals.stages], dtype=object)
    return pd.DataFrame(
        {
            "id": deals.table["deal"].astype(str).to_numpy()[last["deal"]],
            "stage": names[last["stage"].to_numpy()],
            "entered": last["at"].dt.date.to_numpy(),
            "amount": (known.reindex(last["deal"]).to_numpy(float) * factor).round(2),
        }
    )


def past_bookings(history: History, start: date) -> list[float] | None:
    """Return what was booked in each of the twelve months before the start, oldest first.

    None where the records do not hold them all: they begin later, a win has no amount, or it
    cannot be told which orders are the deals won.
    """
    import pandas as pd

    if history.deals and history.orders is not None:
        return None
    edges = [pd.Timestamp(start) - pd.DateOffset(months=k) for k in range(MONTHS, -1, -1)]
    totals = np.zeros(MONTHS)
    for deals in history.deals:
        wins = _wins(deals, edges[0])
        if wins is None:
            return None
        totals += _by_month(wins, edges)
    if history.orders is not None:
        table = history.orders.table
        inside = table[table["at"] >= edges[0]]
        if history.orders.known_from > edges[0] or inside["amount"].isna().any():
            return None
        totals += _by_month(inside, edges)
    if history.subscriptions is not None or not (totals > 0).any():
        return None
    return [float(round(max(0.0, total), 2)) for total in totals]


def _wins(deals: Deals, first: pd.Timestamp) -> pd.DataFrame | None:
    """Return `at` and `amount` of the deals won from a day on; None where some are not known."""
    begin = deals.complete_from
    if begin is None:
        begin = deals.table["created"].min()
    if not begin <= first:  # also where there is none
        return None
    last = deals.moves.drop_duplicates("deal", keep="last")
    wins = last[(last["stage"] == deals.won) & (last["at"] >= first)]
    known = deals.amounts.drop_duplicates("deal", keep="last").set_index("deal")["amount"]
    wins = wins.assign(amount=known.reindex(wins["deal"]).to_numpy(float))
    return None if wins["amount"].isna().any() else wins[["at", "amount"]]


def _by_month(rows: pd.DataFrame, edges: Sequence[pd.Timestamp]) -> np.ndarray:
    month = np.searchsorted([edge.to_datetime64() for edge in edges], rows["at"], side="right") - 1
    inside = (month >= 0) & (month < MONTHS)
    return np.bincount(month[inside], weights=rows["amount"][inside], minlength=MONTHS)
