"""A sweep on a terminal: a row per point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from salessim.cli.render import MOST_ROWS, empty_table, few, text, widest
from salessim.config.words import counted
from salessim.readable import amount, brief, number, percent, printable, scale, trajectories

if TYPE_CHECKING:
    from salessim.forecast.sweep import Key, Point, Sweep

COLUMNS = (
    ("Mean", "+/-", "P10", "P50", "P90", "Base", "Wins", "Active", "Sustained", "R"),
    ("Mean", "+/-", "P10", "P90", "Base", "Wins", "Sustained"),
    ("Mean", "P10", "P90", "Base", "Sustained"),
    ("Mean", "Sustained"),
)
"""Columns, from the widest terminal to the narrowest."""


def sweep(out: Console, given: Sweep) -> None:
    """Print what each point comes to over the whole span."""
    labels = given.labels
    span = f"{labels.periods[0]} to {labels.end - timedelta(days=1)}"
    head = f"{labels.title}: {trajectories(given.trajectories)} of each point, {span}"
    out.print()
    text(out, head, style="bold")
    out.print(widest(out, (_points(given, columns) for columns in COLUMNS)))
    if (left := len(given.points) - MOST_ROWS) > 0:
        are = "is" if left == 1 else "are"
        text(out, f"{counted(left, 'point')} in the middle {are} left out: -o DIR writes all.")
    out.print()


def _points(given: Sweep, columns: Sequence[str]) -> Table:
    largest = max(float(point.totals["bookings"].p90) for point in given.points)
    divisor, unit = scale(largest, digits=5)
    if given.labels.starting_customers is None:
        columns = [column for column in columns if column not in ("Active", "R")]
    table = empty_table(caption=_caption(columns, f"{unit}{given.labels.currency}"))
    for header in map(_header, given.keys):
        table.add_column(header, justify="right", overflow="fold", vertical="bottom")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True, vertical="bottom")
    rows = []
    for point in given.points:
        cells = _cells(point, divisor)
        rows.append((*_values(point), *(cells[column] for column in columns)))
    for row in few(rows):
        table.add_row(*row)
    return table


def _header(key: Key) -> str:
    """Return the end of a key's address, which says most, over the unit of its values."""
    parts = [printable(part) for part in key.name.rsplit(".", 2)[-2:]]
    return "\n".join(filter(None, [".\n".join(parts), printable(key.unit)]))


def _values(point: Point) -> list[str]:
    pairs = zip(point.typed, point.numbers, strict=True)
    return [printable(text) if value is None else brief(value) for text, value in pairs]


def _caption(columns: Sequence[str], unit: str) -> str:
    shown = ", ".join(name for name in ("Mean", "P10", "P50", "P90") if name in columns)
    words = {
        "+/-": "half the 95% interval of the mean; points share their luck, so their differences "
        "are known better",
        "Base": "mean without external leads",
        "Wins": "mean",
        "Active": "customers at the end, mean",
        "Sustained": "trajectories in which what is already there books the need without new "
        "external leads",
        "R": "new customers that a customer brings",
    }
    said = [
        f"{name if name == 'R' else name.lower()}: {word}"
        for name, word in words.items()
        if name in columns
    ]
    return "; ".join([f"{shown}: bookings over the whole span, {printable(unit)}", *said])


def _cells(point: Point, divisor: int) -> dict[str, str]:
    bookings, verdict = point.totals["bookings"], point.verdict
    share, born = verdict.probability, verdict.reproduction_number
    half = 1.96 * float(bookings.se) / divisor
    return {
        "Mean": amount(float(bookings.mean) / divisor),
        "+/-": "-" if math.isnan(half) else amount(half),
        "P10": amount(float(bookings.p10) / divisor),
        "P50": amount(float(bookings.p50) / divisor),
        "P90": amount(float(bookings.p90) / divisor),
        "Base": amount(float(point.totals["base_bookings"].mean) / divisor),
        "Wins": amount(float(point.totals["wins"].mean)),
        "Active": amount(float(point.totals["customers"].mean)),
        "Sustained": "-" if share is None else percent(share),
        "R": "-" if born is None else number(born) if born else "0",
    }
