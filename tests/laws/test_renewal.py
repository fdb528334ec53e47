"""Exact means: against published figures of workload W1 and against closed forms."""

import math
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from salessim.lowering.grid import daily_rates
from salessim.lowering.renewal import expected, expected_on_grid
from salessim.lowering.size import SURE_BOUND, expected_stage_entries
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import Empirical, Exponential, Fixed, LogLogistic, Lognormal, Weibull
from salessim.model.plan import (
    Curve,
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    Pipeline,
    Rate,
    Source,
    Stage,
)
from tests import w1_published
from tests.models import w1

THIRTY_DAYS = Timeline(
    start=date(2027, 1, 1), period=Span(value=30, unit="day"), periods=24, judged=24
)
INSTANT = Fixed(value=0.0)
OUTBOUND = Source(
    name="outbound",
    kind="external",
    pipeline="new_business",
    rate=Rate(per_day=200 / 30),
    buyer_is_new=True,
)
REFERRAL = Source(
    name="referral",
    kind="customer",
    pipeline="new_business",
    rate=Rate(per_day=1 / 360),
    buyer_is_new=True,
)


def open_deals(stages, *, ages=0.0, amounts=math.nan):
    count = len(stages)
    return OpenDeals(
        ids=tuple(f"deal {k}" for k in range(count)),
        stages=tuple(stages),
        age_days=np.broadcast_to(np.asarray(ages, float), count).copy(),
        amounts=np.broadcast_to(np.asarray(amounts, float), count).copy(),
        buyer_is_new=np.ones(count, dtype=bool),
    )


def customers(count, *, lifetime, tenure=None):
    return Customers(
        lifetime=lifetime,
        ids=tuple(f"customer {k}" for k in range(count)),
        tenure_days=None if tenure is None else np.full(count, float(tenure)),
    )


def one_stage(stage, *, sources=(), base=None, deals=None, timeline=THIRTY_DAYS):
    """Return a model of one pipeline, ``new_business``, with one stage."""
    pipeline = Pipeline(name="new_business", stages=(stage,), amount=Fixed(value=100.0))
    return Model(
        title="one stage",
        currency="USD",
        timeline=timeline,
        pipelines=(pipeline,),
        sources=tuple(sources),
        customers=base,
        open_deals=deals,
    )


def stage(conversion, cycle_time=INSTANT, loss_time=INSTANT, **rest):
    return Stage(
        name="only", conversion=conversion, cycle_time=cycle_time, loss_time=loss_time, **rest
    )


EDGES = np.arange(25) * 30.0


@pytest.mark.parametrize(
    ("external_leads", "published"),
    [(True, w1_published.A), (False, w1_published.B)],
    ids=["A", "B"],
)
def test_w1_has_its_published_means(external_leads, published):
    # published with 8 digits, from a grid of 1/64 day: the two methods share no code
    model = w1(external_leads=external_leads)
    found = expected(model)
    np.testing.assert_allclose(found.bookings.sum(axis=1), published.bookings, rtol=5e-8)
    np.testing.assert_allclose(found.wins.sum(axis=1), published.wins, rtol=5e-8)
    np.testing.assert_allclose(found.active_customers, published.active_customers, rtol=5e-8)
    # the published entries count the current visit of the 300 open deals
    assert found.entered.sum() + 300 == pytest.approx(published.stage_entries, abs=1e-3)
    assert published.stage_entries < expected_stage_entries(model) < 3 * published.stage_entries


def test_the_error_falls_with_the_step():
    errors = [
        np.abs(expected_on_grid(w1(), steps_per_day=k).wins.sum(axis=1) - w1_published.A.wins).max()
        for k in (1, 2, 4)
    ]
    assert errors[0] < 1.0
    assert errors[1] < 0.6 * errors[0]
    assert errors[2] < 0.6 * errors[1]


