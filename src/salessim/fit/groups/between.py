"""How much groups differ beyond chance: in a conversion, and in the log of a time.

Both take a normal law for the groups' effects (log odds, log time) and give its standard
deviation by restricted likelihood with a profile interval, which may begin at 0: that is the
boundary of what a standard deviation can be, and nothing is taken from it as if it were not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.model.law import floats

CONFIDENCE = 0.9
LARGEST_SD = 8.0
"""On the log scale: a factor of 3,000 between groups. What is not bounded below it is not."""
GRID = floats([0.0, *np.geomspace(0.01, LARGEST_SD, 15)])
"""Searched by factors: between 0.01 and 1 there is as much to find as between 1 and 100."""
UNKNOWN = (0.0, 0.0, np.inf)
"""A standard deviation and its interval when nothing could show one."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What groups' effects are: their spread, and each group's own.

    Effects are on the log scale: of odds, or of time.
    """

    p: float
    """Probability of as much difference by chance alone; NaN when nothing could show any."""
    pooled: float
    """The mean of all, as if they were alike: log odds of the conversion, or log time."""
    sd: float
    low: float
    high: float
    """Standard deviation between groups and its 90 % interval; ``inf``: not bounded by the data."""
    estimate: FloatArray
    """``[group]`` expected log odds, or log time, given its own data and the other groups'."""
    estimate_sd: FloatArray
    """``[group]`` standard deviation of that; how unsure `sd` is is in both."""
    new_sd: float
    """The same of a group of which there are no data."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What is known of groups, were the standard deviation between them known."""

    height: float
    """Restricted log-likelihood of it."""
    estimate: FloatArray
    estimate_sd: FloatArray


def with_centre(spread: FloatArray, sd: float, centre_sd: float) -> FloatArray:
    """Return the standard deviations of centre + effect from those of effects.

    The less a group's own data say, the more of the centre's is in it (normal laws).
    """
    drawn = (spread / sd) ** 2 if sd > 0.0 else np.ones(len(spread))
    return np.hypot(spread, drawn * centre_sd)


