"""A plan as a workbook to be filled in: what `load_plan` reads again, drawn with xlsxwriter."""

from __future__ import annotations

import contextlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim.api.plan_sheets import Row, plan_sheets
from salessim.config import Plan
from salessim.config.cells import DAY, GROWTH, SHARE, Cell, is_kept, number_text
from salessim.config.list_sheets import SHEETS
from salessim.config.sheets import (
    ABOUT,
    CHOICES,
    CUSTOMER_LIST,
    DEAL_LIST,
    FORECAST,
    FORECAST_SHEET,
    LISTS,
    MORE_SHEET,
    NOTE,
    SETTINGS,
    Column,
    SheetPlan,
)
from salessim.config.tables import DataTable, read_table
from salessim.errors import SalessimError

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

LONGEST_CELL = 32_767
"""Characters; Excel's own limit."""
MOST_LISTED = 200_000
"""Rows of a list that are put into the workbook; of a longer one its file is named."""
FREE_ROWS = 200
"""Rows with drop-down lists below the last one that is filled."""
ABOUT_WIDTH = 72.0
PAGE = 100.0
"""Characters of a line across a page."""
LINE = 15.0
"""Height of a line in points."""
MADE = datetime(2000, 1, 1)  # noqa: DTZ001  (of no place)
"""What the file says of when it was made: the same plan gives the same bytes."""
ABOUT_LINES = """\
This workbook is a plan for salessim: how deals move, where they come from, who buys already.
Change what is blue, a sheet at a time, save, and run it: salessim run {name}
All mistakes at once, each with its sheet and cell: salessim validate {name}
One row is one thing: a pipeline, a stage, a source, a change of a scenario. Empty rows and the \
column Note are not read. Columns may stand in any order; those that are not needed may go.
Point at a header to read what the column is, its unit, and an example.
A number that is not known for sure is said by its ends: 58 .. 84 lies below 58 one time in twenty \
and above 84 one time in twenty. Every simulated future draws it anew.
Durations are days, or texts with a unit: 2 weeks, 3 months. Shares are 0.4 or 40%.
Formulas are fine: their last saved values are read. Sheets whose names begin with _ are your own.
The sheets Customer list and Deal list hold one row per customer and per open deal. Paste exports \
there; say on the sheet More which column is what (customers.columns.since, \
open_deals.columns.stage, ...) and on the sheet Deal stages which stage is which.
What has no column of its own goes to the sheet More, by the key that it has in a plan file.
""".splitlines()
LIST_COLUMNS = {
    CUSTOMER_LIST: ("customer_id", "since"),
    DEAL_LIST: ("id", "stage", "entered", "amount"),
}
LIST_HELP = {
    CUSTOMER_LIST: "One row per customer: an id, and since when. Other columns may stay",
    DEAL_LIST: "One row per open deal: an id, its stage, when it entered the stage, its amount if "
    "known. Other columns may stay",
}


def save_plan_workbook(plan: Plan, path: str | Path) -> Path:
    """Write a plan as a workbook that loads again as the same plan.

    Lists of customers and open deals become sheets of it; other data files are named by absolute
    paths. The same plan gives the same bytes.

    Parameters
    ----------
    plan : Plan
    path : str or Path
        Ends in ``.xlsx``; must not exist.

    Returns
    -------
    Path
        The workbook.

    Raises
    ------
    SalessimError
        The file exists, its name has another ending, it cannot be written, or a value of the plan
        is too long for a cell.
    """
    path = Path(path)
    if path.suffix.lower() != ".xlsx":
        raise SalessimError(f"{path}: expected a name that ends in .xlsx")
    if path.exists() or path.is_symlink():
        raise SalessimError(f"{path} exists and is not overwritten; name another file")
    document = tomllib.loads(plan.to_toml())  # data files by absolute paths
    lists = {name: table for name in LISTS if (table := _listed(document, name))}
    for name in lists:
        del document[LISTS[name]]["file"]
    rows = plan_sheets(document, plan.comments)
    _check_lengths(path, rows)
    try:
        _draw(path, rows, lists)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SalessimError(f"{path} cannot be written: {error.strerror or error}") from error
    return path


