"""Identities: an entity is a hash of what it is, so nothing else can move its draws."""

from __future__ import annotations

import hashlib

from salessim.errors import SalessimError

RESERVED_PURPOSES = 4
"""The topmost purposes belong to draws that are not visits (count, lifetime, amount)."""


def entity(kind: str, name: str) -> int:
    """Return the 64-bit identity of a named thing, for example ``("deal", "OPP-1204")``."""
    text = f"{kind}\0{name}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def purposes(stages: tuple[str, ...]) -> list[int]:
    """Return the 32-bit purpose of each stage's visits: a hash of ``pipeline.stage``.

    Raises
    ------
    SalessimError
        When two names share a purpose (once in 4 billion pairs): rename one of them.
    """
    taken: dict[int, str] = {}
    for stage in stages:
        digest = hashlib.blake2b(f"visit\0{stage}".encode(), digest_size=4).digest()
        purpose = int.from_bytes(digest, "little")
        if purpose in taken or purpose >= 2**32 - RESERVED_PURPOSES:
            other = taken.get(purpose, "another draw")
            raise SalessimError(
                f"stage {stage!r} would share its random numbers with {other!r}: rename it"
            )
        taken[purpose] = stage
    return list(taken)
