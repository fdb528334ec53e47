"""The scalar rules: uniform numbers, the logarithm, quantile tables, Poisson counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from salessim.kernels.poisson import poisson
from salessim.kernels.sample import minus_log, quantile, uniform
from salessim.lowering.tables import quantile_table
from salessim.model.laws import Lognormal
from tests import reference

TOP = np.uint64(2**32 - 1)


def test_uniform_numbers_stay_off_zero_and_one():
    assert uniform(np.uint64(0), np.uint64(0)) == 2.0**-53
    assert uniform(TOP, TOP) == 1.0 - 2.0**-53


def test_the_logarithm_is_right_to_the_last_bits():
    u = np.concatenate([np.random.default_rng(1).random(2000) + 1e-17, 2.0 ** -np.arange(1, 54)])
    for value in (*u, 1.0 - 2.0**-53, math.sqrt(0.5)):
        assert minus_log(value) == pytest.approx(-math.log(value), rel=4e-16)
        assert minus_log(value) == reference.minus_log(value)


@pytest.mark.parametrize("bits", [7, 10])
def test_quantile_tables_are_read_as_they_are_written(bits):
    law = Lognormal(median=14, sigma=0.7)
    tables = quantile_table(law, bits=bits)[None]
    edge = 2**32 // 2**bits
    for high in (0, edge - 1, edge, 7 * edge + 3, 2**32 - edge - 1, 2**32 - edge, 2**32 - 1):
        for low in (0, 5, 2**32 - 1):
            drawn = quantile(tables, 0, np.uint64(high), np.uint64(low), bits)
            assert drawn == reference.quantile(tables[0], high, low)
            # Within a cell the table is straight: near the law's own quantile, not on it.
            s = 1.0 - (high + low / 2**32) / 2**32
            if high < 2**32 - edge:
                assert drawn == pytest.approx(float(law.isf(np.array([s]))[0]), rel=0.5, abs=2.5)


@pytest.mark.parametrize("mean", [1e-9, 0.3, 5.0, 15.99, 16.0, 37.2, 200.0, 1000.7, 1e5])
def test_poisson_counts_are_the_quantiles(mean):
    rng = np.random.default_rng(3)
    u = np.concatenate(
        [rng.random(200), 10 ** -rng.uniform(1, 10, 20), 1 - 10 ** -rng.uniform(1, 10, 20)]
    )
    np.testing.assert_array_equal([poisson(x, mean) for x in u], stats.poisson.ppf(u, mean))


def test_poisson_counts_hold_for_ten_million():
    # Sums of 10^4 terms leave 1e-13 of rounding: off by one where u falls on a step.
    for u in (1e-6, 0.1, 0.5, 0.9, 1 - 1e-6):
        assert abs(poisson(u, 1e7) - stats.poisson.ppf(u, 1e7)) <= 1
