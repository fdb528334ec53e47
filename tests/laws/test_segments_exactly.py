"""Customers by segment, campaigns and curves: their exact means against matrix exponentials.

With instant pipelines and exponential lifetimes the expected customers of the segments obey linear
differential equations (a birth and death process of several types), their coefficients constant
between the dates of campaigns and curves.
"""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest
from scipy.linalg import expm

from salessim.lowering.facts import logo_retention, reproduction_number, run_rate_per_month
from salessim.lowering.renewal import expected
from salessim.model.laws import Exponential, Fixed, Lognormal, Weibull
from salessim.model.plan import Curve, Customers, Model, Pipeline, Rate, Segment, Slip, Source
from tests.laws.small_models import external, per_customer, per_day, sale, stage, timeline

START = date(2027, 1, 1)
EDGES = [30 * k for k in range(13)]
LIFETIMES = {"small": 150.0, "large": 600.0}
COUNTS = {"small": 30, "large": 10}
WIN_RATE = {"small": 0.5, "large": 0.25}


def day(k):
    return START + timedelta(days=k)


def pipeline(name):
    slip = Slip(probability=0.4, by=Fixed(value=0.0))
    return Pipeline(
        name=name,
        stages=(stage(conversion=WIN_RATE[name], slip=slip),),
        amount=Fixed(value=100.0),
        segment=name,
    )


def source(name, into, rate, *, kind="customer", new=True, **rest):
    return Source(
        name=name, kind=kind, pipeline=into, rate=Rate(per_day=rate), buyer_is_new=new, **rest
    )


SOURCES = (
    source("leads", "small", 0.6, kind="external"),
    # word of mouth of all customers brings small ones, in a campaign more
    source("mouth", "small", 0.008, campaign=((day(60), 1.5), (day(150), 0.5))),
    # only the large ones know further large ones
    source("board", "large", 0.004, segment="large", campaign=((day(-40), 2.0),)),
    source("upsell", "large", 0.01, new=False, segment="small"),
)
CURVE = Curve(
    kind="conversion", pipeline="small", stage=None, starts=day(90), ends=day(210), factor=3.0
)


def two_segments(*, lifetimes=None, tenures=None):
    lifetimes = lifetimes or {name: Exponential(mean=mean) for name, mean in LIFETIMES.items()}
    count = sum(COUNTS.values())
    return Model(
        title="segments",
        currency="USD",
        timeline=timeline(12),
        pipelines=(pipeline("small"), pipeline("large")),
        sources=SOURCES,
        customers=Customers(
            lifetime=Exponential(mean=1.0),
            ids=tuple(f"customer {k}" for k in range(count)),
            tenure_days=tenures,
            segments=tuple(Segment(name=name, lifetime=law) for name, law in lifetimes.items()),
            segment_of=np.repeat([0, 1], list(COUNTS.values())),
        ),
        curves=(CURVE,),
    )


def matrix(t):
    """Generator from day t on: small, large, their losses, wins, and the constant."""
    mouth = 0.008 * (1.0 if t < 60 else 1.5 if t < 150 else 0.5)
    board, small = 0.004 * 2.0, 0.75 if 90 <= t < 210 else 0.5
    births = np.zeros((2, 5))  # wins into small and large, per small, large, -, -, constant
    births[0, [0, 1, 4]] = mouth * small, mouth * small, 0.6 * small
    births[1, 1] = board * 0.25
    deaths = np.zeros((2, 5))
    deaths[0, 0], deaths[1, 1] = 1 / 150.0, 1 / 600.0
    return np.vstack([births - deaths, births, np.zeros((1, 5))])


def solution():
    """Customers of both segments and wins of both pipelines, at each of the edges."""
    value = np.array([30.0, 10.0, 0.0, 0.0, 1.0])
    found = [value]
    for begin, end in pairwise(EDGES):
        value = expm(matrix(begin) * (end - begin)) @ value
        found.append(value)
    return np.array(found)


def test_two_segments_are_a_linear_system():
    found, exact = expected(two_segments()), solution()
    np.testing.assert_allclose(found.active_customers, exact[1:, :2].sum(axis=1), rtol=1e-6)
    wins = np.diff(exact[:, 2:4], axis=0)
    np.testing.assert_allclose(found.new_customers, wins.sum(axis=1), rtol=1e-6)
    np.testing.assert_allclose(found.wins[:, 0], wins[:, 0], rtol=1e-6)
    # beside their own, the large pipeline has the up-sells to small customers
    assert np.all(found.wins[:, 1] > wins[:, 1])


@pytest.mark.parametrize(
    "sources",
    [
        (SOURCES[0], SOURCES[1], replace(SOURCES[2], segment=None), SOURCES[3]),
        (SOURCES[0], replace(SOURCES[1], campaign=((day(61), 1.5), (day(150), 0.5))), *SOURCES[2:]),
        (SOURCES[0], SOURCES[1], replace(SOURCES[2], campaign=((day(-40), 2.02),)), SOURCES[3]),
    ],
    ids=["segment", "day of a campaign", "factor of a campaign"],
)
def test_planted_errors_are_seen(sources):
    found = expected(replace(two_segments(), sources=sources))
    off = np.abs(found.active_customers / solution()[1:, :2].sum(axis=1) - 1.0)
    assert off.max() > 1e-4


