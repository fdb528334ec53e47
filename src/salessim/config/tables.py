"""Data files that plans name: CSV (plain or gzipped), Parquet, sheets; read column by column.

CSV is read as text, Parquet and sheets by their own types; whatever is wrong with a cell is said
with the file's row (CSV and sheets: the header is row 1; Parquet: rows from 1).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Any

from salessim.config.csv_text import (
    EMPTY,
    SEPARATORS,
    TableError,
    first_line,
    read_csv,
    say_doubled,
    separator_of,
)
from salessim.config.files import read_bytes, too_much
from salessim.config.problems import PlanError
from salessim.config.units import LARGEST_AMOUNT
from salessim.config.words import SHOWN_ROWS, found, nearest, nearest_of, rows_text
from salessim.config.xlsx import LARGEST_WORKBOOK, Workbook, WorkbookError, cell_name

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_SLASHED = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}.*")
_SHEET = re.compile(r"(.+\.xls[xm])#(.+)", re.IGNORECASE)
"""A sheet of a workbook as a data file: ``crm.xlsx#Deals``."""
GZIP = b"\x1f\x8b"
_KINDS = {".gz": (GZIP, "gzip"), ".parquet": (b"PAR1", "Parquet"), ".pq": (b"PAR1", "Parquet")}
"""Endings of names -> how such a file begins, and what it is called."""
LARGEST_FILE = 256_000_000
"""Bytes, unpacked; its cells take some ten times as much."""
MOST_ROWS = 10_000_000


@dataclass(frozen=True)
class DataTable:
    """Columns of a data file, all of one length.

    Attributes
    ----------
    name : str
        The file's name, for messages.
    sha256 : str
    columns : dict
        Column name -> cells: text (CSV) or Python values (Parquet); None where empty.
    rows : sequence of int
        The file's row number of each cell.
    notes : tuple of str
        How it was read, where that was guessed.
    """

    name: str
    sha256: str
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]
    notes: tuple[str, ...] = ()


def read_table(path: FilePath) -> DataTable:
    """Read a data file.

    Raises
    ------
    TableError
        When the file is missing, unreadable, too large, not what its name says, not UTF-8,
        ragged, without rows, or of an unknown kind.
    """
    if sheet := _SHEET.fullmatch(path.name):
        return _read_sheet(path.with_name(sheet[1]), sheet[2])
    try:
        content = read_bytes(path, what="a data file", most=LARGEST_FILE)
    except PlanError as error:
        raise TableError(str(error)) from None
    sha256 = hashlib.sha256(content).hexdigest()
    if not content:
        raise TableError(f"{path.name} is empty; expected a header and rows")
    for ending, (start, kind) in _KINDS.items():
        if path.name.lower().endswith(ending) and not content.startswith(start):
            raise TableError(
                f"{path.name} is no {kind} file: it begins with {_beginning(content)}; "
                "write it again, or name it after what it is"
            )
    notes: tuple[str, ...] = ()
    if content.startswith(b"PAR1"):
        columns, rows = _parquet(path.name, content)
    else:
        text = _text(path.name, content)
        separator = separator_of(text)
        columns, rows = read_csv(path.name, text, separator)
        if separator != ",":
            notes = (f"{path.name}: its cells are separated by {SEPARATORS[separator]}",)
    if not rows:
        raise TableError(f"{path.name} has a header and no rows; take it out of the plan")
    return DataTable(path.name, sha256, columns, rows, notes)


def _read_sheet(path: FilePath, name: str) -> DataTable:
    """Read a sheet of a workbook: a header, and rows of which empty ones are passed over."""
    try:
        content = read_bytes(path, what="a workbook", most=LARGEST_WORKBOOK)
        book = Workbook(content)
        if name not in book.names:
            hint = nearest(name, book.names, named="its sheets")
            raise TableError(f"{path.name} has no sheet {found(name)}; {hint}")
        sheet = book.sheet(name)
    except PlanError as error:
        raise TableError(str(error)) from None
    except WorkbookError as error:
        raise TableError(f"{path.name} {error}") from None
    label = f"{path.name}#{name}"
    if sheet.failed:
        cells = sorted(sheet.failed.items())
        raise TableError(*(f"{label}: {cell_name(*at)}: {text}" for at, text in cells[:SHOWN_ROWS]))
    if sheet.merged:
        raise TableError(f"{label}: {cell_name(*sheet.merged[0][0])}: merged cells; unmerge them")
    header, *below = sheet.rows or [[]]
    rows = [at for at, row in enumerate(below) if any(cell is not None for cell in row)]
    if not rows:
        raise TableError(f"{label} has no rows below its header; take it out of the plan")
    named = [(at, str(cell)) for at, cell in enumerate(header) if cell is not None]
    say_doubled(label, [column for _, column in named])
    columns = {column: [below[row][at] for row in rows] for at, column in named}
    # of its cells, not of the file: what else is in the workbook may change
    sha256 = hashlib.sha256(repr([named, rows, columns]).encode()).hexdigest()
    return DataTable(label, sha256, columns, [row + 2 for row in rows])


def _beginning(content: bytes) -> str:
    """Show the first bytes of a file, as text where they are."""
    return f'"{repr(content[:12])[2:-1]}"'


