"""The walk equals the slow, obvious reference on the same Program, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.engine import run
from salessim.lowering.lower import lower
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.worlds import make_worlds
from tests.examples import examples
from tests.models import models, w1
from tests.reference import Trajectory
from tests.worlds import everything, in_world, in_worlds

FIELDS = (
    "bookings",
    "wins",
    "new_customers",
    "lost_customers",
    "leads",
    "slipped",
    "flows",
    "by_health",
)


def assert_equal(program, *, seed: int, trajectories: int) -> None:
    cube = run(program, trajectories=trajectories, seed=seed, threads=1)
    worlds = make_worlds(program, seed, 0, trajectories, WorldSeeds())
    for index in range(trajectories):
        world = in_world(program.arrays, worlds, index)
        slow = Trajectory(program, seed=seed, trajectory=index, world=world)
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(cube, field)[index], getattr(slow, field), field)
        assert cube.stage_entries[index] == slow.stage_entries


@examples(80)
@given(model=models(), seed=st.integers(0, 2**64 - 1))
def test_the_walk_equals_the_reference_on_random_plans(model, seed):
    assert_equal(lower(model), seed=seed, trajectories=2)


@examples(60)
@given(model=in_worlds(models()), seed=st.integers(0, 2**64 - 1))
def test_the_walk_equals_the_reference_in_the_worlds_of_random_plans(model, seed):
    assert_equal(lower(model), seed=seed, trajectories=2)


def test_the_walk_equals_the_reference_with_everything_uncertain():
    assert_equal(lower(everything()), seed=7, trajectories=2)


@pytest.mark.parametrize("external_leads", [True, False])
def test_the_walk_equals_the_reference_on_w1(external_leads):
    # A year of it: without machine code this is the slowest test of the suite.
    assert_equal(lower(w1(external_leads=external_leads, periods=6)), seed=7, trajectories=1)


def test_a_planted_error_is_seen():
    program = lower(w1(periods=3))
    program.arrays.stages.conversion[1] += 0.05
    right = run(program, trajectories=1, seed=7, threads=1)
    program.arrays.stages.conversion[1] -= 0.05
    wrong = Trajectory(program, seed=7, trajectory=0)
    assert (right.flows[0] != wrong.flows).any()
