"""A comparison on a terminal: levels, differences from the first scenario, and when they come."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from salessim.cli.render import QUANTILES, empty_table, few, period_names, text, widest
from salessim.readable import amount, percent, printable, scale, signed, trajectories

if TYPE_CHECKING:
    from salessim.forecast import Comparison
    from salessim.forecast.comparison import Difference, Outcome, Paired

LONGEST_NAME, LONGEST_HEADER = 24, 12
"""Letters of a scenario's name in a line, where the terminal has no room for the whole name."""
WORDS = {"dependent on external leads": "dependent"}
LEVELS = (
    ("P10", "P50", "P90", "Wins", "Active", "Sustained", "Verdict"),
    ("P50", "Wins", "Active", "Sustained"),
    ("P50", "Sustained"),
)
CHANGES = (
    ("Mean", "+/-", "P10", "P50", "P90", "Pairing", "Wins", "Active", "Sustained"),
    ("Mean", "+/-", "P10", "P90", "Pairing", "Wins", "Sustained"),
    ("Mean", "+/-", "Pairing"),
)
"""Columns, from the widest terminal to the narrowest."""
ERROR, BEATS = "+/-", "beats"
"""Columns of each scenario by period, beside its mean."""


def comparison(out: Console, given: Comparison, *, title: str) -> None:
    """Print levels, differences over the whole span and by period, and notes."""
    periods = given.base.series("bookings").periods
    line = given.base.labels.timeline
    span = f"{periods[0]} to {line.period_start(len(periods)) - timedelta(days=1)}"
    out.print()
    text(out, f"{title}: {trajectories(given.trajectories)} of each scenario, {span}", style="bold")
    for table, layouts in ((_levels, LEVELS), (_changes, CHANGES)):
        shown = [_there(given, columns) for columns in layouts]
        lengths = (_longest(given), LONGEST_NAME)
        out.print(widest(out, (table(given, c, n) for c in shown for n in lengths)))
    if given.rival:
        out.print(_beaten(given, LONGEST_NAME))
    out.print(widest(out, _by_period(given)))
    for note in given.notes:
        text(out, f"Note: {note}.")
    out.print()