def _listed(document: Mapping[str, Any], name: str) -> DataTable | None:
    """Return the list that becomes a sheet; None when there is none, or it is too long."""
    file = document.get(LISTS[name], {}).get("file")
    table = read_table(Path(file)) if file else None
    return table if table and len(table.rows) <= MOST_LISTED else None


def _check_lengths(path: Path, sheets: Mapping[str, Sequence[Row]]) -> None:
    for name, rows in sheets.items():
        for row in rows:
            for header, cell in row.items():
                if isinstance(cell, str) and len(cell) > LONGEST_CELL:
                    raise SalessimError(
                        f"{path}: {header} on the sheet {name} would have {len(cell):,} "
                        f"characters, more than the {LONGEST_CELL:,} of a cell; put the values "
                        "into a file, and name that"
                    )


def _draw(path: Path, rows: Mapping[str, Sequence[Row]], lists: Mapping[str, DataTable]) -> None:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    book = xlsxwriter.Workbook(path, {"strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": "A plan for salessim", "created": MADE})
    styles = _Styles.of(book)
    _draw_about(book.add_worksheet(ABOUT), path.name, styles)
    for sheet in (FORECAST_SHEET, *SHEETS, MORE_SHEET):
        _draw_sheet(book.add_worksheet(sheet.name), sheet, rows[sheet.name], styles)
        if sheet.name == "Deal stages":
            for name in LISTS:
                _draw_list(book.add_worksheet(name), name, lists.get(name), styles)
    try:
        book.close()
    except FileCreateError as error:  # of no use to who catches an OSError
        raise OSError(str(error)) from error


@dataclass(frozen=True, kw_only=True)
class _Styles:
    """Formats of cells. What is typed in is blue, as finance has it."""

    title: Format
    text: Format
    header: Format
    key_header: Format
    note: Format
    plain: Format
    whole: Format
    percent: Format
    part: Format
    day: Format

    @classmethod
    def of(cls, book: Workbook) -> _Styles:
        """Make them in a workbook."""
        blue, grey = "#1F3FBF", "#5F6368"
        cell = {"font_color": blue, "valign": "top", "align": "left", "text_wrap": True}
        head = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
        make = book.add_format
        return cls(
            title=make({"bold": True, "font_size": 16}),
            text=make({"text_wrap": True, "valign": "top"}),
            header=make({**head, "bg_color": "#E8EEF7"}),
            key_header=make({**head, "bg_color": "#C9D7EE"}),
            note=make({"font_color": grey, "text_wrap": True, "valign": "top"}),
            plain=make(cell),
            whole=make({**cell, "num_format": "#,##0"}),
            percent=make({**cell, "num_format": "0%"}),
            part=make({**cell, "num_format": "0.0##%"}),
            day=make({**cell, "num_format": "yyyy-mm-dd"}),
        )

    def of_cell(self, column: Column, cell: Cell) -> Format:
        """Return the format of a value in a column."""
        match cell:
            case bool() | str():
                return self.plain
            case date():
                return self.day
            case int() | float() if column.kind in (SHARE, GROWTH):
                return self.percent if round(100.0 * cell, 9).is_integer() else self.part
            case int() | float() if abs(cell) >= 1000 and float(cell).is_integer():
                return self.whole
        return self.day if cell is None and column.kind is DAY else self.plain


def _draw_about(sheet: Worksheet, name: str, styles: _Styles) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, ABOUT_WIDTH)
    sheet.write_string(0, 0, "A plan for salessim", styles.title)
    for row, line in enumerate(ABOUT_LINES, start=2):
        text = line.format(name=name)
        sheet.set_row(row, _height([(text, ABOUT_WIDTH)]) + LINE / 3)
        sheet.write_string(row, 0, text, styles.text)
    _print_set_up(sheet, width=ABOUT_WIDTH)


