"""Run a Program: chunks of trajectories on any executor, merged in order."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from salessim._typing import Progress
from salessim.engine.cube import Cube
from salessim.engine.limits import check_money, too_large
from salessim.errors import SalessimError
from salessim.kernels.arrays import Arrays, Worlds
from salessim.kernels.counts import Counts
from salessim.kernels.layout import FLOWS, MOST_VISITS
from salessim.lowering.program import Program
from salessim.lowering.seeds import WorldSeeds

LARGEST_CHUNK = 256
CHUNKS_PER_THREAD = 8
MOST_ENTRIES_OF_CHUNK = 1e7
"""Stage entries of a chunk, some 0.2 seconds: Ctrl-C waits for it and the bar stands still."""
MOST_MEMORY = 0.5
"""Share of the machine's memory for counts: tables, charts and files need their own."""
MOST_TRAJECTORIES = 2**32


class Chunk(NamedTuple):
    """A finished chunk: its first trajectory and what it counted."""

    first: int
    counts: Counts


def _allocate(program: Program, trajectories: int) -> Counts:
    periods = program.periods
    slots = len(program.pipelines) * len(program.origins)
    by_slot = (trajectories, periods, slots)
    return Counts(
        bookings=np.empty(by_slot, np.int64),
        wins=np.empty(by_slot, np.int32),
        new_customers=np.empty(by_slot, np.int32),
        lost_customers=np.empty(by_slot, np.int32),
        leads=np.empty((trajectories, periods, len(program.external_sources)), np.int32),
        slipped=np.empty(by_slot, np.int32),
        flows=np.empty((trajectories, periods, FLOWS * len(program.stages)), np.int32),
        by_health=np.empty((trajectories, periods, 1 + program.arrays.health.churn.size), np.int64),
        entries=np.empty(trajectories, np.int64),
    )


def _sizes(program: Program) -> tuple[int, int]:
    """Guess how many live deals and customers a trajectory has: untouched pages cost nothing."""
    arrays = program.arrays
    drawn = arrays.arrivals.mean.sum() + arrays.open_deals.entity.size
    born = int(2 * (drawn + program.facts.stage_entries)) + 4096
    return born, arrays.base.entity.size + born


def _pieces(program: Program) -> int:
    """Return the pieces of the calendar that deals may be in; 0 = none carries a clock's time."""
    pieces = program.arrays.pieces
    return pieces.day.size - 1 if pieces.row.size else 0


def _rooms(program: Program) -> int:
    """Return the stages of the longest pipeline in which deals come back; 0 = none does."""
    stages, first = program.arrays.stages, program.arrays.pipelines.first_stage
    looping = np.add.reduceat(stages.returns, first[:-1]) > 0
    return int((np.diff(first) * looping).max())


def simulate_chunk(
    program: Program,
    seeds: tuple[int, WorldSeeds],
    first: int,
    size: int,
    counts: Counts | None = None,
) -> Chunk:
    """Simulate trajectories ``first .. first + size - 1``; a function of its arguments only.

    ``seeds`` are the run's and those of its worlds.
    It is what an executor is given, so it and all it takes and returns can be pickled. A thread
    of this process is given ``counts`` to write into; elsewhere they are its own.
    """
    from salessim.kernels.state import make_tally, make_work
    from salessim.kernels.walk import simulate
    from salessim.lowering.worlds import make_worlds

    # A copy of its own: threads that share the tables slow each other down.
    arrays: Arrays = copy.deepcopy(program.arrays)
    counts = counts or _allocate(program, size)
    tally = make_tally(
        periods=program.periods,
        pieces=_pieces(program),
        slots=counts.bookings.shape[2],
        sources=counts.leads.shape[2],
        stages=len(program.stages),
        classes=program.arrays.health.churn.size,
    )
    seed, world_seeds = seeds
    worlds = make_worlds(program, seed, first, size, world_seeds)
    deals, customers = _sizes(program)
    done = 0
    while True:
        work = make_work(
            deals=deals,
            customers=customers,
            periods=program.periods,
            rooms=_rooms(program),
            groups=program.arrays.open_deals.age.size,
            clocks=len(program.arrays.speed_clocks.edges),
            pieces=program.arrays.pieces.clock.shape,
        )
        rest = Counts(*(array[done:] for array in counts))
        here = Worlds(*(array[done:] if len(array) > 1 else array for array in worlds))
        done += simulate(arrays, here, first + done, np.uint64(seed), work, tally, rest)
        if done == size:
            check_money(program, seeds, first, worlds, counts.entries)
            return Chunk(first, counts)
        if max(int(counts.entries[done]), deals) > MOST_VISITS:
            raise too_large(program, seeds, first + done)
        # A buffer was too small for the next trajectory: it is walked again with larger ones.
        deals, customers = 2 * deals, 2 * customers


