"""The laws a plan may name: durations in days, amounts in currency units.

Constructors expect valid numbers (positive scales, ``low <= mode <= high``, weights that sum to
more than zero): `salessim.config` checks what the user wrote, where it can say the line.
Bounded, compound and mixed laws have files of their own and are re-exported here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.model.bounded_laws import Fixed, Pert, Triangular, Uniform
from salessim.model.compound_laws import Empirical, Mixture
from salessim.model.law import Law, floats, quantity, tail_mean_at
from salessim.model.mixed_laws import BetaGeometric, Burr

__all__ = [
    "BetaGeometric",
    "Burr",
    "Empirical",
    "Exponential",
    "Fixed",
    "Gamma",
    "LogLogistic",
    "Lognormal",
    "Mixture",
    "Pert",
    "Triangular",
    "Uniform",
    "Weibull",
]

LARGEST_POWER = 700.0
"""Where the exponential function leaves the floats, with room for a factor."""


@dataclass(frozen=True, kw_only=True)
class Exponential(Law):
    """The law without memory."""

    mean: float

    @property
    def is_memoryless(self) -> bool:
        """True: what is left does not depend on the age."""
        return True

    def survival(self, x: FloatArray) -> FloatArray:
        """exp(-x / mean)."""
        return np.exp(self.log_survival(x))

    def log_survival(self, x: FloatArray) -> FloatArray:
        """-x / mean."""
        return -np.maximum(x, 0.0) / self.mean

    def isf(self, s: FloatArray) -> FloatArray:
        """-mean ln(s)."""
        with np.errstate(divide="ignore"):
            # abs: ln(1) is +0, and a duration of -0 would print as such
            return self.mean * np.abs(np.log(s))

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Mean x s (1 - ln s): the value reached, and one more mean."""
        s = floats(s)
        return self.mean * s * (1.0 - np.log(np.where(s > 0.0, s, 1.0)))

    def describe(self, unit: str = "days") -> str:
        """Say the mean."""
        return f"exponential, mean {quantity(self.mean, unit)}"


@dataclass(frozen=True, kw_only=True)
class Lognormal(Law):
    """The logarithm is normal with standard deviation ``sigma``."""

    median: float
    sigma: float

    @property
    def mean(self) -> float:
        """Median x exp(sigma^2 / 2); ``inf`` when no float can hold it."""
        power = self.sigma * self.sigma / 2  # `**` would raise where this is infinite
        return self.median * math.exp(power) if power < LARGEST_POWER else math.inf

    def _z(self, x: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(x, 0.0) / self.median) / self.sigma

    def survival(self, x: FloatArray) -> FloatArray:
        """Return the normal probability above the standardised logarithm."""
        from scipy.special import ndtr

        return floats(ndtr(-self._z(x)))

    def log_survival(self, x: FloatArray) -> FloatArray:
        """Logarithm of the normal probability, without underflow."""
        from scipy.special import log_ndtr

        return floats(log_ndtr(-self._z(x)))

    def isf(self, s: FloatArray) -> FloatArray:
        """Exponential of the normal quantile."""
        from scipy.special import ndtri

        with np.errstate(over="ignore"):
            return self.median * np.exp(-self.sigma * floats(ndtri(s)))

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Mean x P(a normal shifted by sigma exceeds the same quantile)."""
        from scipy.special import ndtr, ndtri

        return self.mean * floats(ndtr(self.sigma + ndtri(s)))

    def describe(self, unit: str = "days") -> str:
        """Say the median and sigma."""
        return f"lognormal, median {quantity(self.median, unit)}, sigma {quantity(self.sigma)}"


@dataclass(frozen=True, kw_only=True)
class Gamma(Law):
    """Gamma law by its mean; the coefficient of variation is ``1 / sqrt(shape)``."""

    mean: float
    shape: float

    @property
    def _scale(self) -> float:
        return self.mean / self.shape

    def survival(self, x: FloatArray) -> FloatArray:
        """Complemented incomplete gamma function."""
        from scipy.special import gammaincc

        return floats(gammaincc(self.shape, np.maximum(x, 0.0) / self._scale))

    def isf(self, s: FloatArray) -> FloatArray:
        """Inverse of the complemented incomplete gamma function."""
        from scipy.special import gammainccinv

        return self._scale * floats(gammainccinv(self.shape, s))

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Use that x times a gamma density is a gamma density with shape + 1."""
        from scipy.special import gammaincc, gammainccinv

        x = floats(gammainccinv(self.shape, s))
        above = self.mean * floats(gammaincc(self.shape + 1.0, x))
        at_x = floats(gammaincc(self.shape, x))
        return tail_mean_at(self._scale * x, s=floats(s), survival=at_x, above=above)

    def describe(self, unit: str = "days") -> str:
        """Say the mean and the shape."""
        return f"gamma, mean {quantity(self.mean, unit)}, shape {quantity(self.shape)}"


