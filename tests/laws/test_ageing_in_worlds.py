"""Old deals and customers in worlds that change how they leave: as if the plan said so.

Held at a score, a world is the plan with the number of that score written in. Both are simulated
with the same luck: only what worlds know of ages differs, as they read it off tables.
"""

from dataclasses import replace

import numpy as np
import pytest

from salessim.engine import run
from salessim.kernels.ageing import depth_at, value_at
from salessim.lowering import lower
from salessim.lowering.opening import TableBank
from salessim.lowering.seeds import WorldSeeds
from salessim.model.laws import (
    Empirical,
    Exponential,
    Fixed,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Uniform,
    Weibull,
)
from salessim.model.plan import Slip
from salessim.model.uncertain import Between, Uncertain
from tests.laws.small_models import customers, needs_machine_code, open_deals, sale, stage, timeline

DEALS, TRAJECTORIES = 50, 200
CLOSE = 0.003 * DEALS * TRAJECTORIES
"""Deals that may leave otherwise: tables are straight between their values."""
SCORE = 1.0
TIMES = {
    "exponential": lambda middle: Exponential(mean=middle),
    "lognormal": lambda middle: Lognormal(median=middle, sigma=0.7),
    "gamma": lambda middle: Gamma(mean=middle, shape=2.5),
    "weibull": lambda middle: Weibull(scale=middle, shape=0.8),
}


def unknown(middle, *, scale):
    odds = middle / (1.0 - middle) if scale == "odds" else middle
    ends = [odds * np.exp(0.5 * end) for end in (-1.6448536269514722, 1.6448536269514722)]
    low, high = (end / (1.0 + end) if scale == "odds" else end for end in ends)
    return Uncertain(Between(p05=low, p95=high, scale=scale), scale=scale, address="it")


def counted(model, worlds=None):
    """Count who left how, in which period."""
    cube = run(lower(model), trajectories=TRAJECTORIES, seed=31, worlds=worlds)
    left = cube.flows[:, :, 0, 1:].sum(axis=0)
    return np.append(left, cube.lost_customers.sum(axis=(0, 2, 3))[:, None], axis=1)


def assert_a_world_is_the_plan_that_says_so(make, number):
    """Compare a world with the plan that has its number; that of the middle is told apart."""
    found = counted(replace(make(number), uncertain=(number,)), WorldSeeds(held={"it": SCORE}))
    wanted = counted(make(float(number.at(np.array([SCORE]))[0])))
    assert wanted.sum() > 0.05 * DEALS * TRAJECTORIES
    assert np.abs(found - wanted).max() <= CLOSE
    assert np.abs(found - counted(make(float(number)))).max() > 3 * CLOSE


@needs_machine_code
@pytest.mark.parametrize("age", [8.0, 60.0, 400.0])
@pytest.mark.parametrize("law", TIMES)
def test_old_deals_with_uncertain_times(law, age):
    def make(middle):
        longer = middle.times(1.3) if isinstance(middle, Uncertain) else 1.3 * middle
        time, loss_time = TIMES[law](middle), TIMES[law](longer)
        room = stage(conversion=0.4, cycle_time=time, loss_time=loss_time)
        return sale(room, time=timeline(3), deals=open_deals(DEALS, age=age))

    assert_a_world_is_the_plan_that_says_so(make, unknown(10.0, scale="log"))


@needs_machine_code
@pytest.mark.parametrize("age", [0.0, 25.0, 300.0])
def test_old_deals_that_slip_with_an_uncertain_conversion(age):
    # those who slip take longer: the more of the others advance, quickly, the more of the old slip
    def make(conversion):
        room = stage(
            conversion=conversion,
            cycle_time=Exponential(mean=10.0),
            loss_time=Exponential(mean=25.0),
            slip=Slip(probability=0.2, by=Exponential(mean=28.0)),
        )
        return sale(room, time=timeline(3), deals=open_deals(DEALS, age=age))

    conversion = unknown(0.4, scale="odds")
    if age < 300.0:  # beyond, what advances is gone and its odds are seen in later visits only
        assert_a_world_is_the_plan_that_says_so(make, conversion)
    found = counted(replace(make(conversion), uncertain=(conversion,)), WorldSeeds(held={"it": 3}))
    wanted = counted(make(float(conversion.at(np.array([3.0]))[0])))
    assert np.abs(found - wanted).max() <= CLOSE


@needs_machine_code
@pytest.mark.parametrize("tenure", [30.0, 600.0])
def test_old_customers_with_an_uncertain_lifetime(tenure):
    def make(mean):
        base = customers(DEALS, lifetime=Exponential(mean=mean), tenure=tenure)
        return sale(stage(), time=timeline(3), base=base)

    assert_a_world_is_the_plan_that_says_so(make, unknown(15.0, scale="log"))


SMOOTH = [
    Exponential(mean=10.0),
    Lognormal(median=10.0, sigma=1.3),
    Gamma(mean=10.0, shape=0.4),
    Weibull(scale=10.0, shape=0.6),
    Weibull(scale=10.0, shape=3.0),
    LogLogistic(median=10.0, shape=2.0),
    Mixture(weights=(0.9, 0.1), laws=(Exponential(mean=2.0), Lognormal(median=20.0, sigma=0.5))),
]


def tables_of(law):
    bank = TableBank()
    row, tables = bank.fresh(law), bank.tables()
    return (tables.full, tables.tail, tables.depth), row


@pytest.mark.parametrize("law", SMOOTH, ids=lambda law: law.describe())
def test_what_is_left_of_smooth_laws_down_to_e_to_the_minus_600(law):
    tables, row = tables_of(law)
    for depth in (0.05, 1.0, 5.0, 10.0, 11.0, 12.0, 20.0, 100.0, 600.0):
        x = float(law.isf(np.array([np.exp(-depth)]))[0])
        found = depth_at(tables, row, x)
        assert found == pytest.approx(depth, rel=3e-3)
        assert value_at(tables, row, found) == pytest.approx(x)
        if depth <= 20.0:
            assert value_at(tables, row, depth) == pytest.approx(x, rel=5e-3)


def test_without_memory_no_age_is_too_old():
    tables, row = tables_of(Exponential(mean=2.0))
    assert depth_at(tables, row, 200_000.0) == pytest.approx(100_000.0)
    assert value_at(tables, row, 100_001.0) == pytest.approx(200_002.0)


@pytest.mark.parametrize(
    ("law", "x", "share"),
    [
        (Fixed(value=5.0), 4.9, 1.0),
        (Fixed(value=5.0), 5.0, 0.0),
        (Fixed(value=0.0), 1.0, 0.0),
        (Uniform(low=2.0, high=6.0), 3.0, 0.75),
        (Uniform(low=2.0, high=6.0), 6.0, 0.0),
        (Empirical(values=(1.0, 2.0, 8.0, 9.0), weights=(1.0,) * 4), 2.0, 0.5),
        (Empirical(values=(1.0, 2.0, 8.0, 9.0), weights=(1.0,) * 4), 7.9, 0.5),
        (Empirical(values=(1.0, 2.0, 8.0, 9.0), weights=(1.0,) * 4), 9.0, 0.0),
    ],
)
def test_what_is_left_of_laws_that_end(law, x, share):
    tables, row = tables_of(law)
    assert np.exp(-depth_at(tables, row, x)) == pytest.approx(share, abs=1e-12)
    assert depth_at(tables, row, 0.0) == 0.0
    if share > 0.0:
        assert x <= value_at(tables, row, -np.log(share) + 1e-3)
