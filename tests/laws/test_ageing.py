"""Deals and customers that are not fresh: what is left of them follows from their laws.

The other side of each comparison is simulated here by brute force: fresh ones drawn from the
laws' own quantile functions, of which those still there at the age are kept.
"""

from dataclasses import replace

import numpy as np
import pytest

from salessim.forecast.funnel import LEAVING
from salessim.model.laws import (
    Exponential,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Uniform,
    Weibull,
)
from salessim.model.plan import NoDecision
from tests.laws.shares import assert_same_shares, assert_shares
from tests.laws.small_models import (
    customers,
    needs_machine_code,
    open_deals,
    sale,
    simulate,
    stage,
)
from tests.laws.small_models import timeline as of

pytestmark = needs_machine_code

PERIODS = 6
EDGES = 30.0 * np.arange(PERIODS + 1)
DEALS, TRAJECTORIES = 200, 2000

ENDS = slice(1, 4)  # advanced, lost, no decision

ROOM = stage(
    conversion=0.4,
    cycle_time=Lognormal(median=25.0, sigma=0.8),
    loss_time=LogLogistic(median=40.0, shape=1.4),
    no_decision=NoDecision(share=0.3, after=Weibull(scale=60.0, shape=1.3)),
    stuck_share=0.1,
)


def ends_of_visits(room, *, age, seed):
    """Count the visits of open deals by outcome and period; the last class: still there."""
    deals = open_deals(DEALS, age=age)
    model = sale(room, time=of(PERIODS), deals=deals)
    flows = simulate(model, trajectories=TRAJECTORIES, seed=seed).flows[:, :, 0, ENDS]
    return with_rest(flows.sum(axis=0).T.ravel())


def with_rest(counts, total=DEALS * TRAJECTORIES):
    return np.append(counts, total - counts.sum())


def fresh_ones_kept(room, *, age, seed):
    """Walk fresh deals until as many as the engine simulates are still there at the age."""
    rng = np.random.default_rng(seed)
    failing = 1.0 - room.conversion
    chances = [
        room.conversion,
        failing * room.lost_share,
        failing * room.no_decision.share,
        failing * room.stuck_share,
    ]
    laws = (room.cycle_time, room.loss_time, room.no_decision.after)
    counts, kept = np.zeros((3, PERIODS), np.int64), 0
    while kept < DEALS * TRAJECTORIES:
        outcome = rng.choice(4, size=400_000, p=chances)
        time = np.full(outcome.size, np.inf)
        for k, law in enumerate(laws):
            chosen = outcome == k
            time[chosen] = law.isf(1.0 - rng.random(chosen.sum()))
        there = np.flatnonzero(time > age)[: DEALS * TRAJECTORIES - kept]
        kept += there.size
        for k in range(3):
            left = time[there][outcome[there] == k] - age
            counts[k] += np.histogram(left, EDGES)[0]
    return with_rest(counts.ravel())


def test_an_open_deal_of_age_0_is_a_fresh_deal_in_law():
    # the same deals stand one sure and instant stage earlier, so they enter the room at time 0
    model = sale(
        stage("door"), replace(ROOM), time=of(PERIODS), deals=open_deals(DEALS, room="door")
    )
    flows = simulate(model, trajectories=TRAJECTORIES, seed=31).flows
    assert (flows[:, 0, 1, 0] == DEALS).all()
    fresh = with_rest(flows[:, :, 1, ENDS].sum(axis=0).T.ravel())
    assert_same_shares(ends_of_visits(ROOM, age=0.0, seed=32), fresh)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_shares(ends_of_visits(ROOM, age=2.0, seed=32), fresh)


@pytest.mark.parametrize("age", [20.0, 60.0])
def test_old_deals_are_the_fresh_ones_that_are_still_there(age):
    brute = fresh_ones_kept(ROOM, age=age, seed=33)
    assert_same_shares(ends_of_visits(ROOM, age=age, seed=34), brute, tests=2)
    # outcomes of fresh deals with their remaining times, the usual shortcut, are caught
    fresh = ends_of_visits(ROOM, age=0.0, seed=34)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_shares(fresh, brute, tests=2)


def test_only_the_age_counts_and_a_wrong_one_is_caught():
    brute = fresh_ones_kept(ROOM, age=30.0, seed=35)
    assert_same_shares(ends_of_visits(ROOM, age=30.0, seed=36), brute)
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_shares(ends_of_visits(ROOM, age=33.0, seed=36), brute)


