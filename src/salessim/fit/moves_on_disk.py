"""Moves in a database on disk: cleaned, told as visits, counted."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.durations import FINE, WIDTH
from salessim.fit.history import Deals
from salessim.fit.visits import (
    ADVANCE,
    BACK,
    CLOCKS,
    LOST,
    NOWHERE,
    OPEN,
    SECONDS_PER_DAY,
    Visits,
)
from salessim.model.law import floats

if TYPE_CHECKING:
    import pandas as pd


def clean(base: Any, until: int, won: int) -> int:
    """Make the table ``entries``, each with the one before and after; return deals reopened.

    A closing that is not the last word is none, and staying in a stage is no move: as `visits`.
    """
    base.execute(
        """
        CREATE TABLE ordered AS
        SELECT *, lead(second) OVER (PARTITION BY deal ORDER BY second, stage) AS next,
            min(second) OVER (PARTITION BY deal ORDER BY second, stage) AS created
        FROM moves WHERE second < ?
        """,
        [until],
    )
    base.execute("DROP VIEW moves; DROP TABLE found")
    (reopened,) = base.execute(
        "SELECT count(DISTINCT deal) FROM ordered WHERE stage >= ? AND next IS NOT NULL", [won]
    ).fetchone()
    base.execute(
        """
        CREATE TABLE entries AS
        SELECT *, lead(stage) OVER in_order AS after, lead(second) OVER in_order AS ended FROM (
            SELECT deal, stage, second, created,
                lag(stage) OVER (PARTITION BY deal ORDER BY second, stage) AS before
            FROM ordered WHERE stage < ? OR next IS NULL
        ) WHERE before IS DISTINCT FROM stage
        WINDOW in_order AS (PARTITION BY deal ORDER BY second, stage)
        """,
        [won],
    )
    base.execute("DROP TABLE ordered")
    return int(reopened)


def tick(base: Any) -> float:
    """Return the days between two times that the clock can tell apart."""
    finest = base.execute(
        f"SELECT {', '.join(f'bool_and(second % {clock} = 0)' for clock in CLOCKS)} "  # noqa: S608
        "FROM entries"
    ).fetchone()
    return next(c for c, whole in zip(CLOCKS, finest, strict=True) if whole) / SECONDS_PER_DAY


_VISITS = """
WITH visits AS (
    SELECT stage, second, coalesce(ended, $until) AS ended, coalesce(after, $nowhere) AS target,
        FALSE AS passed
    FROM entries WHERE stage < $won
    UNION ALL
    SELECT skipped, second, second, skipped + 1, TRUE
    FROM (
        SELECT unnest(range(coalesce(before, -1) + 1, stage)) AS skipped, second
        FROM entries WHERE stage <= $won AND stage > coalesce(before, -1) + 1
    )
    UNION ALL
    SELECT 0, second, second, $lost, TRUE
    FROM entries WHERE before IS NULL AND stage = $lost
), ticks AS (
    SELECT *, (ended - second) // $tick AS took, greatest($begin - second, 0) // $tick AS late
    FROM visits WHERE ended >= $begin
)
SELECT stage, target, passed, date_trunc('month', make_timestamp(second * 1000000)) AS month,
    min(took), min(late), count(*)
FROM ticks
GROUP BY stage, target, passed, month,
    CASE WHEN took < $fine THEN took ELSE $fine + floor(ln((took + 0.5) / $fine) / $width) END,
    CASE WHEN late < $fine THEN late ELSE $fine + floor(ln((late + 0.5) / $fine) / $width) END
ORDER BY ALL
"""
"""Intervals of ticks are those of `durations.gather`: each alone, then 1 % wide."""


def counted_visits(
    base: Any,
    stages: tuple[str, ...],
    window: tuple[int | None, int],
    tick: float,
    reopened: int,
) -> Visits:
    """Return the visits, equal ones together.

    ``window``: seconds since 1970 from which deals that ended are there (None = all are), and up
    to which is told.
    """
    begin, until = window
    won = len(stages)
    table = base.execute(
        _VISITS,
        {
            "until": until, "nowhere": NOWHERE, "won": won, "lost": won + 1,
            "begin": -(2**62) if begin is None else begin, "fine": FINE,
            "width": float(np.log1p(WIDTH)), "tick": round(tick * SECONDS_PER_DAY),
        },
    ).fetchnumpy()  # fmt: skip
    stage, target, passed, month, took, late, count = (np.asarray(v) for v in table.values())
    to = target.astype(np.int64)
    outcome = np.select(
        [to == NOWHERE, to == won + 1, to > stage], [OPEN, LOST, ADVANCE], default=BACK
    )
    return Visits(
        stages=stages,
        deal=np.full(len(to), -1),
        stage=stage.astype(np.int64),
        entered=month.astype("datetime64[us]"),
        entry_age=tick * floats(late),
        duration=tick * floats(took),
        outcome=outcome.astype(np.int64),
        to=to,
        weight=floats(count),
        tick=tick,
        passed=int(count[passed].sum()),
        reopened=reopened,
    )


def created(base: Any) -> pd.DataFrame:
    """Return how many deals were created on each day."""
    table: pd.DataFrame = base.execute(
        """
        SELECT date_trunc('day', make_timestamp(created * 1000000)) AS day, count(*) AS deals
        FROM entries WHERE before IS NULL GROUP BY day ORDER BY day
        """
    ).df()
    return table


def open_deals(
    base: Any, path: Path, stages: tuple[str, ...], until: int, complete_from: date | None
) -> Deals:
    """Return the deals in progress."""
    import pandas as pd

    rows: pd.DataFrame = base.execute(
        """
        SELECT deal, stage, make_timestamp(second * 1000000) AS at,
            make_timestamp(created * 1000000) AS created
        FROM entries WHERE after IS NULL AND stage < ?
        ORDER BY deal
        """,
        [len(stages)],
    ).df()
    rows["stage"] = rows["stage"].astype("int64")
    return Deals(
        pipeline=path.name.split(".")[0],
        stages=stages,
        table=rows[["deal", "created"]].copy(),
        moves=rows[["stage", "at"]].assign(deal=range(len(rows)))[["deal", "stage", "at"]],
        amounts=pd.DataFrame(
            {"deal": pd.Series(dtype="int64"), "at": pd.Series(dtype="datetime64[us]"),
             "amount": pd.Series(dtype="float64")}
        ),
        complete_from=None if complete_from is None else pd.Timestamp(complete_from),
        until=pd.Timestamp(until, unit="s"),
    )  # fmt: skip
