"""Laws as the plan writes them: single-key tables, for durations and for amounts."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from salessim.config.numbers import AnyAmount, AnyDuration, AnyPositive, above_zero, at_score
from salessim.config.values import NUMBER_FORMS, Amount, Duration, Table
from salessim.config.words import found
from salessim.model.uncertain import FARTHEST_SCORE


def _rising(values: list[float]) -> list[float]:
    shown = ", ".join(f"{value:g}" for value in values)
    if sorted(values) != values:
        raise ValueError(f"expected values from low to high, found [{shown}]")
    if any(
        at_score(low, FARTHEST_SCORE) > at_score(high, -FARTHEST_SCORE)
        for low, high in pairwise(values)
    ):
        raise ValueError(
            "expected values from low to high in all worlds, found uncertain ones around "
            f"[{shown}] that may cross; bound them by {{ triangular = [...] }}"
        )
    return values


def _not_all_zero(weights: list[float]) -> list[float]:
    if sum(weights) <= 0.0:
        raise ValueError("expected weights of which one is above 0, found none")
    return weights


Q = TypeVar("Q")
"""A quantity of a law: `AnyDuration` or `AnyAmount`."""


class Measured(Table, Generic[Q]):
    """A table whose quantity is a duration or an amount; the JSON Schema names them apart."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return ``TimeExponential`` of a duration, ``AmountExponential`` of an amount."""
        return f"{'Time' if params[0] is AnyDuration else 'Amount'}{cls.__name__}"


class Exponential(Measured[Q], Generic[Q]):
    """No memory: the chance to end does not depend on the age."""

    mean: Annotated[Q, AfterValidator(above_zero)]


class Lognormal(Measured[Q], Generic[Q]):
    """Half lie below the median; sigma is the spread of the logarithm."""

    median: Annotated[Q, AfterValidator(above_zero)]
    sigma: AnyPositive


class Gamma(Measured[Q], Generic[Q]):
    """Gamma law by its mean."""

    mean: Annotated[Q, AfterValidator(above_zero)]
    shape: AnyPositive


class Weibull(Measured[Q], Generic[Q]):
    """Weibull law: shape above 1 means that the chance to end grows with age."""

    scale: Annotated[Q, AfterValidator(above_zero)]
    shape: AnyPositive


class LogLogistic(Measured[Q], Generic[Q]):
    """Log-logistic law: a long tail."""

    median: Annotated[Q, AfterValidator(above_zero)]
    shape: AnyPositive


class Lomax(Measured[Q], Generic[Q]):
    """Exponential times of people whose rates are gamma distributed (Pareto II)."""

    scale: Annotated[Q, AfterValidator(above_zero)]
    shape: AnyPositive


class Burr(Measured[Q], Generic[Q]):
    """Weibull times of people whose rates are gamma distributed, with shape ``tail``."""

    scale: Annotated[Q, AfterValidator(above_zero)]
    shape: AnyPositive
    tail: AnyPositive


class BetaGeometric(Table):
    """Contracts renewed by people whose chances to end are beta distributed."""

    a: AnyPositive
    b: AnyPositive
    period: Annotated[Duration, AfterValidator(above_zero)]


class EmpiricalFile(Table):
    """Observed values in a file: a column `days` (amounts: `amount`), and perhaps `weight`."""

    file: Annotated[str, Field(min_length=1)]


def _list_or_file(value: Any) -> str:
    return "file" if isinstance(value, dict) else "list"


Empirical = Annotated[
    Annotated[Annotated[list[Amount], Field(min_length=1)], Tag("list")]
    | Annotated[EmpiricalFile, Tag("file")],
    Discriminator(_list_or_file),
]


class PlainLaw(Measured[Q], Generic[Q]):
    """A law that is not a mixture: exactly one of the keys."""

    fixed: Q | None = None
    uniform: Annotated[
        Annotated[list[Q], Field(min_length=2, max_length=2)] | None, AfterValidator(_rising)
    ] = None
    triangular: Annotated[
        Annotated[list[Q], Field(min_length=3, max_length=3)] | None, AfterValidator(_rising)
    ] = None
    pert: Annotated[
        Annotated[list[Q], Field(min_length=3, max_length=3)] | None, AfterValidator(_rising)
    ] = None
    exponential: Exponential[Q] | None = None
    lognormal: Lognormal[Q] | None = None
    gamma: Gamma[Q] | None = None
    weibull: Weibull[Q] | None = None
    loglogistic: LogLogistic[Q] | None = None
    lomax: Lomax[Q] | None = None
    burr: Burr[Q] | None = None
    empirical: Empirical | None = Field(
        default=None, description="observed values; durations are plain numbers of days"
    )

    @model_validator(mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            example = "such as { fixed = ... } or { lognormal = { median = ..., sigma = ... } }"
            raise ValueError(f"expected a law {example}, found {found(value)}")  # noqa: TRY004
        if value.keys() & (NUMBER_FORMS - LAW_NAMES):
            raise ValueError(
                f"expected a law, found {found(value)}; it is the law's own values that may be "
                "uncertain, as in { exponential = { mean = { p05 = ..., p95 = ... } } }"
            )
        known = [key for key in value if key in cls.model_fields]
        if len(known) > 1 or not value:
            remedy = "; take one of them out" if known else f": {', '.join(cls.model_fields)}"
            raise ValueError(f"expected a law with exactly one key, found {found(value)}{remedy}")
        return value


class WeightedLaw(Measured[Q], Generic[Q]):
    """One law of a mixture and its share."""

    weight: Amount
    law: PlainLaw[Q]


def _some_weight(items: list[Any] | None) -> list[Any] | None:
    if items is not None:
        _not_all_zero([item.weight for item in items])
    return items


class AnyLaw(PlainLaw[Q], Generic[Q]):
    """A law: exactly one of the keys."""

    mixture: Annotated[
        Annotated[list[WeightedLaw[Q]], Field(min_length=1)] | None, AfterValidator(_some_weight)
    ] = None


class TimeLaw(AnyLaw[AnyDuration]):
    """Law of a duration: exactly one of the keys; values are texts with a unit."""

    beta_geometric: BetaGeometric | None = None


class AmountLaw(AnyLaw[AnyAmount]):
    """Law of an amount of money: exactly one of the keys; values are plain numbers."""


LAW_NAMES = frozenset(TimeLaw.model_fields)
