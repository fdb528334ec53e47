"""Dates and times in the styles of real exports, read column by column.

A column is taken apart once; whether 03-04-2021 is in March or in April is then decided by all
columns of the exports together.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.reading.money import single_spaced

if TYPE_CHECKING:
    import pyarrow as pa

_CLOCK = (
    r"(?:(?:T|,?\s+)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?$"
)
_STYLES = {
    "iso": r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})" + _CLOCK,
    "bare": r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})" + _CLOCK,
    "dotted": r"^(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4}|\d{2})" + _CLOCK,
    "digits": r"^(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4}|\d{2})" + _CLOCK,
    "day name": r"^(?:[A-Za-z]{3,9},?\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?[-\s./]+"
    r"(?P<name>[A-Za-z]{3,9})\.?,?[-\s./]+(?P<year>\d{4}|\d{2})" + _CLOCK,
    "name day": r"^(?:[A-Za-z]{3,9},\s+)?(?P<name>[A-Za-z]{3,9})\.?\s+(?P<day>\d{1,2})"
    r"(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})" + _CLOCK,
    "epoch": r"^(?P<epoch>\d{10}|\d{13})$",
}
"""Name of a style -> what a text of it looks like."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
NOT_A_TIME = np.datetime64("NaT", "us")


@dataclass(frozen=True)
class Column:
    """A column of times, taken apart.

    Attributes
    ----------
    first, second : ndarray of datetime64[us]
        The times when the month, or the day, is written first; NaT where there is none. They
        differ only in the style 03-04-2021.
    zoned : ndarray of bool
        Texts with a time zone: their times are in UTC.
    unread : ndarray of bool
        Texts that are no time in any style.
    """

    first: Any
    second: Any
    zoned: Any
    unread: Any

    @property
    def open(self) -> bool:
        """Say whether it matters for any text which of month and day is written first."""
        return bool((self.first != self.second)[~(self._none(0) & self._none(1))].any())

    def months_first(self) -> int:
        """Count texts that can only have the month first: the day above 12."""
        return int((self._none(1) & ~self._none(0)).sum())

    def days_first(self) -> int:
        """Count texts that can only have the day first."""
        return int((self._none(0) & ~self._none(1)).sum())

    def times(self, *, day_first: bool) -> Any:
        """Return the times in one of the two readings."""
        return self.second if day_first else self.first

    def _none(self, which: int) -> Any:
        return np.isnat(self.second if which else self.first)


def take_apart(cells: pa.ChunkedArray) -> Column:
    """Read a column of texts, dates or time stamps in every style.

    Time stamps with a zone become UTC; numbers are times when they count (milli)seconds since
    1970, or say a day as 20260131.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = cells.type
    if pa.types.is_dictionary(kind):
        return take_apart(pc.cast(cells, kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        # ISO without zones is the common case, and the fast one
        with contextlib.suppress(pa.ArrowInvalid):
            cells = cells.cast(pa.timestamp("us"))
    if pa.types.is_date(cells.type) or pa.types.is_timestamp(cells.type):
        return _typed(cells)
    if pa.types.is_floating(kind):
        cells = cells.cast(pa.int64(), safe=False)
    coded = cells.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    # the last of the distinct, which code -1 takes, stands for empty cells
    return Column(*(part[codes] for part in _distinct(single_spaced(coded.dictionary))))


def _typed(cells: pa.ChunkedArray) -> Column:
    """Take dates and time stamps as they are; those with a zone are UTC inside."""
    import pyarrow as pa

    zoned = pa.types.is_timestamp(cells.type) and cells.type.tz is not None
    values = cells.cast(pa.timestamp("us", cells.type.tz if zoned else None), safe=False)
    times = values.to_numpy().astype("datetime64[us]")
    none = np.zeros(len(times), dtype=bool)
    return Column(times, times, none | zoned, none)


def _distinct(texts: pa.Array) -> tuple[Any, Any, Any, Any]:
    """Read distinct texts; one more entry, without a time, stands behind the last."""
    import pyarrow.compute as pc

    many = len(texts) + 1
    first, second = (np.full(many, NOT_A_TIME) for _ in range(2))
    zoned = np.zeros(many, dtype=bool)
    left = np.arange(len(texts))
    for style, pattern in _STYLES.items():
        if not len(left):
            break
        found = pc.extract_regex(texts.take(left), pattern)
        hit = pc.is_valid(found).to_numpy(zero_copy_only=False)
        if not hit.any():
            continue
        fields = found.filter(hit)
        at, left = left[hit], left[~hit]
        if style == "epoch":
            count = _number(fields, "epoch")
            micros = np.where(count > 99_999_999_999, count * 1000, count * 10**6)
            first[at] = second[at] = micros.astype("datetime64[us]")
            continue
        clock, shift, zoned[at] = _clock(fields)
        first[at] = second[at] = _days(fields, style) + clock - shift
        if style == "digits":
            second[at] = _days(fields, style, swapped=True) + clock - shift
    unread = np.isnat(first) & np.isnat(second)
    unread[-1] = False
    return first, second, zoned, unread


def _number(fields: pa.Array, name: str) -> Any:
    """Return a group of digits as int64; -1 where it is empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.struct_field(fields, name)
    texts = pc.if_else(pc.equal(texts, ""), "-1", texts)
    return texts.cast(pa.int64()).to_numpy(zero_copy_only=False)


