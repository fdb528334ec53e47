"""Totals in worlds, one thing uncertain at a time, against exact moments and whole laws.

The answers are those of the verification suite: integrals in numpy and scipy that share nothing
with lowering or kernels. Each test may fail by chance with probability 1e-6, and catches every
error planted in its answer.
"""

import numpy as np
import pytest
from scipy import stats

from tests.laws.shares import FEWEST, assert_shares
from tests.laws.small_models import needs_machine_code
from tests.statistics import assert_sample_mean, assert_variance
from verification import health_cases, number_cases, shock_cases
from verification.checks.worlds import totals
from verification.moments import between, gauss

pytestmark = needs_machine_code

CASES = {**shock_cases.CASES, **number_cases.CASES, **health_cases.CASES}


# Squares of totals have skewnesses of up to 10: the mean of 20,000 is 5.2 standard errors too low
# up to exp(10 x 5.2^3 / (6 sqrt(20,000))) < 6 times as often as normal (Petrov 1975, chapter VIII).
SKEWED = 10


def assert_moments(samples, moments):
    assert_sample_mean(samples, moments.mean, tests=2 * SKEWED)
    assert_variance(samples, moments.variance, tests=2 * SKEWED)


@pytest.mark.parametrize("name", CASES)
def test_mean_and_variance_are_exact_and_planted_errors_are_caught(name):
    case = CASES[name]()
    samples = totals(case, trajectories=20_000, seed=61)
    assert_moments(samples, case.exact)
    assert case.wrong
    for planted in case.wrong.values():
        with pytest.raises(AssertionError, match="standard errors"):
            assert_moments(samples, planted)


def assert_law(counts, chances):
    """Check counts against P(0), P(1), ...; what is rare at either end is put together."""
    usual = np.flatnonzero(chances * counts.size >= FEWEST)
    low, high = usual[0], usual[-1]
    inner = chances[low + 1 : high]
    ends = chances[: low + 1].sum(), 1.0 - chances[:high].sum()
    assert_shares(np.bincount(np.clip(counts, low, high) - low), [ends[0], *inner, ends[1]])


def whole_laws():
    """Each with its own law and that of the middle value."""
    many, a, b = 60, 5.0, 8.0
    beta = stats.betabinom(many, a, b), stats.binom(many, stats.beta(a, b).median())
    low, high = 30.0, 60.0
    points = gauss(np.eye(1), nodes=40)
    mixed = points.weights @ stats.poisson.pmf(
        np.arange(400), 1.5 * between(low, high, points.at[0])[:, None]
    )
    poisson = stats.poisson.pmf(np.arange(400), 1.5 * np.sqrt(low * high))
    return {
        "conversion": tuple(law.pmf(np.arange(many + 1)) for law in beta),
        "rate": (mixed, poisson),
    }


@pytest.mark.parametrize("name", ["conversion", "rate"])
def test_wins_are_beta_binomial_and_poisson_lognormal(name):
    law, of_the_middle = whole_laws()[name]
    samples = totals(CASES[name](), trajectories=20_000, seed=62).astype(int)
    assert_law(samples, law)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_law(samples, of_the_middle)
