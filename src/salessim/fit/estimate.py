"""Maximum likelihood of positive parameters, and how well the data know them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray

WIDEST = 2.0
"""No logarithm of a parameter is less known than with this standard deviation: a factor of 27
either way, at two of them."""
FARTHEST = 7.0
"""How far beyond its edge the logarithm of a parameter is looked for."""
STEP = 1e-4
"""By which parameters are moved to see how a gradient changes."""

LogLikelihood = Callable[[FloatArray], tuple[float, FloatArray]]
"""Logarithms of the parameters -> the log-likelihood of all data and its gradient."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Parameters, all positive, by maximum likelihood.

    Attributes
    ----------
    parameters : ndarray, shape (p,)
        At the maximum.
    covariance : ndarray, shape (p, p)
        Of their logarithms.
    log_likelihood : float
    edges : tuple of int
        Parameters that went beyond what the data can tell: these are held back (see `maximise`).
    """

    parameters: FloatArray
    covariance: FloatArray
    log_likelihood: float
    edges: tuple[int, ...]

    @property
    def spread(self) -> FloatArray:
        """Standard deviations of the logarithms."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def aic(self) -> float:
        """Return Akaike's criterion: the lower the better."""
        return 2.0 * len(self.parameters) - 2.0 * self.log_likelihood


def maximise(
    log_likelihood: LogLikelihood,
    *,
    starts: list[FloatArray],
    low: FloatArray,
    high: FloatArray,
    weight: float,
) -> Estimate:
    """Return the parameters that make the data most likely.

    Between `low` and `high` nothing but the likelihood counts. Where it grows without an end (all
    alike, nobody leaves, nobody returns) a normal tail with standard deviation 1 of the logarithm
    holds the parameter back beyond the edge: the answer stays finite, and says so in `edges`.

    Parameters
    ----------
    log_likelihood : callable
        Of the logarithms of the parameters, with its gradient.
    starts : list of ndarray, each of shape (p,)
        Logarithms from which the search begins; the best end counts.
    low, high : ndarray, shape (p,)
        Logarithms of the edges.
    weight : float
        How many observations there are: the search looks at the mean of each.

    Returns
    -------
    Estimate
        Its covariance is the inverse of the observed information (differences of the gradient)
        plus 1 / `WIDEST`^2 for each logarithm, so that it exists whatever the data say.
    """
    from scipy.optimize import minimize

    def loss(at: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = log_likelihood(at)
        beyond = at - np.clip(at, low, high)
        return (
            (0.5 * float(beyond @ beyond) - value) / weight,
            (beyond - gradient) / weight,
        )

    bounds = list(zip(low - FARTHEST, high + FARTHEST, strict=True))
    ends = [
        minimize(
            loss,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
        )
        for start in starts
    ]
    best = min(ends, key=lambda end: float(end.fun))
    at = np.asarray(best.x, dtype=np.float64)
    value, _ = log_likelihood(at)
    edges = np.flatnonzero((at < low) | (at > high))
    return Estimate(
        parameters=np.exp(at),
        covariance=_covariance(lambda x: weight * loss(x)[1], at),
        log_likelihood=value,
        edges=tuple(map(int, edges)),
    )


def curvature(gradient: Callable[[FloatArray], FloatArray], at: FloatArray) -> FloatArray:
    """Return the second derivatives at a point, by central differences of the gradient.

    Shape (parameter, parameter), symmetric.
    """
    steps = STEP * np.eye(len(at))
    rows = [(gradient(at + step) - gradient(at - step)) / (2.0 * STEP) for step in steps]
    found = np.array(rows).reshape(len(at), len(at))
    return np.asarray((found + found.T) / 2.0)


def _covariance(gradient: Callable[[FloatArray], FloatArray], at: FloatArray) -> FloatArray:
    """Return the inverse of the curvature at a minimum; flat directions are `WIDEST` wide."""
    values, vectors = np.linalg.eigh(curvature(gradient, at))
    spread = 1.0 / (np.maximum(values, 0.0) + WIDEST**-2)
    return np.asarray((vectors * spread) @ vectors.T, dtype=np.float64)
