"""What is left of a law at an age, in worlds that change the law itself: from its full table."""

from __future__ import annotations

from salessim.kernels._jit import loop, rule
from salessim.kernels.layout import FULL_BITS, OUTCOMES
from salessim.kernels.sample import uniform, word

_CELLS = 1 << FULL_BITS
_SUB_CELLS = float(_CELLS * _CELLS)
STUCK = OUTCOMES - 1


@rule
def survival(laws, law, x):
    """Return P(X > x) by a law's table; 1 at x = 0, where nothing is known yet."""
    if x <= 0.0 or x < laws[law, 0, 0]:
        return 1.0
    low, high = 0, laws.shape[1]
    while high - low > 1:
        middle = (low + high) // 2
        if laws[law, middle, 0] <= x:
            low = middle
        else:
            high = middle
    slope = laws[law, low, 1]
    share = min((x - laws[law, low, 0]) / slope, 1.0) if slope > 0.0 else 1.0
    if low < _CELLS - 1:
        return (_CELLS - low - share) / _CELLS
    return (2 * _CELLS - 1 - low - share) / _SUB_CELLS


@rule
def exceeded(laws, law, share):
    """Return the value that a law exceeds with a probability in (0, 1], by its table."""
    at, first = _CELLS - share * _CELLS, 0
    if at > _CELLS - 1:
        at, first = max(_CELLS - share * _SUB_CELLS, 0.0), _CELLS - 1
    cell = min(int(at), _CELLS - 1)
    return laws[law, first + cell, 0] + laws[law, first + cell, 1] * (at - cell)


@loop
def age_groups(aged, age, groups, chances, law, scale, laws):
    """Work out how open deals of a stage leave it given their age, in groups [first, last).

    P(k | a) is proportional to p_k S_k(a): write it cumulated to ``bounds``, S_k(a) to ``left``,
    both from row 0 on.
    """
    bounds, left = aged
    first, last = groups
    conversion, shares, slip = chances
    stays = 1.0 - slip[0]
    for group in range(first, last):
        row = group - first
        total, below = 0.0, 0.0
        for k in range(OUTCOMES):
            left[row, k] = survival(laws, law[k], age[group] / scale[k])
            if k == 0:
                chance = stays * conversion
            elif k < STUCK - 1:
                share = min(shares[k - 1], 1.0)
                chance = stays * (1.0 - conversion) * (share - below)
                below = share
            elif k == STUCK - 1:
                chance = slip[0]
            else:  # a least bound above 0 says that nothing is stuck
                chance = stays * (1.0 - conversion) * (1.0 - below) if slip[1] <= 0.0 else 0.0
            total += chance * left[row, k]
            if k < STUCK:
                bounds[row, k] = total
        never_stuck = slip[1] > 0.0
        for k in range(STUCK):
            if total <= 0.0:
                bounds[row, k] = 0.0
            elif never_stuck and bounds[row, k] >= total:
                bounds[row, k] = 1.0
            else:
                bounds[row, k] /= total


@loop
def draw_aged(opened, which, left, words, aged, chances, times, laws):
    """Draw outcomes and remaining times of open deals of a stage from ``first`` on, anew.

    `age_groups` is asked when the first of the stage's are drawn.
    """
    stage, first = which
    outcomes, days, size = left
    bounds, longer = aged
    law, scale = times
    group, age, begin = opened.group, opened.age, opened.first_group[stage]
    if first == opened.first[stage]:
        groups = (begin, opened.first_group[stage + 1])
        age_groups(aged, age, groups, chances, law, scale, laws)
    for i in range(size):
        at = group[first + i]
        row = at - begin
        u = uniform(word(words, 0, i), word(words, 1, i))
        outcome = 0
        for k in range(STUCK):
            outcome += u >= bounds[row, k]
        share = longer[row, outcome] * (1.0 - uniform(word(words, 2, i), word(words, 3, i)))
        outcomes[i] = outcome
        whole = scale[outcome] * exceeded(laws, law[outcome], share)
        days[i] = max(whole - age[at], 0.0)


@loop
def draw_lives(out, words, size, first, tenure, segment, lifetimes, laws):
    """Draw what is left of the lifetimes of those in segments whose law the world changes."""
    law, scale, anew = lifetimes
    for i in range(size):
        g = segment[first + i]
        if anew[g]:
            at = tenure[first + i]
            share = survival(laws, law[g], at / scale[g])
            share *= 1.0 - uniform(word(words, 0, i), word(words, 1, i))
            out[i] = max(scale[g] * exceeded(laws, law[g], share) - at, 0.0)