def _draw_sheet(sheet: Worksheet, plan: SheetPlan, rows: Sequence[Row], styles: _Styles) -> None:
    """Draw a sheet: its header with comments, its rows, drop-down lists, what is printed."""
    columns = plan.all_columns
    sheet.set_row(0, 2 * LINE)
    for at, column in enumerate(columns):
        key = at < len(plan.keys)
        sheet.set_column(at, at, column.width)
        sheet.write_string(0, at, column.header, styles.key_header if key else styles.header)
        sheet.write_comment(0, at, column.help, {"x_scale": 2.2, "y_scale": 1.8})
        if column.choices:
            last = len(rows) + FREE_ROWS
            sheet.data_validation(1, at, last, at, _choices(column.choices, column.header))
    for row, cells in enumerate(rows, start=1):
        shown = [(str(cells.get(column.header) or ""), column.width) for column in columns]
        sheet.set_row(row, _height(shown))
        for at, column in enumerate(columns):
            cell = cells.get(column.header)
            label = column.header == NOTE or (plan.name == FORECAST and at < len(plan.keys))
            _write(sheet, row, at, cell, styles.note if label else styles.of_cell(column, cell))
    if plan is FORECAST_SHEET:
        for row, setting in enumerate(SETTINGS, start=1):
            if setting.choices:
                sheet.data_validation(row, 1, row, 1, _choices(setting.choices, setting.label))
    sheet.freeze_panes(1, max(1, len(plan.keys)))
    _print_set_up(sheet, width=sum(column.width for column in columns), keys=len(plan.keys))
    sheet.repeat_rows(0)


def _height(cells: Sequence[tuple[str, float]]) -> float:
    """Return the height of a row by the longest of its texts in columns of some widths."""
    lines = max(math.ceil(len(text) / width) for text, width in cells)
    return LINE * max(1, lines)


def _draw_list(sheet: Worksheet, name: str, table: DataTable | None, styles: _Styles) -> None:
    """Draw a list as it is: one row for each customer or deal."""
    columns = table.columns if table else dict.fromkeys(LIST_COLUMNS[name], ())
    for at, (header, cells) in enumerate(columns.items()):
        sheet.set_column(at, at, 18)
        sheet.write_string(0, at, header, styles.header)
        for row, cell in enumerate(cells, start=1):
            value = _typed(cell)
            style = styles.day if isinstance(value, date) else styles.plain
            _write(sheet, row, at, value, style)
    sheet.write_comment(0, 0, LIST_HELP[name], {"x_scale": 2.2})
    sheet.freeze_panes(1, 0)
    _print_set_up(sheet, width=PAGE)
    sheet.repeat_rows(0)


def _typed(cell: Any) -> Cell:
    """Return what a text of a CSV file says, where the same text comes back of it."""
    if not isinstance(cell, str):
        return cell.date() if isinstance(cell, datetime) else cell
    with contextlib.suppress(ValueError):
        if (day := date.fromisoformat(cell)).isoformat() == cell:
            return day
    with contextlib.suppress(ValueError):
        number = float(cell)
        if math.isfinite(number) and number_text(number) == cell and is_kept(number):
            return number
    return cell


def _write(sheet: Worksheet, row: int, at: int, cell: Cell, style: Format | None) -> None:
    """Write a value by its type: a text that looks like a formula stays a text."""
    match cell:
        case None:
            return
        case str():
            sheet.write_string(row, at, cell, style)
        case bool():
            sheet.write_boolean(row, at, cell, style)
        case date():
            sheet.write_datetime(row, at, cell, style)
        case _:
            sheet.write_number(row, at, cell, style)


def _choices(choices: str, title: str) -> dict[str, Any]:
    """Return a drop-down list; other values are let through where the plan may say them in TOML."""
    source: Any = list(CHOICES.get(choices, ()))
    if not source:
        name, _, letter = choices.partition("!")
        source = f"={name}!${letter}$2:${letter}${FREE_ROWS + 2}"
    return {
        "validate": "list",
        "source": source,
        "error_type": "warning",
        "error_title": title[:32],
        "error_message": "This is not in the list. Keep it anyway?",
    }


def _print_set_up(sheet: Worksheet, *, width: float, keys: int = 0) -> None:
    """Print on as many pages as the columns need to stay readable, the key columns on each."""
    sheet.set_paper(9)
    pages = max(1, round(width / (1.6 * PAGE)))
    sheet.fit_to_pages(pages, 0)
    if pages > 1:
        sheet.repeat_columns(0, keys - 1)
    if width > PAGE:
        sheet.set_landscape()
    sheet.set_footer("&L&F&C&A&RPage &P of &N")
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
