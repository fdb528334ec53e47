"""Tables against the laws they stand for: exact means, monotone, right residual times."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from salessim.lowering.tables import LONGEST_DAYS, NEVER_DAYS, never_table, quantile_table
from salessim.model.laws import (
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

SMOOTH = [*example_laws.SMOOTH, LogLogistic(median=20.0, shape=1.2)]
JUMPS = [
    *example_laws.POINTS,
    Empirical(values=(12.0, 31.0, 14.0, 20.0), weights=(1.0, 2.0, 1.0, 0.5)),
]
STEPS = [
    *JUMPS,
    *example_laws.WITH_AN_ATOM,
    Empirical(values=tuple(float(v) for v in range(300)), weights=(1.0,) * 300),
]
LAWS = SMOOTH + STEPS
WITHOUT_MEAN = [
    LogLogistic(median=20.0, shape=1.0),
    LogLogistic(median=20.0, shape=0.6),
    Mixture(weights=(0.9, 0.1), laws=(Fixed(value=3.0), LogLogistic(median=20.0, shape=0.9))),
]


def probabilities(bits):
    cells = 2**bits
    return np.concatenate((np.full(cells - 1, 1 / cells), np.full(cells, 1 / cells**2)))


def cell_means(table):
    return table[:, 0] + table[:, 1] / 2


def table_mean(table, bits):
    return float(probabilities(bits) @ cell_means(table))


def upper_shares(bits):
    return np.concatenate(([1.0], 1.0 - np.cumsum(probabilities(bits))))


def assert_well_formed(table):
    assert np.all(np.isfinite(table))
    assert np.all(table >= 0.0)
    ends = table.sum(axis=1)
    assert np.all(table[1:, 0] >= ends[:-1] * (1 - 1e-14))


@pytest.mark.parametrize("bits", [7, 10])
@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_the_mean_of_the_table_is_the_mean_of_the_law(law, bits):
    table = quantile_table(law, bits=bits)
    assert table.shape == (2 * 2**bits - 1, 2)
    assert table_mean(table, bits) == pytest.approx(law.mean, rel=1e-9)
    assert_well_formed(table)
    assert table[0, 0] >= law.isf(np.array([1.0]))[0]


@pytest.mark.parametrize("law", SMOOTH, ids=repr)
def test_each_cell_keeps_the_mean_of_the_law_there(law):
    table, shares = quantile_table(law, bits=7), upper_shares(7)

    def isf(u):
        return float(law.isf(np.array([u]))[0])

    for cell in (0, 1, 50, 100, 126, 127, 130, 200, 253):
        low, high = shares[cell + 1], shares[cell]
        exact, _ = integrate.quad(isf, low, high, epsabs=0.0, epsrel=1e-12, limit=400)
        # the cell's width is known to 1e-11 here, as a difference of rounded shares
        assert cell_means(table)[cell] == pytest.approx(exact / (high - low), rel=1e-8)


@pytest.mark.parametrize("law", LAWS, ids=repr)
def test_cells_stay_between_the_quantiles_at_their_edges(law):
    bits = 7
    table = quantile_table(law, bits=bits)
    # a little inside the cell, so that rounding of the shares cannot cross a jump
    shares, inside = upper_shares(bits), 1e-9 * probabilities(bits)
    high = law.isf(np.maximum(shares[1:] - inside, 0.0))
    low = law.isf(np.minimum(shares[:-1] + inside, 1.0))
    assert np.all(table[:, 0] >= low * (1 - 1e-12))
    assert np.all(table.sum(axis=1)[:-1] <= high[:-1] * (1 + 1e-12))


@pytest.mark.parametrize("law", JUMPS, ids=repr)
def test_a_jump_is_a_cell_without_slope(law):
    table = quantile_table(law, bits=10)
    jumps = len(np.unique(law.isf(upper_shares(10)))) - 1
    assert np.count_nonzero(table[:, 1]) <= jumps
    flat = table[table[:, 1] == 0.0, 0]
    assert set(np.unique(flat)) <= set(law.isf(np.linspace(0.0, 1.0, 1001)))


@pytest.mark.parametrize(
    ("law", "age"),
    [
        (Uniform(low=3.0, high=9.0), 4.0),
        (Triangular(low=1.0, mode=2.0, high=7.0), 5.0),
        (Pert(low=10.0, mode=12.0, high=40.0), 25.0),
        (Exponential(mean=90.0), 100.0),
        (Lognormal(median=14.0, sigma=0.7), 40.0),
        (Gamma(mean=30.0, shape=0.4), 100.0),
        (Weibull(scale=30.0, shape=1.4), 100.0),
        (LogLogistic(median=20.0, shape=2.5), 100.0),
        (Mixture(weights=(1.0, 3.0), laws=(Fixed(value=50.0), Exponential(mean=60.0))), 40.0),
        (Empirical(values=(12.0, 31.0, 14.0, 20.0), weights=(1.0, 2.0, 1.0, 0.5)), 13.0),
        (Fixed(value=7.0), 6.5),
    ],
    ids=repr,
)
def test_residual_tables_are_brute_force_truncation(law, age):
    survival = float(law.survival(np.array([age]))[0])
    table = quantile_table(law, bits=7, survival=survival, offset=age)
    assert_well_formed(table)
    tail = law.tail_mean(np.array([survival]))[0]
    assert table_mean(table, 7) == pytest.approx(tail / survival - age, rel=1e-9)
    # brute force: draw from the whole law on a fine grid of shares, keep what exceeds the age
    draws = law.isf((np.arange(200_000) + 0.5) / 200_000)
    kept = np.sort(draws[draws > age]) - age
    brute = np.array([part.mean() for part in np.array_split(kept, 8)])
    mine = np.interp(
        np.linspace(0.0, 1.0, 9),
        np.concatenate(([0.0], np.cumsum(probabilities(7)))),
        np.concatenate(([0.0], np.cumsum(probabilities(7) * cell_means(table)))),
    )
    np.testing.assert_allclose(np.diff(mine) * 8, brute, rtol=0.02, atol=0.02 * brute.mean())


@pytest.mark.parametrize(
    "law", [Lognormal(median=14.0, sigma=0.7), Gamma(mean=3.0, shape=2.0), Exponential(mean=1.0)]
)
def test_residual_tables_of_very_old_deals(law):
    # by the mean residual life: integral of the survival function beyond the age over survival
    for share in (1e-30, 1e-280):
        age = float(law.isf(np.array([share]))[0])
        survival = float(law.survival(np.array([age]))[0])
        table = quantile_table(law, bits=7, survival=survival, offset=age)
        assert_well_formed(table)

        def relative(x, age=age):
            log = law.log_survival(np.array([age + x, age]))
            return float(np.exp(log[0] - log[1]))

        scale = table_mean(table, 7)
        exact, _ = integrate.quad(relative, 0.0, 60 * scale, epsrel=1e-10, limit=200)
        assert scale == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("law", WITHOUT_MEAN, ids=repr)
def test_a_law_without_a_mean_is_cut_at_the_longest_time(law):
    table = quantile_table(law, bits=10)
    assert_well_formed(table)
    assert table[-1].sum() <= LONGEST_DAYS

    # E[min(X, cap)] is the integral of the survival function up to the cap
    def by_log(y):
        return float(law.survival(np.array([np.exp(y)]))[0] * np.exp(y))

    top = np.log(LONGEST_DAYS)
    exact, _ = integrate.quad(by_log, -40.0, top, points=[np.log(3.0)], epsrel=1e-11, limit=500)
    assert table_mean(table, 10) == pytest.approx(exact, rel=1e-6)


EXTREME = [
    Gamma(mean=3.0, shape=0.001),
    Gamma(mean=3.0, shape=1e6),
    Weibull(scale=3.0, shape=0.1),
    Weibull(scale=3.0, shape=0.004),
    Weibull(scale=3.0, shape=50.0),
    LogLogistic(median=3.0, shape=0.01),
    LogLogistic(median=3.0, shape=1.0001),
    LogLogistic(median=3.0, shape=100.0),
    Lognormal(median=3.0, sigma=0.001),
    Lognormal(median=3.0, sigma=8.0),
    Lognormal(median=3.0, sigma=40.0),
    Pert(low=4.999999, mode=5.0, high=5.0),
    Exponential(mean=1e-300),
    Mixture(weights=(1.0, 1e-12), laws=(Fixed(value=3.0), Lognormal(median=1e5, sigma=2.0))),
    Mixture(weights=(1.0, 0.0), laws=(Fixed(value=3.0), LogLogistic(median=3.0, shape=0.5))),
]


@pytest.mark.parametrize("law", EXTREME, ids=repr)
def test_extreme_laws_are_well_formed_at_any_age(law):
    table = quantile_table(law, bits=10)
    assert_well_formed(table)
    if np.isfinite(law.mean):
        assert table_mean(table, 10) == pytest.approx(law.mean, rel=1e-9)
    for share in (0.5, 1e-3, 1e-12, 1e-200):
        age = 0.999 * float(law.isf(np.array([share]))[0])
        survival = float(law.survival(np.array([age]))[0])
        if np.isfinite(age) and survival > 1e-280:
            assert_well_formed(quantile_table(law, bits=7, survival=survival, offset=age))


def test_money_is_scaled():
    law = Lognormal(median=12_000.0, sigma=0.9)
    np.testing.assert_array_equal(
        quantile_table(law, bits=7, scale=100.0), 100.0 * quantile_table(law, bits=7)
    )


def test_what_never_happens():
    table = never_table(7)
    assert table.shape == (255, 2)
    assert np.all(table == [NEVER_DAYS, 0.0])


@pytest.mark.parametrize("survival", [0.0, 1e-300, 1.1, float("nan")])
def test_a_survival_without_digits_is_refused(survival):
    with pytest.raises(ValueError, match="survival must be in"):
        quantile_table(Exponential(mean=1.0), bits=7, survival=survival)


@given(
    values=st.lists(st.floats(0.0, 1e7), min_size=1, max_size=40),
    median=st.floats(0.01, 1e4),
    sigma=st.floats(0.05, 4.0),
    weight=st.floats(0.01, 100.0),
)
def test_any_mixture_of_data_and_law_is_well_formed(values, median, sigma, weight):
    data = Empirical(values=tuple(values), weights=(1.0,) * len(values))
    law = Mixture(weights=(weight, 1.0), laws=(data, Lognormal(median=median, sigma=sigma)))
    table = quantile_table(law, bits=7)
    assert_well_formed(table)
    assert table_mean(table, 7) == pytest.approx(law.mean, rel=1e-9)
