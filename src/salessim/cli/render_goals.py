"""What reaches a goal, on a terminal: sentences for one answer, a table for several."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from salessim.cli.render import empty_table, text, widest
from salessim.forecast.goals import percent_change
from salessim.readable import percent, printable

if TYPE_CHECKING:
    from salessim.forecast.goals import Answer, Goals

COLUMNS = (
    ("Needs", "95% interval", "Change", "That is", "P there"),
    ("Needs", "95% interval", "That is"),
    ("Needs", "95% interval", "Change"),
    ("Needs", "95% interval"),
    ("Needs",),
)
LEFT = ("That is",)
LONGEST_NAME = 24
"""Letters of a key on one line, where there is no room for more."""
"""Columns, from the widest terminal to the narrowest."""


def goals(out: Console, given: Goals, *, title: str) -> None:
    """Print a goal, where the plan stands, and what reaches it."""
    low, high = map(percent, given.now_interval)
    out.print()
    text(out, f"{title}: {given.words}, with a probability of {percent(given.asked)}", style="bold")
    text(out, f"As the plan is: {percent(given.now)} (95% interval {low} to {high}).")
    if len(given.answers) == 1:
        text(out, given.answers[0].sentence(given.asked))
    else:
        _table(out, given)
    text(out, given.precision())
    out.print()


def _table(out: Console, given: Goals) -> None:
    found = [answer for answer in given if answer.status == "found"]
    if found:
        out.print(widest(out, (_found(found, columns) for columns in COLUMNS)))
        for answer in found:
            if answer.note:
                text(out, f"{answer.key}: {answer.note}")
    others = [answer for answer in given if answer.status != "found"]
    if others and not found:
        text(out, "No single change within its range reaches it.")
    if others:
        tables = (_unreached(others, with_meaning=more) for more in (True, False))
        out.print(widest(out, tables))


def _found(answers: Sequence[Answer], columns: Sequence[str]) -> Table:
    table = empty_table(caption="each varied alone, the least change first")
    table.add_column("Vary", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="left" if column in LEFT else "right", no_wrap=True)
    for answer in answers:
        values = {
            "Needs": answer.text,
            "95% interval": answer.interval_text,
            "Change": percent_change(answer.change),
            "That is": answer.means,
            "P there": percent(answer.probability),
        }
        cells = (printable(values[column]) for column in columns)
        table.add_row(_name(answer.key, whole="Change" in columns), *cells)
    return table


def _name(key: str, *, whole: bool) -> str:
    """Return a key, broken at its dots where that makes it narrow."""
    lines = [""]
    for part in re.findall(r"[^.]*\.|[^.]+", printable(key)):
        if lines[-1] and len(lines[-1]) + len(part) > LONGEST_NAME and not whole:
            lines.append("  ")
        lines[-1] += part
    return "\n".join(lines)


def _unreached(answers: Sequence[Answer], *, with_meaning: bool) -> Table:
    """Return the table of what reaches the goal nowhere in its range, or everywhere."""
    always = all(answer.status == "always" for answer in answers)
    table = empty_table(
        caption="reached everywhere in the range: the least it gives, and where"
        if always
        else "not reachable in the range: the most it gives, and where"
    )
    table.add_column("Enough anyway" if always else "Not enough alone", no_wrap=True)
    table.add_column("P, at least" if always else "P, at most", justify="right", no_wrap=True)
    table.add_column("At", justify="right", no_wrap=True)
    if with_meaning:
        table.add_column("That is", no_wrap=True)
    for answer in answers:
        share = percent(answer.probability, fine=True)
        cells = (share, answer.text, *([answer.means] if with_meaning else []))
        table.add_row(_name(answer.key, whole=False), *map(printable, cells))
    return table
