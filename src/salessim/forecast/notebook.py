"""What a notebook shows of a result: a title, sentences and small tables, as HTML.

No colours and no widths: the notebook's own style decides, in the dark too. All text is shown as
it is, never as HTML.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from salessim.readable import amount, few_digits, percent, printable, scale, trajectories

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.funnel import Funnel
    from salessim.forecast.series import Series, Split
    from salessim.forecast.verdict import Verdict

MOST_ROWS = 24
"""Rows of a table; of more, those in the middle are left out."""
STATISTICS = ("Mean", "Error", "P10", "P50", "P90")
ERROR = "error: Monte Carlo standard error of the mean"


class Grid(NamedTuple):
    """A table of text: names in the first column, numbers in the others."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""


def shown(title: str, *, sentences: Iterable[str] = (), grids: Iterable[Grid] = ()) -> str:
    """Return HTML of a title, sentences and tables."""
    parts = [f"<p><strong>{_text(title)}</strong></p>"]
    parts += [f"<p>{_text(sentence)}</p>" for sentence in sentences]
    parts += [_table(grid) for grid in grids if grid.rows]
    return f"<div>{''.join(parts)}</div>"


def _table(grid: Grid) -> str:
    head = "".join(_cell("th", name, first=i == 0) for i, name in enumerate(grid.columns))
    body = "".join(
        f"<tr>{''.join(_cell('td', text, first=i == 0) for i, text in enumerate(row))}</tr>"
        for row in _few(grid.rows)
    )
    caption = f"<p><small>{_text(grid.caption)}</small></p>" if grid.caption else ""
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{caption}"


def _cell(tag: str, text: str, *, first: bool) -> str:
    side = "left" if first else "right"
    return f'<{tag} style="text-align: {side}">{_text(text)}</{tag}>'


def _text(text: str) -> str:
    return escape(printable(text))


def _few(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    if len(rows) <= MOST_ROWS:
        return list(rows)
    half = MOST_ROWS // 2
    return [*rows[:half], ["..."] * len(rows[0]), *rows[-half:]]


def forecast(given: Forecast) -> str:
    """Return the answer of a forecast, its totals, targets and bookings by period."""
    from salessim.forecast.answer import answer

    labels = given.labels
    span = f"{labels.periods[0]} to {labels.end - timedelta(days=1)}"
    return shown(
        f"{labels.title}: {trajectories(given.trajectories)}, {span}",
        sentences=[*answer(given), *(f"Note: {note}." for note in given.notes.values())],
        grids=[_totals(given), _targets(given), _periods(given.bookings)],
    )


def verdict(given: Verdict) -> str:
    """Return the sentences of a verdict."""
    first, *more = given.sentences()
    return shown(first, sentences=more)


def series(given: Series) -> str:
    """Return the statistics of a series by period."""
    return shown(
        f"{_name(given)}: {trajectories(len(given.cells))}",
        grids=[_whole([("At the end" if given.stock else "In all", given)]), _periods(given)],
    )


def split(given: Split) -> str:
    """Return the statistics of each part over the whole span."""
    parts = list(given.items())
    title = f"{_name(parts[0][1])}, by part" if parts else "no parts"
    return shown(title, grids=[_whole(parts)])


def funnel(given: Funnel) -> str:
    """Return the mean flows of the whole span through each stage, and what is open at its end."""
    from salessim.forecast.funnel import FLOWS

    sums = given.flows.mean(axis=0).sum(axis=0)
    left = given.open[:, -1].mean(axis=0)
    numbers = np.column_stack([given.open_at_start, sums, left])
    rows = [
        (".".join(stage), *map(few_digits, row))
        for stage, row in zip(given.stages, numbers.tolist(), strict=True)
    ]
    names = (name.replace("_", " ").capitalize() for name in FLOWS)
    columns = ("Stage", "Open at start", *names, "Open at end")
    caption = "deals over the whole span, means of all trajectories"
    title = f"{given.labels.title}: {trajectories(len(given.flows))}"
    return shown(title, grids=[Grid(columns, rows, caption)])


def _totals(given: Forecast) -> Grid:
    """Return bookings, wins and customers of the whole span, with and without external leads."""
    names = ["bookings", "wins"]
    names += ["active_customers"] * (given.labels.starting_customers is not None)
    base = given.without_external_leads()
    rows = []
    for name in names:
        rows.append((_name(given.series(name)), given.series(name)))
        if given.labels.external_sources:
            rows.append(("- without external leads", base.series(name)))
    return _whole(rows)


def _whole(parts: Sequence[tuple[str, Series]]) -> Grid:
    """Return the statistics of the whole span, money in one unit."""
    money = [part for _, part in parts if part.divisor != 1]
    unit, name = scale(max((abs(float(p.total_summary.p90)) for p in money), default=0.0), digits=5)
    rows = [
        (label, *_numbers(map(float, part.total_summary), unit if part.divisor != 1 else 1))
        for label, part in parts
    ]
    said = f"bookings in {name}{money[0].unit}; " if money else ""
    return Grid(("Whole span", *STATISTICS), rows, f"{said}{ERROR}")


def _numbers(summary: Iterable[float], unit: int) -> Iterator[str]:
    for value in summary:
        yield "-" if math.isnan(value) else amount(value / unit)


def _targets(given: Forecast) -> Grid:
    targets = given.targets
    unit, name = scale(max((abs(one.amount) for one in targets), default=0.0), digits=5)
    rows = [
        (
            one.name,
            amount(one.amount / unit),
            percent(one.probability),
            " to ".join(map(percent, one.interval)),
            percent(one.without_external_leads),
        )
        for one in targets
    ]
    columns = ("Target", "At least", "Reached", "95% interval", "Without external leads")
    return Grid(columns, rows, f"in {name}{given.labels.currency}; of the trajectories")


def _periods(given: Series) -> Grid:
    unit, name = scale(float(np.abs(given.summary.p90).max(initial=0.0)), digits=5)
    rows = [
        (day.isoformat(), *_numbers(numbers, unit))
        for day, *numbers in zip(given.periods, *given.summary, strict=True)
    ]
    what = f"{name}{given.unit} {'at the end of each period' if given.stock else 'by period'}"
    return Grid(("Period from", *STATISTICS), rows, f"{what}; {ERROR}")


def _name(given: Series) -> str:
    return given.name.replace("_", " ").capitalize()
