"""Effects of inputs on the arrays of a Program: which elements each factor multiplies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.errors import SalessimError
from salessim.kernels.arrays import Inputs
from salessim.lowering.inputs import InputBank
from salessim.lowering.moves import Move, moves_of, scale_of, spreads_of, with_values
from salessim.lowering.opening import TableBank
from salessim.model.law import Law
from salessim.model.uncertain import Uncertain

LEVELS = 63
"""Tables of a law whose shape is uncertain, by one number; several share about as many."""
MOST_SPREADS = 6


class Effect(NamedTuple):
    """Elements of a target (flat, by world) multiplied by factors; no element twice."""

    target: str
    at: IntArray
    factor: IntArray


class Bank(NamedTuple):
    """A law with uncertain shape: the world picks one of its tables."""

    target: str
    at: int
    """Element of the target that holds the row."""
    numbers: IntArray
    """Indices of the uncertain numbers, the first one slowest."""
    rows: IntArray
    """[levels, ...] rows of `Tables.full`, an axis for each number, by levels of equal
    probability."""


@dataclass
class Effects:
    """Gathers what inputs move while a model is lowered."""

    inputs: InputBank
    tables: TableBank
    banks: list[Bank] = field(default_factory=list)
    _moves: dict[str, list[tuple[int, Sequence[Move]]]] = field(default_factory=dict)

    def move(self, target: str, at: int, moves: Iterable[Move]) -> None:
        """Let the world multiply an element of a target by the factors of moves."""
        found = list(moves)
        self.inputs.used.update(move.by.address for move in found)
        if found:
            self._moves.setdefault(target, []).append((at, found))

    def law(self, kind: str, at: int, law: Law | None, *, scale: float = 1.0) -> None:
        """Let the world scale a law and pick its shape: targets ``kind_scale`` and ``kind_law``."""
        if law is None:
            return
        self.move(f"{kind}_scale", at, moves_of([scale_of(law)]))
        spreads = spreads_of(law)
        if spreads:
            self.pick(f"{kind}_law", at, spreads, lambda chosen: with_values(law, chosen), scale)

    def pick(
        self,
        target: str,
        at: int,
        numbers: Sequence[Uncertain],
        make: Callable[[dict[str, float]], Law],
        scale: float = 1.0,
    ) -> None:
        """Let the world pick among the laws that ``make`` returns for values by address.

        Raises
        ------
        SalessimError
            More than `MOST_SPREADS` numbers.
        """
        if len(numbers) > MOST_SPREADS:
            raise SalessimError(
                f"{numbers[0].address}: a law can have at most {MOST_SPREADS} uncertain numbers "
                f"that change its shape, found {len(numbers)}; state some as plain numbers"
            )
        levels = level_count(len(numbers))
        values = [number.at(scores_of_levels(levels)) for number in numbers]
        rows = np.zeros((levels,) * len(numbers), np.int64)
        for place in product(range(levels), repeat=len(numbers)):
            chosen = {
                number.address: float(value[level])
                for number, value, level in zip(numbers, values, place, strict=True)
            }
            rows[place] = self.tables.fresh(make(chosen), scale=scale)
        index = np.array([self.inputs.index(number) for number in numbers], np.int64)
        self.banks.append(Bank(target, at, index, rows))

    def arrays(self) -> tuple[Effect, ...]:
        """Return the effects: elements with several factors are in as many effects."""
        effects = []
        for target, items in self._moves.items():
            for layer in range(max(len(moves) for _, moves in items)):
                rows = [(at, moves[layer]) for at, moves in items if layer < len(moves)]
                at = np.array([at for at, _ in rows], np.int64)
                factor = [self.inputs.column(move) for _, move in rows]
                effects.append(Effect(target, at, np.array(factor, np.int64)))
        return tuple(effects)


def level_count(numbers: int) -> int:
    """Return how many levels each of so many numbers has: odd, so that one is the middle."""
    count = int(LEVELS ** (1.0 / numbers) + 1e-9)
    return max(3, count - 1 + count % 2)


def scores_of_levels(count: int) -> FloatArray:
    """Return the scores that stand for equally likely levels: mean 0, variance 1.

    They are in proportion to the mean score of each level. Were each level's median taken, 2 % of
    the variance would be lost with 63 levels, 17 % with 7.
    """
    density = np.exp(-(level_scores(np.arange(count + 1) / count) ** 2) / 2.0)
    means = density[:-1] - density[1:]
    means -= means[::-1].copy()
    return np.asarray(means / np.sqrt(np.mean(means**2)))


def level_scores(shares: FloatArray) -> FloatArray:
    """Return the standard normal scores at probabilities."""
    from scipy.special import ndtri

    return np.asarray(ndtri(shares), np.float64)


@dataclass(frozen=True, kw_only=True)
class World:
    """What a Program's worlds are made of.

    Attributes
    ----------
    inputs : Inputs
    numbers : tuple of str
        Input that each uncertain number belongs to: its address, or ``customers.health``.
    shocks : tuple of str
        ``shocks.NAME``.
    groups : tuple of tuple of str
        Inputs that are correlated, and can only be varied together.
    effects : tuple of Effect
    banks : tuple of Bank
    shares : ndarray, shape (s, 5)
        Of each stage: no decision, back, parked, stuck (of those that do not advance), and slips.
    answers : ndarray, shape (h,)
        Weight of each health class in the middle world; empty when not distinguished.
    """

    inputs: Inputs
    numbers: tuple[str, ...]
    shocks: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    effects: tuple[Effect, ...]
    banks: tuple[Bank, ...]
    shares: FloatArray
    answers: FloatArray

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, each once: numbers in their order, then shocks."""
        return tuple(dict.fromkeys((*self.numbers, *self.shocks)))
