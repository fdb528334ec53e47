"""Elasticities: of W1 against derivatives of its renewal equations, of powers in closed form.

Four standard errors are allowed, which is stricter than the other tests: another seed would fail
for nothing in less than 1 % of cases (Bonferroni over 40 figures). The seed is fixed.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from salessim import load_plan, sensitivity
from salessim.forecast.elasticity import Elasticity, Response, log_slope, mean_of, slope
from salessim.lowering.renewal import expected_on_grid
from salessim.model.levers import Lever, levers
from tests.laws.small_models import needs_machine_code
from tests.statistics import assert_mean
from verification import volterra

STEP = 1.002
"""Of the numerical derivatives: a cubic term is 300 times smaller than with the simulated step."""
ALLOWED = 4.0
WINDOW = slice(12, 24)
"""The last twelve of the verdict's 24 periods."""


def all_bookings(model):
    means, _ = volterra.means(model, steps_per_day=1)
    return means.bookings.sum()


def base_bookings(model):
    inside = tuple(source for source in model.sources if source.kind != "external")
    means = expected_on_grid(replace(model, sources=inside), steps_per_day=1)
    return means.bookings[WINDOW].sum()


def derivative(mean, model, lever):
    up, down = (mean(lever.scaled(model, factor)) for factor in (STEP, 1 / STEP))
    return math.log(up / down) / (2 * math.log(STEP))


@pytest.fixture(scope="module")
def study():
    plan = load_plan("configs/w1.toml")
    return plan.model, sensitivity(plan, trajectories=1024, seed=20_270_101)


def errors(study, part, mean, *, wrong=lambda exact: exact):
    """How many standard errors each lever is off the derivative of a mean."""
    model, found = study
    off = []
    for one in found.levers:
        estimate = getattr(one, part)
        exact = wrong(derivative(mean, model, one.lever))
        # nothing of the base depends on external leads, and by pairing nothing moves at all
        off.append(abs(estimate.value - exact) / (estimate.se or 1e-9))
    return np.array(off)


@needs_machine_code
@pytest.mark.slow
@pytest.mark.parametrize(("part", "mean"), [("result", all_bookings), ("base", base_bookings)])
def test_elasticities_of_w1_are_derivatives_of_its_renewal_equations(study, part, mean):
    model, found = study
    assert len(found.levers) == len(levers(model)) == 20
    assert errors(study, part, mean).max() <= ALLOWED
    assert np.median([one.result.se for one in found.levers]) < 0.01


@needs_machine_code
@pytest.mark.slow
def test_elasticities_three_percent_too_large_are_caught(study):
    assert errors(study, "base", base_bookings, wrong=lambda exact: 1.03 * exact).max() > ALLOWED


def test_of_powers_the_exponent_is_found_however_wide_the_step():
    luck = np.random.default_rng(1).gamma(2.0, size=1000)
    for factor in (1.01, 2.0):
        for power in (-1.0, 0.4, 3.0):
            width = 2 * math.log(factor)
            found = log_slope(luck * factor**power, luck / factor**power, width)
            assert found.value == pytest.approx(power, rel=1e-12)
            assert found.se == pytest.approx(0.0, abs=1e-9)


def test_stated_errors_are_the_errors_there_are():
    rng = np.random.default_rng(2)
    width, runs, count = 2 * math.log(1.05), 400, 200
    # means 1.05^2 and 1.05^-2, half of the luck paired: the elasticity is 2
    found = []
    for _ in range(runs):
        common = rng.exponential(size=count)
        up, down = (
            1.05**power * (common + rng.exponential(size=count)) / 2 for power in (2.0, -2.0)
        )
        found.append(log_slope(up, down, width))
    off = np.array([(one.value - 2.0) / one.se for one in found])
    assert_mean(off.mean(), runs**-0.5, 0.0)
    # var of nearly normal ratios: relative error sqrt(2 / runs)
    assert_mean(off.var(ddof=1), math.sqrt(2 / runs), 1.0)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_mean((2.0 * off).var(ddof=1), math.sqrt(2 / runs), 1.0)


def test_what_never_happens_has_no_elasticity():
    nothing = log_slope(np.zeros(5), np.ones(5), 0.1)
    assert math.isnan(nothing.value)
    assert nothing.size == 0.0
    assert math.isnan(mean_of(np.ones(1)).se)


def test_shares_move_by_points():
    up, down = np.array([True, True, False, True]), np.array([True, False, False, False])
    assert slope(up, down, 0.1).value == pytest.approx(5.0)
    # no trajectory changed, which is not to say that none ever will
    assert slope(up, up, 0.1).value == 0.0
    assert slope(up, up, 0.1).se > 0.0
    lever = Lever(name="leads", kind="leads", sentence="", targets=("outbound",))
    response = Response(result=np.ones(4), base=np.ones(4), sustained=None)
    assert Elasticity.of(lever, up=response, down=response, factor=1.05).sustained is None
    response = response._replace(sustained=up)
    # what the lever does not touch it does not touch
    assert Elasticity.of(lever, up=response, down=response, factor=1.05).sustained == (0, 0)


def test_the_error_of_shares_is_the_error_there_is():
    rng = np.random.default_rng(3)
    runs, count, chances = 2000, 400, (0.05, 0.02, 0.93)
    steps = rng.choice([1, -1, 0], size=(runs, count), p=chances)
    found = [slope(row > 0, row < 0, 1.0) for row in steps]
    off = np.array([(one.value - 0.03) / one.se for one in found])
    # the adjusted interval is a little wide: 30 discordant pairs, two added
    assert_mean(off.var(ddof=1), math.sqrt(2 / runs), 28 / (28 + 2), false_alarm=1e-6)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_mean(4 * off.var(ddof=1), math.sqrt(2 / runs), 28 / (28 + 2))
