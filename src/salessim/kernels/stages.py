"""One pass per stage over the live deals: outcome, time, count, and the survivors close ranks."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, loop
from salessim.kernels.ageing import draw_aged
from salessim.kernels.clocks import by_pace
from salessim.kernels.layout import AMOUNT_BIT, FULL, FULL_BITS, OUTCOME_BITS, STRIP
from salessim.kernels.philox import blocks_of_entities, blocks_of_visits
from salessim.kernels.pieces import find_pieces, look_up_in_pieces
from salessim.kernels.returns import purposes_of_visits, put_back
from salessim.kernels.sample import quantile, quantile_left, uniform, word

ADVANCE = np.uint64(0)
_OUTCOME_BITS, _OUTCOME = np.int64(OUTCOME_BITS), np.uint64((1 << OUTCOME_BITS) - 1)


@kernel
def _look_up_conversion(out, time, low, size, day_cell, conversion):
    for i in range(size):
        out[i] = conversion[day_cell[np.uint64(time[np.uint64(low + i)])]]


@kernel
def _draw_outcomes(out, words, size, conversion, shares, slip):
    """Outcomes by arithmetic: a branch that nobody can guess would double the time of a pass."""
    lost, undecided, back, parked = shares[0], shares[1], shares[2], shares[3]
    slips, least = slip[0], slip[1]
    stays = 1.0 - slips
    for i in range(size):
        u = uniform(word(words, 0, i), word(words, 1, i))
        p = conversion[i]
        left = 1.0 - p
        below_slip = stays * (p + left * parked)
        out[i] = (
            np.int64(u >= stays * p)
            + np.int64(u >= stays * (p + left * lost))
            + np.int64(u >= stays * (p + left * undecided))
            + np.int64(u >= stays * (p + left * back))
            + np.int64(u >= below_slip)
            + np.int64(u >= max(below_slip + slips, least))
        )


@kernel
def _draw_exits(out, words, size, outcome, times, laws, begins):
    """Draw cycle times; add them to when the visits begin (nothing, where a pace does that)."""
    law, scale = times
    time, low = begins
    for i in range(size):
        k = np.uint64(outcome[i])
        cycle_time = quantile(
            laws, np.uint64(law[k]), word(words, 2, i), word(words, 3, i), FULL_BITS
        )
        out[i] = time[np.uint64(low + i)] + scale[k] * cycle_time


@loop
def _start_open_deals(opened, first, deals, low, size):
    """Set open deals from ``first`` on as deals from low on."""
    identity, amounts, tags = opened.entity, opened.amount, opened.tag
    time, entity, tag = deals.time, deals.entity, deals.tag
    for i in range(size):
        k = first + i
        time[low + i] = 0.0
        entity[low + i] = identity[k]
        tag[low + i] = tags[k] + ((np.int64(amounts[k] >= 0) * (k + 1)) << AMOUNT_BIT)


@loop
def _draw_what_is_left(opened, first, tables, words, left):
    """Draw outcomes and remaining times of open deals from ``first`` on."""
    groups, bounds, law = opened.group, opened.outcomes, opened.law
    outcomes, days, size = left
    for i in range(size):
        group = groups[first + i]
        u = uniform(word(words, 0, i), word(words, 1, i))
        outcome = 0
        for k in range(bounds.shape[1]):
            outcome += np.int64(u >= bounds[group, k])
        outcomes[i] = outcome
        days[i] = quantile_left(tables, law[group, outcome], word(words, 2, i), word(words, 3, i))


@kernel
def _draw_open_deals(program, stage, first, low, left, work):
    """Start open deals from ``first`` on as deals from low on; draw how and when they leave."""
    opened, stages, tables = program.open_deals, program.stages, program.tables
    _start_open_deals(opened, first, work.deals, low, left[2])
    if not stages.aged_anew[stage]:
        _draw_what_is_left(opened, first, tables, work.words, left)
    else:
        law, scale = stages.law[stage], stages.scale[stage]
        chances = (stages.conversion[stage, 0], stages.shares[stage], stages.slip[stage])
        aged = (work.aged_bounds, work.aged_left, work.aged_chance, work.conversion)
        laws = (tables.full, tables.tail, tables.depth)
        draw_aged(opened, (stage, first), left, work.words, aged, chances, (law, scale), laws)


@loop
def _begin_before(time, low, size, age, group, first):
    """Let the visits of open deals begin when they did, before the start."""
    for i in range(size):
        time[low + i] = -age[group[first + i]]


@kernel
def _find_periods(keys, outcomes, exits, size, clock):
    """Write the periods in which visits end to ``keys``."""
    end, day_period = clock.end, clock.day_period
    for i in range(size):
        keys[i] = np.uint64(min(exits[i], end))
    for i in range(size):
        keys[i] = (day_period[np.uint64(keys[i])] << _OUTCOME_BITS) | outcomes[i]


@kernel
def _leave(deals, exits, keys, strip, kept, beyond, counts, stage):
    """Count what leaves a stage by its keys; move those that advance before the end to ``kept``.

    ``beyond`` is the bin of what is beyond the end. Return where the next ones go.
    """
    low, size = strip
    time, entity, tag = deals.time, deals.entity, deals.tag
    kept, row = np.uint64(kept), np.uint64(2 * stage)  # a signed index is checked for its sign
    overflow = np.uint64(beyond << OUTCOME_BITS)
    for i in range(size):
        deal, key = np.uint64(low + i), np.uint64(keys[i])
        # Neighbours often leave alike: two rows, or each count waits for the last one.
        counts[row + np.uint64(i & 1), key] += 1
        time[kept] = exits[i]
        entity[kept] = entity[deal]
        tag[kept] = tag[deal]
        kept += np.uint64(((key & _OUTCOME) == ADVANCE) & (key < overflow))
    return np.int64(kept)


@kernel
def _draw_visits(program, visit, strip, pace, trajectory, seed, work):
    """Draw how the visits of a strip of deals leave, and when; by a pace, after how long."""
    pipeline, stage, _, again = visit
    low, size = strip
    stages, purpose = program.stages, program.stages.purpose[stage]
    conversion, times = stages.conversion[stage], (stages.law[stage], stages.scale[stage])
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    words, chance, outcomes, purposes = work.words, work.conversion, work.outcome, work.purpose
    if again:
        room = stage - program.pipelines.first_stage[pipeline]
        purposes_of_visits(purposes, purpose, tag, low, size, work.returns.visits, room)
        blocks_of_visits(words, entity, purposes, low, size, trajectory, seed)
    else:
        blocks_of_entities(words, entity, low, size, trajectory, purpose, seed)
    if program.pipelines.clock[pipeline] < 0:
        _look_up_conversion(chance, time, low, size, program.clock.day_cell, conversion)
    else:
        look_up_in_pieces(chance, tag, low, size, program.pieces.cell, conversion)
    _draw_outcomes(outcomes, words, size, chance, stages.shares[stage], stages.slip[stage])
    begins = (time, low) if pace < 0 else (work.nothing, 0)
    _draw_exits(work.exit, words, size, outcomes, times, program.tables.full, begins)


@kernel
def _draw_open_visits(program, stage, first, strip, trajectory, seed, work):
    """Start a strip of open deals from ``first`` on; draw how they leave, and after how long."""
    low, size = strip
    purpose, entity = program.stages.purpose[stage], program.open_deals.entity
    blocks_of_entities(work.words, entity, first, size, trajectory, purpose, seed)
    _draw_open_deals(program, stage, first, low, (work.outcome, work.exit, size), work)


@kernel
def walk_stage(program, visit, n, trajectory, seed, work, tally):
    """Move n deals, and when opening those in progress, through a stage.

    Return how many advance before the end, in place, or FULL. A strip at a time: loops short enough
    to vectorise first, then one that counts and compacts.
    """
    pipeline, stage, opening, _ = visit
    opened, clock = program.open_deals, program.pipelines.clock[pipeline]
    pace, returns = program.stages.pace[stage] if clock < 0 else -1, program.stages.returns[stage]
    # Every array a loop touches is a variable of the function: taken from its tuple within the
    # loop, it would be counted as a reference each time.
    deals, time, outcomes, exits = work.deals, work.deals.time, work.outcome, work.exit
    keys, scratch, counts = work.pick, (work.conversion, work.day, work.pick), tally.exits
    beyond = tally.flows.shape[0] - 1 if clock < 0 else program.pieces.day.size - 1
    # Those in progress come last, as deals from n on.
    first = opened.first[stage]
    total = n + (opened.first[stage + 1] - first) * opening
    if total >= time.size:
        return FULL
    kept, low = 0, 0
    while low < total:
        size = min(STRIP, (n if low < n else total) - low)
        strip = (low, size)
        if low < n:
            _draw_visits(program, visit, strip, pace, trajectory, seed, work)
        else:
            _draw_open_visits(program, stage, first + low - n, strip, trajectory, seed, work)
        if pace >= 0:
            by_pace(exits, time, low, size, program.speed_clocks, pace, scratch)
        if returns:
            if low >= n:
                _begin_before(time, low, size, opened.age, opened.group, first + low - n)
            if put_back(program, visit, low, size, trajectory, seed, work, tally) == FULL:
                return FULL
        if clock >= 0:
            find_pieces(keys, outcomes, exits, deals, strip, program.pieces, clock)
        else:
            _find_periods(keys, outcomes, exits, size, program.clock)
        kept = _leave(deals, exits, keys, strip, kept, beyond, counts, stage)
        low += size
    return kept