def _parquet(name: str, content: bytes) -> tuple[dict[str, Sequence[Any]], Sequence[int]]:
    """Read a Parquet file; time stamps become datetimes without help from pandas."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Sequence[Any]] = {}
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        many = file.metadata.num_rows
        if many > MOST_ROWS:
            raise TableError(
                f"{name} has {many:,} rows, more than {MOST_ROWS:,}; take the ones out that no "
                "plan needs"
            )
        table = file.read()
        say_doubled(name, table.column_names)
        for column, values in zip(table.column_names, table.columns, strict=True):
            kind = values.type
            if pa.types.is_timestamp(kind):
                values = values.cast(pa.timestamp("us", kind.tz), safe=False)  # noqa: PLW2901
            cells = values.to_pylist()
            text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
            columns[column] = [None if c in EMPTY else c for c in cells] if text else cells
    # a damaged file may hold texts that are none and days that no calendar has
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        raise TableError(f"{name} is no readable Parquet file: {first_line(error)}") from None
    return columns, range(1, table.num_rows + 1)


def _text(name: str, content: bytes) -> str:
    """Unpack and decode; say the line where it is not UTF-8."""
    if content.startswith(GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                content = file.read(LARGEST_FILE + 1)  # a small file may unpack to a very large one
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"{name} cannot be unpacked: {error}") from None
        if len(content) > LARGEST_FILE:
            raise TableError(f"{name} unpacks to {too_much(LARGEST_FILE)}")
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(
            f'{name} is a spreadsheet; name its sheet, as in file = "NAME.xlsx#Sheet1", or save it '
            "as CSV (UTF-8) or Parquet"
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = f"0x{content[error.start]:02x}"
        raise TableError(
            f"{name}: row {line}: expected UTF-8 text, found the byte {byte}; save it as UTF-8"
        ) from None
    if not text.strip():
        raise TableError(f"{name} is empty; expected a header and rows")
    if "\0" in text:
        raise TableError(f"{name} holds zero bytes: it is neither CSV, CSV.gz nor Parquet")
    return text


def pick_column(table: DataTable, asked: str | None, default: str) -> tuple[str, Sequence[Any]]:
    """Return a column by the name asked for, or the default one (empty when there is none).

    Raises
    ------
    TableError
        When the column asked for does not exist.
    """
    name = asked or default
    if name in table.columns:
        return name, table.columns[name]
    if asked is None:
        return name, ()
    remedy = nearest(name, table.columns, named="columns")
    raise TableError(f"{table.name} has no column `{name}`; {remedy}")


def say_which(table: DataTable, role: str) -> str:
    """Say that the column a plan did not name is not there, and how to name it."""
    near = (nearest_of(role, table.columns) or ["..."])[0]
    known = ", ".join(f"`{column}`" for column in table.columns)
    return (
        f"{table.name} has no column `{role}`; say which it is: "
        f'columns = {{ {role} = "{near}" }}; columns: {known}'
    )


def does_without(table: DataTable, role: str, meaning: str) -> str:
    """Say that a column a plan can do without is not there, what follows, and which it may be."""
    # Only a column that carries the word: `account` is near `amount`, and is never it.
    near = [column for column in table.columns if role in column.casefold()]
    hint = f'; if `{near[0]}` is it, say columns = {{ {role} = "{near[0]}" }}' if near else ""
    return f"{table.name}: no column for {role}: {meaning}{hint}"


def parse_cells(
    table: DataTable,
    column: str,
    parse: Callable[[Any], Any],
    keep: Sequence[int],
    problems: list[str],
) -> list[Any]:
    """Parse the kept cells of a column; what cannot be parsed is one problem with its rows.

    Parameters
    ----------
    parse : callable
        Raises ValueError with what was expected; None stays None.
    keep : sequence of int
        Positions of the cells.
    problems : list of str
        Extended by at most one line for each kind of mistake.
    """
    cells = table.columns[column]
    values: list[Any] = []
    wrong: dict[str, list[int]] = {}
    for position in keep:
        try:
            values.append(None if cells[position] is None else parse(cells[position]))
        except ValueError as error:
            values.append(None)
            wrong.setdefault(str(error), []).append(position)
    for reason, positions in wrong.items():
        shown = f'"{cells[positions[0]]}"'
        problems.append(
            f"{table.name}: {rows_at(table, positions)}: {column}: {reason}, found {shown}"
        )
    return values


def rows_at(table: DataTable, positions: Sequence[int]) -> str:
    """Name the rows at some positions."""
    shown = [table.rows[position] for position in positions[:SHOWN_ROWS]]
    return rows_text(shown, total=len(positions))


def day_parser(date_format: str | None) -> Callable[[Any], date]:
    """Return a function that reads a day; a time of day is dropped."""

    def parse(cell: Any) -> date:
        if isinstance(cell, datetime):
            return cell.date()
        if isinstance(cell, date):
            return cell
        text = str(cell).strip()
        if date_format:
            try:
                return datetime.strptime(text, date_format).date()  # noqa: DTZ007 - a day
            except ValueError:
                raise ValueError(f'expected a date like "{date_format}"') from None
        if _ISO.fullmatch(text):
            try:
                return datetime.fromisoformat(text).date()
            except ValueError:
                raise ValueError("expected a date that exists, such as 2027-01-31") from None
        hint = ' or say date_format = "%d/%m/%Y" or "%m/%d/%Y"' if _SLASHED.fullmatch(text) else ""
        raise ValueError(f"expected a date such as 2027-01-31{hint}")

    return parse


def amount_cell(cell: Any) -> float:
    """Read an amount of money, >= 0 and up to 1e12."""
    try:
        number = float(cell)
    except (TypeError, ValueError):
        raise ValueError("expected a plain number such as 1200.50") from None
    if math.isnan(number) and not isinstance(cell, str):
        return number
    if not 0.0 <= number <= LARGEST_AMOUNT:
        raise ValueError("expected an amount from 0 to 1e12")
    return number
