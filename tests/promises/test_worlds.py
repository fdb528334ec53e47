"""The promises about worlds: without variance they change nothing, and nothing moves another."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.config import load_plan
from salessim.engine import chunks, run
from salessim.lowering import lower
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.worlds import make_worlds
from salessim.model.plan import Shock
from tests.examples import examples
from tests.models import models
from tests.promises.test_promises import FIELDS, assert_same
from tests.worlds import certain, everything, healthy, in_worlds, plain, shocked, uncertain

CONFIGS = Path(__file__).parents[2] / "configs"
PLAN = everything()
FIXED = certain()


def walked(model, *, trajectories=5, seed=7, worlds=None):
    return run(lower(model), trajectories=trajectories, seed=seed, threads=1, worlds=worlds)


@pytest.fixture(scope="module")
def baseline():
    return walked(PLAN)


def test_worlds_differ_in_the_baseline(baseline):
    assert len(PLAN.uncertain) > 80
    assert (baseline.flows != walked(FIXED).flows).any(axis=(1, 2, 3)).all()


def test_numbers_without_variance_change_nothing_to_the_bit():
    model = uncertain(FIXED, sd=0.0)
    assert len(model.uncertain) == len(PLAN.uncertain)
    assert_same(walked(model), walked(FIXED))


def test_shocks_without_effect_change_nothing_to_the_bit():
    assert_same(walked(shocked(FIXED, size=0.0)), walked(FIXED))
    silent = Shock(name="silent", persistence=0.5)
    assert_same(walked(replace(FIXED, shocks=(silent,))), walked(FIXED))


def test_all_held_in_the_middle_is_the_plan_of_the_middle_values():
    model = uncertain(FIXED, sd=0.3)
    held = dict.fromkeys([number.address for number in model.uncertain], 0.0)
    found = walked(model, worlds=WorldSeeds(held=held | {"customers.health": 0.0}))
    wanted = walked(plain(model, {}), worlds=WorldSeeds(held={"customers.health": 0.0}))
    assert_same(found, wanted)


@examples(25)
@given(model=in_worlds(models()))
def test_random_plans_held_in_the_middle_are_plans_of_the_middle_values(model):
    model = replace(model, shocks=(), correlations=())
    middle = {"customers.health": 0.0} if model.customers.health else {}
    held = dict.fromkeys([number.address for number in model.uncertain], 0.0)
    found = walked(model, trajectories=2, worlds=WorldSeeds(held=held | middle))
    wanted = walked(plain(model, {}), trajectories=2, worlds=WorldSeeds(held=middle))
    assert_same(found, wanted)


@pytest.mark.parametrize("largest", [1, 2, 5])
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_chunks_change_nothing(baseline, threads, largest, monkeypatch):
    monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
    assert_same(run(lower(PLAN), trajectories=5, seed=7, threads=threads), baseline)


def test_executors_change_nothing(baseline):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert_same(run(lower(PLAN), trajectories=5, seed=7, executor=pool), baseline)


def test_the_number_of_trajectories_changes_none_of_them(baseline):
    few = walked(PLAN, trajectories=2)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(few, field), getattr(baseline, field)[:2])


def test_small_buffers_are_grown_and_nothing_is_cut(baseline, monkeypatch):
    monkeypatch.setattr(chunks, "_sizes", lambda _: (20, 40))
    assert_same(walked(PLAN), baseline)


@examples(25)
@given(model=in_worlds(models()), more=st.integers(1, 3))
def test_a_longer_horizon_changes_nothing_before_its_old_end(model, more):
    periods = model.timeline.periods
    timeline = replace(model.timeline, periods=periods + more, judged=periods + more)
    short = walked(model, trajectories=2)
    long = walked(replace(model, timeline=timeline), trajectories=2)
    for field in FIELDS[:-1]:
        np.testing.assert_array_equal(
            getattr(long, field)[:, :periods], getattr(short, field), field
        )


def test_the_order_of_shocks_changes_nothing(baseline):
    turned = replace(PLAN, shocks=PLAN.shocks[::-1])
    assert_same(walked(turned), baseline)


RENEWAL = "pipelines.renewal"


def test_one_more_uncertain_number_moves_no_other():
    # only a pipeline has it that brings no customers who would bring others
    events, partners, referral, renewals = FIXED.sources
    sources = (events, partners, referral, replace(renewals, buyer_is_new=False))
    deals = replace(FIXED.open_deals, buyer_is_new=np.zeros(24, bool))
    model = replace(FIXED, sources=sources, open_deals=deals)
    some = uncertain(model, sd=0.2, where=("pipelines.sale", "sources", "customers"))
    more = uncertain(model, sd=0.2, where=("pipelines.sale", "sources", "customers", RENEWAL))
    before, after = walked(some), walked(more)
    sale = [k for k, name in enumerate(lower(model).stages) if name.startswith("sale")]
    np.testing.assert_array_equal(after.flows[:, :, sale], before.flows[:, :, sale])
    np.testing.assert_array_equal(after.bookings[:, :, 0], before.bookings[:, :, 0])
    np.testing.assert_array_equal(after.leads, before.leads)
    assert (after.bookings[:, :, 1] != before.bookings[:, :, 1]).any()


def test_one_more_shock_moves_no_other():
    # it moves amounts of one pipeline: all else is as it was
    model = shocked(healthy(FIXED), size=0.2)
    prices = Shock(name="prices", persistence=0.5, amount=(("renewal", 0.5),))
    before, after = walked(model), walked(replace(model, shocks=(prices, *model.shocks)))
    assert_same(
        after, before, fields=[name for name in FIELDS if name not in {"bookings", "by_health"}]
    )
    np.testing.assert_array_equal(after.bookings[:, :, 0], before.bookings[:, :, 0])
    assert (after.bookings[:, :, 1] != before.bookings[:, :, 1]).any()


def test_the_same_worlds_have_other_luck(baseline):
    assert_same(walked(PLAN, worlds=WorldSeeds(seed=7)), baseline)
    program, worlds = lower(PLAN), WorldSeeds(seed=99)
    one, other = (make_worlds(program, seed, 0, 5, worlds) for seed in (7, 8))
    for name, array in one._asdict().items():
        np.testing.assert_array_equal(array, getattr(other, name), name)
    one, other = (walked(PLAN, seed=seed, worlds=worlds) for seed in (7, 8))
    assert (one.flows != other.flows).any(axis=(1, 2, 3)).all()


def test_what_is_drawn_anew_moves_no_other_input(baseline):
    # the rate of one source: the leads of the other stay, and so does all that its deals meet
    events = "sources.events.rate.per_month"
    program = lower(PLAN)
    before, after = (
        make_worlds(program, 7, 0, 5, WorldSeeds(redrawn=redrawn)) for redrawn in ({}, {events: 8})
    )
    for name, array in before._asdict().items():
        if name != "mean":
            np.testing.assert_array_equal(array, getattr(after, name), name)
    redrawn = walked(PLAN, worlds=WorldSeeds(redrawn={events: 8}))
    np.testing.assert_array_equal(redrawn.leads[..., 1], baseline.leads[..., 1])
    assert (redrawn.leads[..., 0] != baseline.leads[..., 0]).any(axis=1).all()
    with pytest.raises(ValueError, match="no input"):
        walked(PLAN, worlds=WorldSeeds(redrawn={"sources.events": 8}))


CERTAIN = {
    "sources.outbound.rate": ("200 per month", "200 per month"),
    "pipelines.new_business.stages.qualified.conversion": (0.6, 0.6),
    "pipelines.new_business.stages.qualified.cycle_time.lognormal.sigma": (0.7, 0.7),
    "pipelines.new_business.amount.lognormal.median": (12_000, 12_000),
}
"""Both percentiles of some numbers of a plan: they are the same."""


def test_an_interval_without_length_is_a_number():
    plan = load_plan(CONFIGS / "saas.toml")
    stated = plan.with_({key: low for key, (low, _) in CERTAIN.items()})
    between = plan.with_({key: {"p05": low, "p95": high} for key, (low, high) in CERTAIN.items()})
    assert between.model.uncertain == stated.model.uncertain
    assert lower(between.model).sha256 == lower(stated.model).sha256
