"""The reference's draws, in slow and obvious Python: nothing of it is shared with the kernels.

Philox in Python's integers, the logarithm from the published formula, laws from their tables.
"""

from __future__ import annotations

import math

import numpy as np

from salessim.kernels.arrays import Tables


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 (Salmon et al., SC'11)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c[0], c[1], c[2], c[3]


def minus_log(u: float) -> float:
    """-log(u) as fdlibm's e_log.c has it: u = 2^k (1 + f), then a polynomial in s = f / (2 + f)."""
    m, k = math.frexp(u)
    if m < float.fromhex("0x1.6a09ep-1"):
        m, k = 2 * m, k - 1
    if m >= float.fromhex("0x1.6a09ep+0"):
        m, k = m / 2, k + 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    lg = [
        6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
        2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
        1.479819860511658591e-01,
    ]  # fmt: skip
    t1 = w * (lg[1] + w * (lg[3] + w * lg[5]))
    t2 = z * (lg[0] + w * (lg[2] + w * (lg[4] + w * lg[6])))
    half = 0.5 * f * f
    return (
        (half - (s * (half + (t1 + t2)) + k * 1.90821492927058770002e-10))
        - f
        - (k * 6.93147180369123816490e-01)
    )


def uniform(high: int, low: int) -> float:
    return (high * 2**20 + low // 2**12 + 0.5) / 2.0**52


def quantile(table: np.ndarray, high: int, low: int) -> float:
    """Value of a quantile table of N - 1 cells, then N sub-cells of the last one."""
    n = (table.shape[0] + 1) // 2
    cell, rest, width = high // (2**32 // n), high % (2**32 // n), 2**32 // n
    if cell == n - 1:
        width = 2**32 // n // n
        cell, rest = n - 1 + rest // width, rest % width
    share = (rest + low / 2.0**32) / width
    return float(table[cell, 0]) + float(table[cell, 1]) * share


def depth_at(tables: Tables, law: int, x: float) -> float:
    """-log P(X > x) by a law's quantile table, and beyond by its tail; nothing is known at 0."""
    table, tail, depth = tables.full[law], tables.tail[law], tables.depth
    n = (table.shape[0] + 1) // 2
    if x <= 0.0 or x < table[0, 0]:
        return 0.0
    if x >= tail[-1]:
        return math.inf
    if x >= tail[0]:
        k = int(np.searchsorted(tail, x, side="right")) - 1
        share = (x - float(tail[k])) / float(tail[k + 1] - tail[k])
        return float(depth[k]) + share * float(depth[k + 1] - depth[k])
    cell = int(np.searchsorted(table[:, 0], x, side="right")) - 1
    value, slope = map(float, table[cell])
    share = min((x - value) / slope, 1.0) if slope > 0.0 else 1.0
    left = (n - cell - share) / n if cell < n - 1 else (2 * n - 1 - cell - share) / n**2
    return min(minus_log(left), float(depth[0])) if left > 0.0 else float(depth[0])


def value_at(tables: Tables, law: int, deep: float) -> float:
    """Value that a law exceeds with probability exp(-deep)."""
    table, tail, depth = tables.full[law], tables.tail[law], tables.depth
    n = (table.shape[0] + 1) // 2
    if deep >= depth[0]:
        k = min(int(np.searchsorted(depth, deep, side="right")), len(depth) - 1) - 1
        share = min((deep - float(depth[k])) / float(depth[k + 1] - depth[k]), 1.0)
        return float(tail[k]) + share * float(tail[k + 1] - tail[k])
    share = math.exp(-deep)
    at, first = n - share * n, 0
    if at > n - 1:
        at, first = max(n - share * n**2, 0.0), n - 1
    cell = min(int(at), n - 1)
    value = float(table[first + cell, 0]) + float(table[first + cell, 1]) * (at - cell)
    return min(value, float(tail[0]))
