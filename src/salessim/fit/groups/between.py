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
DRAWS = 1_999
"""Simulated sets of counts for a p-value: none is below 1 / 2,000."""
LARGEST_DRAW = 1_000_000
"""Counts drawn at once."""
LARGEST_SD = 8.0
"""On the log scale: a factor of 3,000 between groups. What is not bounded below it is not."""
GRID = floats([0.0, *np.geomspace(0.01, LARGEST_SD, 15)])
"""Searched by factors: between 0.01 and 1 there is as much to find as between 1 and 100."""
UNKNOWN = (0.0, 0.0, np.inf)
"""A standard deviation and its interval when nothing could show one."""
ATTENUATION = (16.0 * np.sqrt(3.0) / (15.0 * np.pi)) ** 2
NODES = 15
LEVELS = 8
"""Visits whose conversion can have been seen with about the same probability count together."""


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


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What is known of groups, were the standard deviation between them known."""

    height: float
    """Restricted log-likelihood of it."""
    estimate: FloatArray
    estimate_sd: FloatArray


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Visits by group and by the probability that a conversion would have been seen by now."""

    groups: int
    group: IntArray
    """In rising order."""
    visits: FloatArray
    conversions: FloatArray
    reach: FloatArray
    """Probability that one that converts has done so within the time it was followed."""

    @classmethod
    def of(cls, group: IntArray, converted: FloatArray, reach: FloatArray, groups: int) -> Counts:
        """Count visits (0 or 1 in ``converted``) whose reach is about the same."""
        level = np.ceil(reach * LEVELS).astype(np.int64)
        cell, where = np.unique(group * (LEVELS + 1) + level, return_inverse=True)
        count = np.bincount(where).astype(np.float64)
        return cls(
            groups=groups,
            group=cell // (LEVELS + 1),
            visits=count,
            conversions=floats(np.bincount(where, converted)),
            reach=np.clip(np.bincount(where, reach) / count, 0.0, 1.0),
        )

    def by_group(self, values: FloatArray) -> FloatArray:
        """Return sums over each group's cells; ``[cell, ...]`` becomes ``[group, ...]``."""
        total = np.zeros((self.groups, *values.shape[1:]))
        first = np.flatnonzero(np.diff(self.group, prepend=-1))
        total[self.group[first]] = np.add.reduceat(values, first, axis=0)
        return total

    @property
    def tell(self) -> bool:
        """Whether any difference could show: two groups, and a second visit in one of them."""
        visits = self.by_group(np.where(self.reach > 0.0, self.visits, 0.0))
        return bool((visits > 0.0).sum() > 1 and visits.max() > 1.0)


def conversion_difference(counts: Counts, rng: np.random.Generator) -> Difference:
    """Compare conversions: logistic-normal random effects on counts.

    A visit is a conversion by now with probability p x reach, where logit p = centre + effect of
    its group (the mixture of Larson and Dinse 1985, Applied Statistics 34, with the pooled times).
    The likelihood is integrated over each group's effect by adaptive Gauss-Hermite quadrature
    (Pinheiro and Bates 1995, Journal of Computational and Graphical Statistics 4, section 2.4);
    the centre is taken out by the adjusted profile of Cox and Reid 1987 (Journal of the Royal
    Statistical Society B 49, equation 10), without which few groups would seem too alike. Theirs
    is for a parameter orthogonal to the spread: the log odds over all groups, which are the centre
    over sqrt(1 + 0.346 sd^2) (Zeger, Liang and Albert 1988, Biometrics 44, equation 3.5).

    The test is Pearson's statistic of over-dispersion (Potthoff and Whittinghill 1966, Biometrika
    53) against its simulated law: the usual half-and-half mixture of chi-squares for a variance
    on its boundary (Self and Liang 1987) needs many groups with many visits each, and rejects far
    too rarely with five.

    Parameters
    ----------
    counts : Counts
        At least one conversion, and one visit followed long enough that is none.
    rng : Generator
        For the simulated law.
    """
    pooled = _pooled_centre(counts)

    @cache
    def given(sd: float) -> _Given:
        centre, height, information = _profile(counts, pooled, sd)
        orthogonal = information * (1.0 + ATTENUATION * sd**2)
        _, effect, spread = _groups(counts, centre, sd)
        return _Given(
            height=height - 0.5 * float(np.log(max(orthogonal, 1e-12))),
            estimate=centre + effect,
            estimate_sd=_with_centre(spread, sd, float(1.0 / np.sqrt(information))),
        )

    sd, low, high = _size(given) if counts.tell else UNKNOWN
    estimate, estimate_sd = _averaged(given, (sd, low, high))
    return Difference(
        p=pearson_p(counts, rng) if counts.tell else np.nan, pooled=pooled,
        sd=sd, low=low, high=high, estimate=estimate, estimate_sd=estimate_sd,
    )  # fmt: skip


