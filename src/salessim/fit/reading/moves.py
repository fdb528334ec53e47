"""Entries to stages, put in order and mended; every repair is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.reading.book import Book, by_time
from salessim.fit.reading.ledger import FILE, ROW

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["deal", "stage", "at"]


@dataclass(frozen=True)
class Stages:
    """The stages of a pipeline, and the number of each name: won and lost have many."""

    open: tuple[str, ...]
    number: Mapping[str, int]

    @property
    def won(self) -> int:
        """Return the number of the stage of deals won."""
        return len(self.open)


def sort(book: Book) -> None:
    """Bring the entries in order of deal and time; those of one moment as the file has them.

    Exports list either the oldest or the newest first; which of them, the rows of each deal say.
    Where they say both, the file is in no order.
    """
    events = book.events
    codes = events["deal"].to_numpy()
    at = events["at"].to_numpy()
    by_row = np.lexsort((events[ROW].to_numpy(), events[FILE].to_numpy(), codes))
    same = codes[by_row][1:] == codes[by_row][:-1]
    steps = np.diff(at[by_row].astype(np.int64))[same]
    rising, falling = int((steps > 0).sum()), int((steps < 0).sum())
    book.in_order = not min(rising, falling)
    if not book.in_order:
        wrong = np.zeros(len(events), dtype=bool)
        fell = np.diff(at[by_row].astype(np.int64)) * (1 if rising >= falling else -1) < 0
        wrong[by_row[1:]] = same & fell
        book.ledger.tell(events, wrong, "repaired", "out of the order of time: sorted")
    direction = -1 if falling > rising else 1
    order = np.lexsort((direction * events[ROW].to_numpy(), events[FILE].to_numpy(), at, codes))
    book.events = events.iloc[order].reset_index(drop=True)


def staged_entries(book: Book, stages: Collection[str]) -> pd.DataFrame:
    """Return the entries to stages with the ones that are implied: where deals began.

    A deal that leaves a stage in its first row has been there since its creation.

    Parameters
    ----------
    stages : collection of str
        The open stages.
    """
    import pandas as pd

    staged = book.events[book.events["stage"].notna()].reset_index(drop=True)
    if "from" not in staged:
        return staged
    first = staged.drop_duplicates("deal")
    first = first[first["from"].isin(list(stages))]
    created = book.known()["created"].reindex(first["deal"]).to_numpy()
    known = ~pd.isna(created) & (created <= first["at"].to_numpy())
    book.ledger.tell(
        first,
        ~known,
        "noted",
        "leaves a stage whose entry is not on record: that visit is not known",
    )
    began = first[known].assign(stage=first["from"][known], at=created[known])
    return by_time(pd.concat([began, staged], ignore_index=True))


def history_moves(book: Book, staged: pd.DataFrame, stages: Stages) -> pd.DataFrame:
    """Return the moves of a history.

    Parameters
    ----------
    staged : DataFrame
        `staged_entries`.

    Returns
    -------
    DataFrame
        `deal`, `stage` (number), `at`; in order of deal and time.
    """
    import pandas as pd

    number = staged["stage"].map(stages.number).to_numpy(dtype=np.int64)
    moves = staged.assign(stage=number)
    absent = _without_history(book, moves, stages)
    moves = by_time(pd.concat([moves, absent], ignore_index=True))
    if not book.in_order:
        # rows that are in no order say nothing of what came first on one day: the stages do
        keys = (moves["stage"].to_numpy(), moves["at"].to_numpy(), moves["deal"].to_numpy())
        moves = moves.iloc[np.lexsort(keys)].reset_index(drop=True)
    stays = (moves["deal"].diff().eq(0) & moves["stage"].diff().eq(0)).to_numpy()
    book.ledger.tell(moves, stays, "noted", "stays in its stage: one visit with the row before")
    moves = moves[~stays].reset_index(drop=True)
    _say_oddities(book, moves, stages)
    told: pd.DataFrame = moves[COLUMNS]
    return told


def _without_history(book: Book, staged: pd.DataFrame, stages: Stages) -> pd.DataFrame:
    """Return entries of deals that only records tell of: those open are where they began."""
    import pandas as pd

    known = book.known()
    known = known[~known.index.isin(staged["deal"].unique())]
    if not len(known):
        return staged.iloc[:0]
    stage = known["stage"] if "stage" in known else pd.Series(None, known.index, dtype="str")
    place = stage.map(stages.number).astype("float64")
    gone = np.zeros(len(known), dtype=bool)
    for reason, these in (
        ("no history and no stage", place.isna()),
        ("closed, and its history is absent", place >= stages.won),
        ("no history and no date of creation", known["created"].isna()),
    ):
        book.drop_deals(known.index[these & ~gone].to_numpy(), reason)
        gone |= these.to_numpy()
    left = known[~gone]
    book.tell(left.index.to_numpy(), "noted", "no history: in its stage since its creation")
    frame = pd.DataFrame(
        {
            "deal": left.index.to_numpy(),
            "stage": place[~gone].to_numpy().astype(np.int64),
            "at": left["created"].to_numpy(),
        }
    )
    # no row of the histories tells of them
    return frame.assign(**{FILE: -1, ROW: 0})


def _say_oddities(book: Book, moves: pd.DataFrame, stages: Stages) -> None:
    """Note what is kept as it is and may surprise: skips, returns, closings undone."""
    same = moves["deal"].eq(moves["deal"].shift()).to_numpy()
    stage = moves["stage"].to_numpy()
    before = np.r_[stage[:1], stage[:-1]]
    opened, was_open = stage < stages.won, before < stages.won
    notes = {
        "enters a stage that is not the next: kept as it is": same
        & opened
        & was_open
        & (stage > before + 1),
        "comes back to an earlier stage: kept as it is": same
        & opened
        & was_open
        & (stage < before),
        "opened again after its closing: kept as it is": same & opened & ~was_open,
        "closed again otherwise: kept as it is": same & ~opened & ~was_open,
        "closed in its first row: the way there is not on record": ~same & ~opened,
    }
    for reason, these in notes.items():
        book.ledger.tell(moves, these & (moves[FILE] >= 0).to_numpy(), "noted", reason)
    _say_disagreement(book, moves, stages)
    if "from" in moves:
        number = moves["from"].map(stages.number).to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = same & ~np.isnan(number) & (number != before)
        book.ledger.tell(
            moves, wrong, "noted", "leaves another stage than it was in: where it goes is believed"
        )


def _say_disagreement(book: Book, moves: pd.DataFrame, stages: Stages) -> None:
    """Note deals whose records name another stage than their history ends with."""
    known = book.known()
    if "stage" not in known:
        return
    now = known["stage"].map(stages.number)
    last = moves.drop_duplicates("deal", keep="last").set_index("deal")["stage"].reindex(now.index)
    other = now.index[now.notna() & last.notna() & (now != last)]
    book.tell(
        other.to_numpy(),
        "noted",
        "names another stage than its history ends with: that is believed",
    )


def list_moves(book: Book, means: Mapping[str, str], limit: pd.Timestamp) -> pd.DataFrame:
    """Return the moves of a list: creation, and the closing of the deals that are closed.

    Parameters
    ----------
    means : mapping
        Stage -> ``open``, ``won`` or ``lost``.
    limit : Timestamp
        No deal can have closed from then on.

    Returns
    -------
    DataFrame
        `deal`, `stage` (0 open, 1 won, 2 lost), `at`.
    """
    import pandas as pd

    known = book.known()
    outcome = _outcomes(known, means)
    closed = known["closed"].where(outcome > 0)
    closed = closed.fillna(known["won_at"].where(outcome == 1))
    closed = closed.fillna(known["lost_at"].where(outcome == 2))
    gone = np.zeros(len(known), dtype=bool)
    for reason, these in (
        ("no date of creation", known["created"].isna()),
        ("no stage", outcome < 0),
        ("closed, and no date of closing", (outcome > 0) & closed.isna()),
        ("closed in the future", closed >= limit),
    ):
        book.drop_deals(known.index[these & ~gone].to_numpy(), reason)
        gone |= np.asarray(these, dtype=bool)
    created, closed, outcome = known["created"][~gone], closed[~gone], outcome[~gone]
    early = (closed < created).to_numpy()
    # a day without a clock is not before a time of that day
    wrong = early & (closed < created.dt.normalize()).to_numpy()
    book.tell(
        created.index[wrong].to_numpy(),
        "repaired",
        "closed before it was created: taken as closed on creation",
    )
    closed = closed.where(~early, created)
    opened = pd.DataFrame({"deal": created.index, "stage": 0, "at": created.to_numpy()})
    ended = pd.DataFrame({"deal": created.index, "stage": outcome, "at": closed.to_numpy()})
    moves = pd.concat([opened, ended[outcome > 0]], ignore_index=True)
    return by_time(moves)


def _outcomes(known: pd.DataFrame, means: Mapping[str, str]) -> Any:
    """Return 0 for open, 1 for won, 2 for lost, -1 where nothing says it."""
    number = {"open": 0, "won": 1, "lost": 2}
    outcome = np.full(len(known), -1 if means else 0, dtype=np.int64)
    if "stage" in known:
        code = known["stage"].map({one: number[word] for one, word in means.items()})
        outcome = code.astype("float64").fillna(-1).to_numpy().astype(np.int64)
    dated = np.where(known["won_at"].notna(), 1, np.where(known["lost_at"].notna(), 2, -1))
    return np.where((outcome <= 0) & (dated > 0), dated, outcome)
