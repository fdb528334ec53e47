"""Keys of a plan that take several values: ranges of numbers with their units, and lists.

``sources.outbound.rate=100 per month:400 per month:5`` is a range, ``KEY=a,b`` a list, and
``KEY=value`` sets a key once, as it does everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from salessim.config.documents import key_parts
from salessim.config.problems import PlanError
from salessim.config.words import found

_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXAMPLE = '"100 per month:400 per month:5"'
_BETWEEN = '"100 per month:400 per month"'
ALIKE = ("forecast", "currency", "title", "extends", "scenarios")
"""Keys and tables that are the same at all points: points are compared with each other."""
COUNT = "count"
"""What is called so, or is in a table called so, is a whole number."""
STEP_DIGITS, SPREAD_DIGITS = 12, 6
"""Significant digits of a number between two ends: what is typed again is the same number."""
MOST_STEPS = 10_000


class Value(NamedTuple):
    """One value of a key: the text as `-S` takes it, and the number in it that varies, if any."""

    text: str
    number: float | None


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A key and the values that it takes.

    Attributes
    ----------
    key : str
        As it was written.
    written : str
        How its numbers are written: ``{} per month``; empty where its values are words.
    values : tuple of Value
        In their order; of a range without steps its two ends.
    listed : bool
        Whether there is nothing between the values: they were given one by one.
    whole : bool
        Whether only whole numbers make sense.
    """

    key: str
    written: str
    values: tuple[Value, ...]
    listed: bool = False
    whole: bool = False

    def at(self, share: float) -> Value:
        """Return the value so far along a range, or so far down a list; share in [0, 1)."""
        first, last = self.values[0].number, self.values[-1].number
        if self.listed or first is None or last is None:
            return self.values[int(share * len(self.values))]
        number = float(f"{(1.0 - share) * first + share * last:.{SPREAD_DIGITS}g}")
        return _value(self.written, number, whole=self.whole)


def read_axes(
    given: Sequence[str] | Mapping[str, Any], *, between: bool = False
) -> tuple[tuple[Axis, ...], list[str]]:
    """Tell the keys that vary from those that are set once.

    Parameters
    ----------
    given : sequence of str or mapping
        ``"key=range"``, ``"key=a,b"`` and ``"key=value"``; or key -> the same text, or a list of
        numbers and texts.
    between : bool
        Whether any number of a range will do, so that it needs no steps.

    Returns
    -------
    tuple of (tuple of Axis, list of str)
        What varies, and ``key=value`` for the rest.

    Raises
    ------
    PlanError
        With all problems: what is no range, a key given twice, one that cannot vary, or none.
    """
    axes: list[Axis] = []
    fixed: list[str] = []
    wrong: list[str] = []
    for key, value, label in _pairs(given):
        try:
            axis = _axis(key, value, between=between)
            if axis is None:
                fixed.append(f"{key}={value}" if key else str(value))
            else:
                _check_free(key, axes)
                axes.append(axis)
        except ValueError as error:
            wrong.append(f"{label}: {error}")
    if not axes and not wrong:
        wrong.append(
            "nothing varies: give a key a range or a list of values, for example "
            f"-S sources.NAME.rate={_EXAMPLE}"
        )
    if wrong:
        raise PlanError(*wrong)
    return tuple(axes), fixed


