"""Numbers with a dimension: what the user writes as text, read into days and calendar months.

Every function takes what TOML gave and raises `ValueError` with what was expected and found.
"""

from __future__ import annotations

import difflib
import math
import re
from datetime import date, datetime
from typing import Any, Literal, cast

from salessim.config.words import found
from salessim.model.calendar import DAYS_PER_UNIT, MONTHS_PER_UNIT, Span
from salessim.model.plan import Rate

UNITS = ("days", "weeks", "months", "quarters", "years")
LONGEST_DAYS = 1e6
LARGEST_AMOUNT = 1e12
"""Hundredths of it still sum to totals far inside 64 bits."""
LARGEST_VARIANCE = 100.0
"""Of a factor with mean one; beyond, nearly every month would be empty."""
LEAST_SHAPE, LARGEST_SHAPE = 1.0 / LARGEST_VARIANCE, 1e6
"""Of a gamma law of customers' rates: its variance is the inverse; far above, all are alike."""
LARGEST_EFFECT = 3.0
"""On the log scale: one standard deviation makes twenty times as much."""
LARGEST_RATE = 1e9
"""Events per day."""
LARGEST_GROWTH = 100.0
"""By month, quarter or year: a hundredfold more."""

_NUMBER = r"([+-]?[\d.][\d._]*(?:[eE][+-]?\d+)?)"
_QUANTITY = re.compile(rf"\s*{_NUMBER}\s*([A-Za-z]*)\s*")
_RATE = re.compile(rf"\s*{_NUMBER}\s*(?:per\s+|/\s*)(?:{_NUMBER}\s*)?([A-Za-z]+)\s*")
_GROWTH = re.compile(rf"\s*{_NUMBER}\s*(%?)\s*(?:per\s+|/\s*)([A-Za-z]+)\s*")
_PERCENT = re.compile(rf"\s*{_NUMBER}\s*%\s*")
_SPOKEN = re.compile(
    r"[^\d.,+-]{0,4}?(\d{1,3}(?:[ ,'_]\d{3})+|\d+)(\.\d+)?\s*([kKmM]?)[^\d.,]{0,4}"
)
"""A number as people write it: ``420k``, ``1.5M``, ``12,000 EUR``."""

Unit = Literal["day", "week", "month", "quarter", "year"]


