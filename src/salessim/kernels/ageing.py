"""What is left of a law at an age, in worlds that change the law or the odds of advancing.

Of a share S it is the depth -log(S) that is known: of deals that are far too old, too.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import loop, rule
from salessim.kernels.layout import FULL_BITS, OUTCOMES
from salessim.kernels.sample import minus_log, uniform, word
from salessim.kernels.scores import exponential

_CELLS = 1 << FULL_BITS
_SUB_CELLS = float(_CELLS * _CELLS)
STUCK = OUTCOMES - 1


@rule
def _below(values, x):
    """Return the place of the last value that is no greater than x, by bisection; 0 without one."""
    low, high = 0, values.size
    while high - low > 1:
        middle = (low + high) // 2
        if values[middle] <= x:
            low = middle
        else:
            high = middle
    return low


@rule
def _share_above(full, law, x):
    """Return P(X > x) by a law's quantile table."""
    low = _below(full[law, :, 0], x)
    slope = full[law, low, 1]
    share = min((x - full[law, low, 0]) / slope, 1.0) if slope > 0.0 else 1.0
    if low < _CELLS - 1:
        return (_CELLS - low - share) / _CELLS
    return (2 * _CELLS - 1 - low - share) / _SUB_CELLS


@loop
def depth_at(tables, law, x):
    """Return -log P(X > x); 0 at x = 0, where nothing is known yet, and inf where nothing is left.

    By the quantile table, and from where that becomes coarse by the law's tail, in which between
    two values the hazard is constant.
    """
    full, tail, depth = tables
    if x <= 0.0 or x < full[law, 0, 0]:
        return 0.0
    if x < tail[law, 0]:
        share = _share_above(full, law, x)
        return min(minus_log(share), depth[0]) if share > 0.0 else depth[0]
    low = _below(tail[law], x)
    if low == depth.size - 1:
        return np.inf
    share = (x - tail[law, low]) / (tail[law, low + 1] - tail[law, low])
    return depth[low] + share * (depth[low + 1] - depth[low])


@rule
def value_at(tables, law, deep):
    """Return the value that a law exceeds with probability exp(-deep)."""
    return _value_at(tables, law, deep, exponential(-deep))


@rule
def _value_at(tables, law, deep, share):
    """Return it by the share too: in a loop of their own, the shares of many vectorise."""
    full, tail, depth = tables
    if deep >= depth[0]:
        low = min(_below(depth, deep), depth.size - 2)
        share = min((deep - depth[low]) / (depth[low + 1] - depth[low]), 1.0)
        return tail[law, low] + share * (tail[law, low + 1] - tail[law, low])
    at, first = _CELLS - share * _CELLS, 0
    if at > _CELLS - 1:
        at, first = max(_CELLS - share * _SUB_CELLS, 0.0), _CELLS - 1
    cell = min(int(at), _CELLS - 1)
    value = full[law, first + cell, 0] + full[law, first + cell, 1] * (at - cell)
    return min(value, tail[law, 0])


@loop
def age_groups(aged, age, groups, chances, law, scale, tables):
    """Work out how open deals of a stage leave it given their age, in groups [first, last).

    P(k | a) is proportional to p_k S_k(a): write it cumulated to ``bounds``, -log S_k(a) to
    ``depths``, both from row 0 on.
    """
    bounds, depths, chance = aged
    first, last = groups
    conversion, shares, slip = chances
    stays = 1.0 - slip[0]
    below = 0.0
    for k in range(OUTCOMES):
        if k == 0:
            chance[k] = stays * conversion
        elif k < STUCK - 1:
            share = min(shares[k - 1], 1.0)
            chance[k] = stays * (1.0 - conversion) * (share - below)
            below = share
        elif k == STUCK - 1:
            chance[k] = slip[0]
        else:  # a least bound above 0 says that nothing is stuck
            chance[k] = stays * (1.0 - conversion) * (1.0 - below) if slip[1] <= 0.0 else 0.0
    for group in range(first, last):
        row, top = group - first, np.inf
        for k in range(OUTCOMES):
            depths[row, k] = np.inf
            if chance[k] > 0.0:
                depths[row, k] = depth_at(tables, law[k], age[group] / scale[k])
                top = min(top, depths[row, k])
        _cumulate(bounds, depths, row, chance, top, slip[1] > 0.0)


@rule
def _cumulate(bounds, depths, row, chance, top, never_stuck):
    """Cumulate chances times what is left, as shares; all are stuck where nothing is left."""
    total = 0.0
    for k in range(OUTCOMES):
        if depths[row, k] < np.inf:
            total += chance[k] * exponential(top - depths[row, k])
        if k < STUCK:
            bounds[row, k] = total
    for k in range(STUCK):
        if total <= 0.0:
            bounds[row, k] = 0.0
        elif never_stuck and bounds[row, k] >= total:
            bounds[row, k] = 1.0
        else:
            bounds[row, k] /= total


@loop
def draw_aged(opened, which, left, words, aged, chances, times, tables):
    """Draw outcomes and remaining times of open deals of a stage from ``first`` on, anew.

    `age_groups` is asked when the first of the stage's are drawn. The last of ``aged`` is a strip.
    """
    stage, first = which
    outcomes, days, size = left
    bounds, depths, chance, shares = aged
    law, scale = times
    full, tail, depth = tables
    group, age, begin = opened.group, opened.age, opened.first_group[stage]
    if first == opened.first[stage]:
        groups = (begin, opened.first_group[stage + 1])
        age_groups((bounds, depths, chance), age, groups, chances, law, scale, tables)
    for i in range(size):
        row = group[first + i] - begin
        u = uniform(word(words, 0, i), word(words, 1, i))
        outcome = 0
        for k in range(STUCK):
            outcome += u >= bounds[row, k]
        outcomes[i] = outcome
        days[i] = depths[row, outcome]
    for i in range(size):
        deep = days[i] + minus_log(1.0 - uniform(word(words, 2, i), word(words, 3, i)))
        days[i], shares[i] = deep, exponential(-deep)
    for i in range(size):
        k = outcomes[i]
        whole = scale[k] * _value_at((full, tail, depth), law[k], days[i], shares[i])
        days[i] = max(whole - age[group[first + i]], 0.0)


@loop
def draw_lives(out, words, size, first, tenure, segment, lifetimes, tables):
    """Draw what is left of the lifetimes of those in segments whose law the world changes."""
    law, scale, anew = lifetimes
    for i in range(size):
        g = segment[first + i]
        if anew[g]:
            at = tenure[first + i]
            deep = depth_at(tables, law[g], at / scale[g])
            deep += minus_log(1.0 - uniform(word(words, 0, i), word(words, 1, i)))
            out[i] = max(scale[g] * value_at(tables, law[g], deep) - at, 0.0)
