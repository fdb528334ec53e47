"""A forecast and a plan on a terminal: tables of at most 80 columns, and sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from salessim.readable import amount, percent, printable, scale, trajectories

if TYPE_CHECKING:
    from salessim.api.explanation import Explanation, StageLine
    from salessim.forecast import Forecast, Series
    from salessim.model.calendar import Timeline

MOST_ROWS = 60
QUANTILES = ("P10", "P50", "P90")
ALL = (*QUANTILES, "w/o")
MEASURES = (("bookings", "Bookings"), ("wins", "Wins"), ("active_customers", "Active"))
LAYOUTS = (
    (ALL, ALL, ALL),
    (ALL, QUANTILES, QUANTILES),
    (ALL, ("P50",), ("P50",)),
    (("P50", "w/o"), ("P50",), ("P50",)),
)
"""Columns of each measure by period, from the widest terminal to the narrowest."""
TARGETS = (
    ("P50", "P(hit)", "95% interval", "w/o", "If missed, short by"),
    ("P50", "P(hit)", "If missed, short by"),
    ("P(hit)",),
)
TOTALS = (("Mean", "Std error", "P10", "P50", "P90"), ("Mean", "Std error"), ("Mean",))


def console(*, stderr: bool = False) -> Console:
    """Return a console that takes text as it is: a name in [brackets] is no style."""
    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


def text(out: Console, sentence: str, *, style: str = "") -> None:
    """Print a sentence, wrapped at words."""
    out.print(Text(printable(sentence), style=style))


def forecast(out: Console, given: Forecast, *, leads: bool = True) -> None:
    """Print the table by period, the totals and the verdict, with its estimate of ``leads``."""
    labels = given.labels
    out.print()
    span = f"{labels.periods[0]} to {labels.end - timedelta(days=1)}"
    text(out, f"{labels.title}: {trajectories(given.trajectories)}, {span}", style="bold")
    out.print(widest(out, (_periods(given, layout) for layout in LAYOUTS)))
    out.print(widest(out, (_totals(given, columns) for columns in TOTALS)))
    if given.targets:
        out.print(widest(out, (_targets(given, columns) for columns in TARGETS)))
    out.print()
    first, *more = given.sustainability().sentences(leads=leads)
    text(out, first, style="bold")
    for sentence in more:
        text(out, sentence)
    if given.precision:
        text(out, str(given.precision))
    for note in given.notes.values():
        text(out, f"Note: {note}.")
    out.print()


def widest(out: Console, tables: Iterable[Table]) -> Table:
    """Return the first table that fits the terminal whole, else the last: no number is cut."""
    # Measured as on an endless line: a table never says that it is wider than the terminal.
    endless = out.options.update_width(10_000)
    for table in tables:
        if Measurement.get(out, endless, table).maximum <= out.width:
            break
    return table


def _measures(given: Forecast) -> tuple[tuple[str, str], ...]:
    """Return what is counted; in a plan without customers nobody comes or goes."""
    return MEASURES if given.labels.starting_customers is not None else MEASURES[:2]


def _periods(given: Forecast, layout: tuple[tuple[str, ...], ...]) -> Table:
    base, measures = given.without_external_leads(), _measures(given)
    divisor, unit = scale(float(given.bookings.summary.p90.max(initial=0.0)), digits=5)
    words = f"bookings in {unit}{printable(given.labels.currency)}"
    if len(measures) == len(MEASURES):
        words += "; active: customers at the period's end"
    table = empty_table(
        caption=f"{words}; P10, P50, P90: one, five, nine in ten trajectories end below; w/o: P50 "
        "without external leads"
    )
    header, names = period_names(given.labels.timeline)
    table.add_column(header, no_wrap=True)
    columns = []
    for (name, title), headers in zip(measures, layout, strict=False):
        got = given.series(name).summary
        size = divisor if name == "bookings" else 1
        values = dict(zip(ALL, (*got[2:], base.series(name).summary.p50), strict=True))
        table.add_column()  # a gap between the measures
        columns.append([""] * len(given.labels.periods))
        for header in headers:
            above = title if header == "P50" else ""
            table.add_column(f"{above}\n{header}", justify="right", no_wrap=True)
            columns.append([amount(value / size) for value in values[header]])
    for row in few(list(zip(names, *columns, strict=True))):
        table.add_row(*row)
    return table


def few(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return at most `MOST_ROWS` rows, those in the middle left out: summary.csv has them all."""
    if len(rows) <= MOST_ROWS:
        return rows
    half = MOST_ROWS // 2
    gap = ("...", *[""] * (len(rows[0]) - 1))
    return [*rows[:half], gap, *rows[-half:]]


