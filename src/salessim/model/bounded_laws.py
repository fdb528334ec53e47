"""Laws between two bounds: `Fixed`, `Uniform`, `Triangular` and `Pert`.

A width of zero is legal everywhere: what is certain is a law too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats, quantity, tail_mean_at


@dataclass(frozen=True, kw_only=True)
class Fixed(Law):
    """One value, always."""

    value: float

    @property
    def mean(self) -> float:
        """The value itself."""
        return self.value

    def survival(self, x: FloatArray) -> FloatArray:
        """One below the value, zero from it on."""
        return np.where(np.asarray(x) < self.value, 1.0, 0.0)

    def isf(self, s: FloatArray) -> FloatArray:
        """Return the value for any ``s``."""
        return np.full(np.shape(s), self.value)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Value times ``s``."""
        return self.value * floats(s)

    def describe(self, unit: str = "days") -> str:
        """Say the value."""
        return f"always {quantity(self.value, unit)}" if self.value else "none"


@dataclass(frozen=True, kw_only=True)
class Uniform(Law):
    """Every value between two bounds is equally likely."""

    low: float
    high: float

    @property
    def mean(self) -> float:
        """Middle of the bounds."""
        return self.low + (self.high - self.low) / 2

    def survival(self, x: FloatArray) -> FloatArray:
        """Share of the interval above ``x``."""
        x = floats(x)
        if self.high == self.low:
            return np.where(x < self.low, 1.0, 0.0)
        return np.clip((self.high - x) / (self.high - self.low), 0.0, 1.0)

    def isf(self, s: FloatArray) -> FloatArray:
        """Linear between the bounds."""
        return self.high - floats(s) * (self.high - self.low)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Integral of a straight line."""
        s = floats(s)
        return s * (self.high - s * (self.high - self.low) / 2)

    def describe(self, unit: str = "days") -> str:
        """Say the bounds."""
        return f"uniform, {quantity(self.low)} to {quantity(self.high, unit)}"


@dataclass(frozen=True, kw_only=True)
class Triangular(Law):
    """Density rises in a straight line to the mode and falls in one to the upper bound."""

    low: float
    mode: float
    high: float

    @property
    def mean(self) -> float:
        """Mean of the three corners."""
        return (self.low + self.mode + self.high) / 3

    @property
    def _rise(self) -> float:
        return (self.high - self.low) * (self.mode - self.low)

    @property
    def _fall(self) -> float:
        return (self.high - self.low) * (self.high - self.mode)

    @property
    def _above_mode(self) -> float:
        width = self.high - self.low
        return (self.high - self.mode) / width if width else 1.0

    def survival(self, x: FloatArray) -> FloatArray:
        """One branch on each side of the mode."""
        x = floats(x)
        if self.high == self.low:
            return np.where(x < self.low, 1.0, 0.0)
        inside = np.clip(x, self.low, self.high)
        # a side of no width is never asked for more than its edge: any divisor will do
        below = 1.0 - (inside - self.low) ** 2 / (self._rise or 1.0)
        above = (self.high - inside) ** 2 / (self._fall or 1.0)
        return np.where(inside < self.mode, below, above)

    def isf(self, s: FloatArray) -> FloatArray:
        """Square root on each side of the mode."""
        s = floats(s)
        above = self.high - np.sqrt(s * self._fall)
        below = self.low + np.sqrt((1.0 - s) * self._rise)
        return np.where(s <= self._above_mode, above, below)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Integral of `isf`, taken from the nearer end."""
        s = floats(s)
        above = s * (self.high - 2 / 3 * np.sqrt(s * self._fall))
        rest = 1.0 - s
        below = self.mean - rest * (self.low + 2 / 3 * np.sqrt(rest * self._rise))
        return np.where(s <= self._above_mode, above, below)

    def describe(self, unit: str = "days") -> str:
        """Say the corners."""
        ends = f"{quantity(self.low)} to {quantity(self.high, unit)}"
        return f"triangular, {ends}, mode {quantity(self.mode)}"


@dataclass(frozen=True, kw_only=True)
class Pert(Law):
    """Beta law with the mean (low + 4 mode + high) / 6 of project planning."""

    low: float
    mode: float
    high: float

    @property
    def mean(self) -> float:
        """The planner's weighted mean."""
        return (self.low + 4 * self.mode + self.high) / 6

    @property
    def _alpha(self) -> float:
        return 1.0 + 4.0 * (self.mode - self.low) / (self.high - self.low)

    def survival(self, x: FloatArray) -> FloatArray:
        """Complemented incomplete beta function."""
        from scipy.special import betaincc

        x = floats(x)
        width = self.high - self.low
        if width == 0.0:
            return np.where(x < self.low, 1.0, 0.0)
        share = np.clip((x - self.low) / width, 0.0, 1.0)
        return floats(betaincc(self._alpha, 6.0 - self._alpha, share))

    def isf(self, s: FloatArray) -> FloatArray:
        """Inverse of the complemented incomplete beta function."""
        from scipy.special import betainccinv

        s = floats(s)
        width = self.high - self.low
        if width == 0.0:
            return np.full(np.shape(s), self.low)
        return self.low + width * floats(betainccinv(self._alpha, 6.0 - self._alpha, s))

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Use that x times a beta density is a beta density with alpha + 1."""
        from scipy.special import betaincc

        s = floats(s)
        width = self.high - self.low
        if width == 0.0:
            return s * self.low
        alpha, x = self._alpha, self.isf(s)
        share = (x - self.low) / width
        above = width * alpha / 6.0 * floats(betaincc(alpha + 1.0, 6.0 - alpha, share))
        at_x = floats(betaincc(alpha, 6.0 - alpha, share))
        return tail_mean_at(x, s=s, survival=at_x, above=above + self.low * at_x)

    def describe(self, unit: str = "days") -> str:
        """Say the three estimates."""
        ends = f"{quantity(self.low)} to {quantity(self.high, unit)}"
        return f"PERT, {ends}, most likely {quantity(self.mode)}"
