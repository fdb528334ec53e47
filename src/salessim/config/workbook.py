"""A plan in a workbook, read into the document that a TOML file would give, with cells as lines.

What is wrong with the sheets as such (unknown sheets and columns, merged cells) is said at once;
what is wrong with single cells is said together with what the plan's schema and model find.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Any

from salessim.config.grids import find_columns
from salessim.config.list_sheets import SHEETS
from salessim.config.places import Cells, Place, Wrong
from salessim.config.problems import PlanError
from salessim.config.rows import Rows
from salessim.config.sheets import FORECAST_SHEET, LISTS, MORE_SHEET, UNREAD, UNREAD_START
from salessim.config.words import found, nearest
from salessim.config.xlsx import Workbook, WorkbookError

ORDER = (FORECAST_SHEET, *SHEETS, MORE_SHEET)
"""The sheets of a plan; settings first, for `extends`, and what may be said anywhere last."""
KNOWN = (*UNREAD, *(sheet.name for sheet in ORDER), *LISTS)


def read_workbook(path: FilePath, content: bytes) -> tuple[dict[str, Any], Cells, list[Wrong]]:
    """Read a plan in a workbook.

    Parameters
    ----------
    path : pathlib.Path
        For messages, and for the lists in it: they are data files of the plan.
    content : bytes

    Returns
    -------
    document : dict
        What a TOML file of the same plan says.
    cells : Cells
        Where each key stands.
    wrong : list of Wrong
        Cells that cannot be read.

    Raises
    ------
    PlanError
        It is no workbook, or its sheets are not those of a plan: all that is wrong with them.
    """
    try:
        book = Workbook(content)
        sheets = {name: book.sheet(name) for name in book.names if name in KNOWN}
    except WorkbookError as error:
        raise PlanError(f"{path} {error}") from None
    wrong = list(_unknown_sheets(book.names))
    grids = [
        find_columns(plan, index, sheets[plan.name], wrong)
        for index, plan in enumerate(ORDER)
        if plan.name in sheets
    ]
    if wrong:
        raise PlanError(*(f"{path}{text}" for text in wrong))
    rows = Rows()
    for grid in grids:
        rows.read(grid)
    for name, table in LISTS.items():
        listed = sheets[name].rows[1:] if name in sheets else []
        if any(cell is not None for row in listed for cell in row):
            place = Place((len(ORDER),), f": {name}!A1")
            rows.set((table, "file"), f"{path.name}#{name}", place)
    return rows.document, Cells(rows.cells, rows.notes), rows.wrong


def _unknown_sheets(names: Sequence[str]) -> Iterator[str]:
    """Say the sheets that no plan has; without any that one has, that it is no plan."""
    if not any(sheet.name in names for sheet in ORDER):
        yield (
            ": it holds no sheet of a plan (Forecast, Pipelines, Stages, ...); "
            "`salessim init --excel FILE.xlsx` writes one to begin with"
        )
        return
    for name in names:
        if name not in KNOWN and not name.startswith(UNREAD_START):
            hint = nearest(name, KNOWN, named="known sheets")
            yield (
                f": unknown sheet {found(name)}; {hint}; a sheet of your own begins with "
                f'"{UNREAD_START}": it is not read'
            )