def _pairs(given: Sequence[str] | Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Return key, value and label of each; a text that has no key is left for `Plan.with_`."""
    if isinstance(given, Mapping):
        return [(key, value, key) for key, value in given.items()]
    texts = [given] if isinstance(given, str) else given
    parts = [(text, *text.partition("=")[::2]) for text in texts]
    return [
        (key.strip(), value.strip(), f"-S {text}") if value else ("", text, f"-S {text}")
        for text, key, value in parts
    ]


def _check_free(key: str, axes: Sequence[Axis]) -> None:
    parts = key_parts(key)
    if parts[0] in ALIKE:
        raise ValueError(f"{parts[0]} is the same at all points; set it once: -S {key}=VALUE")
    if any(key_parts(axis.key) == parts for axis in axes):
        raise ValueError("the key is given twice; put all its values into one list: KEY=a,b,c")


def _axis(key: str, value: Any, *, between: bool) -> Axis | None:
    """Return the axis that a value means; None when it is a single value."""
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return _listed(key, [_text(item) for item in value])
    text = _text(value)
    if text[:1] in ("[", "{", '"', "'"):  # TOML's own lists, tables and texts
        return None
    parts = [part.strip() for part in text.split(":")]
    if len(parts) > 1 and _NUMBER.match(text):
        return _range(key, parts, between=between)
    if "," in text:
        return _listed(key, [part.strip() for part in text.split(",")])
    return None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"expected a number or a text, found {found(value)}")  # noqa: TRY004
    return str(value).strip()


def _listed(key: str, texts: Sequence[str]) -> Axis:
    if len(texts) < 2 or "" in texts or len(set(texts)) < len(texts):
        raise ValueError(f"expected two or more different values, found {', '.join(texts)}")
    common = _common(texts)
    written = common[0] if common else ""
    values = tuple(map(Value, texts, common[1] if common else [None] * len(texts)))
    return Axis(key=key, written=written, values=values, listed=True)


def _range(key: str, parts: Sequence[str], *, between: bool) -> Axis:
    """Return the axis of ``first:last:steps``, or of ``first:last``."""
    expected = f"expected first:last:number of values, such as {_EXAMPLE}"
    if between:
        expected = f"expected first:last, such as {_BETWEEN}"
    common = _common(parts[:2]) if all(parts) and len(parts) < 4 else None
    if common is None:
        raise ValueError(
            f"{expected}, the ends two different numbers of one unit, found {':'.join(parts)}; "
            "or give the values one by one: KEY=a,b,c"
        )
    whole = COUNT in key_parts(key)
    count = int(parts[2]) if len(parts) == 3 and parts[2].isdecimal() else 0
    if not 2 <= count <= MOST_STEPS and not (between and len(parts) == 2):
        many = parts[2] if len(parts) == 3 else "no number of values"
        raise ValueError(f"{expected}, from 2 to {MOST_STEPS:,} of them, found {many}")
    written, (first, last) = common
    steps = range(1, count - 1)
    between_ends = [((count - 1 - i) * first + i * last) / (count - 1) for i in steps]
    numbers = [first, *(float(f"{number:.{STEP_DIGITS}g}") for number in between_ends), last]
    values = dict.fromkeys(_value(written, number, whole=whole) for number in numbers)
    return Axis(key=key, written=written, values=tuple(values), whole=whole)


def _value(written: str, number: float, *, whole: bool) -> Value:
    """Write a number as it would be typed; what is read is what was typed."""
    typed = f"{round(number)}" if whole else repr(number).removesuffix(".0")
    return Value(written.replace("{}", typed), float(typed))


def _common(texts: Sequence[str]) -> tuple[str, list[float]] | None:
    """Return how texts are written that differ in one number, and the numbers; None otherwise."""
    if any(_DATE.search(text) for text in texts):
        return None
    numbers = [[float(number.replace("_", "")) for number in _NUMBER.findall(t)] for t in texts]
    # 1 day and 2 days are of one unit
    units = {re.sub(r"s\b", "", _NUMBER.sub("", text)).strip() for text in texts}
    differ = [i for i, same in enumerate(zip(*numbers, strict=False)) if len(set(same)) > 1]
    if len(units) > 1 or len({len(each) for each in numbers}) > 1 or len(differ) != 1:
        return None
    spot = list(_NUMBER.finditer(texts[-1]))[differ[0]]
    written = texts[-1][: spot.start()] + "{}" + texts[-1][spot.end() :]
    return written, [each[differ[0]] for each in numbers]
