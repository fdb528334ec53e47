"""Columns of the customers' file that say how likely each is still there, and what it orders."""

from __future__ import annotations

from typing import Any

from salessim.config.open_deals import say_empty
from salessim.config.tables import DataTable, parse_cells
from salessim.config.units import LARGEST_SHAPE, LEAST_SHAPE
from salessim.model.law import floats
from salessim.model.plan import OwnRates

LARGEST_FACTOR = 1e6


def _number(cell: Any, expected: str, low: float, high: float) -> float:
    try:
        number = float(cell)
    except (TypeError, ValueError):
        raise ValueError(expected) from None
    if not low <= number <= high:
        raise ValueError(expected)
    return number


def probability_cell(cell: Any) -> float:
    """Read a probability in [0, 1]."""
    return _number(cell, "expected a probability from 0 to 1", 0.0, 1.0)


def _factor_cell(cell: Any) -> float:
    return _number(cell, "expected a factor from 0 to 1e6", 0.0, LARGEST_FACTOR)


def _shape_cell(cell: Any) -> float:
    expected = f"expected a gamma shape from {LEAST_SHAPE:g} to {LARGEST_SHAPE:g}"
    return _number(cell, expected, LEAST_SHAPE, LARGEST_SHAPE)


def read_own_rates(data: DataTable, source: str, problems: list[str]) -> OwnRates | None:
    """Return what a file says of customers' own rates through a source; None when nothing."""
    columns = {role: f"{source}.{role}" for role in ("factor", "shape")}
    there = [name for name in columns.values() if name in data.columns]
    if not there:
        return None
    missing = [name for name in columns.values() if name not in there]
    if missing:
        problems.append(
            f"{data.name} has a column `{there[0]}` and no column `{missing[0]}`: a customer's own "
            "rate needs both, its mean as a multiple of the source's rate and its gamma shape"
        )
        return None
    everyone = range(len(data.rows))
    for name in there:
        say_empty(data, name, everyone, problems)
    factors = parse_cells(data, columns["factor"], _factor_cell, everyone, problems)
    shapes = parse_cells(data, columns["shape"], _shape_cell, everyone, problems)
    if problems:
        return None
    return OwnRates(source=source, factor=floats(factors), shape=floats(shapes))