def _there(given: Comparison, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that say something: without customers nobody comes or goes."""
    outcomes = given.outcomes.values()
    some = any(outcome.labels.starting_customers is not None for outcome in outcomes)
    return tuple(column for column in columns if some or column != "Active")


def _longest(given: Comparison) -> int:
    """Return the letters of the longest name of a scenario."""
    return max(LONGEST_NAME, *map(len, given.outcomes))


def _name(name: str, longest: int) -> str:
    """Return a name in lines of at most so many letters, broken after a word where there is one."""
    lines = rf".{{1,{longest}}}$|.{{1,{longest - 1}}}[ _-]|.{{1,{longest}}}"
    return "\n".join(line.strip() for line in re.findall(lines, printable(name)))


def _levels(given: Comparison, columns: Sequence[str], longest: int) -> Table:
    divisor, unit = scale(
        max(float(o.series("bookings").total_summary.p90) for o in given.outcomes.values()),
        digits=5,
    )
    means = {"Wins": "wins", "Active": "customers active at the end"}
    counted = " and ".join(words for column, words in means.items() if column in columns)
    table = _table(
        "Scenario",
        columns,
        caption=f"{', '.join(name for name in QUANTILES if name in columns)}: bookings over the "
        f"whole span, {unit}{printable(given.base.labels.currency)}; "
        + (f"{counted}: means; " if counted else "")
        + "sustained: trajectories in which what is already there books the need without new "
        "external leads",
    )
    for name, outcome in given.outcomes.items():
        values = _level(outcome, divisor)
        table.add_row(_name(name, longest), *(values[column] for column in columns))
    return table


def _level(outcome: Outcome, divisor: int) -> dict[str, str]:
    bookings = outcome.series("bookings").total_summary
    word, share = outcome.verdict.word, outcome.verdict.probability
    return {
        "P10": amount(float(bookings.p10) / divisor),
        "P50": amount(float(bookings.p50) / divisor),
        "P90": amount(float(bookings.p90) / divisor),
        "Wins": amount(float(outcome.series("wins").total_summary.mean)),
        "Active": amount(float(outcome.series("active_customers").total_summary.mean)),
        "Sustained": "-" if share is None else percent(share),
        "Verdict": "-" if word is None else WORDS.get(word, word),
    }


def _changes(given: Comparison, columns: Sequence[str], longest: int) -> Table:
    totals = {name: d.total("bookings") for name, d in given.differences.items()}
    divisor, unit = scale(max(map(_largest, totals.values())), digits=5)
    counted = ", ".join(column.lower() for column in ("Wins", "Active") if column in columns)
    table = _table(
        f"Minus {_name(given.base.name, longest)}",
        columns,
        caption=f"bookings over the whole span, {unit}{printable(given.base.labels.currency)}, "
        "trajectory by trajectory; +/-: half the 95% interval of the mean; pairing: how many times "
        "smaller that error is than with independent seeds (5 is as good as 25 times as many "
        "trajectories)"
        + (f"; {counted}: differences of the means" if counted else "")
        + ("; sustained: in percentage points" if "Sustained" in columns else ""),
    )
    for name, difference in given.differences.items():
        values = _change(difference, totals[name], divisor)
        table.add_row(_name(name, longest), *(values[column] for column in columns))
    return table


def _largest(paired: Paired) -> float:
    return max(abs(float(paired.p10)), abs(float(paired.p90)), abs(float(paired.mean)))


def _change(difference: Difference, bookings: Paired, divisor: int) -> dict[str, str]:
    ratio, half = float(bookings.variance_ratio), float(bookings.high - bookings.mean)
    share = difference.sustained
    return {
        "Mean": signed(float(bookings.mean) / divisor),
        "+/-": "-" if math.isnan(half) else amount(half / divisor),
        "P10": signed(float(bookings.p10) / divisor),
        "P50": signed(float(bookings.p50) / divisor),
        "P90": signed(float(bookings.p90) / divisor),
        "Pairing": "-" if math.isnan(ratio) else f"{amount(math.sqrt(ratio))}x",
        "Wins": signed(float(difference.total("wins").mean)),
        "Active": signed(float(difference.total("active_customers").mean)),
        "Sustained": "-" if share is None else signed(100 * share.difference),
    }


def _beaten(given: Comparison, longest: int) -> Table:
    base = _name(given.base.name, longest)
    caption = (
        "one future of each in the same world, each with luck of its own: would the change be "
        "seen? The means above say whether it is good on average"
    )
    table = _table(f"Against {base}", ("Books more", "95% interval", "As much"), caption=caption)
    for name, difference in given.differences.items():
        if (odds := difference.beats) is not None:
            interval = f"{percent(float(odds.low))} to {percent(float(odds.high))}"
            share, tied = percent(float(odds.share)), percent(float(odds.tied))
            table.add_row(_name(name, longest), share, interval, tied)
    return table


def _by_period(given: Comparison) -> Iterator[Table]:
    """Yield the table of mean differences by period, then with fewer and fewer columns."""
    count = len(given.differences)
    for columns in ((ERROR, BEATS), (ERROR,)):
        for longest in (_longest(given), LONGEST_HEADER):
            yield _periods(given, count, longest, columns)
    for shown in range(count, 0, -1):
        yield _periods(given, shown, LONGEST_HEADER, ())


def _periods(given: Comparison, shown: int, longest: int, columns: Sequence[str]) -> Table:
    differences = list(given.differences.values())[:shown]
    rest = len(given.differences) - shown
    columns = [column for column in columns if given.rival or column != BEATS]
    means = [difference.by_period("bookings").mean for difference in differences]
    divisor, unit = scale(max(float(abs(mean).max()) for mean in means), digits=5)
    words = {
        ERROR: "half its 95% interval",
        BEATS: "how often one future books more than one of the first, as above",
    }
    caption = "; ".join(
        [
            f"mean difference of bookings, {unit}{printable(given.base.labels.currency)}",
            *(f"{column}: {words[column]}" for column in columns),
            *([f"{rest} more scenarios do not fit: -o DIR writes all"] if rest else []),
        ]
    )
    table = empty_table(caption=caption)
    header, names = period_names(given.base.labels.timeline)
    table.add_column(header, no_wrap=True, vertical="bottom")
    cells = [names[: len(given.base.series("bookings").periods)]]
    for difference in differences:
        values = _period_cells(difference, divisor)
        for column in ("", *columns):
            head = column or _name(difference.name, longest)
            table.add_column(head, justify="right", no_wrap=True, vertical="bottom")
            cells.append(values[column])
    for row in few(list(zip(*cells, strict=True))):
        table.add_row(*row)
    return table


def _period_cells(difference: Difference, divisor: int) -> dict[str, list[str]]:
    """Return the columns of a scenario by their header; that of the mean has its name instead."""
    paired, odds = difference.by_period("bookings"), difference.beats_by_period
    halves = (paired.high - paired.mean) / divisor
    return {
        "": [signed(value / divisor) for value in paired.mean],
        ERROR: ["-" if math.isnan(half) else amount(half) for half in halves],
        BEATS: [percent(float(share)) for share in odds.share] if odds else [],
    }


def _table(first: str, columns: Sequence[str], *, caption: str) -> Table:
    table = empty_table(caption=caption)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="left" if column == "Verdict" else "right", no_wrap=True)
    return table
