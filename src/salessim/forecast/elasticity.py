"""What one percent more of each lever brings: elasticities by paired runs.

Trajectory i of the run with more of a lever and of the run with less of it meet the same world and
luck, so what the lever does not touch cancels out, trajectory by trajectory.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from salessim._typing import BoolArray, FloatArray
from salessim.forecast.comparison import paired_share
from salessim.forecast.judge import WILSON_Z
from salessim.model.levers import Lever


class Estimate(NamedTuple):
    """A number and its Monte Carlo standard error; NaN where undefined."""

    value: float
    se: float

    @property
    def size(self) -> float:
        """How far it is from 0; 0 where it is undefined, so that such are ranked last."""
        return 0.0 if math.isnan(self.value) else abs(self.value)


class Response(NamedTuple):
    """What a run with a lever moved says, by trajectory, each of shape (trajectory,)."""

    result: FloatArray
    """What is asked for."""
    base: FloatArray
    """Bookings without new external leads in the verdict's window."""
    sustained: BoolArray | None
    """Whether they reach the need; None without one."""


@dataclass(frozen=True, kw_only=True)
class Elasticity:
    """How a result moves with a lever, in percent per percent.

    Attributes
    ----------
    lever : Lever
    result, base : Estimate
        d ln(mean) / d ln(lever) of what is asked for, and of the bookings without new external
        leads in the verdict's window.
    sustained : Estimate or None
        d P(sustained) / d ln(lever), as a share: a hundredth is a percentage point for each 1 %.
    """

    lever: Lever
    result: Estimate
    base: Estimate
    sustained: Estimate | None

    @classmethod
    def of(cls, lever: Lever, *, up: Response, down: Response, factor: float) -> Elasticity:
        """Compare a run with the lever times ``factor`` (above 1) and one divided by it."""
        width = 2.0 * math.log(factor)
        sustained = None
        if up.sustained is not None and down.sustained is not None:
            # what comes to the same in every trajectory is no chance: leads do not touch the base
            same = np.array_equal(up.base, down.base)
            sustained = Estimate(0.0, 0.0) if same else slope(up.sustained, down.sustained, width)
        return cls(
            lever=lever,
            result=log_slope(up.result, down.result, width),
            base=log_slope(up.base, down.base, width),
            sustained=sustained,
        )


def mean_of(samples: FloatArray | BoolArray) -> Estimate:
    """Return the mean of samples, shape (trajectory,)."""
    return Estimate(float(samples.mean()), _standard_error(samples))


def slope(up: BoolArray, down: BoolArray, width: float) -> Estimate:
    """Return the difference of two paired shares over a width.

    The error is half of its interval (see `paired_share`) over that of a standard normal: it stays
    above 0 where no trajectory changed.
    """
    found = paired_share(down, up)
    half = (found.high - found.low) / 2.0
    return Estimate(found.difference / width, half / WILSON_Z / width)


def log_slope(up: FloatArray, down: FloatArray, width: float) -> Estimate:
    """Return the difference of the logarithms of two paired means over a width.

    Of a mean that is a power of the lever it is the exponent, however wide the steps. The error is
    that of the first-order expansion (delta method) of both means, trajectory by trajectory.
    """
    high, low = float(up.mean()), float(down.mean())
    if min(high, low) <= 0.0:
        return Estimate(math.nan, math.nan)
    error = _standard_error((up / high - down / low) / width)
    return Estimate(math.log(high / low) / width, error)


def _standard_error(samples: FloatArray | BoolArray) -> float:
    if len(samples) < 2:
        return math.nan
    return float(samples.std(ddof=1)) / math.sqrt(len(samples))
