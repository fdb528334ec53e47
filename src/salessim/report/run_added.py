"""Studies shown with a run: scenarios, what moves the result, what reaches goals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from salessim.forecast.notebook_studies import lever_grid, share_grid, swing_grid
from salessim.forecast.sensitivity import Sensitivity
from salessim.forecast.stored_comparison import StoredComparison
from salessim.readable import percent, scale, signed, trajectories
from salessim.report.page import Figure, Section, Table
from salessim.report.run_goals import goal_section
from salessim.report.run_tables import money_column

if TYPE_CHECKING:
    from salessim.api.added import Added
    from salessim.api.finished import Run
    from salessim.forecast.notebook import Grid
    from salessim.forecast.stored_comparison import StoredDifference, StoredLevel

CAPTIONS = {
    "levers": "What 1% more of each lever brings, in percent.",
    "tornado": "The mean with one uncertain number at its 5% or 95% point, all else as it may be.",
    "shares": "Which uncertain numbers the spread between worlds comes from.",
    "split": "How much of the spread comes from numbers not known, from shocks and from luck.",
}


def added_sections(run: Run) -> Iterator[Section]:
    """Return the sections of what was added to a run, in its order.

    Where two have one title, the names of their folders tell them apart.
    """
    found = [(each, _section(each)) for each in run.added]
    titles = Counter(section.title for _, section in found)
    for each, section in found:
        more = f" ({each.folder})" if titles[section.title] > 1 else ""
        yield replace(section, title=f"{section.title}{more}", text=(*section.text, *each.notes))


def _section(each: Added) -> Section:
    if isinstance(each.study, StoredComparison):
        return _scenarios(each.study)
    if isinstance(each.study, Sensitivity):
        return _sensitivity(each.study)
    return goal_section(each.study)


def _scenarios(given: StoredComparison) -> Section:
    said = (
        f"{trajectories(given.trajectories)} of each scenario on the same random numbers, so that "
        "what differs is the scenario and not luck."
    )
    return Section(
        title="Scenarios",
        text=(
            said,
            *(f"{note[:1].upper()}{note[1:]}." for note in given.notes),
        ),
        figures=(
            Figure(
                drawn=given.plot.totals(),
                caption=f"Bookings of each scenario minus those of {given.base.name}, and at the "
                "right how often one future of it books more than one of the other.",
            ),
            Figure(
                drawn=given.plot.periods(),
                caption=f"Mean bookings minus those of {given.base.name}, by period.",
            ),
        ),
        tables=(_levels(given), _differences(given)),
    )


def _levels(given: StoredComparison) -> Table:
    totals = [one.totals["bookings"] for one in given.levels.values()]
    name, write = money_column(max(abs(float(total.p90)) for total in totals), digits=6)

    def row(one: StoredLevel) -> tuple[str, ...]:
        bookings = one.totals["bookings"]
        lasts = "-" if one.probability is None else percent(one.probability)
        numbers = (bookings.mean, *bookings[2:])
        return (one.name, *(write(float(x)) for x in numbers), lasts, one.word or "-")

    return Table(
        columns=("Scenario", "Mean", "P10", "P50", "P90", "Lasts", "Verdict"),
        rows=tuple(map(row, given.levels.values())),
        numbers=(False, *(True,) * 5, False),
        caption=f"Bookings of the whole span in {name}{given.base.labels.currency}. Lasts: "
        "probability that what is already there books the need.",
        folded=True,
    )


def _differences(given: StoredComparison) -> Table:
    totals = [one.total("bookings") for one in given.differences.values()]
    sizes = (abs(float(x)) for total in totals for x in (total.mean, total.p10, total.p90))
    unit, name = scale(max(sizes), digits=5)

    def row(one: StoredDifference) -> tuple[str, ...]:
        total = one.total("bookings")
        numbers = (total.mean, total.low, total.high, total.p10, total.p90)
        more = percent(float(one.beats.share)) if one.beats else "-"
        return (one.name, *(_signed(float(x) / unit) for x in numbers), more)

    columns = (
        f"Minus {given.base.name}", "Mean", "From", "To", "P10", "P90", "Books more",
    )  # fmt: skip
    return Table(
        columns=columns,
        rows=tuple(map(row, given.differences.values())),
        numbers=(False, *(True,) * 6),
        caption=f"Differences over the whole span in {name}{given.base.labels.currency}. From, "
        "to: 95% interval of the mean. Books more: one future against one, each with luck of its "
        "own.",
        folded=True,
    )


def _signed(value: float) -> str:
    return "-" if math.isnan(value) else signed(value)


def _sensitivity(given: Sensitivity) -> Section:
    grids = (lever_grid(given), swing_grid(given), share_grid(given))
    return Section(
        title="What moves the result",
        text=(
            *given.sentences(),
            *(f"{note[:1].upper()}{note[1:]}." for note in given.notes),
        ),
        figures=tuple(
            Figure(drawn=given.plot.part(part), caption=CAPTIONS[part]) for part in given.parts
        ),
        tables=tuple(_table(grid) for grid in grids if grid.rows),
    )


def _table(grid: Grid) -> Table:
    return Table(
        columns=tuple(grid.columns),
        rows=tuple(tuple(row) for row in grid.rows),
        numbers=(False, *(True for _ in grid.columns[1:])),
        caption=f"{grid.caption[:1].upper()}{grid.caption[1:]}.",
        folded=True,
    )
