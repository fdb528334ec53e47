"""Cells as text, times, amounts and truth values, with a finding for every one that is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.errors import SalessimError
from salessim.fit.reading.ledger import FILE, ROW, Ledger
from salessim.fit.reading.money import parse_money
from salessim.fit.reading.recognise import Recognised, cells_as_text
from salessim.fit.reading.times import NOT_A_TIME, Column, day_is_first, take_apart
from salessim.fit.told import Told

if TYPE_CHECKING:
    import pandas as pd

_TIMES = {
    "moves": ("at", "created"),
    "properties": ("at", "created"),
    "wide": ("created", "closed", "won_at", "lost_at"),
    "list": ("created", "closed", "won_at", "lost_at"),
    "orders": ("date",),
    "subscriptions": ("start", "end"),
}
"""Kind of a table -> its keys that are times."""
EARLIEST = np.datetime64("1950-01-01", "us")
"""Systems write 0001-01-01 or 1900-01-01 for no date; no sale on record is as old."""
_DAY_FIRST = {"dmy": True, "dd-mm": True, "mdy": False, "mm-dd": False}
_TRUE = ("true", "1", "yes", "y", "t", "1.0")


class Cells:
    """Reads the columns of all tables, so that one decision on dates serves them all."""

    def __init__(self, tables: Sequence[Recognised], said: Told, ledger: Ledger) -> None:
        self._ledger = ledger
        self._said = said
        self._parts: dict[tuple[int, str], Column] = {}
        for table in tables:
            names = [table.roles[key] for key in _TIMES.get(table.kind, ()) if table.has(key)]
            for name in [*names, *table.entered]:
                self._parts[table.sheet.file, name] = take_apart(table.sheet.cells.column(name))
        self._day_first = self._decide(tables)

    def frame(self, table: Recognised) -> pd.DataFrame:
        """Return a table with file and row numbers, for the columns to come."""
        import pandas as pd

        return pd.DataFrame({FILE: table.sheet.file, ROW: table.sheet.rows})

    def text(self, table: Recognised, key: str) -> Any:
        """Return a column as text; None where empty."""
        import pandas as pd

        return pd.Series(cells_as_text(table.cells(key)).to_pandas(), dtype="str")

    def truth(self, table: Recognised, key: str) -> Any:
        """Return a column as truth values; False where empty."""
        return self.text(table, key).str.lower().isin(_TRUE)

    def times(self, table: Recognised, column: str) -> Any:
        """Return a column as datetime64[us], NaT where it holds none; say what is none."""
        sheet, parts = table.sheet, self._parts[table.sheet.file, column]
        if parts.unread.any():
            first = cells_as_text(sheet.cells.column(column))[int(np.argmax(parts.unread))]
            self._ledger.say(
                sheet.file,
                "noted",
                f'{column}: no date: "{first}" and the like: taken as empty',
                sheet.rows[parts.unread],
            )
        if parts.zoned.any():
            some = not parts.zoned[~np.isnat(parts.first)].all()
            self._ledger.say(
                sheet.file,
                "repaired",
                f"{column}: a time with its zone: taken in UTC"
                + (", and so are those without" if some else ""),
                sheet.rows[parts.zoned],
            )
        times = parts.times(day_first=self._day_first[sheet.file])
        ancient = times < EARLIEST
        self._ledger.say(
            sheet.file,
            "noted",
            f"{column}: a date before {EARLIEST.astype('datetime64[Y]')}, which stands for none",
            sheet.rows[ancient],
        )
        return np.where(ancient, NOT_A_TIME, times)

    def money(self, table: Recognised, key: str) -> Any:
        """Return a column as float64, NaN where it holds no amount; say what is none."""
        sheet, column = table.sheet, table.roles[key]
        try:
            money = parse_money(table.cells(key), decimal=self._said.columns.get("decimal"))
        except ValueError as error:
            raise SalessimError(
                f"{sheet.name}: {column}: {error}; say which mark comes before the decimals: "
                "--map decimal=. or --map decimal=,"
            ) from None
        if money.unread.any():
            first = cells_as_text(table.cells(key))[int(np.argmax(money.unread))]
            self._ledger.say(
                sheet.file,
                "noted",
                f'{column}: no amount: "{first}" and the like: not known',
                sheet.rows[money.unread],
            )
        if len(money.currencies) > 1:
            names = ", ".join(money.currencies)
            self._ledger.note(
                sheet.file, f"{column}: several currencies ({names}): added as they are"
            )
        return money.numbers

    def _decide(self, tables: Sequence[Recognised]) -> dict[int, bool]:
        """Decide for each file whether days come before months."""
        given = self._said.columns.get("dates")
        if given is not None:
            if given.lower() not in _DAY_FIRST:
                raise SalessimError(f"{self._said.of_column('dates')}: expected DMY or MDY")
            return {table.sheet.file: _DAY_FIRST[given.lower()] for table in tables}
        decided: dict[int, bool | None] = {}
        problems = []
        for table in tables:
            mine = {
                name: part for (file, name), part in self._parts.items() if file == table.sheet.file
            }
            try:
                decided[table.sheet.file] = day_is_first(list(mine.values()))
            except ValueError as error:
                problems.append(
                    f"{table.sheet.name}: {', '.join(mine)}: {error}; write them in one style"
                )
        if problems:
            raise SalessimError(*problems)
        return self._settle(tables, decided)

    def _settle(
        self, tables: Sequence[Recognised], decided: Mapping[int, bool | None]
    ) -> dict[int, bool]:
        """Let files that decide speak for those that do not; else refuse."""
        matters = {file for (file, _), part in self._parts.items() if part.open}
        sure = {decided[file] for file in matters} - {None}
        open_ = [table for table in tables if decided[table.sheet.file] is None]
        if open_ and len(sure) != 1:
            raise SalessimError(*map(self._ambiguous, open_))
        for table in open_:
            self._ledger.note(
                table.sheet.file,
                f"dates are read with the {'day' if sure == {True} else 'month'} first, "
                "as in the other files",
            )
        return {
            file: which if which is not None else sure == {True} for file, which in decided.items()
        }

    def _ambiguous(self, table: Recognised) -> str:
        """Say that nothing decides how the dates of a file are written."""
        mine = (
            name
            for (file, name), part in self._parts.items()
            if file == table.sheet.file and part.open
        )
        return (
            f"{table.sheet.name}: {', '.join(mine)}: dates such as 03-04-2021 may have the day "
            "first or the month first, and nothing in the file decides it; say which: "
            "--map dates=DMY or --map dates=MDY"
        )
