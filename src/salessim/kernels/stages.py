"""One pass per stage over the live deals: outcome, time, count, and the survivors close ranks."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, rule
from salessim.kernels.layout import FULL, FULL_BITS, STRIP
from salessim.kernels.philox import blocks_of_entities
from salessim.kernels.sample import quantile, quantile_left, uniform, word

ADVANCE = np.uint64(0)


@rule
def exit_bin(t, clock_end, day_period):
    """Period in which something happens; the overflow bin when that is beyond the end."""
    return np.uint64(day_period[np.uint64(min(t, clock_end))])


@kernel
def _look_up_conversion(out, time, low, size, day_cell, conversion):
    for i in range(size):
        out[i] = conversion[day_cell[np.uint64(time[np.uint64(low + i)])]]


@kernel
def _draw_outcomes(out, words, size, conversion, shares):
    """Outcomes by arithmetic: a branch that nobody can guess would double the time of a pass."""
    share_lost, share_decided = shares[0], shares[1]
    for i in range(size):
        u = uniform(word(words, 0, i), word(words, 1, i))
        p = conversion[i]
        left = 1.0 - p
        out[i] = (
            np.int64(u >= p)
            + np.int64(u >= p + left * share_lost)
            + np.int64(u >= p + left * share_decided)
        )


@kernel
def _draw_cycle_times(out, words, size, outcome, law, laws):
    for i in range(size):
        row = np.uint64(law[np.uint64(outcome[i])])
        out[i] = quantile(laws, row, word(words, 2, i), word(words, 3, i), FULL_BITS)


@kernel
def walk_stage(program, stage, n, trajectory, seed, work, exits):
    """Move n deals through a stage; return how many advance before the end, in place.

    A strip at a time: loops short enough to vectorise first, then one that counts and compacts.
    """
    clock, stages, laws = program.clock, program.stages, program.tables.full
    end, day_period, day_cell = clock.end, clock.day_period, clock.day_cell
    conversion, shares, law = stages.conversion[stage], stages.shares[stage], stages.law[stage]
    purpose = stages.purpose[stage]
    # Every array a loop touches is a variable of the function: taken from its tuple within the
    # loop, it would be counted as a reference each time.
    time, entity, tag, words = work.deals.time, work.deals.entity, work.deals.tag, work.words
    chance, outcomes, cycle_time = work.conversion, work.outcome, work.cycle_time
    kept = np.uint64(0)  # unsigned: an index that may be negative is checked for it
    for low in range(0, n, STRIP):
        size = min(STRIP, n - low)
        blocks_of_entities(words, entity, low, size, trajectory, purpose, seed)
        _look_up_conversion(chance, time, low, size, day_cell, conversion)
        _draw_outcomes(outcomes, words, size, chance, shares)
        _draw_cycle_times(cycle_time, words, size, outcomes, law, laws)
        for i in range(size):
            deal = np.uint64(low + i)
            t = time[deal] + cycle_time[i]
            outcome = np.uint64(outcomes[i])
            # Neighbours often leave alike: two rows, or each count waits for the last one.
            exits[np.uint64(i & 1), exit_bin(t, end, day_period), outcome] += 1
            time[kept] = t
            entity[kept] = entity[deal]
            tag[kept] = tag[deal]
            kept += np.uint64((outcome == ADVANCE) & (t < end))
    return np.int64(kept)


@kernel
def release_open_deals(program, stage, n, trajectory, seed, work, exits):
    """Finish the visits in progress at the start; append those that advance to n deals."""
    opened, tables, words = program.open_deals, program.tables, work.words
    end, day_period = program.clock.end, program.clock.day_period
    identity, groups, amounts, tags = opened.entity, opened.group, opened.amount, opened.tag
    outcomes, law = opened.outcomes, opened.law
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    first, last = opened.first[stage], opened.first[stage + 1]
    purpose = program.stages.purpose[stage]
    for low in range(first, last, STRIP):
        size = min(STRIP, last - low)
        if n + size >= time.size:
            return FULL
        blocks_of_entities(words, identity, low, size, trajectory, purpose, seed)
        for i in range(size):
            deal = low + i
            group = groups[deal]
            u = uniform(word(words, 0, i), word(words, 1, i))
            outcome = (
                np.int64(u >= outcomes[group, 0])
                + np.int64(u >= outcomes[group, 1])
                + np.int64(u >= outcomes[group, 2])
            )
            w2, w3 = word(words, 2, i), word(words, 3, i)
            t = quantile_left(tables, law[group, outcome], w2, w3)
            exits[0, exit_bin(t, end, day_period), outcome] += 1
            time[n] = t
            entity[n] = identity[deal]
            known = np.int64(amounts[deal] >= 0)
            tag[n] = tags[deal] + ((known * (deal + 1)) << 32)
            n += (outcome == 0) & (t < end)
    return n
