"""Laws against numerical integration and against high precision deep in the tail."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from salessim.model.law import Law
from salessim.model.laws import (
    BetaGeometric,
    Burr,
    Empirical,
    Exponential,
    Fixed,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Pert,
    Triangular,
    Uniform,
    Weibull,
)
from tests import example_laws

CONTINUOUS = [
    Triangular(low=1.0, mode=1.0, high=7.0),
    Triangular(low=1.0, mode=7.0, high=7.0),
    *example_laws.SMOOTH,
]
MIXTURE = example_laws.SMOOTH[-1]
EMPIRICAL = Empirical(values=(12.0, 31.0, 14.0, 20.0, 14.0), weights=(1.0, 2.0, 1.0, 0.5, 1.0))
WITH_ATOMS = [
    *example_laws.POINTS,
    *example_laws.WITH_AN_ATOM,
    Triangular(low=4.0, mode=4.0, high=4.0),
    EMPIRICAL,
    Mixture(weights=(2.0, 2.0), laws=(Fixed(value=1.0), Fixed(value=1.0))),
]
LAWS = CONTINUOUS + WITH_ATOMS
SHARES = np.array([1.0, 0.999, 0.7, 0.5, 0.3, 0.1, 1e-3, 1e-9])


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_mean_is_the_integral_of_the_quantiles(law):
    assert law.tail_mean(np.array([1.0]))[0] == pytest.approx(law.mean, rel=1e-12)
    assert law.tail_mean(np.array([0.0]))[0] == 0.0


@pytest.mark.parametrize("law", CONTINUOUS, ids=repr)
def test_tail_means_are_integrals_of_the_quantiles(law):
    def isf(u):
        return float(law.isf(np.array([u]))[0])

    for low, high in ((0.5, 0.9), (0.1, 0.3), (1e-4, 1e-3)):
        exact, _ = integrate.quad(isf, low, high, epsabs=0.0, epsrel=1e-11, limit=200)
        found = law.tail_mean(np.array([high]))[0] - law.tail_mean(np.array([low]))[0]
        assert found == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("law", CONTINUOUS, ids=repr)
def test_isf_inverts_survival(law):
    shares = SHARES[1:]
    # near an upper bound the digits of x, not those of the law, end first: atol
    np.testing.assert_allclose(law.survival(law.isf(shares)), shares, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_isf_is_the_smallest_value_with_at_most_that_share_above(law):
    x = law.isf(SHARES)
    assert np.all(np.diff(x) >= 0.0)
    assert np.all(law.survival(x) <= SHARES * (1 + 1e-6))
    inside = x > law.isf(np.array([1.0]))[0]
    below = law.survival(x * (1 - 1e-6))
    assert np.all(below[inside] >= SHARES[inside])


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_survival_is_a_survival_function(law):
    x = np.linspace(0.0, 100.0, 201)
    survival = law.survival(x)
    assert np.all((survival >= 0.0) & (survival <= 1.0))
    assert np.all(np.diff(survival) <= 0.0)
    inside = survival > 0.0
    np.testing.assert_allclose(np.exp(law.log_survival(x))[inside], survival[inside], rtol=1e-12)


@pytest.mark.parametrize(
    ("law", "peer"),
    [
        (Triangular(low=1.0, mode=2.0, high=7.0), stats.triang(1 / 6, loc=1, scale=6)),
        (Pert(low=10.0, mode=12.0, high=40.0), stats.beta(1 + 8 / 30, 1 + 112 / 30, 10, 30)),
        (Lognormal(median=14.0, sigma=0.7), stats.lognorm(0.7, scale=14.0)),
        (Gamma(mean=30.0, shape=5.0), stats.gamma(5.0, scale=6.0)),
        (Weibull(scale=30.0, shape=1.4), stats.weibull_min(1.4, scale=30.0)),
        (LogLogistic(median=20.0, shape=2.5), stats.fisk(2.5, scale=20.0)),
        (Burr(scale=300.0, tail=1.3), stats.lomax(1.3, scale=300.0)),
        (Burr(scale=300.0, shape=1.5, tail=1.2), stats.burr12(1.5, 1.2, scale=300.0)),
    ],
    # processes that share the tests must call them alike: a peer's repr is its address
    ids=lambda one: repr(one) if isinstance(one, Law) else "scipy",
)
def test_survival_agrees_with_scipy(law, peer):
    x = np.linspace(0.5, 60.0, 50)
    np.testing.assert_allclose(law.survival(x), peer.sf(x), rtol=1e-10, atol=1e-15)
    assert law.mean == pytest.approx(peer.mean(), rel=1e-12)


DEEP = [
    Exponential(mean=90.0),
    Lognormal(median=14.0, sigma=0.7),
    Gamma(mean=30.0, shape=0.4),
    Gamma(mean=30.0, shape=5.0),
    Weibull(scale=30.0, shape=1.4),
    LogLogistic(median=20.0, shape=2.5),
    Burr(scale=30.0, shape=2.0, tail=1.2),
    MIXTURE,
]


@pytest.mark.parametrize("law", DEEP, ids=repr)
def test_the_deep_tail_keeps_its_digits(law):
    s = 10.0 ** -np.array([20.0, 100.0, 280.0])
    x = law.isf(s)
    np.testing.assert_allclose(law.survival(x), s, rtol=1e-9)
    np.testing.assert_allclose(law.log_survival(x), np.log(s), rtol=1e-12)
    # the mean of what survives exceeds the age, and is the integral over the shares below
    nodes, weights = special.roots_legendre(60)
    halves = 0.5 ** np.arange(60)[:, None, None]
    u = halves * (0.75 + 0.25 * nodes[:, None])
    integral = (law.isf(u * s) * halves * 0.25 * weights[:, None]).sum(axis=(0, 1))
    np.testing.assert_allclose(law.tail_mean(s) / s, integral, rtol=1e-9)


@pytest.mark.parametrize(
    "law", [Exponential(mean=1.0), Lognormal(median=1.0, sigma=0.1), Weibull(scale=1.0, shape=3.0)]
)
def test_log_survival_goes_on_where_survival_ends(law):
    x = np.array([1e4])
    assert law.survival(x)[0] == 0.0
    assert -math.inf < law.log_survival(x)[0] < -745.0


@given(
    values=st.lists(st.floats(0.0, 1e4), min_size=1, max_size=30),
    share=st.floats(0.0, 1.0),
    seed=st.integers(0, 99),
)
def test_empirical_tail_means_by_counting(values, share, seed):
    weights = np.random.default_rng(seed).uniform(0.1, 2.0, len(values))
    law = Empirical(values=tuple(values), weights=tuple(weights))
    order = np.argsort(values)[::-1]
    left, expected = share, 0.0
    for value, weight in zip(np.array(values)[order], weights[order] / weights.sum(), strict=True):
        taken = min(left, weight)
        expected += taken * value
        left -= taken
    found = law.tail_mean(np.array([share]))[0]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * (1 + law.mean))


def test_a_mixture_of_observations_is_their_union():
    parts = (
        Empirical(values=(1.0, 2.0, 3.0), weights=(1.0, 1.0, 1.0)),
        Empirical(values=(2.0, 5.0), weights=(1.0, 3.0)),
    )
    mixture = Mixture(weights=(0.6, 0.4), laws=parts)
    union = Empirical(values=(1.0, 2.0, 3.0, 5.0), weights=(0.2, 0.3, 0.2, 0.3))
    s = np.linspace(0.01, 0.99, 37)
    np.testing.assert_allclose(mixture.tail_mean(s), union.tail_mean(s), rtol=1e-12)
    np.testing.assert_array_equal(mixture.isf(s), union.isf(s))


def test_a_law_without_a_mean_says_so():
    law = LogLogistic(median=20.0, shape=1.0)
    assert law.mean == math.inf
    np.testing.assert_array_equal(law.tail_mean(np.array([0.0, 0.5])), [0.0, math.inf])


@pytest.mark.parametrize(
    "law", [Lognormal(median=3.0, sigma=40.0), Weibull(scale=3.0, shape=0.004)], ids=repr
)
def test_a_mean_beyond_any_float_is_infinite(law):
    assert law.mean == math.inf
    assert law.isf(np.array([0.5, 0.0]))[1] == math.inf


@pytest.mark.parametrize(
    ("law", "unit", "words"),
    [
        (Fixed(value=7.0), "days", "always 7 days"),
        (Fixed(value=1.0), "days", "always 1 day"),
        (Fixed(value=0.0), "days", "none"),
        (Uniform(low=90.0, high=270.0), "days", "uniform, 90 to 270 days"),
        (Triangular(low=1.0, mode=2.0, high=7.0), "days", "triangular, 1 to 7 days, mode 2"),
        (Pert(low=1.0, mode=2.0, high=7.0), "days", "PERT, 1 to 7 days, most likely 2"),
        (Exponential(mean=90.0), "days", "exponential, mean 90 days"),
        (Lognormal(median=14.0, sigma=0.7), "days", "lognormal, median 14 days, sigma 0.7"),
        (Lognormal(median=12e3, sigma=0.9), "USD", "lognormal, median 12,000 USD, sigma 0.9"),
        (Gamma(mean=1234567.0, shape=1 / 3), "USD", "gamma, mean 1,234,567 USD, shape 0.3333"),
        (Weibull(scale=30.0, shape=1.4), "days", "Weibull, scale 30 days, shape 1.4"),
        (LogLogistic(median=20.0, shape=2.5), "days", "log-logistic, median 20 days, shape 2.5"),
        (Burr(scale=900.0, tail=1.3), "days", "Lomax, scale 900 days, shape 1.3"),
        (
            Burr(scale=900.0, shape=2.0, tail=1.3),
            "days",
            "Burr, scale 900 days, shape 2, tail 1.3",
        ),
        (
            BetaGeometric(a=1.5, b=3.0, period=365.25),
            "days",
            "beta-geometric, a 1.5, b 3, every 365.2 days",
        ),
        (EMPIRICAL, "days", "empirical, 5 values, 12 to 31 days, mean 20.36"),
        (Empirical(values=(3.0,), weights=(1.0,)), "days", "always 3 days"),
        (
            MIXTURE,
            "days",
            "mixture of 25 % lognormal, median 5 days, sigma 0.5; 75 % exponential, mean 60 days",
        ),
    ],
    ids=repr,
)
def test_a_law_says_what_it_is(law, unit, words):
    assert law.describe(unit) == words


def test_renewals_of_contracts_are_those_that_were_published():
    # Fader and Hardie (2007), table 1 and appendix: "Regular" customers, a = 0.704, b = 1.182
    law = BetaGeometric(a=0.704, b=1.182, period=1.0)
    kept = law.survival(np.arange(13.0))
    assert kept[:3] == pytest.approx([1.0, 0.627, 0.474], abs=1e-3)
    # recursion of their equation 7: S(t) / S(t - 1) is the retention rate of period t
    t = np.arange(1.0, 13.0)
    retained = (law.b + t - 1.0) / (law.a + law.b + t - 1.0)
    np.testing.assert_allclose(kept[1:] / kept[:-1], retained, rtol=1e-12)
    assert law.mean == np.inf
    assert law.survival(np.array([2.9]))[0] == kept[2]


def test_only_the_exponential_forgets_its_age():
    assert [law for law in LAWS if law.is_memoryless] == [Exponential(mean=90.0)]


def test_means_and_words_load_no_scipy():
    code = (
        "import sys\n"
        "from salessim.model.laws import *\n"
        "laws = [Gamma(mean=2.0, shape=3.0), Pert(low=1.0, mode=2.0, high=3.0),\n"
        "        Weibull(scale=1.0, shape=2.0), LogLogistic(median=1.0, shape=2.0)]\n"
        "mixture = Mixture(weights=(1.0,) * 4, laws=tuple(laws))\n"
        "assert mixture.mean > 0 and mixture.describe()\n"
        "sys.exit('scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_of_a_weibull_survives_what_only_heavier_laws_reach():
    law = Weibull(scale=3.0, shape=3.0)
    assert law.log_survival(np.array([1e200])) == -np.inf
    assert law.survival(np.array([1e200])) == 0.0
