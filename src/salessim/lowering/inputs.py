"""The inputs of a world as arrays: uncertain numbers with their steps, shocks with their months."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np

from salessim._typing import FloatArray
from salessim.errors import SalessimError
from salessim.kernels.arrays import Draws, Inputs
from salessim.lowering.entities import entity
from salessim.lowering.moves import Move
from salessim.lowering.seeds import WorldSeeds
from salessim.model.plan import Correlation, Shock
from salessim.model.uncertain import FARTHEST_SCORE, Uncertain

HALF_STEPS = 1024
"""Scores on each side of 0 at which a number is tabulated; a normal one is a straight line."""
NO_VARIANCE = 1e-12


def correlation_matrix(names: Sequence[str], correlations: Sequence[Correlation]) -> FloatArray:
    """Return the correlations among some inputs; those not named are 0."""
    matrix = np.eye(len(names))
    for pair in correlations:
        if pair.first in names and pair.second in names:
            i, j = names.index(pair.first), names.index(pair.second)
            matrix[i, j] = matrix[j, i] = pair.value
    return matrix


def innovations(correlation: FloatArray, persistence: FloatArray) -> FloatArray:
    """Return the covariance of what each month adds to the levels, so that they stay stationary."""
    return correlation * (1.0 - np.multiply.outer(persistence, persistence))


def lower_root(matrix: FloatArray) -> FloatArray:
    """Return the lower triangular root of a positive semidefinite matrix: Cholesky, row by row.

    LAPACK's refuses matrices without an inverse, such as that of two inputs that are one.
    """
    root = np.zeros_like(matrix)
    for j in range(len(matrix)):
        left = matrix[j, j] - root[j, :j] @ root[j, :j]
        if left > NO_VARIANCE:
            root[j, j] = np.sqrt(left)
            root[j + 1 :, j] = (matrix[j + 1 :, j] - root[j + 1 :, :j] @ root[j, :j]) / root[j, j]
    return root


class InputBank:
    """Inputs of a model's worlds, and the factors that moves ask for while lowering."""

    def __init__(
        self,
        numbers: Sequence[Uncertain],
        shocks: Sequence[Shock],
        months: Sequence[date],
    ) -> None:
        self.numbers = {number.address: number for number in numbers}
        self.shocks = {shock.address: shock for shock in shocks}
        self._months = months
        self.used: set[str] = set()
        self._columns: dict[tuple[int, float, float], int] = {}

    def column(self, move: Move) -> int:
        """Return the factor of a move, each factor once."""
        self.used.add(move.by.address)
        if isinstance(move.by, Shock):
            shock = list(self.shocks).index(move.by.address)
            source = len(self.numbers) + shock * len(self._months) + move.month
            key = (source, move.power, -0.5 * move.power * move.power)
        else:
            key = (self.index(move.by), move.power, 0.0)
        return self._columns.setdefault(key, len(self._columns))

    def index(self, number: Uncertain) -> int:
        """Return the position of a number.

        Raises
        ------
        SalessimError
            It is not among the model's uncertain numbers.
        """
        self.used.add(number.address)
        if number.address not in self.numbers:
            raise SalessimError(f"{number.address or 'a number'}: not known as uncertain")
        return list(self.numbers).index(number.address)

    def know(self, numbers: Iterable[object]) -> None:
        """Note that numbers have their place, though they may move nothing in the horizon."""
        self.used.update(number.address for number in numbers if isinstance(number, Uncertain))

    def arrays(self, correlations: Sequence[Correlation]) -> Inputs:
        """Return the inputs and all factors asked for."""
        grid = np.linspace(-FARTHEST_SCORE, FARTHEST_SCORE, 2 * HALF_STEPS + 1)
        steps = [number.steps(grid) for number in self.numbers.values()]
        columns = np.array(list(self._columns), float).reshape(-1, 3)
        shocks = list(self.shocks.values())
        persistence = np.array([shock.persistence for shock in shocks])
        levels = correlation_matrix(list(self.shocks), correlations)
        month = [[entity("shock", f"{s.name}\0{day}") for day in self._months] for s in shocks]
        return Inputs(
            entity=np.array([entity("number", name) for name in self.numbers], np.uint64),
            mixing=lower_root(correlation_matrix(list(self.numbers), correlations)),
            steps=np.array(steps, float).reshape(-1, grid.size),
            farthest=FARTHEST_SCORE,
            month=np.array(month, np.uint64).reshape(len(shocks), len(self._months)),
            persistence=persistence,
            opening=lower_root(levels),
            renewal=lower_root(innovations(levels, persistence)),
            source=columns[:, 0].astype(np.int64),
            coefficient=columns[:, 1].copy(),
            offset=columns[:, 2].copy(),
        )


def draws(
    numbers: Sequence[str], shocks: Sequence[str], *, run_seed: int, seeds: WorldSeeds
) -> Draws:
    """Return how each number (by the name of its input) and each shock is drawn."""

    def seed_of(names: Sequence[str]) -> list[int]:
        own = run_seed if seeds.seed is None else seeds.seed
        return [seeds.redrawn.get(name, own) for name in names]

    return Draws(
        number_seed=np.array(seed_of(numbers), np.uint64),
        number_held=np.array([seeds.held.get(name, np.nan) for name in numbers], float),
        shock_seed=np.array(seed_of(shocks), np.uint64),
        shock_held=np.array([seeds.held.get(name, np.nan) for name in shocks], float),
    )
