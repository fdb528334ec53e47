"""Bases of which only counts are known: forecasts as wide as what comes, and no wider."""

from __future__ import annotations

import numpy as np
import pytest

from salessim.errors import SalessimError
from salessim.fit.aggregate import Counts, forecast_subscribers
from tests.statistics import assert_binomial


def wandering(rng: np.random.Generator, *, size: int, walk: float, noise: float) -> np.ndarray:
    season = np.tile([0.1, -0.05, 0.0, -0.05], size // 4 + 1)[:size]
    return np.cumsum(rng.normal(0.0, walk, size)) + season + rng.normal(0.0, noise, size)


def made_up(seed: int, *, size: int) -> Counts:
    rng = np.random.default_rng(seed)
    shares = 0.05 * np.exp(wandering(rng, size=size, walk=0.03, noise=0.05))
    additions = 60.0 * np.exp(wandering(rng, size=size, walk=0.04, noise=0.04))
    each = 30.0 * np.exp(0.01 * np.arange(size) + wandering(rng, size=size, walk=0.02, noise=0.01))
    there = np.empty(size + 1)
    there[0] = 1000.0
    for quarter in range(size):
        there[quarter + 1] = there[quarter] * (1.0 - shares[quarter]) + additions[quarter]
    return Counts(
        subscribers=there,
        additions=np.concatenate([[np.nan], additions]),
        revenue=np.concatenate([[np.nan], each * (there[:-1] + there[1:]) / 2.0]),
    )


def until(counts: Counts, size: int) -> Counts:
    assert counts.revenue is not None
    return Counts(
        subscribers=counts.subscribers[:size],
        additions=counts.additions[:size],
        revenue=counts.revenue[:size],
    )


def test_intervals_hold_what_they_promise_and_narrower_ones_do_not():
    """80 % intervals of eight quarters later, in 200 histories."""
    inside, halved = np.zeros(2, int), np.zeros(2, int)
    for seed in range(200):
        whole = made_up(seed, size=36)
        drawn = forecast_subscribers(until(whole, 29), quarters=8, draws=300, seed=seed)
        for place, what in enumerate(("subscribers", "revenue")):
            low, high = np.quantile(getattr(drawn, what)[:, -1], [0.1, 0.9])
            came = getattr(whole, what)[36]
            inside[place] += low <= came <= high
            halved[place] += abs(came - (low + high) / 2) <= (high - low) / 4
    for place in (0, 1):
        assert_binomial(int(inside[place]), 200, 0.8, tests=2)
        with pytest.raises(AssertionError, match="too few"):
            assert_binomial(int(halved[place]), 200, 0.8, tests=2)


def test_without_noise_the_future_is_the_recursion():
    there = 1000.0 * 0.97 ** np.arange(20) + 500.0
    additions = there[1:] - 0.96 * there[:-1]
    counts = Counts(subscribers=there, additions=np.concatenate([[np.nan], additions]))
    drawn = forecast_subscribers(counts, quarters=4, draws=200, seed=1)
    assert drawn.revenue is None
    expected = there[-1]
    for quarter in range(4):
        expected = 0.96 * expected + additions[-1]
        middle = np.median(drawn.subscribers[:, quarter])
        assert middle == pytest.approx(expected, rel=0.03)


def test_numbers_that_cannot_be_are_refused():
    counts = made_up(3, size=20)
    with pytest.raises(SalessimError, match="8 quarters of subscribers tell too little"):
        forecast_subscribers(until(counts, 8), quarters=4, draws=10, seed=1)
    counts.additions[5] = 0.5
    with pytest.raises(SalessimError, match=r"quarter 6: .* additions must be gross"):
        forecast_subscribers(counts, quarters=4, draws=10, seed=1)
