"""Numbers that are not known for sure: what a plan says of them, and their place in a model.

An `Uncertain` is a float, its middle value, so that all that asks for a number gets one; the
worlds ask it what else it may be.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats, quantity

Scale = Literal["odds", "log", "growth"]
"""How a number moves: a probability by its odds, a positive quantity by factors, a relative growth
by factors on 1 + growth."""

NORMAL_P95 = 1.6448536269514722
"""Standard normal score exceeded with probability 0.05."""
FARTHEST_SCORE = 8.5
"""No uniform number of 52 bits leads to a score beyond."""
_LEAST = 1e-12


class Marginal(ABC):
    """What a number may be: a rising function of a standard normal score.

    Of a growth it is the factor 1 + growth that is described.
    """

    @abstractmethod
    def at(self, score: FloatArray) -> FloatArray:
        """Return the value at a standard normal score: its quantile at Phi(score)."""

    @abstractmethod
    def describe(self) -> str:
        """Say it in a few words, for example ``5 % below 0.3, 5 % above 0.5``."""


@dataclass(frozen=True, kw_only=True)
class Between(Marginal):
    """Below ``p05`` with probability 5 %, above ``p95`` with 5 %; normal on a scale.

    On the odds scale the logit is normal, else the logarithm.
    """

    p05: float
    p95: float
    scale: Scale

    def at(self, score: FloatArray) -> FloatArray:
        """Return the inverse logit, or the exponential, of a normal quantile."""
        low, high = (_stretched(floats(p), self.scale) for p in (self.p05, self.p95))
        moved = (low + high) / 2 + floats(score) * ((high - low) / (2 * NORMAL_P95))
        return 1.0 / (1.0 + np.exp(-moved)) if self.scale == "odds" else np.exp(moved)

    def describe(self) -> str:
        """Say the two percentiles."""
        return f"90 % from {quantity(self.p05)} to {quantity(self.p95)}"


@dataclass(frozen=True, kw_only=True)
class Normal(Marginal):
    """Normal, far enough from where the number may not be."""

    mean: float
    sd: float

    def at(self, score: FloatArray) -> FloatArray:
        """Return mean + sd x score."""
        return self.mean + self.sd * floats(score)

    def describe(self) -> str:
        """Say mean and standard deviation."""
        return f"normal, mean {quantity(self.mean)}, standard deviation {quantity(self.sd)}"


@dataclass(frozen=True, kw_only=True)
class Lognormal(Marginal):
    """The logarithm is normal with standard deviation ``sigma``."""

    median: float
    sigma: float

    def at(self, score: FloatArray) -> FloatArray:
        """Return median x exp(sigma x score)."""
        return self.median * np.exp(self.sigma * floats(score))

    def describe(self) -> str:
        """Say the median and sigma."""
        return f"lognormal, median {quantity(self.median)}, sigma {quantity(self.sigma)}"


@dataclass(frozen=True, kw_only=True)
class Beta(Marginal):
    """Beta law of a probability: as after a - 1 successes and b - 1 failures."""

    a: float
    b: float

    def at(self, score: FloatArray) -> FloatArray:
        """Return the beta quantile, from the nearer end."""
        from scipy.special import betainccinv, betaincinv, ndtr

        score = floats(score)
        below = betaincinv(self.a, self.b, ndtr(score))
        above = betainccinv(self.a, self.b, ndtr(-score))
        return floats(np.where(score < 0.0, below, above))

    def describe(self) -> str:
        """Say a and b."""
        return f"beta, a {quantity(self.a)}, b {quantity(self.b)}"


@dataclass(frozen=True, kw_only=True)
class ByLaw(Marginal):
    """As a law of the model says: triangular, pert, or observed samples."""

    law: Law

    def at(self, score: FloatArray) -> FloatArray:
        """Return the law's value at the upper share Phi(-score)."""
        from scipy.special import ndtr

        return self.law.isf(floats(ndtr(-floats(score))))

    def describe(self) -> str:
        """Say the law."""
        return self.law.describe("")


@dataclass(frozen=True, kw_only=True)
class Moved(Marginal):
    """Another marginal, moved on its scale until its middle is a given factor times as large."""

    of: Marginal
    factor: float
    scale: Scale

    def at(self, score: FloatArray) -> FloatArray:
        """Return the value multiplied; of a probability its odds are, so that it stays one."""
        values = self.of.at(floats(score))
        if self.scale != "odds":
            return self.factor * values
        middle = self.of.at(floats([0.0]))
        step = _stretched(self.factor * middle, "odds") - _stretched(middle, "odds")
        return 1.0 / (1.0 + np.exp(-(_stretched(values, "odds") + step)))

    def describe(self) -> str:
        """Say what is moved, and how far."""
        return f"{self.of.describe()}; its middle x {quantity(self.factor)}"


def _stretched(value: FloatArray, scale: Scale) -> FloatArray:
    """Return the logit of a probability, else the logarithm; ends are moved inwards by 1e-12."""
    if scale == "odds":
        inside = np.clip(value, _LEAST, 1.0 - _LEAST)
        return np.log(inside) - np.log1p(-inside)
    return np.log(np.maximum(value, _LEAST))


class Uncertain(float):
    """The middle value of a number that each world draws anew.

    Attributes
    ----------
    marginal : Marginal
    scale : {"odds", "log", "growth"}
    address : str
        What the plan calls it, stages by name: the identity of its draws.
    """

    marginal: Marginal
    scale: Scale
    address: str

    def __new__(cls, marginal: Marginal, *, scale: Scale, address: str = "") -> Self:
        """Return the value at score 0; of a growth what is above 1."""
        middle = float(marginal.at(floats([0.0]))[0])
        number = super().__new__(cls, middle - 1.0 if scale == "growth" else middle)
        number.marginal = marginal
        number.scale = scale
        number.address = address
        return number

    def __getnewargs_ex__(self) -> tuple[tuple[Marginal], dict[str, str]]:
        """Return what a copy is made of."""
        return (self.marginal,), {"scale": self.scale, "address": self.address}

    def at(self, score: FloatArray) -> FloatArray:
        """Return the number at standard normal scores."""
        values = self.marginal.at(floats(score))
        return values - 1.0 if self.scale == "growth" else values

    def steps(self, score: FloatArray) -> FloatArray:
        """Return the logarithm of its ratio (odds ratio) to the middle at scores; 0 at 0."""
        middle = _stretched(self.marginal.at(floats([0.0])), self.scale)
        return _stretched(self.marginal.at(floats(score)), self.scale) - middle

    def times(self, factor: float) -> Self:
        """Return the number with its middle multiplied, for a factor > 0; address and ratios stay.

        A probability keeps its odds ratios, so that none of its values leaves (0, 1).
        """
        moved = Moved(of=self.marginal, factor=factor, scale=self.scale)
        return type(self)(moved, scale=self.scale, address=self.address)
