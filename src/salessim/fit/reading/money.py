"""Amounts as exports write them: ``$22,700.00``, ``1.234,56 EUR``, ``(1,200)``, ``65.0%``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

_AROUND = r"(?P<number>[0-9.,][0-9.,'\x{2019}_\s]*(?:[eE][+-]?[0-9]+)?)"
_SHAPE = (
    r"^(?P<sign>[-\x{2212}(]?)\s*(?P<before>[^\d\s.,()-]{0,4})\s*(?P<inner>[-\x{2212}]?)\s*"
    + _AROUND
    + r"\s*(?P<after>[^\d\s.,()%]{0,9})\s*(?P<percent>%?)\s*\)?-?$"
)
_PLAIN = r"^-?[0-9]+(?:\.[0-9]{1,2})?$"
_UNITS = {"k": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9}


def single_spaced(texts: pa.Array) -> pa.Array:
    """Return texts without blanks around them, and with plain blanks for those of typesetters."""
    import pyarrow.compute as pc

    plain = pc.replace_substring_regex(texts, r"[\x{00A0}\x{2009}\x{202F}]", " ")
    return pc.utf8_trim_whitespace(plain)


@dataclass(frozen=True)
class Money:
    """A column of amounts.

    Attributes
    ----------
    numbers : ndarray of float64
        NaN where empty or unread; 0.65 for ``65%``.
    currencies : tuple of str
        Symbols or codes that stand beside the numbers.
    unread : ndarray of bool
        Texts that are no amount.
    """

    numbers: Any
    currencies: tuple[str, ...]
    unread: Any


def parse_money(cells: pa.ChunkedArray, *, decimal: str | None = None) -> Money:
    """Read amounts; which of point and comma is the decimal mark is decided by the column.

    Parameters
    ----------
    decimal : str, optional
        ``"."`` or ``","`` when it is known.

    Raises
    ------
    ValueError
        When the column can be read both ways: all of it is like ``1.234``.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(cells.type):
        cells = pc.cast(cells, cells.type.value_type)
    if not (pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type)):
        values = cells.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
        values[~np.isfinite(values)] = np.nan
        return Money(values, (), np.zeros(len(values), dtype=bool))
    coded = cells.cast(pa.string()).combine_chunks().dictionary_encode()
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    values, currencies = _distinct(coded.dictionary, decimal)
    unread = np.isnan(values)
    unread[-1] = False
    return Money(values[codes], currencies, unread[codes])


def _distinct(texts: pa.Array, decimal: str | None) -> tuple[Any, tuple[str, ...]]:
    """Read distinct texts; one more entry, NaN, stands behind the last."""
    import pyarrow as pa
    import pyarrow.compute as pc

    values = np.full(len(texts) + 1, np.nan)
    if decimal != "," and pc.all(pc.match_substring_regex(texts, _PLAIN)).as_py():
        # cents are written out: the common case, and the fast one
        values[:-1] = texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return values, ()
    found = pc.extract_regex(single_spaced(texts), _SHAPE)
    hit = pc.is_valid(found).to_numpy(zero_copy_only=False)
    if not hit.any():
        return values, ()
    fields = found.filter(hit)
    digits = pc.replace_substring_regex(pc.struct_field(fields, "number"), r"['\x{2019}_\s]", "")
    mark = decimal or _decimal_mark(digits)
    digits = pc.replace_substring(digits, "," if mark == "." else ".", "")
    digits = pc.replace_substring(digits, mark, ".")
    plain = pc.match_substring_regex(digits, r"^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$")
    numbers = pc.if_else(plain, digits, "nan").cast(pa.float64()).to_numpy(zero_copy_only=False)
    percent = pc.equal(pc.struct_field(fields, "percent"), "%").to_numpy(zero_copy_only=False)
    factor, currencies = _beside(fields)
    sign = np.where(_negative(fields), -1.0, 1.0)
    values[:-1][hit] = numbers * sign * factor * np.where(percent, 0.01, 1.0)
    return values, currencies


def _negative(fields: pa.Array) -> Any:
    import pyarrow.compute as pc

    marks = pc.binary_join_element_wise(
        pc.struct_field(fields, "sign"), pc.struct_field(fields, "inner"), ""
    )
    return pc.not_equal(marks, "").to_numpy(zero_copy_only=False)


def _beside(fields: pa.Array) -> tuple[Any, tuple[str, ...]]:
    """Return the factor that a unit such as ``k`` means, and the currencies."""
    import pyarrow.compute as pc

    coded = pc.binary_join_element_wise(
        pc.struct_field(fields, "before"), pc.struct_field(fields, "after"), "\0"
    ).dictionary_encode()
    factors, currencies = [], set()
    for pair in coded.dictionary.to_pylist():
        before, after = pair.split("\0", 1)
        unit = next(
            (name for name in sorted(_UNITS, key=len, reverse=True) if after.lower() == name), ""
        )
        factors.append(_UNITS.get(unit, 1.0))
        currencies |= {name for name in (before, "" if unit else after) if name}
    codes = coded.indices.to_numpy(zero_copy_only=False)
    return np.array(factors)[codes], tuple(sorted(currencies))


def _decimal_mark(digits: pa.Array) -> str:
    """Say which of point and comma is the decimal mark of a column.

    Raises
    ------
    ValueError
        When both readings fit all of it.
    """
    import pyarrow.compute as pc

    def any_like(pattern: str) -> bool:
        return bool(pc.any(pc.match_substring_regex(digits, pattern)).as_py())

    if any_like(r"\..*,") or any_like(r",.*,$"):
        return ","
    comma_last = any_like(r"\.[0-9]*,[0-9]*$")
    point_last = any_like(r",[0-9]*\.[0-9]*$")
    if comma_last != point_last:
        return "," if comma_last else "."
    # a mark that is not followed by exactly three digits cannot part thousands
    comma_parts = any_like(r"^[0-9]*,([0-9]{0,2}|[0-9]{4,})$")
    if comma_parts:
        return ","
    if any_like(r"\.[0-9]+\.[0-9]"):
        return ","
    point_parts = any_like(r"^[0-9]*\.([0-9]{0,2}|[0-9]{4,})$") or any_like(r"^(0|[0-9]{4,})\.")
    if point_parts or not any_like(r"\."):
        return "."
    raise ValueError("amounts such as 1.234 may be thousands or thousandths")
