"""The sheet of sensitivities: what moves the result, and where its spread comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from salessim.charts import style
from salessim.forecast.judge import WILSON_Z
from salessim.report.workbook.axes import GRID_LINES, Drawn, dress, names_of_bars
from salessim.report.workbook.book import Column, Placed, Sheet
from salessim.report.workbook.kinds import SHARE, TEXT, Kind, counted, money

if TYPE_CHECKING:
    from salessim.api.added import Added
    from salessim.forecast.elasticity import Estimate
    from salessim.forecast.sensitivity import Sensitivity

PERCENT = Kind(code='+0.00"%";-0.00"%";0.00"%"', decimals=2, unit="%")
HALF = Kind(code='0.00"%"', decimals=2, unit="%")
MOST_BARS = 10


def sensitivity_sheet(sheet: Sheet, found: Sequence[tuple[Added, Sensitivity]]) -> list[Drawn]:
    """Write levers, uncertain numbers and shares of the spread; return what draws the levers."""
    sheet.heading("What moves the result, and where its spread comes from")
    charts = []
    for added, given in found:
        sheet.section(f"{given.of.describe()} ({added.folder})".capitalize())
        for said in (*given.sentences(), *given.notes, *added.notes):
            sheet.text(0, f"{said[:1].upper()}{said[1:].rstrip('.')}.")
            sheet.row += 1
        sheet.row += 1
        if given.levers:
            sheet.section("What 1% more of each lever brings, in percent")
            charts.append(_chart(sheet, given, sheet.table(_levers(given))))
        if given.tornado:
            sheet.section("Each uncertain number at its 5% and 95% point, all else as it may be")
            sheet.table(_swings(given))
        if given.shares:
            sheet.section("Share of the spread between worlds that each uncertain number explains")
            sheet.table(_shares(given))
        if "split" in given.parts:
            sheet.section("Where the spread between trajectories comes from")
            sheet.table(_split(given))
    return charts


def _levers(given: Sensitivity) -> list[Column]:
    levers = given.levers

    def both(key: str, title: str, found: Sequence[Estimate]) -> list[Column]:
        halves = [WILSON_Z * one.se for one in found]
        return [
            Column(key=key, title=title, kind=PERCENT, values=[one.value for one in found]),
            Column(key=f"{key} half", title="+/- (95%)", kind=HALF, values=halves),
        ]

    return [
        Column(key="name", title="Lever", kind=TEXT, values=[one.lever.name for one in levers]),
        *both("result", "Result", [one.result for one in levers]),
        *both("base", "Bookings without new leads", [one.base for one in levers]),
    ]


def _swings(given: Sensitivity) -> list[Column]:
    swings = given.tornado
    largest = max(abs(end.value) for one in swings for end in one.means)
    wins = given.of.measure == "wins"
    kind = counted(largest) if wins else money(given.currency, largest)

    def of(title: str, end: int, what: str) -> Column:
        values = [getattr(one, what)[end].value for one in swings]
        return Column(key=f"{what}{end}", title=title, kind=kind, values=values)

    return [
        Column(key="name", title="Uncertain number", kind=TEXT, values=[s.address for s in swings]),
        Column(key="low", title="5% point", kind=TEXT, values=[one.words[0] for one in swings]),
        Column(key="high", title="95% point", kind=TEXT, values=[one.words[1] for one in swings]),
        of("Mean result at the 5% point", 0, "means"),
        of("Mean result at the 95% point", 1, "means"),
        of("Change at the 5% point", 0, "changes"),
        of("Change at the 95% point", 1, "changes"),
    ]


def _shares(given: Sensitivity) -> list[Column]:
    columns = [
        Column(
            key="name", title="Uncertain number", kind=TEXT,
            values=[", ".join(one.inputs) for one in given.shares],
        )
    ]  # fmt: skip
    groups = {"first": "Alone", "total": "With interactions"}
    for key, group in groups.items():
        for end, words in (("value", "Share"), ("low", "95% from"), ("high", "to")):
            values = [getattr(getattr(one, key), end) for one in given.shares]
            columns.append(
                Column(key=f"{key} {end}", title=words, kind=SHARE, values=values, group=group)
            )
    return columns


def _split(given: Sensitivity) -> list[Column]:
    parts = {
        "Numbers that are not known": given.split.parameters,
        "Shocks": given.split.shocks,
        "Luck of single deals and customers": given.split.luck,
    }
    values = [one.value for one in parts.values()]
    return [
        Column(key="name", title="Cause", kind=TEXT, values=[*parts]),
        Column(key="share", title="Share of the variance", kind=SHARE, values=values),
        Column(
            key="half", title="+/- (95%)", kind=SHARE,
            values=[WILSON_Z * one.se for one in parts.values()],
        ),
    ]  # fmt: skip


def _chart(sheet: Sheet, given: Sensitivity, table: Placed) -> Drawn:
    """Draw the levers that move the result most."""
    shown = min(MOST_BARS, len(given.levers))
    last = table.first + shown - 1
    name, result = table.place("name"), table.place("result")
    chart = sheet.book.file.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Result",
            "categories": [table.sheet, table.first, name, last, name],
            "values": [table.sheet, table.first, result, last, result],
            "fill": {"color": style.BLUE},
            "gap": 40,
        }
    )
    numbers = {"num_format": '0.0"%"', "name": "percent", "major_gridlines": GRID_LINES}
    title = f"What 1% more of a lever brings: {given.of.describe()}"
    dress(chart, title, numbers, names_of_bars(shown), hidden=[0])
    return Drawn(chart=chart, says=f"{title}; most: {given.levers[0].lever.name}.")
