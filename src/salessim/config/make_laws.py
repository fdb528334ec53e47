"""From law tables to the model's laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from salessim.config.csv_text import TableError
from salessim.config.laws import AnyLaw, EmpiricalFile, PlainLaw
from salessim.config.numbers import at_score
from salessim.config.problems import Path, Problems
from salessim.config.tables import (
    DataTable,
    amount_cell,
    parse_cells,
    pick_column,
    rows_at,
)
from salessim.config.uncertain import WIDE_SCORE
from salessim.model import laws
from salessim.model.law import Law as ModelLaw
from salessim.model.uncertain import Uncertain

ReadFile = Callable[[Path, str], DataTable | None]
"""Reads the data file named at a path of the document; None when it cannot (said elsewhere)."""

PLACEHOLDER = laws.Fixed(value=1.0)
"""Stands for a law that could not be made: the problem is kept, the plan will not load."""


class LawMaker:
    """Makes the laws of one plan; what cannot be made is a problem."""

    def __init__(self, problems: Problems, read_file: ReadFile) -> None:
        self._problems = problems
        self._read_file = read_file

    def time_law(self, table: AnyLaw[Any] | None, path: Path) -> ModelLaw:
        """Return the law of a duration in days; no table = instant."""
        if table is None:
            return laws.Fixed(value=0.0)
        law = self._any(table, path, "days")
        self._check_mean(law, path, may_be_infinite=True)
        return law

    def amount_law(self, table: AnyLaw[Any], path: Path) -> ModelLaw:
        """Return the law of an amount in currency units; its mean must exist."""
        law = self._any(table, path, "amount")
        self._check_mean(law, path, may_be_infinite=False)
        return law

    def _check_mean(self, law: ModelLaw, path: Path, *, may_be_infinite: bool) -> None:
        """Refuse spreads beyond all numbers, and amounts without a mean."""
        worst = [_at(law, score) for score in (-WIDE_SCORE, 0.0, WIDE_SCORE)]
        law = next((law for law in worst if not math.isfinite(law.mean)), law)
        if math.isfinite(law.mean):
            return
        if _has_mean(law):
            text = "expected a law whose mean is a number; its spread is too wide"
        elif may_be_infinite:
            return
        else:
            text = (
                "expected a law of amounts with a finite mean, found one without (a loglogistic "
                "and a lomax need shape above 1, a burr shape x tail)"
            )
        self._problems.add(path, text)

    def _any(self, table: PlainLaw[Any], path: Path, column: str) -> ModelLaw:
        items = getattr(table, "mixture", None)
        if items is None:
            return self._single(table, path, column)
        where = (*path, "mixture")
        return laws.Mixture(
            weights=tuple(item.weight for item in items),
            laws=tuple(
                self._single(item.law, (*where, index, "law"), column)
                for index, item in enumerate(items)
            ),
        )

    def _single(self, table: PlainLaw[Any], path: Path, column: str) -> ModelLaw:
        """Return the law of the one key that is given."""
        kind = next(iter(table.model_fields_set))
        given = getattr(table, kind)
        match kind:
            case "fixed":
                return laws.Fixed(value=given)
            case "uniform" | "triangular" | "pert":
                return _bounded(kind, given)
            case "empirical":
                return self._empirical(given, (*path, kind), column)
            case _:
                makers: dict[str, Callable[..., ModelLaw]] = {
                    "exponential": laws.Exponential,
                    "lognormal": laws.Lognormal,
                    "gamma": laws.Gamma,
                    "weibull": laws.Weibull,
                    "loglogistic": laws.LogLogistic,
                    "lomax": _lomax,
                    "burr": laws.Burr,
                    "beta_geometric": laws.BetaGeometric,
                }
                return makers[kind](**dict(given))

    def _empirical(self, given: Any, path: Path, column: str) -> ModelLaw:
        """Return the law of observed values, each of weight one unless the file says another."""
        if not isinstance(given, EmpiricalFile):
            return laws.Empirical(values=tuple(given), weights=(1.0,) * len(given))
        path = (*path, "file")
        data = self._read_file(path, given.file)
        if data is None:
            return PLACEHOLDER
        wrong: list[str] = []
        try:
            values, weights = _observed(data, column, wrong)
        except TableError as error:
            wrong.append(str(error))
        for text in wrong:
            self._problems.add(path, text)
        if wrong:
            return PLACEHOLDER
        return laws.Empirical(values=values, weights=weights)


def _lomax(*, scale: float, shape: float) -> ModelLaw:
    return laws.Burr(scale=scale, tail=shape)


def _observed(
    data: DataTable, column: str, wrong: list[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the values and weights of a file; ``wrong`` gets what is wrong with its cells."""
    pick_column(data, column, column)
    everywhere = range(len(data.rows))
    columns = [column, "weight"] if "weight" in data.columns else [column]
    for name in columns:
        empty = [at for at in everywhere if data.columns[name][at] is None]
        if empty:
            wrong.append(f"{data.name}: {rows_at(data, empty)}: {name} is empty")
    values = parse_cells(data, column, amount_cell, everywhere, wrong)
    weights = [1.0] * len(values)
    if "weight" in data.columns:
        weights = parse_cells(data, "weight", amount_cell, everywhere, wrong)
    if not wrong and not any(weights):
        wrong.append(f"{data.name}: expected a weight above 0, found none")
    return tuple(values), tuple(weights)


def _at(law: ModelLaw, score: float) -> ModelLaw:
    """Return a law with all its uncertain values at one score."""
    if isinstance(law, laws.Mixture):
        return replace(law, laws=tuple(_at(part, score) for part in law.laws))
    values = {item.name: getattr(law, item.name) for item in fields(law)}  # type: ignore[arg-type]
    moved = {
        name: at_score(value, score)
        for name, value in values.items()
        if isinstance(value, Uncertain)
    }
    return replace(law, **moved) if moved else law  # type: ignore[type-var]


def _has_mean(law: ModelLaw) -> bool:
    """Say whether it is only because numbers end that a law has no finite mean."""
    parts = law.laws if isinstance(law, laws.Mixture) else (law,)
    return all(part.has_mean for part in parts)


def _bounded(kind: str, values: list[float]) -> ModelLaw:
    """Return a law between two values; without room between them it is the value itself."""
    low, high = values[0], values[-1]
    if low == high:
        return laws.Fixed(value=low)
    if kind == "uniform":
        return laws.Uniform(low=low, high=high)
    maker = laws.Triangular if kind == "triangular" else laws.Pert
    return maker(low=low, mode=values[1], high=high)
