"""A forecast in a few numbers: the CSV for a spreadsheet, the document for a program."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim._typing import FloatArray
from salessim.forecast.forecast import SERIES, Forecast
from salessim.forecast.series import ALL, Series, Summary
from salessim.forecast.verdict import Verdict

if TYPE_CHECKING:
    from salessim.forecast.comparison import Paired
    from salessim.forecast.rival import Odds

TOTALS = ("bookings", "wins")
CSV_COLUMNS = ("series", "unit", "origin", "period", "mean", "se", "p10", "p50", "p90")
BASE = "(without external leads)"


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: a leading ``= + - @`` is quoted."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text


def write_csv(forecast: Forecast, path: Path) -> None:
    """Write one row per series, origin and period; see `Forecast.to_csv`.

    Every series comes for all origins and without external leads; bookings also for each origin.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        for origin, series in _csv_blocks(forecast):
            words = (series.name, safe_cell(series.unit), safe_cell(origin))
            for t, day in enumerate(series.periods):
                numbers = (decimal(values[t], series) for values in series.summary)
                writer.writerow((*words, day.isoformat(), *numbers))


def _csv_blocks(forecast: Forecast) -> Iterator[tuple[str, Series]]:
    base = forecast.without_external_leads()
    for name in SERIES:
        yield ALL, forecast.series(name)
        yield BASE, base.series(name)
    yield from forecast.bookings.by("origin").items()


def decimal(value: float, series: Series) -> str:
    """Write money to the cent and counts to four digits; nothing when undefined."""
    if math.isnan(value):
        return ""
    return f"{value:.{2 if series.divisor != 1 else 4}f}"


def document(forecast: Forecast) -> dict[str, Any]:
    """Return the document of ``run --json``; see `Forecast.summary`."""
    origin = forecast.provenance
    notes = _notes(forecast)
    return {
        "run": {
            "trajectories": forecast.trajectories,
            "seed": origin.seed,
            "engine": origin.engine,
            "version": origin.version,
            "program_sha256": origin.program_sha256,
            "stage_entries": origin.stage_entries,
            "simulate_seconds": origin.seconds,
            "precision": forecast.precision.to_dict() if forecast.precision else None,
        },
        "periods": [day.isoformat() for day in forecast.labels.periods],
        **_numbers(forecast),
        "without_external_leads": _numbers(forecast.without_external_leads()),
        "verdict": verdict_document(forecast.verdict),
        "targets": [target.to_dict() for target in forecast.targets],
        "notes": notes,
    }


def _numbers(forecast: Forecast) -> dict[str, Any]:
    return {
        "series": {name: plain(forecast.series(name).summary) for name in SERIES},
        "totals": {name: plain(forecast.series(name).total_summary) for name in TOTALS},
    }


def plain(summary: Summary | Paired | Odds) -> dict[str, Any]:
    """Return statistics as JSON can hold them."""
    return {name: nan_to_none(values) for name, values in summary._asdict().items()}


def nan_to_none(values: FloatArray) -> Any:
    """Return a number or a list of them, what is undefined as None."""
    if values.ndim:
        return [None if math.isnan(value) else value for value in values.tolist()]
    value = float(values)
    return None if np.isnan(value) else value


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Return the part of a verdict that documents show."""
    runway = verdict.runway[1]
    return {
        "word": verdict.word,
        "probability": verdict.probability,
        "interval": list(verdict.interval) if verdict.interval else None,
        "need_per_month": verdict.need_per_month,
        "need_from": verdict.need_from,
        "customers_only_probability": verdict.customers_only_probability,
        "runway_p50": runway.isoformat() if runway else None,
        "reproduction_number": verdict.reproduction_number,
        "logo_retention": verdict.logo_retention,
        "nrr": verdict.nrr,
        "grr": verdict.grr,
        "external_share": list(verdict.external_share),
        "luck_only": verdict.luck_only,
        "reproduction_interval": list(verdict.reproduction_interval or ()) or None,
        "by_health": [asdict(part) for part in verdict.by_health],
    }


def _notes(forecast: Forecast) -> dict[str, str]:
    """Return by address in the document why a value is null."""
    names = {"runway": "runway_p50"}
    shown = verdict_document(forecast.verdict)
    notes = {
        f"verdict.{names.get(name, name)}": reason
        for name, reason in forecast.verdict.notes.items()
        if names.get(name, name) in shown
    }
    if shown["runway_p50"] is None and forecast.verdict.never_short is not None:
        never = "in half of the trajectories or more the base never falls short"
        notes["verdict.runway_p50"] = "; ".join(
            filter(None, (never, notes.get("verdict.runway_p50")))
        )
    if forecast.trajectories == 1:
        notes["se"] = "one trajectory has no standard error"
    return notes | dict(forecast.notes)