def averaged(
    given: Callable[[float], Given], sizes: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return groups' estimates and their spread, averaged over what the sd may be.

    With the sd taken as known, groups would seem surer than they are, the more so the fewer there
    are. Before the data every sd is as likely as any other (Gelman 2006, Bayesian Analysis 1,
    section 7.1), so groups are drawn together less rather than more; but none is beyond the
    interval, where few groups would leave it to `LARGEST_SD`.
    """
    best, low, high = (min(size, LARGEST_SD) for size in sizes)
    sds = np.unique(np.concatenate((GRID[high >= GRID], [best], np.linspace(low, high, 9))))
    many = [given(float(sd)) for sd in sds]
    log = np.array([one.height for one in many])
    gaps = np.diff(sds)
    width = (np.append(gaps, 0.0) + np.append(0.0, gaps)) / 2.0
    weight = width * np.exp(log - log.max())
    weight /= weight.sum()
    means = np.stack([one.estimate for one in many])
    mean = weight @ means
    variance = weight @ (np.stack([one.estimate_sd for one in many]) ** 2 + (means - mean) ** 2)
    return mean, np.sqrt(variance)


def time_difference(
    group: IntArray, score: FloatArray, pull: FloatArray, groups: int
) -> Difference:
    """Compare times through their normal scores: one-way random effects.

    Parameters
    ----------
    group : ndarray of int, shape (times,)
    score : ndarray, shape (times,)
        Normal score of each time within the pooled law, as far as it could have been seen.
    pull : ndarray, shape (times,)
        By how much the score moves when the (untruncated) normal score moves by 1, in (0, 1].
    groups : int

    Returns
    -------
    Difference
        In units of scores; of less than two groups, or without a second time in any, p is NaN.

    Notes
    -----
    Restricted likelihood of Patterson and Thompson 1971 (Biometrika 58), profiled over the
    variance within groups; the test is the F-test of a one-way layout, exact for normal scores
    also when groups differ in size (Searle, Casella and McCulloch 1992, Variance Components,
    section 3.6).
    """
    # One more than there are: a new group, without data.
    count = np.bincount(group, minlength=groups + 1)
    weight = floats(np.bincount(group, pull**2, minlength=groups + 1))
    mean = np.bincount(group, pull * score, minlength=groups + 1) / np.where(
        weight > 0, weight, 1.0
    )
    within = float((score**2).sum() - (weight * mean**2).sum())
    seen = weight > 0
    total, kinds = int(count.sum()), int(seen.sum())

    def fitted(ratio: float) -> tuple[float, float, float]:
        """Return log-likelihood, centre and variance within, at (sd between / within)^2."""
        share = weight[seen] / (1.0 + ratio * weight[seen])
        centre = float((share * mean[seen]).sum() / share.sum())
        spread = float((share * (mean[seen] - centre) ** 2).sum())
        variance = max(within + spread, 1e-300) / max(total - 1, 1)
        logs = np.log1p(ratio * weight[seen]).sum() + np.log(share.sum())
        return -0.5 * float((total - 1) * np.log(variance) + logs), centre, variance

    @cache
    def given(size: float) -> Given:
        ratio = size * size
        height, centre, variance = fitted(ratio)
        shrink = ratio * weight / (1.0 + ratio * weight)
        sure = float((weight[seen] / (1.0 + ratio * weight[seen])).sum())
        spread = np.sqrt(variance * ratio / (1.0 + ratio * weight))
        return Given(
            height=height,
            estimate=centre + shrink * (mean - centre),
            estimate_sd=with_centre(spread, size * variance**0.5, (variance / sure) ** 0.5),
        )

    tell = kinds > 1 and total > kinds and within > 0.0
    sizes = size_of(given) if tell else UNKNOWN
    estimate, estimate_sd = averaged(given, sizes)
    scale = [np.sqrt(fitted(size**2)[2]) if np.isfinite(size) else 1.0 for size in sizes]
    sd, low, high = (float(size * one) for size, one in zip(sizes, scale, strict=True))
    return Difference(
        p=_f_test(weight[seen], mean[seen], within, total - kinds) if tell else np.nan,
        pooled=fitted(0.0)[1], sd=sd, low=low, high=high,
        estimate=estimate[:-1], estimate_sd=estimate_sd[:-1], new_sd=float(estimate_sd[-1]),
    )  # fmt: skip


def truncation_pull(reach: FloatArray) -> FloatArray:
    """Return how far a normal score moves per unit, when only the lowest share can be seen.

    Of Y standard normal below its ``reach`` quantile, Z = the normal score of Y within what is
    seen: dE[Z]/d(mean of Y) = Cov(Z, Y), since Y is the score of its own mean; 1 at reach 1.
    """
    from scipy.special import ndtr, ndtri

    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    inside = ndtri(np.clip(np.outer(reach, ndtr(nodes)), 1e-300, 1.0 - 1e-16))
    return floats(inside @ (weights * nodes) / weights.sum())


def _f_test(weight: FloatArray, mean: FloatArray, within: float, freedom: int) -> float:
    from scipy.stats import f

    centre = (weight * mean).sum() / weight.sum()
    between = (weight * (mean - centre) ** 2).sum() / (len(weight) - 1)
    return float(f.sf(between / (within / freedom), len(weight) - 1, freedom))


def size_of(given: Callable[[float], Given]) -> tuple[float, float, float]:
    """Return the likeliest standard deviation between groups, and its profile interval."""
    from scipy.optimize import brentq, minimize_scalar
    from scipy.stats import chi2

    heights = [given(float(sd)).height for sd in GRID]
    at = int(np.argmax(heights))
    around = (float(GRID[max(at - 1, 0)]), float(GRID[min(at + 1, len(GRID) - 1)]))
    found = minimize_scalar(lambda sd: -given(float(sd)).height, bounds=around, method="bounded")
    best, height = float(found.x), -float(found.fun)
    if heights[0] >= height - 1e-6:
        best, height = 0.0, heights[0]
    drop = float(chi2.isf(1.0 - CONFIDENCE, 1)) / 2.0

    def over(sd: float) -> float:
        return height - given(float(sd)).height - drop

    low = float(brentq(over, 0.0, best, xtol=1e-4)) if best > 0.0 and over(0.0) > 0.0 else 0.0
    open_ended = over(LARGEST_SD) < 0.0
    return best, low, np.inf if open_ended else float(brentq(over, best, LARGEST_SD, xtol=1e-4))
