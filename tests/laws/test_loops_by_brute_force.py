"""Exact means with loops and curves against deals moved one visit at a time in plain NumPy."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from salessim.lowering.renewal import expected
from salessim.model.laws import Empirical, Exponential, Fixed, Gamma, Lognormal, Uniform, Weibull
from salessim.model.plan import Back, Curve, NoDecision, Parked, Slip
from tests.laws.brute_force import BruteForce
from tests.laws.small_models import external, open_deals, per_day, sale, stage, timeline
from tests.statistics import assert_sample_mean

START = date(2027, 1, 1)
DEALS = 100_000
PERIODS, LENGTH = 8, 30
END = PERIODS * LENGTH
ROOMS = ["first", "second"]


def looping(**changes):
    first = stage(
        "first",
        conversion=0.55,
        cycle_time=Lognormal(median=12.0, sigma=0.8),
        loss_time=Weibull(scale=30.0, shape=1.4),
        slip=Slip(probability=0.25, by=Uniform(low=10.0, high=40.0)),
        parked=Parked(
            share=0.3, to="first", after=Fixed(value=6.25), rest=Uniform(low=20.0, high=100.0)
        ),
    )
    second = stage(
        "second",
        conversion=0.45,
        cycle_time=Gamma(mean=18.0, shape=2.5),
        loss_time=Exponential(mean=25.0),
        no_decision=NoDecision(share=0.2, after=Exponential(mean=60.0)),
        back=Back(share=0.35, to="first", after=Empirical(values=(3.5, 9.5), weights=(2.0, 1.0))),
        parked=Parked(
            share=0.2, to="second", after=Lognormal(median=5.0, sigma=1.0), rest=Fixed(value=45.5)
        ),
        slip=Slip(probability=0.3, by=Lognormal(median=20.0, sigma=0.4)),
        stuck_share=0.1,
    )
    model = sale(first, second, time=timeline(PERIODS, length=LENGTH), **changes)
    return replace(model, curves=CURVES)


def curve(kind, begin, end, factor, room=None):
    days = [None if k is None else START + timedelta(days=k) for k in (begin, end)]
    return Curve(
        kind=kind, pipeline="sale", stage=room, starts=days[0], ends=days[1], factor=factor
    )


CURVES = (
    curve("conversion", -5, 100, 1.6),
    curve("conversion", 60, 170, 0.5, "second"),
    curve("pace", 40, 90, 1.7),
    curve("pace", 75, 130, 0.3, "first"),
    curve("pace", 140, 150, 0.0),
)


def assert_means(simulation, found, *, deals):
    """Compare wins, entries and slips by period; false-alarm rate 1e-6 in all."""
    flows = simulation.flows
    samples = np.concatenate([simulation.won[:, :, None], flows[..., 0], flows[..., 6]], axis=2)
    exact = np.hstack([found.wins, found.entered, found.slipped]) / deals
    assert_sample_mean(samples, exact)


@pytest.fixture(scope="module")
def new_deals():
    """What new deals do, each born at some time of the simulated."""
    random = np.random.default_rng(1)
    simulation = BruteForce(looping(), random, DEALS)
    simulation.enter(np.arange(DEALS), 0, random.uniform(0.0, END, DEALS))
    return simulation


def test_new_deals(new_deals):
    model = looping(sources=[external(rate=per_day(2.0))])
    assert_means(new_deals, expected(model), deals=2.0 * END)


@pytest.mark.parametrize(("index", "age"), [(0, 21.3), (1, 8.1), (1, 60.0)])
def test_open_deals(index, age):
    model = looping(deals=open_deals(1, age=age, room=ROOMS[index]))
    simulation = BruteForce(model, np.random.default_rng([2, index]), DEALS)
    simulation.open_deals(index, age)
    assert_means(simulation, expected(model), deals=1.0)


@pytest.mark.parametrize("error", ["slip", "share", "rest", "pace", "odds"])
def test_planted_errors_are_caught(error, new_deals):
    model = looping(sources=[external(rate=per_day(2.0))])
    first, second = model.pipelines[0].stages
    if error == "slip":
        first = replace(first, slip=replace(first.slip, probability=0.27))
    elif error == "share":
        second = replace(second, back=replace(second.back, share=0.43), stuck_share=0.02)
    elif error == "rest":
        first = replace(first, parked=replace(first.parked, rest=Uniform(low=5.0, high=40.0)))
    else:
        more = {"pace": curve("pace", 0, 40, 1.3), "odds": curve("conversion", 170, 240, 1.3)}
        model = replace(model, curves=(*CURVES, more[error]))
    pipeline = replace(model.pipelines[0], stages=(first, second))
    wrong = expected(replace(model, pipelines=(pipeline,)))
    with pytest.raises(AssertionError, match="standard errors"):
        assert_means(new_deals, wrong, deals=2.0 * END)
