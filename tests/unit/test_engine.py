"""The engine: ranges, progress, memory, and what an interruption keeps."""

from __future__ import annotations

from concurrent.futures import Executor, Future

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
