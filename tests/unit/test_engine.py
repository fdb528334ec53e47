"""The engine: ranges, progress, memory, and what an interruption keeps."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import replace

import numpy as np
import pytest

from salessim.engine import chunks, is_compiled, run
from salessim.errors import SalessimError
from salessim.lowering.lower import lower
from tests.models import w1


@pytest.fixture(scope="module")
def program():
    return lower(w1(periods=1))


@pytest.mark.parametrize("trajectories", [0, -1, 2**32 + 1])
def test_trajectories_out_of_range(program, trajectories):
    with pytest.raises(ValueError, match="trajectories"):
        run(program, trajectories=trajectories, seed=1)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_out_of_range(program, seed):
    with pytest.raises(ValueError, match="seed"):
        run(program, trajectories=1, seed=seed)


def test_a_run_larger_than_memory_is_refused_before_it_starts(program):
    with pytest.raises(SalessimError, match=r"need .* GB, and this machine has .* run at most"):
        run(program, trajectories=2**32, seed=1)


def test_progress_counts_up_to_all(program):
    seen = []
    run(program, trajectories=9, seed=1, threads=1, progress=lambda *n: seen.append(n))
    done = [n for n, _ in seen]
    assert done == sorted(done)
    assert seen[-1] == (9, 9)
    assert {total for _, total in seen} == {9}


def test_the_full_seed_and_the_last_trajectory_count(program):
    high = run(program, trajectories=1, seed=2**63 + 7, threads=1)
    low = run(program, trajectories=1, seed=7, threads=1)
    assert (high.bookings != low.bookings).any()


def test_an_interruption_keeps_what_is_finished(program):
    def stop_after_three(done, _total):
        if done >= 3:
            raise KeyboardInterrupt

    whole = run(program, trajectories=40, seed=1, threads=1)
    cut = run(program, trajectories=40, seed=1, threads=1, progress=stop_after_three)
    assert cut.interrupted
    assert 3 <= cut.trajectories < 40
    assert cut.requested == 40
    np.testing.assert_array_equal(cut.bookings, whole.bookings[: cut.trajectories])
    assert not whole.interrupted


class Interrupted(Future):
    """A chunk that Ctrl-C interrupts the first time its result is waited for."""

    def __init__(self, chunk):
        super().__init__()
        self.set_result(chunk)
        self.waits = 0

    def result(self, timeout=None):
        self.waits += 1
        if self.waits == 1:
            raise KeyboardInterrupt
        return super().result(timeout)


class InterruptedThird(Executor):
    """Runs chunks at once; the third is interrupted while it is waited for."""

    def __init__(self):
        self.given = 0

    def submit(self, function, /, *arguments):
        self.given += 1
        chunk = function(*arguments)
        future = Interrupted(chunk) if self.given == 3 else Future()
        if self.given != 3:
            future.set_result(chunk)
        return future


def test_an_interruption_while_waiting_loses_no_chunk_and_makes_no_gap(program):
    whole = run(program, trajectories=40, seed=1, threads=1)
    cut = run(program, trajectories=40, seed=1, threads=1, executor=InterruptedThird())
    assert 15 <= cut.trajectories < 40
    assert (cut.stage_entries > 0).all()
    np.testing.assert_array_equal(cut.bookings, whole.bookings[: cut.trajectories])
    np.testing.assert_array_equal(cut.flows, whole.flows[: cut.trajectories])


def test_chunks_of_large_plans_are_short():
    sizes = [size for _, size in chunks._chunks(1000, 1, 5e6)]
    assert set(sizes) == {2}
    assert sum(sizes) == 1000
    assert sum(size for _, size in chunks._chunks(1001, 2, 10.0)) == 1001


def test_an_error_in_a_chunk_is_not_swallowed(program, monkeypatch):
    def broken(*arguments):
        if arguments[3]:
            raise RuntimeError("broken chunk")

    monkeypatch.setattr(chunks, "simulate_chunk", broken)
    with pytest.raises(RuntimeError, match="broken chunk"):
        run(program, trajectories=3, seed=1, threads=1)


def test_machine_code_is_there_after_a_run(program):
    run(program, trajectories=1, seed=1, threads=1)
    assert is_compiled()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("looks", [(1, 2, 3), (7, 40)])
def test_a_run_that_goes_on_has_the_bits_of_one_run(program, looks, threads):
    whole = run(program, trajectories=looks[-1], seed=1, threads=1)
    cube = None
    for trajectories in looks:
        cube = run(program, trajectories=trajectories, seed=1, threads=threads, before=cube)
    for name in ("bookings", "wins", "leads", "flows", "slipped", "stage_entries"):
        np.testing.assert_array_equal(getattr(cube, name), getattr(whole, name))
    assert (cube.requested, cube.trajectories) == (looks[-1], looks[-1])


def test_a_run_that_goes_on_from_a_forged_one_is_seen(program):
    """Planted: the first trajectories are those of another seed."""
    forged = replace(run(program, trajectories=3, seed=2, threads=1), seed=1)
    whole = run(program, trajectories=7, seed=1, threads=1)
    cube = run(program, trajectories=7, seed=1, threads=1, before=forged)
    assert not np.array_equal(cube.bookings, whole.bookings)
    np.testing.assert_array_equal(cube.bookings[3:], whole.bookings[3:])


def test_what_was_simulated_is_not_simulated_again(program, monkeypatch):
    before = run(program, trajectories=5, seed=1, threads=1)
    walked = []
    simulate = chunks.simulate_chunk

    def noted(program, seed, first, size, counts=None):
        walked.extend(range(first, first + size))
        return simulate(program, seed, first, size, counts)

    monkeypatch.setattr(chunks, "simulate_chunk", noted)
    run(program, trajectories=9, seed=1, threads=1, before=before)
    assert walked == [5, 6, 7, 8]


@pytest.mark.parametrize(("trajectories", "seed"), [(4, 1), (9, 2)])
def test_a_run_does_not_go_on_from_another(program, trajectories, seed):
    before = run(program, trajectories=5, seed=1, threads=1)
    with pytest.raises(ValueError, match="do not continue 5 of 1"):
        run(program, trajectories=trajectories, seed=seed, before=before)


def test_both_parts_of_a_run_that_goes_on_must_fit_into_memory(program, monkeypatch):
    before = run(program, trajectories=5, seed=1, threads=1)
    monkeypatch.setattr(chunks, "most_trajectories", lambda _: 12)
    run(program, trajectories=7, seed=1, threads=1, before=before)
    with pytest.raises(SalessimError, match="run at most 12"):
        run(program, trajectories=8, seed=1, threads=1, before=before)
