"""The promises about randomness: each a test of equality, not of closeness."""

from __future__ import annotations

import dataclasses
import os
import platform
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from multiprocessing import get_context

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.engine import chunks, run
from salessim.lowering.lower import lower
from salessim.model.laws import Fixed
from salessim.model.plan import OpenDeals, Pipeline, Rate, Source, Stage
from tests.examples import examples
from tests.models import models, w1

FIELDS = (
    "bookings",
    "wins",
    "new_customers",
    "lost_customers",
    "leads",
    "slipped",
    "flows",
    "by_health",
    "stage_entries",
)
SMALL = w1(periods=2)


def assert_same(a, b, *, fields=FIELDS) -> None:
    for field in fields:
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field), field)


@pytest.fixture(scope="module")
def baseline():
    return run(lower(SMALL), trajectories=5, seed=7, threads=1)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(baseline, threads):
    assert_same(run(lower(SMALL), trajectories=5, seed=7, threads=threads), baseline)


@pytest.mark.parametrize("largest", [1, 2, 5])
def test_chunk_sizes_change_nothing(baseline, largest, monkeypatch):
    monkeypatch.setattr(chunks, "LARGEST_CHUNK", largest)
    monkeypatch.setattr(chunks, "CHUNKS_PER_THREAD", 1)
    assert_same(run(lower(SMALL), trajectories=5, seed=7, threads=1), baseline)


def test_executors_change_nothing(baseline):
    with ThreadPoolExecutor(1) as pool:
        assert_same(run(lower(SMALL), trajectories=5, seed=7, executor=pool), baseline)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert_same(run(lower(SMALL), trajectories=5, seed=7, executor=pool), baseline)


def test_the_number_of_trajectories_changes_none_of_them(baseline):
    few = run(lower(SMALL), trajectories=2, seed=7, threads=1)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(few, field), getattr(baseline, field)[:2])


def test_another_seed_changes_everything(baseline):
    other = run(lower(SMALL), trajectories=5, seed=8, threads=1)
    assert (other.bookings.sum((1, 2, 3)) != baseline.bookings.sum((1, 2, 3))).all()


def test_the_order_of_input_rows_changes_nothing(baseline):
    rng = np.random.default_rng(5)
    deals, customers = SMALL.open_deals, SMALL.customers
    order = rng.permutation(len(deals.ids))
    shuffled = OpenDeals(
        ids=tuple(deals.ids[i] for i in order),
        stages=tuple(deals.stages[i] for i in order),
        age_days=deals.age_days[order],
        amounts=deals.amounts[order],
        buyer_is_new=deals.buyer_is_new[order],
    )
    people = dataclasses.replace(customers, ids=tuple(rng.permutation(customers.ids).tolist()))
    program = lower(dataclasses.replace(SMALL, open_deals=shuffled, customers=people))
    assert program.sha256 == lower(SMALL).sha256
    assert_same(run(program, trajectories=5, seed=7, threads=1), baseline)


def test_small_buffers_are_grown_and_nothing_is_cut(baseline, monkeypatch):
    monkeypatch.setattr(chunks, "_sizes", lambda _: (40, 510))
    assert_same(run(lower(SMALL), trajectories=5, seed=7, threads=1), baseline)


@examples(40)
@given(model=models(), more=st.integers(1, 3))
def test_a_longer_horizon_changes_nothing_before_its_old_end(model, more):
    periods = model.timeline.periods
    timeline = dataclasses.replace(model.timeline, periods=periods + more, judged=periods + more)
    short = run(lower(model), trajectories=2, seed=3, threads=1)
    long = run(lower(dataclasses.replace(model, timeline=timeline)), trajectories=2, seed=3)
    for field in FIELDS[:-1]:
        np.testing.assert_array_equal(
            getattr(long, field)[:, :periods], getattr(short, field), field
        )


def test_one_more_deal_changes_nothing_else(baseline):
    deals = SMALL.open_deals
    stage = "expansion.agree"
    one_more = OpenDeals(
        ids=(*deals.ids, "one more"),
        stages=(*deals.stages, stage),
        age_days=np.append(deals.age_days, 0.0),
        amounts=np.append(deals.amounts, 77.0),
        buyer_is_new=np.append(deals.buyer_is_new, False),
    )
    program = lower(dataclasses.replace(SMALL, open_deals=one_more))
    more = run(program, trajectories=5, seed=7, threads=1)
    assert_same(more, baseline, fields=("new_customers", "lost_customers", "leads"))
    at = program.stages.index(stage)
    extra_flows = more.flows - baseline.flows
    assert (np.delete(extra_flows, at, axis=2) == 0).all()
    # Only the new deal's own win may differ: one in its pipeline, of its origin, of its amount.
    extra_wins = more.wins - baseline.wins
    assert extra_wins.sum() == extra_wins[:, :, 1, 0].sum()
    np.testing.assert_array_equal(extra_wins[:, :, 1, 0], extra_flows[:, :, at, 1])
    np.testing.assert_array_equal(more.bookings - baseline.bookings, extra_wins * 7700)
    assert set(np.unique(extra_flows.sum((1, 2, 3)))) <= {0, 1}
    np.testing.assert_array_equal(more.stage_entries - baseline.stage_entries, 1)


