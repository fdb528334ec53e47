"""Mean and variance of what trajectories with a world count: the law of total variance.

Given the world, deals and customers are independent and their moments elementary. Over the worlds
they are integrated: in closed form where all that is random is lognormal, else by Gauss-Hermite
quadrature, of which no more is asked than of a polynomial of some twenty degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np
from scipy import special

from salessim._typing import FloatArray
from salessim.model.law import floats

P95 = float(special.ndtri(0.95))


class Moments(NamedTuple):
    """Of a total: what the average of many trajectories and their variance tend to."""

    mean: float
    variance: float


class Points(NamedTuple):
    """Where an integral over normal variables is evaluated, and with which weights."""

    at: FloatArray
    """[variable, point]"""
    weights: FloatArray
    """[point], sums to 1."""


def gauss(correlation: FloatArray, *, nodes: int = 24) -> Points:
    """Return points for standard normal variables of a correlation matrix, shape (d, d).

    The product of Gauss-Hermite rules, turned by the Cholesky factor: exact for polynomials of
    degree 2 x nodes - 1 in each of the independent variables.
    """
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    count = len(correlation)
    apart = np.stack([g.ravel() for g in np.meshgrid(*[x] * count, indexing="ij")])
    weights = reduce(np.multiply.outer, [w / w.sum()] * count).ravel()
    return Points(floats(np.linalg.cholesky(correlation) @ apart), floats(weights))


def over(weights: FloatArray, means: FloatArray, variances: FloatArray) -> Moments:
    """Return E[mean given the world], and E[variance given it] + Var[mean given it]."""
    mean = float(weights @ means)
    return Moments(mean, float(weights @ (variances + (means - mean) ** 2)))


def lognormal_sum(means: FloatArray, logs: FloatArray, within: float) -> Moments:
    """Return the moments of a total whose mean given the world is a sum of lognormals.

    Parameters
    ----------
    means : ndarray, shape (k,)
        Mean of each term.
    logs : ndarray, shape (k, k)
        Covariances of the terms' logarithms: Cov of the terms = means x (exp(logs) - 1).
    within : float
        Mean of the variance given the world.
    """
    between = means @ np.expm1(logs) @ means
    return Moments(float(means.sum()), within + float(between))


def autocorrelation(persistence: float, months: int) -> FloatArray:
    """Return the correlations of a stationary AR(1) level in each two months."""
    lag = np.abs(np.subtract.outer(np.arange(months), np.arange(months)))
    return floats(persistence**lag)


def cross_correlation(first: float, second: float, together: float, months: int) -> FloatArray:
    """Return Corr(first level in month i, second level in month j), shape (months, months).

    Two AR(1) levels correlated in the same month: what the earlier one says of the later one
    fades as the later one's own past does.
    """
    lag = np.subtract.outer(np.arange(months), np.arange(months))
    return floats(together * np.where(lag > 0, first ** np.abs(lag), second ** np.abs(lag)))


def factors(effect: float, levels: FloatArray) -> FloatArray:
    """Return what a shock's level makes of a quantity: a lognormal factor with mean one."""
    return floats(np.exp(effect * levels - effect**2 / 2.0))


def spread(p05: float, p95: float) -> float:
    """Return the standard deviation of the logarithm (logit, when given odds)."""
    return float(np.log(p95 / p05) / (2.0 * P95))


def between(p05: float, p95: float, scores: FloatArray) -> FloatArray:
    """Return positive values whose logarithms are normal, at standard normal scores."""
    return floats(np.sqrt(p05 * p95) * np.exp(spread(p05, p95) * scores))


def between_odds(p05: float, p95: float, scores: FloatArray) -> FloatArray:
    """Return probabilities whose logits are normal, at standard normal scores."""
    odds = between(p05 / (1.0 - p05), p95 / (1.0 - p95), scores)
    return odds / (1.0 + odds)


def lognormal_mean(p05: float, p95: float, power: float = 1.0) -> float:
    """Return the mean of a power of a lognormal quantity."""
    middle = np.sqrt(p05 * p95)
    return float(middle**power * np.exp((power * spread(p05, p95)) ** 2 / 2.0))


def dirichlet(counts: Sequence[float]) -> tuple[FloatArray, FloatArray]:
    """Return mean and covariances of shares that are Dirichlet with those parameters."""
    total = sum(counts)
    mean = floats(counts) / total
    return mean, floats((np.diag(mean) - np.outer(mean, mean)) / (total + 1.0))


def dirichlet_points(counts: Sequence[float], *, nodes: int = 30) -> Points:
    """Return points for three Dirichlet shares, by breaking a stick: two beta variables."""
    a, b, c = counts
    x, v = _beta_points(a, b + c, nodes)
    y, w = _beta_points(b, c, nodes)
    first, of_rest = (g.ravel() for g in np.meshgrid(x, y, indexing="ij"))
    at = np.stack([first, (1.0 - first) * of_rest, (1.0 - first) * (1.0 - of_rest)])
    return Points(floats(at), floats(np.multiply.outer(v, w).ravel()))


def beta_points(a: float, b: float, *, nodes: int = 30) -> Points:
    """Return points for a beta variable, by Gauss-Jacobi."""
    x, w = _beta_points(a, b, nodes)
    return Points(x[None, :], w)


def triangular_points(low: float, mode: float, high: float, *, nodes: int = 20) -> Points:
    """Return points for a triangular variable: Gauss-Legendre on either side of the mode."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    share = (x + 1.0) / 2.0
    at = np.concatenate([low + (mode - low) * share, high - (high - mode) * share])
    weights = np.concatenate([(mode - low) * w * share, (high - mode) * w * share])
    return Points(floats(at[None, :]), floats(weights / weights.sum()))


def _beta_points(a: float, b: float, nodes: int) -> tuple[FloatArray, FloatArray]:
    x, w = special.roots_jacobi(nodes, b - 1.0, a - 1.0)
    return floats((x + 1.0) / 2.0), floats(w / w.sum())
