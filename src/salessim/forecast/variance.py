"""Where the spread of a result comes from: nested worlds, and Sobol indices without the luck.

A result of a trajectory is f(world) + luck. What two trajectories share is the covariance of their
results (law of total variance): the same world and other luck share Var f, the same parameters,
other shocks and other luck share Var E[f | parameters]. So luck never enters as a bias, however few
deals there are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray
from salessim.forecast.elasticity import Estimate

RESAMPLES = 999
CONFIDENCE = 0.95
SIGNIFICANT = 3.0
"""Standard errors by which worlds must differ for shares of that difference to mean anything."""


@dataclass(frozen=True, kw_only=True)
class VarianceSplit:
    """Variance of a result between trajectories, and the shares of it that have a cause.

    Attributes
    ----------
    variance : float
        In squared units of the result.
    parameters : Estimate
        Share from what is not known of the plan's numbers and of the customers' health.
    shocks : Estimate
        Share from shocks, what they do together with the parameters included.
    luck : Estimate
        Share from the luck of single deals and customers. The three add up to 1.
    """

    variance: float
    parameters: Estimate
    shocks: Estimate
    luck: Estimate

    @property
    def has_worlds(self) -> bool:
        """Whether the worlds differ by more than chance alone would make it seem."""
        return 1.0 - self.luck.value > SIGNIFICANT * self.luck.se


class Interval(NamedTuple):
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class VarianceShare:
    """What inputs do to the variance of the expected result between worlds (Sobol indices).

    Attributes
    ----------
    inputs : tuple of str
        One, or several that are correlated and only vary together.
    first : Interval
        Share that would go if they were known: Var E[f | inputs] / Var f.
    total : Interval
        Share that would be left if all others were known: E Var[f | others] / Var f.
    """

    inputs: tuple[str, ...]
    first: Interval
    total: Interval


def split(same: FloatArray, other_shocks: FloatArray | None, *, parameters: bool) -> VarianceSplit:
    """Split a variance by covariances of trajectories that share their parameters, or all but luck.

    Parameters
    ----------
    same : ndarray, shape (2, world)
        Results of the same worlds with two independent lucks; one is enough where nothing is
        uncertain.
    other_shocks : ndarray, shape (2, world), or None
        Results with the same parameters, other shocks, and the two lucks again; None = no shocks.
    parameters : bool
        Whether the worlds differ by more than shocks.

    Notes
    -----
    Standard errors are those of the shares' first-order expansions in per-world products.
    """
    rows = same if other_shocks is None else np.concatenate([same, other_shocks])
    rows = rows - rows.mean()
    count = rows.shape[1]
    variance = (rows**2).mean(axis=0)
    world = known = np.zeros(count)
    if len(same) > 1:
        world = (rows[0::2] * rows[1::2]).mean(axis=0)
    if parameters:
        known = world if other_shocks is None else (rows[0] * rows[3] + rows[1] * rows[2]) / 2
    whole = float(variance.mean())

    def share(part: FloatArray) -> Estimate:
        if whole == 0.0:
            return Estimate(math.nan, math.nan)
        value = float(part.mean()) / whole
        error = float((part - value * variance).std(ddof=1)) / whole / math.sqrt(count)
        return Estimate(value, error)

    return VarianceSplit(
        variance=whole * count / (count - 1),
        parameters=share(known),
        shocks=share(world - known),
        luck=share(variance - world),
    )


def across(x: FloatArray, y: FloatArray) -> FloatArray:
    """Return the mean of x times y, taken of different lucks only: what their worlds share.

    Parameters
    ----------
    x, y : ndarray, shape (..., luck, world)

    Returns
    -------
    ndarray, shape (...)
        Unbiased for E[E[x | world] E[y | world]].
    """
    lucks = x.shape[-2]
    pairs = x.sum(axis=-2) * y.sum(axis=-2) - (x * y).sum(axis=-2)
    mean: FloatArray = pairs.mean(axis=-1) / (lucks * (lucks - 1))
    return mean


def without_luck(
    f_A: FloatArray,  # noqa: N803  (named by scipy)
    f_B: FloatArray,  # noqa: N803
    f_AB: FloatArray,  # noqa: N803
) -> tuple[FloatArray, FloatArray]:
    """Return first-order and total indices, shape (group,), of the expected result given the world.

    The estimators of Saltelli et al. (2010, Computer Physics Communications 181, table 2 (b) and
    (f)), with each product taken of results that share their worlds but not their luck.
    """
    variance = (across(f_A, f_A) + across(f_B, f_B)) / 2
    moved = f_AB - f_A
    return across(f_B, moved) / variance, across(moved, moved) / (2 * variance)


def variance_shares(
    groups: tuple[tuple[str, ...], ...],
    f_a: FloatArray,
    f_b: FloatArray,
    f_ab: FloatArray,
    *,
    seed: int,
) -> tuple[VarianceShare, ...]:
    """Return the Sobol indices of groups of inputs, with 95 % bootstrap intervals over worlds.

    Parameters
    ----------
    groups : tuple of tuple of str
        Independent of each other; one alone has all of the variance.
    f_a, f_b : ndarray, shape (luck, world)
        Results in two independent sets of worlds, a power of two of them, with two lucks or more.
    f_ab : ndarray, shape (group, luck, world)
        Results in the first worlds with one group from the second, and the lucks of the first.
    seed : int
        Of the bootstrap.
    """
    from scipy.stats import bootstrap, sobol_indices

    if len(groups) == 1:
        return (VarianceShare(inputs=groups[0], first=Interval(1, 1, 1), total=Interval(1, 1, 1)),)
    worlds = f_a.shape[-1]
    found = sobol_indices(
        func={"f_A": f_a, "f_B": f_b, "f_AB": f_ab}, n=worlds, method=without_luck
    )
    centre = (f_a.mean() + f_b.mean()) / 2

    def again(chosen: FloatArray) -> FloatArray:
        return np.stack(without_luck(*(f[..., chosen] - centre for f in (f_a, f_b, f_ab))))

    interval = bootstrap(
        (np.arange(worlds),),
        again,
        vectorized=False,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    values = np.stack([found.first_order, found.total_order])
    numbers = np.stack([values, interval.low, interval.high], axis=-1)
    return tuple(
        VarianceShare(
            inputs=group,
            first=Interval(*map(float, numbers[0, k])),
            total=Interval(*map(float, numbers[1, k])),
        )
        for k, group in enumerate(groups)
    )
