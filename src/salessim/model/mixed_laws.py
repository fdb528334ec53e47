"""Lifetimes of people who differ: each leaves at a rate of its own, gamma or beta distributed.

Among those still there the ones who leave easily grow fewer, so the hazard falls with age.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats, quantity

LARGEST_COUNT = 2.0**52
"""Renewals up to which they are told apart."""


@dataclass(frozen=True, kw_only=True)
class Burr(Law):
    """Weibull times whose rates are gamma among people: S = (1 + (x / scale)^shape)^-tail.

    Burr XII (Singh and Maddala 1976, Econometrica 44, eq. 7). With shape 1 it is the Lomax law
    (Pareto II) of exponential times: ``tail`` is the gamma shape, ``scale`` its rate. No mean
    when ``shape x tail <= 1``.
    """

    scale: float
    shape: float = 1.0
    tail: float

    @property
    def has_mean(self) -> bool:
        """Whether the tail is light enough for a mean."""
        return self.shape * self.tail > 1.0

    @property
    def mean(self) -> float:
        """Scale x tail x B(tail - 1 / shape, 1 + 1 / shape); ``inf`` when there is none."""
        if not self.has_mean:
            return math.inf
        power = 1.0 / self.shape
        logs = math.lgamma(self.tail - power) + math.lgamma(1.0 + power) - math.lgamma(self.tail)
        return self.scale * math.exp(logs) if logs < 700.0 else math.inf

    def survival(self, x: FloatArray) -> FloatArray:
        """Exponential of `log_survival`."""
        return np.exp(self.log_survival(x))

    def log_survival(self, x: FloatArray) -> FloatArray:
        """-tail ln(1 + (x / scale)^shape), also where the power overflows."""
        with np.errstate(divide="ignore"):
            power = self.shape * np.log(np.maximum(x, 0.0) / self.scale)
        return -self.tail * np.logaddexp(0.0, power)

    def isf(self, s: FloatArray) -> FloatArray:
        """Scale x (s^(-1 / tail) - 1)^(1 / shape)."""
        with np.errstate(divide="ignore", over="ignore"):
            odds = np.expm1(np.abs(np.log(s)) / self.tail)
            return self.scale * odds ** (1.0 / self.shape)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Mean x incomplete beta function of s^(1 / tail); ``inf`` without a mean and ``s > 0``."""
        from scipy.special import betainc

        s = floats(s)
        if not self.has_mean:
            return np.where(s > 0.0, np.inf, 0.0)
        power = 1.0 / self.shape
        share = betainc(self.tail - power, 1.0 + power, s ** (1.0 / self.tail))
        return self.mean * floats(share)

    def describe(self, unit: str = "days") -> str:
        """Say the parameters; of a Lomax law the two it has."""
        scale = f"scale {quantity(self.scale, unit)}"
        if self.shape == 1.0:
            return f"Lomax, {scale}, shape {quantity(self.tail)}"
        return f"Burr, {scale}, shape {quantity(self.shape)}, tail {quantity(self.tail)}"


@dataclass(frozen=True, kw_only=True)
class BetaGeometric(Law):
    """Contracts renewed period by period by people who differ: the shifted beta-geometric law.

    Each ends at a renewal with a probability of its own, beta(a, b) among people: S after n
    periods is B(a, b + n) / B(a, b) (Fader and Hardie 2007, J. Interactive Marketing 21, eq. 6).
    No mean when ``a <= 1``.
    """

    a: float
    b: float
    period: float

    @property
    def has_mean(self) -> bool:
        """Whether contracts end soon enough for a mean."""
        return self.a > 1.0

    @property
    def mean(self) -> float:
        """Period x (a + b - 1) / (a - 1); ``inf`` when there is none."""
        if not self.has_mean:
            return math.inf
        return self.period * (self.a + self.b - 1.0) / (self.a - 1.0)

    def _log_kept(self, renewals: FloatArray) -> FloatArray:
        """Return ln S after so many periods."""
        from scipy.special import betaln

        return floats(betaln(self.a, self.b + renewals) - betaln(self.a, self.b))

    def survival(self, x: FloatArray) -> FloatArray:
        """Exponential of `log_survival`."""
        return np.exp(self.log_survival(x))

    def log_survival(self, x: FloatArray) -> FloatArray:
        """Ratio of beta functions, by the renewals until then."""
        return self._log_kept(np.floor(np.maximum(x, 0.0) / self.period))

    def isf(self, s: FloatArray) -> FloatArray:
        """Return the first end of a period by which no more than ``s`` are left, by bisection."""
        return self.period * self._renewals(floats(s))

    def _renewals(self, s: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            log_s = np.log(s)
        low, high = np.zeros_like(log_s), np.full_like(log_s, LARGEST_COUNT)
        while np.any(high - low > 1.0):
            middle = np.floor((low + high) / 2.0)
            over = self._log_kept(middle) > log_s
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        first = np.where(s >= 1.0, 0.0, high)
        return np.where(s > 0.0, first, np.inf)

    def tail_mean(self, s: FloatArray) -> FloatArray:
        """Period x (n s + S(n) x mean rest), at the n-th renewal; ``inf`` without a mean."""
        s = floats(s)
        if not self.has_mean:
            return np.where(s > 0.0, np.inf, 0.0)
        n = np.where(s > 0.0, self._renewals(s), 0.0)
        # Those kept for n periods are beta-geometric again, with b + n, counted from now.
        rest = np.exp(self._log_kept(n)) * (self.a + self.b + n - 1.0) / (self.a - 1.0)
        return np.where(s > 0.0, self.period * (n * s + rest), 0.0)

    def describe(self, unit: str = "days") -> str:
        """Say the parameters and the period."""
        numbers = f"a {quantity(self.a)}, b {quantity(self.b)}"
        return f"beta-geometric, {numbers}, every {quantity(self.period, unit)}"
