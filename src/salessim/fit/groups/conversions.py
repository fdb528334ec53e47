"""Conversions of groups: how many of their visits convert, and whether more differs than chance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.fit.groups.between import (
    LARGEST_SD,
    UNKNOWN,
    Difference,
    Given,
    averaged,
    size_of,
    with_centre,
)
from salessim.model.law import floats

DRAWS = 1_999
"""Simulated sets of counts for a p-value."""
LARGEST_DRAW = 1_000_000
"""Counts drawn at once."""
ATTENUATION = (16.0 * np.sqrt(3.0) / (15.0 * np.pi)) ** 2
NODES = 15
LEVELS = 8
"""Visits whose conversion can have been seen with about the same probability count together."""


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

    one_more = replace(counts, groups=counts.groups + 1)  # a new group, without data

    @cache
    def given(sd: float) -> Given:
        centre, height, information = _profile(counts, pooled, sd)
        orthogonal = information * (1.0 + ATTENUATION * sd**2)
        _, effect, spread = _groups(one_more, centre, sd)
        return Given(
            height=height - 0.5 * float(np.log(max(orthogonal, 1e-12))),
            estimate=centre + effect,
            estimate_sd=with_centre(spread, sd, float(1.0 / np.sqrt(information))),
        )

    sd, low, high = size_of(given) if counts.tell else UNKNOWN
    estimate, estimate_sd = averaged(given, (sd, low, high))
    return Difference(
        p=pearson_p(counts, rng) if counts.tell else np.nan, pooled=pooled,
        sd=sd, low=low, high=high, estimate=estimate[:-1],
        estimate_sd=estimate_sd[:-1], new_sd=float(estimate_sd[-1]),
    )  # fmt: skip


def own_odds(counts: Counts) -> FloatArray:
    """Return each group's log odds from its own visits alone, as far as `LARGEST_SD` allows."""
    pooled = _pooled_centre(counts)
    return pooled + _modes(counts, pooled, LARGEST_SD)[0]


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
    from scipy.stats import gamma

    p = counts.reach * expit(_pooled_centre(counts))
    expected = counts.by_group(counts.visits * p)
    variance = counts.by_group(counts.visits * p * (1.0 - p))
    seen = variance > 0.0

    def statistic(conversions: FloatArray) -> FloatArray:
        level = conversions.sum(axis=0) / expected.sum()
        off = conversions - level * expected[:, None]
        return floats((off[seen] ** 2 / variance[seen, None]).sum(axis=0))

    found = float(statistic(counts.by_group(counts.conversions[:, None]))[0])
    whole, size = counts.visits.astype(np.int64)[:, None], max(1, LARGEST_DRAW // len(p))
    drawn = np.concatenate(
        [
            statistic(counts.by_group(floats(rng.binomial(whole, p[:, None], (len(p), many)))))
            for many in [size] * (DRAWS // size) + [DRAWS % size] * (DRAWS % size > 0)
        ]
    )
    # Equal by rounding is equal: with one visit a group all statistics are.
    as_large = int((drawn >= found * (1.0 - 1e-9)).sum())
    if as_large:
        return (1 + as_large) / (1 + DRAWS)
    # Beyond all draws, the gamma law of their mean and variance (Satterthwaite): of many
    # comparisons a p-value that cannot be small would find none.
    mean, spread = float(drawn.mean()), float(drawn.var())
    return min(1.0 / (1 + DRAWS), float(gamma.sf(found, mean**2 / spread, scale=spread / mean)))
