"""Exact means with loops and curves: against Markov chains in continuous time, closed forms."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from salessim.lowering.renewal import expected, expected_on_grid
from salessim.model.laws import Exponential, Fixed
from salessim.model.plan import Back, Curve, NoDecision, Parked, Slip, expected_visits, win_rates
from tests.laws.markov import Chain
from tests.laws.small_models import external, open_deals, per_day, sale, stage, timeline

START = date(2027, 1, 1)
EDGES = [30 * k for k in range(13)]
RATE = 2.0


def days(mean):
    return Exponential(mean=mean)


def looping(**changes):
    """A pipeline of two stages with every outcome there is, all times exponential."""
    first = stage(
        "first",
        conversion=0.5,
        cycle_time=days(20.0),
        loss_time=days(30.0),
        slip=Slip(probability=0.2, by=days(25.0)),
        parked=Parked(share=0.2, to="first", after=days(9.0), rest=days(50.0)),
    )
    second = stage(
        "second",
        conversion=0.4,
        cycle_time=days(15.0),
        loss_time=days(10.0),
        no_decision=NoDecision(share=0.2, after=days(60.0)),
        back=Back(share=0.3, to="first", after=days(8.0)),
        parked=Parked(share=0.3, to="second", after=days(12.0), rest=days(90.0)),
        slip=Slip(probability=0.3, by=days(30.0)),
        stuck_share=0.05,
    )
    leads = external(rate=per_day(RATE))
    return sale(first, second, time=timeline(12), sources=[leads], **changes)


def curve(kind, begin, end, factor, room=None):
    return Curve(
        kind=kind,
        pipeline="sale",
        stage=room,
        starts=START + timedelta(days=begin),
        ends=None if end is None else START + timedelta(days=end),
        factor=factor,
    )


def assert_exact(model, chain, *, rtol):
    found, counts = expected(model), chain.counts(EDGES)
    tiny = rtol * RATE * 30
    np.testing.assert_allclose(found.wins[:, 0], counts[("won",)], rtol=rtol, atol=tiny)
    for kind, means in (("entered", found.entered), ("slipped", found.slipped)):
        for index, room in enumerate(model.pipelines[0].stages):
            exact = counts.get((kind, room.name), np.zeros(12))
            np.testing.assert_allclose(means[:, index], exact, rtol=rtol, atol=tiny)


CURVES = {
    "none": (),
    "conversion": (curve("conversion", 45, 131, 2.5), curve("conversion", 131, None, 0.4)),
    "one stage and all": (
        curve("conversion", -50, 77, 0.3, "second"),
        curve("conversion", 40, 200, 3.0),
    ),
}
PACES = {
    "twice and half": (curve("pace", 45, 130, 2.0), curve("pace", 130, 200, 0.5)),
    "no common measure": (curve("pace", 45, 130, 1.3), curve("pace", 130, 200, 0.7)),
    "standing still": (curve("pace", 33, 101, 0.0), curve("pace", 150, None, 0.0, "second")),
    "from the start": (curve("pace", -10, 70, 0.4), curve("pace", 0, 90, 1.5, "first")),
    "with conversion": (curve("conversion", 60, 220, 2.0), curve("pace", 100, 160, 1.7)),
}


@pytest.mark.parametrize("curves", CURVES.values(), ids=CURVES)
def test_loops_and_conversion_curves_are_a_markov_chain(curves):
    model = replace(looping(), curves=curves)
    assert_exact(model, Chain(model, births_per_day=RATE), rtol=1e-9)


@pytest.mark.parametrize("curves", PACES.values(), ids=PACES)
def test_pace_is_operational_time(curves):
    model = replace(looping(), curves=curves)
    assert_exact(model, Chain(model, births_per_day=RATE), rtol=1e-7)


def test_a_clock_that_crawls_and_then_runs():
    # the worst case of the method: 300 steps of one clock are one step of the other
    model = replace(looping(), curves=(curve("pace", 45, 130, 0.01), curve("pace", 130, 200, 3.0)))
    assert_exact(model, Chain(model, births_per_day=RATE), rtol=1e-8)


@pytest.mark.parametrize("curves", [(), CURVES["one stage and all"], PACES["from the start"]])
@pytest.mark.parametrize("room", ["first", "second"])
def test_open_deals_know_their_age_in_every_outcome(curves, room):
    model = looping(deals=open_deals(40, age=33.0, room=room))
    model = replace(model, sources=(), curves=curves)
    assert_exact(model, Chain(model), rtol=1e-7)


@pytest.mark.parametrize("error", ["slip", "back", "rest by the stage's clock", "odds", "pace"])
def test_planted_errors_are_seen(error):
    model = replace(looping(), curves=CURVES["conversion"] + PACES["no common measure"])
    first, second = model.pipelines[0].stages
    chain = Chain(model, births_per_day=RATE, rest_has_pace=error.startswith("rest"))
    if error == "slip":
        second = replace(second, slip=Slip(probability=0.301, by=days(30.0)))
    elif error == "back":
        second = replace(second, back=Back(share=0.3, to="first", after=days(8.01)))
    elif error in {"odds", "pace"}:
        other = {"odds": curve("conversion", 131, None, 1.002), "pace": curve("pace", 0, 9, 1.01)}
        model = replace(model, curves=(*model.curves, other[error]))
    stages = replace(model.pipelines[0], stages=(first, second))
    with pytest.raises(AssertionError, match="Mismatched"):
        assert_exact(replace(model, pipelines=(stages,)), chain, rtol=1e-6)


def test_slips_of_one_exponential_law_only_make_it_slower():
    # a geometric sum of exponential times is exponential, its rate thinned
    law = days(20.0)
    room = stage(conversion=0.4, cycle_time=law, loss_time=law, slip=Slip(probability=0.6, by=law))
    model = sale(room, time=timeline(12), sources=[external(rate=per_day(RATE))])
    mean = 20.0 / 0.4
    t = np.array(EDGES)
    wins = RATE * 0.4 * (t - mean * (1 - np.exp(-t / mean)))
    found = expected(model)
    np.testing.assert_allclose(found.wins[:, 0], np.diff(wins), rtol=1e-9)
    np.testing.assert_allclose(found.entered[:, 0], 60.0, rtol=1e-12)
    # visits end at rate 1/20, and 0.6 of them in a slip: 0.6/0.4 for each that leaves for good
    np.testing.assert_allclose(found.slipped[:, 0], 1.5 / 0.4 * np.diff(wins), rtol=1e-9)


def instant_loop(stay):
    """Two instant stages; of the deals in the second, `stay` do not advance, nor are they lost."""
    return sale(
        stage("first", conversion=0.9),
        stage(
            "second",
            conversion=0.1 * (1 - stay),
            slip=Slip(probability=stay, by=Fixed(value=0.0)),
            back=Back(share=stay, to="first", after=Fixed(value=0.0)),
        ),
        time=timeline(12),
        sources=[external(rate=per_day(RATE))],
    )


@pytest.mark.parametrize("stay", [0.1, 0.5, 0.9])
def test_instant_loops_are_counted_whole_at_once(stay):
    model = instant_loop(stay)
    (pipeline,) = model.pipelines
    found = expected_on_grid(model, steps_per_day=1)
    visits = 60.0 * expected_visits(pipeline)[0]
    assert visits[1] > 60.0
    np.testing.assert_allclose(found.wins[:, 0], 60.0 * win_rates(pipeline)[0], rtol=1e-9)
    np.testing.assert_allclose((found.entered + found.slipped)[-1], visits, rtol=1e-9)
    np.testing.assert_allclose(found.slipped[:, 1], stay * visits[1], rtol=1e-9)


def test_a_thousand_instant_visits_cost_no_digits():
    room = stage(conversion=0.5, slip=Slip(probability=0.999, by=Fixed(value=0.0)))
    model = sale(room, time=timeline(12), sources=[external(rate=per_day(RATE))])
    found = expected_on_grid(model, steps_per_day=1)
    np.testing.assert_allclose(found.wins[:, 0], 30.0, rtol=1e-9)
    np.testing.assert_allclose(found.slipped[:, 0], 60.0 * 999, rtol=1e-9)


def test_sure_times_come_back_on_time():
    # born at 0, back after 10 days, at rest until day 30, won after 5 more: or again
    room = stage(
        conversion=0.5,
        cycle_time=Fixed(value=5.0),
        parked=Parked(share=1.0, to="only", after=Fixed(value=10.0), rest=Fixed(value=20.0)),
    )
    model = sale(room, time=timeline(12, length=15), deals=open_deals(1, room="only"))
    wins = np.zeros(12)
    wins[::2] = 0.5 ** np.arange(1, 7)
    np.testing.assert_allclose(expected(model).wins[:, 0], wins, atol=1e-12)


def test_sure_times_wait_while_the_clock_stands_still():
    # 5 days of work from day 0 on, and none of it done on days 3 to 47
    room = stage(conversion=0.5, cycle_time=Fixed(value=5.0))
    model = sale(room, time=timeline(12, length=10), deals=open_deals(1, room="only"))
    model = replace(model, curves=(curve("pace", 3, 47, 0.0), curve("pace", 48, None, 0.25)))
    # 3 before the stop, 1 on day 47, the last at a quarter of the speed: done on day 52
    wins = expected(model).wins[:, 0]
    np.testing.assert_allclose(wins, np.eye(12)[5] * 0.5, atol=1e-9)
