"""The statistical assertions pass what is right, catch planted errors, and keep their rates."""

import numpy as np
import pytest
from scipy import stats

from tests.statistics import (
    assert_binomial,
    assert_distribution,
    assert_mean,
    assert_poisson,
    assert_same_distribution,
    assert_sample_mean,
    assert_uncorrelated,
    assert_variance,
)


@pytest.fixture
def rng():
    return np.random.default_rng(20270101)


def test_a_mean_one_percent_off_is_caught(rng):
    samples = rng.exponential(2.0, (400_000, 3))
    assert_sample_mean(samples, 2.0)
    samples[:, 1] *= 1.01
    with pytest.raises(AssertionError, match=r"mean\[1\] is .* standard errors, allowed 5.1"):
        assert_sample_mean(samples, 2.0)


def test_a_certain_mean_must_be_exact():
    assert_mean(3.0, 0.0, 3.0)
    with pytest.raises(AssertionError, match=r"expected 3\.00001"):
        assert_mean(3.0, 0.0, 3.00001)


@pytest.mark.parametrize(("mean", "se"), [(np.nan, 1.0), (1.0, np.nan), (1.0, np.inf)])
def test_a_mean_that_is_no_number_is_caught(mean, se):
    with pytest.raises(AssertionError, match="not finite"):
        assert_mean(mean, se, 1.0)


def test_more_tests_allow_each_less_often():
    assert_mean(5.0, 1.0, 0.0, tests=10)
    with pytest.raises(AssertionError, match=r"allowed 4\.9"):
        assert_mean(5.0, 1.0, 0.0)


def test_a_variance_two_percent_off_is_caught(rng):
    samples = rng.normal(0.0, 3.0, 400_000)
    assert_variance(samples, 9.0)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_variance(1.01 * samples, 9.0)


def test_counts_that_vary_too_much_or_too_little_are_caught(rng):
    assert_poisson(rng.poisson(20.0, 20_000), 20.0)
    too_much = rng.poisson(20.0 * rng.gamma(200.0, 1 / 200.0, 20_000))
    with pytest.raises(AssertionError, match=r"variance / mean is 1\."):
        assert_poisson(too_much, 20.0)
    too_little = rng.binomial(400, 0.05, 20_000)
    with pytest.raises(AssertionError, match=r"variance / mean is 0\.9"):
        assert_poisson(too_little, 20.0)
    with pytest.raises(AssertionError, match="counts sum to"):
        assert_poisson(rng.poisson(20.3, 20_000), 20.0)


@pytest.mark.parametrize(("mean", "count"), [(4.0, 1000), (20.0, 50)])
def test_counts_too_few_to_judge_are_refused(rng, mean, count):
    with pytest.raises(AssertionError, match="dispersion test"):
        assert_poisson(rng.poisson(mean, count), mean)


def test_a_weak_correlation_is_caught(rng):
    x, y = rng.normal(size=(2, 50_000))
    assert_uncorrelated(x, y)
    with pytest.raises(AssertionError, match=r"correlation 0\.0"):
        assert_uncorrelated(x, y + 0.05 * x)


def test_a_probability_off_by_one_percent_is_caught(rng):
    won = int(rng.binomial(1_000_000, 0.4))
    assert_binomial(won, 1_000_000, 0.4)
    with pytest.raises(AssertionError, match="too many"):
        assert_binomial(won, 1_000_000, 0.396)
    with pytest.raises(AssertionError, match="too few"):
        assert_binomial(won, 1_000_000, 0.404)


def test_a_shape_slightly_off_is_caught(rng):
    samples = rng.gamma(2.0, 1.0, 50_000)
    assert_distribution(samples, stats.gamma(2.0).cdf)
    with pytest.raises(AssertionError, match="KS distance"):
        assert_distribution(samples, stats.gamma(2.2, scale=2.0 / 2.2).cdf)


def test_two_samples_of_different_laws_are_caught(rng):
    x, y = rng.gamma(2.0, 1.0, (2, 50_000))
    assert_same_distribution(x, y)
    with pytest.raises(AssertionError, match="KS distance"):
        assert_same_distribution(x, 1.05 * y)
    with pytest.raises(AssertionError, match="one size"):
        assert_same_distribution(x, y[1:])


CALLS = {
    "mean": lambda rng, **rate: assert_sample_mean(rng.normal(size=(300, 2)), 0.0, **rate),
    "mean of few": lambda rng, **rate: assert_sample_mean(rng.normal(size=5), 0.0, **rate),
    "poisson": lambda rng, **rate: assert_poisson(rng.poisson(6.0, 200), 6.0, **rate),
    "uncorrelated": lambda rng, **rate: assert_uncorrelated(*rng.normal(size=(2, 300)), **rate),
    "binomial": lambda rng, **rate: assert_binomial(rng.binomial(300, 0.3), 300, 0.3, **rate),
    "distribution": lambda rng, **rate: assert_distribution(
        rng.uniform(size=50), lambda x: x, **rate
    ),
    "same": lambda rng, **rate: assert_same_distribution(*rng.uniform(size=(2, 500)), **rate),
}


@pytest.mark.parametrize("name", CALLS)
def test_false_alarms_are_as_rare_as_stated(rng, name):
    # at a rate of 5 %, so that they can be counted; itself a test of rate 1e-6
    alarms, trials = 0, 400
    for _ in range(trials):
        try:
            CALLS[name](rng, false_alarm=0.05)
        except AssertionError:
            alarms += 1
    # not too often; and not never, which would be a test that cannot fail
    assert stats.binom.sf(alarms - 1, trials, 0.055) > 1e-6
    assert alarms > 0
