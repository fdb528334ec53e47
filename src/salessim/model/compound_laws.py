"""Laws made of data or of other laws: `Empirical` and `Mixture`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats, quantity, tail_mean_at


@dataclass(frozen=True, kw_only=True)
class Empirical(Law):
    """Observed values, each as likely as its weight says."""

    values: tuple[float, ...]
    weights: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Weighted mean of the values."""
        total = math.fsum(self.weights)
        pairs = zip(self.values, self.weights, strict=True)
        return math.fsum(value * weight for value, weight in pairs) / total

    @cached_property
    def _steps(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Values falling; the share above each and 1; the integral of `isf` up to each share.

        Summed from the top, so that the last observations keep all their digits.
        """
        values = np.asarray(self.values, dtype=np.float64)
        weights = np.asarray(self.weights, dtype=np.float64)
        order = np.argsort(-values, kind="stable")
        values, weights = values[order], weights[order]
        shares = np.concatenate(([0.0], np.cumsum(weights)))
        integral = np.concatenate(([0.0], np.cumsum(weights * values)))
        return values, shares / shares[-1], integral / shares[-1]

    def survival(self, x: FloatArray) -> FloatArray:
        """Share of the weight above ``x``."""
        values, shares, _ = self._steps
        return shares[np.searchsorted(-values, -floats(x), side="left")]

    def isf(self, s: FloatArray) -> FloatArray:
        """Smallest observed value with at most the share ``s`` above it."""
        values, shares, _ = self._steps
        step = np.searchsorted(shares, floats(s), side="right") - 1
        return values[np.minimum(step, len(values) - 1)]

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Piecewise linear between the steps."""
        _, shares, integral = self._steps
        return np.interp(floats(s), shares, integral)

    def describe(self, unit: str = "days") -> str:
        """Say how many values, their range and mean."""
        lowest, highest = quantity(min(self.values)), quantity(max(self.values), unit)
        if len(self.values) == 1:
            return f"always {highest}"
        count, mean = f"{len(self.values):,} values", f"mean {quantity(self.mean)}"
        return f"empirical, {count}, {lowest} to {highest}, {mean}"


@dataclass(frozen=True, kw_only=True)
class Mixture(Law):
    """One of several laws, chosen by weight."""

    weights: tuple[float, ...]
    laws: tuple[Law, ...]

    @property
    def _parts(self) -> list[tuple[float, Law]]:
        total = math.fsum(self.weights)
        pairs = zip(self.weights, self.laws, strict=True)
        return [(weight / total, law) for weight, law in pairs if weight > 0.0]

    @property
    def mean(self) -> float:
        """Weighted mean of the laws' means."""
        return math.fsum(weight * law.mean for weight, law in self._parts)

    def survival(self, x: FloatArray) -> FloatArray:
        """Weighted sum of the laws' survival."""
        parts = [weight * law.survival(x) for weight, law in self._parts]
        # weights that do not add up to 1 in the last bit must not give more than certainty
        return np.minimum(floats(np.sum(parts, axis=0)), 1.0)

    def log_survival(self, x: FloatArray) -> FloatArray:
        """Logarithm of the sum, without underflow."""
        parts = [math.log(weight) + law.log_survival(x) for weight, law in self._parts]
        return np.minimum(floats(np.logaddexp.reduce(parts, axis=0)), 0.0)

    def isf(self, s: FloatArray) -> FloatArray:
        """Smallest value with at most ``s`` above it, by bisection between the laws' own."""
        s = floats(s)
        bounds = np.stack([law.isf(s) for _, law in self._parts])
        low, high = bounds.min(axis=0), bounds.max(axis=0)
        # where the lower bound answers already (an atom, or s = 1) there is nothing to halve
        high = floats(np.where(self.survival(low) <= s, low, high))
        while True:
            middle = 0.5 * low + 0.5 * high
            # halving ends at neighbouring floats; an infinite end (s = 0) is itself the answer
            wide = np.isfinite(middle) & (low < middle) & (middle < high)
            if not wide.any():
                return high
            beyond = wide & (self.survival(middle) <= s)
            high = floats(np.where(beyond, middle, high))
            low = np.where(wide & ~beyond, middle, low)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Sum of the laws' means above x = isf(s), and the rest of the share at x itself."""
        return self.tail_mean_from(self.isf(s), s)

    def tail_mean_from(self, x: FloatArray, s: FloatArray) -> FloatArray:
        """Return `tail_mean` without searching for ``x`` again."""
        s = floats(s)
        above = [weight * law.tail_mean(law.survival(x)) for weight, law in self._parts]
        total = floats(np.sum(above, axis=0))
        return tail_mean_at(x, s=s, survival=self.survival(x), above=total)

    def describe(self, unit: str = "days") -> str:
        """Say each law with its share."""
        parts = [f"{100 * weight:.3g} % {law.describe(unit)}" for weight, law in self._parts]
        return "mixture of " + "; ".join(parts)
