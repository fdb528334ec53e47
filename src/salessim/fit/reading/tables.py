"""Exports as tables of cells: CSV (plain or gzipped), Parquet, the sheets of a workbook.

Nothing is interpreted here; empty rows, empty columns and rows with too few or too many cells
are counted and left out.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.config.csv_text import (
    EMPTY,
    MOST_COLUMNS,
    SEPARATORS,
    TableError,
    first_line,
    say_doubled,
    separator_of,
)
from salessim.config.files import read_bytes, too_much
from salessim.config.tables import GZIP
from salessim.config.xlsx import Workbook, WorkbookError
from salessim.fit.reading.ledger import Ledger

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_FILE = 4_000_000_000
"""Bytes, unpacked."""
NOTHING = [*EMPTY, "N/A", "n/a", "#N/A", "NaT", "<NA>", "None"]
"""Texts that mean an empty cell in an export."""
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_HEADER_LETTERS = 1_000_000
"""A header is looked for in so many letters."""


@dataclass(frozen=True)
class Sheet:
    """One table of a file.

    Attributes
    ----------
    file : int
        Its number in the ledger.
    name : str
        The file's name, and the sheet's where a workbook has several.
    cells : pyarrow.Table
        Columns of text, or of whatever type Parquet and Excel have.
    rows : ndarray of int64
        The file's row of each; the header of a CSV or sheet is row 1, Parquet counts from 1.
    """

    file: int
    name: str
    cells: pa.Table
    rows: Any


def load(path: Path, ledger: Ledger) -> tuple[str, list[Sheet]]:
    """Read a file; return its sha256 and the tables in it.

    Raises
    ------
    TableError
        When it cannot be read, or has no header.
    """
    content = read_bytes(path, what="an export (CSV, Parquet, Excel)", most=LARGEST_FILE)
    sha256 = hashlib.sha256(content).hexdigest()
    if content.startswith(GZIP):
        content = _unpacked(path.name, content)
    if content.startswith(_WORKBOOKS):
        return sha256, _workbook(path.name, content, ledger)
    if content.startswith(b"PAR1"):
        cells = _parquet(path.name, content)
        rows = np.arange(1, cells.num_rows + 1)
        return sha256, [_sheet(path.name, cells, rows, ledger, read=cells.num_rows)]
    return sha256, [_csv(path.name, content, ledger)]


def _unpacked(name: str, content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            text = file.read(LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"{name} cannot be unpacked: {error}") from None
    if len(text) > LARGEST_FILE:
        raise TableError(f"{name} unpacks to {too_much(LARGEST_FILE)}")
    return text


def _csv(name: str, content: bytes, ledger: Ledger) -> Sheet:
    """Read a CSV file with all cells as text; rows of the wrong length are dropped and said."""
    encoding = _encoding(content)
    head = content[:_HEADER_LETTERS].decode(encoding, errors="replace").lstrip("\ufeff")
    if not head.strip():
        raise TableError(f"{name} is empty; expected a header and rows")
    if "\0" in head:
        raise TableError(f"{name} holds zero bytes: it is neither CSV, Parquet nor Excel")
    separator = separator_of(head)
    header = _header(name, head, separator)
    table = content.lstrip(b"\r\n")
    above = content[: len(content) - len(table)].count(b"\n")
    cells, ragged = _parsed(name, table, header, separator, encoding)
    # the header is a row of text like the others
    read = cells.num_rows + len(ragged) - 1
    rows = np.delete(np.arange(1, read + 2), np.asarray(ragged, dtype=np.int64) - 1) + above
    ragged = [row + above for row in ragged]
    sheet = _sheet(name, cells.slice(1), rows[1:], ledger, read=read)
    ledger.say(sheet.file, "dropped", "too few or too many cells", ragged)
    if encoding == "cp1252":
        ledger.note(sheet.file, "is not UTF-8: read as Windows-1252")
    if separator != ",":
        ledger.note(sheet.file, f"its cells are separated by {SEPARATORS[separator]}")
    return sheet


def _parsed(
    name: str, content: bytes, header: list[str], separator: str, encoding: str
) -> tuple[pa.Table, list[int]]:
    """Return the cells of a CSV file, and the numbers of the rows of another length."""
    import pyarrow as pa
    from pyarrow import csv

    ragged: list[int] = []

    def skip(row: Any) -> str:
        ragged.append(row.number)
        return "skip"

    # one thread: rows keep their numbers
    reading = csv.ReadOptions(
        use_threads=False, block_size=1 << 26, encoding=encoding, column_names=header
    )
    parsing = csv.ParseOptions(
        delimiter=separator,
        newlines_in_values=True,
        ignore_empty_lines=False,
        invalid_row_handler=skip,
    )
    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(header, pa.string()),
        strings_can_be_null=True,
        null_values=NOTHING,
    )
    try:
        return csv.read_csv(io.BytesIO(content), reading, parsing, converting), ragged
    except pa.ArrowException as error:
        raise TableError(f"{name} is no readable CSV file: {first_line(error)}") from None


def _header(name: str, head: str, separator: str) -> list[str]:
    """Return the names of the columns, each once: an empty one by its place."""
    import csv

    rows = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    first = next((row for row in rows if row), [])
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(first, 1)]
    if len(names) > MOST_COLUMNS:
        raise TableError(f"{name} has {len(names):,} columns, more than {MOST_COLUMNS:,}")
    say_doubled(name, names)
    return names


def _encoding(content: bytes) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.utf_8_decode(content, "strict", True)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _parquet(name: str, content: bytes) -> pa.Table:
    """Read a Parquet file; columns of lists, records or bytes are none that reading could use."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        cells = pq.ParquetFile(io.BytesIO(content)).read()
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        raise TableError(f"{name} is no readable Parquet file: {first_line(error)}") from None
    say_doubled(name, cells.column_names)
    nested = [
        field.name
        for field in cells.schema
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type)
    ]
    return cells.drop_columns(nested)


