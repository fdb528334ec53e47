"""Identities: an entity is a hash of what it is, so nothing else can move its draws."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import pairwise

from salessim.errors import SalessimError

RESERVED_PURPOSES = 6
"""The topmost purposes belong to draws that are not visits (count, lifetime, amount, factor,
score, own)."""
FIRST_VISIT = 1
MANY_VISITS = 1 << 14
"""Purposes kept for a stage that is visited again. At a mean of 1,000 visits, the most that a plan
may have, one deal in 10^7 passes it; that does harm only where another stage's range begins."""


def entity(kind: str, name: str) -> int:
    """Return the 64-bit identity of a named thing, for example ``("deal", "OPP-1204")``."""
    text = f"{kind}\0{name}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def _purpose(kind: str, stage: str) -> int:
    digest = hashlib.blake2b(f"{kind}\0{stage}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def purposes(names: Sequence[tuple[str, str]], *, visits: Sequence[int]) -> list[int]:
    """Return the 32-bit purposes of first visits, and of the rests after them.

    A purpose is a hash of a name; the visits that follow count on from it.

    Parameters
    ----------
    names : sequence of (kind, ``pipeline.stage``)
        The kind is ``visit`` or ``rest``.
    visits : sequence of int
        How many purposes each name takes: `FIRST_VISIT` or `MANY_VISITS`.

    Raises
    ------
    SalessimError
        When two ranges overlap (rare): rename one of the stages.
    """
    first = [_purpose(kind, stage) for kind, stage in names]
    taken = zip(first, visits, names, strict=True)
    ranges = sorted((p, p + many, stage) for p, many, (_, stage) in taken)
    ranges.append((2**32 - RESERVED_PURPOSES, 2**32, "another draw"))
    for (_, end, stage), (begin, _, other) in pairwise(ranges):
        if end > begin:
            raise SalessimError(
                f"stage {stage!r} would share its random numbers with {other!r}: rename it"
            )
    return first
