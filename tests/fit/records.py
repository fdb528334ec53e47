"""Small histories, written as one would tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from salessim.fit.history import Deals

STAGES = ("lead", "demo", "offer")
WON, LOST = 3, 4
Told = Mapping[str, Sequence[tuple[str, int]]]


def deals_of(
    told: Told,
    *,
    until: str = "2024-12-31",
    complete_from: str | None = None,
    amounts: Mapping[str, Sequence[tuple[str, float]]] | None = None,
) -> Deals:
    """Return deals from ``{"a": [("2024-01-01", 0), ("2024-01-05", 1)]}``: entries to stages."""
    names = list(told)
    moves = [(names.index(name), stage, at) for name in names for at, stage in told[name]]
    worth = [(names.index(name), at, x) for name, row in (amounts or {}).items() for at, x in row]
    created = [told[name][0][0] if told[name] else "2024-01-01" for name in names]
    table = pd.DataFrame(
        {"deal": names, "created": pd.to_datetime(pd.Series(created), format="ISO8601")}
    )
    frame = pd.DataFrame(moves, columns=["deal", "stage", "at"])
    known = pd.DataFrame(worth, columns=["deal", "at", "amount"])
    return Deals(
        pipeline="new",
        stages=STAGES,
        table=table,
        moves=frame.assign(at=pd.to_datetime(frame["at"], format="ISO8601")),
        amounts=known.assign(at=pd.to_datetime(known["at"], format="ISO8601")),
        complete_from=None if complete_from is None else pd.Timestamp(complete_from),
        until=pd.Timestamp(until),
    )