def _days(fields: pa.Array, style: str, *, swapped: bool = False) -> Any:
    """Return midnights; NaT where the calendar has no such day."""
    import pyarrow as pa
    import pyarrow.compute as pc

    year, day = _number(fields, "year"), _number(fields, "day")
    if "name" in style:
        short = pc.utf8_slice_codeunits(pc.utf8_lower(pc.struct_field(fields, "name")), 0, 3)
        place = pc.index_in(short, value_set=pa.array(MONTHS))
        month = pc.fill_null(place, -1).to_numpy(zero_copy_only=False) + 1
    else:
        month = _number(fields, "month")
    if swapped:
        day, month = month, day
    # two digits as POSIX reads them: 69 to 99 are of the last century
    year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    there = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1)
    months = (year - 1970) * 12 + np.where(there, month, 1) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (day - 1)
    there &= days.astype("datetime64[M]") == months.astype("datetime64[M]")
    return np.where(there, days, np.datetime64("NaT")).astype("datetime64[us]")


def _clock(fields: pa.Array) -> tuple[Any, Any, Any]:
    """Return time of day and offset from UTC (timedelta64[us]), and which have a zone."""
    import pyarrow.compute as pc

    hour, minute, second = (_number(fields, name) for name in ("hour", "minute", "second"))
    has_clock = hour >= 0
    half = pc.utf8_lower(pc.utf8_slice_codeunits(pc.struct_field(fields, "half"), 0, 1))
    half = half.to_numpy(zero_copy_only=False)
    hour = np.where(half == "p", hour % 12 + 12, np.where(half == "a", hour % 12, hour))
    part = pc.utf8_rpad(pc.struct_field(fields, "part"), 6, "0")
    micros = pc.utf8_slice_codeunits(part, 0, 6).to_numpy(zero_copy_only=False).astype(np.int64)
    seconds = (hour * 60 + minute) * 60 + np.maximum(second, 0)
    wrong = (hour > 24) | (minute > 59) | (second > 60)
    clock = np.where(has_clock, seconds * 10**6 + micros, 0).astype("timedelta64[us]")
    clock[has_clock & wrong] = np.timedelta64("NaT")
    return (clock, *_zone(pc.struct_field(fields, "zone")))


def _zone(texts: pa.Array) -> tuple[Any, Any]:
    """Return the offset from UTC of each text (timedelta64[us]), and which have one."""
    zones = texts.dictionary_encode()
    shifts = []
    for zone in zones.dictionary.to_pylist():
        digits = zone[1:].replace(":", "") if zone[:1] in ("+", "-") else ""
        minutes = int(digits[:2]) * 60 + int(digits[2:] or 0) if digits else 0
        shifts.append(-minutes if zone.startswith("-") else minutes)
    codes = zones.indices.to_numpy(zero_copy_only=False)
    named = np.array([zone != "" for zone in zones.dictionary.to_pylist()], dtype=bool)
    return np.array(shifts, dtype="timedelta64[m]").astype("timedelta64[us]")[codes], named[codes]


def day_is_first(columns: Sequence[Column]) -> bool | None:
    """Decide for all columns of an export whether the day is written before the month.

    By a day above 12; else, where only one of the two readings puts a column in the order of
    its rows, by that. None when nothing decides.

    Raises
    ------
    ValueError
        When some texts can only be the one and others only the other.
    """
    month = sum(column.months_first() for column in columns)
    day = sum(column.days_first() for column in columns)
    if month and day:
        raise ValueError(
            f"{month:,} dates can only have the month first and {day:,} only the day first"
        )
    if month or day:
        return day > 0
    if not any(column.open for column in columns):
        return False
    ordered = [
        [_in_order(column.times(day_first=which)) for column in columns if column.open]
        for which in (False, True)
    ]
    if any(ordered[0]) != any(ordered[1]):
        return any(ordered[1])
    return None


def _in_order(times: Any) -> bool:
    """Say whether times never fall, or never rise, and do change."""
    steps = np.diff(times[~np.isnat(times)]).astype(np.int64)
    moved = np.unique(np.sign(steps[steps != 0]))
    # three steps in order happen by chance once in four times; a dozen never do
    return len(moved) == 1 and int((steps != 0).sum()) >= 12
