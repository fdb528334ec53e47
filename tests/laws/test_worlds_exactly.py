"""Mean and variance of totals in worlds, one thing uncertain at a time, against exact answers.

The answers are those of the verification suite: integrals in numpy and scipy that share nothing
with lowering or kernels. Each test may fail by chance with probability 1e-6, and catches every
error planted in its answer.
"""

import pytest

from tests.laws.small_models import needs_machine_code
from tests.statistics import assert_sample_mean, assert_variance
from verification import health_cases, number_cases, shock_cases
from verification.checks.worlds import totals

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
