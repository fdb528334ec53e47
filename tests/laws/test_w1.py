"""Workload W1 at full size: means and quantiles against its published answers.

Four standard errors are allowed, which is stricter than the other tests: another seed would fail
for nothing in at most 1 % of cases for each scenario (Bonferroni over its 76 figures). The seed is
fixed, so this one does not.
"""

from dataclasses import replace

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.model.plan import Rate
from tests import w1_published
from tests.laws.small_models import needs_machine_code
from tests.models import w1

pytestmark = [needs_machine_code, pytest.mark.slow]

TRAJECTORIES = 100_000
CUSTOMERS = 500
ALLOWED = 4.0
PROBABILITIES = np.array([0.1, 0.5, 0.9])


@pytest.fixture(scope="module", params=["A", "B"])
def scenario(request):
    """A finished run and its published answers; A has external leads, B has none."""
    program = lower(w1(external_leads=request.param == "A"))
    cube = run(program, trajectories=TRAJECTORIES, seed=20_270_101)
    return cube, getattr(w1_published, request.param)


def assert_within(found, errors, exact):
    off = np.abs(found - np.asarray(exact)) / errors
    assert np.all(off <= ALLOWED), f"{off.max():.1f} standard errors off, allowed {ALLOWED}"


def assert_means(samples, exact):
    errors = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert_within(samples.mean(axis=0), errors, exact)


def active_customers(cube):
    change = (cube.new_customers - cube.lost_customers).sum(axis=(2, 3))
    return CUSTOMERS + change.cumsum(axis=1)


def total_bookings(cube):
    return cube.bookings.sum(axis=(1, 2, 3)) / 100


def quantiles(samples):
    """Return quantiles with their standard errors, from order statistics one such error away."""
    away = np.sqrt(PROBABILITIES * (1 - PROBABILITIES) / len(samples))
    low, at, high = np.quantile(
        samples, [PROBABILITIES - away, PROBABILITIES, PROBABILITIES + away]
    )
    return at, (high - low) / 2


def assert_quantiles(samples, published):
    found, errors = quantiles(samples)
    combined = np.hypot(errors, published.total_quantile_errors)
    assert_within(found, combined, published.total_quantiles)


def test_means_of_w1(scenario):
    cube, published = scenario
    assert_means(cube.bookings.sum(axis=(2, 3)) / 100, published.bookings)
    assert_means(cube.wins.sum(axis=(2, 3)), published.wins)
    assert_means(active_customers(cube), published.active_customers)
    assert_means(cube.stage_entries, published.stage_entries)


def test_quantiles_of_the_total_of_w1(scenario):
    cube, published = scenario
    assert_quantiles(total_bookings(cube), published)


def test_an_error_of_three_in_a_thousand_is_caught(scenario):
    cube, published = scenario
    with pytest.raises(AssertionError, match="standard errors off"):
        assert_means(1.003 * cube.bookings.sum(axis=(2, 3)) / 100, published.bookings)
    with pytest.raises(AssertionError, match="standard errors off"):
        assert_quantiles(1.003 * total_bookings(cube), published)


def test_a_rate_half_a_percent_too_high_is_caught():
    model = w1()
    *others, outbound = model.sources
    assert outbound.name == "outbound"
    more = replace(outbound, rate=Rate(per_day=201 / 30))
    wrong = replace(model, sources=(*others, more))
    cube = run(lower(wrong), trajectories=5000, seed=63)
    with pytest.raises(AssertionError, match="standard errors off"):
        assert_means(cube.stage_entries, w1_published.A.stage_entries)
