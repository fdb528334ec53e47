"""Names of a company's records, as addresses of a plan can hold them."""

from __future__ import annotations

from collections.abc import Iterable

from salessim.model.plan import BASE_ORIGINS


def plain(names: Iterable[str]) -> list[str]:
    """Return names without dots, quotes and control characters, each another.

    ``"Web. (US)"`` becomes ``"Web (US)"``; a second one of that name ``"Web (US) 2"``.
    """
    taken: list[str] = []
    for name in names:
        kept = "".join(" " if char in "\\.\"'" or not char.isprintable() else char for char in name)
        base = " ".join(kept.split()) or "unnamed"
        count, free = 1, base
        while free in taken or free in BASE_ORIGINS:
            count += 1
            free = f"{base} {count}"
        taken.append(free)
    return taken
