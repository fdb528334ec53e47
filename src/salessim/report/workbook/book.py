"""A workbook being filled: tables with number formats, text that stays text, pages that print."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import quote_sheetname, xl_range_abs, xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from salessim._version import __version__
from salessim.charts.style import QUIET
from salessim.report.workbook.kinds import DAY, MONTH, TEXT, Kind, plain

CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  (Excel knows no zones)
"""In the place of a time of writing: the same run gives the same bytes."""
WIDEST, NARROWEST = 75.0, 9.0
LINE_HEIGHT = 15.0
ROWS_OF_A_PAGE = 55
OK, NOT_OK = "OK", "NOT OK"
"""What a check says."""
HEADER_FILL = "#DCE6F1"
MOST_IN_HEADING = 120
"""Of the title in the head of a printed page, which holds 255 characters in all."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key : str
        What charts and checks call it.
    title : str
    kind : Kind
    values : sequence
        One a row; None and NaN stay empty.
    formulas : sequence of str
        Live formulas that give `values`; empty = the values themselves are written.
    total : float, optional
        Of the last row, when the table has one.
    total_formula : str
        A live formula that gives `total`.
    group : str
        Written above the columns that share it.
    """

    key: str
    title: str
    kind: Kind
    values: Sequence[Any]
    formulas: Sequence[str] = ()
    total: Any = None
    total_formula: str = ""
    group: str = ""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where a table lies: what formulas and charts refer to.

    Attributes
    ----------
    sheet : str
    header, first, last : int
        Rows, from 0.
    total : int or None
        Row of the totals.
    columns : sequence of Column
    """

    sheet: str
    header: int
    first: int
    last: int
    total: int | None
    columns: Sequence[Column]

    def place(self, key: str) -> int:
        """Return the column of the sheet, from 0."""
        return next(at for at, column in enumerate(self.columns) if column.key == key)

    def column(self, key: str) -> Column:
        """Return what a column was written from."""
        return self.columns[self.place(key)]

    def cell(self, key: str, row: int) -> str:
        """Return the address of a value, rows from 0."""
        return self._address(xl_rowcol_to_cell(self.first + row, self.place(key)))

    def cells(self, key: str) -> str:
        """Return the address of a column without its total."""
        column = self.place(key)
        return self._address(xl_range_abs(self.first, column, self.last, column))

    def part(self, key: str, first: int, last: int) -> str:
        """Return the address of neighbouring values of a column, rows from 0."""
        at = self.place(key)
        return self._address(xl_range_abs(self.first + first, at, self.first + last, at))

    def row(self, first: str, last: str, row: int) -> str:
        """Return the address of neighbouring values of one row."""
        at = self.first + row
        return self._address(xl_range_abs(at, self.place(first), at, self.place(last)))

    def total_of(self, key: str) -> str:
        """Return the address of a total; ValueError when the table has none."""
        if self.total is None:
            raise ValueError(f"the table on {self.sheet} has no totals")
        return self._address(
            xl_rowcol_to_cell(self.total, self.place(key), row_abs=True, col_abs=True)
        )

    def chart(self, key: str) -> list[Any]:
        """Return a column as charts name it."""
        column = self.place(key)
        return [self.sheet, self.first, column, self.last, column]

    def name_of(self, key: str, row: int) -> list[Any]:
        """Return the cell of a value as charts name it, rows from 0."""
        return [self.sheet, self.first + row, self.place(key)]

    def name(self, key: str) -> list[Any]:
        """Return the cell of a column's title as charts name it."""
        return [self.sheet, self.header, self.place(key)]

    def _address(self, cells: str) -> str:
        return f"{quote_sheetname(self.sheet)}!{cells}"


