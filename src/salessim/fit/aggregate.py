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
from salessim.fit.wandering import futures

FEWEST = 8
"""Periods from which a level and how it moves can be told, and a season: two years of quarters."""
_PER_YEAR = 4


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
    """Draw the future of a series that is a season, a random walk and noise; [draw, ahead]."""
    size = len(series)
    time = np.arange(size + ahead)
    season = np.eye(_PER_YEAR)[time % _PER_YEAR]
    design = np.column_stack([season, time]) if trend else season
    found = futures(series, time=time, design=design, noise=np.ones(size))
    chosen = rng.choice(len(found), size=draws, p=[one.weight for one in found])
    drawn = np.empty((draws, ahead))
    for place in np.unique(chosen):
        one = found[place]
        which = np.flatnonzero(chosen == place)
        noise = np.sqrt(one.squares / rng.chisquare(one.freedom, len(which)))
        root = np.linalg.cholesky(one.covariance + np.eye(ahead))
        drawn[which] = one.mean + noise[:, None] * (rng.normal(size=(len(which), ahead)) @ root.T)
    return drawn
