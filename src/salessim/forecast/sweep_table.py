"""A sweep as tables: by point and period in Parquet, by point in a CSV and in one document."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salessim.forecast.series import Summary
from salessim.forecast.summary import nan_to_none, plain, safe_cell, verdict_document

if TYPE_CHECKING:
    import pyarrow as pa

    from salessim.forecast.sweep import Key, Point, Sweep

STATISTICS = ("mean", "se", "p10", "p50", "p90")
FORMAT = 1


def by_period(sweep: Sweep) -> pa.Table:
    """Return a row per point and period, sorted so; what is undefined is NaN."""
    import pyarrow as pa

    periods = len(sweep.labels.periods)
    times = len(sweep.points)
    columns: dict[str, Any] = {"point": np.repeat([p.number for p in sweep.points], periods)}
    for name, values in _values(sweep).items():
        columns[name] = np.repeat(values, periods)
    columns["period"] = np.tile(np.arange(periods), times)
    starts = [day.isoformat() for day in sweep.labels.periods]
    columns["period_start"] = np.tile(np.array(starts), times)
    for name in _measures(sweep):
        by_point = [point.by_period[name] for point in sweep.points]
        for statistic in STATISTICS:
            columns[f"{name}_{statistic}"] = _joined(by_point, statistic)
    changes = [point.change_by_period for point in sweep.points]
    columns |= {f"bookings_change_{part}": _joined(changes, part) for part in ("mean", "se")}
    for name, values in _judged(sweep).items():
        columns[name] = np.repeat(values, periods)
    return pa.table({name: _column(values) for name, values in columns.items()})


def write_parquet(sweep: Sweep, path: Path) -> None:
    """Write `by_period`, with what the columns mean."""
    import pyarrow.parquet as pq

    about = {
        "format": FORMAT,
        "title": sweep.labels.title,
        "currency": sweep.labels.currency,
        "seed": sweep.provenance.seed,
        "trajectories": sweep.trajectories,
        "version": sweep.provenance.version,
        "fixed": list(sweep.fixed),
        "keys": [{"name": key.name, "written": key.written} for key in sweep.keys],
        "values": [list(point.typed) for point in sweep.points],
    }
    text = json.dumps(about, sort_keys=True, allow_nan=False).encode()
    table = by_period(sweep).replace_schema_metadata({b"salessim": text})
    pq.write_table(table, path, compression="zstd")


def totals(sweep: Sweep) -> dict[str, NDArray[Any]]:
    """Return by column what each point comes to over the whole span; NaN where undefined."""
    columns: dict[str, NDArray[Any]] = {
        "point": np.array([point.number for point in sweep.points], dtype=np.int64)
    }
    columns |= _values(sweep)
    for name in _measures(sweep):
        for statistic in STATISTICS:
            values = [float(getattr(p.totals[name], statistic)) for p in sweep.points]
            columns[f"{name}_{statistic}"] = np.array(values)
    for part in ("mean", "se"):
        values = [float(getattr(point.change, part)) for point in sweep.points]
        columns[f"bookings_change_{part}"] = np.array(values)
    return columns | _judged(sweep)


def write_csv(sweep: Sweep, path: Path) -> None:
    """Write `totals`, values as they were typed."""
    columns: dict[str, Any] = dict(totals(sweep))
    for index, key in enumerate(sweep.keys):
        columns[key.name] = [safe_cell(point.typed[index]) for point in sweep.points]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(map(safe_cell, columns))
        for row in zip(*columns.values(), strict=True):
            writer.writerow(map(_cell, columns, row))


def document(sweep: Sweep) -> dict[str, Any]:
    """Return the document of ``sweep --json``; see `Sweep.summary`."""
    return {
        "run": {
            "trajectories": sweep.trajectories,
            "seed": sweep.provenance.seed,
            "engine": sweep.provenance.engine,
            "version": sweep.provenance.version,
            "requested": sweep.requested,
        },
        "fixed": list(sweep.fixed),
        "keys": [key.name for key in sweep.keys],
        "periods": [day.isoformat() for day in sweep.labels.periods],
        "points": [_point(sweep.keys, point) for point in sweep.points],
    }


def _point(keys: tuple[Key, ...], point: Point) -> dict[str, Any]:
    return {
        "values": dict(zip((key.name for key in keys), point.typed, strict=True)),
        "program_sha256": point.program_sha256,
        "totals": {name: plain(summary) for name, summary in point.totals.items()},
        "series": {name: plain(summary) for name, summary in point.by_period.items()},
        "change": {part: nan_to_none(getattr(point.change, part)) for part in ("mean", "se")},
        "verdict": verdict_document(point.verdict),
    }


def _measures(sweep: Sweep) -> Iterator[str]:
    yield from sweep.points[0].by_period


def _values(sweep: Sweep) -> dict[str, NDArray[Any]]:
    """Return by key the numbers that vary, or the words."""
    return {
        key.name: np.array(
            [(point.numbers if key.written else point.typed)[index] for point in sweep.points]
        )
        for index, key in enumerate(sweep.keys)
    }


def _judged(sweep: Sweep) -> dict[str, NDArray[Any]]:
    """Return what the verdict says of each point."""
    verdicts = [point.verdict for point in sweep.points]
    none = (math.nan, math.nan)
    return {
        "p_sustained": _floats([verdict.probability for verdict in verdicts]),
        "p_sustained_low": _floats([(verdict.interval or none)[0] for verdict in verdicts]),
        "p_sustained_high": _floats([(verdict.interval or none)[1] for verdict in verdicts]),
        "reproduction_number": _floats([verdict.reproduction_number for verdict in verdicts]),
    }


def _floats(values: list[float | None]) -> NDArray[Any]:
    return np.array([math.nan if value is None else value for value in values])


def _joined(summaries: list[Summary], statistic: str) -> NDArray[Any]:
    return np.concatenate([getattr(summary, statistic) for summary in summaries])


def _column(values: NDArray[Any]) -> Any:
    import pyarrow as pa

    if values.dtype.kind == "U":
        return pa.array(values.tolist()).dictionary_encode()
    kind = np.int32 if values.dtype.kind == "i" else np.float64
    return pa.array(values.astype(kind))


def _cell(column: str, value: Any) -> Any:
    """Write money to the cent, and what is counted or a share to six places."""
    if not isinstance(value, float):
        return value
    money = "bookings" in column
    return "" if math.isnan(value) else f"{value:.{2 if money else 6}f}"
