"""Deals walked through stages whose laws are known: records for fits to be held against.

It shares nothing with the simulation: a loop over rounds of moves in plain NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salessim._typing import FloatArray, IntArray
from salessim.fit.history import Deals
from salessim.model.law import Law

EPOCH = np.datetime64("2020-01-01", "s")
SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class TrueStage:
    """A stage whose numbers are known; shares are of those that do not advance."""

    conversion: float
    cycle_time: Law
    loss_time: Law
    stuck: float = 0.0
    back: float = 0.0
    back_time: Law | None = None
    """Of those that go back, to the stage before."""


@dataclass(frozen=True, kw_only=True)
class Shaken:
    """What months do to all visits, an entry each from that of `EPOCH` on.

    Attributes
    ----------
    odds : ndarray
        Factors on the odds of advancing of visits entered in the month.
    speed : ndarray
        Of time, of visits under way in the month.
    """

    odds: FloatArray
    speed: FloatArray

    @property
    def edges(self) -> FloatArray:
        """Days on which months begin, and on which the last one ends."""
        month = EPOCH.astype("datetime64[M]") + np.arange(len(self.odds) + 1)
        return np.asarray((month.astype("datetime64[s]") - EPOCH) / np.timedelta64(SECONDS, "s"))

    def odds_on(self, day: FloatArray) -> FloatArray:
        """Return the factor of the month of each day; the last month's beyond."""
        month = np.searchsorted(self.edges, day, side="right") - 1
        factor: FloatArray = self.odds[np.clip(month, 0, len(self.odds) - 1)]
        return factor

    def after(self, day: FloatArray, time: FloatArray) -> FloatArray:
        """Return the day on which a time is over that passes at the speed of each month."""
        edges = np.append(self.edges, self.edges[-1] + 1e6)
        passed = np.cumsum([0.0, *self.speed * np.diff(self.edges), 1e6])
        ends = np.interp(day, edges, passed) + time
        return np.where(np.isfinite(time), np.interp(ends, passed, edges), np.inf)


def record(  # noqa: PLR0913  # what may be otherwise, all by name
    stages: Sequence[TrueStage],
    rng: np.random.Generator,
    *,
    deals: int = 0,
    days: int,
    born: FloatArray | None = None,
    created_from: int = 0,
    complete_from: int | None = None,
    dates_only: bool = False,
    shaken: Shaken | None = None,
) -> Deals:
    """Return what a company would have written down.

    Parameters
    ----------
    stages : sequence of TrueStage
    rng : Generator
    deals : int
        Created at times spread evenly from `created_from` to `days`.
    days : int
        Days from the beginning to the day on which the records end.
    born : ndarray, optional
        Days on which deals were created, in order, instead of `deals`.
    created_from : int
        Day of the first creation; before 0 to have deals under way.
    complete_from : int, optional
        Deals that ended before this day are absent.
    dates_only : bool
        Whether times of day are not written down.
    shaken : Shaken, optional
        What months do to all visits; then nothing is created before day 0.
    """
    won = len(stages)
    at = rng.uniform(created_from, days, deals) if born is None else born
    deal, stage = np.arange(len(at)), np.zeros(len(at), dtype=np.int64)
    told = []
    while deal.size:
        told.append((deal, stage, at))
        active = stage < won
        deal, stage, at = deal[active], stage[active], at[active]
        odds = np.ones(len(at)) if shaken is None else shaken.odds_on(at)
        stage, time = _step(stages, stage, odds, rng)
        at = at + time if shaken is None else shaken.after(at, time)
        seen = at < days
        deal, stage, at = deal[seen], stage[seen], at[seen]
    columns = [np.concatenate(column) for column in zip(*told, strict=True)]
    moves = pd.DataFrame(dict(zip(("deal", "stage", "day"), columns, strict=True)))
    if complete_from is not None:
        gone = moves.loc[(moves["stage"] >= won) & (moves["day"] < complete_from), "deal"]
        moves = moves[~moves["deal"].isin(gone)]
    moves = moves.sort_values(["deal", "day"], ignore_index=True)
    return _written(moves, won, days, complete_from, dates_only=dates_only)


def _step(
    stages: Sequence[TrueStage], stage: IntArray, odds: FloatArray, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Return where visits lead, and after how many days (infinite = never)."""
    to, time = stage.copy(), np.full(len(stage), np.inf)
    for nth, one in enumerate(stages):
        here = np.flatnonzero(stage == nth)
        kind = rng.random(here.size)
        advance = one.conversion * odds[here]
        advance /= advance + 1.0 - one.conversion
        rest = 1.0 - advance
        ends = np.cumsum([advance, rest * one.back, rest * one.stuck], axis=0)
        for law, chosen, target in (
            (one.cycle_time, kind < ends[0], nth + 1),
            (one.back_time, (kind >= ends[0]) & (kind < ends[1]), nth - 1),
            (one.loss_time, kind >= ends[2], len(stages) + 1),
        ):
            rows = here[chosen]
            if law is not None and rows.size:
                to[rows] = target
                time[rows] = law.isf(rng.random(rows.size))
    return to, time


def _written(
    moves: pd.DataFrame, won: int, days: int, complete_from: int | None, *, dates_only: bool
) -> Deals:
    """Return moves as a history has them, deals numbered anew."""
    clock = SECONDS if dates_only else 1
    seconds = np.floor(moves["day"].to_numpy() * SECONDS / clock).astype(np.int64) * clock
    names, number = np.unique(moves["deal"].to_numpy(), return_inverse=True)
    when = EPOCH + seconds.astype("timedelta64[s]")
    table = pd.DataFrame({"deal": number, "stage": moves["stage"], "at": when})
    created = table.drop_duplicates("deal")["at"].reset_index(drop=True)
    nothing = {"deal": np.zeros(0, np.int64), "at": when[:0], "amount": np.zeros(0)}
    return Deals(
        pipeline="new",
        stages=tuple(f"stage {nth}" for nth in range(won)),
        table=pd.DataFrame({"deal": [f"D{name}" for name in names], "created": created}),
        moves=table,
        amounts=pd.DataFrame(nothing),
        complete_from=None if complete_from is None else _moment(complete_from),
        until=_moment(days),
    )


def _moment(day: int) -> pd.Timestamp:
    return pd.Timestamp(EPOCH + np.timedelta64(day, "D"))
