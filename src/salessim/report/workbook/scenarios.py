"""The sheet of scenarios: what was compared on the same random numbers, beside the run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salessim.charts import style
from salessim.readable import signed, trajectories
from salessim.report.workbook.axes import GRID_LINES, Drawn, amounts, dress, names_of_bars
from salessim.report.workbook.book import Column, Placed, Sheet
from salessim.report.workbook.checks import CENT, Check
from salessim.report.workbook.kinds import SHARE, TEXT, Kind, counted, money
from salessim.report.workbook.series import periods

if TYPE_CHECKING:
    from salessim.api.added import Added
    from salessim.forecast.stored_comparison import StoredComparison


COLUMNS = 9
"""Over which notes run: those of the tables."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What studies add to other sheets: checks, and charts."""

    checks: list[Check] = field(default_factory=list)
    charts: list[Drawn] = field(default_factory=list)


def scenarios_sheets(
    sheet: Sheet, by_period: Sheet, found: Sequence[tuple[Added, StoredComparison]]
) -> Shown:
    """Write levels and differences of each comparison; return what checks and draws them."""
    by_period.heading("Scenarios by period: mean differences of the bookings")
    sheet.heading(
        "Scenarios: what would be different",
        "All scenarios of a comparison are simulated on the same random numbers, so that what "
        "differs is the scenario and not luck.",
    )
    shown = Shown()
    for added, given in found:
        name = f" ({added.folder})" if len(found) > 1 else ""
        notes = [*given.notes, *added.notes]
        sheet.section(f"Bookings of the whole span{name}")
        sheet.text(0, f"{trajectories(given.trajectories)} of each scenario.")
        sheet.row += 1
        said = (f"{note[:1].upper()}{note[1:].rstrip('.')}." for note in notes)
        sheet.sentences(list(said), columns=COLUMNS)
        levels = sheet.table(_levels(given))
        if not given.differences:
            continue
        sheet.section(f"Minus {given.base.name}{name}")
        differences = sheet.table(_differences(given, levels))
        shown.checks.append(_check(differences, levels, name))
        shown.charts.append(_chart(sheet, given, differences, name))
        by_period.section(f"Minus {given.base.name}{name}")
        by_period.table(_by_period(given), total="Total")
    return shown


def _money(given: StoredComparison) -> Kind:
    largest = max(abs(float(one.totals["bookings"].p90)) for one in given.levels.values())
    return money(given.base.labels.currency, largest)


def _levels(given: StoredComparison) -> list[Column]:
    levels, kind = list(given.levels.values()), _money(given)
    totals = [one.totals["bookings"] for one in levels]
    wins = [float(one.totals["wins"].mean) for one in levels]
    customers = [float(one.totals["active_customers"].mean) for one in levels]
    names = {"mean": "Mean", "se": "Monte Carlo error", "p10": "P10", "p50": "P50", "p90": "P90"}
    return [
        Column(key="name", title="Scenario", kind=TEXT, values=[one.name for one in levels]),
        *(
            Column(
                key=key, title=title, kind=kind,
                values=[float(getattr(total, key)) for total in totals],
            )
            for key, title in names.items()
        ),
        Column(
            key="wins", title="Deals won, mean", kind=counted(max(wins, default=0.0)), values=wins
        ),
        Column(
            key="customers", title="Customers at the end, mean",
            kind=counted(max(customers, default=0.0)), values=customers,
        ),
        Column(
            key="lasts", title="Lasts without new external leads", kind=SHARE,
            values=[one.probability for one in levels],
        ),
        Column(key="word", title="Verdict", kind=TEXT, values=[one.word or "" for one in levels]),
    ]  # fmt: skip


def _differences(given: StoredComparison, levels: Placed) -> list[Column]:
    found, kind = list(given.differences.values()), _money(given)
    totals = [one.total("bookings") for one in found]
    names = {
        "mean": "Mean", "low": "95% from", "high": "to", "p10": "P10", "p90": "P90",
    }  # fmt: skip
    place = {name: row for row, name in enumerate(levels.column("name").values)}
    base, mean = place[given.base.name], levels.column("mean").values
    return [
        Column(key="name", title="Scenario", kind=TEXT, values=[one.name for one in found]),
        *(
            Column(
                key=key, title=title, kind=kind,
                values=[float(getattr(total, key)) for total in totals],
            )
            for key, title in names.items()
        ),
        Column(
            key="more", title="Books more, one future against one", kind=SHARE,
            values=[float(one.beats.share) if one.beats else None for one in found],
        ),
        Column(
            key="lasts", title="Lasts more often by", kind=SHARE,
            values=[one.sustained.difference if one.sustained else None for one in found],
        ),
        Column(
            key="levels", title="By the levels above", kind=kind,
            values=[mean[place[one.name]] - mean[base] for one in found],
            formulas=[
                f"{levels.cell('mean', place[one.name])}-{levels.cell('mean', base)}"
                for one in found
            ],
        ),
    ]  # fmt: skip


def _check(differences: Placed, levels: Placed, name: str) -> Check:
    """Return the check that the mean differences are the differences of the means."""
    ours, theirs = (differences.column(key).values for key in ("mean", "levels"))
    apart = sum(abs(a - b) for a, b in zip(ours, theirs, strict=True))
    a, b = differences.cells("mean"), differences.cells("levels")
    return Check(
        what=f"Scenarios{name}: mean differences are the differences of the means",
        left=f"SUMPRODUCT(ABS({a}-{b}))", right="0", values=(apart, 0.0), allowed=CENT,
        size=levels.cells("mean"), largest=max(map(abs, levels.column("mean").values)),
    )  # fmt: skip


def _by_period(given: StoredComparison) -> list[Column]:
    kind = _money(given)
    days = periods(given.base.labels.timeline)
    first = Column(
        key="period", title=days.title, kind=days.kind, values=days.values[: given.base.count]
    )
    return [
        first,
        *(
            Column(
                key=one.name, title=one.name, kind=kind,
                values=one.by_period("bookings").mean.tolist(),
                total=float(one.total("bookings").mean),
            )
            for one in given.differences.values()
        ),
    ]  # fmt: skip


def _chart(sheet: Sheet, given: StoredComparison, table: Placed, name: str) -> Drawn:
    """Draw the mean differences with their intervals."""
    chart = sheet.book.file.add_chart({"type": "bar"})
    mean, low, high = (table.column(key).values for key in ("mean", "low", "high"))
    series: dict[str, Any] = {
        "name": "Mean difference",
        "categories": table.chart("name"),
        "values": table.chart("mean"),
        "fill": {"color": style.BLUE},
        "gap": 40,
    }
    # one trajectory has no interval
    if all(map(math.isfinite, [*low, *high])):
        series["x_error_bars"] = {
            "type": "custom",
            "plus_values": [b - a for a, b in zip(mean, high, strict=True)],
            "minus_values": [a - b for a, b in zip(mean, low, strict=True)],
        }
    chart.add_series(series)
    most = max(mean, key=abs)
    title = f"Bookings of each scenario minus those of {given.base.name}{name}"
    numbers = amounts(max(map(abs, mean)), given.base.labels.currency)
    dress(
        chart,
        title,
        {**numbers, "major_gridlines": GRID_LINES},
        names_of_bars(len(mean)),
        hidden=[0],
    )
    return Drawn(chart=chart, says=f"{title}: the largest is {signed(most)}.")
