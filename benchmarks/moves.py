"""A long table of stage changes of any size, made piece by piece."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

STAGES = ("contact", "offer", "contract", "verbal")
NAMES = np.array([*STAGES, "won", "lost"])
PIECE = 250_000
"""Deals made at once."""
DAYS = 1_095
"""Creations are spread over so many days, up to the end of the records."""
ADVANCE = 0.75
MEDIAN_DAYS, SIGMA = 12.0, 0.8
"""Of the lognormal time in each stage, whatever becomes of the visit."""


def write_moves(path: Path, rows: int, *, seed: int = 0) -> int:
    """Write about so many rows as CSV or Parquet, by the path's ending; return how many they are.

    Columns `deal`, `stage`, `changed_at` (to the second); in no order within a piece.
    """
    rng = np.random.default_rng(seed)
    schema = pa.schema([("deal", pa.string()), ("stage", pa.string()), ("changed_at", pa.string())])
    writer = pyarrow.csv.CSVWriter if path.suffix == ".csv" else pyarrow.parquet.ParquetWriter
    written = first = 0
    with writer(path, schema) as out:
        while written < rows:
            table = _piece(rng, first, schema)
            out.write_table(table)
            written, first = written + len(table), first + PIECE
    return written


def _piece(rng: np.random.Generator, first: int, schema: pa.Schema) -> pa.Table:
    created = rng.uniform(0.0, DAYS, PIECE)
    took = MEDIAN_DAYS * np.exp(SIGMA * rng.standard_normal((len(STAGES), PIECE)))
    at = np.vstack([created, created + np.cumsum(took, axis=0)])
    advanced = np.cumprod(rng.random((len(STAGES), PIECE)) < ADVANCE, axis=0).astype(bool)
    there = np.vstack([np.ones((1, PIECE), dtype=bool), advanced])
    stage = np.broadcast_to(np.arange(len(STAGES) + 1)[:, None], there.shape).copy()
    # Who does not advance is lost after as long.
    lost = ~there & np.vstack([np.ones((1, PIECE), dtype=bool), there[:-1]])
    stage[lost] = len(STAGES) + 1
    kept = np.flatnonzero(((there | lost) & (at < DAYS)).ravel())
    kept = rng.permutation(kept)
    second = np.datetime64("2022-01-01", "s") + (at.ravel()[kept] * 86_400).astype("timedelta64[s]")
    deal = pa.array(first + kept % PIECE).cast(pa.string())
    texts = pa.array(second).cast(pa.string())
    return pa.table([deal, pa.array(NAMES[stage.ravel()[kept]]), texts], schema=schema)
