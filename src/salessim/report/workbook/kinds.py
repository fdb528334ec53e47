"""What the values of a workbook are, and how they are shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

from salessim.readable import scale

LARGEST_PLAIN = 1e10
"""Amounts below it are written out."""
LONGEST_TEXT = 32_000
"""A cell holds 32,767 characters."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What the numbers of a column are, and how they are shown.

    Attributes
    ----------
    code : str
        Excel's number format; empty = text.
    decimals : int
    factor : float
        What is shown for 1, for the width of a column.
    unit : str
        Shown behind the number.
    """

    code: str
    decimals: int = 0
    factor: float = 1.0
    unit: str = ""

    def width(self, value: Any) -> int:
        """Return how many characters a value takes."""
        if isinstance(value, bool | int | float):
            return len(f"{self.factor * value:,.{self.decimals}f}{self.unit}")
        return 10 if isinstance(value, date) else len(str(value))


TEXT = Kind(code="")
DAY = Kind(code="yyyy-mm-dd")
MONTH = Kind(code="mmm yyyy")
SHARE = Kind(code="0.0%", decimals=1, factor=100.0, unit="%")
PLAIN = Kind(code="General", decimals=4)


def money(currency: str, largest: float) -> Kind:
    """Return how amounts are shown: hundredths where all are small, millions where all are large.

    Cells hold the whole amount all the same.
    """
    shown = plain(currency)[:12].replace('"', "'")
    divisor, name = (1, "") if largest < LARGEST_PLAIN else scale(largest, digits=5)
    decimals = 2 if largest < 100.0 or divisor > 1 else 0
    commas = "," * round(math.log10(divisor) / 3)
    unit = f" {name}{shown}"
    return Kind(
        code=f'{_digits(decimals)}{commas}"{unit}"',
        decimals=decimals,
        factor=1 / divisor,
        unit=unit,
    )


def counted(largest: float) -> Kind:
    """Return how means of counts are shown: three digits or so of the largest, none as a dash."""
    decimals = 2 if largest < 10.0 else 1 if largest < 1000.0 else 0
    return Kind(code=f'{_digits(decimals)};-{_digits(decimals)};"-"', decimals=decimals)


def _digits(decimals: int) -> str:
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def plain(text: str) -> str:
    """Return text without control characters, cut to what a cell holds."""
    shown = "".join(char if char.isprintable() else " " for char in text)
    return shown if len(shown) <= LONGEST_TEXT else f"{shown[:LONGEST_TEXT]}..."
