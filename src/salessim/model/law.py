"""What a law is: a proper distribution on [0, infinity), asked through its upper tail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from salessim._typing import FloatArray


class Law(ABC):
    """A distribution of a duration (days) or an amount (currency units), finite with probability 1.

    Everything is asked through the survival probability ``s = P(X > x)``, because old deals
    live in the upper tail, where ``1 - cdf`` has no digits left.
    """

    if TYPE_CHECKING:  # at run time a law with a field of this name must inherit no property

        @property
        def mean(self) -> float:
            """Expected value; ``inf`` when it does not exist. Needs ``math`` only."""

    @property
    def has_mean(self) -> bool:
        """Whether the tail is light enough for a mean, whatever numbers can hold."""
        return True

    @property
    def is_memoryless(self) -> bool:
        """Whether what is left does not depend on the age: true of the exponential law only."""
        return False

    @abstractmethod
    def survival(self, x: FloatArray) -> FloatArray:
        """P(X > x), elementwise."""

    @abstractmethod
    def isf(self, s: FloatArray) -> FloatArray:
        """Inverse of `survival`: the value exceeded with probability ``s`` in [0, 1]."""

    @abstractmethod
    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Integral of `isf` from 0 to ``s``: E[X; the upper share s]. At s = 1 it is the mean."""

    @abstractmethod
    def describe(self, unit: str = "days") -> str:
        """Say the law in a few words, for example ``lognormal, median 14 days, sigma 0.7``."""

    def tail_mean_from(self, x: FloatArray, s: FloatArray) -> FloatArray:
        """Return `tail_mean` of ``s`` where ``x = isf(s)`` is known: some laws search for it."""
        del x
        return self.tail_mean(s)

    def log_survival(self, x: FloatArray) -> FloatArray:
        """Natural logarithm of `survival`; ``-inf`` where nothing survives."""
        with np.errstate(divide="ignore"):
            return np.log(self.survival(x))


def floats(x: object) -> FloatArray:
    """Return ``x`` as an array of float64 (scipy's functions promise less)."""
    return np.asarray(x, dtype=np.float64)


def tail_mean_at(
    x: FloatArray, *, s: FloatArray, survival: FloatArray, above: FloatArray
) -> FloatArray:
    """Return E[X; the upper share s] from what lies above a point near ``isf(s)``.

    Parameters
    ----------
    x : ndarray
        ``isf(s)``, as exactly as it could be computed; infinite where ``s`` is 0.
    s : ndarray
        Upper share asked for.
    survival, above : ndarray
        P(X > x) and E[X; X > x]. What ``s`` has beyond P(X > x) lies at x: an atom there, or
        the rounding of x.
    """
    at_x = np.where(s > 0.0, x, 0.0)
    return np.where(s > 0.0, above + at_x * (s - survival), 0.0)


def quantity(value: float, unit: str = "") -> str:
    """Say a number to four digits, thousands separated, with its unit (``days`` has a singular)."""
    digits = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    name = "day" if unit == "days" and digits == "1" else unit
    return f"{digits} {name}".rstrip()