def test_wins_of_an_exponential_stage_in_closed_form():
    model = one_stage(stage(0.4, Exponential(mean=50.0)), sources=[OUTBOUND])
    rate = 200 / 30 * 0.4
    total = rate * (EDGES - 50.0 * (1 - np.exp(-EDGES / 50.0)))
    found = expected(model)
    np.testing.assert_allclose(found.wins[:, 0], np.diff(total), rtol=1e-7)
    np.testing.assert_allclose(found.entered[:, 0], 200.0, rtol=1e-12)
    np.testing.assert_allclose(found.bookings, 100.0 * found.wins, rtol=1e-12)


def test_instant_referrals_are_a_linear_birth_death_process():
    model = one_stage(
        stage(0.5),
        sources=[replace(REFERRAL, rate=Rate(per_day=1 / 100))],
        base=customers(40, lifetime=Exponential(mean=300.0)),
    )
    growth = 0.5 / 100 - 1 / 300
    exact = 40 * np.exp(growth * EDGES[1:])
    found = expected(model)
    np.testing.assert_allclose(found.active_customers, exact, rtol=1e-6)
    # what is lost: the integral of the hazard over the active customers
    lost = 40 / 300 * np.diff(np.exp(growth * EDGES)) / growth
    np.testing.assert_allclose(found.lost_customers, lost, rtol=1e-6)
    np.testing.assert_allclose(found.new_customers, found.wins[:, 0], rtol=1e-12)


PACED = ((0, 60), (60, 159), (159, 360))
"""First day and end of the cells; of the first the pace is 1."""


def two_paced_stages(first, second, *, deals=None):
    """Return a pipeline of two exponential stages of 20 days whose pace changes twice."""
    room = stage(0.5, Exponential(mean=20.0), Exponential(mean=20.0))
    pipeline = Pipeline(
        name="new_business",
        stages=(replace(room, name="first"), replace(room, name="last")),
        amount=Fixed(value=1.0),
    )
    timeline = replace(THIRTY_DAYS, periods=12, judged=12)
    days = [date(2027, 3, 2), date(2027, 6, 9), None]
    curves = tuple(
        Curve(kind="pace", pipeline="new_business", stage=None, starts=a, ends=b, factor=factor)
        for a, b, factor in zip(days, days[1:], (first, second), strict=False)
    )
    model = one_stage(room, sources=() if deals else [OUTBOUND], timeline=timeline)
    return replace(model, pipelines=(pipeline,), curves=curves, open_deals=deals)


def paced_wins(first, second, *, instant=False):
    """Return the wins of two such stages in closed form, of a lead a day or of one at the start.

    By the clock L of the pace a deal takes the sum of two exponential times, gamma of shape 2 and
    scale m; entered evenly over [a, b] at the speed v, until T so many are won: the integral of
    F(L(T) - L(s)) ds, which by I(x) = x - 2 m + (x + 2 m) e^(-x / m) is [I(L(T) - L(a)) - I(L(T) -
    L(b))] / v.
    """
    mean, edges = 20.0, np.array([*(a for a, _ in PACED), 360.0])
    clock = np.concatenate([[0.0], np.cumsum(np.diff(edges) * [1.0, first, second])])
    shown = np.interp(EDGES[:13], edges, clock)
    if instant:
        return np.diff(1.0 - np.exp(-shown / mean) * (1.0 + shown / mean))
    total = np.zeros(13)
    for (a, b), speed in zip(PACED, (1.0, first, second), strict=True):
        ends = np.clip(EDGES[:13], a, b)
        if speed == 0.0:
            left = shown - np.interp(a, edges, clock)
            total += (ends - a) * (1.0 - np.exp(-left / mean) * (1.0 + left / mean))
            continue
        since, until = (shown - np.interp(x, edges, clock) for x in (np.minimum(a, ends), ends))
        each = [x - 2 * mean + (x + 2 * mean) * np.exp(-x / mean) for x in (since, until)]
        total += np.where(ends > a, (each[0] - each[1]) / speed, 0.0)
    return np.diff(total)


