"""Where deals are born: leads from outside, and the deals that customers start.

A pass appends to the deals it is given and returns their new number, or FULL.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, loop, rule
from salessim.kernels.clocks import operational, to_days
from salessim.kernels.layout import FLOWS, FULL, FULL_BITS, HEALTH_BIT, MOST_VISITS, STRIP
from salessim.kernels.philox import (
    BIRTH,
    COUNT,
    FACTOR,
    OWN,
    blocks_of_births,
    blocks_of_entities,
    philox,
)
from salessim.kernels.poisson import poisson
from salessim.kernels.sample import exit_bin, minus_log, quantile, quantile_left, uniform, word

_32 = np.uint64(32)
_NEVER = 1e-300
"""A factor on a rate by which nothing ever happens, and by which a gap can be divided."""


@rule
def _child(words, i):
    # Half of a birth's block is the new deal's identity: a hash of its line and ordinal.
    return word(words, 2, i) | (word(words, 3, i) << _32)


@kernel
def _scatter_leads(program, k, line, n, trajectory, seed, work):
    """Append one line's leads: a Poisson count, then independent uniform times."""
    lines = program.arrivals
    start, length, line_tag = lines.start[line], lines.length[line], lines.tag[k]
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    words = work.words
    mean, factor = lines.mean[line], lines.factor_law[k]
    if factor > 0:
        f0, f1, _, _ = philox(lines.month[line], trajectory, FACTOR, seed)
        mean *= quantile(program.tables.full, factor, f0, f1, FULL_BITS)
    c0, c1, _, _ = philox(lines.entity[line], trajectory, COUNT, seed)
    # Twice as many never fit: what a wild world asks for need not be counted.
    count = poisson(uniform(c0, c1), min(mean, 2.0 * MOST_VISITS))
    if n + count >= time.size:
        return FULL
    for low in range(0, count, STRIP):
        size = min(STRIP, count - low)
        blocks_of_births(words, lines.entity[line], low, size, trajectory, seed)
        for i in range(size):
            time[n + i] = start + length * uniform(word(words, 0, i), word(words, 1, i))
            entity[n + i] = _child(words, i)
            tag[n + i] = line_tag
        n += size
    return n


@kernel
def _keep_inside(deals, low, high, opens, closes):
    """Leave out the deals outside a source's dates, drawn all the same: other dates move none."""
    time, entity, tag = deals.time, deals.entity, deals.tag
    kept = low
    for i in range(low, high):
        t = time[i]
        time[kept] = t
        entity[kept] = entity[i]
        tag[kept] = tag[i]
        kept += (t >= opens) & (t < closes)
    return kept


@loop
def count_by_period(time, low, high, end, day_period, bins):
    """Count events in [low, high) by period into four rows, and add them up in the first.

    Four rows, because neighbours often share a period and a count would wait for the last one.
    """
    for row in range(4):
        for period in range(bins.shape[1]):
            bins[row, period] = 0
    for i in range(low, high):
        bins[i & 3, exit_bin(time[i], end, day_period)] += 1
    for period in range(bins.shape[1]):
        bins[0, period] += bins[1, period] + bins[2, period] + bins[3, period]


@kernel
def external_leads(program, pipeline, trajectory, seed, work, tally):
    """Start the leads of a pipeline, source by source and month by month."""
    lines, clock = program.arrivals, program.clock
    entered = FLOWS * program.pipelines.first_stage[pipeline]
    n = 0
    for k in range(lines.first[pipeline], lines.first[pipeline + 1]):
        source, opens, closes = lines.source[k], lines.opens[k], lines.closes[k]
        begun = n
        for line in range(lines.first_line[k], lines.first_line[k + 1]):
            low = n
            n = _scatter_leads(program, k, line, n, trajectory, seed, work)
            if n == FULL:
                return FULL
            if opens > lines.start[line] or closes < lines.start[line] + lines.length[line]:
                n = _keep_inside(work.deals, low, n, opens, closes)
        count_by_period(work.deals.time, begun, n, clock.end, clock.day_period, work.bins)
        for period in range(tally.leads.shape[0]):
            tally.leads[period, source] += work.bins[0, period]
            tally.flows[period, entered] += work.bins[0, period]
    return n


