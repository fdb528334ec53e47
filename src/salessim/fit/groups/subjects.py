"""What is compared among groups: visits to a stage, or deals as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.fit.history import Deals
from salessim.fit.incidence import Incidence, incidence
from salessim.fit.visits import ADVANCE, LOST, OPEN, Visits, visits

WON = ADVANCE - 1
"""`incidence` counts outcomes from 0, and what is open is none."""
WHOLE = "win rate"
"""What stands for a stage where deals are compared from creation to the end."""


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is compared: visits to a stage, or deals as a whole."""

    name: str
    rows: Visits
    group: IntArray
    """-1 = of no group."""
    followed: FloatArray
    """Days from entry to the end of the records."""
    pooled: Incidence

    def reach(self, ages: FloatArray) -> FloatArray:
        """Return the share of conversions that come by these ages, of all that were seen to."""
        all_seen = float(self.pooled.ended[WON][-1])
        return self.pooled.ended_by(ages, outcome=WON) / all_seen


def subjects(deals: Deals, group: IntArray) -> list[Subject]:
    """Return deals as a whole, and their visits to each stage where there are several.

    Parameters
    ----------
    deals : Deals
    group : ndarray of int, shape (deals,)
        Group of each deal; -1 = of none.
    """
    seen = visits(deals)
    found = [_subject(WHOLE, _whole(deals, seen), group, deals)]
    for index, stage in enumerate(deals.stages if len(deals.stages) > 1 else ()):
        name = f"{stage} (stage)" if stage == WHOLE else stage
        found.append(_subject(name, seen.where(seen.stage == index), group, deals))
    return found


def _whole(deals: Deals, seen: Visits) -> Visits:
    """Return deals as one visit each, from creation to the win or the loss."""
    end = np.full(len(deals.table), -np.inf)
    began = np.full(len(deals.table), np.inf)
    second = seen.entered.astype("datetime64[s]").astype(np.float64)
    np.maximum.at(end, seen.deal, second + 86_400.0 * seen.duration)
    first = deals.moves.groupby("deal")["at"].first()
    began[first.index.to_numpy()] = first.to_numpy("datetime64[s]").astype(np.float64)
    outcome = np.full(len(deals.table), OPEN)
    outcome[seen.deal[seen.to == deals.lost]] = LOST
    outcome[seen.deal[seen.to == deals.won]] = ADVANCE
    has = np.flatnonzero(np.isfinite(end))
    since = -np.inf
    if deals.complete_from is not None:
        since = float(np.datetime64(deals.complete_from, "s").astype(np.int64))
    return Visits(
        stages=(WHOLE,),
        deal=has,
        stage=np.zeros(len(has), dtype=np.int64),
        entered=began[has].astype("datetime64[s]").astype("datetime64[us]"),
        entry_age=np.maximum(since - began[has], 0.0) / 86_400.0,
        duration=np.maximum(end[has] - began[has], 0.0) / 86_400.0,
        outcome=outcome[has],
        to=np.zeros(len(has), dtype=np.int64),
        weight=np.ones(len(has)),
        tick=seen.tick,
    )


def _subject(name: str, rows: Visits, group: IntArray, deals: Deals) -> Subject:
    until = np.datetime64(deals.until, "us")
    return Subject(
        name=name,
        rows=rows,
        group=group[rows.deal],
        followed=(until - rows.entered) / np.timedelta64(1, "D"),
        pooled=incidence(rows.entry_age, rows.duration, rows.outcome - 1, rows.weight, outcomes=3),
    )