@pytest.mark.parametrize(
    ("first", "second", "rtol"),
    [
        (50.0, 1.0, 1e-7),
        (1.0, 50.0, 1e-7),
        (0.01, 1.0, 1e-7),
        (0.1, 10.0, 1e-7),
        (0.0, 3.0, 1e-7),
        (0.3, 0.7, 1e-7),
        (0.02, 50.0, 1e-6),
    ],
)
def test_where_the_pace_changes_many_times_over_the_digits_hold(first, second, rtol):
    """Wins of evenly entering leads and of open deals that have an age."""
    wins = 0.25 * 200 / 30 * paced_wins(first, second)
    found = expected(two_paced_stages(first, second)).wins[:, 0]
    np.testing.assert_allclose(found, wins, rtol=rtol, atol=1e-8)
    deals = open_deals(["new_business.first"] * 10, ages=7.0)
    found = expected(two_paced_stages(first, second, deals=deals)).wins[:, 0]
    won = 0.25 * 10 * paced_wins(first, second, instant=True)
    np.testing.assert_allclose(found, won, atol=1e-7)


def test_a_pace_off_by_a_millionth_is_seen():
    wins = 0.25 * 200 / 30 * paced_wins(0.3, 0.7)
    found = expected(two_paced_stages(0.300001, 0.7)).wins[:, 0]
    assert np.abs(found / wins - 1.0).max() > 5e-7


def test_sure_times_arrive_on_time():
    model = one_stage(
        stage(0.25, Fixed(value=45.0)),
        sources=[OUTBOUND],
        deals=open_deals(["new_business.only"] * 8, amounts=[1000.0] * 4 + [math.nan] * 4),
    )
    found = expected(model)
    # leads of day 0 are won on day 45: half of period 1, all of the later ones; open deals too
    wins = np.array([0.0, 25.0 + 2.0, *[50.0] * 22])
    np.testing.assert_allclose(found.wins[:, 0], wins, atol=1e-9)
    money = 100.0 * wins
    money[1] += 0.25 * 4 * (1000.0 - 100.0)
    np.testing.assert_allclose(found.bookings[:, 0], money, atol=1e-7)


@pytest.mark.parametrize(
    "law",
    [Weibull(scale=80.0, shape=1.7), LogLogistic(median=60.0, shape=0.9)],
    ids=["with a mean", "without a mean"],
)
def test_open_deals_know_their_age(law):
    age, conversion, undecided = 70.0, 0.3, Exponential(mean=200.0)
    room = stage(
        conversion,
        law,
        Lognormal(median=30.0, sigma=1.0),
        no_decision=NoDecision(share=0.2, after=undecided),
        stuck_share=0.1,
    )
    deals = open_deals(["new_business.only"] * 10, ages=age)
    found = expected(one_stage(room, deals=deals)).wins[:, 0].cumsum()
    at = np.array([age])
    left = [
        conversion * law.survival(at)[0],
        0.7 * 0.7 * room.loss_time.survival(at)[0],
        0.7 * 0.2 * undecided.survival(at)[0],
        0.7 * 0.1,
    ]
    exact = 10 * conversion * (law.survival(at) - law.survival(age + EDGES[1:])) / sum(left)
    np.testing.assert_allclose(found, exact, rtol=1e-6)


def test_age_does_not_matter_when_all_outcomes_share_one_exponential_law():
    law = Exponential(mean=40.0)
    room = stage(0.3, law, law, no_decision=NoDecision(share=0.5, after=law))
    fresh, old = (
        expected(one_stage(room, deals=open_deals(["new_business.only"], ages=age))).wins
        for age in (0.0, 1234.5)
    )
    np.testing.assert_allclose(old, fresh, rtol=1e-9, atol=1e-12)


def test_deals_too_old_for_every_outcome_are_stuck():
    room = stage(0.5, Fixed(value=10.0), Fixed(value=20.0))
    deals = open_deals(["new_business.only"] * 2, ages=[15.0, 25.0])
    assert expected(one_stage(room, deals=deals)).wins.sum() == 0.0