def parse_number(value: Any) -> float:
    """Return a finite number; texts, booleans, nan and inf are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = _plain_number(value) if isinstance(value, str) else ""
        raise ValueError(f"expected a number, found {found(value)}{hint}")  # noqa: TRY004
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, found {found(value)[:40]}")
    return number


def _plain_number(text: str) -> str:
    """Return the remedy for a number in words of its own; empty when none is seen in it."""
    share = _PERCENT.fullmatch(text)
    if share is not None:
        return f"; write {_float(share[1], text) / 100:.10g}?"
    match = _SPOKEN.fullmatch(text)
    if match is None:
        return ""
    whole, part, unit = re.sub(r"\D", "", match[1]), match[2] or "", match[3].lower()
    number = float(whole + part) * {"": 1, "k": 1e3, "m": 1e6}[unit]
    return f"; write {number:_.0f}?" if number.is_integer() else f"; write {number:_.10g}?"


def parse_amount(value: Any) -> float:
    """Return an amount of money or a weight in [0, 1e12]."""
    number = parse_number(value)
    if not 0.0 <= number <= LARGEST_AMOUNT:
        raise ValueError(f"expected a number from 0 to 1e12, found {found(value)}")
    return number


def parse_positive(value: Any) -> float:
    """Return a finite number above zero."""
    number = parse_number(value)
    if number <= 0.0:
        raise ValueError(f"expected a number above 0, found {found(value)}")
    return number


def parse_shape(value: Any) -> float:
    """Return the shape of a gamma law of rates, in [0.01, 1e6]."""
    number = parse_number(value)
    if not LEAST_SHAPE <= number <= LARGEST_SHAPE:
        raise ValueError(
            f"expected a shape from {LEAST_SHAPE:g} (nearly all customers order nothing) to 1e6 "
            f"(all alike), found {found(value)}"
        )
    return number


def parse_variance(value: Any) -> float:
    """Return a variance in [0, 100] of a factor with mean one."""
    number = parse_number(value)
    if not 0.0 <= number <= LARGEST_VARIANCE:
        raise ValueError(
            f"expected a variance from 0 to {LARGEST_VARIANCE:g} such as 0.1, found {found(value)}"
        )
    return number


def parse_persistence(value: Any) -> float:
    """Return the correlation of a month with the next one, in [0, 1)."""
    number = parse_number(value)
    if not 0.0 <= number < 1.0:
        raise ValueError(
            f"expected a number from 0 to below 1 such as 0.8, found {found(value)}; "
            "at 1 a shock would never fade"
        )
    return number


def parse_effect(value: Any) -> float:
    """Return an effect on the log scale per standard deviation, in [-3, 3]."""
    number = parse_number(value)
    if not -LARGEST_EFFECT <= number <= LARGEST_EFFECT:
        raise ValueError(
            f"expected a number from -{LARGEST_EFFECT:g} to {LARGEST_EFFECT:g} (log scale per "
            f"standard deviation: 0.15 is about 15%), found {found(value)}"
        )
    return number


def parse_correlation(value: Any) -> float:
    """Return a correlation, in [-1, 1]."""
    if isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueError only
            f'expected a number, found {found(value)}; an address needs quotes: "a.b" = 0.5'
        )
    number = parse_number(value)
    if not -1.0 <= number <= 1.0:
        raise ValueError(f"expected a correlation from -1 to 1, found {found(value)}")
    return number


def parse_count(value: Any) -> int:
    """Return a whole number from 0 to 10 million."""
    if isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueError only
            f"expected a whole number, found {found(value)}; "
            'a key with a dot needs quotes: "a.b" = 1'
        )
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueError only
            f"expected a whole number, found {found(value)}"
        )
    if not 0 <= value <= 10_000_000:
        raise ValueError(f"expected a whole number from 0 to 10 million, found {value}")
    return value


def parse_probability(value: Any) -> float:
    """Return a probability in [0, 1], written ``0.4`` or ``"40%"``."""
    if isinstance(value, str) and (match := _PERCENT.fullmatch(value)):
        number = _float(match[1], value) / 100.0
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f'expected a probability such as 0.4 or "40%", found {found(value)}')
    else:
        number = parse_number(value)
    if not 0.0 <= number <= 1.0:
        hint = f'; write "{value}%"?' if isinstance(value, int) and 1 < value <= 100 else ""
        raise ValueError(f"expected a probability from 0 to 1, found {found(value)}{hint}")
    return number


def parse_date(value: Any) -> date:
    """Return a date, which TOML writes without quotes."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date that exists, found {found(value)}") from None
    raise ValueError(
        f"expected a date such as 2027-01-31 (no quotes, no time), found {found(value)}"
    )


