"""The walk: stage by stage over flat arrays, generation after generation of customers."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import driver, kernel, loop
from salessim.kernels.births import count_by_period, customer_deals, external_leads
from salessim.kernels.customers import book, live, settle_base
from salessim.kernels.layout import FLOWS, FULL, MOST_VISITS, OUTCOME_BITS
from salessim.kernels.pieces import back_to_days, start_clock
from salessim.kernels.returns import TAKEN, WAITING, take_returns
from salessim.kernels.stages import walk_stage
from salessim.kernels.worlds import in_world

PLAIN_OUTCOMES, LOOPING_OUTCOMES = 3, 6

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
def _start_over(tally):
    _clear(tally.bookings)
    _clear(tally.wins)
    _clear(tally.new_customers)
    _clear(tally.lost_customers)
    _clear(tally.leads)
    _clear(tally.slipped)
    _clear(tally.flows)
    _clear(tally.by_health)
    _clear(tally.exits)


@kernel
def _keep(out, i, tally, entries):
    """Write a trajectory's counts to its place; the overflow bin is left behind."""
    out.entries[i] = entries
    _copy(out.bookings[i], tally.bookings)
    _copy(out.wins[i], tally.wins)
    _copy(out.new_customers[i], tally.new_customers)
    _copy(out.lost_customers[i], tally.lost_customers)
    _copy(out.leads[i], tally.leads)
    _copy(out.slipped[i], tally.slipped)
    _copy(out.flows[i], tally.flows)
    _copy(out.by_health[i], tally.by_health)


@loop
def _count_exits(exits, flows, stage, piece_period, in_pieces, kinds, is_last):
    """Add what left a stage, by period or by piece, to its flows, and to those of the next one.

    Only the first ``kinds`` outcomes occur. Those who stay, or stay beyond the end, count nowhere.
    """
    bins = piece_period.size if in_pieces else flows.shape[0]
    for at in range(bins - 1):
        period, key = piece_period[at] if in_pieces else at, at << OUTCOME_BITS
        for outcome in range(kinds):
            left = exits[2 * stage, key + outcome] + exits[2 * stage + 1, key + outcome]
            flows[period, FLOWS * stage + 1 + outcome] += left
            if outcome == 0 and not is_last:
                flows[period, FLOWS * (stage + 1)] += left


@kernel
def _count_flows(program, tally):
    """Count what left the stages in a whole trajectory."""
    stages, returns = program.pipelines.first_stage, program.stages.returns
    period = program.pieces.period
    for pipeline in range(program.pipelines.amount_law.size):
        in_pieces = program.pipelines.clock[pipeline] >= 0
        for stage in range(stages[pipeline], stages[pipeline + 1]):
            kinds = LOOPING_OUTCOMES if returns[stage] else PLAIN_OUTCOMES
            is_last = stage + 1 == stages[pipeline + 1]
            _count_exits(tally.exits, tally.flows, stage, period, in_pieces, kinds, is_last)


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
def _walk_pipeline(program, pipeline, generation, born, trajectory, seed, work, tally):
    """Walk a generation's deals through a pipeline, once more as long as some come back.

    Return the customers there are afterwards (or FULL) and the number of visits.
    """
    stages, clock = program.pipelines.first_stage, program.pipelines.clock[pipeline]
    first, last = stages[pipeline], stages[pipeline + 1]
    open_deals, returned = program.open_deals.first, work.returns.count
    opening, entries = generation[2], 0
    returned[TAKEN] = 0
    n = _start_deals(program, pipeline, generation, trajectory, seed, work, tally)
    moving = n > 0 or opening
    if clock >= 0:
        start_clock(work.deals, n, program.pieces, clock)
    while moving and n != FULL:
        again = returned[WAITING] > 0
        for stage in range(first, last):
            if again:
                n = take_returns(work.deals, work.returns, stage - first, n)
            entries += n + (open_deals[stage + 1] - open_deals[stage]) * (opening and not again)
            visit = (pipeline, stage, opening and not again, again)
            n = walk_stage(program, visit, n, trajectory, seed, work, tally)
            if n == FULL or entries > MOST_VISITS:
                return FULL, entries
        if clock >= 0:
            back_to_days(work.deals, n, program.pieces, clock)
        if n > 0:
            born = book(program, pipeline, n, born, trajectory, seed, work, tally)
        if born == FULL:
            return FULL, entries
        n, moving = 0, returned[WAITING] > 0
    return (FULL if n == FULL else born), entries


@driver
def simulate(shared, worlds, first, seed, work, tally, out):
    """Walk ``out.entries.size`` trajectories from ``first`` on into the arrays of ``out``.

    ``shared`` are the Program's arrays; ``worlds`` has a row for each of these trajectories.

    Return how many are done: fewer when a buffer was too small for the next one, or it had more
    than `MOST_VISITS`; its ``entries`` say which.
    """
    for i in range(out.entries.size):
        program = in_world(shared, worlds, i, work.wound)
        trajectory, entries = np.uint64(first + i), 0
        out.entries[i] = 0
        _start_over(tally)
        low, high = 0, settle_base(program, trajectory, seed, work, tally.lost_customers)
        if high == FULL:
            return i
        opening = True
        while opening or low < high:
            born, generation = high, (low, high, opening)
            for pipeline in range(program.pipelines.amount_law.size):
                born, visits = _walk_pipeline(
                    program, pipeline, generation, born, trajectory, seed, work, tally
                )
                entries += visits
                if born == FULL or entries > MOST_VISITS:
                    out.entries[i] = entries
                    return i
            live(program, high, born, trajectory, seed, work, tally.lost_customers)
            low, high, opening = high, born, False
        _count_flows(program, tally)
        _keep(out, i, tally, entries)
    return out.entries.size
