"""The promises again where deals come back, time has a pace, and months differ in their level."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.engine import chunks, run
from salessim.lowering.lower import lower
from salessim.model.laws import Exponential, Fixed, Lognormal, Uniform
from salessim.model.plan import Back, Curve, Parked, Pipeline, Rate, Slip, Source, Stage
from tests.examples import examples
from tests.laws.small_models import INSTANT, timeline
from tests.laws.test_means import every_way_model
from tests.models import models
from tests.promises.test_promises import FIELDS, assert_same

PLAN = every_way_model()
SALE, RENEWAL = PLAN.pipelines
EVENTS = PLAN.sources[0]


def walked(model, *, trajectories=5):
    return run(lower(model), trajectories=trajectories, seed=7, threads=1)


@pytest.fixture(scope="module")
def baseline():
    return walked(PLAN)


def test_deals_come_back_in_the_baseline(baseline):
    back, parked, slipped = baseline.flows[..., 4:].sum(axis=(0, 1, 2))
    assert min(back, parked, slipped, baseline.slipped.sum()) > 20


@pytest.mark.parametrize("largest", [1, 2, 5])
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_chunks_change_nothing(baseline, threads, largest, monkeypatch):
    monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
    assert_same(run(lower(PLAN), trajectories=5, seed=7, threads=threads), baseline)


def test_the_number_of_trajectories_changes_none_of_them(baseline):
    few = walked(PLAN, trajectories=2)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(few, field), getattr(baseline, field)[:2])


@examples(40)
@given(model=models(), deals=st.integers(1, 40), more=st.integers(1, 40))
def test_small_buffers_are_grown_and_nothing_is_cut(model, deals, more):
    program = lower(model)
    whole = run(program, trajectories=3, seed=7, threads=1)
    with mock.patch.object(chunks, "_sizes", return_value=(deals, deals + more)):
        assert_same(run(program, trajectories=3, seed=7, threads=1), whole)


def test_the_order_of_input_rows_changes_nothing():
    order = np.random.default_rng(5).permutation(len(PLAN.open_deals.ids))
    deals, people = PLAN.open_deals, PLAN.customers
    shuffled = replace(
        deals,
        ids=tuple(deals.ids[i] for i in order),
        stages=tuple(deals.stages[i] for i in order),
        **{name: getattr(deals, name)[order] for name in ("age_days", "amounts", "buyer_is_new")},
    )
    backwards = replace(
        people,
        ids=people.ids[::-1],
        tenure_days=people.tenure_days[::-1],
        segment_of=people.segment_of[::-1],
    )
    program = lower(replace(PLAN, open_deals=shuffled, customers=backwards))
    assert program.sha256 == lower(PLAN).sha256
    mixed = replace(people, segment_of=people.segment_of[::-1])
    assert lower(replace(PLAN, customers=mixed)).sha256 != program.sha256


def never(law=Fixed(value=9.0)):  # noqa: B008  (a law is frozen)
    """Ways of a deal that no deal goes."""
    return {
        "slip": Slip(probability=0.0, by=law),
        "back": Back(share=0.0, to="lead", after=law),
        "parked": Parked(share=0.0, to="lead", after=law, rest=law),
    }


def test_ways_that_no_deal_goes_change_nothing_to_the_bit():
    pipeline = replace(SALE, stages=tuple(plain(stage) for stage in SALE.stages))
    lead = Stage(
        name="lead",
        conversion=0.8,
        cycle_time=Lognormal(median=9.0, sigma=0.5),
        loss_time=Exponential(mean=9.0),
    )
    before = replace(PLAN, pipelines=(replace(pipeline, stages=(lead, *pipeline.stages)), RENEWAL))
    rooms = tuple(replace(stage, **never()) for stage in pipeline.stages)
    after = replace(before, pipelines=(replace(pipeline, stages=(lead, *rooms)), RENEWAL))
    assert_same(walked(after), walked(before))
    rooms = (replace(rooms[0], slip=Slip(probability=0.01, by=Fixed(value=9.0))), *rooms[1:])
    after = replace(before, pipelines=(replace(pipeline, stages=(lead, *rooms)), RENEWAL))
    assert (walked(after).flows != walked(before).flows).any()


def plain(stage):
    return replace(stage, slip=None, back=None, parked=None)


def test_another_stages_slips_move_no_deal_before_it_nor_beside_it():
    # leads to two pipelines, and nobody comes back from the last stage to the first
    first, last = SALE.stages
    beside = Pipeline(name="beside", stages=SALE.stages, amount=SALE.amount, segment="small")
    leads = (EVENTS, replace(EVENTS, name="fairs", pipeline="beside"))
    model = replace(PLAN, sources=leads)

    def slipping(probability):
        changed = replace(last, back=None, slip=Slip(probability=probability, by=last.slip.by))
        pipeline = replace(SALE, stages=(first, changed))
        return walked(replace(model, pipelines=(pipeline, RENEWAL, beside)))

    often, seldom = slipping(0.3), slipping(0.2)
    others = [0, 2, 3, 4]
    np.testing.assert_array_equal(often.flows[:, :, others], seldom.flows[:, :, others])
    np.testing.assert_array_equal(often.bookings[:, :, 1:], seldom.bookings[:, :, 1:])
    assert (often.flows[:, :, 1] != seldom.flows[:, :, 1]).any()


@pytest.mark.parametrize("change", ["slip", "rest", "pace", "cycle time"])
def test_another_time_moves_no_outcome(change):
    # no deal comes late enough for the end to matter, and conversion is the same on all days
    first, last = SALE.stages
    leads = replace(EVENTS, ends=date(2027, 3, 1))
    model = replace(
        PLAN, sources=(leads,), curves=(), timeline=timeline(60, start=date(2027, 1, 12))
    )
    slower = first
    if change == "slip":
        slower = replace(first, slip=replace(first.slip, by=Uniform(low=30.0, high=50.0)))
    elif change == "rest":
        slower = replace(first, parked=replace(first.parked, rest=Fixed(value=77.0)))
    elif change == "cycle time":
        slower = replace(first, cycle_time=Lognormal(median=30.0, sigma=0.8))
    halved = Curve(
        kind="pace", pipeline="sale", stage="first", starts=date(2027, 2, 1), ends=None, factor=0.5
    )
    later = replace(
        model,
        pipelines=(replace(SALE, stages=(slower, last)), RENEWAL),
        curves=(halved,) if change == "pace" else (),
        # an old deal's outcome depends on what its time could have been
        open_deals=replace(model.open_deals, age_days=np.zeros(24)),
    )
    model = replace(model, open_deals=later.open_deals)
    before, after = walked(model), walked(later)
    assert (before.flows[:, 50:] == 0).all()
    assert (after.flows[:, 50:] == 0).all()
    np.testing.assert_array_equal(after.flows.sum(axis=1), before.flows.sum(axis=1))
    np.testing.assert_array_equal(after.bookings.sum(axis=1), before.bookings.sum(axis=1))
    assert (after.flows != before.flows).any()


CAMPAIGN = ((date(2027, 4, 11), 1.5), (date(2027, 5, 21), 1.0))


def test_a_campaign_adds_leads_on_its_days_and_moves_none():
    by_day = replace(PLAN, timeline=timeline(200, length=1, start=date(2027, 1, 12)))

    def leads(**changes):
        return walked(replace(by_day, sources=(replace(EVENTS, **changes), *PLAN.sources[1:])))

    without, with_it = leads(campaign=()), leads(campaign=CAMPAIGN)
    more = with_it.leads - without.leads
    begin, end = ((day - by_day.timeline.start).days for day, _ in CAMPAIGN)
    assert (more >= 0).all()
    assert (more[:, begin:end, 0].sum(axis=1) > 0).all()
    assert not np.delete(more, np.s_[begin:end], axis=1).any()
    assert not more[:, :, 1].any()
    # nor does over-dispersion reach other sources
    even = leads(campaign=CAMPAIGN, over_dispersion=0.0)
    np.testing.assert_array_equal(even.leads[:, :, 1], with_it.leads[:, :, 1])
    assert (even.leads[:, :, 0] != with_it.leads[:, :, 0]).any()


def test_one_more_deal_source_or_pipeline_moves_no_other(baseline):
    deals = PLAN.open_deals
    one_more = replace(
        deals,
        ids=(*deals.ids, "one more"),
        stages=(*deals.stages, "sale.last"),
        age_days=np.append(deals.age_days, 1.0),
        amounts=np.append(deals.amounts, 77.0),
        buyer_is_new=np.append(deals.buyer_is_new, False),
    )
    more = walked(replace(PLAN, open_deals=one_more))
    assert (more.flows >= baseline.flows).all()
    np.testing.assert_array_equal(more.bookings[..., 1:], baseline.bookings[..., 1:])
    np.testing.assert_array_equal(
        more.bookings - baseline.bookings, 7700 * (more.wins - baseline.wins)
    )

    beside = Pipeline(name="beside", stages=SALE.stages, amount=SALE.amount, segment="small")
    fairs = Source(
        name="fairs",
        kind="external",
        pipeline="beside",
        rate=Rate(per_day=1.0),
        buyer_is_new=False,
        over_dispersion=1.0,
    )
    wider = walked(replace(PLAN, pipelines=(beside, SALE, RENEWAL), sources=(fairs, *PLAN.sources)))
    np.testing.assert_array_equal(wider.flows[:, :, 2:], baseline.flows)
    np.testing.assert_array_equal(wider.slipped[:, :, 1:, [0, 1, 3, 4]], baseline.slipped)
    np.testing.assert_array_equal(wider.leads[..., 1:], baseline.leads)


def test_without_a_sub_sum_and_without_a_source_are_the_same_thing(baseline):
    own = tuple(source for source in PLAN.sources if source.kind == "customer")
    base_only = walked(replace(PLAN, sources=own))
    for field in ("bookings", "wins", "new_customers", "lost_customers", "slipped"):
        np.testing.assert_array_equal(
            getattr(base_only, field), getattr(baseline, field)[..., :2], field
        )
    assert base_only.slipped.sum() > 0


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_sure_stage_that_takes_no_time_changes_nothing_to_the_bit(baseline, at):
    # also when deals come back through it, and while time stands still
    sure = Stage(name="sure", conversion=1.0, cycle_time=INSTANT, loss_time=INSTANT)
    pipeline = replace(SALE, stages=(*SALE.stages[:at], sure, *SALE.stages[at:]))
    longer = walked(replace(PLAN, pipelines=(pipeline, RENEWAL)))
    assert_same(longer, baseline, fields=FIELDS[:6])
    np.testing.assert_array_equal(np.delete(longer.flows, at, axis=2), baseline.flows)
