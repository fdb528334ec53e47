"""From random words to draws, by inversion: one uniform number, monotone, never rejection."""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import rule
from salessim.kernels.layout import FULL_BITS, RESIDUAL_BITS

_32 = np.uint64(32)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E00000000)
_ONE_BITS = np.int64(0x3FF0000000000000)
_MANTISSA = np.int64(0x000FFFFFFFFFFFFF)
_52 = np.int64(52)
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10


@rule
def word(words, row, i):
    """Return one of a strip's random words, widened for arithmetic without a sign."""
    return np.uint64(words[row, i])


@rule
def uniform(high, low):
    """Return a number in (0, 1) with 52 random bits; the half keeps it off 0 and 1, exactly."""
    count = np.float64(high) * 1048576.0 + np.float64(low >> np.uint64(12))
    return (count + 0.5) / 4503599627370496.0


@rule
def _place(high, low, rest):
    """Return the lowest ``rest`` bits of one word and the whole of the next as a share of 1."""
    width = np.uint64(1) << rest
    # Signed, because that converts in one instruction; by a power of two, so exact.
    inside = np.float64(np.int64(high & (width - np.uint64(1))))
    return (inside + np.float64(np.int64(low)) / 4294967296.0) * (1.0 / np.float64(width))


@rule
def quantile(tables, law, high, low, bits):
    """Draw from row ``law`` of [law, 2 * 2**bits - 1, 2] with the two words of one uniform.

    The first ``bits`` bits choose a cell; in the last cell the next ``bits`` choose a sub-cell;
    what is left is the place within it. (A view of the row would cost 10 ns in references.)
    """
    bits = np.uint64(bits)
    last = (np.uint64(1) << bits) - np.uint64(1)
    rest = _32 - bits
    row = high >> rest
    share = _place(high, low, rest)
    if row == last:  # seldom, so the processor guesses right and the common way stays short
        rest -= bits
        row += (high >> rest) & last
        share = _place(high, low, rest)
    return tables[law, row, 0] + tables[law, row, 1] * share


@rule
def quantile_left(tables, law, high, low):
    """Draw what is left of a law: from `Tables.residual`, or when negative -1 - a full table."""
    if law < 0:
        return quantile(tables.full, -1 - law, high, low, FULL_BITS)
    return quantile(tables.residual, law, high, low, RESIDUAL_BITS)


@rule
def minus_log(u):
    """Return -log(u) for u in (0, 1): argument reduction and polynomial of fdlibm's e_log.c.

    Written out because a call to the C library neither vectorises nor promises its last bit.
    """
    bits = np.float64(u).view(np.int64) + (_ONE_BITS - _SQRT_HALF_BITS)
    k = np.float64((bits >> _52) - np.int64(1023))
    f = np.int64((bits & _MANTISSA) + _SQRT_HALF_BITS).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (
        3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01)
    )
    odd = z * (
        6.666666666666735130e-01
        + w
        * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01))
    )
    half = 0.5 * f * f
    return (half - (s * (half + (even + odd)) + k * _LN2_LOW)) - f - k * _LN2_HIGH


@rule
def exit_bin(t, clock_end, day_period):
    """Period in which something happens; the overflow bin when that is beyond the end."""
    return np.uint64(day_period[np.uint64(min(t, clock_end))])
