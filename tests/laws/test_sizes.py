"""The quick bound on a trajectory's visits holds, whatever loops, curves and segments do."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from salessim.lowering.chain import cells_of, most_visits_and_wins
from salessim.lowering.size import _instant_bound, exact_stage_entries, expected_stage_entries
from salessim.model.laws import Exponential, Fixed
from salessim.model.plan import Back, Curve, Parked, Segment, Slip, expected_visits, win_rates
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

START = date(2027, 1, 1)
INSTANT = Fixed(value=0.0)


def random_stage(name, earlier, random):
    """A stage that may go back to itself or to one of the earlier ones."""
    shares = random.dirichlet(np.ones(3))
    time = random.choice([0.0, 3.0, 20.0])
    law = Exponential(mean=time) if time else INSTANT
    rest = {"slip": Slip(probability=random.uniform(0.0, 0.6), by=law)}
    if earlier:
        rest["back"] = Back(share=shares[0], to=str(random.choice(earlier)), after=law)
    to = str(random.choice([*earlier, name]))
    rest["parked"] = Parked(share=shares[1], to=to, after=law, rest=law)
    chosen = {key: value for key, value in rest.items() if random.random() < 0.6}
    return stage(name, conversion=random.uniform(), cycle_time=law, loss_time=law, **chosen)


def random_curves(random, names):
    for _ in range(random.integers(0, 4)):
        begin = int(random.integers(-20, 80))
        yield Curve(
            kind=str(random.choice(["conversion", "pace"])),
            pipeline="sale",
            stage=random.choice([None, *names]),
            starts=START + timedelta(days=begin),
            ends=START + timedelta(days=begin + int(random.integers(1, 60))),
            factor=float(random.choice([0.2, 0.7, 2.0, 8.0])),
        )


def random_model(seed):
    random = np.random.default_rng(seed)
    names = [f"s{k}" for k in range(random.integers(1, 4))]
    stages = [random_stage(name, names[:k], random) for k, name in enumerate(names)]
    deals = open_deals(7, age=float(random.choice([0.0, 15.0])), room=str(random.choice(names)))
    model = sale(
        *stages,
        time=timeline(3),
        sources=[
            external(rate=per_day(1.0), campaign=((START + timedelta(days=10), 2.5),)),
            per_customer(rate=per_day(0.02)),
        ],
        base=customers(5, lifetime=Exponential(mean=300.0)),
        deals=replace(deals, buyer_is_new=np.ones(7, bool)),
    )
    return replace(model, curves=tuple(random_curves(random, names)))


@pytest.mark.parametrize("seed", range(40))
def test_the_bound_is_one(seed):
    model = random_model(seed)
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


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_of_conversions_beats_the_most(seed):
    random = np.random.default_rng(seed)
    names = ["s0", "s1", "s2"]
    (pipeline,) = sale(
        *(random_stage(name, names[:k], random) for k, name in enumerate(names)), time=timeline(3)
    ).pipelines
    cells = replace(cells_of(pipeline, (), timeline(3)), odds=np.array([[0.2, 1.0, 4.0]] * 3))
    visits, wins = most_visits_and_wins(pipeline, cells)
    reached = []
    for choice in np.ndindex(2, 2, 2):
        odds = np.array([[0.2, 4.0][k] for k in choice])
        one = replace(cells, odds=odds[:, None])
        found = most_visits_and_wins(pipeline, one)
        assert np.all(found[0] <= visits * (1 + 1e-9))
        assert np.all(found[1] <= wins * (1 + 1e-9))
        reached.append([np.max(found[0] / visits), np.max(found[1] / wins)])
    np.testing.assert_allclose(np.max(reached, axis=0), 1.0, rtol=1e-9)


def test_segments_are_bounded_as_if_all_had_every_source():
    model = random_model(3)
    segments = tuple(Segment(name=n, lifetime=Exponential(mean=200.0)) for n in ("a", "b"))
    base = replace(model.customers, segments=segments, segment_of=np.array([0, 0, 1, 1, 1]))
    own = replace(model.sources[1], segment="b")
    (pipeline,) = model.pipelines
    model = replace(
        model,
        customers=base,
        sources=(model.sources[0], model.sources[1], replace(own, name="own")),
        pipelines=(replace(pipeline, segment="b"),),
    )
    assert exact_stage_entries(model) <= _instant_bound(model)


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
