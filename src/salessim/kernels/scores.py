"""The draws of a world: standard normal scores, the levels of shocks, and the factors they make."""

from __future__ import annotations

import math

import numpy as np

from salessim.kernels._jit import driver, loop, rule
from salessim.kernels.philox import SCORE, philox
from salessim.kernels.sample import minus_log, uniform

_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
_LARGEST = 700.0
_EXPONENT_OF_ONE = np.int64(1023)
_52 = np.int64(52)


@rule
def exponential(x):
    """Return exp(x), |x| <= 700: argument reduction and rational function of fdlibm's e_exp.c.

    Written out because the C library does not promise its last bit; exactly 1 at 0. No power of two
    that x leads to is subnormal: to multiply by it is exact.
    """
    x = min(max(x, -_LARGEST), _LARGEST)
    k = np.floor(x * 1.44269504088896338700 + 0.5)
    high = x - k * _LN2_HIGH
    low = k * _LN2_LOW
    r = high - low
    t = r * r
    c = r - t * (
        1.66666666666666019037e-01
        + t
        * (
            -2.77777777770155933842e-03
            + t
            * (
                6.61375632143793436117e-05
                + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08)
            )
        )
    )
    power = np.int64((np.int64(k) + _EXPONENT_OF_ONE) << _52).view(np.float64)
    return (1.0 - ((low - (r * c) / (2.0 - c)) - high)) * power


@rule
def _ratio(x, above, below):
    top, bottom = 0.0, 0.0
    for i in range(8):
        top = top * x + above[i]
        bottom = bottom * x + below[i]
    return top / bottom


# Coefficients of AS 241, highest power first: the centre, the flanks, the far tails.
_CENTRE = (
    (
        2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
        13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
    ),
    (
        5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
        5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0,
    ),
)  # fmt: skip
_FLANK = (
    (
        7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177,
        1.27045825245236838258, 3.64784832476320460504, 5.7694972214606914055,
        4.6303378461565452959, 1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966,
        0.14810397642748007459, 0.68976733498510000455, 1.6763848301838038494,
        2.05319162663775882187, 1.0,
    ),
)  # fmt: skip
_TAIL = (
    (
        2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386,
        0.026532189526576123093, 0.29656057182850489123, 1.7848265399172913358,
        5.4637849111641143699, 6.6579046435011037772,
    ),
    (
        2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5,
        7.868691311456132591e-4, 0.0148753612908506148525, 0.13692988092273580531,
        0.59983220655588793769, 1.0,
    ),
)  # fmt: skip


@rule
def normal_score(u):
    """Return the standard normal quantile of u in (0, 1): PPND16 of AS 241 (Wichura 1988)."""
    q = u - 0.5
    if abs(q) <= 0.425:
        return q * _ratio(0.180625 - q * q, _CENTRE[0], _CENTRE[1])
    r = math.sqrt(minus_log(min(u, 1.0 - u)))
    score = (
        _ratio(r - 1.6, _FLANK[0], _FLANK[1]) if r <= 5.0 else _ratio(r - 5.0, _TAIL[0], _TAIL[1])
    )
    return score if q > 0.0 else -score


@rule
def _score(entity, trajectory, seed):
    w0, w1, _, _ = philox(entity, trajectory, SCORE, seed)
    return normal_score(uniform(w0, w1))


@rule
def _mixed(mixing, scores, row):
    total = 0.0
    for k in range(row + 1):
        total += mixing[row, k] * scores[k]
    return total


@rule
def _step(steps, row, farthest, score):
    """Interpolate a number's step between the scores at which it is tabulated."""
    half = (steps.shape[1] - 1) // 2
    at = min(max(score / farthest, -1.0), 1.0) * half
    cell = min(int(np.floor(at)), half - 1)
    low, high = steps[row, half + cell], steps[row, half + cell + 1]
    return low + (high - low) * (at - cell)


@loop
def _draw_numbers(inputs, draws, trajectory, raw, scores, x):
    for k in range(raw.size):
        raw[k] = _score(inputs.entity[k], trajectory, draws.number_seed[k])
    for k in range(raw.size):
        held = draws.number_held[k]
        scores[k] = _mixed(inputs.mixing, raw, k) if np.isnan(held) else held
        x[k] = _step(inputs.steps, k, inputs.farthest, scores[k])


@loop
def _draw_shocks(inputs, draws, trajectory, raw, levels, x):
    """Write each shock's levels, a stationary AR(1), to x: a row of months for each shock."""
    shocks, months = inputs.month.shape
    for m in range(months):
        mixing = inputs.renewal if m else inputs.opening
        for n in range(shocks):
            raw[n] = _score(inputs.month[n, m], trajectory, draws.shock_seed[n])
        for n in range(shocks):
            kept = inputs.persistence[n] * levels[n] if m else 0.0
            levels[n] = kept + _mixed(mixing, raw, n)
            held = draws.shock_held[n]
            x[n * months + m] = levels[n] if np.isnan(held) else held


@driver
def draw_worlds(inputs, draws, first, scores, factors, scratch):
    """Draw the worlds of trajectories from ``first`` on.

    ``scores`` [w, k] gets the scores of the numbers, ``factors`` [w, factor] all factors.
    ``scratch`` are four arrays: of all sources, of the numbers, and two of the shocks.
    """
    numbers = inputs.entity.size
    x, raw, shock_raw, levels = scratch
    for w in range(factors.shape[0]):
        trajectory = np.uint64(first + w)
        _draw_numbers(inputs, draws, trajectory, raw, scores[w], x)
        _draw_shocks(inputs, draws, trajectory, shock_raw, levels, x[numbers:])
        for j in range(factors.shape[1]):
            of = x[inputs.source[j]]
            factors[w, j] = exponential(inputs.coefficient[j] * of + inputs.offset[j])


@driver
def multiply(out, at, columns, factors):
    """Multiply elements ``at`` of each world's row of ``out`` by its factors in ``columns``."""
    for w in range(out.shape[0]):
        for k in range(at.size):
            out[w, at[k]] *= factors[w, columns[k]]
