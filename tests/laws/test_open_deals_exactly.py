"""What becomes of open deals, one by one: against exact streams, closed forms and the walk."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.open_deals import prospects
from salessim.lowering.renewal import expected
from salessim.model.laws import (
    Empirical,
    Exponential,
    Fixed,
    Gamma,
    LogLogistic,
    Lognormal,
    Uniform,
    Weibull,
)
from salessim.model.loops import moved
from salessim.model.plan import (
    Back,
    Curve,
    NoDecision,
    OpenDeals,
    Parked,
    Slip,
    expected_visits,
    win_rates,
)
from tests.laws.small_models import needs_machine_code, open_deals, sale, stage, timeline
from tests.statistics import assert_sample_mean

FIRST = stage(
    "first",
    conversion=0.6,
    cycle_time=Lognormal(median=14, sigma=0.7),
    loss_time=Lognormal(median=21, sigma=0.9),
    stuck_share=0.05,
)
SECOND = stage(
    "second",
    conversion=0.6,
    cycle_time=Weibull(scale=30, shape=1.4),
    loss_time=Exponential(mean=40),
    slip=Slip(probability=0.2, by=Lognormal(median=30, sigma=0.5)),
    no_decision=NoDecision(share=0.4, after=Gamma(mean=90, shape=2)),
    back=Back(share=0.1, to="first", after=Fixed(value=7)),
    parked=Parked(share=0.1, to="first", after=Fixed(value=30), rest=Uniform(low=90, high=270)),
    stuck_share=0.1,
)
THIRD = stage(
    "third",
    conversion=0.7,
    cycle_time=LogLogistic(median=20, shape=1.8),
    loss_time=Empirical(values=(3.0, 40.0, 90.0), weights=(1.0, 1.0, 1.0)),
)
AGES = (0.0, 3.0, 25.5, 60.0, 400.0)


def deals():
    """Deals of every stage and of many ages, some with an amount of their own."""
    stages = [name for name in ("sale.first", "sale.second", "sale.third") for _ in AGES]
    amounts = np.arange(len(stages)) * 10.0 + 50.0
    return OpenDeals(
        ids=tuple(f"deal {k}" for k in range(len(stages))),
        stages=tuple(stages),
        age_days=np.array(AGES * 3),
        amounts=np.where(np.arange(len(stages)) % 4 == 0, np.nan, amounts),
        buyer_is_new=np.ones(len(stages), dtype=bool),
    )


def curve(kind, starts, ends, factor, room=None):
    return Curve(kind=kind, pipeline="sale", stage=room, starts=starts, ends=ends, factor=factor)


CURVES = {
    "nothing": (),
    "conversion": (
        curve("conversion", date(2027, 2, 10), date(2027, 4, 1), 0.5),
        curve("conversion", date(2027, 6, 1), None, 2.0, "second"),
    ),
    "pace": (
        curve("pace", date(2027, 1, 1), date(2027, 2, 1), 0.5, "first"),
        curve("pace", date(2027, 3, 10), date(2027, 4, 1), 0.0, "second"),
        curve("pace", date(2027, 5, 1), None, 2.0),
    ),
}


def model(curves=(), *, periods=9, reported=9):
    time = replace(timeline(periods), periods=reported)
    made = sale(FIRST, SECOND, THIRD, time=time, amount=Fixed(value=100.0), deals=deals())
    return replace(made, curves=curves)


def money(given):
    """Expected bookings of each open deal of a model within its horizon."""
    amounts = given.open_deals.amounts
    return prospects(given).won_in_time * np.where(np.isnan(amounts), 100.0, amounts)


# streams that change their pace read jumps of a law off their grid
@pytest.mark.parametrize(
    ("name", "close"), [("nothing", 1e-9), ("conversion", 1e-8), ("pace", 3e-5)]
)
def test_the_deals_add_up_to_what_the_model_books(name, close):
    given = model(CURVES[name], reported=6)
    found, exact = prospects(given), expected(given, steps_per_day=2)
    assert money(given).sum() == pytest.approx(exact.bookings[:6].sum(), rel=close)
    assert found.won_in_time.sum() == pytest.approx(exact.wins[:6].sum(), rel=close)
    # what the horizon cuts off is there to be seen
    assert found.won_in_time.sum() < 0.999 * found.won.sum()
    assert np.all(found.won + found.never_closed < 1.0 + 1e-12)


@pytest.mark.parametrize("name", ["nothing", "conversion"])
def test_who_is_won_at_all_is_won_in_a_long_time(name):
    found = prospects(model(CURVES[name]))
    long = prospects(model(CURVES[name], periods=150, reported=150))
    np.testing.assert_allclose(long.won, found.won, rtol=1e-6)
    # log-logistic times have a long tail
    assert found.won.sum() * (1.0 - 5e-3) < long.won_in_time.sum() < found.won.sum()


@needs_machine_code
@pytest.mark.parametrize("name", ["conversion", "pace"])
def test_simulated_open_deals_book_what_is_expected_of_them(name):
    given = model(CURVES[name], reported=6)
    cube = run(lower(given), trajectories=20_000, seed=11)
    booked = cube.bookings[:, :6].reshape(20_000, -1).sum(axis=1) / 100.0
    assert_sample_mean(booked, money(given).sum())
    young = replace(deals(), age_days=np.zeros(len(deals().ids)))
    with pytest.raises(AssertionError, match="standard errors"):
        assert_sample_mean(booked, money(replace(given, open_deals=young)).sum())


@needs_machine_code
def test_a_single_deal_is_won_as_often_as_expected():
    given = model()
    chances = prospects(given).won_in_time
    for k in (1, 8, 13):
        one = OpenDeals(
            ids=("deal",),
            stages=(deals().stages[k],),
            age_days=deals().age_days[[k]],
            amounts=np.array([1.0]),
            buyer_is_new=np.array([True]),
        )
        cube = run(lower(replace(given, open_deals=one)), trajectories=20_000, seed=5)
        won = cube.wins.reshape(20_000, -1).sum(axis=1)
        assert_sample_mean(won, chances[k], tests=3)
        with pytest.raises(AssertionError, match="standard errors"):
            assert_sample_mean(won, chances[k] + 0.03)


def test_a_deal_that_has_just_entered_is_like_any_other():
    given = model()
    pipeline = given.pipelines[0]
    found = prospects(given)
    fresh = np.flatnonzero(given.open_deals.age_days == 0.0)
    np.testing.assert_allclose(found.won[fresh], win_rates(pipeline), rtol=1e-9)
    np.testing.assert_allclose(found.won_when_entered[fresh], win_rates(pipeline), rtol=1e-9)
    stuck = np.array([0.4 * 0.05, 0.8 * 0.4 * 0.1, 0.0])
    np.testing.assert_allclose(found.stuck[fresh], stuck, rtol=1e-12)
    never = expected_visits(pipeline) @ stuck
    np.testing.assert_allclose(found.never_closed[fresh], never, rtol=1e-9)
    assert np.all(found.outlived[fresh] == 0.0)


def test_age_against_the_law_of_the_stage():
    law = Exponential(mean=20)
    room = stage(conversion=0.3, cycle_time=law, loss_time=law, stuck_share=0.4)
    given = sale(room, time=timeline(3), deals=open_deals(1, age=50.0))
    found = prospects(given)
    # 0.7 x 0.4 of the visits never end; those that do are over with the exponential law
    stuck, there = 0.28, math.exp(-50.0 / 20.0)
    assert found.outlived[0] == pytest.approx(1.0 - there, rel=1e-12)
    still = stuck / (stuck + 0.72 * there)
    assert found.stuck[0] == pytest.approx(still, rel=1e-12)
    assert found.never_closed[0] == pytest.approx(still, rel=1e-12)
    assert found.won[0] == pytest.approx(0.3 / 0.72 * (1.0 - still), rel=1e-9)
    in_time = found.won[0] * (1.0 - math.exp(-90.0 / 20.0))
    assert found.won_in_time[0] == pytest.approx(in_time, rel=1e-8)


def test_an_age_without_memory_does_not_matter():
    law = Exponential(mean=20)
    room = stage(conversion=0.3, cycle_time=law, loss_time=law)
    young, old = (
        prospects(sale(room, time=timeline(3), deals=open_deals(1, age=age))) for age in (0.0, 77.3)
    )
    assert old.won_in_time == pytest.approx(young.won_in_time, rel=1e-9)
    assert old.outlived[0] > 0.9
    assert young.outlived[0] == 0.0


def test_a_deal_too_old_for_any_outcome_is_stuck():
    room = stage(conversion=0.5, cycle_time=Uniform(low=5, high=20), loss_time=Fixed(value=30))
    found = prospects(sale(room, time=timeline(3), deals=open_deals(1, age=31.0)))
    assert found.stuck[0] == found.never_closed[0] == found.outlived[0] == 1.0
    assert found.won[0] == found.won_in_time[0] == 0.0


def test_a_conversion_is_that_of_the_day_of_entry():
    rooms = (
        stage("first", conversion=0.5, cycle_time=Fixed(value=20)),
        stage("second", conversion=0.4, cycle_time=Fixed(value=10)),
    )
    better = curve("conversion", date(2027, 1, 11), None, 3.0, "second")
    for age, odds in ((5.0, 3.0), (15.0, 1.0)):
        given = sale(*rooms, time=timeline(2), deals=open_deals(1, age=age, room="first"))
        found = prospects(replace(given, curves=(better,)))
        # entered on day 15 and on day 5; lost deals are gone at once, so this one advances
        assert found.won[0] == pytest.approx(moved(0.4, odds), rel=1e-9)
        assert found.won_in_time[0] == pytest.approx(moved(0.4, odds), rel=1e-9)


def test_no_deals_come_to_nothing():
    found = prospects(sale(stage(conversion=0.5), time=timeline(2)))
    assert found.won.shape == found.outlived.shape == (0,)


@pytest.mark.parametrize(
    ("paces", "close"),
    [((0.3, 0.0, 2.0), 1e-6), ((1.0, 30.0, 1.0), 5e-5), ((1.0, 1e9, 0.0), 1e-7)],
    ids=["slow", "fast", "at once"],
)
def test_time_passes_by_the_pace(paces, close):
    mean = 60.0
    law = Exponential(mean=mean)
    rooms = [stage(name, cycle_time=law) for name in ("first", "second")]
    days = (date(2027, 1, 1), date(2027, 2, 1), date(2027, 2, 11), None)
    curves = tuple(
        curve("pace", begins, ends, factor)
        for begins, ends, factor in zip(days, days[1:], paces, strict=False)
    )
    given = sale(*rooms, time=timeline(2), deals=open_deals(1, age=9.0, room="first"))
    found = prospects(replace(given, curves=curves))
    # two exponential times by the same clock, which shows so much at the end: Erlang's law
    shown = (31.0 * paces[0] + 10.0 * paces[1] + 19.0 * paces[2]) / mean
    erlang = 1.0 - math.exp(-shown) * (1.0 + shown)
    assert found.won_in_time[0] == pytest.approx(erlang, abs=close)
    assert found.won[0] == pytest.approx(1.0, abs=1e-12)
