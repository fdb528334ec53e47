"""A forecast and a plan on a terminal: tables of at most 80 columns, and sentences."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from salessim.api.explanation import Explanation
    from salessim.forecast import Forecast, Series
    from salessim.model.calendar import Timeline

UNITS = ((1, ""), (1_000, "thousand "), (1_000_000, "million "), (1_000_000_000, "billion "))
MOST_ROWS = 60
WIDE = 100
"""Columns from which every measure shows its median without external leads."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: a name in [brackets] is no style."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def text(out: Console, sentence: str, *, style: str = "") -> None:
    """Print a sentence, wrapped at words."""
    out.print(Text(printable(sentence), style=style))


def printable(name: str) -> str:
    """Return text without control characters: a plan's name must not steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in name)


def forecast(out: Console, given: Forecast) -> None:
    """Print the table by period, the totals and the verdict."""
    labels = given.labels
    out.print()
    span = f"{labels.periods[0]} to {labels.end - timedelta(days=1)}"
    text(out, f"{labels.title}: {given.trajectories:,} trajectories, {span}", style="bold")
    out.print(_periods(given, wide=out.width >= WIDE))
    out.print(_totals(given))
    out.print()
    first, *more = given.sustainability().sentences()
    text(out, first, style="bold")
    for sentence in more:
        text(out, sentence)
    for note in given.notes.values():
        text(out, f"Note: {note}.")
    out.print()


def _periods(given: Forecast, *, wide: bool) -> Table:
    base = given.without_external_leads()
    divisor, unit = scale(float(given.bookings.summary.p90.max(initial=0.0)))
    words = f"bookings in {unit}{printable(given.labels.currency)}"
    table = _table(
        caption=f"{words}; P10, P50, P90: one, five, nine in ten trajectories end below; "
        "w/o: P50 without external leads"
    )
    table.add_column("Period")
    columns = []
    for name, title in (("bookings", "Bookings"), ("wins", "Wins"), ("active_customers", "Active")):
        shown = given.series(name)
        size = divisor if name == "bookings" else 1
        parts = [("P10", shown.summary.p10), ("P50", shown.summary.p50), ("P90", shown.summary.p90)]
        if name == "bookings" or wide:
            parts.append(("w/o", base.series(name).summary.p50))
        table.add_column()  # a gap between the measures
        columns.append([""] * len(given.labels.periods))
        for header, values in parts:
            table.add_column(f"{title if header == 'P50' else ''}\n{header}", justify="right")
            columns.append([amount(value / size) for value in values])
    rows = list(zip(_names(given.labels.timeline), *columns, strict=True))
    for row in _few(rows):
        table.add_row(*row)
    return table


def _few(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return at most `MOST_ROWS` rows, those in the middle left out: summary.csv has them all."""
    if len(rows) <= MOST_ROWS:
        return rows
    half = MOST_ROWS // 2
    gap = ("...", *[""] * (len(rows[0]) - 1))
    return [*rows[:half], gap, *rows[-half:]]


def _totals(given: Forecast) -> Table:
    base = given.without_external_leads()
    table = _table(caption="std error: Monte Carlo error of the mean; more trajectories shrink it")
    for header in ("Whole span", "Mean", "Std error", "P10", "P50", "P90"):
        table.add_column(header, justify="left" if header == "Whole span" else "right")
    unit = printable(given.labels.currency)
    lines = (
        ("bookings", f"Bookings, {unit}"),
        ("wins", "Wins"),
        ("active_customers", "Active at the end"),
    )
    for name, title in lines:
        table.add_row(title, *_total(given.series(name)))
        table.add_row("  without ext. leads", *_total(base.series(name)))
    return table


def _total(series: Series) -> list[str]:
    """Round money to whole units, and errors to what they are worth."""
    got = series.total_summary
    se = float(got.se)
    error = "-" if se != se else amount(se)  # noqa: PLR0124  (NaN: one trajectory)
    return [
        amount(float(got.mean)),
        error,
        *(amount(float(x)) for x in (got.p10, got.p50, got.p90)),
    ]


def _table(*, caption: str) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 0),
        pad_edge=False,
        header_style="bold",
        caption=caption,
        caption_justify="left",
        caption_style="dim",
    )


def scale(largest: float) -> tuple[int, str]:
    """Return the unit in which a number has at most five digits, and its name."""
    for divisor, name in UNITS:
        if largest < 100_000 * divisor:
            return divisor, name
    return UNITS[-1]


def amount(value: float) -> str:
    """Write a number with separators, and a decimal only where it matters."""
    shown = f"{value:,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:,.1f}"
    return "0" if shown == "-0" else shown


def _names(timeline: Timeline) -> list[str]:
    starts = [timeline.period_start(t) for t in range(timeline.periods)]
    months = all(day.day == 1 for day in starts)
    return [f"{day:%Y-%m}" if months else day.isoformat() for day in starts]


def explanation(out: Console, given: Explanation) -> None:
    """Print a plan in sentences, and its stages as a table."""
    text(out, given.title, style="bold")
    out.print()
    points = Table.grid(padding=(0, 1))
    for sentence in given.sentences:
        points.add_row("-", Text(printable(sentence)))
    out.print(points)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Stage", overflow="fold")
    table.add_column("Advance", justify="right")
    table.add_column("Cycle time", overflow="fold")
    table.add_column("Of the others", overflow="fold")
    pipeline = ""
    for line in given.stages:
        if line.pipeline != pipeline:
            pipeline = line.pipeline
            table.add_row(Text(printable(pipeline), style="bold"))
        cells = (f"  {line.stage}", line.conversion, line.cycle_time, line.otherwise)
        table.add_row(*map(printable, cells))
    out.print(table)
