"""Cells of a plan in a workbook: what their values say in the plan, and the other way round.

A cell holds a number, a date or a text as people type them; ``a .. b`` says an uncertain number
by its ends (p05, p95), and any value of a plan in TOML may stand in a cell too, such as
``{ beta = [91, 111] }``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol, TypeAlias

from salessim.config import units
from salessim.config.toml_text import TomlError, read_toml
from salessim.config.words import found, key_text

Cell: TypeAlias = str | float | bool | date | None
"""What is written into a workbook."""
BETWEEN = " .. "
_INTERVAL = re.compile(r"[+-]?[\d.].*?\.\.\s*[+-]?[\d.].*")
_NUMBER = re.compile(r"([+-]?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(.*)")
_LIKE_NUMBER = re.compile(r"[+-]?[\d., '_]*\d[\d., '_]*(?:[eE][+-]?\d+)?")
_LONG_NUMBER = re.compile(r"-?(?=(?:\D*\d){16})\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
"""A number with more digits than a spreadsheet keeps: it stands there as a text."""
_CURLY_QUOTES = str.maketrans("\u201c\u201d\u201e\u2018\u2019", '"""\'\'')
"""Some programs put them where straight ones were typed."""


class Kind(Protocol):
    """How the cells of a column are read and written."""

    def read(self, cell: Any, /) -> Any:
        """Return what a cell that is not empty says; ValueError says what is wrong with it."""

    def write(self, value: Any, /) -> Cell:
        """Return a cell that reads as the value."""


@dataclass(frozen=True)
class Plain:
    """Cells that hold no quantity."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Cell]


def inline(value: Any) -> str:
    """Return a value of a plan as TOML on one line."""
    import tomlkit

    match value:
        case Mapping():
            inside = ", ".join(f"{key_text(key)} = {inline(item)}" for key, item in value.items())
            return f"{{ {inside} }}" if inside else "{}"
        case list() | tuple():
            return f"[{', '.join(map(inline, value))}]"
        case str():
            return str(tomlkit.string(value).as_string())
    return str(tomlkit.item(value).as_string())


def read_inline(text: str) -> Any:
    """Return the value that a text says in TOML; ValueError when it is none."""
    straight = text.translate(_CURLY_QUOTES)
    try:
        table = read_toml(f"value = {straight}")
    except TomlError as error:
        said = str(error).removeprefix("not TOML: ").partition("; found:")[0]
        raise ValueError(
            f"expected a value such as {{ p05 = 0.4, p95 = 0.6 }}, found {found(text)}: {said}"
        ) from None
    if len(table) > 1:
        raise ValueError(f"expected one value, found {found(text)}")
    return table["value"]


def _is_inline(cell: Any) -> bool:
    return isinstance(cell, str) and cell.startswith(("{", "["))


def number_text(number: float) -> str:
    """Return a number as TOML and texts with a unit take it; whole ones without a fraction."""
    whole = isinstance(number, float) and number.is_integer() and abs(number) < 1e15
    return str(int(number)) if whole else repr(number)


def split_parts(text: str) -> list[str]:
    """Return the parts of ``a .. b``; a unit behind the last one is that of all."""
    parts = [part.strip() for part in text.split("..")]
    last = _NUMBER.fullmatch(parts[-1])
    unit = last[2] if last else ""
    space = "" if unit.startswith("%") else " "
    whole = []
    for part in parts:
        bare = _NUMBER.fullmatch(part)
        lacks = bare is not None and unit != bare[2] and unit.startswith(bare[2])
        whole.append(f"{bare[1]}{space}{unit}" if bare and lacks else part)
    return whole


@dataclass(frozen=True)
class Quantity:
    """Cells with a number, known or uncertain.

    Attributes
    ----------
    unit : str
        Of a bare number; empty for none. With a leading ``%`` the number 0.01 is one percent.
    parse : callable
        What a known value means, to find the shortest cell that means the same.
    percent : bool
        Whether ``50%`` is written as the number 0.5, which the cell shows as percent.
    lists : bool
        Whether ``a .. b .. c`` is a list, not the ends of an uncertain number.
    """

    unit: str
    parse: Callable[[Any], Any]
    percent: bool = False
    lists: bool = False

    def read(self, cell: Any, /) -> Any:
        """Return the value: a bare number with its unit; what is no number as it is."""
        _refuse_time(cell)
        if isinstance(cell, bool) or not isinstance(cell, int | float | str):
            return cell
        if not isinstance(cell, str):
            return self._bare(cell)
        if _is_inline(cell):
            return read_inline(cell)
        if _INTERVAL.fullmatch(cell):
            parts = [self._part(text) for text in split_parts(cell)]
            return parts if self.lists else _ends(parts, cell)
        if _LONG_NUMBER.fullmatch(cell):
            return self._part(cell)
        if _LIKE_NUMBER.fullmatch(cell):
            raise ValueError(
                f'expected a number, found the text "{cell}"; '
                "format the cell as a number and type it again"
            )
        return cell

    def write(self, value: Any, /) -> Cell:
        """Return the shortest cell that means the value."""
        cell = self._short(value)
        if cell is not None and self._means(self.read(cell), value):
            return cell
        return _as_is(value)

    def _bare(self, number: float) -> Any:
        if self.unit.startswith("%"):
            # 0.07 is 7%, and 100 times that is not 7 to the last digit
            number = float(f"{100.0 * number:.12g}")
            return f"{number_text(number)}{self.unit}"
        return f"{number_text(number)} {self.unit}" if self.unit else number

    def _part(self, text: str) -> Any:
        try:
            number = read_inline(text)
        except ValueError:
            return text
        return self._bare(number) if isinstance(number, int | float) else text

    def _means(self, read: Any, value: Any) -> bool:
        """Say whether what was read of a cell means a value."""
        if read == value:
            return True
        if isinstance(value, Mapping | list):
            return False
        try:
            return bool(self.parse(read) == self.parse(value))
        except ValueError:
            return False

    def _short(self, value: Any) -> Cell:
        """Return a cell that may say a value in a shorter way than TOML; None for none."""
        if isinstance(value, list) and value:
            return _interval(value, self.unit)
        if isinstance(value, Mapping):
            return _interval(list(value.values()), self.unit) if _is_interval(value) else None
        match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return None
        number = float(match[1].replace("_", ""))
        if match[2].startswith("%"):
            number = number / 100.0 if self.percent else math.nan
        return number if is_kept(number) else None


def _ends(parts: list[Any], cell: str) -> dict[str, Any]:
    if len(parts) != 2:
        raise ValueError(f'expected two ends such as 58 .. 84, found "{cell}"')
    return {"p05": parts[0], "p95": parts[1]}


def _refuse_time(cell: Any) -> None:
    """Refuse dates and times where a number belongs: spreadsheets make them of what is typed."""
    if isinstance(cell, date | time | timedelta):
        shown = found(cell) if isinstance(cell, date) else f"the time {cell}"
        raise ValueError(  # noqa: TRY004  (what is wrong with a cell is a ValueError)
            f"expected a number, found {shown}; format the cell as a number (or as text) and type "
            "it again"
        )


def _is_interval(value: Mapping[str, Any]) -> bool:
    return list(value) == ["p05", "p95"]


def _interval(values: list[Any], unit: str) -> str:
    """Return ``a .. b``, the unit of all said once, or not at all where the column says it."""
    if not all(isinstance(value, int | float | str) for value in values):
        return ""
    texts = [value if isinstance(value, str) else number_text(value) for value in values]
    matches = [_NUMBER.fullmatch(text) for text in texts]
    rests = {match[2] if match else text for match, text in zip(matches, texts, strict=True)}
    if len(rests) != 1 or None in matches:
        return BETWEEN.join(texts)
    rest = rests.pop()
    numbers = [match[1] for match in matches if match]
    if rest == unit:
        return BETWEEN.join(numbers)
    return BETWEEN.join([*numbers[:-1], texts[-1]])


def _read_text(cell: Any) -> Any:
    """Read a name; a number is one too."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return number_text(cell)
    if not isinstance(cell, str):
        shown = found(cell) if isinstance(cell, date | bool) else f"the time {cell}"
        raise ValueError(  # noqa: TRY004  (what is wrong with a cell is a ValueError)
            f"expected a text, found {shown}; format the cell as text and type it again"
        )
    return cell


