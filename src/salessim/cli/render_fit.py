"""What a fit found, on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from salessim.cli.render import empty_table, few, text, widest
from salessim.readable import percent, printable, rounded

if TYPE_CHECKING:
    from salessim.fit.fit import Fitted
    from salessim.fit.groups import Groups

STAGES = (
    ("Visits", "Advance", "90%", "Days", "90%", "Lost after", "Stuck", "Open"),
    ("Visits", "Advance", "90%", "Days", "90%", "Stuck"),
    ("Advance", "Days", "Stuck"),
)
SOURCES = (
    ("Leads", "A month", "90%", "Growth", "90%", "Swing"),
    ("Leads", "A month", "90%", "Growth"),
    ("A month", "Growth"),
)
GROUPS = (("Groups", "Deals", "p", "Between"), ("p", "Between"), ("Between",))
"""Columns, from the widest terminal to the narrowest."""
MOST_LINES = 20
"""About reading; the plan's comments have all."""


def fitted(out: Console, given: Fitted) -> None:
    """Print what was read, the stages, the sources, the customers, and what to beware of."""
    from salessim.fit.reading_report import report_lines
    from salessim.fit.summary import summary

    found = summary(given)
    lines = report_lines(given.history)
    out.print()
    for line in lines[:MOST_LINES]:
        text(out, line)
    if len(lines) > MOST_LINES:
        text(out, f"  ... and {len(lines) - MOST_LINES:,} lines more")
    out.print()
    text(out, f"As of {given.as_of}", style="bold")
    for pipeline in found["pipelines"]:
        out.print(widest(out, (_stages(pipeline, columns) for columns in STAGES)))
        for key, months in pipeline["shared_months"].items():
            if key != "quarter":  # which warns, below
                text(out, f"Pipeline {pipeline['name']}: {months['said']}.")
    if found["sources"]:
        out.print(widest(out, (_sources(found["sources"], columns) for columns in SOURCES)))
    if found["customers"]:
        text(out, f"Customers: {found['customers']['said']}")
        out.print()
    for warning in given.warnings:
        text(out, f"Warning: {warning}")
    if given.warnings:
        out.print()


def _stages(pipeline: Mapping[str, Any], columns: Sequence[str]) -> Table:
    said = {
        "Advance": "share of those entering",
        "Days": "median time of those that advance",
        "90%": "where it lies in nine of ten cases",
        "Stuck": "never leave",
        "Open": "now there",
    }
    rows = [(stage["name"], _stage(stage)) for stage in pipeline["stages"]]
    return _table(f"Pipeline {pipeline['name']}", rows, columns, said)


def _stage(stage: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the cells of a stage by column; two columns have one name."""
    seen = stage["visits"]
    return [
        ("Visits", f"{sum(seen.values()):,}"),
        ("Advance", percent(stage["conversion"]["middle"])),
        ("90%", _interval(stage["conversion"], percent)),
        ("Days", _days(stage["days_to_advance"]["middle"])),
        ("90%", _interval(stage["days_to_advance"], _days)),
        ("Lost after", _days(stage["days_to_lost"]["middle"])),
        ("Stuck", percent(stage["stuck"])),
        ("Open", f"{seen['open']:,}"),
    ]


def _sources(sources: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    said = {
        "A month": "leads at the start, season aside",
        "Growth": "a month",
        "Swing": "of months, beyond chance",
    }
    return _table("Source", [(s["name"], _source(s)) for s in sources], columns, said)


def _source(source: Mapping[str, Any]) -> list[tuple[str, str]]:
    if not source["goes_on"]:
        return [("Leads", f"{source['leads']:,}"), ("A month", "ended")]
    return [
        ("Leads", f"{source['leads']:,}"),
        ("A month", rounded(source["per_month"]["middle"])),
        ("90%", _interval(source["per_month"], rounded)),
        ("Growth", _growth(source["growth_per_month"]["middle"])),
        ("90%", _interval(source["growth_per_month"], _growth)),
        ("Swing", percent(source["swing"])),
    ]


def _table(
    title: str,
    rows: Sequence[tuple[str, list[tuple[str, str]]]],
    columns: Sequence[str],
    said: Mapping[str, str],
) -> Table:
    """Return a table, its caption of what is said of the columns that it has."""
    told = (f"{name.lower()}: {what}" for name, what in said.items() if name in columns)
    table = empty_table(caption="; ".join(told))
    table.add_column(printable(title), overflow="fold")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    lines = [(printable(name), *_picked(cells, columns)) for name, cells in rows]
    for line in few(lines):
        table.add_row(*line)
    return table


def _picked(cells: Sequence[tuple[str, str]], columns: Sequence[str]) -> list[str]:
    """Return the cells of columns; a 90% is that of the column before it."""
    picked, before = [], ""
    of: dict[tuple[str, str], str] = {}
    for name, cell in cells:
        of[(before, name) if name == "90%" else ("", name)] = cell
        before = name
    for place, name in enumerate(columns):
        key = (columns[place - 1], name) if name == "90%" else ("", name)
        picked.append(of.get(key, ""))
    return picked


def _interval(value: Mapping[str, float | None], say: Callable[[float], str]) -> str:
    low, high = value["low"], value["high"]
    if low is None or high is None:
        return "-"
    # of times as observed both ends are often the same day
    return say(low) if say(low) == say(high) else f"{say(low)} to {say(high)}"


def _days(value: float) -> str:
    return "at once" if value == 0.0 else rounded(value)


def _growth(value: float) -> str:
    return f"{value:+.1%}"


def groups(out: Console, found: Groups) -> None:
    """Print whether groups differ, and by how much."""
    out.print(widest(out, (_groups(found, columns) for columns in GROUPS)))
    text(out, found.sentence)
    out.print()


def _groups(found: Groups, columns: Sequence[str]) -> Table:
    said = {
        "p": "chance of as much where groups do not differ (Holm)",
        "Between": "standard deviation between groups, of odds or times, as a factor",
    }
    rows = [
        (
            f"{row['of']}: {row['what']}",
            [
                ("Groups", f"{row['groups']:,}"),
                ("Deals", f"{row['deals']:,}"),
                ("p", _chance(row["p_holm"])),
                ("Between", f"x {rounded(row['factor'])}"),
            ],
        )
        for row in found.table.to_dict("records")
    ]
    return _table(f"By {found.by}", rows, columns, said)


def _chance(p: float) -> str:
    if p != p:  # noqa: PLR0124  # NaN: nothing was tested
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
