"""Data files that plans name: CSV (plain or gzipped) and Parquet, read column by column.

CSV is read as text and Parquet by its own types; whatever is wrong with a cell is said with the
file's row (CSV: line of the file, the header is line 1; Parquet: rows from 1).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path as FilePath
from typing import Any

from salessim.config.documents import read_bytes
from salessim.config.problems import PlanError
from salessim.config.units import LARGEST_AMOUNT
from salessim.config.words import SHOWN_ROWS, nearest, nearest_of, rows_text

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_SLASHED = re.compile(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}.*")


class TableError(Exception):
    """A data file that cannot be used: ``args`` are what is wrong with it."""


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
    rows : tuple of int
        The file's row number of each cell.
    """

    name: str
    sha256: str
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]


def read_table(path: FilePath) -> DataTable:
    """Read a data file.

    Raises
    ------
    TableError
        When the file is missing, unreadable, not UTF-8, ragged, without rows, or of an unknown
        kind.
    """
    try:
        content = read_bytes(path, what="a data file")
    except PlanError as error:
        raise TableError(str(error)) from None
    sha256 = hashlib.sha256(content).hexdigest()
    if not content:
        raise TableError(f"{path.name} is empty; expected a header and rows")
    if content.startswith(b"PAR1"):
        columns, rows = _parquet(path.name, content)
    else:
        columns, rows = _csv(path.name, content)
    if not rows:
        raise TableError(f"{path.name} has a header and no rows; take it out of the plan")
    return DataTable(path.name, sha256, columns, rows)


def _parquet(name: str, content: bytes) -> tuple[dict[str, Sequence[Any]], Sequence[int]]:
    """Read a Parquet file; time stamps become datetimes without help from pandas."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{name} is no readable Parquet file: {_first_line(error)}") from None
    columns = {}
    for column, values in zip(table.column_names, table.columns, strict=True):
        kind = values.type
        if pa.types.is_timestamp(kind):
            values = values.cast(pa.timestamp("us", kind.tz), safe=False)  # noqa: PLW2901
        columns[column] = values.to_pylist()
    return columns, range(1, table.num_rows + 1)


def _csv(name: str, content: bytes) -> tuple[dict[str, Sequence[Any]], Sequence[int]]:
    """Read a CSV file as text; lines with too few or too many cells are an error."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    text = _text(name, content)
    header = next((row for row in csv.reader(io.StringIO(text)) if row), [])
    doubled = [column for column, times in Counter(header).items() if times > 1]
    if doubled:
        raise TableError(f"{name}: the column `{doubled[0]}` stands there twice; rename one")
    if len(header) == 1 and (mark := re.search(r"[;\t|]", header[0])):
        shown = {"\t": "tabs"}.get(mark[0], f'"{mark[0]}"')
        raise TableError(f"{name}: its cells are separated by {shown}; save it with commas")
    ragged: list[str] = []

    def refuse(row: Any) -> str:
        ragged.append(f"{row.actual_columns} cells instead of {row.expected_columns}")
        return "skip"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            # one thread and one block: rows stay in the file's order
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                strings_can_be_null=True,
                null_values=["", "NULL", "null", "NaN", "nan"],
            ),
        )
    except pa.ArrowException as error:
        raise TableError(f"{name} is no readable CSV file: {_first_line(error)}") from None
    if ragged:
        lines = _ragged_lines(text, len(header))
        raise TableError(f"{name}: {rows_text(lines)}: {ragged[0]}; a quote or comma is missing?")
    columns = {column: table.column(column).to_pylist() for column in table.column_names}
    return columns, _LineNumbers(text, table.num_rows)


class _LineNumbers(Sequence[int]):
    """Line of each row in a CSV text, counted when first asked: only errors need it."""

    def __init__(self, text: str, rows: int) -> None:
        self._text = text
        self._rows = rows
        self._lines: list[int] = []

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: Any) -> Any:
        if not self._lines:
            self._lines = [line for line, cells in _records(self._text) if cells][1:]
        return self._lines[index]


def _records(text: str) -> list[tuple[int, int]]:
    """Return (first line, cells) of each record; an empty line is a record without cells."""
    reader = csv.reader(io.StringIO(text))
    records, line = [], 1
    for row in reader:
        records.append((line, len(row)))
        line = reader.line_num + 1
    return records


def _ragged_lines(text: str, expected: int) -> list[int]:
    return [line for line, cells in _records(text) if cells not in (0, expected)]


def _text(name: str, content: bytes) -> str:
    """Unpack and decode; say the line where it is not UTF-8."""
    if content.startswith(b"\x1f\x8b"):
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise TableError(f"{name} cannot be unpacked: {error}") from None
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise TableError(f"{name} is a spreadsheet; save it as CSV (UTF-8) or Parquet")
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


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


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
