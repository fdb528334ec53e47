"""The walk itself against deals moved one visit at a time in plain NumPy: all that it counts.

A trajectory of one open deal tells the whole law of what a deal does, not only the means.
"""

from dataclasses import replace

import numpy as np
import pytest

from salessim.model.plan import Slip
from tests.laws.brute_force import KINDS, BruteForce
from tests.laws.shares import FEWEST, assert_same_shares
from tests.laws.small_models import external, needs_machine_code, open_deals, per_day, simulate
from tests.laws.test_loops_by_brute_force import END, ROOMS, looping
from tests.statistics import assert_mean

pytestmark = needs_machine_code

DEALS = 60_000
TRAJECTORIES = 1500
LEADS = 2.0 * END
MOST = 64
"""Times that one deal does one thing, at most."""
AGES = [(0, 0.0), (0, 21.3), (1, 8.1), (1, 60.0)]


def counted(cube):
    """Return flows, wins and slips of the expected close by period, [trajectory, count]."""
    wins, slipped = (each.sum(axis=(2, 3)) for each in (cube.wins, cube.slipped))
    return np.hstack([flat(cube.flows), wins, slipped])


def moved(simulation):
    """Return the same of each deal."""
    return np.hstack([flat(simulation.flows), simulation.won, simulation.slipped])


def flat(flows):
    return flows.reshape(len(flows), -1)


def assert_same_means(found, deals, *, times=1.0):
    """Compare means of the walk with ``times`` those of a deal; false-alarm rate 1e-6 in all.

    Where fewer than 50 are seen in all, the normal law would not hold: such counts are left out.
    """
    often = found.sum(axis=0) + deals.sum(axis=0) >= 50
    assert often.sum() >= 50
    found, deals = found[:, often] / times, deals[:, often].astype(float)
    variance = found.var(axis=0) / len(found) + deals.var(axis=0) / len(deals)
    assert_mean(found.mean(axis=0), np.sqrt(variance), deals.mean(axis=0))


def assert_same_law(found, deals, *, tests=1):
    """Compare how many deals have each pair of two counts, [deal, 2]."""
    shares = [np.bincount(MOST * x + y, minlength=MOST**2) for x, y in (found.T, deals.T)]
    shares = np.stack(shares)
    rare = shares.sum(axis=0) < 2 * FEWEST
    common = np.hstack([shares[:, ~rare], shares[:, rare].sum(axis=1, keepdims=True)])
    assert_same_shares(*common[:, common.sum(axis=0) > 2 * FEWEST], tests=tests)


@pytest.fixture(scope="module")
def new_deals():
    simulation = BruteForce(looping(), np.random.default_rng(11), DEALS)
    simulation.enter(np.arange(DEALS), 0, simulation.random.uniform(0.0, END, DEALS))
    return moved(simulation)


def leads(model):
    model = replace(model, sources=(external(rate=per_day(2.0)),))
    return counted(simulate(model, trajectories=TRAJECTORIES, seed=12))


def test_new_deals(new_deals):
    assert_same_means(leads(looping()), new_deals, times=LEADS)


@pytest.mark.parametrize(("index", "age"), AGES)
def test_open_deals_do_the_same_in_law(index, age):
    model = looping(deals=open_deals(1, age=age, room=ROOMS[index]))
    cube = simulate(model, trajectories=DEALS, seed=13)
    simulation = BruteForce(model, np.random.default_rng([14, index]), DEALS)
    simulation.open_deals(index, age)
    assert_same_means(counted(cube), moved(simulation))
    # how often each two things happen to one deal: visits must not share their draws
    done, totals = (np.minimum(n.sum(axis=1), MOST - 1) for n in (cube.flows, simulation.flows))
    kinds = [(room, kind) for room in range(2) for kind in range(len(KINDS))]
    seen = [at for at in kinds if totals[:, *at].any()]
    pairs = [(a, b) for k, a in enumerate(seen) for b in seen[:k]]
    for a, b in pairs:
        ours, theirs = (np.stack([n[:, *a], n[:, *b]], axis=1) for n in (done, totals))
        assert_same_law(ours, theirs, tests=len(pairs))


@pytest.mark.parametrize("error", ["slip", "no decision", "expected close"])
def test_planted_errors_are_caught(error, new_deals):
    model = looping()
    first, second = model.pipelines[0].stages
    if error == "slip":
        first = replace(first, slip=Slip(probability=0.28, by=first.slip.by))
    elif error == "no decision":
        second = replace(second, no_decision=replace(second.no_decision, share=0.25))
    found = leads(replace(model, pipelines=(replace(model.pipelines[0], stages=(first, second)),)))
    if error == "expected close":
        # as if each slip left the period after the one it was expected in
        found[:, -7:] = found[:, -8:-1]
    with pytest.raises(AssertionError, match="standard errors"):
        assert_same_means(found, new_deals, times=LEADS)


def test_counts_that_do_not_belong_to_one_deal_are_caught():
    # each by itself is as it should be, but of another deal
    simulation = BruteForce(looping(), np.random.default_rng(15), DEALS)
    simulation.open_deals(0, 0.0)
    totals = simulation.flows.sum(axis=1)
    advanced, entered = totals[:, 0, KINDS.index("advance")], totals[:, 1, 0]
    of_others = np.stack([advanced, np.roll(entered, 1)], axis=1)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_law(np.stack([advanced, entered], axis=1), of_others)
