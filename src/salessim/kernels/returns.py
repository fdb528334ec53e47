"""Deals that slip, go back or are parked: they wait for a stage, and are walked once more.

A deal has visited a stage as often as it is known here: so its next visit has draws of its own,
and none of its other visits notices.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, loop, rule
from salessim.kernels.layout import FLOWS, FULL, FULL_BITS, HEALTH_BIT, RETURN_BIT
from salessim.kernels.philox import philox
from salessim.kernels.sample import exit_bin, quantile

BACK, PARKED, SLIP = 3, 4, 5
TAKEN, WAITING = 0, 1  # of `Returns.count`
_LOW = np.uint64(0xFFFFFFFF)
_ORIGIN = np.int64((1 << HEALTH_BIT) - 1)


@loop
def purposes_of_visits(purpose, first, tag, low, size, visits, room):
    """Give each visit of a deal that came back its number, and the purpose of that number."""
    for i in range(size):
        place = (tag[low + i] >> RETURN_BIT) - 1
        number = visits[place, room]
        visits[place, room] = number + 1
        purpose[i] = (first + np.uint64(number)) & _LOW


@loop
def _pick_returns(picks, outcomes, exits, size, end):
    """List which of a strip come back before the end, or slip; return their number."""
    m = 0
    for i in range(size):
        picks[m] = i
        outcome = outcomes[i]
        m += (outcome == SLIP) | ((outcome >= BACK) & (outcome < SLIP) & (exits[i] < end))
    return m


@loop
def _note_visits(visits, place, room):
    """Note that a deal has been in a stage once, and in those before (as open deals have)."""
    for k in range(visits.shape[1]):
        visits[place, k] = k <= room


@rule
def _rest(laws, law, entity, purpose, trajectory, seed):
    w0, w1, _, _ = philox(entity, trajectory, purpose & _LOW, seed)
    return quantile(laws, law, w0, w1, FULL_BITS)


@kernel
def put_back(program, visit, low, size, trajectory, seed, work, tally):
    """Let the deals of a strip that come back wait for their stage; return 0, or FULL."""
    pipeline, stage, _, again = visit
    end, day_period = program.clock.end, program.clock.day_period
    first, slot = program.pipelines.first_stage[pipeline], pipeline * program.pipelines.origins
    laws, rest_law = program.tables.full, program.stages.rest_law[stage]
    rest_scale = program.stages.rest_scale[stage]
    rest_purpose, days = program.stages.rest_purpose[stage], program.stages.days_to_win[stage]
    target, flows, slipped = program.stages.target[stage], tally.flows, tally.slipped
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    outcomes, exits, picks = work.outcome, work.exit, work.pick
    times, entities, tags = work.returns.time, work.returns.entity, work.returns.tag
    following, chain = work.returns.following, work.returns.chain
    visits, counts = work.returns.visits, work.returns.count
    for j in range(_pick_returns(picks, outcomes, exits, size, end)):
        i = picks[j]
        deal, outcome, t = low + i, outcomes[i], exits[i]
        if outcome == SLIP:
            # Also when it lasts beyond the end: a longer horizon shall not count it later.
            before = exit_bin(max(time[deal] + days, 0.0), end, day_period)
            later = before < exit_bin(t + days, end, day_period)
            slipped[before, slot + ((tag[deal] & _ORIGIN) >> 1)] += later
            if t >= end:
                continue
        place = (tag[deal] >> RETURN_BIT) - 1
        if not again:
            place = counts[TAKEN]
            if place >= times.size:
                return FULL
            counts[TAKEN] += 1
            entities[place] = entity[deal]
            tags[place] = tag[deal] + ((place + 1) << RETURN_BIT)
            _note_visits(visits, place, stage - first)
        if outcome == PARKED:
            purpose = rest_purpose + np.uint64(visits[place, stage - first] - 1)
            t += rest_scale * _rest(laws, rest_law, entity[deal], purpose, trajectory, seed)
        if outcome != SLIP:
            flows[exit_bin(t, end, day_period), FLOWS * target[outcome]] += 1
        if t < end:
            times[place] = t
            following[place] = chain[target[outcome] - first]
            chain[target[outcome] - first] = place
            counts[WAITING] += 1
    return 0


@loop
def take_returns(deals, returns, room, n):
    """Append the deals that wait for a stage to n deals; return their number.

    They fit: all these deals have come back, each has a place, and there are no more places.
    """
    time, entity, tag = deals.time, deals.entity, deals.tag
    times, entities, tags = returns.time, returns.entity, returns.tag
    following, chain, counts = returns.following, returns.chain, returns.count
    place = chain[room]
    chain[room] = -1
    while place >= 0:
        time[n] = times[place]
        entity[n] = entities[place]
        tag[n] = tags[place]
        counts[WAITING] -= 1
        n += 1
        place = following[place]
    return n
