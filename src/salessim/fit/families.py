"""Families of laws that are fitted to times and amounts: log scale, log shape, and derivatives.

All of them are laws of a plan (`salessim.model.laws`), written in logarithms of their two
parameters, so that these may be any numbers. `Known` is a law with nothing left to fit.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats
from salessim.model.laws import Exponential, Gamma, LogLogistic, Lognormal, Weibull

STEP = 1e-4
"""Of the logarithm of a gamma law's shape: its derivative there has no closed form."""
LARGEST_LOG = 690.0


class Family(ABC):
    """Laws that differ in scale and shape; functions of x > 0 and of the logarithms of both."""

    name: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    """What a plan calls the parameters, the scale first."""

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return len(self.keys)

    @abstractmethod
    def tails(self, x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return P(X <= x) and P(X > x), each with all its digits."""

    @abstractmethod
    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return the derivatives of P(X > x) by each parameter, shape (parameter, x)."""

    @abstractmethod
    def start(self, middle: float, spread: float) -> FloatArray:
        """Return parameters from the mean and standard deviation of the logarithm."""

    @abstractmethod
    def law(self, theta: FloatArray) -> Law:
        """Return the law of a plan."""


class LognormalFamily(Family):
    """Its logarithm is normal."""

    name = "lognormal"
    keys = ("median", "sigma")

    def tails(self, x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return both sides of the normal law."""
        from scipy.special import ndtr

        z = self._z(x, theta)
        return floats(ndtr(z)), floats(ndtr(-z))

    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return phi(z) / sigma and phi(z) z."""
        z = np.clip(self._z(x, theta), -40.0, 40.0)  # beyond, phi is 0, and 0 x inf is no number
        density = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        return np.stack((density / math.exp(theta[1]), density * z))

    def start(self, middle: float, spread: float) -> FloatArray:
        """Return them as they are."""
        return floats([middle, math.log(spread)])

    def law(self, theta: FloatArray) -> Law:
        """Return the lognormal law."""
        return Lognormal(median=math.exp(theta[0]), sigma=math.exp(theta[1]))

    def _z(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return floats((np.log(x) - theta[0]) / math.exp(theta[1]))


class WeibullFamily(Family):
    """Survival exp(-u) with u = (x / scale)^shape."""

    name = "weibull"
    keys: ClassVar[tuple[str, ...]] = ("scale", "shape")

    def tails(self, x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return 1 - exp(-u) and exp(-u)."""
        u = np.exp(self._log_u(x, theta))
        return -np.expm1(-u), np.exp(-u)

    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return u exp(-u) times shape, and times -ln u."""
        log_u = self._log_u(x, theta)
        weight = np.exp(log_u - np.exp(log_u))
        return np.stack((self._shape(theta) * weight, -_zero_at_ends(weight, log_u)))

    def start(self, middle: float, spread: float) -> FloatArray:
        """Use that ln X has the standard deviation pi / (sqrt(6) shape)."""
        log_shape = math.log(math.pi / math.sqrt(6.0) / spread)
        return floats([middle + np.euler_gamma / math.exp(log_shape), log_shape])

    def law(self, theta: FloatArray) -> Law:
        """Return the Weibull law."""
        return Weibull(scale=math.exp(theta[0]), shape=self._shape(theta))

    def _shape(self, theta: FloatArray) -> float:
        return math.exp(theta[1])

    def _log_u(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            log_u = self._shape(theta) * (np.log(x) - theta[0])
        return floats(np.minimum(log_u, LARGEST_LOG))


class ExponentialFamily(WeibullFamily):
    """A Weibull law of shape 1."""

    name = "exponential"
    keys = ("mean",)

    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return the first of the two."""
        return super().slopes(x, theta)[:1]

    def start(self, middle: float, spread: float) -> FloatArray:
        """Return the mean."""
        del spread
        return floats([middle + np.euler_gamma])

    def law(self, theta: FloatArray) -> Law:
        """Return the exponential law."""
        return Exponential(mean=math.exp(theta[0]))

    def _shape(self, theta: FloatArray) -> float:
        del theta
        return 1.0


class LogLogisticFamily(Family):
    """Survival 1 / (1 + u) with u = (x / median)^shape."""

    name = "loglogistic"
    keys = ("median", "shape")

    def tails(self, x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return both sides of the logistic law of ln x."""
        from scipy.special import expit

        log_u = self._log_u(x, theta)
        return floats(expit(log_u)), floats(expit(-log_u))

    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return S (1 - S) times shape, and times -ln u."""
        below, above = self.tails(x, theta)
        weight = below * above
        return np.stack(
            (math.exp(theta[1]) * weight, -_zero_at_ends(weight, self._log_u(x, theta)))
        )

    def start(self, middle: float, spread: float) -> FloatArray:
        """Use that ln X has the standard deviation pi / (sqrt(3) shape)."""
        return floats([middle, math.log(math.pi / math.sqrt(3.0) / spread)])

    def law(self, theta: FloatArray) -> Law:
        """Return the log-logistic law."""
        return LogLogistic(median=math.exp(theta[0]), shape=math.exp(theta[1]))

    def _log_u(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return floats(math.exp(theta[1]) * (np.log(x) - theta[0]))


class GammaFamily(Family):
    """Gamma law by its mean."""

    name = "gamma"
    keys = ("mean", "shape")

    def tails(self, x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return both incomplete gamma functions."""
        from scipy.special import gammainc, gammaincc

        shape = math.exp(theta[1])
        y = shape * (x / math.exp(theta[0]))
        return floats(gammainc(shape, y)), floats(gammaincc(shape, y))

    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return x times the density, and a central difference."""
        from scipy.special import gammaln

        shape = math.exp(theta[1])
        y = shape * (x / math.exp(theta[0]))
        with np.errstate(divide="ignore"):
            by_scale = np.exp(shape * np.log(y) - y - gammaln(shape))
        beside = [theta + floats([0.0, step]) for step in (STEP, -STEP)]
        (below_up, above_up), (below_down, above_down) = (self.tails(x, at) for at in beside)
        by_shape = np.where(below_up < 0.5, below_down - below_up, above_up - above_down)
        return np.stack((by_scale, by_shape / (2.0 * STEP)))

    def start(self, middle: float, spread: float) -> FloatArray:
        """Use that ln X has about the variance 1 / shape + 1 / (2 shape^2)."""
        shape = (1.0 + math.sqrt(1.0 + 2.0 * spread * spread)) / (2.0 * spread * spread)
        return floats([middle + 0.5 / shape, math.log(shape)])

    def law(self, theta: FloatArray) -> Law:
        """Return the gamma law."""
        return Gamma(mean=math.exp(theta[0]), shape=math.exp(theta[1]))


@dataclass(frozen=True)
class Known(Family):
    """A law that is taken as it is."""

    taken: Law

    name = "empirical"
    keys = ()

    def tails(self, x: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return what the law says."""
        del theta
        above = self.taken.survival(x)
        return 1.0 - above, above

    def slopes(self, x: FloatArray, theta: FloatArray) -> FloatArray:
        """Return nothing."""
        del theta
        return np.zeros((0, len(x)))

    def start(self, middle: float, spread: float) -> FloatArray:
        """Return nothing."""
        del middle, spread
        return floats([])

    def law(self, theta: FloatArray) -> Law:
        """Return it."""
        del theta
        return self.taken


FAMILIES: tuple[Family, ...] = (
    LognormalFamily(),
    WeibullFamily(),
    GammaFamily(),
    LogLogisticFamily(),
    ExponentialFamily(),
)


def _zero_at_ends(weight: FloatArray, factor: FloatArray) -> FloatArray:
    """Return the product, 0 where the weight is: there the factor may be infinite."""
    return np.where(weight > 0.0, weight * np.where(np.isfinite(factor), factor, 0.0), 0.0)
