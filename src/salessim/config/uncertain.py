"""Numbers that are not known for sure: a table in the place of a value, read value by value.

What stands in such a table is read as the key itself is: ``{ p05 = "10 days", p95 = "20 days" }``.
`config.numbers` has the types of keys that take both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

import numpy as np
from pydantic import (
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from salessim.config import units
from salessim.config.csv_text import TableError
from salessim.config.tables import DataTable, parse_cells, pick_column, rows_at
from salessim.config.values import (
    Amount,
    Duration,
    Growth,
    PerTime,
    Positive,
    Probability,
    Table,
    Variance,
)
from salessim.config.words import found
from salessim.model.law import floats, quantity
from salessim.model.laws import Empirical, Pert, Triangular
from salessim.model.plan import Rate
from salessim.model.uncertain import (
    Beta,
    Between,
    ByLaw,
    Lognormal,
    Marginal,
    Normal,
    Scale,
    Uncertain,
)

WIDE_SCORE = 5.0
"""Standard deviations that a number has to stay inside its range: beyond is 1 in 3.5 million."""

Q = TypeVar("Q")
"""A value as the key itself reads it."""
KINDS = {
    "Amount": Amount,
    "Duration": Duration,
    "Growth": Growth,
    "PerTime": PerTime,
    "Positive": Positive,
    "Probability": Probability,
    "Variance": Variance,
}


def _file_read(value: Any) -> DataTable:
    """Return what a file of samples holds: it was read where files are found (`Builder`)."""
    if isinstance(value, TableError):
        raise ValueError(str(value))  # noqa: TRY004 - pydantic reports ValueError only
    if not isinstance(value, DataTable):
        raise ValueError(f"expected a file's name, found {found(value)}")  # noqa: TRY004
    return value


Two = Annotated[list[Q], Field(min_length=2, max_length=2)]
Three = Annotated[list[Q], Field(min_length=3, max_length=3)]


class OfValues(Table, Generic[Q]):
    """A table of such values; the JSON Schema names it after them."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return for example ``UncertainQuantityOfDuration``."""
        names = [name for name, kind in KINDS.items() if kind is params[0]]
        return f"{cls.__name__}Of{(names or ['Value'])[0]}"


class AroundMedian(OfValues[Q], Generic[Q]):
    """Half lie below the median; sigma is the spread of the logarithm."""

    median: Q
    sigma: Amount


class UncertainNumber(OfValues[Q], Generic[Q]):
    """A number that is not known for sure: p05 and p95, or exactly one of the other keys."""

    p05: Q | None = Field(default=None, description="5 % lie below it")
    p95: Q | None = Field(default=None, description="5 % lie above it")
    normal: Two[Q] | None = Field(default=None, description="mean and standard deviation")
    triangular: Three[Q] | None = Field(default=None, description="least, most likely, most")
    pert: Three[Q] | None = Field(default=None, description="least, most likely, most")
    samples: (
        Annotated[DataTable, PlainValidator(_file_read), WithJsonSchema({"type": "string"})] | None
    ) = Field(default=None, description="a file with a column `value`: CSV, CSV.gz or Parquet")

    remedies: ClassVar[dict[str, str]] = {
        "beta": "beta is for probabilities; write { p05 = ..., p95 = ... }",
        "lognormal": "lognormal is for positive quantities, and this number is bounded; write "
        "{ p05 = ..., p95 = ... }",
    }

    @model_validator(mode="before")
    @classmethod
    def _one_way(cls, value: Any) -> Any:
        """Refuse more than one way to say it, and half of an interval."""
        for key in value:
            if key in cls.remedies and key not in cls.model_fields:
                raise ValueError(f"{cls.remedies[key]}, found {found(value)}")
        ways = [key for key in value if key in cls.model_fields]
        if not value or (len(ways) > 1 and set(ways) != {"p05", "p95"}):
            remedy = "take one of them out" if ways else "write { p05 = ..., p95 = ... }"
            raise ValueError(
                f"expected one way to say what the number may be, found {found(value)}; {remedy}"
            )
        if len(value) == 1 and ways in (["p05"], ["p95"]):
            other = "p95" if ways == ["p05"] else "p05"
            raise ValueError(f"missing key `{other}`: an interval has two ends, p05 and p95")
        return value


