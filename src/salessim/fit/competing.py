"""The likelihood of durations with competing outcomes, fitted jointly.

The mixture model of Larson and Dinse 1985 (Applied Statistics 34, 201-211): an outcome k is drawn
with probability p_k, then its time from a law of its own. What ended after d in way k contributes
p_k f_k(d); what is still going on at age a contributes sum_k p_k S_k(a), where some never end
(`stuck`, S = 1); what was seen only from an age e on is divided by the same sum at e. Here f_k(d)
is the probability of the interval in which d is known to lie (`Durations`).

Parameters are one vector of any real numbers: the log odds of the first outcome, the log ratios of
the shares of the others to that of the second one, then for each outcome the logarithms of its
law's parameters and, where some take no time at all, the log odds of that share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.durations import GOING, Durations
from salessim.fit.estimate import curvature
from salessim.fit.families import Family, Known
from salessim.model.law import floats
from salessim.model.uncertain import NORMAL_P95

LEAST = 1e-300
"""Stands for probabilities that are 0 in floats."""
WIDE_SCALE = 1.5
"""Standard deviation of what is thought beforehand of the logarithm of a scale: 90 % within a
factor of 12 of the durations seen, of whatever outcome."""
WIDE_SHAPE = 1.0
"""The same of the logarithm of a shape or sigma, around 1: 90 % within a factor of 5."""
BOUND = 30.0
"""No log odds are searched beyond."""


@dataclass(frozen=True, kw_only=True)
class Competing:
    """What is fitted: one law for each outcome, and whether some never end.

    Attributes
    ----------
    families : tuple of Family
        Of each outcome.
    instant : tuple of bool
        Whether a share of the outcome takes no time, beside the law.
    stuck : bool
        Whether some never end: one outcome more, the last.
    middle : float
        Logarithm of a duration: where laws are thought to lie before any was seen.
    """

    families: tuple[Family, ...]
    instant: tuple[bool, ...]
    stuck: bool
    middle: float

    @property
    def shares(self) -> int:
        """Parameters of the probabilities of outcomes."""
        return len(self.families) + self.stuck - 1

    @cached_property
    def _starts(self) -> list[int]:
        """Where each law's parameters begin, and the end."""
        sizes = [f.size + one for f, one in zip(self.families, self.instant, strict=True)]
        return [int(at) for at in np.cumsum([self.shares, *sizes])]

    @property
    def size(self) -> int:
        """How many parameters there are."""
        return self._starts[-1]

    def place(self, outcome: int) -> slice:
        """Return which parameters are those of an outcome's law."""
        return slice(self._starts[outcome], self._starts[outcome] + self.families[outcome].size)

    def all_of(self, outcome: int) -> slice:
        """Return which parameters are those of an outcome, its share in no time among them."""
        return slice(self._starts[outcome], self._starts[outcome + 1])

    def at_once(self, outcome: int, theta: FloatArray) -> float:
        """Return the share of an outcome that takes no time."""
        return _logistic(theta[self.place(outcome).stop]) if self.instant[outcome] else 0.0

    def probabilities(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the probability of each outcome, and its derivatives [outcome, parameter]."""
        count = self.shares + 1
        slopes = np.zeros((count, self.shares))
        if count == 1:
            return np.ones(1), slopes
        first = _logistic(theta[0])
        powers = np.concatenate(([0.0], theta[1 : self.shares]))
        rest = np.exp(powers - powers.max())
        rest /= rest.sum()
        slopes[0, 0] = first * (1.0 - first)
        slopes[1:, 0] = -slopes[0, 0] * rest
        slopes[1:, 1:] = (1.0 - first) * (np.diag(rest) - np.outer(rest, rest))[:, 1:]
        return np.concatenate(([first], (1.0 - first) * rest)), slopes

    def remaining(self, ages: FloatArray, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the share that has not ended before ages (> 0), and its derivatives."""
        p, slopes = self.probabilities(theta)
        going = np.ones((len(p), len(ages)))
        by_law = np.zeros((self.size, len(ages)))
        for k, family in enumerate(self.families):
            at = self.place(k)
            once = self.at_once(k, theta)
            above = family.tails(ages, theta[at])[1]
            going[k] = (1.0 - once) * above
            by_law[at] = p[k] * (1.0 - once) * family.slopes(ages, theta[at])
            if self.instant[k]:
                by_law[at.stop] = -p[k] * once * going[k]
        by_law[: self.shares] = slopes.T @ going
        return p @ going, by_law

    def ended(
        self, outcome: int, low: FloatArray, high: FloatArray, theta: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return P(ends in [low, high) | outcome), and its derivatives."""
        family, at = self.families[outcome], self.place(outcome)
        (below_low, above_low), (below_high, above_high) = (
            family.tails(x, theta[at]) for x in (low, high)
        )
        within = np.where(above_low < 0.5, above_low - above_high, below_high - below_low)
        once = self.at_once(outcome, theta)
        mass = (1.0 - once) * within + once * (low == 0.0)
        slopes = np.zeros((self.size, len(low)))
        slopes[at] = (1.0 - once) * (family.slopes(low, theta[at]) - family.slopes(high, theta[at]))
        if self.instant[outcome]:
            slopes[at.stop] = once * (1.0 - once) * ((low == 0.0) - within)
        return mass, slopes

    def scores(self, theta: FloatArray, data: Durations) -> tuple[FloatArray, FloatArray]:
        """Return the log-likelihood of one visit of each entry, and its derivatives.

        Shapes (entries,) and (parameter, entries). What is known as empirical contributes the
        probability of its outcome only: its times are the law.
        """
        value, slope = np.zeros(len(data)), np.zeros((self.size, len(data)))
        p, by_share = self.probabilities(theta)
        for k, family in enumerate(self.families):
            rows = np.flatnonzero(data.outcome == k)
            value[rows] = np.log(np.maximum(p[k], LEAST))
            slope[: self.shares, rows] = (by_share[k] / max(p[k], LEAST))[:, None]
            if not isinstance(family, Known):
                mass, slopes = self.ended(k, data.low[rows], data.high[rows], theta)
                value[rows] += np.log(np.maximum(mass, LEAST))
                slope[:, rows] += slopes / np.maximum(mass, LEAST)
        for rows, ages, sign in (
            (np.flatnonzero((data.outcome == GOING) & (data.low > 0.0)), data.low, 1.0),
            (np.flatnonzero(data.entry > 0.0), data.entry, -1.0),
        ):
            left, slopes = self.remaining(ages[rows], theta)
            value[rows] += sign * np.log(np.maximum(left, LEAST))
            slope[:, rows] += sign * slopes / np.maximum(left, LEAST)
        return value, slope

    def log_prior(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """Return the logarithm of what is thought beforehand, and its derivatives.

        Beta(1/2, 1/2) of the first outcome and of what takes no time, Dirichlet(1/2) of the others
        (Jeffreys), in the scale of log odds; wide normal laws of the logarithms of scale and shape.
        """
        slope = np.zeros(self.size)
        value = 0.0
        odds = [self.place(k).stop for k, once in enumerate(self.instant) if once]
        for place in [*odds, *[0] * (self.shares > 0)]:
            share = _logistic(theta[place])
            value += 0.5 * float(np.log(max(share, LEAST)) + np.log(max(1.0 - share, LEAST)))
            slope[place] = 0.5 - share
        if self.shares > 1:
            powers = np.concatenate(([0.0], theta[1 : self.shares]))
            rest = powers - np.logaddexp.reduce(powers)
            value += 0.5 * float(rest.sum())
            slope[1 : self.shares] = 0.5 - 0.5 * len(rest) * np.exp(rest[1:])
        for k in range(len(self.families)):
            at = self.place(k)
            center = floats([self.middle, 0.0])[: at.stop - at.start]
            wide = floats([WIDE_SCALE, WIDE_SHAPE])[: at.stop - at.start]
            z = (theta[at] - center) / wide
            value -= 0.5 * float(z @ z)
            slope[at] = -z / wide
        return value, slope

    def with_law(self, outcome: int, family: Family, *, instant: bool) -> Competing:
        """Return it with another family for an outcome."""
        families, once = list(self.families), list(self.instant)
        families[outcome], once[outcome] = family, instant
        return replace(self, families=tuple(families), instant=tuple(once))

    def start(self, data: Durations) -> FloatArray:
        """Return parameters to begin a search with: as if what goes on had been left out."""
        theta = np.zeros(self.size)
        total = [float(data.weight[data.outcome == k].sum()) for k in range(len(self.families))]
        if self.stuck:
            total.append(0.1 * float(data.weight[data.outcome == GOING].sum()))
        counts = floats(total) + 0.5
        if self.shares:
            theta[0] = np.log(counts[0] / counts[1:].sum())
            theta[1 : self.shares] = np.log(counts[2:] / counts[1])
        for k, family in enumerate(self.families):
            theta[self.place(k)] = family.start(*_logs(data, k, self.middle))
        return theta


def _logistic(x: float) -> float:
    from scipy.special import expit

    return float(expit(x))


def _logs(data: Durations, outcome: int, middle: float) -> tuple[float, float]:
    """Return mean and standard deviation of the logarithms of an outcome's durations above 0."""
    rows = (data.outcome == outcome) & (data.low > 0.0)
    # two more of what is thought beforehand: one duration has no spread
    weight = np.concatenate((data.weight[rows], [1.0, 1.0]))
    logs = np.concatenate((np.log(data.middle[rows]), [middle - 0.5, middle + 0.5]))
    mean = float(np.average(logs, weights=weight))
    return mean, max(0.05, float(np.sqrt(np.average((logs - mean) ** 2, weights=weight))))


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Parameters at the maximum of likelihood times prior.

    Attributes
    ----------
    model : Competing
    theta : ndarray, shape (parameter,)
    log_likelihood : float
        Of the data, without the prior.
    """

    model: Competing
    theta: FloatArray
    log_likelihood: float

    @property
    def aic(self) -> float:
        """Return Akaike's criterion: the lower the better."""
        return 2.0 * self.model.size - 2.0 * self.log_likelihood


def maximise(
    model: Competing,
    data: Durations,
    *,
    start: FloatArray | None = None,
    held: Mapping[int, float] | None = None,
) -> Fit:
    """Return the parameters that the data, and a little what is thought beforehand, make likeliest.

    Parameters
    ----------
    model : Competing
    data : Durations
    start : ndarray, optional
        Where to begin; from the data when absent.
    held : mapping of int to float, optional
        Parameters that are held at a value, by their place.
    """
    from scipy.optimize import minimize

    if not model.size:
        return Fit(model=model, theta=np.zeros(0), log_likelihood=0.0)
    scale = max(float(data.weight.sum()), 1.0)

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        value, slope = gradient(model, theta, data)
        return -value / scale, -slope / scale

    begin = model.start(data) if start is None else start.copy()
    bounds = _bounds(model)
    for place, fixed in (held or {}).items():
        begin[place], bounds[place] = fixed, (fixed, fixed)
    found = minimize(
        loss,
        begin,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-8},
    )
    theta = floats(found.x)
    value = model.scores(theta, data)[0] @ data.weight
    return Fit(model=model, theta=theta, log_likelihood=float(value))


def gradient(model: Competing, theta: FloatArray, data: Durations) -> tuple[float, FloatArray]:
    """Return log-likelihood plus log-prior, and their derivatives by the parameters."""
    value, slope = model.scores(theta, data)
    prior, by_prior = model.log_prior(theta)
    return float(value @ data.weight) + prior, slope @ data.weight + by_prior


def _bounds(model: Competing) -> list[tuple[float, float]]:
    """Return where to search: no farther than floats and a plan go."""
    bounds = [(-BOUND, BOUND)] * model.size
    for k, family in enumerate(model.families):
        at = model.place(k)
        bounds[at] = [(model.middle - 15.0, model.middle + 15.0), (-4.0, 6.0)][: family.size]
    return bounds


def covariance(fit: Fit, data: Durations) -> FloatArray:
    """Return the covariance of the parameters, shape (parameter, parameter).

    The inverse of the observed information, by central differences of the gradient. Where recent
    visits count more, the sandwich H^-1 J H^-1 with J the sum of squared weighted scores (Huber
    1967; White 1982, Econometrica 50): a weight is no count of visits.
    """
    inverse = inverted(information(fit, lambda theta: gradient(fit.model, theta, data)[1]))
    if np.allclose(data.weight, data.count):
        return _widened(inverse, fit.model, data)
    scores = fit.model.scores(fit.theta, data)[1]
    prior = information(fit, lambda theta: fit.model.log_prior(theta)[1])
    meat = (scores * data.square) @ scores.T + prior
    return _widened(inverse @ meat @ inverse, fit.model, data)


def information(fit: Fit, slope: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Return minus the derivatives of a slope at the fit, by central differences.

    Shape (parameter, parameter), symmetric.
    """
    return curvature(lambda theta: -slope(theta), fit.theta)


def _widened(found: FloatArray, model: Competing, data: Durations) -> FloatArray:
    """Return a covariance that allows for spreads known from few ends: Student's quantiles.

    Only of the laws' parameters, and to no more than what was thought beforehand.
    """
    from scipy.stats import t

    factor = np.ones(model.size)
    for k in range(len(model.families)):
        mine = data.outcome == k
        if not mine.any():
            continue
        worth = data.weight[mine].sum() ** 2 / data.square[mine].sum()
        at = model.place(k)
        sd = np.sqrt(np.diag(found)[at])
        wide = np.maximum(floats([WIDE_SCALE, WIDE_SHAPE])[: len(sd)], sd)
        factor[at] = np.minimum(t.isf(0.05, max(worth - 1.0, 1.0)) / NORMAL_P95, wide / sd)
    return found * np.outer(factor, factor)


def inverted(hessian: FloatArray) -> FloatArray:
    """Return the inverse of a matrix that has to be positive definite.

    A direction in which the data and the prior say nothing (rounding has made its curvature 0 or
    less) is taken as known no better than the prior would say it.
    """
    values, vectors = np.linalg.eigh(hessian)
    values = np.maximum(values, 1.0 / WIDE_SCALE**2 / 4.0)
    return floats((vectors / values) @ vectors.T)