def _chunks(
    trajectories: int, threads: int, entries: float, done: int = 0
) -> Iterator[tuple[int, int]]:
    """Cut what is not done yet into (first, size): even for the threads, and soon to be stopped."""
    size = -(-(trajectories - done) // (threads * CHUNKS_PER_THREAD))
    size = max(1, min(size, LARGEST_CHUNK, int(MOST_ENTRIES_OF_CHUNK / max(entries, 1.0))))
    for first in range(done, trajectories, size):
        yield first, min(size, trajectories - first)


class _Merge:
    """Puts chunks in their place; what counts as finished is what stands without a gap."""

    def __init__(self, program: Program, trajectories: int, progress: Progress | None) -> None:
        self.counts = _allocate(program, trajectories)
        self.requested = trajectories
        self.finished = 0
        self.progress = progress

    def place(self, first: int, size: int) -> Counts:
        """Return where a chunk belongs, to be written into."""
        return Counts(*(whole[first : first + size] for whole in self.counts))

    def keep(self, cube: Cube) -> None:
        """Take over the trajectories of a shorter run of the same Program and seed."""
        for name, place in self.place(0, cube.trajectories)._asdict().items():
            part = cube.stage_entries if name == "entries" else getattr(cube, name)
            place[:] = part.reshape(place.shape)
        self.finished = cube.trajectories

    def take(self, chunk: Chunk) -> None:
        """Merge the next chunk; one merged already (before an interruption) is passed over."""
        if chunk.first < self.finished:
            return
        size = chunk.counts.entries.size
        for place, part in zip(self.place(chunk.first, size), chunk.counts, strict=True):
            if not np.may_share_memory(place, part):
                place[:] = part
        self.finished = chunk.first + size
        if self.progress is not None:
            self.progress(self.finished, self.requested)

    def cube(self, program: Program, seeds: tuple[int, WorldSeeds], *, seconds: float) -> Cube:
        n = self.finished
        by_slot = (n, program.periods, len(program.pipelines), len(program.origins))
        counts = self.counts
        return Cube(
            bookings=counts.bookings[:n].reshape(by_slot),
            wins=counts.wins[:n].reshape(by_slot),
            new_customers=counts.new_customers[:n].reshape(by_slot),
            lost_customers=counts.lost_customers[:n].reshape(by_slot),
            leads=counts.leads[:n],
            slipped=counts.slipped[:n].reshape(by_slot),
            flows=counts.flows[:n].reshape(n, program.periods, len(program.stages), FLOWS),
            stage_entries=counts.entries[:n],
            by_health=counts.by_health[:n],
            seed=seeds[0],
            worlds=seeds[1],
            requested=self.requested,
            seconds=seconds,
        )


def _collect(
    pool: Executor,
    program: Program,
    seeds: tuple[int, WorldSeeds],
    merge: _Merge,
    *,
    threads: int,
    in_place: bool,
) -> None:
    """Keep two chunks a thread under way and merge them in their order."""
    ahead = 2 * threads
    waiting: list[Future[Chunk]] = []
    try:
        entries = program.facts.stage_entries
        for first, size in _chunks(merge.requested, threads, entries, merge.finished):
            # Threads write where the counts belong: copying them would take their cores.
            place = merge.place(first, size) if in_place else None
            waiting.append(pool.submit(simulate_chunk, program, seeds, first, size, place))
            if len(waiting) > ahead:
                _take_first(waiting, merge)
        while waiting:
            _take_first(waiting, merge)
    except KeyboardInterrupt:
        # Chunks under way are finished; those that follow without a gap are kept.
        merge.progress = None
        for future in waiting:
            future.cancel()
        for future in waiting:
            if future.cancelled() or future.exception() is not None:
                break
            merge.take(future.result())
    finally:
        for future in waiting:
            future.cancel()


def _take_first(waiting: list[Future[Chunk]], merge: _Merge) -> None:
    # Taken off the list only when merged: Ctrl-C mostly comes while this waits.
    merge.take(waiting[0].result())
    del waiting[0]


def most_trajectories(program: Program) -> int:
    """Return how many trajectories of a Program fit into this machine's memory, 2**32 at most."""
    return int(min(MOST_TRAJECTORIES, MOST_MEMORY * _memory() / _bytes(program)))


def _memory() -> float:
    """Return the bytes that this machine has; infinite where nobody says."""
    if not hasattr(os, "sysconf"):
        return math.inf
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _bytes(program: Program) -> int:
    """Return what the counts of a trajectory take."""
    return sum(array.nbytes for array in _allocate(program, 1))


def _check_memory(program: Program, trajectories: int) -> None:
    most = most_trajectories(program)
    if trajectories > most:
        raise SalessimError(
            f"{trajectories:,} trajectories of this plan need "
            f"{_bytes(program) * trajectories / 1e9:,.1f} GB, and this machine has "
            f"{_memory() / 1e9:,.1f} GB: run at most {most:,}, or use longer periods"
        )


def _processors() -> int:
    # Those this process may use, which in a container are fewer than the machine has.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_inputs(program: Program, worlds: WorldSeeds) -> None:
    """Refuse inputs that the Program does not have."""
    for name in (*worlds.redrawn, *worlds.held):
        if name not in program.inputs:
            raise ValueError(f"{name!r} is no input of the worlds; there are {program.inputs}")


def run(
    program: Program,
    *,
    trajectories: int,
    seed: int,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    before: Cube | None = None,
    worlds: WorldSeeds | None = None,
) -> Cube:
    """Simulate a Program.

    Parameters
    ----------
    program : Program
        From `salessim.lowering.lower`.
    trajectories : int
        1 to 2**32.
    seed : int
        0 to 2**64 - 1. The same Program and seed give the same bits, whatever the executor, the
        threads or the number of trajectories.
    executor : concurrent.futures.Executor, optional
        Where chunks run: threads of this process when not given (kernels release the GIL).
    threads : int, optional
        Number of threads, or of workers the executor has; default: the processors there are.
    progress : callable, optional
        Called with (finished, asked for) after each chunk.
    before : Cube, optional
        A shorter run of the same Program and seed: its trajectories are taken over, and the rest
        is simulated. The bits are those of one run. Both are held in memory for a while.
    worlds : WorldSeeds, optional
        What the worlds are drawn from, where that is not ``seed``; the same as of ``before``.

    Returns
    -------
    Cube
        With fewer trajectories than asked for when Ctrl-C stopped the run: what was finished.

    Raises
    ------
    ValueError
        When a parameter is out of its range, or ``worlds`` names what is no input.
    SalessimError
        When the counts of so many trajectories do not fit into this machine's memory, or one of
        them has more stage entries, or bookings, than can be counted.
    """
    if not 1 <= trajectories <= MOST_TRAJECTORIES:
        raise ValueError(f"trajectories must be 1 to 2**32, not {trajectories}")
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must be 0 to 2**64 - 1, not {seed}")
    done = before.trajectories if before else 0
    if before and (before.seed != seed or done > trajectories):
        raise ValueError(
            f"{trajectories} trajectories of seed {seed} do not continue {done} of {before.seed}"
        )
    workers = threads or _processors()
    _check_memory(program, trajectories + done)
    merge = _Merge(program, trajectories, progress)
    if before:
        merge.keep(before)
    seeds = (seed, worlds or WorldSeeds())
    _check_inputs(program, seeds[1])
    simulate_chunk(program, seeds, 0, 0)  # loads or compiles the machine code, outside the timing
    started = time.perf_counter()
    pool = executor or ThreadPoolExecutor(workers)
    try:
        _collect(pool, program, seeds, merge, threads=workers, in_place=executor is None)
    finally:
        if executor is None:
            pool.shutdown(wait=True)
    seconds = time.perf_counter() - started + (before.seconds if before else 0.0)
    return merge.cube(program, seeds, seconds=seconds)
