"""The sheet of open deals: what each adds to the forecast, and how old it is for its stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salessim.report.workbook.book import Column, Sheet
from salessim.report.workbook.kinds import SHARE, TEXT, Kind, counted, money

if TYPE_CHECKING:
    from salessim.forecast.ranked_deals import RankedDeals

WHOLE = Kind(code="#,##0")
MOST_ROWS = 100_000
"""A sheet holds ten times as many; nobody reads them."""


def deals_sheet(sheet: Sheet, ranked: RankedDeals) -> None:
    """Write every open deal, what adds most first.

    Parameters
    ----------
    sheet : Sheet
    ranked : RankedDeals
        One row or more.
    """
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
    frame = ranked.frame.head(MOST_ROWS)
    dollars = money(ranked.currency, float((frame["amount"] * frame["deals"]).max()))
    looks = {
        "rank": ("Rank", WHOLE),
        "deal": ("Deal", TEXT),
        "deals": ("Deals", WHOLE),
        "pipeline": ("Pipeline", TEXT),
        "stage": ("Stage", TEXT),
        "age_days": ("Age, days", counted(float(frame["age_days"].max()))),
        "amount": ("Amount of each", dollars),
        "amount_known": ("Amount is", TEXT),
        "bookings": ("Adds: expected bookings within the horizon", dollars),
        "share": ("Share of what all add", SHARE),
        "won_in_time": ("Won within the horizon", SHARE),
        "won": ("Won at all", SHARE),
        "won_when_entered": ("Won, had it just entered its stage", SHARE),
        "outlived": ("Older than", SHARE),
        "never_closed": ("Never closes", SHARE),
        "risk": ("In words", TEXT),
        "risk_rank": ("Rank by age", WHOLE),
    }
    known = frame["amount_known"].map({True: "known", False: "the pipeline's mean"})
    shown = frame.assign(amount_known=known)
    first = sheet.row + 2  # of the rows as Excel counts them, below the header
    last = first + len(shown) - 1
    at = list(looks).index("bookings")
    totals = {
        "bookings": (
            float(frame["bookings"].sum()),
            f"SUM({chr(65 + at)}{first}:{chr(65 + at)}{last})",
        ),
        "deals": (int(frame["deals"].sum()), f"SUM(C{first}:C{last})"),
    }
    columns = []
    for key, (title, kind) in looks.items():
        total, formula = totals.get(key, (None, ""))
        columns.append(
            Column(
                key=key, title=title, kind=kind, values=shown[key].tolist(), total=total,
                total_formula=formula,
            )
        )  # fmt: skip
    sheet.table(columns, total="Total", freeze=2)
