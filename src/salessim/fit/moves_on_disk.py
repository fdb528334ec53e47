"""Moves in a database on disk: cleaned, told as visits, counted."""

from __future__ import annotations

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

PIPELINE = "deals"
"""What reading calls the pipeline of a table that names none."""
MOST_WON = 100_000
"""Deals won whose amounts are kept: their law is known to a part in three hundred."""


def clean(base: Any, until: int, won: int) -> int:
    """Make the table ``entries``, each with the one before and after; return deals reopened.

    A closing that is not the last word is none, and staying in a stage is no move: as `visits`.
    """
    base.execute(
        """
        CREATE TABLE ordered AS
        SELECT *, lead(second) OVER (PARTITION BY deal ORDER BY second, stage) AS next,
            min(second) OVER (PARTITION BY deal ORDER BY second, stage) AS created,
            last_value(amount IGNORE NULLS) OVER (
                PARTITION BY deal ORDER BY second, stage
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) AS worth
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
            SELECT deal, stage, second, created, worth,
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


_OPEN = "after IS NULL AND stage < ? ORDER BY deal"
_WON = f"after IS NULL AND stage = ? ORDER BY hash(deal), deal LIMIT {MOST_WON}"
"""Ordered by a hash: a sample, and the same every time."""


def some_deals(base: Any, stages: tuple[str, ...], until: int, *, won: bool) -> Deals:
    """Return the deals in progress, or a sample of those won, each with its last move."""
    import pandas as pd

    rows: pd.DataFrame = base.execute(
        f"""
        SELECT deal, stage, make_timestamp(second * 1000000) AS at,
            make_timestamp(created * 1000000) AS created, worth AS amount
        FROM entries WHERE {_WON if won else _OPEN}
        """,  # noqa: S608  # nothing from outside
        [len(stages)],
    ).df()
    moves = pd.DataFrame(
        {"deal": range(len(rows)), "stage": rows["stage"].astype("int64"), "at": rows["at"]}
    )
    worth = moves[["deal", "at"]].assign(amount=rows["amount"].astype("float64"))
    return Deals(
        pipeline=PIPELINE,
        stages=stages,
        table=rows[["deal", "created"]].copy(),
        moves=moves,
        amounts=worth[np.isfinite(worth["amount"]) & (worth["amount"] >= 0.0)].reset_index(
            drop=True
        ),
        complete_from=None,
        until=pd.Timestamp(until, unit="s"),
    )
