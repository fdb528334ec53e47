"""The open deals in a run's page: what adds most, and what is at risk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from salessim.forecast.ranked_deals import RISKS
from salessim.readable import few_digits, percent
from salessim.report.page import Figure, Section, Table
from salessim.report.run_tables import money_column

if TYPE_CHECKING:
    import pandas as pd

    from salessim.forecast.ranked_deals import RankedDeals

MOST_ROWS = 15
SHOWN = ("Deal", "Stage", "Age, days", "Older than", "Amount")
"""Columns of every table."""


def deals_section(ranked: RankedDeals) -> Section:
    """Return the section of the open deals.

    Parameters
    ----------
    ranked : RankedDeals
        One row or more.
    """
    caption = (
        "The open deals that add most: expected bookings, and behind each bar the probability to "
        "be won and the amount. The colour tells how old they are for their stage."
    )
    return Section(
        title="Open deals",
        text=(*ranked.sentences(), *(f"{note[:1].upper()}{note[1:]}." for note in ranked.notes)),
        figures=(Figure(drawn=ranked.plot(), caption=caption),),
        tables=_tables(ranked),
    )


def _tables(ranked: RankedDeals) -> tuple[Table, ...]:
    frame = ranked.frame
    what = "deals" if (frame["deals"] == 1).all() else "groups of deals"
    name, write = money_column(float((frame["amount"] * frame["deals"]).max()), digits=6)
    money = f"Amounts in {name}{ranked.currency}"
    by_amount = _table(
        frame.head(MOST_ROWS),
        ("Won in time", "Adds"),
        write,
        caption=f"Open {what} by what they add. {money}. Older than: of the visits to its "
        "stage that ever end, the share that has ended by its age. Adds: expected bookings within "
        "the horizon.",
    )
    if not (frame["outlived"] > 0.0).any() and (frame["risk"] == RISKS[0]).all():
        return (by_amount,)
    by_risk = _table(
        frame.sort_values("risk_rank").head(MOST_ROWS),
        ("Won at all", "When entered", "Never closes", "Adds"),
        write,
        caption=f"Open {what} by their age against their stage, the oldest first. {money}. When "
        "entered: the probability to be won, had it just entered its stage. Never closes: is stuck "
        "here or gets stuck later, neither won nor lost.",
    )
    return by_amount, by_risk


def _table(
    frame: pd.DataFrame, chosen: Sequence[str], write: Callable[[float], str], *, caption: str
) -> Table:
    """Return the rows of a frame with what every table shows, and the columns chosen."""

    def cells(row: Any) -> tuple[str, ...]:
        found = {
            "Deal": str(row.deal),
            "Stage": f"{row.pipeline}.{row.stage}",
            "Age, days": few_digits(float(row.age_days)),
            "Older than": percent(float(row.outlived)),
            "Amount": ("" if row.amount_known else "about ") + write(float(row.amount)),
            "Won in time": percent(float(row.won_in_time)),
            "Won at all": percent(float(row.won)),
            "When entered": percent(float(row.won_when_entered)),
            "Never closes": percent(float(row.never_closed)),
            "Adds": write(float(row.bookings)),
        }
        return tuple(found[name] for name in columns)

    columns = (*SHOWN, *chosen)
    return Table(
        columns=columns,
        rows=tuple(cells(row) for row in frame.itertuples(index=False)),
        numbers=(False, False, *(True for _ in columns[2:])),
        caption=caption,
        folded=True,
    )
