"""The chi-squared checks fail for nothing as often as they say, and see what is wrong."""

import numpy as np
import pytest

from tests.laws.shares import assert_same_shares, assert_shares
from tests.statistics import assert_binomial

CHANCES = np.array([0.5, 0.3, 0.15, 0.05])


def failures(check):
    count = 0
    for _ in range(2000):
        try:
            check()
        except AssertionError:
            count += 1
    return count


def test_shares_fail_at_the_stated_rate():
    rng = np.random.default_rng(71)

    def one():
        assert_shares(rng.multinomial(2000, CHANCES), CHANCES, false_alarm=0.05)

    def two():
        x, y = rng.multinomial([2000, 3000], CHANCES)
        assert_same_shares(x, y, false_alarm=0.1, tests=2)

    assert_binomial(failures(one), 2000, 0.05, tests=2)
    assert_binomial(failures(two), 2000, 0.05, tests=2)


def test_wrong_shares_are_caught():
    right = (1e6 * CHANCES).astype(int)
    wrong = right + np.array([6000, -6000, 0, 0])
    assert_shares(right, CHANCES)
    assert_same_shares(right, right)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_shares(wrong, CHANCES)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_shares(right, wrong)


def test_what_the_chi_squared_law_does_not_hold_for_is_refused():
    with pytest.raises(AssertionError, match="too few expected"):
        assert_shares([90, 10], [0.9, 0.1])
    with pytest.raises(AssertionError, match="not a partition"):
        assert_shares([900, 100], [0.8, 0.1])