def test_one_more_customer_or_source_or_stage_changes_no_other_draw(baseline):
    people = dataclasses.replace(SMALL.customers, ids=(*SMALL.customers.ids, "one more"))
    more = run(lower(dataclasses.replace(SMALL, customers=people)), trajectories=5, seed=7)
    others = [0, 2]  # what descends from open deals and external leads
    np.testing.assert_array_equal(more.bookings[..., others], baseline.bookings[..., others])

    source = Source(
        name="events",
        kind="external",
        pipeline="expansion",
        rate=Rate(per_month=9),
        buyer_is_new=False,
    )
    wider = run(
        lower(dataclasses.replace(SMALL, sources=(source, *SMALL.sources))), trajectories=5, seed=7
    )
    np.testing.assert_array_equal(wider.bookings[..., [0, 1, 3]], baseline.bookings)
    np.testing.assert_array_equal(wider.leads[..., 1:], baseline.leads)

    # A customer source with dates of its own: not even the rounding of others may change.
    own = Source(
        name="repeat",
        kind="customer",
        pipeline="expansion",
        rate=Rate(per_day=1 / 90),
        buyer_is_new=False,
        starts=date(2027, 1, 11),
        ends=date(2027, 2, 20),
    )
    program = lower(dataclasses.replace(SMALL, sources=(own, *SMALL.sources)))
    before, after = lower(SMALL).arrays, program.arrays
    for entity, cumulative in zip(
        before.customer_sources.entity, before.speed_clocks.cumulative, strict=True
    ):
        row = after.customer_sources.entity.tolist().index(entity)
        np.testing.assert_array_equal(after.speed_clocks.cumulative[row], cumulative)
    repeat = run(program, trajectories=5, seed=7)
    np.testing.assert_array_equal(repeat.bookings[:, :, 0], baseline.bookings[:, :, 0])
    assert (repeat.wins[:, :, 1] >= baseline.wins[:, :, 1]).all()

    aside = Pipeline(name="aside", stages=SMALL.pipelines[0].stages, amount=Fixed(value=1.0))
    beside = run(
        lower(dataclasses.replace(SMALL, pipelines=(aside, *SMALL.pipelines))),
        trajectories=5,
        seed=7,
    )
    np.testing.assert_array_equal(beside.bookings[:, :, 1:], baseline.bookings)


def test_a_higher_rate_adds_leads_and_moves_none():
    def leads_at(per_month):
        sources = tuple(
            dataclasses.replace(s, rate=Rate(per_month=per_month), buyer_is_new=False)
            for s in SMALL.sources
            if s.kind == "external"
        )
        model = dataclasses.replace(SMALL, sources=sources)
        return run(lower(model), trajectories=5, seed=7, threads=1)

    few, many = leads_at(200), leads_at(220)
    assert (many.leads >= few.leads).all()
    assert (many.flows >= few.flows).all()
    assert (many.bookings >= few.bookings).all()
    assert many.leads.sum() > few.leads.sum()


def test_a_sure_stage_that_takes_no_time_changes_nothing_to_the_bit(baseline):
    sure = Stage(
        name="sure", conversion=1.0, cycle_time=Fixed(value=0.0), loss_time=Fixed(value=0.0)
    )
    first = SMALL.pipelines[0]
    for at in (0, 2, len(first.stages)):
        rooms = (*first.stages[:at], sure, *first.stages[at:])
        pipelines = (dataclasses.replace(first, stages=rooms), *SMALL.pipelines[1:])
        program = lower(dataclasses.replace(SMALL, pipelines=pipelines))
        longer = run(program, trajectories=5, seed=7, threads=1)
        assert_same(longer, baseline, fields=FIELDS[:5])
        np.testing.assert_array_equal(np.delete(longer.flows, at, axis=2), baseline.flows)


def test_without_a_sub_sum_and_without_a_source_are_the_same_thing(baseline):
    base_only = run(lower(w1(periods=2, external_leads=False)), trajectories=5, seed=7, threads=1)
    np.testing.assert_array_equal(base_only.bookings, baseline.bookings[..., :2])
    np.testing.assert_array_equal(base_only.wins, baseline.wins[..., :2])


@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="there is no machine code to compare")
def test_machines_change_nothing(tmp_path):
    # Another processor, as far as one can be had here: code without vector units and fused sums.
    code = (
        "import hashlib\n"
        "from salessim.engine import run\n"
        "from salessim.lowering.lower import lower\n"
        "from tests.models import w1\n"
        "cube = run(lower(w1(periods=3)), trajectories=5, seed=7, threads=1)\n"
        f"print([hashlib.sha256(getattr(cube, f).tobytes()).hexdigest() for f in {FIELDS}])\n"
    )

    def hashes(**settings):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings}
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment, check=True, capture_output=True).stdout

    plain = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    if platform.machine() != "x86_64":
        plain["NUMBA_CPU_NAME"] = "generic"
    assert hashes(**plain) == hashes()
