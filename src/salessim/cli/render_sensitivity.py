"""A sensitivity on a terminal: levers, uncertain numbers, their shares, and the split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from salessim.cli.render import empty_table, few, text, widest
from salessim.forecast.judge import WILSON_Z
from salessim.forecast.sensitivity_summary import whole_percent
from salessim.readable import amount, broken, percent, printable, rounded, scale, signed

if TYPE_CHECKING:
    from salessim.forecast.elasticity import Elasticity, Estimate
    from salessim.forecast.sensitivity import Sensitivity, Swing
    from salessim.forecast.variance import Interval, VarianceShare

LONGEST_NAME = 32
"""Letters of a line of a name."""
LEVERS = (
    ("Now", "Result", "+/-", "Base", "+/- ", "Sustained", "+/-  "),
    ("Result", "+/-", "Base", "+/- ", "Sustained"),
    ("Result", "+/-", "Base"),
    ("Result",),
)
SWINGS = (
    ("P05", "P95", "at P05", "+/-", "at P95", "+/- "),
    ("P05", "P95", "at P05", "at P95"),
    ("at P05", "at P95"),
)
"""Columns, from the widest terminal to the narrowest; blanks tell those of one header apart."""
SHARES = (("Alone", "+/-", "In all", "+/- "), ("Alone", "In all"))


def sensitivity(out: Console, given: Sensitivity) -> None:
    """Print all parts that say something, then what they come to in sentences."""
    unit = given.of.unit(given.currency)
    out.print()
    text(
        out,
        f"{given.title}: what moves {given.of.describe()}, on average "
        f"{rounded(given.mean.value)} {printable(unit)}",
        style="bold",
    )
    if given.levers:
        out.print(widest(out, (_levers(given, columns) for columns in _there(given))))
    if given.tornado:
        out.print(widest(out, (_tornado(given, columns) for columns in SWINGS)))
    if given.shares:
        out.print(widest(out, (_shares(given, columns) for columns in SHARES)))
    for sentence in given.sentences():
        text(out, sentence)
    for note in given.notes:
        text(out, f"Note: {note}.")
    out.print()


def _there(given: Sensitivity) -> Iterator[tuple[str, ...]]:
    """Yield the layouts with the columns that say something: not all plans have a base or need."""
    missing: tuple[str, ...] = ()
    if not any(one.base.size for one in given.levers):
        missing = ("Base", "+/- ", "Sustained", "+/-  ")
    elif given.sustained is None:
        missing = ("Sustained", "+/-  ")
    for columns in LEVERS:
        yield tuple(column for column in columns if column not in missing)


def _levers(given: Sensitivity, columns: Sequence[str]) -> Table:
    result = given.of.describe()
    caption = [
        f"result: what 1% more of the lever brings {result}, in percent",
        "base: the same for bookings without new external leads in the verdict's 12 months",
        "sustained: percentage points on how often those book the need, for 10% more",
        "+/-: half the 95% interval",
        "now: the share that advances",
    ]
    shown = [line for line in caption if any(_has(line, column) for column in columns)]
    rows = [(one.lever.name, _lever(one)) for one in given.levers]
    return _table("Lever", columns, rows, caption="; ".join(shown))


def _has(line: str, column: str) -> bool:
    return line.startswith(f"{column.strip().lower()}:")


def _lever(one: Elasticity) -> dict[str, str]:
    conversion = one.lever.kind == "conversion"
    tenth = [10.0 * number for number in one.sustained] if one.sustained else (math.nan, math.nan)
    return {
        "Now": percent(1.0 / one.lever.most) if conversion else "",
        "Result": _signed(one.result.value, 2),
        "+/-": _half(one.result, 3),
        "Base": _signed(one.base.value, 2),
        "+/- ": _half(one.base, 3),
        "Sustained": _signed(tenth[0], 1),
        "+/-  ": "-" if math.isnan(tenth[1]) else f"{WILSON_Z * tenth[1]:.1f}",
    }


def _tornado(given: Sensitivity, columns: Sequence[str]) -> Table:
    largest = max(change.size for one in given.tornado for change in one.changes)
    divisor, unit = scale(largest, digits=5)
    caption = (
        f"at P05, at P95: what the mean changes by when the number is at its 5% or 95% point, all "
        f"else as it may be, {unit}{printable(given.of.unit(given.currency))}"
        + ("; +/-: half the 95% interval" if "+/-" in columns else "")
    )
    rows = [(one.address, _swing(one, divisor)) for one in given.tornado]
    return _table("Uncertain number", columns, rows, caption=caption)


def _swing(one: Swing, divisor: int) -> dict[str, str]:
    low, high = one.changes
    return {
        "P05": printable(one.words[0]),
        "P95": printable(one.words[1]),
        "at P05": signed(low.value / divisor),
        "+/-": amount(WILSON_Z * low.se / divisor),
        "at P95": signed(high.value / divisor),
        "+/- ": amount(WILSON_Z * high.se / divisor),
    }


def _shares(given: Sensitivity, columns: Sequence[str]) -> Table:
    caption = (
        f"of the variance of the result expected in a world ({given.worlds:,} worlds): alone: what "
        "would go if the input were known; in all: what would be left if all others were known"
        + ("; +/-: half the 95% interval" if "+/-" in columns else "")
    )
    rows = [(" + ".join(one.inputs), _share(one)) for one in given.shares]
    return _table("Input", columns, rows, caption=caption)


def _share(one: VarianceShare) -> dict[str, str]:
    return {
        "Alone": whole_percent(one.first.value),
        "+/-": whole_percent(_reach(one.first)),
        "In all": whole_percent(one.total.value),
        "+/- ": whole_percent(_reach(one.total)),
    }


def _reach(interval: Interval) -> float:
    return (interval.high - interval.low) / 2.0


def _table(
    first: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str, dict[str, str]]],
    *,
    caption: str,
) -> Table:
    table = empty_table(caption=caption)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column.strip(), justify="right", no_wrap=True)
    names = ["\n".join(broken(printable(name), LONGEST_NAME)) for name, _ in rows]
    cells = [
        (name, *(values[column] for column in columns))
        for name, (_, values) in zip(names, rows, strict=True)
    ]
    for row in few(cells):
        table.add_row(*row)
    return table


def _signed(value: float, digits: int) -> str:
    if math.isnan(value):
        return "-"
    shown = f"{value:+.{digits}f}"
    return f"{0:.{digits}f}" if float(shown) == 0.0 else shown


def _half(estimate: Estimate, digits: int) -> str:
    return "-" if math.isnan(estimate.se) else f"{WILSON_Z * estimate.se:.{digits}f}"