def parse_key_date(value: Any) -> date:
    """Return the date of a key, which is a text: ``2027-03-01 = 1.5``."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"expected a date that exists, found {found(value)}") from None
    raise ValueError(f"expected a date such as 2027-01-31 as the key, found {found(value)}")


def parse_span(value: Any) -> Span:
    """Return a length of time above zero as written, its unit kept: ``"24 months"``."""
    number, unit = _quantity(value, "a length of time", "24 months")
    span = Span(value=number, unit=unit)
    if not 0.0 < span.days <= LONGEST_DAYS:
        raise ValueError(
            f"expected a length of time above 0 and up to 1e6 days, found {found(value)}"
        )
    return span


def parse_duration(value: Any) -> float:
    """Return a duration in days, in [0, 1e6]; a month is 30.4375 days."""
    number, unit = _quantity(value, "a duration", "14 days")
    days = number * DAYS_PER_UNIT[unit]
    if not 0.0 <= days <= LONGEST_DAYS:
        raise ValueError(f"expected a duration from 0 to 1e6 days, found {found(value)}")
    return days


def parse_period(value: Any) -> Span:
    """Return a reporting period: a week, month or quarter, or whole days."""
    expected = 'expected a period: "week", "month", "quarter" or whole days such as "30 days"'
    word = isinstance(value, str) and value.strip().isalpha()
    try:
        number, unit = _quantity(f"1 {value}" if word else value, "a period", "30 days")
    except ValueError as error:
        raise ValueError(f"{expected}, found {found(value)}") from error
    if unit in ("week", "month", "quarter") and number == 1.0:
        return Span(value=1.0, unit=unit)
    days = number * DAYS_PER_UNIT[unit]
    if unit in ("day", "week") and days >= 1.0 and days == round(days) and days <= LONGEST_DAYS:
        return Span(value=days, unit="day")
    raise ValueError(f"{expected}, found {found(value)}")


def parse_rate(value: Any) -> Rate:
    """Return a rate: per calendar month for months, quarters, years; per day for days, weeks."""
    expected = 'expected a rate such as "200 per month" or "1 per 180 days"'
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        bare = isinstance(value, int | float) and not isinstance(value, bool)
        hint = f'; write "{value} per month"?' if bare and 0 <= value <= LARGEST_RATE else ""
        raise ValueError(f"{expected}, found {found(value)}{hint}")
    number, every = _float(match[1], value), _float(match[2] or "1", value)
    unit = _unit(match[3])
    if unit is None:
        near = _nearest_unit(match[3], plural=every != 1.0)
        remedy = f'; did you mean "{match[1]} per {match[2] + " " if match[2] else ""}{near}"?'
        raise ValueError(f"{expected}, found {found(value)}{remedy if near else ''}")
    if number < 0.0 or every <= 0.0:
        raise ValueError(f"{expected}, none of it negative, found {found(value)}")
    if unit in MONTHS_PER_UNIT:
        rate = Rate(per_month=number / (every * MONTHS_PER_UNIT[unit]))
    else:
        rate = Rate(per_day=number / (every * DAYS_PER_UNIT[unit]))
    if not rate.mean_per_day() <= LARGEST_RATE:
        raise ValueError(f"expected a rate up to 1e9 per day, found {found(value)}")
    return rate


def parse_growth(value: Any) -> float:
    """Return the relative growth per calendar month of ``"1% per month"``, compounded."""
    expected = 'expected a growth such as "1% per month" or "10% per year"'
    match = _GROWTH.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{expected}, found {found(value)}")
    if not match[2]:
        raise ValueError(f"{expected}, found {found(value)}; the % sign is missing")
    unit = _unit(match[3])
    if unit not in MONTHS_PER_UNIT:
        raise ValueError(f"{expected} (per month, quarter or year), found {found(value)}")
    growth = _float(match[1], value) / 100.0
    if not -1.0 < growth <= LARGEST_GROWTH:
        raise ValueError(f"expected a growth above -100% and up to 10000%, found {found(value)}")
    return math.expm1(math.log1p(growth) / MONTHS_PER_UNIT[str(unit)])


def _quantity(value: Any, what: str, example: str) -> tuple[float, Unit]:
    """Split ``"14 days"`` into number and unit; say what is missing."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        units = example.partition(" ")[2]
        raise ValueError(  # noqa: TRY004 - pydantic reports ValueError only
            f'expected {what} with its unit such as "{example}", found the bare number {value}; '
            f'write "{value} {units.removesuffix("s") if value == 1 else units}"?'
        )
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f'expected {what} such as "{example}", found {found(value)}')
    number = _float(match[1], value)
    unit = _unit(match[2])
    if unit is None:
        near = _nearest_unit(match[2], plural=number != 1.0) if match[2] else "days"
        remedy = f'did you mean "{match[1]} {near}"?' if near else f"units: {', '.join(UNITS)}"
        raise ValueError(f'{found(value)} is not {what} such as "{example}"; {remedy}')
    return number, unit


def _unit(text: str) -> Unit | None:
    """Return the unit in the singular, None when it is not one."""
    singular = text.lower().removesuffix("s")
    return cast("Unit", singular) if singular in DAYS_PER_UNIT else None


def _nearest_unit(text: str, *, plural: bool) -> str:
    """Return the unit most like a word; an abbreviation by its first letter."""
    close = difflib.get_close_matches(text.lower(), UNITS, n=1, cutoff=0.6)
    by_letter = [unit for unit in UNITS if len(text) <= 3 and unit.startswith(text[:1].lower())]
    near = (close or by_letter or [""])[0]
    return near if plural else near.removesuffix("s")


def _float(text: str, whole: object) -> float:
    """Return the number in a text; ValueError names the whole text when it is not one."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"{text} is not a number in {found(whole)}") from None
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, found {found(whole)}")
    return number
