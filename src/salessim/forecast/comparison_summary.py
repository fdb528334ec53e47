"""A comparison in a few numbers: the CSV for a spreadsheet, the document for a program."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from salessim.forecast.comparison import Comparison, Difference, Outcome
from salessim.forecast.forecast import SERIES
from salessim.forecast.series import Series
from salessim.forecast.summary import decimal, nan_to_none, plain, safe_cell, verdict_document

STATISTICS = ("mean", "se", "p10", "p50", "p90", "low", "high", "variance_ratio")
CSV_COLUMNS = ("scenario", "what", "series", "unit", "period", *STATISTICS)
TOTAL = "(whole span)"


def document(comparison: Comparison) -> dict[str, Any]:
    """Return the document of ``compare --json``; see `Comparison.summary`."""
    run = comparison.base.provenance
    ratios = {
        name: nan_to_none(difference.total("bookings").variance_ratio)
        for name, difference in comparison.differences.items()
    }
    return {
        "run": {
            "trajectories": comparison.trajectories,
            "seed": run.seed,
            "rival_seed": comparison.rival.seed if comparison.rival else None,
            "engine": run.engine,
            "version": run.version,
        },
        "base": comparison.base.name,
        "periods": [day.isoformat() for day in comparison.base.series("bookings").periods],
        "scenarios": {name: _level(outcome) for name, outcome in comparison.outcomes.items()},
        "differences": {name: _difference(d) for name, d in comparison.differences.items()},
        "variance_ratio": ratios,
        "notes": list(comparison.notes),
    }


def _level(outcome: Outcome) -> dict[str, Any]:
    return {
        "program_sha256": outcome.provenance.program_sha256,
        "totals": {name: plain(outcome.series(name).total_summary) for name in SERIES},
        "series": {name: plain(outcome.series(name).summary) for name in SERIES},
        "verdict": verdict_document(outcome.verdict),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    totals = {name: plain(difference.total(name)) for name in SERIES}
    shares = difference.sustained
    return {
        **totals["bookings"],
        "totals": totals,
        "series": {name: plain(difference.by_period(name)) for name in SERIES},
        "sustained": shares._asdict() if shares else None,
        "beats": _odds(difference),
    }


def _odds(difference: Difference) -> dict[str, Any] | None:
    if difference.beats is None or difference.beats_by_period is None:
        return None
    return {**plain(difference.beats), "series": plain(difference.beats_by_period)}


def write_csv(comparison: Comparison, path: Path) -> None:
    """Write one row per scenario, series and period; see `Comparison.to_csv`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for scenario, what, name, unit, period, *numbers in rows(comparison):
            series = comparison.base.series(name)
            *levels, ratio = numbers
            # shares are no money, though they are of bookings
            like = comparison.base.series("wins") if what == "beats" else series
            cells = [*(decimal(number, like) for number in levels), _ratio(ratio)]
            writer.writerow((safe_cell(scenario), what, name, safe_cell(unit), period, *cells))


def _ratio(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.4f}"


def rows(comparison: Comparison) -> Iterator[tuple[Any, ...]]:
    """Yield levels, then differences, each by series with the whole span first."""
    for outcome in comparison.outcomes.values():
        for name in SERIES:
            series = outcome.series(name)
            head = (outcome.name, "level", name, series.unit)
            yield from _lines(head, series, series.total_summary, series.summary)
    for difference in comparison.differences.values():
        for name in SERIES:
            series = difference.series(name)
            head = (difference.name, "difference", name, series.unit)
            yield from _lines(head, series, difference.total(name), difference.by_period(name))
        yield from _beaten(difference)


def _beaten(difference: Difference) -> Iterator[tuple[Any, ...]]:
    """Yield P(A beats B): its share stands as the mean, its interval as that of a difference."""
    total, by_period = difference.beats, difference.beats_by_period
    if total is None or by_period is None:
        return
    head = (difference.name, "beats", "bookings", "share")
    gap = (np.nan,) * 4
    yield (*head, TOTAL, float(total.share), *gap, float(total.low), float(total.high), np.nan)
    for t, day in enumerate(difference.base.series("bookings").periods):
        share, low, high, _ = (float(values[t]) for values in by_period)
        yield (*head, day.isoformat(), share, *gap, low, high, np.nan)


def _lines(
    head: tuple[str, ...], series: Series, total: Any, by_period: Any
) -> Iterator[tuple[Any, ...]]:
    # A level has no interval of a difference and no ratio: its cells stay empty.
    missing = (np.nan,) * (len(STATISTICS) - len(total))
    yield (*head, TOTAL, *map(float, total), *missing)
    for t, day in enumerate(series.periods):
        yield (*head, day.isoformat(), *(float(values[t]) for values in by_period), *missing)
