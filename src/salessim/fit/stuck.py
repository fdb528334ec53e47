"""How many visits never end, and whether a history is long enough to tell."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.competing import BOUND, Fit, gradient, maximise
from salessim.fit.durations import Durations

FALL = 1.3527
"""How far the logarithm of a likelihood falls at the ends of a 90 % interval: half the quantile of
the chi-square law with one degree of freedom."""
STEPS = 7


@dataclass(frozen=True, kw_only=True)
class Stuck:
    """What a history tells of those that never end.

    Attributes
    ----------
    share : float
        Of those that do not advance.
    low, high : float
        In between with 90 %: where the profile of likelihood times prior has fallen by `FALL`.
    p_value : float
        Against nobody being stuck. That is an end of the range, so the likelihood ratio is 0 with
        probability one half (Self and Liang 1987, Journal of the American Statistical Association
        82, case 5; Maller and Zhou 1995 for survival with immunes).
    """

    share: float
    low: float
    high: float
    p_value: float


def how_many_are_stuck(fit: Fit, data: Durations) -> Stuck:
    """Return how many never end, how surely, and whether there are any.

    Parameters
    ----------
    fit : Fit
        With `Competing.stuck`.
    data : Durations
        What it was fitted to.
    """
    from scipy.stats import chi2

    place = fit.model.shares - 1
    middle = float(fit.theta[place])
    ends = [_end(fit, data, place, side) for side in (-1.0, 1.0)]
    without = replace(fit.model, stuck=False)
    start = np.delete(fit.theta, place)
    ratio = 2.0 * (fit.log_likelihood - maximise(without, data, start=start).log_likelihood)
    low, share, high = (_share(fit, place, value) for value in (ends[0], middle, ends[1]))
    p_value = 0.5 * float(chi2.sf(max(ratio, 0.0), 1))
    return Stuck(share=share, low=low, high=high, p_value=p_value)


def _end(fit: Fit, data: Durations, place: int, side: float) -> float:
    """Return where the profile has fallen by `FALL` on one side, by bisection."""
    top = gradient(fit.model, fit.theta, data)[0]
    middle, step, start = float(fit.theta[place]), 0.5, fit.theta

    def fallen(value: float) -> tuple[bool, FloatArray]:
        held = maximise(fit.model, data, start=start, held={place: value})
        return top - gradient(fit.model, held.theta, data)[0] > FALL, held.theta

    inside = outside = middle
    while abs(outside) < BOUND:
        outside = inside + side * step
        beyond, theta = fallen(outside)
        if beyond:
            break
        inside, step, start = outside, 2.0 * step, theta
    for _ in range(STEPS):
        half = (inside + outside) / 2.0
        if fallen(half)[0]:
            outside = half
        else:
            inside = half
    return (inside + outside) / 2.0


def _share(fit: Fit, place: int, power: float) -> float:
    """Return the share of those that do not advance, the shares of others in their proportion."""
    powers = np.concatenate(([0.0], fit.theta[1:place], [power]))
    return math.exp(power - float(np.logaddexp.reduce(powers)))
