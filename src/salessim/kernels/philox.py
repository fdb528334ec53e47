"""Philox4x32-10: every draw is a pure function of (seed; entity, trajectory, purpose).

Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC'11, section 3.3.
Words are 32 bits kept in uint64, so that products never overflow, with or without machine code.
"""

from __future__ import annotations

import numpy as np

from salessim.kernels._jit import loop, rule

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)

# Purposes of draws that are not visits. A line of births uses BIRTH + ordinal, and no other.
COUNT = np.uint64(0xFFFFFFFF)
LIFETIME = np.uint64(0xFFFFFFFE)
AMOUNT = np.uint64(0xFFFFFFFD)
FACTOR = np.uint64(0xFFFFFFFC)
SCORE = np.uint64(0xFFFFFFFB)
OWN = np.uint64(0xFFFFFFFA)
BIRTH = np.uint64(0)


@rule
def philox(entity, trajectory, purpose, seed):
    """Return the four 32-bit words of a block."""
    c0 = entity & _LOW
    c1 = entity >> _32
    c2 = trajectory
    c3 = purpose
    k0 = seed & _LOW
    k1 = seed >> _32
    for _ in range(10):
        p0 = _MULTIPLIER_0 * c0
        p1 = _MULTIPLIER_1 * c2
        c0 = (p1 >> _32) ^ c1 ^ k0
        c1 = p1 & _LOW
        c2 = (p0 >> _32) ^ c3 ^ k1
        c3 = p0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return c0, c1, c2, c3


@loop
def blocks_of_entities(words, entity, low, count, trajectory, purpose, seed):
    """Fill ``words[:, :count]`` with one block per entity from ``low`` on, for one purpose."""
    for i in range(count):
        block = philox(entity[np.uint64(low + i)], trajectory, purpose, seed)
        words[0, i], words[1, i], words[2, i], words[3, i] = block


@loop
def blocks_of_births(words, entity, first, count, trajectory, seed):
    """Fill ``words[:, :count]`` with the births ``first, first + 1, ...`` of one line."""
    for i in range(count):
        block = philox(entity, trajectory, BIRTH + np.uint64(first + i), seed)
        words[0, i], words[1, i], words[2, i], words[3, i] = block


@loop
def blocks_of_visits(words, entity, purpose, low, count, trajectory, seed):
    """Fill ``words[:, :count]`` with one block per entity from ``low`` on, each for its purpose."""
    for i in range(count):
        block = philox(entity[np.uint64(low + i)], trajectory, purpose[i], seed)
        words[0, i], words[1, i], words[2, i], words[3, i] = block