@kernel
def _open_lines(program, source, low, high, work):
    """Begin a line for every customer in [low, high) who may still start a deal."""
    clocks, sources = program.speed_clocks, program.customer_sources
    day_cell, edges = clocks.day_cell[source], clocks.edges[source]
    cumulative, speed = clocks.cumulative[source], clocks.speed[source]
    closes, only = sources.closes[source], sources.segment[source]
    identity, buyer_is_new = sources.entity[source], sources.buyer_is_new[source]
    people, lines = work.customers, work.lines
    begin, end, customer, root = people.begin, people.end, people.entity, people.origin
    segment, health, rate = people.segment, people.health, program.health.rate[source]
    clock, limits, entity, tag = lines.clock, lines.limit, lines.entity, lines.tag
    factors, whose = lines.factor, lines.customer
    m = 0
    for i in range(low, high):
        begun = operational(begin[i], day_cell, edges, cumulative, speed)
        leaves = min(end[i], closes)
        limit = operational(leaves, day_cell, edges, cumulative, speed)
        clock[m] = begun
        limits[m] = limit
        entity[m] = customer[i] ^ identity
        tag[m] = 2 * root[i] + buyer_is_new + ((health[i] + 1) << HEALTH_BIT)
        factors[m] = rate[health[i]]
        whose[m] = i
        m += (begun < limit) & (factors[m] > 0.0) & ((only < 0) | (segment[i] == only))
    return m


@loop
def _own_rates(lines, low, size, words, own_law, own_mean, tables):
    """Let a strip of lines run at rates of their own: a gamma factor on each customer's mean."""
    factors, whose, last = lines.factor, lines.customer, own_mean.size - 1
    for i in range(size):
        at = min(whose[low + i], last)
        drawn = quantile_left(tables, own_law[at], word(words, 0, i), word(words, 1, i))
        factors[low + i] *= max(own_mean[at] * drawn, _NEVER)


@kernel
def _draw_rates(program, source, m, trajectory, seed, work):
    """Draw the rates of m lines."""
    sources, words, lines = program.customer_sources, work.words, work.lines
    own_law, own_mean = sources.own_law[source], sources.own_mean[source]
    for low in range(0, m, STRIP):
        size = min(STRIP, m - low)
        blocks_of_entities(words, lines.entity, low, size, trajectory, OWN, seed)
        _own_rates(lines, low, size, words, own_law, own_mean, program.tables)


@kernel
def _next_births(m, n, ordinal, trajectory, seed, work):
    """Draw the next birth of m lines; those that have one stay, in place. Return lines, deals.

    The deals' times are operational here.
    """
    lines, words, gaps = work.lines, work.words, work.exit
    clocks, limits, line_entity, line_tag = lines.clock, lines.limit, lines.entity, lines.tag
    factors = lines.factor
    time, entity, tags = work.deals.time, work.deals.entity, work.deals.tag
    n, kept = np.uint64(n), np.uint64(0)
    for low in range(0, m, STRIP):
        size = min(STRIP, m - low)
        purpose = BIRTH + np.uint64(ordinal)
        blocks_of_entities(words, line_entity, low, size, trajectory, purpose, seed)
        # Into an array of their own: added in place they would not vectorise.
        for i in range(size):
            gap = minus_log(uniform(word(words, 0, i), word(words, 1, i)))
            gaps[i] = gap / factors[np.uint64(low + i)]
        for i in range(size):
            line = np.uint64(low + i)
            clock = clocks[line] + gaps[i]
            limit, tag, factor = limits[line], line_tag[line], factors[line]
            time[n] = clock
            entity[n] = _child(words, i)
            tags[n] = tag
            clocks[kept] = clock
            limits[kept] = limit
            line_entity[kept] = line_entity[line]
            line_tag[kept] = tag
            factors[kept] = factor
            born = np.uint64(clock < limit)
            n += born
            kept += born
    return np.int64(kept), np.int64(n)


@kernel
def _to_days(program, source, low, high, work):
    """Turn the operational times of deals [low, high) into days, in place."""
    time, out = work.deals.time, work.exit
    for start in range(low, high, STRIP):
        size = min(STRIP, high - start)
        to_days(out, time, start, size, program.speed_clocks, source, work.pick)
        for i in range(size):
            time[start + i] = out[i]


@kernel
def customer_deals(program, pipeline, low, high, n, trajectory, seed, work):
    """Start the deals of customers [low, high) in a pipeline, by exponential gaps."""
    sources = program.customer_sources
    for source in range(sources.first[pipeline], sources.first[pipeline + 1]):
        m = _open_lines(program, source, low, high, work)
        if sources.differs[source]:
            _draw_rates(program, source, m, trajectory, seed, work)
        begun = n
        ordinal = 0
        while m > 0:
            if n + m >= work.deals.time.size:
                return FULL
            m, n = _next_births(m, n, ordinal, trajectory, seed, work)
            ordinal += 1
        _to_days(program, source, begun, n, work)
        if sources.opens[source] > 0.0:
            n = _keep_inside(work.deals, begun, n, sources.opens[source], np.inf)
    return n
