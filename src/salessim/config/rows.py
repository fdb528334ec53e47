"""Rows of a workbook's sheets, read into the document of a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from salessim.config.cells import Quantity
from salessim.config.documents import get_key, key_parts, set_key
from salessim.config.grids import Grid
from salessim.config.places import Place, Wrong
from salessim.config.problems import Path, holds, value_at
from salessim.config.sheets import (
    CHOICES,
    FORECAST,
    LAW_KEYS,
    LAW_LISTS,
    MORE,
    SETTINGS,
    Column,
    Key,
    Position,
)
from salessim.config.words import found, nearest, path_text

NAMED_ELSEWHERE = {"Pipelines!A": "pipelines", "Sources!A": "sources"}
"""Names that rows of other sheets need: a row that names no such table says nothing."""
LAW_EXAMPLES = {
    "uniform": "two values such as 90 .. 270",
    "triangular": "three values such as 5 .. 20 .. 60",
    "pert": "three values such as 4 .. 12 .. 50",
}


@dataclass
class Rows:
    """Turns rows into a document, and remembers the cell of each key.

    Attributes
    ----------
    document : dict
    cells : dict
        Path -> place; of keys with an empty cell too.
    wrong : list of Wrong
        Cells that cannot be read; their keys hold what stands there.
    notes : dict
        Path of a row -> its note.
    """

    document: dict[str, Any] = field(default_factory=dict)
    cells: dict[Path, Place] = field(default_factory=dict)
    wrong: list[Wrong] = field(default_factory=list)
    notes: dict[Path, str] = field(default_factory=dict)
    _said: dict[Path, Place] = field(default_factory=dict)
    """Where keys and rows were said, to find what is said twice."""

    def read(self, grid: Grid) -> None:
        """Read the rows of a sheet."""
        read_row = {FORECAST: self._setting, MORE: self._more}.get(grid.plan.name, self._row)
        top = str(grid.plan.base[0]) if grid.plan.base else "forecast"
        if grid.plan.name != MORE:
            self.cells.setdefault((top,), grid.place(0))
        for row in grid.filled():
            read_row(grid, row)

    def set(self, path: Path, value: Any, place: Place) -> None:
        """Set a key; once."""
        if self._once(path, place):
            self._table(path[:-1], place)[path[-1]] = value
            self.cells[path] = place

    def _once(self, path: Path, place: Place) -> bool:
        """Say whether a key or row is the first of its path; else it is wrong."""
        first = self._said.setdefault(path, place)
        if first != place:
            where = first.text.removeprefix(": ")
            self._say(place, f"{path_text(path)} stands in {where} already; take one out")
        return first == place

    def _say(self, place: Place, text: str, path: Path = ()) -> None:
        self.wrong.append(Wrong(place, path, text))

    def _table(self, path: Path, place: Place) -> Any:
        """Return the table at a path; tables and lists on the way are made."""
        here: Any = self.document
        for depth, part in enumerate(path, start=1):
            self.cells.setdefault(path[:depth], place)
            if isinstance(part, int):
                if part == len(here):
                    here.append({})
                here = here[part]
            else:
                in_list = isinstance(path[depth], int) if depth < len(path) else False
                here = here.setdefault(part, [] if in_list else {})
        return here

    def _read(self, grid: Grid, row: int, column: Column, path: Path) -> Any:
        """Return what a cell says, None when it is empty; what cannot be read is wrong."""
        place, cell = grid.place(row, column), grid.cell(row, column)
        if failure := grid.failure(row, column):
            self._say(place, failure, path)
            return failure
        if cell is None:
            return None
        try:
            return column.kind.read(cell)
        except ValueError as error:
            self._say(place, str(error), path)
            return cell

    def _setting(self, grid: Grid, row: int) -> None:
        """Read a row of the sheet of settings."""
        (label,), (value,) = grid.plan.keys, grid.plan.columns
        text = self._read(grid, row, label, ())
        known = {setting.label.casefold(): setting for setting in SETTINGS}
        setting = known.get(str(text).casefold())
        if setting is None:
            names = [item.label for item in SETTINGS]
            what = "a value without a setting" if text is None else f"unknown setting {found(text)}"
            hint = nearest(str(text), names, named="known settings")
            self._say(grid.place(row, label), f"{what}; {hint}; other keys go to the sheet {MORE}")
            return
        place = grid.place(row, value)
        column = Column(header=value.header, help="", kind=setting.kind)
        self.cells.setdefault(setting.path, place)
        self.cells.setdefault(setting.path[:1], grid.place(0))
        read = self._read(grid, row, column, setting.path)
        if read is not None:
            self.set(setting.path, read, place)

    def _more(self, grid: Grid, row: int) -> None:
        """Read a row of the sheet of all other keys."""
        (key,), (value,) = grid.plan.keys, grid.plan.columns
        address, place = self._read(grid, row, key, ()), grid.place(row, value)
        if address is None:
            self._say(grid.place(row, key), "a value without a key, such as sources.web.rate")
            return
        try:
            path = self._free(str(address))
        except ValueError as error:
            self._say(grid.place(row, key), str(error))
            return
        for length in range(1, len(path) + 1):
            self.cells.setdefault(path[:length], place)
        read = self._read(grid, row, value, path)
        if read is None:
            self._say(place, "expected a value, found an empty cell", path)
        self._table(path[:-1], place)[path[-1]] = read

    def _free(self, address: str) -> Path:
        """Return the path of an address that nothing says yet, made in the document."""
        parts = key_parts(address)
        if parts == ["extends"]:
            raise ValueError("`extends` is a setting of the sheet Forecast: write it there")
        if get_key(self.document, parts) is not None:
            raise ValueError(f"{address} is said by another sheet already; take one out")
        return set_key(self.document, parts, None)

    def _row(self, grid: Grid, row: int) -> None:
        """Read a row that stands for a table, or for one value."""
        keys = self._keys(grid, row)
        if keys is None:
            return
        base = self._base(grid, row, keys)
        if base is None:
            return
        place = grid.place(row)
        if (note := grid.cell(row, grid.plan.all_columns[-1])) is not None:
            self.notes[base] = str(note)
        if grid.plan.is_entry and None not in keys:
            (column,) = grid.plan.columns
            value = self._read(grid, row, column, base)
            if value is None:
                self._say(grid.place(row, column), "expected a value, found an empty cell")
            self.set(base, value, grid.place(row, column))
        elif grid.plan.base[-1] is Position.NEXT or self._once(base, place):
            self._table(base, place)
            self.cells[base] = place
            for column in (*grid.plan.keys, *grid.plan.columns):
                self._column(grid, row, column, base, keys)
            self._season(grid, row, base)

    def _keys(self, grid: Grid, row: int) -> list[str | None] | None:
        """Return what the key columns say; None when one is not right, so that no row is meant."""
        keys: list[str | None] = []
        before = len(self.wrong)
        for at, column in enumerate(grid.plan.keys):
            many = len(self.wrong)
            key = self._read(grid, row, column, ())
            if len(self.wrong) > many:
                continue
            last = at + 1 == len(grid.plan.keys)
            if key is None and not (grid.plan.optional and last):
                self._say(grid.place(row, column), f"no {column.header.lower()} is named here")
            elif key is not None:
                key = key.isoformat() if isinstance(key, date) else str(key)
                self._check_named(grid.place(row, column), column, key)
            keys.append(key)
        return keys if len(self.wrong) == before else None

    def _check_named(self, place: Place, column: Column, key: str) -> None:
        """Refuse a name that no row of another sheet has; a plan below may have it."""
        sheet = column.choices.partition("!")[0]
        if column.choices in CHOICES:
            if key not in CHOICES[column.choices]:
                hint = nearest(key, CHOICES[column.choices])
                self._say(place, f"unknown {column.header.lower()} {found(key)}; {hint}")
        elif column.choices in NAMED_ELSEWHERE and "extends" not in self.document:
            known = self.document.get(NAMED_ELSEWHERE[column.choices], {})
            if key not in known:
                self._say(place, f"{found(key)} is not on the sheet {sheet}; {nearest(key, known)}")

    def _base(self, grid: Grid, row: int, keys: Sequence[str | None]) -> Path | None:
        """Return the path of what a row stands for."""
        if grid.plan.joined:
            keys = [".".join(map(str, keys))]
        path: list[str | int] = []
        for part in grid.plan.base:
            match part:
                case Key(column=column) if keys[column] is None:
                    # without the last key a row stands for the table above
                    return tuple(path[:1] if isinstance(grid.plan.base[-2], str) else path)
                case Key(column=column):
                    path.append(str(keys[column]))
                case Position.NEXT:
                    path.append(len(get_path(self.document, path)))
                case Position.NAMED:
                    names = [stage.get("name") for stage in get_path(self.document, path)]
                    if keys[1] not in names:
                        hint = nearest(str(keys[1]), [str(name) for name in names])
                        text = f"unknown stage {found(keys[1])} of {keys[0]}; {hint}"
                        self._say(grid.place(row, grid.plan.keys[1]), text)
                        return None
                    path.append(names.index(keys[1]))
                case str():
                    path.append(part)
        return tuple(path)

    def _column(
        self, grid: Grid, row: int, column: Column, base: Path, keys: Sequence[str | None]
    ) -> None:
        """Read a cell into the table of its row."""
        if column.law == "name":
            self._law(grid, row, column, base)
        if column.law or not column.path or column.path[0] == "season":
            return
        path = (*base, *column.path)
        if column.above:
            path = tuple(
                str(keys[p.column]) if isinstance(p, Key) else str(p) for p in column.above
            )
        place = grid.place(row, column)
        value = self._read(grid, row, column, path)
        if value is not None:
            self._table(path[:-1], place)[path[-1]] = value
        self._mark(grid, row, column, path)

    def _mark(self, grid: Grid, row: int, column: Column, path: Path) -> None:
        """Remember the cell of a key, and of the tables that hold it and have none yet."""
        if grid.has(column):
            for length in range(1, len(path)):
                self.cells.setdefault(path[:length], grid.place(row, column))
            self.cells[path] = grid.place(row, column)

    def _season(self, grid: Grid, row: int, base: Path) -> None:
        """Read the factors of the twelve months: all, or none."""
        months = [column for column in grid.plan.columns if column.path[:1] == ("season",)]
        factors = [self._read(grid, row, month, (*base, *month.path)) for month in months]
        for month in months:
            self._mark(grid, row, month, (*base, *month.path))
        empty = [month for month, factor in zip(months, factors, strict=True) if factor is None]
        if empty and len(empty) < len(months):
            names = ", ".join(month.header for month in empty)
            text = f"the season needs all twelve months, or none; fill in {names}"
            self._say(grid.place(row, empty[0]), text, (*base, "season"))
        elif months and not empty:
            self._table(base, grid.place(row))["season"] = factors

    def _law(self, grid: Grid, row: int, column: Column, base: Path) -> None:
        """Read the three cells of a law."""
        path = (*base, *column.path)
        trio = {c.law: c for c in grid.plan.columns if c.path == column.path and c.law}
        place = grid.place(row, column)
        self._mark(grid, row, column, path)
        law = self._read(grid, row, column, path)
        beside = [c for c in (trio["value"], trio["spread"]) if self._is_filled(grid, row, c)]
        name = law.casefold() if isinstance(law, str) else ""
        if law is None and beside:
            text = f"no law is named for what stands in {beside[0].header}; choose one of the list"
            self._say(place, text, path)
        elif name and name not in CHOICES["law"] and not grid.failure(row, column):
            hint = nearest(name, CHOICES["law"], named="laws")
            self._say(place, f"unknown law {found(law)}; {hint}; any other as TOML", path)
        elif name:
            law = self._named_law(grid, row, path, name, trio)
        elif beside:
            text = f"{column.header} says the whole law; clear this cell"
            self._say(grid.place(row, beside[0]), text, path)
        if law is not None:
            self._table(path[:-1], place)[path[-1]] = law

    def _is_filled(self, grid: Grid, row: int, column: Column) -> bool:
        return grid.cell(row, column) is not None or bool(grid.failure(row, column))

    def _named_law(
        self, grid: Grid, row: int, path: Path, name: str, trio: Mapping[str, Column]
    ) -> dict[str, Any]:
        """Return the law that a name and the two cells behind it say."""
        value, spread = trio["value"], trio["spread"]
        keys = LAW_KEYS.get(name, ())
        if len(keys) < 2 and self._is_filled(grid, row, spread):
            self._say(grid.place(row, spread), f"{name} has no spread; clear this cell", path)
        if keys:
            table = {}
            for key, column in zip(keys, (value, spread), strict=False):
                self._mark(grid, row, column, (*path, name, key))
                read = self._read(grid, row, column, (*path, name, key))
                if read is not None:
                    table[key] = read
            return {name: table}
        inside = (*path, name)
        self._mark(grid, row, value, inside)
        if name in LAW_LISTS and isinstance(value.kind, Quantity):
            value = replace(value, kind=replace(value.kind, lists=True))
        read = self._read(grid, row, value, inside)
        if read is None or (name in LAW_LISTS and not isinstance(read, list)):
            what = LAW_EXAMPLES.get(name, "a value")
            shown = "an empty cell" if read is None else found(read)
            self._say(grid.place(row, value), f"expected {what}, found {shown}", path)
        return {} if read is None else {name: read}


def get_path(document: Any, path: Sequence[str | int]) -> Any:
    """Return the list at a path; an empty one where there is none."""
    return value_at(document, path) if holds(document, path) else []
