"""Deals in progress at the start: by count, or from a CRM export."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from salessim.config.csv_text import TableError
from salessim.config.schema import OpenDeals as OpenDealsTable
from salessim.config.tables import (
    DataTable,
    amount_cell,
    day_parser,
    does_without,
    parse_cells,
    pick_column,
    rows_at,
    say_which,
)
from salessim.config.words import counted, found, nearest
from salessim.model.plan import OpenDeals

IGNORE = "ignore"
_DOES_WITHOUT = {"entered": "all ages are 0", "amount": "all are drawn from their pipeline's law"}


@dataclass(frozen=True)
class Buyers:
    """Whether a win of an open deal makes a new customer, by pipeline."""

    default: str
    each: Mapping[str, str]

    @classmethod
    def of(cls, table: OpenDealsTable) -> Buyers:
        """Read `buyer`: one word for all, or a table by pipeline."""
        if isinstance(table.buyer, dict):
            return cls("new", table.buyer)
        return cls(table.buyer, {})

    def is_new(self, stage: str) -> bool:
        """Say it for a ``pipeline.stage``."""
        return self.each.get(stage.partition(".")[0], self.default) == "new"


def deals_by_count(table: OpenDealsTable) -> OpenDeals:
    """Make the deals of `count`; their ids are the stage and a number from 1."""
    buyers = Buyers.of(table)
    stages = [stage for stage, many in (table.count or {}).items() for _ in range(many)]
    numbers = (number for many in (table.count or {}).values() for number in range(1, many + 1))
    return OpenDeals(
        ids=tuple(f"{stage} {number}" for stage, number in zip(stages, numbers, strict=True)),
        stages=tuple(stages),
        age_days=np.full(len(stages), table.age or 0.0),
        amounts=np.full(len(stages), math.nan),
        buyer_is_new=np.array([buyers.is_new(stage) for stage in stages], dtype=np.bool_),
    )


class DealsReader:
    """Reads the open deals of one data file; gathers problems and notes."""

    def __init__(self, table: OpenDealsTable, data: DataTable, stages: Sequence[str]) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._table = table
        self._data = data
        self._stages = stages
        self._columns: dict[str, str] = {}

    def read(self, start: date) -> OpenDeals:
        """Return the deals open at the start.

        Raises
        ------
        TableError
            When anything is wrong with the file; `problems` is said by its ``args``.
        """
        self._pick_columns()
        if self.problems:
            raise TableError(*self.problems)
        target, ignored = self._targets()
        keep = [position for position, stage in enumerate(target) if stage]
        entered, closed = self._days("entered", keep), self._days("closed", keep)
        keep = self._as_of(start, keep, entered, closed, ignored)
        ids = self._ids(keep)
        amounts = self._amounts(keep)
        if self.problems:
            raise TableError(*self.problems)
        buyers = Buyers.of(self._table)
        ages = [float((start - entered[at]).days) if at in entered else 0.0 for at in keep]
        return OpenDeals(
            ids=tuple(ids),
            stages=tuple(target[position] for position in keep),
            age_days=np.array(ages, dtype=np.float64),
            amounts=amounts,
            buyer_is_new=np.array([buyers.is_new(target[at]) for at in keep], dtype=np.bool_),
        )

    def _pick_columns(self) -> None:
        """Find the columns; `id` and `stage` must be there."""
        for role in ("id", "stage", "entered", "amount", "closed"):
            asked = getattr(self._table.columns, role)
            if role == "closed" and asked is None:
                continue  # reading as of the start is asked for, never guessed
            try:
                name, cells = pick_column(self._data, asked, role)
            except TableError as error:
                self.problems.append(str(error))
                continue
            if cells:
                self._columns[role] = name
            elif role in ("id", "stage"):
                self.problems.append(say_which(self._data, role))

    def _targets(self) -> tuple[list[str], Counter[str]]:
        """Return each row's ``pipeline.stage`` (empty = ignored) and count the ignored."""
        cells = ["" if cell is None else str(cell) for cell in self._cells("stage")]
        ignored: Counter[str] = Counter()
        targets: dict[str, str] = {}
        for value, many in Counter(cells).items():
            target = self._table.stages.get(value, value)
            if target == IGNORE:
                ignored[value] = many
                targets[value] = ""
            elif target in self._stages:
                targets[value] = target
            else:
                # no more is said about these rows: they may be none of ours
                targets[value] = ""
                self._say_unknown(value, many)
        return [targets[cell] for cell in cells], ignored

    def _say_unknown(self, value: str, many: int) -> None:
        """Say a stage value that is not mapped; a wrong target is said where it was written."""
        if value in self._table.stages:
            return
        choices = [*self._table.stages, *self._stages]
        # a CRM says the stage, the plan says its pipeline too
        bare = {stage.partition(".")[2].casefold(): stage for stage in self._stages}
        meant = bare.get(value.strip().casefold(), value)
        self.problems.append(
            f"{self._data.name}: {counted(many, 'row')} with the stage {found(value)}, "
            f"which is not mapped; "
            f"{nearest(meant, choices, named='stages')}; "
            f'or add it: stages = {{ "{value}" = "pipeline.stage" or "{IGNORE}" }}'
        )

    def _days(self, role: str, keep: Sequence[int]) -> dict[int, date]:
        """Return the day of each kept row that has one, by position."""
        if role not in self._columns:
            return {}
        parse = day_parser(self._table.date_format)
        days = parse_cells(self._data, self._columns[role], parse, keep, self.problems)
        return {at: day for at, day in zip(keep, days, strict=True) if day is not None}

    def _as_of(
        self,
        start: date,
        keep: Sequence[int],
        entered: Mapping[int, date],
        closed: Mapping[int, date],
        ignored: Counter[str],
    ) -> list[int]:
        """Drop what was closed before the start or entered later; say what cannot be."""
        many = f"{self._data.name}: {counted(len(self._data.rows), 'row')} read"
        if ignored:
            parts = ", ".join(f"{value} {count:,}" for value, count in ignored.items())
            many += f", {ignored.total():,} ignored ({parts})"
        for role, meaning in _DOES_WITHOUT.items():
            if role not in self._columns:
                self.notes.append(does_without(self._data, role, meaning))
        late = [at for at in keep if at in entered and entered[at] >= start]
        if "closed" in self._columns:
            gone = {at for at in keep if at in closed and closed[at] < start}
            later = set(late) - gone
            many += f", {len(gone):,} closed before {start}, {len(later):,} entered later"
            keep = [at for at in keep if at not in gone and at not in later]
        elif late:
            self.problems.append(
                f"{self._data.name}: {rows_at(self._data, late)}: "
                f"{self._columns['entered']} is not before the start ({start}); map the closing "
                'date (columns = { closed = "..." }) to read the file as of the start, '
                "or take the rows out"
            )
        if "entered" in self._columns:
            self._say_empty("entered", keep)
        self.notes.append(f"{many}, {len(keep):,} open")
        return list(keep)

    def _ids(self, keep: Sequence[int]) -> list[str]:
        """Return the ids of the kept rows; each must be there and be the only one."""
        self._say_empty("id", keep)
        cells = self._cells("id")
        ids = ["" if cells[position] is None else str(cells[position]) for position in keep]
        say_doubles(self._data, self._columns["id"], ids, keep, self.problems)
        return ids

    def _amounts(self, keep: Sequence[int]) -> Any:
        if "amount" not in self._columns:
            return np.full(len(keep), math.nan)
        cells = parse_cells(self._data, self._columns["amount"], amount_cell, keep, self.problems)
        return np.array([math.nan if cell is None else cell for cell in cells], dtype=np.float64)

    def _cells(self, role: str) -> Sequence[Any]:
        return self._data.columns[self._columns[role]]

    def _say_empty(self, role: str, keep: Sequence[int]) -> None:
        say_empty(self._data, self._columns[role], keep, self.problems)


def say_empty(data: DataTable, column: str, keep: Sequence[int], problems: list[str]) -> None:
    """Add a problem that names the kept rows whose cell is empty."""
    cells = data.columns[column]
    empty = [at for at in keep if cells[at] is None]
    if empty:
        problems.append(
            f"{data.name}: {rows_at(data, empty)}: {column} is empty; fill it in or take the "
            f"{'row' if len(empty) == 1 else 'rows'} out"
        )


def say_doubles(
    data: DataTable, column: str, ids: Sequence[str], keep: Sequence[int], problems: list[str]
) -> None:
    """Add a problem that names the rows whose id was there before."""
    seen: set[str] = set()
    doubles = []
    for position, name in zip(keep, ids, strict=True):
        if name and name in seen:
            doubles.append(position)
        seen.add(name)
    if doubles:
        first = f'"{data.columns[column][doubles[0]]}"'
        problems.append(
            f"{data.name}: {rows_at(data, doubles)}: {column} is a duplicate (the first: {first}); "
            "each id stands once"
        )
