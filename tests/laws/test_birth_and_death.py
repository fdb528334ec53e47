"""Exponential lifetimes, an instant referral pipeline, no leads: a linear birth-death process.

Each customer brings a new one at rate b and leaves at rate d. With E = exp((b - d) t) the number
of descendants of one customer who are active at t is 0 with probability
alpha = d (E - 1) / (b E - d), else geometric with ratio beta = (b / d) alpha
(Kendall 1948, On the generalized birth-and-death process, Annals of Mathematical Statistics 19).
"""

import numpy as np
import pytest

from salessim.model.laws import Exponential
from tests.laws.shares import assert_shares
from tests.laws.small_models import (
    customers,
    needs_machine_code,
    per_customer,
    per_day,
    sale,
    simulate,
    stage,
)
from tests.laws.small_models import timeline as of
from tests.statistics import assert_binomial, assert_sample_mean, assert_variance

pytestmark = needs_machine_code

DAYS = 30.0 * np.arange(1, 7)
CASES = pytest.mark.parametrize(
    ("births", "deaths"),
    [(0.012, 0.006), (0.004, 0.010), (0.008, 0.008), (0.0, 0.010)],
    ids=["growing", "dying", "critical", "no births"],
)


def active_customers(births, deaths, *, start, trajectories, seed):
    """Simulate; half of the referrals are lost at once, so they come at twice the rate."""
    model = sale(
        stage(conversion=0.5),
        sources=[per_customer(rate=per_day(2.0 * births))],
        base=customers(start, lifetime=Exponential(mean=1.0 / deaths)),
        time=of(DAYS.size),
    )
    cube = simulate(model, trajectories=trajectories, seed=seed)
    change = cube.new_customers.astype(int) - cube.lost_customers
    return start + change.sum(axis=(2, 3)).cumsum(axis=1)


def alpha_and_beta(births, deaths, t):
    if births == deaths:
        alpha = births * t / (1.0 + births * t)
        return alpha, alpha
    grown = np.exp((births - deaths) * t)
    below = births * grown - deaths
    return deaths * (grown - 1.0) / below, births * (grown - 1.0) / below


def assert_moments(active, births, deaths):
    """Check mean and variance of each period end for 40 customers; false-alarm rate 1e-6 in all."""
    alpha, beta = alpha_and_beta(births, deaths, DAYS)
    mean = (1.0 - alpha) / (1.0 - beta)
    variance = mean * (alpha + beta) / (1.0 - beta)
    assert_sample_mean(active, 40 * mean, tests=2)
    for period in range(DAYS.size):
        assert_variance(active[:, period], 40 * variance[period], tests=2 * DAYS.size)


@CASES
def test_mean_and_variance_of_customers(births, deaths):
    active = active_customers(births, deaths, start=40, trajectories=20_000, seed=51)
    assert_moments(active, births, deaths)


def law_of_one_line(births, deaths, t, *, rarest):
    """P(n active) for n = 0, 1, ..., and in the end for all n that are rarer together."""
    alpha, beta = alpha_and_beta(births, deaths, t)
    at_least = np.append(1.0, (1.0 - alpha) * beta ** np.arange(20.0))
    at_least = at_least[at_least >= rarest]
    return -np.diff(at_least, append=0.0)


def assert_law_of_one_line(active, births, deaths):
    """Check extinction exactly and the rest by classes; false-alarm rate 1e-6 in all."""
    for period, t in enumerate(DAYS):
        alpha, _ = alpha_and_beta(births, deaths, t)
        extinct = int((active[:, period] == 0).sum())
        assert_binomial(extinct, len(active), alpha, tests=2 * DAYS.size)
        chances = law_of_one_line(births, deaths, t, rarest=50 / len(active))
        counts = np.bincount(np.minimum(active[:, period], chances.size - 1))
        assert_shares(counts, chances, tests=2 * DAYS.size)


@CASES
def test_extinction_and_the_whole_law_of_one_customers_line(births, deaths):
    active = active_customers(births, deaths, start=1, trajectories=60_000, seed=52)
    assert_law_of_one_line(active, births, deaths)


@CASES
def test_extinction_of_three_customers_is_independent(births, deaths):
    active = active_customers(births, deaths, start=3, trajectories=20_000, seed=53)
    for period, t in enumerate(DAYS):
        alpha, _ = alpha_and_beta(births, deaths, t)
        extinct = int((active[:, period] == 0).sum())
        assert_binomial(extinct, 20_000, alpha**3, tests=DAYS.size)
    # those who are extinct stay so: nobody comes from outside
    assert (np.diff((active == 0).astype(int), axis=1) >= 0).all()


WRONG = pytest.mark.parametrize(("births", "deaths"), [(0.0126, 0.006), (0.012, 0.0063)])


@WRONG
def test_five_percent_too_many_births_or_deaths_change_the_moments(births, deaths):
    active = active_customers(births, deaths, start=40, trajectories=20_000, seed=51)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_moments(active, 0.012, 0.006)


@WRONG
def test_five_percent_too_many_births_or_deaths_change_the_law(births, deaths):
    active = active_customers(births, deaths, start=1, trajectories=60_000, seed=52)
    with pytest.raises(AssertionError, match=r"too (many|few) for|chi-squared"):
        assert_law_of_one_line(active, 0.012, 0.006)
