"""The walk: stage by stage over flat arrays, generation after generation of customers."""

from __future__ import annotations

import numpy as np

from salessim.kernels._borrow import borrow
from salessim.kernels._jit import driver, kernel, loop
from salessim.kernels.births import count_by_period, customer_deals, external_leads
from salessim.kernels.customers import book, live, settle_base
from salessim.kernels.layout import FLOWS, FULL
from salessim.kernels.returns import TAKEN, WAITING, take_returns
from salessim.kernels.stages import release_open_deals, walk_stage

# Spelled-out loops: numba's slice assignment brings its error messages along, which take
# longer to compile than the whole walk.


@loop
def _clear(counts):
    for i in range(counts.shape[0]):
        for j in range(counts.shape[1]):
            counts[i, j] = 0


@loop
def _copy(out, counts):
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = counts[i, j]


@kernel
def _start_deals(program, pipeline, generation, trajectory, seed, work, tally):
    """Start a generation's deals in a pipeline; return their number, or FULL."""
    low, high, opening = generation
    leads = 0
    if opening:
        leads = external_leads(program, pipeline, trajectory, seed, work, tally)
        if leads == FULL:
            return FULL
    n = customer_deals(program, pipeline, low, high, leads, trajectory, seed, work)
    if n > leads:
        clock = program.clock
        count_by_period(work.deals.time, leads, n, clock.end, clock.day_period, work.bins)
        entered = FLOWS * program.pipelines.first_stage[pipeline]
        for period in range(tally.flows.shape[0]):
            tally.flows[period, entered] += work.bins[0, period]
    return n


@kernel
def _count_exits(tally, stage, is_last):
    """Add what left a stage to its flows, and to those of the next one."""
    exits, flows = tally.exits, tally.flows
    for period in range(exits.shape[1] - 1):
        for outcome in range(FLOWS - 1):
            left = exits[0, period, outcome] + exits[1, period, outcome]
            flows[period, FLOWS * stage + 1 + outcome] += left
        if not is_last:
            flows[period, FLOWS * (stage + 1)] += exits[0, period, 0] + exits[1, period, 0]


@kernel
def _walk_pipeline(program, way, n, trajectory, seed, work, tally):
    """Move n new deals (and, when opening, those in progress) to the end of a pipeline.

    When going again, those that came back instead. Return the number won (or FULL) and the
    number of visits.
    """
    pipeline, opening, again = way
    entries = 0
    open_deals = program.open_deals.first
    last = program.pipelines.first_stage[pipeline + 1]
    for stage in range(program.pipelines.first_stage[pipeline], last):
        visit = (pipeline, stage, again)
        _clear(tally.exits[0])
        _clear(tally.exits[1])
        if again:
            n = take_returns(program, visit, n, work)
        entries += n
        if n > 0:
            n = walk_stage(program, visit, n, trajectory, seed, work, tally)
        if opening and n != FULL:
            entries += open_deals[stage + 1] - open_deals[stage]
            n = release_open_deals(program, visit, n, trajectory, seed, work, tally)
        if n == FULL:
            return FULL, entries
        _count_exits(tally, stage, stage + 1 == last)
    return n, entries


@kernel
def _walk_and_book(program, generation, pipeline, born, trajectory, seed, work, tally):
    """Walk a generation's deals through a pipeline, again and again as long as some come back.

    Return the customers there are afterwards (or FULL) and the number of visits.
    """
    opening = generation[2]
    work.returns.count[TAKEN] = 0
    n = _start_deals(program, pipeline, generation, trajectory, seed, work, tally)
    entries = 0
    again = False
    moving = n > 0 or opening
    while moving and n != FULL:
        way = (pipeline, opening and not again, again)
        n, visits = _walk_pipeline(program, way, n, trajectory, seed, work, tally)
        entries += visits
        if n > 0:
            born = book(program, pipeline, n, born, trajectory, seed, work, tally)
        if n == FULL or born == FULL:  # noqa: PLR1714  (a tuple takes long to compile)
            return FULL, entries
        n, again = 0, True
        moving = work.returns.count[WAITING] > 0
    return (FULL if n == FULL else born), entries


@kernel
def walk_trajectory(program, trajectory, seed, work, tally):
    """Walk one trajectory; return its stage entries, or FULL when a buffer is too small."""
    entries = 0
    low, high = 0, settle_base(program, trajectory, seed, work, tally.lost_customers)
    if high == FULL:
        return FULL
    opening = True
    while opening or low < high:
        born = high
        for pipeline in range(program.pipelines.amount_law.size):
            generation = (low, high, opening)
            born, visits = _walk_and_book(
                program, generation, pipeline, born, trajectory, seed, work, tally
            )
            if born == FULL:
                return FULL
            entries += visits
        live(program, high, born, trajectory, seed, work, tally.lost_customers)
        low, high, opening = high, born, False
    return entries


@driver
def simulate(program, first, seed, work, tally, out):
    """Walk ``out.entries.size`` trajectories from ``first`` on into the arrays of ``out``.

    Return how many are done: fewer when a buffer was too small for the next one.
    """
    program, work, tally, out = borrow(program), borrow(work), borrow(tally), borrow(out)
    for i in range(out.entries.size):
        _clear(tally.bookings)
        _clear(tally.wins)
        _clear(tally.new_customers)
        _clear(tally.lost_customers)
        _clear(tally.leads)
        _clear(tally.slipped)
        _clear(tally.flows)
        entries = walk_trajectory(program, np.uint64(first + i), seed, work, tally)
        if entries == FULL:
            return i
        out.entries[i] = entries
        _copy(out.bookings[i], tally.bookings)
        _copy(out.wins[i], tally.wins)
        _copy(out.new_customers[i], tally.new_customers)
        _copy(out.lost_customers[i], tally.lost_customers)
        _copy(out.leads[i], tally.leads)
        _copy(out.slipped[i], tally.slipped)
        _copy(out.flows[i], tally.flows)
    return out.entries.size
