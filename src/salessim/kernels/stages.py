"""One pass per stage over the live deals: outcome, time, count, and the survivors close ranks."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.clocks import by_pace
from salessim.kernels.layout import AMOUNT_BIT, FULL, FULL_BITS, STRIP
from salessim.kernels.philox import blocks_of_entities, blocks_of_visits
from salessim.kernels.returns import purposes_of_visits, put_back
from salessim.kernels.sample import exit_bin, quantile, quantile_left, uniform, word

ADVANCE = np.uint64(0)


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
def _draw_cycle_times(out, words, size, outcome, law, laws):
    for i in range(size):
        row = np.uint64(law[np.uint64(outcome[i])])
        out[i] = quantile(laws, row, word(words, 2, i), word(words, 3, i), FULL_BITS)


@kernel
def _end_visits(program, stage, low, size, work):
    """Turn the cycle times of a strip into the days on which the visits end."""
    exits, time, row = work.exit, work.deals.time, program.stages.pace[stage]
    if row < 0:
        for i in range(size):
            exits[i] += time[np.uint64(low + i)]
    else:
        by_pace(exits, time, low, size, program.speed_clocks, row, work.conversion)


@kernel
def _leave(clock, low, size, kept, work, exits):
    """Count the outcomes of a strip; move those that advance before the end to ``kept``.

    Return where the next ones go.
    """
    end, day_period = clock.end, clock.day_period
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    outcomes, days = work.outcome, work.exit
    kept = np.uint64(kept)  # unsigned: an index that may be negative is checked for it
    for i in range(size):
        deal = np.uint64(low + i)
        t = days[i]
        outcome = np.uint64(outcomes[i])
        # Neighbours often leave alike: two rows, or each count waits for the last one.
        exits[np.uint64(i & 1), exit_bin(t, end, day_period), outcome] += 1
        time[kept] = t
        entity[kept] = entity[deal]
        tag[kept] = tag[deal]
        kept += np.uint64((outcome == ADVANCE) & (t < end))
    return np.int64(kept)


@kernel
def walk_stage(program, visit, n, trajectory, seed, work, tally):
    """Move n deals through a stage; return how many advance before the end, in place, or FULL.

    A strip at a time: loops short enough to vectorise first, then one that counts and compacts.
    """
    _, stage, again = visit
    clock, stages, laws = program.clock, program.stages, program.tables.full
    conversion, shares, slip = stages.conversion[stage], stages.shares[stage], stages.slip[stage]
    law, purpose, returns = stages.law[stage], stages.purpose[stage], stages.returns[stage]
    # Every array a loop touches is a variable of the function: taken from its tuple within the
    # loop, it would be counted as a reference each time.
    time, entity, words = work.deals.time, work.deals.entity, work.words
    chance, outcomes, cycle_time = work.conversion, work.outcome, work.exit
    kept = 0
    for low in range(0, n, STRIP):
        size = min(STRIP, n - low)
        if again:
            purposes_of_visits(program, visit, low, size, work)
            blocks_of_visits(words, entity, work.purpose, low, size, trajectory, seed)
        else:
            blocks_of_entities(words, entity, low, size, trajectory, purpose, seed)
        _look_up_conversion(chance, time, low, size, clock.day_cell, conversion)
        _draw_outcomes(outcomes, words, size, chance, shares, slip)
        _draw_cycle_times(cycle_time, words, size, outcomes, law, laws)
        _end_visits(program, stage, low, size, work)
        if returns and put_back(program, visit, low, size, trajectory, seed, work, tally) == FULL:
            return FULL
        kept = _leave(clock, low, size, kept, work, tally.exits)
    return kept


@kernel
def _open_deals_left(program, first, size, work):
    """Draw how and when the visits of open deals from ``first`` on end."""
    opened, tables, words = program.open_deals, program.tables, work.words
    groups, bounds, law = opened.group, opened.outcomes, opened.law
    outcomes, left = work.outcome, work.exit
    for i in range(size):
        group = groups[first + i]
        u = uniform(word(words, 0, i), word(words, 1, i))
        outcome = 0
        for k in range(bounds.shape[1]):
            outcome += np.int64(u >= bounds[group, k])
        outcomes[i] = outcome
        left[i] = quantile_left(tables, law[group, outcome], word(words, 2, i), word(words, 3, i))


@kernel
def release_open_deals(program, visit, n, trajectory, seed, work, tally):
    """Finish the visits in progress at the start; append those that advance to n deals."""
    _, stage, _ = visit
    opened = program.open_deals
    identity, amounts, tags = opened.entity, opened.amount, opened.tag
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    first, last = opened.first[stage], opened.first[stage + 1]
    purpose, returns = program.stages.purpose[stage], program.stages.returns[stage]
    for low in range(first, last, STRIP):
        size = min(STRIP, last - low)
        if n + size >= time.size:
            return FULL
        blocks_of_entities(work.words, identity, low, size, trajectory, purpose, seed)
        for i in range(size):
            time[n + i] = 0.0
            entity[n + i] = identity[low + i]
            known = np.int64(amounts[low + i] >= 0)
            tag[n + i] = tags[low + i] + ((known * (low + i + 1)) << AMOUNT_BIT)
        _open_deals_left(program, low, size, work)
        _end_visits(program, stage, n, size, work)
        if returns:
            for i in range(size):
                time[n + i] = -opened.age[opened.group[low + i]]
            if put_back(program, visit, n, size, trajectory, seed, work, tally) == FULL:
                return FULL
        n = _leave(program.clock, n, size, n, work, tally.exits)
    return n
