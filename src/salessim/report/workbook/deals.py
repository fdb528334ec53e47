"""The sheet of open deals: what each adds to the forecast, and how old it is for its stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from salessim.report.workbook.book import Column, Sheet
from salessim.report.workbook.kinds import SHARE, TEXT, Kind, counted, money

if TYPE_CHECKING:
    import pandas as pd

    from salessim.forecast.ranked_deals import RankedDeals

WHOLE = Kind(code="#,##0")
MOST_ROWS = 100_000
"""A sheet holds ten times as many; nobody reads them."""
SUMMED = ("deals", "bookings")


def deals_sheet(sheet: Sheet, ranked: RankedDeals) -> None:
    """Write every open deal, what adds most first.

    Parameters
    ----------
    sheet : Sheet
    ranked : RankedDeals
        One row or more.
    """
    _heading(sheet, ranked)
    frame = ranked.frame.head(MOST_ROWS)
    known = frame["amount_known"].map({True: "known", False: "the pipeline's mean"})
    shown = frame.assign(amount_known=known)
    first = sheet.row + 2  # of the rows as Excel counts them, below the header
    columns = []
    for at, (key, (title, kind)) in enumerate(_looks(frame, ranked.currency).items()):
        column = Column(key=key, title=title, kind=kind, values=shown[key].tolist())
        if key in SUMMED:
            letter = chr(ord("A") + at)
            column = replace(
                column,
                total=float(frame[key].sum()),
                total_formula=f"SUM({letter}{first}:{letter}{first + len(shown) - 1})",
            )
        columns.append(column)
    sheet.table(columns, total="Total", freeze=2)


def _heading(sheet: Sheet, ranked: RankedDeals) -> None:
    notes = (f"{note[:1].upper()}{note[1:]}." for note in ranked.notes)
    left_out = len(ranked.frame) - MOST_ROWS
    cut = [f"The {left_out:,} that add least are left out."] if left_out > 0 else []
    sheet.heading(
        "Open deals: what adds most to the forecast, and what is at risk",
        *ranked.sentences(),
        *notes,
        *cut,
        "Older than: of the visits to the stage that ever end, the share that has ended by the "
        "deal's age. Never closes: is stuck here or gets stuck later, neither won nor lost.",
    )


def _looks(frame: pd.DataFrame, currency: str) -> dict[str, tuple[str, Kind]]:
    """Return the title of each column, and how its values are shown."""
    sums = money(currency, float((frame["amount"] * frame["deals"]).max()))
    return {
        "rank": ("Rank", WHOLE),
        "deal": ("Deal", TEXT),
        "deals": ("Deals", WHOLE),
        "pipeline": ("Pipeline", TEXT),
        "stage": ("Stage", TEXT),
        "age_days": ("Age, days", counted(float(frame["age_days"].max()))),
        "amount": ("Amount of each", sums),
        "amount_known": ("Amount is", TEXT),
        "bookings": ("Adds: expected bookings within the horizon", sums),
        "share": ("Share of what all add", SHARE),
        "won_in_time": ("Won within the horizon", SHARE),
        "won": ("Won at all", SHARE),
        "won_when_entered": ("Won, had it just entered its stage", SHARE),
        "outlived": ("Older than", SHARE),
        "never_closed": ("Never closes", SHARE),
        "risk": ("In words", TEXT),
        "risk_rank": ("Rank by age", WHOLE),
    }
