"""Lowering: what is refused, what is shared, and the edges where numbers end."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.engine import run
from salessim.errors import SalessimError
from salessim.lowering.entities import purposes
from salessim.lowering.lower import lower
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import Exponential, Fixed, LogLogistic, Lognormal, Weibull
from salessim.model.plan import Curve, Customers, Model, OpenDeals, Pipeline, Rate, Source, Stage
from tests.models import w1

START = date(2027, 1, 1)


def months(count):
    return Timeline(start=START, period=Span(value=1, unit="month"), periods=count, judged=count)


def one_stage(*, law, age=0.0, deals=0, amount=None, customers=None, sources=(), periods=3):
    stage = Stage(name="s", conversion=0.5, cycle_time=law, loss_time=law)
    return Model(
        title="one stage",
        currency="USD",
        timeline=months(periods),
        pipelines=(Pipeline(name="p", stages=(stage,), amount=amount or Fixed(value=1.0)),),
        sources=sources,
        customers=customers,
        open_deals=OpenDeals(
            ids=tuple(f"d{k}" for k in range(deals)),
            stages=("p.s",) * deals,
            age_days=np.full(deals, float(age)),
            amounts=np.full(deals, np.nan),
            buyer_is_new=np.zeros(deals, bool),
        ),
    )


@pytest.mark.parametrize("age", [0.0, 600.0, 700.0, 1e5])
def test_a_law_without_memory_never_ages(age):
    model = one_stage(law=Exponential(mean=1.0), age=age, deals=1000)
    program = lower(model)
    assert program.facts.stuck_open_deals == 0
    young = run(lower(one_stage(law=Exponential(mean=1.0), deals=1000)), trajectories=1, seed=1)
    np.testing.assert_array_equal(run(program, trajectories=1, seed=1).wins, young.wins)


def test_deals_older_than_every_law_are_stuck_and_counted():
    program = lower(one_stage(law=Fixed(value=10.0), age=10.5, deals=7))
    assert program.facts.stuck_open_deals == 7
    assert run(program, trajectories=3, seed=1).flows.sum() == 0


def test_one_table_serves_every_tenure_of_a_law_without_memory():
    ids = tuple(f"c{k}" for k in range(50))
    ages = np.arange(50.0) * 100
    memoryless = Customers(lifetime=Exponential(mean=3.0), ids=ids, tenure_days=ages)
    ageing = Customers(lifetime=Weibull(scale=3000, shape=2), ids=ids, tenure_days=ages)
    law = Fixed(value=1.0)
    few = lower(one_stage(law=law, customers=memoryless)).arrays.tables.residual
    many = lower(one_stage(law=law, customers=ageing)).arrays.tables.residual
    # Besides *never*: none of the law without memory, and one for each age above 0 of the other.
    assert (len(few), len(many)) == (1, 50)


def test_an_open_deal_of_age_0_draws_from_the_tables_of_a_fresh_one():
    arrays = lower(one_stage(law=Lognormal(median=30.0, sigma=1.0), deals=3)).arrays
    np.testing.assert_array_equal(-1 - arrays.open_deals.law[0, :2], arrays.stages.law[0, :2])
    np.testing.assert_array_equal(arrays.open_deals.outcomes[0], [0.5, 1, 1, 1, 1, 1])


def test_a_tenure_that_no_lifetime_allows_is_refused():
    customers = Customers(
        lifetime=Fixed(value=300.0), ids=("a", "b"), tenure_days=np.array([10.0, 400.0])
    )
    with pytest.raises(SalessimError, match=r"1 customers have been there for 400 days or more"):
        lower(one_stage(law=Fixed(value=1.0), customers=customers))


@pytest.mark.parametrize(
    "amount", [Lognormal(median=1e6, sigma=5.0), Fixed(value=1e16)], ids=["spread", "size"]
)
def test_money_that_passes_an_integer_is_refused(amount):
    sources = (
        Source(
            name="x", kind="external", pipeline="p", rate=Rate(per_month=2e4), buyer_is_new=False
        ),
    )
    with pytest.raises(SalessimError, match="state amounts in a larger unit"):
        lower(one_stage(law=Fixed(value=1.0), amount=amount, sources=sources))


def source(**given):
    whole = {"name": "x", "kind": "external", "pipeline": "p", "buyer_is_new": False}
    return Source(**{**whole, "rate": Rate(per_month=5.0), **given})


@pytest.mark.parametrize("kind", ["external", "customer"])
def test_growth_after_a_source_has_closed_costs_nothing(kind):
    wild = source(kind=kind, growth_per_month=100.0, ends=date(2027, 2, 1))
    customers = Customers(lifetime=Exponential(mean=900.0), ids=("a",))
    model = one_stage(law=Fixed(value=1.0), customers=customers, sources=(wild,), periods=240)
    cube = run(lower(model), trajectories=20, seed=1)
    entered = cube.flows[:, :, 0, 0]
    assert entered[:, 0].sum() > 0
    assert entered[:, 1:].sum() == 0


def test_more_leads_than_anyone_waits_for_are_refused():
    one_day = source(rate=Rate(per_day=1e6), starts=date(2027, 1, 5), ends=date(2027, 1, 6))
    with pytest.raises(SalessimError, match="draw 31,000,000 leads a trajectory"):
        lower(one_stage(law=Fixed(value=1.0), sources=(one_day,)))
    steady = source(rate=Rate(per_day=1e6))
    with pytest.raises(SalessimError, match="expected stage entries"):
        lower(one_stage(law=Fixed(value=1.0), sources=(steady,)))


def test_rates_that_differ_a_millionfold_find_their_cells():
    # Events crowd into one month of twelve: the guide's buckets span many cells there.
    season = (1e-7,) * 5 + (1.0,) + (1e-7,) * 6
    own = source(kind="customer", rate=Rate(per_day=1.0), season=season, starts=date(2027, 3, 9))
    customers = Customers(lifetime=Exponential(mean=5000.0), ids=tuple("abcdefgh"))
    model = one_stage(law=Fixed(value=0.0), customers=customers, sources=(own,), periods=24)
    entered = run(lower(model), trajectories=40, seed=1).flows[:, :, 0, 0].mean(axis=0)
    summer = np.arange(24) % 12 == 5
    # 8 customers, 30 days at one a day: 240 and a standard error of 2.5; 9 of them is 6e-19.
    assert abs(entered[5] - 8 * 30 * np.exp(-165 / 5000)) < 23
    assert entered[~summer].sum() < 0.1


@pytest.mark.parametrize("factor", [1e6, 1e12, 1e24])
def test_visits_after_a_pace_beyond_measure_take_their_time(factor):
    leads = source(rate=Rate(per_day=2.0))
    model = one_stage(law=Fixed(value=20.0), sources=(leads,), periods=6)
    fast = Curve(
        kind="pace",
        pipeline="p",
        stage=None,
        starts=date(2027, 2, 1),
        ends=date(2027, 3, 1),
        factor=factor,
    )
    flows = run(lower(replace(model, curves=(fast,))), trajectories=20, seed=1).flows
    entered, left = flows[:, :, 0, 0], flows[:, :, 0, 1:].sum(axis=-1)
    # nobody is in the stage at the end of February, and 20 days' entries at that of March
    np.testing.assert_array_equal(left[:, :2].sum(axis=1), entered[:, :2].sum(axis=1))
    assert (left[:, 2] < 0.7 * entered[:, 2]).all()
    assert (left[:, 2] > 0).all()
    assert (left[:, 3:] > 0).all()


def test_purposes_differ_and_clashes_are_refused():
    names = [("visit", f"p.s{k}") for k in range(1000)]
    assert len(set(purposes(names, visits=[1] * 1000))) == 1000
    with pytest.raises(SalessimError, match="rename it"):
        purposes([("visit", "p.s")] * 2, visits=[1, 1])
    # so many visits of a thousand stages cannot all have numbers of their own
    with pytest.raises(SalessimError, match="rename it"):
        purposes(names, visits=[1 << 22] * 1000)


def test_lifetimes_without_a_mean_have_no_reproduction_number():
    customers = Customers(lifetime=LogLogistic(median=300, shape=0.9), ids=())
    refer = source(kind="customer", buyer_is_new=True, rate=Rate(per_month=0.01))
    facts = lower(one_stage(law=Fixed(value=1.0), customers=customers, sources=(refer,))).facts
    assert facts.reproduction_number is None


def test_w1_facts_are_what_paper_says():
    facts = lower(w1()).facts
    win_rate = 0.4 * 0.6 * 0.65 * 0.6 * 0.8
    assert facts.reproduction_number == pytest.approx(720 / 360 * win_rate)
    assert facts.logo_retention == pytest.approx(np.exp(-365.25 / 720))
    deals = 200 / 30 * win_rate * 12_000 * np.exp(0.81 / 2)
    own = 500 / 360 * win_rate * 12_000 * np.exp(0.81 / 2)
    upsell = 500 / 180 * 0.35 * 4_000 * np.exp(0.49 / 2)
    assert facts.run_rate_per_month == pytest.approx((deals + own + upsell) * 30.4375)


def test_more_origins_than_a_tag_can_hold_are_refused(monkeypatch):
    # the package's `lower` is the function, so the module goes by its full name
    monkeypatch.setattr(sys.modules["salessim.lowering.lower"], "MOST_ORIGINS", 3)
    lower(one_stage(law=Fixed(value=1.0), sources=(source(),)))
    with pytest.raises(SalessimError, match="at most 3 origins"):
        lower(one_stage(law=Fixed(value=1.0), sources=(source(), source(name="y"))))
