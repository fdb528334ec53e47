"""Visits to stages: what became of each stay of a deal in a stage, and after how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.fit.history import Deals
from salessim.model.law import floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

OPEN, ADVANCE, LOST, BACK = 0, 1, 2, 3
"""What became of a visit."""
NOWHERE = -1
"""Where a visit leads that is still open."""
CLOCKS = (86_400, 3_600, 60, 1)
"""Seconds between two times that a clock of records can tell apart, the coarsest first."""
SECONDS_PER_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Visits:
    """Stays of deals in stages, an entry each, in no particular order.

    Attributes
    ----------
    stages : tuple of str
        Names of the open stages.
    deal : ndarray of int
        Row of the deal in its table.
    stage : ndarray of int
        Which stage it was, 0 to ``len(stages) - 1``.
    entered : ndarray of datetime64[us]
        When it was entered.
    entry_age : ndarray
        Days: a visit that had ended at this age would be absent (left truncation); 0 = never.
    duration : ndarray
        Days to the end of the visit; of an open one, how long it has lasted.
    outcome : ndarray of int
        `OPEN`, `ADVANCE`, `LOST` or `BACK`.
    to : ndarray of int
        Stage that it led to (won and lost after the open ones), `NOWHERE` of an open one.
    weight : ndarray
        How many visits the entry stands for.
    tick : float
        Days between two times that the records' clock can tell apart: 1 of dates without times.
    passed : int
        How many of them no record shows: stages skipped, which took no time.
    reopened : int
        Deals that went on after they had been won or lost: what came last is taken.
    """

    stages: tuple[str, ...]
    deal: IntArray
    stage: IntArray
    entered: NDArray[np.datetime64]
    entry_age: FloatArray
    duration: FloatArray
    outcome: IntArray
    to: IntArray
    weight: FloatArray
    tick: float
    passed: int = 0
    reopened: int = 0

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.stage)

    def where(self, chosen: Any) -> Self:
        """Return some of them: ``chosen`` is a mask or are positions."""
        arrays = ("deal", "stage", "entered", "entry_age", "duration", "outcome", "to", "weight")
        return replace(self, **{name: getattr(self, name)[chosen] for name in arrays})


def visits(deals: Deals) -> Visits:
    """Return the visits of deals to stages up to `deals.until`.

    A visit ends with the next move: to a later stage it advanced, to an earlier one it went back.
    A deal that skips stages, or is won from an early one, advanced from each stage between in no
    time, so that conversions multiply to what happened; one that begins behind the first stage
    passed those before it in no time, and one that begins as lost was lost from the first. A deal
    that goes on after it was won or lost had not been: its visit before that goes on.

    Deals that ended before `deals.complete_from` are absent. So visits that ended before it are
    left out (those of deals that went on would be all that is left of them), and those in
    progress then have an entry age.

    Parameters
    ----------
    deals : Deals
        With moves in order of deal, then of time.
    """
    deal, stage, second, reopened = _last_word(deals)
    last = np.append(deal[1:] != deal[:-1], np.ones(min(len(deal), 1), dtype=bool))
    first = np.roll(last, 1)
    followed = np.flatnonzero(~last)
    to = np.full(len(deal), NOWHERE)
    to[followed] = stage[followed + 1]
    end = np.full(len(deal), _seconds(deals.until))
    end[followed] = second[followed + 1]
    stays = stage < deals.won
    seen = _table(deal[stays], stage[stays], second[stays], end[stays], to[stays])
    skipped = _passed(
        np.concatenate((deal[first], deal[followed])),
        np.concatenate((np.full(first.sum(), NOWHERE), stage[followed])),
        np.concatenate((stage[first], stage[followed + 1])),
        np.concatenate((second[first], second[followed + 1])),
        deals,
    )
    rows = np.concatenate((seen, skipped), axis=1)
    if deals.complete_from is not None:
        rows = rows[:, rows[3] >= _seconds(deals.complete_from)]
    made = _made(rows, deals)
    return replace(made, passed=skipped.shape[1], reopened=reopened)


def _last_word(deals: Deals) -> tuple[IntArray, IntArray, IntArray, int]:
    """Return deal, stage and second of moves, without closings that were not the last word."""
    deal = deals.moves["deal"].to_numpy(np.int64)
    stage = deals.moves["stage"].to_numpy(np.int64)
    second = deals.moves["at"].to_numpy("datetime64[s]").astype(np.int64)
    goes_on = np.append(deal[1:] == deal[:-1], np.zeros(min(len(deal), 1), dtype=bool))
    undone = goes_on & (stage >= deals.won)
    reopened = len(np.unique(deal[undone]))
    deal, stage, second = deal[~undone], stage[~undone], second[~undone]
    stays = np.zeros(len(deal), dtype=bool)
    stays[1:] = (deal[1:] == deal[:-1]) & (stage[1:] == stage[:-1])
    return deal[~stays], stage[~stays], second[~stays], reopened


def _passed(
    deal: IntArray, before: IntArray, after: IntArray, second: IntArray, deals: Deals
) -> IntArray:
    """Return visits to the stages between moves, which took no time.

    From `NOWHERE` a deal that is lost was lost from the first stage.
    """
    stillborn = (before == NOWHERE) & (after == deals.lost)
    lost_at = np.where(stillborn, 1, 0)
    count = np.where(after <= deals.won, np.maximum(after - before - 1, 0), lost_at)
    row = np.repeat(np.arange(len(deal)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    stage = before[row] + 1 + nth
    to = np.where(stillborn[row], deals.lost, stage + 1)
    return _table(deal[row], stage, second[row], second[row], to)


def _table(*columns: IntArray) -> IntArray:
    """Return deal, stage, second of entry, second of end and next stage as rows of one array."""
    return np.stack(columns).astype(np.int64)


def _made(rows: IntArray, deals: Deals) -> Visits:
    """Return visits in days and outcomes."""
    deal, stage, second, end, to = rows
    from_second = -np.inf if deals.complete_from is None else _seconds(deals.complete_from)
    outcome = np.select(
        [to == NOWHERE, to == deals.lost, to > stage], [OPEN, LOST, ADVANCE], default=BACK
    )
    return Visits(
        stages=deals.stages,
        deal=deal,
        stage=stage,
        entered=second.astype("datetime64[s]").astype("datetime64[us]"),
        entry_age=np.maximum(floats(from_second - second), 0.0) / SECONDS_PER_DAY,
        duration=(end - second) / SECONDS_PER_DAY,
        outcome=outcome.astype(np.int64),
        to=to,
        weight=np.ones(len(deal)),
        tick=_tick(deals),
    )


def _tick(deals: Deals) -> float:
    """Return the days between two times that the moves' clock can tell apart."""
    second = deals.moves["at"].to_numpy("datetime64[s]").astype(np.int64)
    seconds = next(seconds for seconds in CLOCKS if not (second % seconds).any())
    return seconds / SECONDS_PER_DAY


def _seconds(moment: Any) -> int:
    """Return a moment in seconds since 1970."""
    return int(np.datetime64(moment, "s").astype(np.int64))