def test_customers_of_a_known_tenure_leave_by_the_residual_law():
    lifetime = Weibull(scale=900.0, shape=2.0)
    model = one_stage(stage(0.5), base=customers(10, lifetime=lifetime, tenure=400.0))
    alive = lifetime.survival(400.0 + EDGES[1:]) / lifetime.survival(np.array([400.0]))
    np.testing.assert_allclose(expected(model).active_customers, 10 * alive, rtol=1e-7)


def test_lifetimes_from_data_end_in_steps():
    lifetime = Empirical(values=(45.0, 105.0), weights=(3.0, 1.0))
    model = one_stage(stage(0.5), base=customers(8, lifetime=lifetime, tenure=0.0))
    found = expected(model)
    np.testing.assert_allclose(found.active_customers[:5], [8, 2, 2, 0, 0], atol=1e-9)
    np.testing.assert_allclose(found.lost_customers[:5], [0, 6, 0, 2, 0], atol=1e-9)


def test_seasons_growth_and_dates_move_the_rate_by_the_calendar():
    source = replace(
        OUTBOUND,
        rate=Rate(per_month=62.0),
        growth_per_month=0.1,
        season=(1.0, 0.5, *[1.0] * 10),
        starts=date(2027, 1, 11),
        ends=date(2027, 4, 1),
    )
    timeline = Timeline(
        start=date(2027, 1, 1), period=Span(value=1, unit="month"), periods=24, judged=24
    )
    model = one_stage(stage(0.5), sources=[source], timeline=timeline)
    entered = expected(model).entered[:, 0]
    exact = [62.0 * 21 / 31, 62.0 * 1.1 * 0.5, 62.0 * 1.1**2]
    np.testing.assert_allclose(entered[:3], exact, rtol=1e-12)
    assert np.all(entered[3:] == 0.0)


def test_growth_beyond_any_float_is_infinite():
    source = replace(OUTBOUND, growth_per_month=1e30)
    rates = daily_rates(source, THIRTY_DAYS, days=720)
    assert rates[0] == 200 / 30
    assert rates[-1] == math.inf
    assert expected_stage_entries(one_stage(stage(0.5), sources=[source])) == math.inf


def test_the_bound_on_stage_entries_is_one():
    for model in (w1(), w1(external_leads=False)):
        exact = expected_on_grid(model, steps_per_day=1).entered.sum() + 300
        assert exact <= expected_stage_entries(model)


def test_beyond_the_bound_the_stage_entries_are_exact():
    # slow deals: few of the leads get past the first stage within the simulated time
    slow = stage(1.0, Fixed(value=500.0))
    pipeline = Pipeline(
        name="new_business", stages=(slow, replace(slow, name="last")), amount=Fixed(value=1.0)
    )
    leads = replace(OUTBOUND, rate=Rate(per_day=10_000.0))
    model = replace(one_stage(slow, sources=[leads]), pipelines=(pipeline,))
    assert SURE_BOUND < 2 * 7.2e6
    assert expected_stage_entries(model) == pytest.approx(7.2e6 + 2.2e6, rel=1e-9)


def test_referrals_that_explode_are_counted():
    growth = 0.03
    model = one_stage(
        stage(1.0),
        sources=[replace(REFERRAL, rate=Rate(per_day=growth))],
        base=customers(1, lifetime=Exponential(mean=1e9)),
    )
    # births until t of a pure birth process (Yule): e^(growth t) - 1; a grid of one day is coarse
    assert expected_stage_entries(model) == pytest.approx(math.exp(growth * 720), rel=0.02)


def test_the_bound_loads_no_libraries():
    code = (
        "import sys\n"
        "from tests.laws import test_renewal\n"
        "assert test_renewal.expected_stage_entries(test_renewal.w1()) > 0\n"
        "sys.exit(any(n.partition('.')[0] in ('scipy', 'numba') for n in sys.modules))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
