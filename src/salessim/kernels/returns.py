"""Deals that slip, go back or are parked: they wait for a stage, and are walked once more.

A deal has visited a stage as often as it is known here: so its next visit has draws of its own,
and none of its other visits notices.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.layout import AMOUNT_BIT, FLOWS, FULL, FULL_BITS, RETURN_BIT
from salessim.kernels.philox import philox
from salessim.kernels.sample import exit_bin, quantile

BACK, PARKED, SLIP = 3, 4, 5
TAKEN, WAITING = 0, 1  # of `Returns.count`
_LOW = np.uint64(0xFFFFFFFF)
_ORIGIN = np.int64((1 << AMOUNT_BIT) - 1)


@kernel
def purposes_of_visits(program, visit, low, size, work):
    """Give each visit of a deal that came back its number, and the purpose of that number."""
    pipeline, stage, _ = visit
    room = stage - program.pipelines.first_stage[pipeline]
    first, purpose = program.stages.purpose[stage], work.purpose
    tag, visits = work.deals.tag, work.returns.visits
    for i in range(size):
        place = (tag[low + i] >> RETURN_BIT) - 1
        number = visits[place, room]
        visits[place, room] = number + 1
        purpose[i] = (first + np.uint64(number)) & _LOW


@kernel
def _pick_returns(clock, size, work):
    """List which of a strip come back before the end, or slip; return their number."""
    outcomes, exits, picks, end = work.outcome, work.exit, work.pick, clock.end
    m = 0
    for i in range(size):
        picks[m] = i
        outcome = outcomes[i]
        m += (outcome == SLIP) | ((outcome >= BACK) & (outcome < SLIP) & (exits[i] < end))
    return m


@kernel
def _take_place(returns, deals, deal, room):
    """Give a deal that comes back for the first time a place; return it."""
    place = returns.count[TAKEN]
    returns.count[TAKEN] = place + 1
    returns.entity[place] = deals.entity[deal]
    returns.tag[place] = deals.tag[deal] + ((place + 1) << RETURN_BIT)
    for k in range(returns.chain.size):
        # A deal that was open has been in the stages before its own.
        returns.visits[place, k] = k <= room
    return place


@kernel
def _rest(program, stage, entity, number, trajectory, seed):
    """Return how long a deal rests after its visit of a number."""
    purpose = (program.stages.rest_purpose[stage] + np.uint64(number)) & _LOW
    w0, w1, _, _ = philox(entity, trajectory, purpose, seed)
    return quantile(program.tables.full, program.stages.rest_law[stage], w0, w1, FULL_BITS)


@kernel
def _count_slip(program, visit, begun, t, tag, slipped):
    """Count a deal whose expected close moves to a later period, where it was expected before."""
    pipeline, stage, _ = visit
    clock, days = program.clock, program.stages.days_to_win[stage]
    slot = pipeline * program.pipelines.origins + ((tag & _ORIGIN) >> 1)
    before = exit_bin(max(begun + days, 0.0), clock.end, clock.day_period)
    slipped[before, slot] += before < exit_bin(t + days, clock.end, clock.day_period)


@kernel
def put_back(program, visit, low, size, trajectory, seed, work, tally):
    """Let the deals of a strip that come back wait for their stage; return 0, or FULL."""
    pipeline, stage, again = visit
    clock, first = program.clock, program.pipelines.first_stage[pipeline]
    deals, returns, target = work.deals, work.returns, program.stages.target[stage]
    for j in range(_pick_returns(clock, size, work)):
        i = work.pick[j]
        deal, outcome, t = low + i, work.outcome[i], work.exit[i]
        if outcome == SLIP:
            # Also when it lasts beyond the end: a longer horizon shall not count it later.
            _count_slip(program, visit, deals.time[deal], t, deals.tag[deal], tally.slipped)
            if t >= clock.end:
                continue
        if again:
            place = (deals.tag[deal] >> RETURN_BIT) - 1
        elif returns.count[TAKEN] < returns.time.size:
            place = _take_place(returns, deals, deal, stage - first)
        else:
            return FULL
        if outcome == PARKED:
            number = returns.visits[place, stage - first] - 1
            t += _rest(program, stage, deals.entity[deal], number, trajectory, seed)
        if outcome != SLIP:
            period = exit_bin(t, clock.end, clock.day_period)
            tally.flows[period, FLOWS * target[outcome]] += 1
        if t < clock.end:
            room = target[outcome] - first
            returns.time[place] = t
            returns.following[place] = returns.chain[room]
            returns.chain[room] = place
            returns.count[WAITING] += 1
    return 0


@kernel
def take_returns(program, visit, n, work):
    """Append the deals that wait for a stage to n deals; return their number, or FULL."""
    pipeline, stage, _ = visit
    room = stage - program.pipelines.first_stage[pipeline]
    deals, returns = work.deals, work.returns
    place = returns.chain[room]
    returns.chain[room] = -1
    while place >= 0:
        if n >= deals.time.size:
            return FULL
        deals.time[n] = returns.time[place]
        deals.entity[n] = returns.entity[place]
        deals.tag[n] = returns.tag[place]
        returns.count[WAITING] -= 1
        n += 1
        place = returns.following[place]
    return n
