"""What must balance in every trajectory: stocks with flows, parts with the whole."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salessim.engine import run
from salessim.forecast.funnel import LEAVING, stock
from salessim.lowering import lower
from salessim.model.plan import OpenDeals
from tests.laws.small_models import needs_machine_code
from tests.models import models, w1
from tests.reference import SLIP, STUCK, Trajectory

pytestmark = needs_machine_code

SEEDS = st.integers(0, 2**64 - 1)
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


class Rooms(Trajectory):
    """The reference walk, noting when each deal comes into a stage and when it leaves."""

    def __init__(self, program, **which):
        self.visits = []
        self.came = -np.inf
        super().__init__(program, **which)

    def day(self, deal, t):
        """The day that a deal's time is, in whatever clock it is told; inf beyond the end."""
        if not self.before_end(t, deal.piece):
            return np.inf
        return t if deal.piece < 0 else self.day_within(deal, t)

    def enter(self, deal, stage, t):
        self.came = self.day(deal, t)
        super().enter(deal, stage, t)

    def open_deal(self, deal):
        self.came = -np.inf
        super().open_deal(deal)

    def leave(self, deal, stage, outcome, t, *, begun):
        # deals are walked one after the other, so the last arrival is this deal's
        if outcome != SLIP or not self.before_end(t):
            self.visits.append(
                (stage, self.came, np.inf if outcome == STUCK else self.day(deal, t))
            )
        super().leave(deal, stage, outcome, t, begun=begun)

    def there(self, t):
        """Count the deals in each stage just before time t."""
        count = np.zeros(len(self.program.stages), np.int64)
        for stage, came, left in self.visits:
            count[stage] += came < t <= left
        return count


def stocks(program, cube):
    """Deals in each stage at the start and at period ends, from flows alone."""
    at_ends = stock(cube.flows, program.open_at_start)
    at_start = np.broadcast_to(program.open_at_start, at_ends[:, :1].shape)
    return np.concatenate([at_start, at_ends], axis=1)


@EXAMPLES
@given(model=models(), seed=SEEDS)
def test_entered_less_left_is_the_change_of_stock(model, seed):
    """The stock is counted deal by deal, by who is in the room; the flows are the walk's."""
    program = lower(model)
    cube = run(program, trajectories=2, seed=seed, threads=1)
    entered, left = cube.flows[..., 0], cube.flows[..., LEAVING].sum(axis=-1)
    for index in range(2):
        rooms = Rooms(program, seed=seed, trajectory=index)
        there = np.array([rooms.there(t) for t in model.timeline.edges])
        np.testing.assert_array_equal(there[0], program.open_at_start)
        np.testing.assert_array_equal(np.diff(there, axis=0), (entered - left)[index])
        np.testing.assert_array_equal(there, stocks(program, cube)[index])


def assert_flows_fit(program, cube):
    """Check that stages hand over what they say, and that none owes a deal."""
    flows, first = cube.flows, program.arrays.pipelines.first_stage
    assert (stocks(program, cube) >= 0).all()
    for pipeline, (low, high) in enumerate(pairwise(first)):
        came_back = flows[:, :, low + 1 : high, 0] - flows[:, :, low : high - 1, 1]
        assert (came_back >= 0).all()
        sent_back = flows[:, :, low:high, 4:6].sum(axis=(2, 3))
        assert (came_back.sum(axis=2).cumsum(axis=1) <= sent_back.cumsum(axis=1)).all()
        wins = cube.wins[:, :, pipeline].sum(axis=-1)
        np.testing.assert_array_equal(flows[:, :, high - 1, 1], wins)
    visits = flows[..., [0, 6]].sum(axis=(1, 2, 3)) + program.open_at_start.sum()
    np.testing.assert_array_equal(cube.stage_entries, visits)


@EXAMPLES
@given(model=models(), seed=SEEDS)
def test_what_leaves_a_stage_enters_the_next_or_is_won(model, seed):
    program = lower(model)
    assert_flows_fit(program, run(program, trajectories=3, seed=seed, threads=1))


def test_flows_of_w1_fit_and_a_deal_too_many_is_caught():
    program = lower(w1(periods=6))
    cube = run(program, trajectories=200, seed=61)
    assert_flows_fit(program, cube)
    cube.flows[7, 3, 2, 0] += 1
    with pytest.raises(AssertionError):
        assert_flows_fit(program, cube)


NOBODY = OpenDeals(
    ids=(),
    stages=(),
    age_days=np.zeros(0),
    amounts=np.zeros(0),
    buyer_is_new=np.zeros(0, bool),
)


def parts(model):
    """The model with one root of bookings at a time: open deals, customers, each source."""
    own = tuple(s for s in model.sources if s.kind == "customer")
    nobody = None if model.customers.segment_of is None else np.zeros(0, np.int64)
    empty = replace(
        model.customers,
        ids=(),
        tenure_days=np.zeros(0),
        segment_of=nobody,
        alive=None,
        own_rates=(),
    )
    yield replace(model, sources=own, customers=empty)
    yield replace(model, sources=own, open_deals=NOBODY)
    for source in model.sources:
        if source.kind == "external":
            yield replace(model, sources=(source, *own), customers=empty, open_deals=NOBODY)


def assert_parts_sum(whole, alone):
    """Each origin of the whole is what that root gives alone; together they are the whole."""
    for origin, part in enumerate(alone):
        for name in ("bookings", "wins", "new_customers", "slipped"):
            mine = getattr(whole, name)[..., origin]
            np.testing.assert_array_equal(mine, getattr(part, name).sum(axis=-1), name)
    for name in ("bookings", "wins", "new_customers", "lost_customers"):
        total = sum(getattr(part, name).sum(axis=(2, 3)) for part in alone)
        np.testing.assert_array_equal(getattr(whole, name).sum(axis=(2, 3)), total, name)
    np.testing.assert_array_equal(whole.flows, sum(part.flows for part in alone))
    np.testing.assert_array_equal(whole.stage_entries, sum(part.stage_entries for part in alone))


@EXAMPLES
@given(model=models(), seed=SEEDS)
def test_the_sum_over_origins_is_the_total_to_the_cent(model, seed):
    """A plan falls into its roots: each alone books its part, no cent more or less."""
    whole = run(lower(model), trajectories=2, seed=seed, threads=1)
    alone = [run(lower(part), trajectories=2, seed=seed, threads=1) for part in parts(model)]
    assert_parts_sum(whole, alone)


def test_a_cent_too_many_is_caught():
    model = w1(periods=6)
    whole = run(lower(model), trajectories=50, seed=62)
    alone = [run(lower(part), trajectories=50, seed=62) for part in parts(model)]
    assert_parts_sum(whole, alone)
    whole.bookings[3, 2, 0, 1] += 1
    with pytest.raises(AssertionError):
        assert_parts_sum(whole, alone)
