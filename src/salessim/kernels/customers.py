"""Wins become bookings and customers; customers live for a while."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel
from salessim.kernels.layout import FULL, FULL_BITS, RESIDUAL_BITS, STRIP
from salessim.kernels.philox import AMOUNT, LIFETIME, blocks_of_entities
from salessim.kernels.sample import quantile, word
from salessim.kernels.stages import exit_bin

_TAG = np.int64((1 << 32) - 1)
ORIGIN_CUSTOMERS = 1


@kernel
def book(program, pipeline, n, customer, trajectory, seed, work, tally):
    """Book n won deals; those with a new buyer become customers from ``customer`` on."""
    laws, law = program.tables.full, program.pipelines.amount_law[pipeline]
    day_period = program.clock.day_period
    deals, people, words = work.deals, work.customers, work.words
    for low in range(0, n, STRIP):
        size = min(STRIP, n - low)
        if customer + size >= people.begin.size:
            return FULL
        blocks_of_entities(words, deals.entity, low, size, trajectory, AMOUNT, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            drawn = quantile(laws, law, w0, w1, FULL_BITS)
            amount = np.int64(np.floor(drawn + 0.5))
            tag = deals.tag[low + i]
            if tag > _TAG:
                amount = program.open_deals.amount[(tag >> 32) - 1]
            is_new = tag & 1
            origin = (tag & _TAG) >> 1
            slot = pipeline * program.pipelines.origins + origin
            period = day_period[np.int64(deals.time[low + i])]
            tally.bookings[period, slot] += amount
            tally.wins[period, slot] += 1
            tally.new_customers[period, slot] += is_new
            people.begin[customer] = deals.time[low + i]
            people.entity[customer] = deals.entity[low + i]
            people.slot[customer] = slot
            people.origin[customer] = origin
            customer += is_new
    return customer


@kernel
def live(program, low, high, trajectory, seed, work, lost):
    """Draw the lifetimes of customers [low, high), who are new, and count when they leave."""
    laws, law = program.tables.full, program.base.lifetime_law
    clock, people, words = program.clock, work.customers, work.words
    for start in range(low, high, STRIP):
        size = min(STRIP, high - start)
        blocks_of_entities(words, people.entity, start, size, trajectory, LIFETIME, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            life = quantile(laws, law, w0, w1, FULL_BITS)
            gone = people.begin[start + i] + life
            people.end[start + i] = gone
            lost[exit_bin(gone, clock.end, clock.day_period), people.slot[start + i]] += 1


@kernel
def settle_base(program, trajectory, seed, work, lost):
    """Set the customers at the start and draw the rest of their lifetimes; return their number."""
    base, laws = program.base, program.tables.residual
    clock, people, words = program.clock, work.customers, work.words
    slot = ORIGIN_CUSTOMERS  # of the first pipeline: no pipeline won those there at the start
    count = base.entity.size
    if count >= people.begin.size:
        return FULL
    for low in range(0, count, STRIP):
        size = min(STRIP, count - low)
        blocks_of_entities(words, base.entity, low, size, trajectory, LIFETIME, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            left = quantile(laws, base.law[low + i], w0, w1, RESIDUAL_BITS)
            people.begin[low + i] = 0.0
            people.end[low + i] = left
            people.entity[low + i] = base.entity[low + i]
            people.slot[low + i] = slot
            people.origin[low + i] = ORIGIN_CUSTOMERS
            lost[exit_bin(left, clock.end, clock.day_period), slot] += 1
    return count
