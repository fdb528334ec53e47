"""CSV as text: which mark separates its cells, which line a row is on, which rows are ragged."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from salessim.config.words import counted, rows_text

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "upright lines"}
"""What may stand between cells, and its name; the first is preferred."""
MOST_COLUMNS = 10_000
_UNQUOTED_LINE = re.compile(r'(?:"[^"]*+"|[^"\r\n]++)*+')
EMPTY = ["", "NULL", "null", "NaN", "nan"]
"""Texts that mean an empty cell."""


class TableError(Exception):
    """A data file that cannot be used: ``args`` are what is wrong with it."""


def separator_of(text: str) -> str:
    """Return the separator that the header holds most often outside quotes; a comma for none."""
    match = _UNQUOTED_LINE.match(text.lstrip("\r\n"))
    header = re.sub(r'"[^"]*+"', "", match[0] if match else "")
    return max(SEPARATORS, key=header.count)


def read_csv(
    name: str, text: str, separator: str
) -> tuple[dict[str, Sequence[Any]], Sequence[int]]:
    """Return the columns of a CSV text, as text, and the line of each row.

    Raises
    ------
    TableError
        Lines with too few or too many cells, a column that stands there twice, text that is no
        CSV.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    header = next((cells for _, cells in _records(name, text, separator) if cells), [])
    if len(header) > MOST_COLUMNS:
        raise TableError(f"{name} has {len(header):,} columns, more than {MOST_COLUMNS:,}")
    say_doubled(name, header)
    ragged: list[int] = []

    def refuse(row: Any) -> str:
        ragged.append(row.actual_columns)
        return "skip"

    content = text.encode()
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(content),
            # one thread and one block: rows stay in the file's order, and none is too long for it
            read_options=arrow_csv.ReadOptions(use_threads=False, block_size=len(content) + 1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                strings_can_be_null=True,
                null_values=EMPTY,
            ),
        )
    except pa.ArrowException as error:
        raise TableError(f"{name} is no readable CSV file: {first_line(error)}") from None
    if ragged:
        _say_ragged(name, text, separator, expected=len(header), found=ragged)
    columns = {column: table.column(column).to_pylist() for column in table.column_names}
    return columns, _LineNumbers(name, text, separator, table.num_rows)


def say_doubled(name: str, columns: Sequence[str]) -> None:
    """Raise TableError when a column stands there twice."""
    doubled = [column for column, times in Counter(columns).items() if times > 1]
    if doubled:
        raise TableError(f"{name}: the column `{doubled[0]}` stands there twice; rename one")


def _say_ragged(
    name: str, text: str, separator: str, *, expected: int, found: Sequence[int]
) -> None:
    """Raise TableError with the rows that have too few or too many cells."""
    records = list(_records(name, text, separator))
    lines = [line for line, cells in records if len(cells) not in (0, expected)]
    where = rows_text(lines, total=len(found)) if lines else counted(len(found), "row")
    least, most = min(found), max(found)
    mark = SEPARATORS[separator].removesuffix("s")
    cells = counted(most, "cell") if least == most else f"{least} to {most} cells"
    raise TableError(
        f"{name}: {where}: {cells} instead of {expected}; a quote or {mark} is missing?"
    )


class _LineNumbers(Sequence[int]):
    """Line of each row in a CSV text, counted when first asked: only errors need it."""

    def __init__(self, name: str, text: str, separator: str, rows: int) -> None:
        self._text = (name, text, separator)
        self._rows = rows
        self._lines: list[int] = []

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: Any) -> Any:
        if not self._lines:
            self._lines = [line for line, cells in _records(*self._text) if cells][1:]
        return self._lines[index]


def _records(name: str, text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (first line, cells) of each record; an empty line is a record without cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for row in reader:
            yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(
            f"{name}: row {line}: {error}; is the closing quote of a cell missing?"
        ) from None


def first_line(error: Exception) -> str:
    """Return the first line of an error's text."""
    return str(error).partition("\n")[0]