class Book:
    """A workbook in memory.

    Parameters
    ----------
    title : str
        Of the run: in the properties and at the head of each printed page.
    names : sequence of str
        Of the sheets, in their order.
    """

    def __init__(self, title: str, names: Sequence[str]) -> None:
        self._content = BytesIO()
        # What people called things is never taken for a formula or a link.
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        self.file = Workbook(self._content, options)
        self.title = plain(title)
        self.file.set_properties(
            {
                "title": self.title,
                "created": CREATED,
                "comments": f"Made by salessim {__version__}",
            }
        )
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self.sheets = {name: Sheet(self, self.file.add_worksheet(name)) for name in names}

    def format(self, **properties: Any) -> Any:
        """Return a cell format, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self.file.add_format({"valign": "top", **properties})
        return self._formats[key]

    def content(self) -> bytes:
        """Close the workbook and return its bytes."""
        for sheet in self.sheets.values():
            sheet.finish()
        self.file.close()
        return self._content.getvalue()


class Sheet:
    """One sheet: what is written goes below what is there."""

    def __init__(self, book: Book, sheet: Worksheet) -> None:
        self.book = book
        self.sheet = sheet
        self.row = 0
        self._widths: dict[int, float] = {}
        self._wrapped: list[tuple[int, int, int]] = []  # long text: row, columns, length
        self._headers: list[tuple[int, list[str]]] = []
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
        heading = book.title[:MOST_IN_HEADING].replace("&", "&&")
        sheet.set_header(f"&L{heading}&R&A")
        sheet.set_footer(f"&Lsalessim {__version__}&RPage &P of &N")

    def heading(self, title: str, *notes: str) -> None:
        """Write what the sheet is, and what to know of it, at its top."""
        self.text(0, title, bold=True, font_size=14)
        self.row += 1
        for note in notes:
            self.text(0, note, font_color=QUIET)
            self.row += 1
        self.row += 1

    def section(self, title: str) -> None:
        """Write a heading within the sheet."""
        self.text(0, title, bold=True, font_size=12)
        self.row += 1

    def sentences(self, said: Sequence[str], *, columns: int, **look: Any) -> None:
        """Write sentences below each other, each wrapped over so many columns."""
        wrapped = self.book.format(text_wrap=True, **look)
        for sentence in said:
            self._wrapped.append((self.row, columns, len(sentence)))
            self.sheet.merge_range(self.row, 0, self.row, columns - 1, "", wrapped)
            self.sheet.write_string(self.row, 0, plain(sentence), wrapped)
            self.row += 1

    def text(self, column: int, text: str, **look: Any) -> None:
        """Write text into the current row, over its neighbours where they are empty."""
        self.sheet.write_string(self.row, column, plain(text), self.book.format(**look))

    def cell(self, column: int, value: Any, kind: Kind, *, formula: str = "", **look: Any) -> None:
        """Write a value into the current row; None and NaN stay empty, text stays text.

        With a formula, the value is what it gives.
        """
        self._write(self.row, column, value, kind, formula, look)

    def table(
        self,
        columns: Sequence[Column],
        *,
        total: str = "",
        freeze: int = 0,
    ) -> Placed:
        """Write a table.

        Parameters
        ----------
        columns : sequence of Column
            Of the same length.
        total : str
            What the row of the totals is called; empty = there is none.
        freeze : int
            So many columns stay in sight with the header, which is repeated on each printed page;
            0 = neither.
        """
        top = self.row
        if any(column.group for column in columns):
            self._groups(columns)
        header = self.row
        look = {"bold": True, "bg_color": HEADER_FILL, "bottom": 1, "text_wrap": True}
        for at, column in enumerate(columns):
            left = column.kind in (TEXT, DAY, MONTH)
            aside = {"align": "left", "indent": min(at, 1)} if left else {"align": "right"}
            shown = self.book.format(**aside, **look)
            self.sheet.write_string(header, at, plain(column.title), shown)
            beside = sum(other.group == column.group for other in columns)
            self._widen(at, max(_header_width(column.title), 1.2 * len(column.group) / beside))
        self._headers.append((header, [column.title for column in columns]))
        first, rows = header + 1, max((len(column.values) for column in columns), default=0)
        for at, column in enumerate(columns):
            for row, value in enumerate(column.values):
                formula = column.formulas[row] if column.formulas else ""
                self._write(first + row, at, value, column.kind, formula, {})
        self.row = first + rows
        if total:
            self._totals(columns, total)
        if freeze:
            self.sheet.freeze_panes(first, freeze)
            self.sheet.repeat_rows(top, header)
        self.row += 1
        return Placed(
            sheet=self.sheet.get_name(),
            header=header,
            first=first,
            last=first + max(rows, 1) - 1,
            total=first + rows if total else None,
            columns=tuple(columns),
        )

    def rows(
        self,
        titles: Sequence[tuple[str, Kind]],
        rows: Sequence[Sequence[tuple[Any, Kind]]],
        *,
        freeze: int = 0,
    ) -> None:
        """Write a table whose values differ in kind from row to row; see `table`."""
        columns = [Column(key=title, title=title, kind=kind, values=()) for title, kind in titles]
        self.table(columns, freeze=freeze)
        self.row -= 1
        for row in rows:
            for column, (value, kind) in enumerate(row):
                self.cell(column, value, kind)
            self.row += 1
        self.row += 1

    def address(self, row: int, column: int) -> str:
        """Return the address of a cell of this sheet, for formulas of any other."""
        cell = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
        return f"{quote_sheetname(self.sheet.get_name())}!{cell}"

    def coloured(self, first: int, last: int, column: int) -> None:
        """Show what agrees in green and what does not in red, in some rows of a column."""
        for text, colour in ((OK, "#C6EFCE"), (NOT_OK, "#FFC7CE")):
            look = self.book.file.add_format({"bg_color": colour})
            rule = {"type": "cell", "criteria": "==", "value": f'"{text}"', "format": look}
            self.sheet.conditional_format(first, column, last, column, rule)

    def finish(self) -> None:
        """Set what depends on all that was written: widths, heights, pages."""
        widths = {at: min(WIDEST, max(NARROWEST, wide)) for at, wide in self._widths.items()}
        for at, wide in widths.items():
            self.sheet.set_column(at, at, wide)
        for row, columns, length in self._wrapped:
            room = sum(widths.get(at, NARROWEST) for at in range(columns))
            self.sheet.set_row(row, LINE_HEIGHT * math.ceil(length / room) + 2.0)
        for row, titles in self._headers:
            lines = [math.ceil(1.2 * len(title) / widths[at]) for at, title in enumerate(titles)]
            self.sheet.set_row(row, LINE_HEIGHT * max(lines) + 1.0)
        # a few rows more than a page holds are made to fit it
        rows = self.sheet.dim_rowmax or 0
        self.sheet.fit_to_pages(1, 1 if 5 < rows < ROWS_OF_A_PAGE else 0)

    def _groups(self, columns: Sequence[Column]) -> None:
        """Write above columns what they have in common."""
        look = self.book.format(bold=True, align="left", bottom=1, bg_color=HEADER_FILL)
        last = None
        for at, column in enumerate(columns):
            new = column.group if column.group != last else ""
            self.sheet.write_string(self.row, at, plain(new), look)
            last = column.group
        self.row += 1

    def _totals(self, columns: Sequence[Column], name: str) -> None:
        look = {"bold": True, "top": 1}
        for at, column in enumerate(columns):
            value, kind = (name, TEXT) if at == 0 else (column.total, column.kind)
            self._write(self.row, at, value, kind, column.total_formula, look)
        self.row += 1

    def _write(
        self, row: int, column: int, value: Any, kind: Kind, formula: str, look: dict[str, Any]
    ) -> None:
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        shown = {"num_format": kind.code} if kind.code else {}
        # text beside the right-aligned numbers of the column before stands off them
        aside = {} if numeric else {"align": "left", "indent": min(column, 1)}
        cell = self.book.format(**aside, **shown, **look)
        missing = value is None or (numeric and not math.isfinite(value))
        if formula:
            self.sheet.write_formula(row, column, f"={formula}", cell, "" if missing else value)
        elif missing:
            self.sheet.write_blank(row, column, None, cell)
        elif numeric:
            self.sheet.write_number(row, column, value, cell)
        elif isinstance(value, date) and value.year >= 1900:  # Excel knows no day before
            self.sheet.write_datetime(row, column, value, cell)
        else:
            self.sheet.write_string(row, column, plain(str(value)), cell)
        self._widen(column, kind.width(value) + 2.0 if not missing else 0.0)

    def _widen(self, column: int, width: float) -> None:
        self._widths[column] = max(self._widths.get(column, 0.0), width)


def _header_width(title: str) -> float:
    """Return the width that lets a title stand on two lines, a long one on more."""
    words = max((len(word) for word in title.split()), default=0)
    return 1.15 * max(words, min(len(title) / 2.0, 16.0)) + 2.0
