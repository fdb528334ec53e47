"""Workload W1, scenario A: the walk beside its peers, on a second core, and with more to it.

Each first checks its answer: W1's published means, or the renewal equations', or integrals.
"""

import numpy as np
import pytest

from benchmarks.measure import per_unit, take_turns
from benchmarks.peers import numpy_w1
from benchmarks.test_peers import assert_right
from benchmarks.variants import (
    EFFECTS_ON_PIPELINES,
    SWING,
    UNKNOWN,
    with_curves,
    with_loops,
    with_seasons,
    with_world,
)
from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.renewal import expected
from tests.models import w1
from tests.statistics import assert_sample_mean

TRAJECTORIES = 1000
ROUNDS = 30


def walk(program, *, trajectories=TRAJECTORIES, threads=1):
    return run(program, trajectories=trajectories, seed=20_270_101, threads=threads)


def answer(cube):
    """Return a cube in the words of the peers."""
    gone = (cube.new_customers - cube.lost_customers).sum(axis=(2, 3))
    return {
        "bookings": cube.bookings.sum(axis=(2, 3)) / 100,
        "wins": cube.wins.sum(axis=(2, 3)),
        "active": 500 + gone.cumsum(axis=1),
        "stage_entries": cube.stage_entries,
    }


@pytest.fixture(scope="module")
def program():
    return lower(w1())


@pytest.fixture(scope="module")
def entries(program):
    """Stage entries of the benchmarked trajectories, of which the means have been checked."""
    cube = walk(program)
    assert_right(answer(cube))
    return int(cube.stage_entries.sum())


def figures(seconds, *, trajectories, entries):
    ns = per_unit(seconds, entries)
    return {
        "ns_per_stage_entry_best": ns["best"],
        "ns_per_stage_entry_median": ns["median"],
        "trajectories_per_second_best": trajectories / float(seconds.min()),
        "trajectories_per_second_median": trajectories / float(np.median(seconds)),
    }


@pytest.mark.benchmark(group="W1, one core")
def test_walk(benchmark, report, program, entries):
    benchmark.pedantic(walk, args=(program,), rounds=ROUNDS, warmup_rounds=1)
    seconds = np.array(benchmark.stats.stats.data)
    report(**figures(seconds, trajectories=TRAJECTORIES, entries=entries))


def beside_the_walk(benchmark, report, program, *, peer, trajectories, rounds):
    """Time a peer, in turns with the walk, and report how many times faster the walk is."""
    right = peer(trajectories)
    assert_right(right)
    times = take_turns(
        benchmark, lambda: peer(trajectories), baseline=lambda: walk(program), rounds=rounds
    )
    counted = int(right["stage_entries"].sum())
    report(**figures(times.subject, trajectories=trajectories, entries=counted))
    report(walk_is_times_faster=times.ratio * TRAJECTORIES / trajectories)


@pytest.mark.benchmark(group="W1, one core")
@pytest.mark.usefixtures("entries")
def test_numpy_peer(benchmark, report, program):
    def peer(trajectories):
        return numpy_w1.simulate(trajectories, seed=1, funnel=True)

    beside_the_walk(benchmark, report, program, peer=peer, trajectories=250, rounds=15)


@pytest.mark.benchmark(group="W1, one core")
@pytest.mark.usefixtures("entries")
def test_simpy_peer(benchmark, report, program):
    pytest.importorskip("simpy")
    from benchmarks.peers import simpy_w1

    def peer(trajectories):
        return simpy_w1.simulate(trajectories, seed=3)

    beside_the_walk(benchmark, report, program, peer=peer, trajectories=20, rounds=3)


@pytest.mark.benchmark(group="W1, second core")
def test_two_threads(benchmark, report, program, entries):
    times = take_turns(
        benchmark,
        lambda: walk(program, threads=2),
        baseline=lambda: walk(program),
        rounds=ROUNDS,
    )
    report(**figures(times.subject, trajectories=TRAJECTORIES, entries=entries))
    report(
        speed_up_median_of_rounds=1.0 / times.ratio,
        speed_up_best_over_best=float(times.baseline.min() / times.subject.min()),
    )


@pytest.mark.benchmark(group="W1, with more to it")
@pytest.mark.parametrize("variant", [with_seasons, with_loops, with_curves])
def test_more_than_w1(benchmark, report, program, entries, variant):
    model = variant(w1())
    more = lower(model)
    cube = walk(more)
    exact = expected(model)
    assert_sample_mean(cube.wins.sum(axis=3), exact.wins, tests=9)
    assert_sample_mean(cube.flows[..., 0], exact.entered, tests=9)
    assert_sample_mean(answer(cube)["active"], exact.active_customers, tests=9)
    over_w1(benchmark, report, program, more=more, visits=(int(cube.stage_entries.sum()), entries))


def over_w1(benchmark, report, program, *, more, visits):
    """Time a Program in turns with W1; ``visits`` are the stage entries of both."""
    times = take_turns(benchmark, lambda: walk(more), baseline=lambda: walk(program), rounds=ROUNDS)
    counted, entries = visits
    report(**figures(times.subject, trajectories=TRAJECTORIES, entries=counted))
    report(
        stage_entries_over_w1=counted / entries,
        time_over_w1=times.ratio,
        time_per_stage_entry_over_w1=times.ratio * entries / counted,
    )


def means_in_a_world():
    """Exact means of the leads of each period, and of customers at the start lost in the first.

    The rate is lognormal, and so are a hazard and its factors in the first month: two shocks that
    are correlated by 0.3 act as one of the variance of their sum.
    """
    leads = 200.0 * np.exp(UNKNOWN**2 / 2.0)
    swing = SWING * np.sqrt(2.0 + 2.0 * 0.3)
    scores, weights = np.polynomial.hermite_e.hermegauss(40)
    spread = np.hypot(UNKNOWN, swing)
    hazard = np.exp(spread * scores - SWING**2) / 720.0
    lost = 500.0 * (weights / weights.sum()) @ -np.expm1(-30.0 * hazard)
    # factors of mean one each: together their mean is exp(covariance)
    return leads * np.exp(0.3 * SWING**2), float(lost)


@pytest.mark.benchmark(group="W1, with more to it")
@pytest.mark.parametrize(
    "on_pipelines",
    [EFFECTS_ON_PIPELINES, ("conversion", "amount")],
    ids=["all effects", "all but pace"],
)
def test_world(benchmark, report, program, entries, on_pipelines):
    more = lower(with_world(w1(), on_pipelines=on_pipelines))
    cube = walk(more)
    leads, lost = means_in_a_world()
    assert_sample_mean(cube.leads[..., 0], np.full(24, leads), tests=2)
    # (of them fewer than one in 10,000 came within the month, brought by another)
    assert_sample_mean(cube.lost_customers[:, 0, 0, 1], lost, tests=2)
    over_w1(benchmark, report, program, more=more, visits=(int(cube.stage_entries.sum()), entries))