def test_over_dispersion_leaves_the_means():
    leads = external(rate=per_day(2.0))
    room = stage(conversion=0.5, cycle_time=Exponential(mean=20.0))
    plain, dispersed = (
        expected(sale(room, time=timeline(12), sources=[s]))
        for s in (leads, replace(leads, over_dispersion=0.7))
    )
    np.testing.assert_array_equal(dispersed.wins, plain.wins)


def test_a_campaign_holds_from_its_day_on():
    leads = external(rate=per_day(2.0), campaign=((day(45), 3.0), (day(75), 0.0)))
    model = sale(stage(conversion=0.5), time=timeline(4), sources=[leads])
    entered = expected(model).entered[:, 0]
    np.testing.assert_allclose(entered, [60.0, 2.0 * 15 + 6.0 * 15, 6.0 * 15, 0.0], rtol=1e-12)


def test_the_run_rate_is_what_is_in_force_on_the_first_day():
    model = two_segments()
    small, large = 40 * 0.008 * 0.5, 10 * 0.004 * 2.0 * 0.25 + 30 * 0.01 * 0.25
    rate = 100.0 * 30.4375 * (0.6 * 0.5 + small + large)
    assert run_rate_per_month(model) == pytest.approx(rate, rel=1e-12)
    # a curve that begins later does not count, one under way does
    under_way = replace(model, curves=(replace(CURVE, starts=day(-1)),))
    rate = 100.0 * 30.4375 * (0.6 * 0.75 + small * 1.5 + large)
    assert run_rate_per_month(under_way) == pytest.approx(rate, rel=1e-12)


def test_the_reproduction_number_is_a_spectral_radius():
    # what a customer brings in its life: rows from small and large, columns to small and large
    mouth, board = 0.008 * 0.5, 0.008 * 0.25
    brought = np.array([[mouth * 150, 0.0], [mouth * 600, board * 600]])
    number = reproduction_number(two_segments())
    assert number == pytest.approx(np.linalg.eigvals(brought).real.max(), rel=1e-12)
    assert number == pytest.approx(1.2, rel=1e-12)
    # and when the small ones bring large ones, generations feed each other
    sources = (*SOURCES, source("growth", "large", 0.004, segment="small"))
    brought[0, 1] = 0.004 * 0.25 * 150
    number = reproduction_number(replace(two_segments(), sources=sources))
    generation = np.linalg.matrix_power(brought, 200)
    assert number == pytest.approx((generation @ brought).sum() / generation.sum(), rel=1e-9)
    assert number > 1.25


def test_one_generation_after_another_is_the_reproduction_number():
    # R < 1, and new customers of all generations: R / (1 - R) for each that was there
    rate, mean = 0.004, 150.0
    room = stage(conversion=0.5, slip=Slip(probability=0.5, by=Fixed(value=3.0)))
    base = Customers(lifetime=Exponential(mean=mean), ids=tuple("abcdefghij"))
    model = sale(room, time=timeline(150), sources=[per_customer(rate=per_day(rate))], base=base)
    number = reproduction_number(model)
    assert number == pytest.approx(rate * mean * 0.5, rel=1e-12)
    total = expected(model, steps_per_day=1).new_customers.sum()
    assert total == pytest.approx(10 * number / (1 - number), rel=1e-4)


def test_retention_is_over_all_customers_each_by_its_segment():
    tenures = np.linspace(0.0, 780.0, 40)
    laws = {name: Weibull(scale=mean, shape=1.6) for name, mean in LIFETIMES.items()}
    scale = np.repeat([150.0, 600.0], [30, 10])
    kept = np.exp((tenures / scale) ** 1.6 - ((tenures + 365.25) / scale) ** 1.6)
    found = logo_retention(two_segments(lifetimes=laws, tenures=tenures).customers)
    assert found == pytest.approx(kept.mean(), rel=1e-12)


def test_segments_that_are_alike_are_one():
    # two segments of one lifetime and a source for all: as without segments, to rounding
    law = Lognormal(median=200.0, sigma=0.5)
    tenures = np.linspace(0.0, 300.0, 40)
    model = two_segments(lifetimes={"small": law, "large": law}, tenures=tenures)
    model = replace(model, sources=SOURCES[:2])
    merged = replace(
        model,
        pipelines=tuple(replace(p, segment=None) for p in model.pipelines),
        customers=replace(model.customers, lifetime=law, segments=(), segment_of=None),
    )
    split, whole = expected(model), expected(merged)
    np.testing.assert_allclose(split.active_customers, whole.active_customers, rtol=1e-11)
    np.testing.assert_allclose(split.lost_customers, whole.lost_customers, rtol=1e-11)