def _read_span(cell: Any) -> Any:
    """Read the span of a target; spreadsheets make a date of a typed 2027-03."""
    if isinstance(cell, date) and not isinstance(cell, datetime) and cell.day == 1:
        return f"{cell:%Y-%m}"
    return _read_text(cell)


def _read_day(cell: Any) -> Any:
    if isinstance(cell, bool | int | float | time | timedelta):
        raise ValueError(  # noqa: TRY004  (what is wrong with a cell is a ValueError)
            f"expected a date, found {found(cell)}; format the cell as a date"
        )
    if not isinstance(cell, str):
        return cell
    try:
        return units.parse_key_date(cell)
    except ValueError:
        raise ValueError(
            f'expected a date, found the text "{cell}"; format the cell as a date and type it '
            "again, or type it as year-month-day: 2027-01-31"
        ) from None


def _read_any(cell: Any) -> Any:
    """Read any value: an interval, TOML, or what is none as a text."""
    if isinstance(cell, time | timedelta):
        _refuse_time(cell)
    if not isinstance(cell, str):
        return cell
    if _is_inline(cell):
        return read_inline(cell)
    if _INTERVAL.fullmatch(cell):
        return _ends([_read_any(part) for part in split_parts(cell)], cell)
    try:
        return read_inline(cell)
    except ValueError:
        return cell


def _write_any(value: Any) -> Cell:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, bool | int | float):
        return _as_is(value)
    if isinstance(value, Mapping) and _is_interval(value):
        short = _interval(list(value.values()), "")
        if _read_any(short) == value:
            return short
    plain = isinstance(value, str) and value == value.strip() and _read_any(value) == value
    return value if plain else inline(value)


def _as_is(value: Any) -> Cell:
    if isinstance(value, int | float) and not is_kept(value):
        return number_text(value)
    return value if isinstance(value, str | int | float | date) else inline(value)


def is_kept(number: float) -> bool:
    """Say whether a workbook keeps all digits of a number."""
    return float(f"{number:.15G}") == number


TEXT = Plain(_read_text, _as_is)
SPAN = Plain(_read_span, _as_is)
DAY = Plain(_read_day, _as_is)
ANY = Plain(_read_any, _write_any)
NUMBER = Quantity("", units.parse_number)
SHARE = Quantity("", units.parse_probability, percent=True)
DAYS = Quantity("days", units.parse_duration)
MONTHS = Quantity("months", units.parse_span)
PER_MONTH = Quantity("per month", units.parse_rate)
GROWTH = Quantity("% per month", units.parse_growth, percent=True)
