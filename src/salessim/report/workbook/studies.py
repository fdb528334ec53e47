"""The sheets of studies shown with a run: scenarios, and what moves the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from salessim.charts.style import BLUE, GREY
from salessim.forecast.judge import WILSON_Z
from salessim.readable import trajectories
from salessim.report.workbook.book import Column, Placed, Sheet
from salessim.report.workbook.kinds import SHARE, TEXT, Kind, counted, money

if TYPE_CHECKING:
    from salessim.api.added import Added
    from salessim.forecast.elasticity import Estimate
    from salessim.forecast.sensitivity import Sensitivity
    from salessim.forecast.stored_comparison import StoredComparison

PERCENT = Kind(code="0.00", decimals=2)
"""Percent for one percent."""
ROW_PIXELS, CHART_WIDTH = 26, 900


def scenarios_sheet(sheet: Sheet, found: Sequence[tuple[Added, StoredComparison]]) -> None:
    """Write the levels of all scenarios, and their differences from the first.

    Parameters
    ----------
    sheet : Sheet
    found : sequence of (Added, StoredComparison)
        One or more.
    """
    sheet.heading(
        "Scenarios: bookings of the whole span",
        "All on the same random numbers: what differs is the scenario and not luck. Books more: "
        "one future against one, each with luck of its own.",
    )
    for added, given in found:
        base = given.base.name
        sheet.section(f"{trajectories(given.trajectories)} of each scenario ({added.folder})")
        for note in (*added.notes, *given.notes):
            sheet.text(0, note)
            sheet.row += 1
        largest = max(abs(float(one.totals["bookings"].p90)) for one in given.levels.values())
        look = money(given.base.labels.currency, largest)
        _levels(sheet, given, look)
        placed = _differences(sheet, given, look)
        _chart(sheet, placed, f"Mean bookings minus those of {base}", len(given.differences))


def _levels(sheet: Sheet, given: StoredComparison, look: Kind) -> None:
    levels = list(given.levels.values())
    bookings = [one.totals["bookings"] for one in levels]
    wins = [float(one.totals["wins"].mean) for one in levels]
    customers = [float(one.totals["active_customers"].mean) for one in levels]
    statistics = {"mean": "Mean", "se": "Error", "p10": "P10", "p50": "P50", "p90": "P90"}
    columns = [
        Column(key="name", title="Scenario", kind=TEXT, values=[one.name for one in levels]),
        *(
            Column(
                key=key,
                title=title,
                kind=look,
                values=[float(getattr(one, key)) for one in bookings],
                group="Bookings",
            )
            for key, title in statistics.items()
        ),
        Column(key="wins", title="Wins, mean", kind=counted(max(wins)), values=wins),
        Column(
            key="customers",
            title="Customers at the end, mean",
            kind=counted(max(customers)),
            values=customers,
        ),
        Column(
            key="lasts",
            title="Lasts without new external leads",
            kind=SHARE,
            values=[one.probability for one in levels],
        ),
        Column(key="word", title="Verdict", kind=TEXT, values=[one.word for one in levels]),
    ]
    sheet.table(columns)


def _differences(sheet: Sheet, given: StoredComparison, look: Kind) -> Placed:
    differences = list(given.differences.values())
    totals = [one.total("bookings") for one in differences]
    statistics = {"mean": "Mean", "low": "95% from", "high": "to", "p10": "P10", "p90": "P90"}
    columns = [
        Column(
            key="name",
            title=f"Minus {given.base.name}",
            kind=TEXT,
            values=[one.name for one in differences],
        ),
        *(
            Column(
                key=key,
                title=title,
                kind=look,
                values=[float(getattr(one, key)) for one in totals],
                group="Difference of bookings",
            )
            for key, title in statistics.items()
        ),
        Column(
            key="beats",
            title="Books more",
            kind=SHARE,
            values=[float(one.beats.share) if one.beats else None for one in differences],
        ),
        Column(
            key="lasts",
            title="Lasts more often by",
            kind=SHARE,
            values=[one.sustained.difference if one.sustained else None for one in differences],
        ),
    ]
    return sheet.table(columns)


def _chart(sheet: Sheet, placed: Placed, title: str, rows: int) -> None:
    """Draw the mean differences as bars, below the table."""
    chart = sheet.book.file.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": title,
            "categories": placed.chart("name"),
            "values": placed.chart("mean"),
            "fill": {"color": BLUE},
            "gap": 60,
        }
    )
    chart.set_title({"name": title, "name_font": {"size": 12}, "overlay": False})
    chart.set_legend({"none": True})
    # the first row at the top, so that the numbers' low end is the upper one; names at the left
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    look = placed.column("mean").kind.code
    lines = {"visible": True, "line": {"color": GREY, "width": 0.25}}
    chart.set_x_axis({"label_position": "high", "num_format": look, "major_gridlines": lines})
    height = 140 + ROW_PIXELS * rows
    chart.set_size({"width": CHART_WIDTH, "height": height})
    sheet.sheet.insert_chart(sheet.row, 0, chart, {"description": title})
    sheet.row += height // 20 + 2


def moves_sheet(sheet: Sheet, found: Sequence[tuple[Added, Sensitivity]]) -> None:
    """Write what moves the result: levers, uncertain numbers, and their shares of the spread.

    Parameters
    ----------
    sheet : Sheet
    found : sequence of (Added, Sensitivity)
        One or more.
    """
    sheet.heading(
        "What moves the result",
        "Levers: percent that 1% more of each brings. Uncertain numbers: what the mean changes by "
        "with one of them at its 5% or 95% point. +/-: half the 95% interval.",
    )
    for added, given in found:
        sheet.section(f"{given.of.describe()} ({added.folder})")
        for said in (*given.sentences(), *added.notes, *given.notes):
            sheet.text(0, said)
            sheet.row += 1
        sheet.row += 1
        if given.levers:
            _levers(sheet, given)
        if given.tornado:
            _swings(sheet, given)
        if given.shares:
            _shares(sheet, given)


def _levers(sheet: Sheet, given: Sensitivity) -> None:
    shown = given.levers
    sheet.table(
        [
            Column(key="lever", title="Lever", kind=TEXT, values=[e.lever.name for e in shown]),
            *_estimates("result", "Result", [e.result for e in shown], PERCENT),
            *_estimates("base", "Without new external leads", [e.base for e in shown], PERCENT),
        ]
    )


def _swings(sheet: Sheet, given: Sensitivity) -> None:
    shown = given.tornado
    largest = max(end.size for one in shown for end in one.changes)
    unit = given.of.unit(given.currency)
    look = counted(largest) if unit == "wins" else money(unit, largest)
    low, high = ([one.changes[end] for one in shown] for end in (0, 1))
    sheet.table(
        [
            Column(
                key="number", title="Uncertain number", kind=TEXT,
                values=[one.address for one in shown],
            ),
            Column(key="p05", title="P05", kind=TEXT, values=[one.words[0] for one in shown]),
            Column(key="p95", title="P95", kind=TEXT, values=[one.words[1] for one in shown]),
            *_estimates("low", "Change at P05", low, look),
            *_estimates("high", "Change at P95", high, look),
        ]
    )  # fmt: skip


def _shares(sheet: Sheet, given: Sensitivity) -> None:
    shown = given.shares
    sheet.table(
        [
            Column(
                key="input", title="Share of the spread between worlds", kind=TEXT,
                values=[" + ".join(one.inputs) for one in shown],
            ),
            *(
                Column(
                    key=f"{order}_{end}",
                    title=title,
                    kind=SHARE,
                    values=[getattr(getattr(one, order), end) for one in shown],
                    group=group,
                )
                for order, group in (("first", "Alone"), ("total", "With interactions"))
                for end, title in (("value", "Share"), ("low", "95% from"), ("high", "to"))
            ),
        ]
    )  # fmt: skip


def _estimates(key: str, title: str, shown: Sequence[Estimate], look: Kind) -> list[Column]:
    """Return the columns of estimates and of the halves of their intervals."""
    return [
        Column(key=key, title=title, kind=look, values=[one.value for one in shown]),
        Column(
            key=f"{key}_half", title="+/-", kind=look, values=[WILSON_Z * one.se for one in shown]
        ),
    ]