@dataclass(frozen=True, kw_only=True)
class Weibull(Law):
    """Survival exp(-(x / scale)^shape)."""

    scale: float
    shape: float

    @property
    def mean(self) -> float:
        """Scale x Gamma(1 + 1 / shape); ``inf`` when no float can hold it."""
        power = math.lgamma(1.0 + 1.0 / self.shape)
        if power > LARGEST_POWER:
            return math.inf
        return self.scale * math.gamma(1.0 + 1.0 / self.shape)

    def survival(self, x: FloatArray) -> FloatArray:
        """Exponential of `log_survival`."""
        return np.exp(self.log_survival(x))

    def log_survival(self, x: FloatArray) -> FloatArray:
        """-(x / scale)^shape."""
        with np.errstate(over="ignore"):
            return -((np.maximum(x, 0.0) / self.scale) ** self.shape)

    def isf(self, s: FloatArray) -> FloatArray:
        """Scale x (-ln s)^(1 / shape)."""
        with np.errstate(divide="ignore", over="ignore"):
            return self.scale * np.abs(np.log(s)) ** (1.0 / self.shape)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Mean x the gamma probability, with shape 1 + 1 / shape, above -ln s."""
        from scipy.special import gammaincc

        with np.errstate(divide="ignore"):
            hazard = np.abs(np.log(s))
        return self.mean * floats(gammaincc(1.0 + 1.0 / self.shape, hazard))

    def describe(self, unit: str = "days") -> str:
        """Say the scale and the shape."""
        return f"Weibull, scale {quantity(self.scale, unit)}, shape {quantity(self.shape)}"


@dataclass(frozen=True, kw_only=True)
class LogLogistic(Law):
    """Survival 1 / (1 + (x / median)^shape); no mean when ``shape <= 1``."""

    median: float
    shape: float

    @property
    def has_mean(self) -> bool:
        """Whether the tail is light enough for a mean."""
        return self.shape > 1.0

    @property
    def mean(self) -> float:
        """Median x (pi / shape) / sin(pi / shape); ``inf`` when ``shape <= 1``."""
        if not self.has_mean:
            return math.inf
        angle = math.pi / self.shape
        return self.median * angle / math.sin(angle)

    def survival(self, x: FloatArray) -> FloatArray:
        """Exponential of `log_survival`."""
        return np.exp(self.log_survival(x))

    def log_survival(self, x: FloatArray) -> FloatArray:
        """-ln(1 + (x / median)^shape), also where the power overflows."""
        with np.errstate(divide="ignore"):
            odds = self.shape * np.log(np.maximum(x, 0.0) / self.median)
        return -np.logaddexp(0.0, odds)

    def isf(self, s: FloatArray) -> FloatArray:
        """Median x the odds of staying below, to the power 1 / shape."""
        s = floats(s)
        with np.errstate(divide="ignore", over="ignore"):
            return self.median * ((1.0 - s) / s) ** (1.0 / self.shape)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Mean x incomplete beta function; ``inf`` when ``shape <= 1`` and ``s > 0``."""
        from scipy.special import betainc

        s = floats(s)
        if not self.has_mean:
            return np.where(s > 0.0, np.inf, 0.0)
        power = 1.0 / self.shape
        return self.mean * floats(betainc(1.0 - power, 1.0 + power, s))

    def describe(self, unit: str = "days") -> str:
        """Say the median and the shape."""
        return f"log-logistic, median {quantity(self.median, unit)}, shape {quantity(self.shape)}"
