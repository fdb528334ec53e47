"""Shares of variance on results with known answers: no simulation, luck and worlds made by hand.

A result is the product of independent lognormal factors, plus luck as large as what the worlds do.
Its indices are those of a product (Sobol 2001): with v_i = exp(s_i^2) - 1 the variance of a factor
of mean one, Var f = prod(1 + v) - 1, S_i = v_i / Var f, T_i = v_i prod_{j != i}(1 + v_j) / Var f.
"""

import math

import numpy as np
import pytest

from salessim.forecast.variance import across, split, variance_shares, without_luck
from tests.statistics import assert_binomial, assert_sample_mean

SPREADS = np.array([0.1, 0.2, 0.3])
V = np.expm1(SPREADS**2)
BETWEEN = np.prod(1 + V) - 1
FIRST = V / BETWEEN
TOTAL = V * np.prod(1 + V) / (1 + V) / BETWEEN
LUCK = math.sqrt(BETWEEN)
"""Standard deviation of the luck: half of the variance of a result."""
WORLDS, LUCKS, BATCHES = 1024, 2, 60


def product(scores):
    """Factors of mean one along the first axis."""
    return np.exp(SPREADS[:, None] * scores - SPREADS[:, None] ** 2 / 2).prod(axis=0)


def batch(rng):
    """Return f_A, f_B and f_AB of new worlds; a luck is the same in all runs that have it."""
    a, b = rng.standard_normal((2, len(SPREADS), WORLDS))
    mixed = np.repeat(a[None], len(SPREADS), axis=0)
    mixed[range(len(SPREADS)), range(len(SPREADS))] = b
    luck = LUCK * rng.standard_normal((LUCKS, WORLDS))

    def result(scores):
        # what is lucky in one world may be unlucky in another
        return product(scores) + luck * np.sign(scores[0])

    return result(a), result(b), np.stack([result(scores) for scores in mixed])


@pytest.fixture(scope="module")
def batches():
    rng = np.random.default_rng(2027)
    return [batch(rng) for _ in range(BATCHES)]


def centred(arrays):
    return [array - (arrays[0].mean() + arrays[1].mean()) / 2 for array in arrays]


def test_indices_of_a_product_whatever_the_luck(batches):
    found = np.array([without_luck(*centred(arrays)) for arrays in batches])
    # ratios of means: biased by one part in the number of worlds
    exact = np.stack([FIRST, TOTAL])
    assert_sample_mean(found, exact * (1 + 1e-3))
    with pytest.raises(AssertionError, match="standard errors"):
        assert_sample_mean(found, exact[::-1])


def test_luck_that_is_not_taken_out_is_caught(batches):
    def with_luck(f_a, f_b, f_ab):
        (a, b), moved = (f.mean(axis=0) for f in (f_a, f_b)), (f_ab - f_a).mean(axis=1)
        variance = np.var([a, b])
        return (b * moved).mean(axis=-1) / variance, (moved**2).mean(axis=-1) / (2 * BETWEEN)

    found = np.array([with_luck(*centred(arrays)) for arrays in batches])
    for index, exact in ((0, FIRST), (1, TOTAL)):
        with pytest.raises(AssertionError, match="standard errors"):
            assert_sample_mean(found[:, index], exact)


def test_nineteen_in_twenty_intervals_hold_the_answer(batches):
    groups = (("a",), ("b", "c"), ("d",))
    inside, tried = 0, 24
    for seed, arrays in enumerate(batches[:tried]):
        shares = variance_shares(groups, *(array[..., :256] for array in arrays), seed=seed)
        assert [share.inputs for share in shares] == list(groups)
        # one index of each batch: the indices of a batch depend on each other
        k = seed % len(groups)
        found = shares[k].first
        assert found.low <= found.value <= found.high
        inside += found.low <= FIRST[k] <= found.high
    assert_binomial(inside, tried, 0.95)
    with pytest.raises(AssertionError, match="too few"):
        assert_binomial(tried // 2, tried, 0.95)


def test_the_same_seed_gives_the_same_intervals(batches):
    groups = (("a",), ("b",), ("c",))
    one, two, other = (variance_shares(groups, *batches[0], seed=seed) for seed in (1, 1, 2))
    assert one == two != other


def test_a_single_group_has_all_of_the_variance():
    nothing = np.zeros((2, 8))
    (share,) = variance_shares((("a", "b"),), nothing, nothing, nothing[None], seed=1)
    assert share.first == share.total == (1, 1, 1)


def test_what_two_lucks_share_is_their_world():
    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    y = np.array([[7.0, 11.0], [13.0, 17.0]])
    assert across(x, y) == pytest.approx((1 * 13 + 3 * 7 + 2 * 17 + 5 * 11) / 4)


PARTS = {"parameters": 4.0, "shocks": 2.0, "luck": 3.0}


def nested(rng, *, worlds=20_000):
    """Return results of the same worlds with two lucks, and of other shocks with two lucks."""
    sd = {name: math.sqrt(variance) for name, variance in PARTS.items()}
    parameters = 100 + sd["parameters"] * rng.standard_normal(worlds)
    shocks = sd["shocks"] * rng.standard_normal((2, 1, worlds))
    # the luck of a world depends on it, and the runs with other shocks have it again
    size = np.sqrt(rng.chisquare(4, worlds) / 4)
    luck = sd["luck"] * rng.standard_normal((2, worlds)) * size
    return parameters + shocks[0] + luck, parameters + shocks[1] + luck


def test_shares_of_nested_worlds():
    rng = np.random.default_rng(7)
    found = [split(*nested(rng), parameters=True) for _ in range(40)]
    for name, part in PARTS.items():
        shares = np.array([getattr(one, name).value for one in found])
        errors = np.array([getattr(one, name).se for one in found])
        exact = part / sum(PARTS.values())
        assert_sample_mean(shares, exact, tests=3)
        with pytest.raises(AssertionError, match="standard errors"):
            assert_sample_mean(shares, exact + 0.01, tests=3)
        # the stated error is the one there is: chi-squared of 39 degrees of freedom
        assert 0.5 < (shares.std(ddof=1) / errors.mean()) ** 2 < 2.0
    assert_sample_mean(np.array([one.variance for one in found]), sum(PARTS.values()))
    assert all(one.has_worlds for one in found)


def test_shares_add_up_and_what_is_not_there_has_none():
    rng = np.random.default_rng(8)
    same, other = nested(rng, worlds=500)
    one = split(same, other, parameters=True)
    assert one.parameters.value + one.shocks.value + one.luck.value == pytest.approx(1)
    without_shocks = split(same, None, parameters=True)
    assert without_shocks.shocks == (0, 0)
    assert without_shocks.parameters.value + without_shocks.luck.value == pytest.approx(1)
    assert split(same, other, parameters=False).parameters == (0, 0)
    luck_only = rng.standard_normal((2, 500))
    assert not split(luck_only, None, parameters=True).has_worlds
    assert math.isnan(split(np.ones((2, 9)), None, parameters=True).luck.value)