def _totals(given: Forecast, columns: tuple[str, ...]) -> Table:
    base = given.without_external_leads()
    table = empty_table(
        caption="std error: Monte Carlo error of the mean; more trajectories shrink it"
    )
    table.add_column("Whole span", no_wrap=True)
    for header in columns:
        table.add_column(header, justify="right", no_wrap=True)
    divisor, unit = scale(float(given.bookings.total_summary.p90), digits=9)
    bookings = f"Bookings, {unit}{printable(given.labels.currency)}"
    titles = {"bookings": bookings, "wins": "Wins", "active_customers": "Active at the end"}
    for name, _ in _measures(given):
        title, size = titles[name], divisor if name == "bookings" else 1
        table.add_row(title, *_total(given.series(name), size)[: len(columns)])
        table.add_row("  without ext. leads", *_total(base.series(name), size)[: len(columns)])
    return table


def _total(series: Series, size: int) -> list[str]:
    mean, se, *quantiles = (float(value) / size for value in series.total_summary)
    error = "-" if math.isnan(se) else amount(se)
    return [amount(mean), error, *map(amount, quantiles)]


def _targets(given: Forecast, columns: tuple[str, ...]) -> Table:
    divisor, unit = scale(max(target.amount for target in given.targets), digits=5)
    table = empty_table(
        caption=f"bookings in {unit}{printable(given.labels.currency)}; P(hit): share of the "
        "trajectories that book at least the target"
        + ("; w/o: without external leads" if "w/o" in columns else "")
    )
    table.add_column("Target", no_wrap=True)
    for header in ("At least", *columns):
        table.add_column(header, justify="right", no_wrap=True)
    for target in given.targets:
        short = target.shortfall_if_missed
        low, high = map(percent, target.interval)
        values = {
            "P50": amount(target.p50 / divisor),
            "P(hit)": percent(target.probability),
            "95% interval": f"{low} to {high}",
            "w/o": percent(target.without_external_leads),
            "If missed, short by": "-" if short is None else amount(short / divisor),
        }
        cells = (values[column] for column in columns)
        table.add_row(printable(target.name), amount(target.amount / divisor), *cells)
    return table


def empty_table(*, caption: str) -> Table:
    """Return a table in the style of all, without columns yet."""
    return Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 0),
        pad_edge=False,
        header_style="bold",
        caption=caption,
        caption_justify="left",
        caption_style="dim",
    )


def period_names(timeline: Timeline) -> tuple[str, list[str]]:
    """Return a header that says what a period is, and each period's name: its first day."""
    starts = [timeline.period_start(t) for t in range(timeline.periods)]
    value, unit = timeline.period.value, timeline.period.unit
    whole = all(day.day == 1 for day in starts) and unit in ("month", "quarter")
    length = unit.capitalize() if value == 1 else f"{value:g} {unit}s"
    header = "\nMonth" if whole and unit == "month" else f"{length}\nfrom"
    return header, [f"{day:%Y-%m}" if whole else day.isoformat() for day in starts]


def explanation(out: Console, given: Explanation) -> None:
    """Print a plan in sentences, and its stages as a table where that has room for its words."""
    text(out, given.title, style="bold")
    out.print()
    table = _stages(given.stages)
    fits = Measurement.get(out, out.options.update_width(10_000), table).minimum <= out.width
    points = Table.grid(padding=(0, 1))
    for sentence in (*given.sentences, *(() if fits else map(str, given.stages))):
        points.add_row("-", Text(printable(sentence)))
    out.print(points)
    if fits:
        out.print(table)


def _stages(stages: Sequence[StageLine]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    some_slip = any(line.slips for line in stages)
    table.add_column("Stage", overflow="fold")
    if some_slip:
        table.add_column("Slips", overflow="fold")
    table.add_column("Advance", justify="right")
    table.add_column("Cycle time", overflow="fold")
    table.add_column("Of the others", overflow="fold")
    pipeline = ""
    for line in stages:
        if line.pipeline != pipeline:
            pipeline = line.pipeline
            table.add_row(Text(printable(pipeline), style="bold"))
        slips = [line.slips or "none"] if some_slip else []
        others = "\n".join(map(printable, line.otherwise))
        cells = (f"  {line.stage}", *slips, line.conversion, line.cycle_time)
        table.add_row(*map(printable, cells), others)
    return table
