"""Numbers of a plan that were fitted together: their notation, and how they go together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from salessim._typing import FloatArray
from salessim.config.correlation import nearest_correlation
from salessim.fit.notation import lognormal, short
from salessim.model.law import floats
from salessim.model.uncertain import NORMAL_P95

FARTHEST = 5.0
"""A plan wants numbers to stay in their range for so many standard deviations."""
LEAST_CORRELATION = 0.05
"""Smaller correlations are left out."""
NEAREST_TO_SURE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Unsure:
    """A number that was fitted on a scale where it is about normal.

    Attributes
    ----------
    address : str
        What the plan calls it.
    scale : {"odds", "log"}
        Of a probability, or of a positive number.
    middle, sd : float
        Mean and standard deviation of its log odds, or of its logarithm.
    write : callable
        Writes a positive number as the key wants it: ``"12.5 days"``.
    low, high : float
        What a positive number has to stay between.
    """

    address: str
    scale: Literal["odds", "log"]
    middle: float
    sd: float
    write: Callable[[float], Any] = short
    low: float = 0.0
    high: float = math.inf

    @property
    def notation(self) -> Any:
        """What a plan writes in its place."""
        if self.scale == "odds":
            ends = [self.middle + side * NORMAL_P95 * self.sd for side in (-1.0, 1.0)]
            return {"p05": _share(ends[0]), "p95": _share(ends[1])}
        low = math.log(self.low) if self.low > 0.0 else -math.inf
        middle = min(max(self.middle, low + 0.01), math.log(self.high) - 0.01)
        # the plan refuses what might leave its range in one world of millions
        sd = min(self.sd, (math.log(self.high) - middle) / FARTHEST, (middle - low) / FARTHEST)
        return lognormal(math.exp(middle), sd, self.write)

    @property
    def value(self) -> float:
        """The middle value."""
        return _share(self.middle) if self.scale == "odds" else math.exp(self.middle)

    @property
    def interval(self) -> tuple[float, float]:
        """In it with 90 %."""
        low, high = (self.middle + side * NORMAL_P95 * self.sd for side in (-1.0, 1.0))
        if self.scale == "odds":
            return _share(low), _share(high)
        return math.exp(low), math.exp(high)


def correlations(
    numbers: Sequence[Unsure], covariance: FloatArray
) -> tuple[tuple[str, str, float], ...]:
    """Return which numbers go together, and how much; all of it can be at once.

    Parameters
    ----------
    numbers : sequence of Unsure
    covariance : ndarray, shape (number, number)
        Of the numbers on their scales.
    """
    if not numbers:
        return ()
    sd = np.sqrt(np.diag(covariance))
    matrix = covariance / np.outer(sd, sd)
    np.fill_diagonal(matrix, 1.0)
    kept = np.where(np.abs(matrix) >= LEAST_CORRELATION, matrix, 0.0)
    if float(np.linalg.eigvalsh(kept)[0]) < 0.0:
        kept = nearest_correlation(kept)
    # a little nearer to zero, so that rounding makes nothing impossible
    kept = np.round(0.999 * kept, 4)
    return tuple(
        (numbers[i].address, numbers[j].address, float(kept[i, j]))
        for i in range(len(numbers))
        for j in range(i)
        if abs(kept[i, j]) >= 0.001
    )


def _share(logit: float) -> float:
    """Return a probability with digits enough from both ends, and not at one."""
    share = 1.0 / (1.0 + math.exp(-max(min(logit, 700.0), -700.0)))
    share = min(max(share, NEAREST_TO_SURE), 1.0 - NEAREST_TO_SURE)
    return short(share) if share < 0.5 else float(f"{1.0 - short(1.0 - share):.12g}")


def moved(covariance: FloatArray, jacobian: FloatArray) -> FloatArray:
    """Return the covariance of functions of parameters: the delta method."""
    return floats(jacobian @ covariance @ jacobian.T)
