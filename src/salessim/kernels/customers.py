"""Wins become bookings and customers; customers live for a while."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.layout import AMOUNT_BIT, FULL, FULL_BITS, RETURN_BIT, STRIP
from salessim.kernels.philox import AMOUNT, LIFETIME, blocks_of_entities
from salessim.kernels.sample import exit_bin, quantile, quantile_left, word

_ORIGIN = np.int64((1 << AMOUNT_BIT) - 1)
_OPEN_DEAL = np.int64((1 << (RETURN_BIT - AMOUNT_BIT)) - 1)
ORIGIN_CUSTOMERS = 1


@kernel
def book(program, pipeline, n, customer, trajectory, seed, work, tally):
    """Book n won deals; those with a new buyer become customers from ``customer`` on."""
    laws, law = program.tables.full, program.pipelines.amount_law[pipeline]
    day_period, origins = program.clock.day_period, program.pipelines.origins
    known, words = program.open_deals.amount, work.words
    time, entity, tags = work.deals.time, work.deals.entity, work.deals.tag
    people = work.customers
    begin, identity, slots, roots = people.begin, people.entity, people.slot, people.origin
    segments, segment = people.segment, program.pipelines.segment[pipeline]
    bookings, wins, new_customers = tally.bookings, tally.wins, tally.new_customers
    for low in range(0, n, STRIP):
        size = min(STRIP, n - low)
        if customer + size >= begin.size:
            return FULL
        blocks_of_entities(words, entity, low, size, trajectory, AMOUNT, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            drawn = quantile(laws, law, w0, w1, FULL_BITS)
            amount = np.int64(np.floor(drawn + 0.5))
            tag = tags[low + i]
            open_deal = (tag >> AMOUNT_BIT) & _OPEN_DEAL
            if open_deal > 0:
                amount = known[open_deal - 1]
            is_new = tag & 1
            origin = (tag & _ORIGIN) >> 1
            slot = pipeline * origins + origin
            period = day_period[np.int64(time[low + i])]
            bookings[period, slot] += amount
            wins[period, slot] += 1
            new_customers[period, slot] += is_new
            begin[customer] = time[low + i]
            identity[customer] = entity[low + i]
            slots[customer] = slot
            roots[customer] = origin
            segments[customer] = segment
            customer += is_new
    return customer


@kernel
def live(program, low, high, trajectory, seed, work, lost):
    """Draw the lifetimes of customers [low, high), who are new, and count when they leave."""
    laws, law = program.tables.full, program.base.lifetime_law
    segments = work.customers.segment
    final, day_period, words = program.clock.end, program.clock.day_period, work.words
    people = work.customers
    begin, end, identity, slots = people.begin, people.end, people.entity, people.slot
    for start in range(low, high, STRIP):
        size = min(STRIP, high - start)
        blocks_of_entities(words, identity, start, size, trajectory, LIFETIME, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            life = quantile(laws, law[segments[start + i]], w0, w1, FULL_BITS)
            gone = begin[start + i] + life
            end[start + i] = gone
            lost[exit_bin(gone, final, day_period), slots[start + i]] += 1


@kernel
def settle_base(program, trajectory, seed, work, lost):
    """Set the customers at the start and draw the rest of their lifetimes; return their number."""
    known, law, tables = program.base.entity, program.base.law, program.tables
    segment, segments = program.base.segment, work.customers.segment
    final, day_period, words = program.clock.end, program.clock.day_period, work.words
    people = work.customers
    begin, end, identity = people.begin, people.end, people.entity
    slots, roots = people.slot, people.origin
    slot = ORIGIN_CUSTOMERS  # of the first pipeline: no pipeline won those there at the start
    count = known.size
    if count >= begin.size:
        return FULL
    for low in range(0, count, STRIP):
        size = min(STRIP, count - low)
        blocks_of_entities(words, known, low, size, trajectory, LIFETIME, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            left = quantile_left(tables, law[low + i], w0, w1)
            begin[low + i] = 0.0
            end[low + i] = left
            identity[low + i] = known[low + i]
            slots[low + i] = slot
            roots[low + i] = ORIGIN_CUSTOMERS
            segments[low + i] = segment[low + i]
            lost[exit_bin(left, final, day_period), slot] += 1
    return count
