"""Wins become bookings and customers; customers live for a while."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, loop, rule
from salessim.kernels.ageing import draw_lives
from salessim.kernels.clocks import by_pace
from salessim.kernels.layout import (
    AMOUNT_BIT,
    FULL,
    FULL_BITS,
    HEALTH_BIT,
    MOST_MONEY,
    RETURN_BIT,
    STRIP,
)
from salessim.kernels.philox import AMOUNT, LIFETIME, OWN, blocks_of_entities
from salessim.kernels.sample import exit_bin, quantile, quantile_left, uniform, word

_ORIGIN = np.int64((1 << HEALTH_BIT) - 1)
_CLASS = np.int64((1 << (AMOUNT_BIT - HEALTH_BIT)) - 1)
_OPEN_DEAL = np.int64((1 << (RETURN_BIT - AMOUNT_BIT)) - 1)
ORIGIN_CUSTOMERS = 1
BASE_ORIGINS = 2
"""The first origins: what descends from open deals and from customers at the start."""


@kernel
def book(program, pipeline, n, customer, trajectory, seed, work, tally):
    """Book n won deals; those with a new buyer become customers from ``customer`` on."""
    laws, law = program.tables.full, program.pipelines.amount_law[pipeline]
    factor, day_cell = program.pipelines.amount_factor[pipeline], program.clock.day_cell
    day_period, origins = program.clock.day_period, program.pipelines.origins
    known, words = program.open_deals.amount, work.words
    time, entity, tags = work.deals.time, work.deals.entity, work.deals.tag
    people = work.customers
    begin, identity, slots, roots = people.begin, people.entity, people.slot, people.origin
    segments, segment = people.segment, program.pipelines.segment[pipeline]
    by_health = tally.by_health
    bookings, wins, new_customers = tally.bookings, tally.wins, tally.new_customers
    for low in range(0, n, STRIP):
        size = min(STRIP, n - low)
        if customer + size >= begin.size:
            return FULL
        blocks_of_entities(words, entity, low, size, trajectory, AMOUNT, seed)
        for i in range(size):
            w0, w1 = word(words, 0, i), word(words, 1, i)
            day, tag = np.int64(time[low + i]), tags[low + i]
            drawn = factor[day_cell[day]] * quantile(laws, law, w0, w1, FULL_BITS)
            amount = np.int64(np.floor(min(drawn, MOST_MONEY) + 0.5))
            open_deal = (tag >> AMOUNT_BIT) & _OPEN_DEAL
            if open_deal > 0:
                amount = known[open_deal - 1]
            is_new = tag & 1
            origin = (tag & _ORIGIN) >> 1
            slot = pipeline * origins + origin
            period = day_period[day]
            bookings[period, slot] += amount
            wins[period, slot] += 1
            by_health[period, (tag >> HEALTH_BIT) & _CLASS] += amount * (origin < BASE_ORIGINS)
            new_customers[period, slot] += is_new
            begin[customer] = time[low + i]
            identity[customer] = entity[low + i]
            slots[customer] = slot
            roots[customer] = origin
            segments[customer] = segment
            customer += is_new
    return customer


@rule
def _class_of(shares, words, i):
    """Draw a customer's health class: the other half of a lifetime's block."""
    u = uniform(word(words, 2, i), word(words, 3, i))
    found = 0
    for k in range(shares.size - 1):
        found += u >= shares[k]
    return found


@loop
def _end_lives(people, strip, lives, base, clocks, calendar, lost, buffers):
    """Let a strip of customers leave when their lives are over, by the clocks of their segments."""
    first, size = strip
    exits, scratch = buffers
    clock, final, day_period = base.clock, calendar.end, calendar.day_period
    begin, end, slots, segment = people.begin, people.end, people.slot, people.segment
    for i in range(size):
        end[first + i] = begin[first + i] + lives[i]
    for g in range(clock.size):
        if clock[g] >= 0:
            for i in range(size):
                exits[i] = lives[i]
            by_pace(exits, begin, first, size, clocks, clock[g], scratch)
            for i in range(size):
                if segment[first + i] == g:
                    end[first + i] = exits[i]
    for i in range(size):
        lost[exit_bin(end[first + i], final, day_period), slots[first + i]] += 1


@loop
def _draw_lives(people, start, size, words, lives, base, health, laws):
    """Draw the lifetimes of a strip of new customers, and their health classes."""
    law, scale, shares, churn = (
        base.lifetime_law,
        base.lifetime_scale,
        health.shares[1],
        health.churn,
    )
    segments, feels = people.segment, people.health
    for i in range(size):
        w0, w1 = word(words, 0, i), word(words, 1, i)
        segment, feel = segments[start + i], _class_of(shares, words, i)
        life = quantile(laws, law[segment], w0, w1, FULL_BITS)
        lives[i] = scale[segment] * life / churn[feel]
        feels[start + i] = feel


@kernel
def live(program, low, high, trajectory, seed, work, lost):
    """Draw the lifetimes of customers [low, high), who are new, and count when they leave."""
    words, lives, people, base = work.words, work.life, work.customers, program.base
    calendar = program.clock
    buffers = (work.exit, (work.conversion, work.day, work.pick))
    clocks, laws, health = program.speed_clocks, program.tables.full, program.health
    for start in range(low, high, STRIP):
        size = min(STRIP, high - start)
        blocks_of_entities(words, people.entity, start, size, trajectory, LIFETIME, seed)
        _draw_lives(people, start, size, words, lives, base, health, laws)
        _end_lives(people, (start, size), lives, base, clocks, calendar, lost, buffers)


@loop
def _settle(people, low, size, words, lives, base, health, tables):
    """Set a strip of the customers at the start and draw what is left of their lifetimes."""
    known, law, segment, lifetimes = base.entity, base.law, base.segment, base.lifetime_law
    scale, anew, tenure = base.lifetime_scale, base.lifetime_anew, base.tenure
    shares, churn = health.shares[0], health.churn
    begin, identity, slots = people.begin, people.entity, people.slot
    roots, segments, feels = people.origin, people.segment, people.health
    for i in range(size):
        w0, w1 = word(words, 0, i), word(words, 1, i)
        lives[i] = quantile_left(tables, law[low + i], w0, w1)
    laws = (tables.full, tables.tail, tables.depth)
    draw_lives(lives, words, size, low, tenure, segment, (lifetimes, scale, anew), laws)
    for i in range(size):
        feel = _class_of(shares, words, i)
        lives[i] /= churn[feel]
        feels[low + i] = feel
        begin[low + i] = 0.0
        identity[low + i] = known[low + i]
        # Of the first pipeline: no pipeline won those who are there at the start.
        slots[low + i] = ORIGIN_CUSTOMERS
        roots[low + i] = ORIGIN_CUSTOMERS
        segments[low + i] = segment[low + i]


@loop
def _bury(lives, alive, low, size, words):
    """End the lives of those who have left unnoticed: they are lost on the first day."""
    for i in range(size):
        u = uniform(word(words, 0, i), word(words, 1, i))
        lives[i] = lives[i] if u < alive[low + i] else 0.0


@kernel
def settle_base(program, trajectory, seed, work, lost):
    """Set the customers at the start and draw the rest of their lifetimes; return their number."""
    words, lives, people, base = work.words, work.life, work.customers, program.base
    calendar = program.clock
    buffers = (work.exit, (work.conversion, work.day, work.pick))
    clocks, tables, health = program.speed_clocks, program.tables, program.health
    count = base.entity.size
    if count >= people.begin.size:
        return FULL
    for low in range(0, count, STRIP):
        size = min(STRIP, count - low)
        blocks_of_entities(words, base.entity, low, size, trajectory, LIFETIME, seed)
        _settle(people, low, size, words, lives, base, health, tables)
        if base.alive.size:
            blocks_of_entities(words, base.entity, low, size, trajectory, OWN, seed)
            _bury(lives, base.alive, low, size, words)
        _end_lives(people, (low, size), lives, base, clocks, calendar, lost, buffers)
    return count
