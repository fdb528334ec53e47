"""Parquet in and out: long tables in the order of the plan, the same bytes for the same run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from salessim.errors import SalessimError
from salessim.forecast.forecast import Counts, Forecast
from salessim.forecast.funnel import FLOWS, LEAVING, Funnel, stock
from salessim.forecast.labels import Labels, Provenance
from salessim.forecast.series import HUNDREDTHS
from salessim.forecast.verdict import Verdict

KEY = b"salessim"
FORMAT = 2
COLUMNS = ("bookings", "wins", "leads", "new_customers", "lost_customers", "slipped")
ROWS_PER_BLOCK = 2**20
EXACT = 2**51
"""Hundredths up to here survive division by 100 and back in float64."""


def forecast_table(forecast: Forecast, first: int = 0, after: int | None = None) -> pa.Table:
    """Return the long table of trajectories ``first`` to ``after``, the latter not included."""
    labels = forecast.labels
    counts = Counts(*(part[first:after] for part in forecast.counts))
    shape = counts.bookings.shape
    if shape[0] and max(int(counts.bookings.max()), -int(counts.bookings.min())) > EXACT:
        raise SalessimError(
            f"a period books more than {EXACT // HUNDREDTHS:,} {labels.currency} in one pipeline: "
            "too much to keep its cents; state the plan's money in thousands or millions"
        )
    leads = np.zeros(shape, dtype=np.int32)
    for source, (name, pipeline) in enumerate(
        zip(labels.external_sources, labels.source_pipelines, strict=True)
    ):
        leads[:, :, pipeline, labels.origins.index(name)] = counts.leads[:, :, source]
    return pa.table(
        {
            **_grid(shape, first),
            "pipeline": _names(np.repeat(labels.pipelines, len(labels.origins)), shape),
            "origin": _names(np.tile(labels.origins, len(labels.pipelines)), shape),
            "bookings": _column(counts.bookings / HUNDREDTHS),
            "wins": _column(counts.wins),
            "leads": _column(leads),
            "new_customers": _column(counts.new_customers),
            "lost_customers": _column(counts.lost_customers),
            "slipped": _column(counts.slipped),
        }
    )


def write_forecast(forecast: Forecast, path: Path) -> None:
    """Write a forecast; see `Forecast.to_parquet`."""
    about = {
        "format": FORMAT,
        "labels": forecast.labels.to_dict(),
        "provenance": forecast.provenance.to_dict(),
        "verdict": forecast.verdict.to_dict(),
        "notes": dict(forecast.notes),
        **_reading_aid(forecast.labels),
    }
    rows = int(np.prod(forecast.counts.bookings.shape[1:]))
    _write(path, about, forecast.trajectories, rows, lambda a, b: forecast_table(forecast, a, b))


def read_forecast(path: Path) -> Forecast:
    """Read a forecast; see `Forecast.from_parquet`."""
    try:
        file = pq.ParquetFile(path)
        about = json.loads((file.schema_arrow.metadata or {})[KEY])
        _check_format(path, about)
        labels = Labels.from_dict(about["labels"])
        provenance = Provenance(**about["provenance"])
        verdict = Verdict.from_dict(about["verdict"])
        notes: dict[str, str] = about["notes"]
        table = file.read(columns=list(COLUMNS))
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise SalessimError(
            f"{path}: not a forecast that salessim wrote ({type(error).__name__}); "
            "expected the forecast.parquet of a run directory"
        ) from error
    shape = (-1, labels.timeline.periods, len(labels.pipelines), len(labels.origins))
    columns = {name: table[name].to_numpy().reshape(shape) for name in COLUMNS}
    sources = [
        columns["leads"][:, :, pipeline, labels.origins.index(name)]
        for name, pipeline in zip(labels.external_sources, labels.source_pipelines, strict=True)
    ]
    bookings = np.rint(columns["bookings"] * HUNDREDTHS).astype(np.int64)
    none = np.zeros((*bookings.shape[:2], 0), dtype=np.int32)
    counts = Counts(
        bookings=bookings,
        wins=columns["wins"],
        new_customers=columns["new_customers"],
        lost_customers=columns["lost_customers"],
        leads=np.stack(sources, axis=2) if sources else none,
        slipped=columns["slipped"],
    )
    return Forecast(
        labels=labels, provenance=provenance, counts=counts, verdict=verdict, notes=notes
    )


def funnel_table(funnel: Funnel, first: int = 0, after: int | None = None) -> pa.Table:
    """Return the long table of stage flows of trajectories ``first`` to ``after``."""
    flows = funnel.flows[first:after]
    shape = flows.shape[:3]
    return pa.table(
        {
            **_grid(shape, first),
            "pipeline": _names([pipeline for pipeline, _ in funnel.stages], shape),
            "stage": _names([stage for _, stage in funnel.stages], shape),
            **{name: _column(flows[..., i]) for i, name in enumerate(FLOWS)},
            "open": _column(stock(flows, funnel.open_at_start)),
        }
    )


def write_funnel(funnel: Funnel, path: Path) -> None:
    """Write stage flows; see `Funnel.to_parquet`."""
    about = {"format": FORMAT, "title": funnel.labels.title, **_reading_aid(funnel.labels)}
    rows = int(np.prod(funnel.flows.shape[1:3]))
    _write(path, about, len(funnel.flows), rows, lambda a, b: funnel_table(funnel, a, b))


def read_funnel(path: Path, labels: Labels) -> Funnel:
    """Read the stage flows that `write_funnel` wrote of a forecast with these labels.

    Raises
    ------
    OSError
        The file cannot be read.
    SalessimError
        The file holds no stage flows of salessim, or in another form.
    """
    try:
        file = pq.ParquetFile(path)
        _check_format(path, json.loads((file.schema_arrow.metadata or {})[KEY]))
        table = file.read(columns=["period", "pipeline", "stage", *FLOWS, "open"])
        # one trajectory's first period names the stages
        rows = int(np.argmax(np.append(table["period"].to_numpy() != 0, [True])))
        names = (table[name].slice(0, rows).to_pylist() for name in ("pipeline", "stage"))
        shape = (-1, labels.timeline.periods, rows)
        columns = [table[name].to_numpy().reshape(shape) for name in FLOWS]
        flows = np.stack(columns, axis=3)
        first = flows[0, 0]
        left = table["open"].to_numpy()[:rows] - first[:, 0] + first[:, LEAVING].sum(axis=1)
    except (pa.ArrowInvalid, IndexError, KeyError, TypeError, ValueError) as error:
        raise SalessimError(
            f"{path}: not stage flows that salessim wrote ({type(error).__name__}); "
            "expected the funnel.parquet of a run directory"
        ) from error
    return Funnel(
        labels=labels,
        stages=tuple(zip(*names, strict=True)),
        flows=flows,
        open_at_start=left.astype(np.int32),
    )


def _check_format(path: Path, about: dict[str, Any]) -> None:
    if about["format"] != FORMAT:
        raise SalessimError(
            f"{path}: written in form {about['format']} by another version of salessim, and this "
            f"one reads form {FORMAT}; run the plan.toml beside it again"
        )


def _write(
    path: Path, about: dict[str, Any], count: int, rows: int, table: Callable[[int, int], pa.Table]
) -> None:
    """Write blocks of trajectories, so that memory stays that of a block."""
    step = max(1, ROWS_PER_BLOCK // max(1, rows))
    text = json.dumps(about, sort_keys=True, allow_nan=False).encode()
    schema = table(0, 0).schema.with_metadata({KEY: text})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, count, step):
            block = table(first, min(first + step, count)).replace_schema_metadata({KEY: text})
            writer.write_table(block, row_group_size=max(1, len(block)))


def _reading_aid(labels: Labels) -> dict[str, Any]:
    """Say what other readers of the file will ask: when a period starts, what money is in."""
    starts = [day.isoformat() for day in labels.periods]
    return {"period_starts": starts, "end": labels.end.isoformat(), "currency": labels.currency}


def _grid(shape: tuple[int, ...], first: int) -> dict[str, pa.Array]:
    count, periods = shape[:2]
    rows = int(np.prod(shape[2:]))
    trajectory = np.arange(first, first + count, dtype=np.int32)
    return {
        "trajectory": _column(np.repeat(trajectory, periods * rows)),
        "period": _column(np.tile(np.repeat(np.arange(periods, dtype=np.int32), rows), count)),
    }


def _names(column: Sequence[str] | NDArray[Any], shape: tuple[int, ...]) -> pa.DictionaryArray:
    """Return the names of one period's rows, repeated, encoded in the order of the plan."""
    names = list(dict.fromkeys(map(str, column)))
    codes = np.array([names.index(str(name)) for name in column], dtype=np.int32)
    codes = np.tile(codes, shape[0] * shape[1])
    encoded = [name.encode() for name in names]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    words = pa.StringArray.from_buffers(
        len(names), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))
    )
    return pa.DictionaryArray.from_arrays(_column(codes), words)


def _column(values: NDArray[Any]) -> pa.Array:
    # Not pa.array: it first imports pandas, a third of a second.
    flat = np.ascontiguousarray(values).reshape(-1)
    kind = pa.from_numpy_dtype(flat.dtype)
    return pa.Array.from_buffers(kind, flat.size, [None, pa.py_buffer(flat)])
