"""Subscribers of whom only counts are known: how many came and left, and what they paid.

Public companies publish additions, losses and revenue by quarter. How long single subscribers stay
cannot be seen from them; the share that leaves in a period can, and how it moves (customer-based
corporate valuation: McCarthy, Fader and Hardie 2017, Journal of Marketing 81:17, without their laws
of tenure). The shares, the additions and the revenue of a subscriber are levels that wander.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.errors import SalessimError

FEWEST = 8
"""Periods from which a level and how it moves can be told, and a season: two years of quarters."""
_PER_YEAR = 4
_MOVES = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 31)])
"""Variance of a level's step, as a multiple of that of the noise around it."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Subscribers by quarter, the oldest first.

    Attributes
    ----------
    subscribers : ndarray, shape (quarters,)
        At the end of each.
    additions : ndarray, shape (quarters,)
        Gross; above 0. Of the first quarter it does not count.
    revenue : ndarray, shape (quarters,), or None
        Money; above 0.
    """

    subscribers: FloatArray
    additions: FloatArray
    revenue: FloatArray | None = None


@dataclass(frozen=True, kw_only=True)
class SubscriberDraws:
    """Quarters to come: [draw, quarter]; `revenue` is None where that of the past is not known."""

    subscribers: FloatArray
    revenue: FloatArray | None


def forecast_subscribers(
    counts: Counts, *, quarters: int, draws: int, seed: int
) -> SubscriberDraws:
    """Draw what becomes of a base of subscribers.

    Losses are what is missing between subscribers and additions. Logarithms of the share lost, of
    additions and of the revenue of a subscriber each are a level that wanders and a season, with
    noise; revenue has a trend besides, since prices have.

    Parameters
    ----------
    counts : Counts
    quarters, draws : int
        How many.
    seed : int

    Raises
    ------
    SalessimError
        Fewer than `FEWEST` quarters, or numbers that cannot be.
    """
    there, came = counts.subscribers, counts.additions[1:]
    lost = there[:-1] + came - there[1:]
    _check(counts, lost)
    rng = np.random.default_rng(seed)
    shares = np.exp(_draw(np.log(lost / there[:-1]), quarters, draws, rng))
    additions = np.exp(_draw(np.log(came), quarters, draws, rng))
    paths = np.empty((draws, quarters + 1))
    paths[:, 0] = there[-1]
    for quarter in range(quarters):
        left = np.maximum(1.0 - shares[:, quarter], 0.0)
        paths[:, quarter + 1] = paths[:, quarter] * left + additions[:, quarter]
    revenue = None
    if counts.revenue is not None:
        each = np.log(counts.revenue[1:] / _between(there))
        revenue = np.exp(_draw(each, quarters, draws, rng, trend=True)) * _between(paths)
    return SubscriberDraws(subscribers=paths[:, 1:], revenue=revenue)


def _between(subscribers: FloatArray) -> FloatArray:
    """Return the mean number in each quarter, from those at the ends of it and the one before."""
    mean: FloatArray = (subscribers[..., :-1] + subscribers[..., 1:]) / 2.0
    return mean


def _check(counts: Counts, lost: FloatArray) -> None:
    there = counts.subscribers
    if len(there) <= FEWEST:
        raise SalessimError(
            f"{len(there)} quarters of subscribers tell too little of how their losses move; "
            f"give {FEWEST + 1} or more"
        )
    wrong = np.flatnonzero((lost <= 0.0) | (lost >= there[:-1]) | (counts.additions[1:] <= 0.0))
    if len(wrong):
        at = int(wrong[0]) + 1
        raise SalessimError(
            f"quarter {at + 1}: {there[at - 1]:,.6g} subscribers before it, "
            f"{counts.additions[at]:,.6g} added and {there[at]:,.6g} at its end leave "
            f"{lost[at - 1]:,.6g} lost; additions must be gross, above 0, and explain the growth"
        )


def _draw(
    series: FloatArray, ahead: int, draws: int, rng: np.random.Generator, *, trend: bool = False
) -> FloatArray:
    """Draw the future of a series that is a season, a random walk and noise; shape [draw, ahead].

    Gaussian, with flat priors of the coefficients and of the logarithm of the noise; the ratio of
    walk to noise is drawn by its marginal likelihood (Harville 1974, Biometrika 61:383).
    """
    size = len(series)
    time = np.arange(size + ahead)
    season = np.eye(_PER_YEAR)[time % _PER_YEAR]
    design = np.column_stack([season, time]) if trend else season
    walk = np.minimum.outer(time, time) + 1.0
    logs, parts = zip(
        *(_regression(series, design, moves * walk, size) for moves in _MOVES), strict=True
    )
    weights = np.exp(np.array(logs) - max(logs))
    chosen = rng.choice(len(_MOVES), size=draws, p=weights / weights.sum())
    drawn = np.empty((draws, ahead))
    for place in np.unique(chosen):
        mean, root, squares, freedom = parts[place]
        which = np.flatnonzero(chosen == place)
        noise = np.sqrt(squares / rng.chisquare(freedom, len(which)))
        drawn[which] = mean + noise[:, None] * (rng.normal(size=(len(which), ahead)) @ root.T)
    return drawn


_Part = tuple[FloatArray, FloatArray, float, int]


def _regression(
    series: FloatArray, design: FloatArray, walk: FloatArray, size: int
) -> tuple[float, _Part]:
    """Return the log marginal likelihood of a ratio, and what it says of the future.

    Its mean, a root of its covariance as a multiple of the noise's variance, the sum of squares
    that tells this variance, and their degrees of freedom.
    """
    whole = walk + np.eye(len(design))
    past, cross = whole[:size, :size], whole[size:, :size]
    root = np.linalg.cholesky(past)
    x, y = (np.linalg.solve(root, part) for part in (design[:size], series))
    inner = x.T @ x
    beta = np.linalg.solve(inner, x.T @ y)
    rest = y - x @ beta
    squares, freedom = float(rest @ rest), size - design.shape[1]
    gain = np.linalg.solve(root.T, np.linalg.solve(root, cross.T)).T
    ahead = design[size:] - gain @ design[:size]
    covariance = whole[size:, size:] - gain @ cross.T + ahead @ np.linalg.solve(inner, ahead.T)
    mean = design[size:] @ beta + gain @ (series - design[:size] @ beta)
    log = (
        -np.log(np.diag(root)).sum()
        - np.linalg.slogdet(inner)[1] / 2.0
        - freedom / 2.0 * np.log(squares)
    )
    root_ahead = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
    return float(log), (mean, root_ahead, squares, int(freedom))