def _workbook(name: str, content: bytes, ledger: Ledger) -> list[Sheet]:
    """Read every sheet that holds a header and rows."""
    from python_calamine import CalamineError, CalamineWorkbook

    sheets = []
    try:
        if b"xl/workbook.xml" in content:  # calamine takes no care of the memory
            Workbook(content)
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        grids = {title: book.get_sheet_by_name(title) for title in book.sheet_names}
        filled = {title: grid.to_python(skip_empty_area=False) for title, grid in grids.items()}
    except WorkbookError as error:
        raise TableError(f"{name} {error}") from None
    except CalamineError as error:
        raise TableError(f"{name} is no readable workbook: {first_line(error)}") from None
    filled = {title: grid for title, grid in filled.items() if any(map(any, grid))}
    for title, grid in filled.items():
        known = name if len(filled) == 1 else f"{name} [{title}]"
        sheets.append(_grid(known, grid, ledger))
    if not sheets:
        raise TableError(f"{name} is an empty workbook; expected a header and rows")
    return sheets


def _grid(name: str, grid: Sequence[Sequence[Any]], ledger: Ledger) -> Sheet:
    """Take the first row with a text in most of its filled columns as the header."""
    import pyarrow as pa

    wide = max(sum(cell != "" for cell in row) for row in grid)
    top = next(
        number
        for number, row in enumerate(grid)
        if 2 * sum(isinstance(cell, str) and cell != "" for cell in row) >= wide
        or number == len(grid) - 1
    )
    names = [str(cell).strip() or f"column {at}" for at, cell in enumerate(grid[top], 1)]
    say_doubled(name, names)
    columns = {
        column: _typed([row[at] for row in grid[top + 1 :]]) for at, column in enumerate(names)
    }
    rows = np.arange(top + 2, len(grid) + 1)
    sheet = _sheet(name, pa.table(columns), rows, ledger, read=len(rows))
    if top:
        ledger.note(sheet.file, f"its header is in row {top + 1}")
    return sheet


def _typed(cells: list[Any]) -> pa.Array:
    """Return a column of a sheet as what it holds, else as text."""
    import pyarrow as pa

    filled = [
        None if cell == "" or (isinstance(cell, str) and cell.strip() in NOTHING) else cell
        for cell in cells
    ]
    try:
        return pa.array(filled)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if cell is None else _written(cell) for cell in filled], pa.string())


def _written(cell: Any) -> str:
    """Write a cell of a mixed column as text."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _sheet(name: str, cells: pa.Table, rows: Any, ledger: Ledger, *, read: int) -> Sheet:
    """Leave out empty rows and columns, and open the file's account."""
    import pyarrow.compute as pc

    file = ledger.file(name, read)
    empty = np.ones(cells.num_rows, dtype=bool)
    for column in cells.columns:
        if not empty.any():
            break
        empty &= pc.is_null(column).to_numpy(zero_copy_only=False)
    if empty.any():
        last = len(rows) - int(np.argmin(empty[::-1])) if not empty.all() else 0
        ledger.say(file, "dropped", "empty row at the end", rows[last:])
        ledger.say(file, "dropped", "empty row", rows[:last][empty[:last]])
        cells, rows = cells.filter(~empty), rows[~empty]
    bare = [at for at in cells.column_names if cells[at].null_count == cells.num_rows]
    if bare and cells.num_rows:
        ledger.note(
            file,
            f"empty columns: {', '.join(bare[:5])}"
            + (f" and {len(bare) - 5} more" if len(bare) > 5 else ""),
            len(bare),
        )
        cells = cells.drop_columns(bare)
    return Sheet(file=file, name=name, cells=cells, rows=rows)
