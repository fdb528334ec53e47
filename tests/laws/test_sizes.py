"""The quick bound on a trajectory's visits holds, whatever loops, curves and segments do."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings

from salessim.lowering.chain import cells_of, most_visits_and_wins
from salessim.lowering.size import _instant_bound, exact_stage_entries, expected_stage_entries
from salessim.model.laws import Exponential, Fixed
from salessim.model.plan import Back, Curve, Parked, Slip, expected_visits, win_rates
from tests.laws.small_models import (
    customers,
    external,
    open_deals,
    per_customer,
    per_day,
    sale,
    stage,
    timeline,
)
from tests.models import models, pipelines

START = date(2027, 1, 1)
INSTANT = Fixed(value=0.0)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(models())
def test_the_bound_is_one(model):
    assert exact_stage_entries(model) <= _instant_bound(model) * (1.0 + 1e-9)


def instant_loop(*, curves=(), **changes):
    model = sale(
        stage("first", conversion=0.8),
        stage("second", conversion=0.5, back=Back(share=0.6, to="first", after=INSTANT)),
        stage("third", conversion=0.4, slip=Slip(probability=0.3, by=INSTANT)),
        time=timeline(3),
        sources=[external(rate=per_day(1.0))],
        **changes,
    )
    return replace(model, curves=curves)


def test_it_is_exact_where_no_time_passes():
    model = instant_loop()
    visits = 90.0 * expected_visits(model.pipelines[0])[0].sum()
    assert _instant_bound(model) == pytest.approx(visits, rel=1e-12)
    assert exact_stage_entries(model) == pytest.approx(visits, rel=1e-9)


def test_it_is_nearly_reached_by_referrals_of_customers_who_stay():
    # births until t of a pure birth process (Yule): (e^(growth t) - 1) x those at the start
    growth = 0.05
    model = sale(
        stage(conversion=0.5, slip=Slip(probability=0.2, by=INSTANT)),
        time=timeline(3),
        sources=[per_customer(rate=per_day(2 * growth))],
        base=customers(10, lifetime=Exponential(mean=1e9)),
    )
    wins = 10 * np.expm1(growth * 90)
    exact = exact_stage_entries(model)
    assert exact == pytest.approx(wins / 0.5 / 0.8, rel=0.05)
    # at the bound, all of them have been there from the first day
    assert exact < _instant_bound(model) == pytest.approx(10 * np.exp(4.5) * 9.0 / 0.8, rel=1e-9)


def test_it_holds_for_open_deals_to_which_only_the_way_back_is_left():
    first, second, third = instant_loop().pipelines[0].stages
    second = replace(second, back=replace(second.back, after=Fixed(value=20.0)))
    deals = open_deals(7, age=10.0, room="second")
    model = sale(first, second, third, time=timeline(36), deals=deals)
    # the current visit of each, and those of a deal that starts afresh
    visits = 7 * (1.0 + expected_visits(model.pipelines[0])[0].sum())
    assert exact_stage_entries(model) == pytest.approx(visits, rel=1e-9)
    assert _instant_bound(model) == pytest.approx(visits, rel=1e-12)


def test_neither_the_first_day_nor_any_single_day_would_be_a_bound():
    # the first stage has its good days early, the second later, when the same deals get there
    model = sale(
        stage("first", conversion=0.5, cycle_time=Fixed(value=30.0)),
        stage("second", conversion=0.5, slip=Slip(probability=0.1, by=INSTANT)),
        stage("third", conversion=0.5),
        time=timeline(3),
        sources=[external(rate=per_day(1.0), ends=START + timedelta(days=30))],
    )
    good = [
        Curve(
            kind="conversion",
            pipeline="sale",
            stage=name,
            starts=START + timedelta(days=begin),
            ends=START + timedelta(days=begin + 30),
            factor=50.0,
        )
        for name, begin in [("first", 0), ("second", 30)]
    ]
    model = replace(model, curves=tuple(good))
    (pipeline,) = model.pipelines
    cells = cells_of(pipeline, model.curves, model.timeline)
    single_days = []
    for cell in range(len(cells.edges) - 1):
        one = replace(cells, odds=cells.odds[:, [cell]], pace=cells.pace[:, [cell]])
        single_days.append(30.0 * most_visits_and_wins(pipeline, one)[0][0])
    exact = exact_stage_entries(model)
    assert 1.1 * max(single_days) < exact < 1.001 * _instant_bound(model)


def test_one_cell_is_the_chain_of_its_conversions():
    (pipeline,) = instant_loop().pipelines
    cells = cells_of(pipeline, (), timeline(3))
    visits, wins = most_visits_and_wins(pipeline, cells)
    np.testing.assert_allclose(visits, expected_visits(pipeline).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(wins, win_rates(pipeline), rtol=1e-12)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(pipelines("sale", []))
def test_no_choice_of_conversions_beats_the_most(pipeline):
    count = len(pipeline.stages)
    cells = cells_of(pipeline, (), timeline(3))
    cells = replace(cells, odds=np.array([[0.2, 1.0, 4.0]] * count))
    most = most_visits_and_wins(pipeline, cells)
    reached = []
    for choice in np.ndindex(*[2] * count):
        odds = np.array([[0.2, 4.0][k] for k in choice])
        one = most_visits_and_wins(pipeline, replace(cells, odds=odds[:, None]))
        for found, bound in zip(one, most, strict=True):
            assert np.all(found <= bound * (1 + 1e-9))
        reached.append(np.stack(one))
    np.testing.assert_allclose(np.max(reached, axis=0), most, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("factor", [1e7, 1e9, 1e12])
def test_a_loop_that_only_the_bound_has_makes_the_answer_exact(factor):
    # each day has its way out: by a loss in the first month, by a win in the next two
    model = sale(
        stage("first", conversion=0.99, cycle_time=Fixed(value=2.0)),
        stage("second", conversion=0.5, back=Back(share=1.0, to="first", after=Fixed(value=1.0))),
        time=timeline(3),
        sources=[external(rate=per_day(1.0))],
    )

    def curve(stage, begin, factor):
        starts = START + timedelta(days=begin)
        ends = START + timedelta(days=begin + 30)
        return Curve(
            kind="conversion", pipeline="sale", stage=stage, starts=starts, ends=ends, factor=factor
        )

    curves = [curve(None, 30, 1.0 / factor), curve("second", 30, 1.0 / factor)]
    model = replace(model, curves=(curve("first", 0, factor), curve(None, 0, factor), *curves))
    assert _instant_bound(model) > 1e7
    assert expected_stage_entries(model) == exact_stage_entries(model) < 500.0


def test_of_a_loop_that_hardly_ends_there_is_a_bound_too():
    # a stage keeps all but a few deals in 10^12, whatever the cell: rounding decides on the rest
    random = np.random.default_rng(1)
    for _ in range(200):
        share, factor = 1.0 - 10.0 ** random.uniform(-16, -12, 3), 10.0 ** random.uniform(9, 13, 3)
        rooms = [
            stage(
                f"room {k}",
                conversion=float(random.uniform(0.1, 0.9)),
                slip=Slip(probability=0.5, by=INSTANT),
                back=Back(share=float(share[k]), to="room 0", after=INSTANT) if k else None,
                parked=None if k else Parked(share=1.0, to="room 0", after=INSTANT, rest=INSTANT),
            )
            for k in range(3)
        ]
        (pipeline,) = sale(*rooms, time=timeline(3)).pipelines
        cells = cells_of(pipeline, (), timeline(3))
        cells = replace(cells, odds=np.stack([1.0 / factor, factor], axis=1))
        visits, wins = most_visits_and_wins(pipeline, cells)
        assert np.all(visits > 1e7)
        assert np.all(wins >= 0.0)


def test_beyond_the_bound_slips_count_as_visits():
    room = stage(
        conversion=0.5,
        cycle_time=Fixed(value=200.0),
        slip=Slip(probability=0.5, by=Fixed(value=20.0)),
    )
    leads = external(rate=per_day(1e5))
    model = sale(room, time=timeline(3), sources=[leads])
    assert _instant_bound(model) > 1e7
    # entered on day t of 90, a visit begins after each 20 days that lie before the end
    visits = 1e5 * sum(0.5**k * (90.0 - 20 * k) for k in range(5))
    assert expected_stage_entries(model) == pytest.approx(visits, rel=0.01)
