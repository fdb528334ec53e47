"""Quantile tables: any law as cells of equal probability, each keeping its exact mean.

A table of ``bits`` bits has N = 2**bits cells of probability 1/N, the last of them refined by N
sub-cells, stored as ``(value, slope)``: a uniform fraction u of a cell gives ``value + slope * u``.
The sampler takes the cell from the upper ``bits`` bits of a word, in the last cell the sub-cell
from the next ``bits``, and u from another word. It is monotone, so common random numbers stay
common.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats

LONGEST_DAYS = 1e6
"""Where a law without a mean is cut: 2,700 years."""

NEVER_DAYS = 1e18
"""Time of what does not happen: beyond any horizon, and safe to add to."""

TABLES_KEPT = 1_024
"""Tables of 8 to 32 kB that are not computed again."""

TAIL_DEPTHS = np.append(np.geomspace(16.0 * math.log(2.0), 640.0, 255), 1e6)
"""-log P(X > x) where tails are tabulated: from the last 16 sub-cells of a table of 10 bits on.

The last one is for laws without memory only: others are spent by the one before.
"""

SMALLEST_SURVIVAL = 1e-290
"""Below this a truncated law has no digits left to divide into cells."""


@lru_cache(maxsize=TABLES_KEPT)
def quantile_table(
    law: Law, *, bits: int, survival: float = 1.0, offset: float = 0.0, scale: float = 1.0
) -> FloatArray:
    """Tabulate a law, or what is left of it at an age.

    Parameters
    ----------
    law : Law
        Law of a duration (days) or an amount (currency units).
    bits : int
        Binary logarithm of the number of cells.
    survival : float
        P(X > age) of the age the law is truncated to; 1 = not truncated.
    offset : float
        Subtracted from every value: the age, so that the table holds residual times.
    scale : float
        Multiplies every value: 100 for hundredths of the currency unit.

    Returns
    -------
    ndarray, shape (2 * 2**bits - 1, 2)
        (value, slope) of each cell: finite, not negative, rising from cell to cell; read-only, for
        plans that differ little (sweeps, goals) have most tables in common. The mean of
        each cell is the law's conditional mean there; of a law without a mean, that of
        min(X, `LONGEST_DAYS`).

    Raises
    ------
    ValueError
        When ``survival`` is not in [`SMALLEST_SURVIVAL`, 1].
    """
    if not SMALLEST_SURVIVAL <= survival <= 1.0:
        raise ValueError(f"survival must be in [{SMALLEST_SURVIVAL}, 1], found {survival}")
    shares = survival * _upper_shares(bits)
    edges = law.isf(shares)
    if math.isfinite(law.mean):
        means = _cell_means(law, shares, edges)
    else:
        edges = np.minimum(edges, LONGEST_DAYS)
        means = _capped_cell_means(law, shares)
    # isf rounds: its edges may step back by a bit, and the first may fall short of the age
    edges = np.maximum(np.maximum.accumulate(edges) - offset, 0.0)
    table: FloatArray = scale * _cells(edges[:-1], edges[1:], means - offset)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=TABLES_KEPT)
def law_tail(law: Law) -> FloatArray:
    """Return the values that a law exceeds with probability exp(-depth), at `TAIL_DEPTHS`."""
    values = law.isf(np.exp(-TAIL_DEPTHS[:-1]))
    if not math.isfinite(law.mean):
        values = np.minimum(values, LONGEST_DAYS)
    last = law.mean * TAIL_DEPTHS[-1] if law.is_memoryless else values[-1]
    tail: FloatArray = np.maximum.accumulate(np.append(values, last))
    tail.flags.writeable = False
    return tail


def never_table(bits: int) -> FloatArray:
    """Return a table of `NEVER_DAYS`: the time a stuck deal takes; shape as `quantile_table`."""
    table = np.zeros((2 * 2**bits - 1, 2))
    table[:, 0] = NEVER_DAYS
    return table


def _upper_shares(bits: int) -> FloatArray:
    """Upper shares at the cells' edges, from 1 down to 0; exact, being multiples of 1 / N^2."""
    cells = 2**bits
    coarse = np.arange(cells, 1, -1) / cells
    fine = np.arange(cells, -1, -1) / cells**2
    return floats(np.concatenate((coarse, fine)))


def _cell_means(law: Law, shares: FloatArray, edges: FloatArray) -> FloatArray:
    """Conditional mean of each cell from differences of `Law.tail_mean`."""
    totals = law.tail_mean_from(edges, shares)
    widths = shares[:-1] - shares[1:]
    means = (totals[:-1] - totals[1:]) / widths
    # What the subtraction may have lost: within that, a mean at an edge is a jump of the law
    noise = 4.0 * np.finfo(np.float64).eps * totals[:-1] / widths
    for edge in (edges[1:], edges[:-1]):
        means = np.where(np.abs(means - edge) <= noise, edge, means)
    return means


def _capped_cell_means(law: Law, shares: FloatArray) -> FloatArray:
    """Mean of min(X, `LONGEST_DAYS`) in each cell, by Gauss-Legendre over the log share.

    Heavy tails are powers of the share: smooth in its logarithm.
    """
    high, low = shares[:-1], shares[1:]
    capped = float(law.survival(floats([LONGEST_DAYS]))[0])
    start = np.clip(capped, low, high)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    span = np.log(high / start)
    at = start * np.exp(np.multiply.outer((nodes + 1.0) / 2.0, span))
    values = np.minimum(law.isf(np.minimum(at, 1.0)), LONGEST_DAYS)
    integral = span / 2.0 * (weights @ (values * at))
    return floats((integral + LONGEST_DAYS * (start - low)) / (high - low))


def _cells(low: FloatArray, high: FloatArray, means: FloatArray) -> FloatArray:
    """Return the line of each cell with the given mean, inside the cell's edges.

    A mean below the middle starts the line at the lower edge, another ends it at the upper edge;
    the last cell of an unbounded law has only a lower edge.
    """
    means = np.clip(means, low, high)
    unbounded = np.isinf(high)
    top = np.where(unbounded, means, high)
    from_low = unbounded | (means - low < top - means)
    value = np.where(from_low, low, 2.0 * means - top)
    slope = np.where(from_low, 2.0 * (means - low), 2.0 * (top - means))
    return np.stack((np.maximum(value, low), slope), axis=1)
