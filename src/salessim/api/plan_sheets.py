"""A plan as rows of sheets: the way back of reading a plan from a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from salessim.config.cells import ANY, NUMBER, Cell, Quantity, inline
from salessim.config.documents import FORMS
from salessim.config.list_sheets import CUSTOMERS, SCENARIOS, SHEETS
from salessim.config.problems import Path, holds, value_at
from salessim.config.sheets import (
    CHOICES,
    FORECAST,
    LAW_KEYS,
    LAW_LISTS,
    MORE,
    NOTE,
    SETTINGS,
    Column,
    Key,
    Part,
    Position,
    SheetPlan,
)
from salessim.config.words import key_text

Row = dict[str, Cell]
"""Header -> cell; without those that are empty."""


def plan_sheets(
    document: Mapping[str, Any], comments: Mapping[Path, str] | None = None
) -> dict[str, list[Row]]:
    """Return the rows of the sheets that say a document.

    Parameters
    ----------
    document : mapping
        Of a plan, resolved.
    comments : mapping, optional
        What is said beside keys and tables: notes of the rows.

    Returns
    -------
    dict
        Sheet -> rows; what no column says is a row of the sheet More.
    """
    writer = _Writer(document, dict(comments or {}))
    rows = {FORECAST: writer.settings()}
    rows |= {sheet.name: writer.rows(sheet) for sheet in SHEETS}
    return rows | {MORE: list(writer.more(document, ()))}


@dataclass
class _Writer:
    """Makes rows of a document, and remembers which keys they say."""

    document: Mapping[str, Any]
    comments: dict[Path, str]
    """Those that no note has yet."""
    said: set[Path] = field(default_factory=set)
    """Keys that cells say as a whole."""
    tables: set[Path] = field(default_factory=lambda: {()})
    """Tables that rows stand for, and what holds what is said."""

    def settings(self) -> list[Row]:
        """Return a row for every setting; those that the plan does not have are empty."""
        rows = []
        for setting in SETTINGS:
            row: Row = {"Setting": setting.label, NOTE: setting.help}
            value = self._take(setting.path)
            if value is not None:
                row["Value"] = setting.kind.write(value)
            rows.append(row)
        return rows

    def rows(self, sheet: SheetPlan) -> list[Row]:
        """Return the rows of a sheet."""
        rows = [self._noted(sheet, keys, base) for keys, base in _found(sheet, self.document)]
        if sheet is CUSTOMERS:
            table = self.document.get("customers") or {}
            if any(column.path[0] in table for column in sheet.columns):
                rows.insert(0, self._noted(sheet, (None,), ("customers",)))
        if sheet is SCENARIOS:
            empty = [
                name for name, table in self.document.get("scenarios", {}).items() if table == {}
            ]
            rows += [self._noted(sheet, (name, None), ("scenarios", name)) for name in empty]
        return rows

    def more(self, value: Any, path: Path) -> Iterator[Row]:
        """Yield a row for each key that no other sheet says."""
        if path in self.said:
            return
        partly = path in self.tables
        if isinstance(value, Mapping) and (partly or not value.keys() <= FORMS):
            for key, item in value.items():
                yield from self.more(item, (*path, key))
        elif isinstance(value, list) and partly:
            for at, item in enumerate(value):
                yield from self.more(item, (*path, at))
        else:
            yield {"Key": self._address(path), "Value": ANY.write(value)}

    def _address(self, path: Path) -> str:
        """Return the address of a key as `--set` takes it; stages by name."""
        parts = []
        for at, part in enumerate(path):
            named = part if isinstance(part, str) else value_at(self.document, path[: at + 1])
            parts.append(key_text(named["name"] if isinstance(named, Mapping) else named))
        return ".".join(parts)

    def _mark(self, path: Path, *, whole: bool) -> None:
        """Remember that a cell says a key, or that a row stands for a table."""
        if whole:
            self.said.add(path)
        else:
            self.tables.add(path)
        self.tables.update(path[:length] for length in range(len(path)))

    def _take(self, path: Path) -> Any:
        """Return what stands at a path, which a cell then says; None where there is nothing."""
        if not holds(self.document, path):
            return None
        self._mark(path, whole=True)
        return value_at(self.document, path)

    def _noted(self, sheet: SheetPlan, keys: Sequence[str | None], base: Path) -> Row:
        """Return the row of a value or table, with what is said beside it and beside its keys."""
        row = self._row(sheet, keys, base)
        titles = {
            (*base, *c.path): c.header.removesuffix(" law")
            for c in reversed(sheet.columns)
            if c.header in row and c.path[:1] != ("season",)
        }
        words = []
        for path in list(self.comments):
            beside = [title for key, title in titles.items() if _nested(key, path)]
            if path == base[: len(path)] and len(path) > 1:
                words.append(self.comments.pop(path))
            elif beside and path[: len(base)] == base:
                title = "" if sheet.is_entry else f"{beside[-1]}: "
                words.append(title + self.comments.pop(path))
        return row | {NOTE: "; ".join(words)} if words else row

    def _row(self, sheet: SheetPlan, keys: Sequence[str | None], base: Path) -> Row:
        """Return the row of a value or table."""
        if sheet.joined:
            keys = str(keys[0]).partition(".")[::2]
        named = zip(sheet.keys, keys, strict=True)
        row: Row = {column.header: key for column, key in named if key is not None}
        if sheet.is_entry and None not in keys:
            (column,) = sheet.columns
            return row | {column.header: column.kind.write(self._take(base))}
        self._mark(base, whole=False)
        for column in (*sheet.keys, *sheet.columns):
            path = (*base, *column.path)
            if column.above:
                of_row = [keys[p.column] if isinstance(p, Key) else p for p in column.above]
                path = tuple(str(part) for part in of_row)
            if column.law == "name":
                row |= self._law(sheet, column, path)
            elif column.path and not column.law and column.path[0] != "season":
                value = self._take(path)
                if value is not None:
                    row[column.header] = column.kind.write(value)
        return row | self._season(sheet, base)

    def _season(self, sheet: SheetPlan, base: Path) -> Row:
        """Return the factors of the twelve months; a row for them is whole or not there."""
        months = [column for column in sheet.columns if column.path[:1] == ("season",)]
        factors = value_at(self.document, base).get("season") if months else None
        if not isinstance(factors, list) or len(factors) != len(months):
            return {}
        self._mark((*base, "season"), whole=True)
        return {
            month.header: month.kind.write(factor)
            for month, factor in zip(months, factors, strict=True)
        }

    def _law(self, sheet: SheetPlan, column: Column, path: Path) -> Row:
        """Return the cells of a law: three, or one that says it all."""
        law = self._take(path)
        if law is None:
            return {}
        trio = [c for c in sheet.columns if c.path == column.path and c.law]
        kind = trio[1].kind
        ((name, inside), *_) = law.items()
        keys = LAW_KEYS.get(name, ())
        cells: list[Cell] = [inline(law)]
        if name == "fixed":
            cells = [name, kind.write(inside)]
        elif keys and isinstance(inside, Mapping) and sorted(inside) == sorted(keys):
            kinds = (kind, NUMBER)
            cells = [name, *(k.write(inside[key]) for key, k in zip(keys, kinds, strict=False))]
        elif name in LAW_LISTS and isinstance(inside, list) and isinstance(kind, Quantity):
            cells = [name, replace(kind, lists=True).write(inside)]
        return {c.header: cell for c, cell in zip(trio, cells, strict=False)}


def _nested(one: Path, other: Path) -> bool:
    """Say whether one key holds the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _found(
    sheet: SheetPlan, document: Mapping[str, Any]
) -> Iterator[tuple[Sequence[str | None], Path]]:
    """Yield what rows of a sheet stand for: what the key columns say, and the path."""
    many = 1 if sheet.joined else len(sheet.keys)
    for keys, path in _below(sheet, document, sheet.base):
        yield [keys.get(at) for at in range(many)], path


def _below(
    sheet: SheetPlan, node: Any, base: Sequence[Part]
) -> Iterator[tuple[dict[int, str], Path]]:
    """Yield the keys and paths of rows within a part of a document."""
    if not base:
        yield {}, ()
        return
    part, *rest = base
    names: list[Any] = list(range(len(node))) if isinstance(part, Position) else list(node)
    if isinstance(part, str):
        names = [part] if part in node else []
    elif isinstance(part, Key) and (choices := CHOICES.get(sheet.keys[part.column].choices)):
        names = [name for name in node if name in choices]
    for name in names:
        for keys, path in _below(sheet, node[name], rest):
            if isinstance(part, Key):
                keys[part.column] = name
            elif part is Position.NAMED:
                keys[1] = node[name]["name"]
            yield keys, (name, *path)
