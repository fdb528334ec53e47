"""Plans without loops keep their bits: what a release promised, the next one keeps.

The hashes are of version 0.1.0. A change of a plan's numbers needs new ones; a change of the code
that needs new ones breaks the promise, and is to be said in the changelog.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from salessim.config import load_plan
from salessim.engine import run
from salessim.lowering import lower
from tests.laws.small_models import needs_machine_code

pytestmark = needs_machine_code

ROOT = Path(__file__).parents[2]
OF_0_1_0 = {
    "tests/promises/saas_0_1_0": "def5516d89f987ca3e80241091f4714640ee2475fd4809d93f8eae60709d4986",
    "configs/w1": "b4d3b7602d7159132e5ecaa803138d93e9e586319c08dbaf0bb47313b8163be3",
    "configs/w1_base_only": "cf17150a4864e13d65a3b3a9ccbf3f8dc9fe07b2e13160fe296aea8f1719187e",
}


def bits(cube) -> str:
    """Hash of all counts that 0.1.0 knew."""
    digest = hashlib.sha256()
    counts = (cube.bookings, cube.wins, cube.new_customers, cube.lost_customers, cube.leads)
    for array in (*counts, cube.flows[..., :4], cube.stage_entries):
        digest.update(np.ascontiguousarray(array, dtype=np.int64).tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("name", OF_0_1_0)
def test_plans_without_loops_keep_their_bits(name):
    cube = run(lower(load_plan(ROOT / f"{name}.toml").model), trajectories=64, seed=7)
    assert bits(cube) == OF_0_1_0[name]
    assert not cube.flows[..., 4:].any()
    assert not cube.slipped.any()
    cube.wins[3, 1, 0, 0] += 1
    assert bits(cube) != OF_0_1_0[name]