class UncertainProbability(UncertainNumber[Probability]):
    """A probability that is not known for sure: p05 and p95 (odds scale), or one other key."""

    beta: Two[Positive] | None = Field(
        default=None, description="a and b: as after a - 1 successes and b - 1 failures"
    )


class UncertainQuantity(UncertainNumber[Q], Generic[Q]):
    """A positive number that is not known for sure: p05 and p95 (log scale), or one other key."""

    lognormal: AroundMedian[Q] | None = None


@dataclass(frozen=True, kw_only=True)
class OrUncertain:
    """Annotates the type of a value: a table in its place makes it an uncertain number.

    Attributes
    ----------
    known : type
        The value where it is not uncertain.
    table : type
        What such a table may hold.
    parse : callable
        How the key's own values are read; cells of samples are read so too.
    scale : {"odds", "log", "growth"}
    low, high : float
        What the number stays between.
    unit : str
        For messages.
    """

    known: Any
    table: type[UncertainNumber[Any]]
    parse: Callable[[Any], Any]
    scale: Scale
    low: float
    high: float
    unit: str = ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Read a table as `table`, all else as `known`."""
        del source
        kinds = {"known": self.known, "uncertain": self.table}
        either = core_schema.tagged_union_schema(
            {name: handler.generate_schema(kind) for name, kind in kinds.items()},
            discriminator=lambda value: "uncertain" if isinstance(value, dict) else "known",
        )
        return core_schema.no_info_after_validator_function(self._made, either)

    def _made(self, given: Any) -> Any:
        """Return the number that a table says; one without variance is a plain one."""
        if not isinstance(given, UncertainNumber):
            return given
        (kind, *_) = given.model_fields_set - {"p95"}
        values = self._samples(given.samples) if given.samples else _values(given, kind)
        if not any(isinstance(value, Rate) for value in values):
            return self.number(kind, values)
        per = _alike(values)
        numbers = [getattr(value, per) if isinstance(value, Rate) else value for value in values]
        of_rate = replace(self, unit=per.replace("_", " "))
        return Rate(**{per: of_rate.number(kind, numbers)})

    def _samples(self, table: DataTable) -> list[Any]:
        """Return the values of a file, each read as the key reads its own."""
        problems: list[str] = []
        try:
            pick_column(table, "value", "value")
        except TableError as error:
            raise ValueError(str(error)) from None
        everywhere = range(len(table.rows))
        if empty := [at for at in everywhere if table.columns["value"][at] is None]:
            problems.append(f"{table.name}: {rows_at(table, empty)}: value is empty or NaN")
        values = parse_cells(table, "value", self._cell, everywhere, problems)
        if problems:
            raise ValueError("; ".join(problems))
        return values

    def _cell(self, cell: Any) -> Any:
        """Read a cell: a number in a CSV file is a text."""
        if isinstance(cell, str):
            try:
                cell = units.parse_number(float(cell))
            except ValueError:
                cell = cell.strip()
        try:
            return self.parse(cell)
        except ValueError as error:
            # which value it is, the rows say
            raise ValueError(str(error).partition(", found ")[0]) from None

    def number(self, kind: str, numbers: list[float]) -> float:
        """Return the uncertain number; ValueError where it is none or leaves its range."""
        if _is_sure(kind, numbers):
            return numbers[0]
        if kind in ("p05", "triangular", "pert") and sorted(numbers) != numbers:
            shown = ", ".join(map(self._say, numbers))
            if kind == "p05":
                raise ValueError(f"expected p05 below p95, found {shown}; swap them")
            raise ValueError(f"{kind}: expected values from low to high, found {shown}; order them")
        if kind == "p05":
            self._check_ends(*numbers)
        if kind == "normal" and numbers[1] < 0.0:
            raise ValueError("normal: expected a standard deviation of 0 or more, found one below")
        with np.errstate(over="ignore"):
            number = Uncertain(self._marginal(kind, numbers), scale=self.scale)
            low, high = number.at(floats([-WIDE_SCORE, WIDE_SCORE])).tolist()
        self._check_middle(number)
        if not self.low <= low <= high <= self.high:
            raise ValueError(
                f"expected what stays from {self._say(self.low)} to {self._say(self.high)} within "
                f"{WIDE_SCORE:g} standard deviations, found {self._say(low)} to {self._say(high)}; "
                "narrow it, or write { p05 = ..., p95 = ... }, which stays inside"
            )
        return number

    def _check_ends(self, p05: float, p95: float) -> None:
        """Refuse an interval that ends where its scale does."""
        if self.scale == "odds" and (p05 == 0.0 or p95 == 1.0):
            raise ValueError(
                f"expected p05 above 0 and p95 below 1 (on the odds scale), found {p05:g} and "
                f"{p95:g}; move the end inwards, or write {{ triangular = [...] }}"
            )
        if self.scale == "log" and p05 == 0.0:
            raise ValueError(
                "expected p05 above 0 (on the log scale), found 0; "
                "raise it, or write { triangular = [...] }"
            )

    def _check_middle(self, number: float) -> None:
        """Refuse a number whose half lies at an end of its scale: no factor moves it from there."""
        if self.scale == "log" and number <= 0.0:
            raise ValueError("expected a number above 0 in more than half of the worlds, found 0")
        if self.scale == "odds" and not 0.0 < number < 1.0:
            raise ValueError(
                f"expected a probability inside 0 to 1 in most of the worlds, found {number:g} in "
                "half of them or more"
            )

    def _marginal(self, kind: str, numbers: list[float]) -> Marginal:
        """Return what a number may be; of a growth it is 1 + growth that is described."""
        plus = 1.0 if self.scale == "growth" else 0.0
        match kind, numbers:
            case "normal", [mean, sd]:
                return Normal(mean=plus + mean, sd=sd)
            case "lognormal", [median, sigma]:
                return Lognormal(median=median, sigma=sigma)
            case "beta", [a, b]:
                return Beta(a=a, b=b)
        values = tuple(plus + number for number in numbers)
        if kind == "p05":
            return Between(p05=values[0], p95=values[1], scale=self.scale)
        if kind == "samples":
            return ByLaw(law=Empirical(values=values, weights=(1.0,) * len(values)))
        maker = Triangular if kind == "triangular" else Pert
        return ByLaw(law=maker(low=values[0], mode=values[1], high=values[2]))

    def _say(self, number: float) -> str:
        return quantity(number, self.unit)


def _values(given: UncertainNumber[Any], kind: str) -> list[Any]:
    """Return what stands at the one way that is given."""
    if kind == "p05":
        return [given.p05, given.p95]
    if kind == "lognormal":
        around = getattr(given, kind)
        return [around.median, around.sigma]
    return [] if kind == "samples" else list(getattr(given, kind))


def _alike(values: list[Any]) -> Literal["per_day", "per_month"]:
    """Return what all rates are in; those of 0 go with both."""
    rates = [value for value in values if isinstance(value, Rate)]
    daily, monthly = (any(getattr(rate, per) for rate in rates) for per in ("per_day", "per_month"))
    if daily and monthly:
        raise ValueError(
            "expected rates that are alike, found some per month, quarter or year (calendar) and "
            "some per day or week; write all of them per month, or all per day"
        )
    return "per_month" if monthly else "per_day"


def _is_sure(kind: str, numbers: list[float]) -> bool:
    """Say whether there is one value only, the first."""
    if kind in ("normal", "lognormal"):
        return numbers[1] == 0.0
    return kind != "beta" and len(set(numbers)) == 1
