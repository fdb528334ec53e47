"""What moves each number of a Program from world to world: uncertain numbers and shocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, NamedTuple

from salessim.model.law import Law
from salessim.model.laws import Burr, Exponential, Fixed, Gamma, LogLogistic, Lognormal, Weibull
from salessim.model.plan import Model, Shock
from salessim.model.uncertain import Uncertain

SCALES: dict[type[Law], str] = {
    Burr: "scale",
    Exponential: "mean",
    Fixed: "value",
    Gamma: "mean",
    LogLogistic: "median",
    Lognormal: "median",
    Weibull: "scale",
}
"""The parameter of a law that multiplies all its values."""

ShockKind = Literal["leads", "conversion", "pace", "amount", "churn"]


class Move(NamedTuple):
    """A factor: exp(power x step of a number), or exp(effect x level - effect^2 / 2) of a shock."""

    by: Uncertain | Shock
    power: float
    month: int = -1
    """Of a shock: number of the calendar month, 0 for that of the start."""


def moves_of(numbers: Iterable[object], power: float = 1.0) -> list[Move]:
    """Return the moves by those numbers that are uncertain."""
    return [Move(number, power) for number in numbers if isinstance(number, Uncertain) and power]


def shock_moves(model: Model, kind: ShockKind, name: str, month: int) -> list[Move]:
    """Return the moves by the shocks that act on what is named, in a month."""
    return [
        Move(shock, effect, month)
        for shock in model.shocks
        for target, effect in getattr(shock, kind)
        if target == name and effect
    ]


def numbers_within(value: Any) -> Iterator[Uncertain]:
    """Yield the uncertain numbers in a law, and in laws within it."""
    if isinstance(value, Uncertain):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers_within(item)
    elif is_dataclass(value):
        for one in fields(value):
            yield from numbers_within(getattr(value, one.name))


def scale_of(law: Law | None) -> Uncertain | None:
    """Return the uncertain number that only multiplies the values of a law."""
    value = getattr(law, SCALES.get(type(law), ""), None) if law is not None else None
    return value if isinstance(value, Uncertain) else None


def spreads_of(law: Law | None) -> list[Uncertain]:
    """Return the uncertain numbers that change a law's shape, each once."""
    found = {number.address: number for number in numbers_within(law)} if law is not None else {}
    scale = scale_of(law)
    return [number for number in found.values() if scale is None or number is not scale]


def with_values(value: Any, values: dict[str, float]) -> Any:
    """Return a law with plain numbers for the uncertain ones at some addresses."""
    if isinstance(value, Uncertain):
        return values.get(value.address, float(value))
    if isinstance(value, tuple):
        return tuple(with_values(item, values) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {one.name: with_values(getattr(value, one.name), values) for one in fields(value)}
        return replace(value, **changes)
    return value
