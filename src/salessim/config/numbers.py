"""Numbers of a plan that are known or uncertain: how they are read, and what they are called."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel

from salessim.config import units
from salessim.config.uncertain import (
    OrUncertain,
    UncertainNumber,
    UncertainProbability,
    UncertainQuantity,
)
from salessim.config.values import (
    Amount,
    Duration,
    Growth,
    PerTime,
    Positive,
    Probability,
    Variance,
)
from salessim.config.words import key_text
from salessim.model.law import floats
from salessim.model.plan import Rate
from salessim.model.uncertain import FARTHEST_SCORE, Uncertain


def at_score(value: float, score: float) -> float:
    """Return a number at a standard normal score; one that is known is the same at all."""
    return float(value.at(floats([score]))[0]) if isinstance(value, Uncertain) else value


def above_zero(value: float) -> float:
    """Return a number that is above 0 in all worlds; ValueError when it is not."""
    if at_score(value, -FARTHEST_SCORE) <= 0.0:
        also = "" if value <= 0.0 else "; as low as that it may be"
        raise ValueError(f"expected a value above 0, found 0{also}")
    return value


AnyProbability = Annotated[
    float,
    OrUncertain(
        known=Probability,
        table=UncertainProbability,
        parse=units.parse_probability,
        scale="odds",
        low=0.0,
        high=1.0,
    ),
]
AnyDuration = Annotated[
    float,
    OrUncertain(
        known=Duration,
        table=UncertainQuantity[Duration],
        parse=units.parse_duration,
        scale="log",
        low=0.0,
        high=units.LONGEST_DAYS,
        unit="days",
    ),
]
AnyAmount = Annotated[
    float,
    OrUncertain(
        known=Amount,
        table=UncertainQuantity[Amount],
        parse=units.parse_amount,
        scale="log",
        low=0.0,
        high=units.LARGEST_AMOUNT,
    ),
]
AnyPositive = Annotated[
    float,
    OrUncertain(
        known=Positive,
        table=UncertainQuantity[Positive],
        parse=units.parse_positive,
        scale="log",
        low=0.0,
        high=units.LARGEST_AMOUNT,
    ),
]
AnyVariance = Annotated[
    float,
    OrUncertain(
        known=Variance,
        table=UncertainQuantity[Variance],
        parse=units.parse_variance,
        scale="log",
        low=0.0,
        high=units.LARGEST_VARIANCE,
    ),
]
AnyRate = Annotated[
    Rate,
    OrUncertain(
        known=PerTime,
        table=UncertainQuantity[PerTime],
        parse=units.parse_rate,
        scale="log",
        low=0.0,
        high=units.LARGEST_RATE,
    ),
]
AnyGrowth = Annotated[
    float,
    OrUncertain(
        known=Growth,
        table=UncertainNumber[Growth],
        parse=units.parse_growth,
        scale="growth",
        low=-1.0,
        high=units.LARGEST_GROWTH,
    ),
]


def name_numbers(plan: BaseModel) -> dict[str, float]:
    """Return the numbers of a checked document by address, in its order; uncertain ones learn it.

    Stages are addressed by name; of a rate it is the number that is not zero.
    """
    numbers = {".".join(map(key_text, path)): number for path, number in _numbers(plan, ())}
    for address, number in numbers.items():
        if isinstance(number, Uncertain):
            number.address = address
    return dict(sorted(numbers.items()))


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield the numbers in a part of a document."""
    inside: Iterable[tuple[Any, Any]] = ()
    match value:
        case float():
            yield path, value
        case Rate(per_day=per_day, per_month=per_month):
            yield path, per_month or per_day
        case BaseModel():
            fields = type(value).model_fields
            inside = [(fields[name].alias or name, getattr(value, name)) for name in fields]
        case dict():
            inside = value.items()
        case list():
            inside = [(getattr(item, "name", at), item) for at, item in enumerate(value)]
    for key, item in inside:
        yield from _numbers(item, (*path, str(key)))
