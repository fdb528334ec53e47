"""Means of a fixed-parameter model equal the renewal-equation answer within Monte Carlo error."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.renewal import expected
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import (
    Exponential,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Pert,
    Uniform,
    Weibull,
)
from salessim.model.plan import (
    Back,
    Curve,
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    Parked,
    Pipeline,
    Rate,
    Segment,
    Slip,
    Source,
    Stage,
)
from tests.statistics import assert_sample_mean

TRAJECTORIES = 20_000
ENTERED, SLIPPED = 0, 6
ROOMS = ["sale.first", "sale.last", "renewal.only"]


def pipelines():
    first = Stage(
        name="first",
        conversion=0.5,
        cycle_time=Lognormal(median=20.0, sigma=0.8),
        loss_time=Pert(low=5.0, mode=20.0, high=80.0),
        no_decision=NoDecision(share=0.3, after=Exponential(mean=60.0)),
        stuck_share=0.1,
    )
    last = Stage(
        name="last",
        conversion=0.6,
        cycle_time=Weibull(scale=25.0, shape=1.5),
        loss_time=LogLogistic(median=30.0, shape=0.9),
    )
    mixture = Mixture(
        weights=(2.0, 1.0), laws=(Gamma(mean=10.0, shape=3.0), Lognormal(median=50.0, sigma=0.3))
    )
    only = Stage(name="only", conversion=0.7, cycle_time=mixture, loss_time=mixture)
    return (
        Pipeline(name="sale", stages=(first, last), amount=Lognormal(median=900.0, sigma=0.6)),
        Pipeline(name="renewal", stages=(only,), amount=Gamma(mean=400.0, shape=2.0)),
    )


def rich_model():
    """Return a plan with every feature of the walk: seasons, growth, dates, ages, tenures."""
    season = tuple(1.0 + 0.05 * k for k in range(12))
    sources = (
        Source(name="events", kind="external", pipeline="sale", rate=Rate(per_month=12.0),
               buyer_is_new=True, growth_per_month=0.04, season=season),
        Source(name="partners", kind="external", pipeline="sale", rate=Rate(per_day=0.3),
               buyer_is_new=False, starts=date(2027, 3, 10), ends=date(2027, 6, 20)),
        Source(name="referral", kind="customer", pipeline="sale", rate=Rate(per_day=1 / 90),
               buyer_is_new=True, season=season),
        Source(name="renewal", kind="customer", pipeline="renewal", rate=Rate(per_month=0.2),
               buyer_is_new=False, starts=date(2027, 2, 15)),
    )  # fmt: skip
    count = 24
    return Model(
        title="rich",
        currency="EUR",
        timeline=Timeline(
            start=date(2027, 1, 12), period=Span(value=1, unit="month"), periods=9, judged=9
        ),
        pipelines=pipelines(),
        sources=sources,
        customers=Customers(
            lifetime=Weibull(scale=300.0, shape=1.6),
            ids=tuple(f"customer {k}" for k in range(30)),
            tenure_days=np.linspace(0.0, 400.0, 30),
        ),
        open_deals=OpenDeals(
            ids=tuple(f"deal {k}" for k in range(count)),
            stages=tuple(ROOMS[k % 3] for k in range(count)),
            age_days=np.repeat([0.0, 15.0, 70.0, 300.0], 6),
            amounts=np.where(np.arange(count) % 2, 1250.5, np.nan),
            buyer_is_new=np.arange(count) % 5 > 0,
        ),
    )


def every_way_model():
    """Return the rich plan with loops, curves, a campaign, over-dispersion and segments."""
    model = rich_model()
    sale, renewal = model.pipelines
    first = replace(
        sale.stages[0],
        slip=Slip(probability=0.25, by=Lognormal(median=15.0, sigma=0.5)),
        parked=Parked(
            share=0.3,
            to="first",
            after=Gamma(mean=6.0, shape=2.0),
            rest=Uniform(low=10.0, high=60.0),
        ),
    )
    last = replace(
        sale.stages[1],
        back=Back(share=0.4, to="first", after=Exponential(mean=5.0)),
        slip=Slip(probability=0.3, by=Gamma(mean=20.0, shape=3.0)),
    )
    events, partners, referral, renewals = model.sources
    campaign = ((date(2027, 2, 20), 1.6), (date(2027, 5, 3), 0.7))
    small = Segment(name="small", lifetime=Exponential(mean=150.0))
    large = Segment(name="large", lifetime=model.customers.lifetime)
    return replace(
        model,
        pipelines=(
            replace(sale, stages=(first, last), segment="small"),
            replace(renewal, segment="large"),
        ),
        sources=(
            replace(events, campaign=campaign, over_dispersion=0.4),
            partners,
            replace(referral, campaign=campaign[:1]),
            replace(renewals, buyer_is_new=True, segment="large"),
        ),
        customers=replace(model.customers, segments=(small, large), segment_of=np.arange(30) % 2),
        curves=(
            curve("sale", None, "conversion", date(2027, 1, 1), date(2027, 4, 15), 1.5),
            curve("sale", "last", "conversion", date(2027, 3, 1), None, 0.6),
            curve("sale", None, "pace", date(2027, 2, 10), date(2027, 5, 20), 1.8),
            curve("sale", "first", "pace", date(2027, 6, 1), date(2027, 6, 20), 0.0),
        ),
    )


def curve(pipeline, stage, kind, starts, ends, factor):
    return Curve(kind=kind, pipeline=pipeline, stage=stage, starts=starts, ends=ends, factor=factor)


def assert_means(cube, exact):
    """Compare six kinds of counts; false-alarm rate 1e-6 in all."""
    gained, lost = (n.sum(axis=(2, 3)) for n in (cube.new_customers, cube.lost_customers))
    assert_sample_mean(cube.wins.sum(axis=3), exact.wins, tests=6)
    assert_sample_mean(cube.bookings.sum(axis=3) / 100, exact.bookings, tests=6)
    assert_sample_mean(cube.flows[..., ENTERED], exact.entered, tests=6)
    assert_sample_mean(cube.flows[..., SLIPPED], exact.slipped, tests=6)
    assert_sample_mean(lost, exact.lost_customers, tests=6)
    active = 30 + np.cumsum(gained - lost, axis=1)
    assert_sample_mean(active, exact.active_customers, tests=6)


@pytest.mark.parametrize("make", [rich_model, every_way_model])
def test_means_of_the_walk_are_the_exact_means(make):
    model = make()
    cube = run(lower(model), trajectories=TRAJECTORIES, seed=20270112)
    assert_means(cube, expected(model))


@pytest.mark.parametrize("error", ["conversion", "rate", "time"])
def test_planted_errors_of_a_few_percent_are_caught(error):
    model = rich_model()
    sale, renewal = model.pipelines
    events, *others = model.sources
    if error == "conversion":
        stages = (replace(sale.stages[0], conversion=0.51), sale.stages[1])
        wrong = replace(model, pipelines=(replace(sale, stages=stages), renewal))
    elif error == "rate":
        wrong = replace(model, sources=(replace(events, rate=Rate(per_month=12.2)), *others))
    else:
        stages = (replace(sale.stages[0], cycle_time=Lognormal(median=21.0, sigma=0.8)),)
        wrong = replace(model, pipelines=(replace(sale, stages=stages + sale.stages[1:]), renewal))
    cube = run(lower(wrong), trajectories=TRAJECTORIES, seed=20270112)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_means(cube, expected(model))


@pytest.fixture(scope="module")
def cube_of_every_way():
    return run(lower(every_way_model()), trajectories=TRAJECTORIES, seed=20270113)


@pytest.mark.parametrize(
    "error", ["slip", "back", "rest", "campaign", "segment", "conversion curve", "pace curve"]
)
def test_planted_errors_in_the_ways_of_a_deal_are_caught(error, cube_of_every_way):
    model = every_way_model()
    sale, renewal = model.pipelines
    first, last = sale.stages
    events, partners, referral, renewals = model.sources
    curves = model.curves
    if error == "slip":
        first = replace(first, slip=replace(first.slip, probability=0.26))
    elif error == "back":
        last = replace(last, back=replace(last.back, share=0.42))
    elif error == "rest":
        first = replace(first, parked=replace(first.parked, rest=Uniform(low=5.0, high=55.0)))
    elif error == "campaign":
        referral = replace(referral, campaign=())
    elif error == "segment":
        renewals = replace(renewals, segment=None)
    elif error == "conversion curve":
        curves = (replace(curves[0], ends=date(2027, 4, 11)), *curves[1:])
    else:
        curves = (*curves[:3], replace(curves[3], ends=date(2027, 6, 17)))
    wrong = replace(
        model,
        pipelines=(replace(sale, stages=(first, last)), renewal),
        sources=(events, partners, referral, renewals),
        curves=curves,
    )
    with pytest.raises(AssertionError, match="standard errors"):
        assert_means(cube_of_every_way, expected(wrong, steps_per_day=1))
