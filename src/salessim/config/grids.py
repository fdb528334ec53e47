"""Sheets of rows: their columns found by the header, and what is wrong with the sheet as such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from salessim.config.places import Place
from salessim.config.sheets import NOTE, Column, SheetPlan
from salessim.config.words import found, nearest
from salessim.config.xlsx import Sheet, cell_name


@dataclass(frozen=True)
class Grid:
    """A sheet of rows.

    Attributes
    ----------
    plan : SheetPlan
        What its columns are.
    index : int
        Its position among the sheets of plans.
    sheet : Sheet
    at : dict
        Header -> position of the column.
    """

    plan: SheetPlan
    index: int
    sheet: Sheet
    at: Mapping[str, int]

    def place(self, row: int, column: Column | None = None) -> Place:
        """Return the place of a cell; of the first one of the row without a column."""
        at = self.at.get(column.header, 0) if column else 0
        return place_of(self.plan, self.index, row, at)

    def filled(self) -> Iterator[int]:
        """Yield the rows with anything in them beside the note; the header is row 0."""
        columns = [at for header, at in self.at.items() if header != NOTE]
        for row, cells in enumerate(self.sheet.rows):
            if row and any(cells[at] is not None or self._failed(row, at) for at in columns):
                yield row

    def has(self, column: Column) -> bool:
        """Say whether there is such a column."""
        return column.header in self.at

    def cell(self, row: int, column: Column) -> Any:
        """Return a value; None where the cell is empty or there is no such column."""
        return self.sheet.rows[row][self.at[column.header]] if column.header in self.at else None

    def failure(self, row: int, column: Column) -> str:
        """Return what is wrong with the formula of a cell; empty when nothing is."""
        return self._failed(row, self.at.get(column.header, -1))

    def _failed(self, row: int, at: int) -> str:
        return self.sheet.failed.get((row, at), "")


def place_of(plan: SheetPlan, index: int, row: int, column: int) -> Place:
    """Return the place of a cell at a row and column from 0."""
    return Place((index, row, column), f": {plan.name}!{cell_name(row, column)}")


def find_columns(plan: SheetPlan, index: int, sheet: Sheet, wrong: list[str]) -> Grid:
    """Find the columns of a sheet; what is wrong with it is added to ``wrong``, with its cell."""
    known = {_folded(column.header): column.header for column in plan.all_columns}
    headers = [column.header for column in plan.all_columns]
    at: dict[str, int] = {}
    said: list[tuple[tuple[int, int], str]] = [
        (first, f"merged with the cells up to {cell_name(*last)}; unmerge them and fill each")
        for first, last in sheet.merged
    ]
    for column, cell in enumerate(sheet.rows[0] if sheet.rows else ()):
        name = known.get(_folded(str(cell)))
        if name is not None and name not in at:
            at[name] = column
        elif cell is not None or any(row[column] is not None for row in sheet.rows):
            said.append(((0, column), _wrong_header(cell, headers, doubled=name in at)))
    if sheet.rows and not said:
        gone = [key.header for key in plan.keys if key.header not in at]
        said = [((0, 0), f"there is no column {found(h)}, which each row needs") for h in gone]
    wrong += [f"{place_of(plan, index, *cell).text}: {text}" for cell, text in said]
    return Grid(plan, index, sheet, at)


def _wrong_header(cell: Any, known: Sequence[str], *, doubled: bool) -> str:
    if cell is None:
        return "no header stands above this column; write it, or clear the column"
    if doubled:
        return f"the column {found(str(cell))} is there twice; take one out"
    hint = nearest(str(cell), known, named="known columns")
    return f"unknown column {found(str(cell))}; {hint}"


def _folded(header: str) -> str:
    """Return a header without what nobody sees in it: capitals, more than one space."""
    return " ".join(header.casefold().split())
