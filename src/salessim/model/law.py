"""What a law is: a proper distribution on [0, infinity), asked through its upper tail."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from salessim._typing import FloatArray


class Law(ABC):
    """A distribution of a duration (days) or an amount (currency units), finite with probability 1.

    Everything is asked through the survival probability ``s = P(X > x)``, because old deals
    live in the upper tail, where ``1 - cdf`` has no digits left.
    """

    @property
    @abstractmethod
    def mean(self) -> float:
        """Expected value; ``inf`` when it does not exist. Needs ``math`` only."""

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

    def log_survival(self, x: FloatArray) -> FloatArray:
        """Natural logarithm of `survival`; ``-inf`` where nothing survives."""
        with np.errstate(divide="ignore"):
            return np.log(self.survival(x))
