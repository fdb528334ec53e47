"""Series that are a level that wanders, a season or trend, and noise; and what comes of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray, IntArray

_MOVES = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 31)])
"""Variance of a level's step, as a multiple of that of the noise around it."""


@dataclass(frozen=True, kw_only=True)
class Future:
    """What is ahead, given how much the level moves.

    Attributes
    ----------
    weight : float
        Probability that it moves so much.
    mean : ndarray, shape (ahead,)
    covariance : ndarray, shape (ahead, ahead)
        Of the series without noise, as a multiple of the variance of the noise.
    squares, freedom : float, int
        What tells that variance: squares / variance is chi-squared.
    """

    weight: float
    mean: FloatArray
    covariance: FloatArray
    squares: float
    freedom: int


def futures(
    series: FloatArray, *, time: IntArray, design: FloatArray, noise: FloatArray
) -> tuple[Future, ...]:
    """Return what is ahead of a series.

    Gaussian: design x coefficients + random walk + noise, with flat priors of the coefficients and
    of the logarithm of the noise. How much the walk moves is weighed by its marginal likelihood
    (Harville 1974, Biometrika 61:383).

    Parameters
    ----------
    series : ndarray, shape (past,)
    time : ndarray of int, shape (past + ahead,)
        Rising from 0.
    design : ndarray, shape (past + ahead, coefficients)
        Fewer coefficients than values of the past.
    noise : ndarray, shape (past,)
        Variances, up to a common factor.
    """
    walk = np.minimum.outer(time, time) + 1.0
    found = [_given(series, moves * walk, design, noise) for moves in _MOVES]
    logs = np.array([log for log, _ in found])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    return tuple(
        Future(
            weight=float(weight),
            mean=future.mean,
            covariance=future.covariance,
            squares=future.squares,
            freedom=future.freedom,
        )
        for weight, (_, future) in zip(weights, found, strict=True)
    )


def mean_ahead(ahead: tuple[Future, ...]) -> tuple[float, float]:
    """Return mean and standard deviation of the average of what is ahead, without noise.

    At least three degrees of freedom are needed.
    """
    means = np.array([float(one.mean.mean()) for one in ahead])
    weights = np.array([one.weight for one in ahead])
    variances = [float(one.covariance.mean()) * one.squares / (one.freedom - 2) for one in ahead]
    mean = float(weights @ means)
    return mean, float(np.sqrt(weights @ (np.array(variances) + (means - mean) ** 2)))


def _given(
    series: FloatArray, walk: FloatArray, design: FloatArray, noise: FloatArray
) -> tuple[float, Future]:
    """Return the log marginal likelihood of how much the level moves, and what is ahead."""
    size = len(series)
    past, cross = walk[:size, :size] + np.diag(noise), walk[size:, :size]
    root = np.linalg.cholesky(past)
    x, y = (np.linalg.solve(root, part) for part in (design[:size], series))
    inner = x.T @ x
    beta = np.linalg.solve(inner, x.T @ y)
    rest = y - x @ beta
    squares, freedom = float(rest @ rest), size - design.shape[1]
    gain = np.linalg.solve(root.T, np.linalg.solve(root, cross.T)).T
    ahead = design[size:] - gain @ design[:size]
    future = Future(
        weight=1.0,
        mean=design[size:] @ beta + gain @ (series - design[:size] @ beta),
        covariance=walk[size:, size:] - gain @ cross.T + ahead @ np.linalg.solve(inner, ahead.T),
        squares=squares,
        freedom=int(freedom),
    )
    log = (
        -np.log(np.diag(root)).sum()
        - np.linalg.slogdet(inner)[1] / 2.0
        # a series without any noise at all is of one level
        - freedom / 2.0 * np.log(max(squares, 1e-300))
    )
    return float(log), future