@pytest.mark.parametrize("age", [0.0, 45.0, 1234.5])
def test_age_does_not_matter_when_all_outcomes_share_one_exponential_law(age):
    law = Exponential(mean=40.0)
    room = stage(
        conversion=0.3,
        cycle_time=law,
        loss_time=law,
        no_decision=NoDecision(share=0.5, after=law),
    )
    within = np.diff(1.0 - np.exp(-EDGES / 40.0))
    exact = np.concatenate([share * within for share in (0.3, 0.35, 0.35)])
    counts = ends_of_visits(room, age=age, seed=37)
    assert_shares(counts, np.append(exact, 1.0 - exact.sum()), tests=3)


def test_age_matters_as_soon_as_one_law_differs():
    law = Exponential(mean=40.0)
    room = stage(conversion=0.3, cycle_time=law, loss_time=Exponential(mean=42.0))
    fresh, old = (ends_of_visits(room, age=age, seed=38) for age in (0.0, 45.0))
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_shares(fresh[fresh > 0], old[fresh > 0])


LIFETIMES = [
    Weibull(scale=200.0, shape=2.0),
    Lognormal(median=120.0, sigma=1.0),
    Mixture(weights=(0.5, 0.5), laws=(Exponential(mean=40.0), Gamma(mean=400.0, shape=2.0))),
    Uniform(low=50.0, high=400.0),
]


def draw(law, size, rng):
    """Draw from a law by inversion; from a mixture by choosing a part first, which is faster."""
    if isinstance(law, Mixture):
        part = rng.choice(len(law.laws), size=size, p=law.weights)
        return np.choose(part, [draw(one, size, rng) for one in law.laws])
    return law.isf(1.0 - rng.random(size))


def leaving(lifetime, *, tenure, seed):
    """Count the customers of the start by the period in which they leave; the last class: stay."""
    base = customers(DEALS, lifetime=lifetime, tenure=tenure)
    model = sale(stage(), time=of(PERIODS), base=base)
    cube = simulate(model, trajectories=TRAJECTORIES, seed=seed)
    return with_rest(cube.lost_customers.sum(axis=(0, 2, 3), dtype=np.int64))


@pytest.mark.parametrize("lifetime", LIFETIMES, ids=lambda law: type(law).__name__)
def test_customers_of_a_tenure_are_the_new_ones_that_are_still_there(lifetime):
    rng, tenure = np.random.default_rng(39), 100.0
    lives = draw(lifetime, 4 * DEALS * TRAJECTORIES, rng)
    left = lives[lives > tenure][: DEALS * TRAJECTORIES] - tenure
    assert left.size == DEALS * TRAJECTORIES
    brute = with_rest(np.histogram(left, EDGES)[0])
    assert_same_shares(leaving(lifetime, tenure=tenure, seed=40), brute, tests=len(LIFETIMES))
    # the lifetime of new customers, the usual shortcut, is caught
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_same_shares(leaving(lifetime, tenure=0.0, seed=40), brute)


def stock_of_stuck(*, stuck_share, seed):
    """Leads and open deals of a room whose every other end comes within a week."""
    week = Uniform(low=0.0, high=7.0)
    room = stage(conversion=0.3, cycle_time=week, loss_time=week, stuck_share=stuck_share)
    model = sale(room, time=of(PERIODS), deals=open_deals(50))
    flows = simulate(model, trajectories=4000, seed=seed).flows[:, :, 0]
    return 50 + np.cumsum(flows[..., 0] - flows[..., LEAVING].sum(axis=-1), axis=1)


def test_stuck_deals_stay_in_stock():
    stock = stock_of_stuck(stuck_share=0.2, seed=41)
    # after the first period only zombies stand there, and none of them ever leaves
    assert (stock == stock[:, :1]).all()
    stuck = int(stock[:, -1].sum())
    chance = 0.7 * 0.2
    assert_shares([stuck, 50 * 4000 - stuck], [chance, 1.0 - chance])
    assert not stock_of_stuck(stuck_share=0.0, seed=41).any()
    with pytest.raises(AssertionError, match="chi-squared"):
        assert_shares([stuck, 50 * 4000 - stuck], [0.15, 0.85])
