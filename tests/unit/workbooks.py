"""Small plans in workbooks for tests: written cell by cell, then spoiled."""

from __future__ import annotations

import copy
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from salessim.config import PlanError, load_plan

SHEETS: dict[str, list[list[Any]]] = {
    "Forecast": [
        ["Setting", "Value"],
        ["Start", date(2027, 1, 1)],
        ["Horizon (months)", 12],
        ["Trajectories", 40],
        ["Seed", 7],
    ],
    "Pipelines": [
        ["Pipeline", "Amount law", "Amount", "Amount spread"],
        ["new", "fixed", 100, None],
    ],
    "Stages": [
        ["Pipeline", "Stage", "Conversion", "Cycle time law", "Cycle time (days)"],
        ["new", "first", 0.5, "fixed", 10],
        ["new", "second", 0.4, None, None],
    ],
    "Sources": [
        ["Source", "Kind", "Pipeline", "Rate (per month)", "Note"],
        ["web", "external", "new", 30, "as last year"],
    ],
}
"""The plan `SMALL` of `plan_files`, with a number of trajectories and a seed."""


class Formula(str):
    """A formula with the value that was saved of it, ``=1/0 -> #DIV/0!``."""

    __slots__ = ()


def write_book(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = xlsxwriter.Workbook(path)
    book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001  (the same bytes always)
    clock = book.add_format({"num_format": "hh:mm"})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                match cell:
                    case Formula():
                        formula, _, value = cell.partition(" -> ")
                        sheet.write_formula(row, column, formula, None, value)
                    case date() | datetime():
                        sheet.write_datetime(row, column, cell, day)
                    case time():
                        sheet.write_datetime(row, column, cell, clock)
                    case str():
                        sheet.write_string(row, column, cell)
                    case _:
                        sheet.write(row, column, cell)
    book.close()
    return path


def spoiled(*cells: tuple[str, str, Any], **sheets: list[list[Any]]) -> dict[str, list[list[Any]]]:
    """The small plan with other values in some cells, such as ("Stages", "C2", 2), and sheets."""
    book = copy.deepcopy(SHEETS) | sheets
    for name, address, value in cells:
        rows = book[name]
        row, column = int(address[1:]) - 1, ord(address[0]) - ord("A")
        while len(rows) <= row:
            rows.append([])
        rows[row] += [None] * (column + 1 - len(rows[row]))
        rows[row][column] = value
    return book


def book_problems(folder: Path, sheets: dict[str, list[list[Any]]]) -> list[str]:
    """The problems of a plan in a workbook, from the file's name on."""
    path = write_book(folder / "plan.xlsx", sheets)
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert all(problem.startswith(f"{folder}/") for problem in caught.value.problems)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]
