"""What a single value of a plan may be: how it is read, and what the JSON Schema says of it.

Values here are known; `config.numbers` has those that need not be.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema

from salessim.config import units
from salessim.config.words import found
from salessim.model.calendar import Span
from salessim.model.plan import Rate

T = TypeVar("T")


class Table(BaseModel):
    """A table of the plan: unknown keys are errors."""

    # deferred: pydantic builds one validator for the whole document, not one for every class
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True
    )


NUMBER_FORMS = frozenset(
    {"p05", "p95", "beta", "normal", "lognormal", "triangular", "pert", "samples"}
)
"""Keys of a table that says an uncertain number."""


def known(parse: Callable[[Any], T]) -> PlainValidator:
    """Return what reads a value that no world changes: an uncertain number is refused as such."""

    def read(value: Any) -> T:
        if isinstance(value, dict) and value.keys() & NUMBER_FORMS:
            raise ValueError(
                f"this value cannot be uncertain, found {found(value)}; write one known value"
            )
        return parse(value)

    return PlainValidator(read)


_TEXT = {"type": "string"}
NUMBER = {"type": "number"}
DURATION = {"type": "string", "pattern": r"^\s*[0-9.][0-9._eE+-]*\s*[A-Za-z]+\s*$"}

Amount = Annotated[
    float,
    known(units.parse_amount),
    WithJsonSchema(NUMBER | {"minimum": 0, "maximum": units.LARGEST_AMOUNT}),
]
Positive = Annotated[
    float,
    PlainValidator(units.parse_positive),
    WithJsonSchema(NUMBER | {"exclusiveMinimum": 0}),
]
Duration = Annotated[
    float,
    known(units.parse_duration),
    WithJsonSchema(DURATION | {"examples": ["14 days"]}),
]
Text = Annotated[str, Field(min_length=1, strict=True)]
Probability = Annotated[
    float,
    known(units.parse_probability),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": r"^\s*[0-9.]+\s*%\s*$"},
            ],
            "examples": [0.4, "40%"],
        }
    ),
]
Day = Annotated[date, PlainValidator(units.parse_date), WithJsonSchema(_TEXT | {"format": "date"})]
CampaignDay = Annotated[
    date,
    PlainValidator(units.parse_key_date),
    WithJsonSchema(_TEXT | {"pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]
"""A date as a key: TOML's keys are texts."""
Length = Annotated[
    Span, PlainValidator(units.parse_span), WithJsonSchema(DURATION | {"examples": ["24 months"]})
]
Period = Annotated[
    Span,
    PlainValidator(units.parse_period),
    WithJsonSchema(_TEXT | {"examples": ["week", "month", "quarter", "30 days"]}),
]
PerTime = Annotated[
    Rate,
    PlainValidator(units.parse_rate),
    WithJsonSchema(_TEXT | {"examples": ["200 per month", "1 per 180 days"]}),
]
Growth = Annotated[
    float,
    PlainValidator(units.parse_growth),
    WithJsonSchema(_TEXT | {"examples": ["1% per month", "10% per year"]}),
]
Count = Annotated[
    int,
    known(units.parse_count),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": 10_000_000}),
]
Variance = Annotated[
    float,
    PlainValidator(units.parse_variance),
    WithJsonSchema(NUMBER | {"minimum": 0, "maximum": units.LARGEST_VARIANCE}),
]
GammaShape = Annotated[
    float,
    known(units.parse_shape),
    WithJsonSchema(NUMBER | {"minimum": units.LEAST_SHAPE, "maximum": units.LARGEST_SHAPE}),
]
Persistence = Annotated[
    float,
    known(units.parse_persistence),
    WithJsonSchema(NUMBER | {"minimum": 0, "exclusiveMaximum": 1}),
]
Effect = Annotated[
    float,
    known(units.parse_effect),
    WithJsonSchema(NUMBER | {"minimum": -units.LARGEST_EFFECT, "maximum": units.LARGEST_EFFECT}),
]
CorrelationValue = Annotated[
    float,
    PlainValidator(units.parse_correlation),
    WithJsonSchema(NUMBER | {"minimum": -1, "maximum": 1}),
]
Whole = Annotated[int, Field(strict=True)]
Buyer = Literal["new", "existing"]


def _date_format(value: str) -> str:
    """Refuse a date format that does not say year, month and day."""
    directives = {value[i + 1] for i in range(len(value) - 1) if value[i] == "%"}
    whole = all(directives & set(one_of) for one_of in ("Yy", "mbB", "d"))
    try:
        date(2026, 12, 31).strftime(value)
    except ValueError:
        whole = False
    if not whole:
        raise ValueError(
            'expected a date format with year, month and day such as "%d/%m/%Y", '
            f"found {found(value)}"
        )
    return value


DateFormat = Annotated[Text, AfterValidator(_date_format)]
