"""Where deals are born: leads from outside, and the deals that customers start.

A pass appends to the deals it is given and returns their new number, or FULL.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import kernel, rule
from salessim.kernels.layout import STRIP
from salessim.kernels.philox import BIRTH, COUNT, blocks_of_births, blocks_of_entities, philox
from salessim.kernels.poisson import poisson
from salessim.kernels.sample import minus_log, uniform

FULL = -1
"""What a pass returns when a buffer is too small: the trajectory is run again with larger ones."""

_32 = np.uint64(32)


@rule
def _word(words, row, i):
    return np.uint64(words[row, i])


@rule
def _child(words, i):
    # Half of a birth's block is the new deal's identity: a hash of its line and ordinal.
    return _word(words, 2, i) | (_word(words, 3, i) << _32)


@kernel
def _scatter_leads(program, k, line, n, trajectory, seed, work):
    """Append one line's leads: a Poisson count, then independent uniform times."""
    lines = program.arrivals
    start, length, line_tag = lines.start[line], lines.length[line], lines.tag[k]
    time, entity, tag = work.deals.time, work.deals.entity, work.deals.tag
    words = work.words
    c0, c1, _, _ = philox(lines.entity[line], trajectory, COUNT, seed)
    count = poisson(uniform(c0, c1), lines.mean[line])
    if n + count >= time.size:
        return FULL
    for low in range(0, count, STRIP):
        size = min(STRIP, count - low)
        blocks_of_births(words, lines.entity[line], low, size, trajectory, seed)
        for i in range(size):
            time[n + i] = start + length * uniform(_word(words, 0, i), _word(words, 1, i))
            entity[n + i] = _child(words, i)
            tag[n + i] = line_tag
        n += size
    return n


@kernel
def _keep_inside(deals, low, high, opens, closes):
    """Leave out the leads outside a source's dates, drawn all the same: other dates move none."""
    kept = low
    for i in range(low, high):
        t = deals.time[i]
        deals.time[kept] = t
        deals.entity[kept] = deals.entity[i]
        kept += (t >= opens) & (t < closes)
    return kept


@kernel
def external_leads(program, pipeline, trajectory, seed, work, leads):
    """Start the leads of a pipeline, source by source and month by month."""
    lines, day_period = program.arrivals, program.clock.day_period
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
        for i in range(begun, n):
            leads[day_period[np.int64(work.deals.time[i])], source] += 1
    return n


@rule
def _operational(t, source, clock, sources):
    """Return the expected events of a customer source from the start to day t."""
    cell = clock.day_cell[np.int64(t)]
    since = t - clock.cell_edges[cell]
    return sources.cumulative[source, cell] + sources.rate[source, cell] * since


@kernel
def _open_lines(program, source, low, high, work):
    """Begin a line for every customer in [low, high) who may still start a deal."""
    clock, sources = program.clock, program.customer_sources
    customers, lines = work.customers, work.lines
    origins = np.uint64(program.pipelines.origins)
    m = 0
    for i in range(low, high):
        begun = _operational(customers.begin[i], source, clock, sources)
        limit = _operational(min(customers.end[i], clock.end), source, clock, sources)
        origin = np.int64(np.uint64(customers.slot[i]) % origins)
        lines.clock[m] = begun
        lines.limit[m] = limit
        lines.entity[m] = customers.entity[i] ^ sources.entity[source]
        lines.tag[m] = 2 * origin + sources.buyer_is_new[source]
        m += begun < limit
    return m


@kernel
def _next_births(m, n, ordinal, trajectory, seed, work):
    """Draw the next birth of m lines; those that have one stay, in place. Return lines, deals.

    The deals' times are operational here.
    """
    deals, lines, words = work.deals, work.lines, work.words
    kept = 0
    for low in range(0, m, STRIP):
        size = min(STRIP, m - low)
        purpose = BIRTH + np.uint64(ordinal)
        blocks_of_entities(words, lines.entity[low:], size, trajectory, purpose, seed)
        for i in range(size):
            lines.clock[low + i] += minus_log(uniform(_word(words, 0, i), _word(words, 1, i)))
        for i in range(size):
            clock, limit, tag = lines.clock[low + i], lines.limit[low + i], lines.tag[low + i]
            deals.time[n] = clock
            deals.entity[n] = _child(words, i)
            deals.tag[n] = tag
            lines.clock[kept] = clock
            lines.limit[kept] = limit
            lines.entity[kept] = lines.entity[low + i]
            lines.tag[kept] = tag
            born = clock < limit
            n += born
            kept += born
    return kept, n


@kernel
def _to_days(program, source, low, high, time):
    """Turn operational times into days; the guide finds the cell, nearly always at once."""
    sources, edges = program.customer_sources, program.clock.cell_edges
    scale = sources.guide_scale[source]
    for i in range(low, high):
        clock = time[i]
        cell = sources.guide[source, np.int64(clock * scale)]
        while clock >= sources.cumulative[source, cell + 1]:
            cell += 1
        since = clock - sources.cumulative[source, cell]
        time[i] = edges[cell] + since * sources.days_per_event[source, cell]


@kernel
def customer_deals(program, pipeline, low, high, n, trajectory, seed, work):
    """Start the deals of customers [low, high) in a pipeline, by exponential gaps."""
    sources = program.customer_sources
    for source in range(sources.first[pipeline], sources.first[pipeline + 1]):
        m = _open_lines(program, source, low, high, work)
        begun = n
        ordinal = 0
        while m > 0:
            if n + m >= work.deals.time.size:
                return FULL
            m, n = _next_births(m, n, ordinal, trajectory, seed, work)
            ordinal += 1
        _to_days(program, source, begun, n, work.deals.time)
    return n