def _with_centre(spread: FloatArray, sd: float, centre_sd: float) -> FloatArray:
    """Return the standard deviations of centre + effect from those of effects.

    The less a group's own data say, the more of the centre's is in it (normal laws).
    """
    drawn = (spread / sd) ** 2 if sd > 0.0 else np.ones(len(spread))
    return np.hypot(spread, drawn * centre_sd)


def _averaged(
    given: Callable[[float], _Given], sizes: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return groups' estimates and their spread, averaged over what the sd may be.

    With the sd taken as known, groups would seem surer than they are, the more so the fewer there
    are. Before the data every sd is as likely as any other (Gelman 2006, Bayesian Analysis 1,
    section 7.1), so groups are drawn together less rather than more.
    """
    best, low, high = (min(size, LARGEST_SD) for size in sizes)
    sds = np.unique(np.concatenate((GRID, [best], np.linspace(low, high, 9))))
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


def own_odds(counts: Counts) -> FloatArray:
    """Return each group's log odds from its own visits alone, as far as `LARGEST_SD` allows."""
    pooled = _pooled_centre(counts)
    return pooled + _modes(counts, pooled, LARGEST_SD)[0]


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
    count = np.bincount(group, minlength=groups)
    weight = floats(np.bincount(group, pull**2, minlength=groups))
    mean = np.bincount(group, pull * score, minlength=groups) / np.where(weight > 0, weight, 1.0)
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
    def given(size: float) -> _Given:
        ratio = size * size
        height, centre, variance = fitted(ratio)
        shrink = ratio * weight / (1.0 + ratio * weight)
        sure = float((weight[seen] / (1.0 + ratio * weight[seen])).sum())
        spread = np.sqrt(variance * ratio / (1.0 + ratio * weight))
        return _Given(
            height=height,
            estimate=centre + shrink * (mean - centre),
            estimate_sd=_with_centre(spread, size * variance**0.5, (variance / sure) ** 0.5),
        )

    tell = kinds > 1 and total > kinds and within > 0.0
    sizes = _size(given) if tell else UNKNOWN
    estimate, estimate_sd = _averaged(given, sizes)
    scale = [np.sqrt(fitted(size**2)[2]) if np.isfinite(size) else 1.0 for size in sizes]
    sd, low, high = (float(size * one) for size, one in zip(sizes, scale, strict=True))
    return Difference(
        p=_f_test(weight[seen], mean[seen], within, total - kinds) if tell else np.nan,
        pooled=fitted(0.0)[1], sd=sd, low=low, high=high,
        estimate=estimate, estimate_sd=estimate_sd,
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


def _size(given: Callable[[float], _Given]) -> tuple[float, float, float]:
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


def _pooled_centre(counts: Counts) -> float:
    """Return the log odds of the conversion when all groups have the same."""
    from scipy.optimize import minimize_scalar

    def cost(centre: float) -> float:
        return -float(_cells(counts, np.full(len(counts.group), centre)).sum())

    return float(minimize_scalar(cost, bounds=(-15.0, 15.0), method="bounded").x)


def _profile(counts: Counts, pooled: float, sd: float) -> tuple[float, float, float]:
    """Return the likeliest centre, its log-likelihood and information: Newton's steps."""
    centre, step = pooled * float(np.sqrt(1.0 + ATTENUATION * sd**2)), 1e-2
    for _ in range(20):
        below, here, above = (
            float(_groups(counts, centre + move, sd)[0].sum()) for move in (-step, 0.0, step)
        )
        information = max((2.0 * here - above - below) / step**2, 1e-9)
        move = (above - below) / (2.0 * step) / information
        if abs(move) * np.sqrt(information) < 0.01:  # of its standard error
            break
        centre += float(np.clip(move, -1.0, 1.0))
    return centre, here, information


def _groups(counts: Counts, centre: float, sd: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each group's log-likelihood, and the mean and sd of its effect given its counts."""
    none = np.zeros(counts.groups)
    if sd <= 0.0:
        return counts.by_group(_cells(counts, np.full(len(counts.group), centre))), none, none
    mode, width = _modes(counts, centre, sd)
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    effect = mode[:, None] + width[:, None] * nodes
    height = counts.by_group(_cells(counts, centre + effect[counts.group]))
    height = height - 0.5 * (effect / sd) ** 2 + 0.5 * nodes**2 + np.log(weights)
    top = height.max(axis=1, keepdims=True)
    mass = np.exp(height - top)
    total = mass.sum(axis=1)
    mean = (mass * effect).sum(axis=1) / total
    variance = (mass * (effect - mean[:, None]) ** 2).sum(axis=1) / total
    log = top[:, 0] + np.log(total * width / (sd * np.sqrt(2.0 * np.pi)))
    return log, mean, np.sqrt(variance)


def _cells(counts: Counts, odds: FloatArray) -> FloatArray:
    """Return the log-likelihood of each cell at log odds ``[cell, ...]``."""
    from scipy.special import expit, log_expit

    wide = (slice(None),) + (None,) * (odds.ndim - 1)
    failures = (counts.visits - counts.conversions)[wide]
    missed = np.log1p(-np.minimum(counts.reach[wide] * expit(odds), 1.0 - 1e-16))
    return floats(counts.conversions[wide] * log_expit(odds) + failures * missed)


def _modes(counts: Counts, centre: float, sd: float) -> tuple[FloatArray, FloatArray]:
    """Return where each group's effect is likeliest and its width there, by Fisher's scoring."""
    from scipy.special import expit

    mode = np.zeros(counts.groups)
    precision = np.full(counts.groups, 1.0 / sd**2)
    for _ in range(30):
        p = expit(centre + mode[counts.group])
        missed = np.maximum(1.0 - counts.reach * p, 1e-16)
        failures = counts.visits - counts.conversions
        slope = (1.0 - p) * (counts.conversions - failures * counts.reach * p / missed)
        bend = counts.visits * counts.reach * p * (1.0 - p) ** 2 / missed
        precision = counts.by_group(bend) + 1.0 / sd**2
        step = np.clip((counts.by_group(slope) - mode / sd**2) / precision, -1.0, 1.0)
        mode = mode + step
        if np.abs(step).max() < 1e-6:
            break
    return mode, 1.0 / np.sqrt(precision)


def pearson_p(counts: Counts, rng: np.random.Generator) -> float:
    """Return the p-value of Pearson's statistic among groups, from its simulated law."""
    from scipy.special import expit

    p = counts.reach * expit(_pooled_centre(counts))
    expected = counts.by_group(counts.visits * p)
    variance = counts.by_group(counts.visits * p * (1.0 - p))
    seen = variance > 0.0

    def statistic(conversions: FloatArray) -> FloatArray:
        level = conversions.sum(axis=0) / expected.sum()
        off = conversions - level * expected[:, None]
        return floats((off[seen] ** 2 / variance[seen, None]).sum(axis=0))

    found = statistic(counts.by_group(counts.conversions[:, None]))[0]
    whole, as_large = counts.visits.astype(np.int64)[:, None], 0
    size = max(1, LARGEST_DRAW // len(whole))
    for first in range(0, DRAWS, size):
        shape = (len(whole), min(size, DRAWS - first))
        drawn = statistic(counts.by_group(floats(rng.binomial(whole, p[:, None], shape))))
        # Equal by rounding is equal: with one visit a group all statistics are.
        as_large += int((drawn >= found * (1.0 - 1e-9)).sum())
    return (1 + as_large) / (1 + DRAWS)
