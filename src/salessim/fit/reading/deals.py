"""From entries and records to the deals of each pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.config.words import nearest
from salessim.errors import SalessimError
from salessim.fit.history import Deals
from salessim.fit.reading import moves as rules
from salessim.fit.reading.amounts import amounts_of
from salessim.fit.reading.book import Book, by_time
from salessim.fit.reading.frames import file_of, flagged
from salessim.fit.reading.groups import groups_of
from salessim.fit.reading.outcomes import Known, order_of, outcomes
from salessim.fit.told import Told

if TYPE_CHECKING:
    import pandas as pd

NAME = "deals"
"""What a pipeline is called when the records do not say."""
FEWEST = 10
"""Entries to a stage called lost that must be seen before they can show it is none."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the user said about the deals, and the end of the last day."""

    told: Told
    limit: pd.Timestamp


def deals_of(book: Book, known: Known, asked: Asked) -> list[Deals]:
    """Return the deals of each pipeline; `until` and `complete_from` are not yet found.

    There are none when no row is left.

    Raises
    ------
    SalessimError
        When the stages cannot be understood, or no deal is left.
    """
    if not len(book.events) and not any(map(len, book.records)):
        return []
    _relabel(book, known)
    pipelines = _pipelines(book)
    made = [_pipeline(name, part, known, asked) for name, part in pipelines.items()]
    return [deals for deals in made if len(deals.table)]


def _relabel(book: Book, known: Known) -> None:
    """Put labels in the place of the ids of stages."""
    for frame in [book.events, *book.records] if known.labels else []:
        for column in {"stage", "from"} & set(frame.columns):
            frame[column] = frame[column].map(known.labels).fillna(frame[column])


def _pipelines(book: Book) -> dict[str, Book]:
    """Part the book by the pipelines that it names."""
    import pandas as pd

    named = [
        one.loc[one["pipeline"].notna(), ["deal", "pipeline"]]
        for one in [*book.records, book.events]
        if "pipeline" in one
    ]
    # a deal that changes its pipeline stays in its first
    first = pd.concat(named).drop_duplicates("deal") if named else None
    which = first.set_index("deal")["pipeline"] if first is not None else None
    names = sorted(which.unique()) if which is not None else []
    if which is None or len(names) < 2:
        return {names[0] if names else NAME: book}

    def of(frame: pd.DataFrame) -> Any:
        return frame["deal"].map(which).fillna(NAME)

    others = {name for frame in [book.events, *book.records] for name in of(frame).unique()}
    return {
        name: Book(
            book.events[of(book.events) == name].reset_index(drop=True),
            [one[of(one) == name].reset_index(drop=True) for one in book.records],
            book.names,
            book.ledger,
        )
        for name in sorted(others)
    }


def _pipeline(name: str, book: Book, known: Known, asked: Asked) -> Deals:
    """Put the deals of one pipeline together."""
    labels = _labels(book)
    known = replace(known, outcomes=flagged([book.events, *book.records]) | dict(known.outcomes))
    table = book.known()
    long = bool(len(book.events)) and book.events["stage"].notna().any()
    means: dict[str, str] = {}
    # a date of winning says it where there are no stages
    if labels or not table["won_at"].notna().any():
        frames = [one for one in [book.events, *book.records] if len(one)]
        where = book.ledger.name(file_of(frames[0]))
        means = outcomes(labels, known, asked.told, name=where)
    if long:
        rules.sort(book)
        if "lost" not in asked.told.columns:
            means = _without_passages(book, means)
    _say_means(book, means)
    if long:
        stages, moves = _from_history(book, means, known, asked)
    else:
        stages, moves = _from_list(book, means, asked.limit)
    return _assembled(name, book, stages, moves, asked)


def _labels(book: Book) -> list[str]:
    """Return the stages that the records name, the most frequent first."""
    import pandas as pd

    frames = [book.events, *book.records]
    named = [one[key].dropna() for one in frames for key in ("stage", "from") if key in one]
    return [str(one) for one in pd.concat(named).value_counts().index] if named else []


def _without_passages(book: Book, means: Mapping[str, str]) -> dict[str, str]:
    """Return the meanings, where a stage that most deals leave for an open one is no loss."""
    staged = book.events[book.events["stage"].notna()]
    word = staged["stage"].map(means)
    goes_on = staged["deal"].eq(staged["deal"].shift(-1)) & word.shift(-1).eq("open")
    share = goes_on.groupby(staged["stage"]).mean()
    enough = staged["stage"].value_counts().reindex(share.index) >= FEWEST
    passed = [one for one in share.index[enough & (share > 0.5)] if means[str(one)] == "lost"]
    for one in passed:
        book.ledger.note(
            file_of(staged), f"most deals go on after {one}: taken as an open stage, not as lost"
        )
    return {one: "open" if one in passed else what for one, what in means.items()}


def _say_means(book: Book, means: Mapping[str, str]) -> None:
    """Note which stages are taken as closings."""
    frames = [one for one in [book.events, *book.records] if len(one)]
    if not frames:
        return
    if not means:
        book.ledger.note(file_of(frames[0]), "no stages: won is what has a date of winning")
        return
    for outcome in ("won", "lost"):
        names = [label for label, word in means.items() if word == outcome]
        text = (
            f"stages that mean {outcome}: {', '.join(names)}"
            if names
            else (f"no stage says that a deal is {outcome}")
        )
        book.ledger.note(file_of(frames[0]), text)


def _from_history(
    book: Book, means: Mapping[str, str], known: Known, asked: Asked
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Return the stages and the moves that a history tells."""
    asked_for = _given_stages(asked, means)
    if asked_for is not None:
        outside = [one for one, word in means.items() if word == "open" and one not in asked_for]
        book.drop_events(
            book.events["stage"].isin(outside), "its stage is not among those asked for"
        )
    open_ = asked_for or [one for one, word in means.items() if word == "open"]
    staged = rules.staged_entries(book, open_)
    seen = set(staged["stage"].unique())
    open_ = [one for one in open_ if one in seen]
    if not open_:
        raise SalessimError(
            f"{book.ledger.name(file_of(book.events))}: every deal is closed in its first row, so "
            "nothing tells how long they took; give the entries to the stages before too, or a "
            "list of deals with the dates of their creation and closing"
        )
    order = tuple(order_of(staged, open_, known, asked_for))
    number = {one: at for at, one in enumerate(order)} | {
        one: len(order) + (word == "lost") for one, word in means.items() if word != "open"
    }
    return order, rules.history_moves(book, staged, rules.Stages(order, number))


def _given_stages(asked: Asked, means: Mapping[str, str]) -> list[str] | None:
    """Return the stages asked for as the records spell them.

    Raises
    ------
    SalessimError
        When the records have no such open stage.
    """
    stages = asked.told.stages
    if stages is None:
        return None
    open_ = [one for one, word in means.items() if word == "open"]
    folded = {one.casefold(): one for one in open_}
    for one in stages:
        if one.strip().casefold() not in folded:
            raise SalessimError(
                f"{asked.told.of_stages}: no open stage `{one}`; {nearest(one, open_)}"
            )
    return [folded[one.strip().casefold()] for one in stages]


def _from_list(
    book: Book, means: Mapping[str, str], limit: pd.Timestamp
) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Return the one stage and the moves that a list of deals tells."""
    moves = rules.list_moves(book, means, limit)
    stage = book.known().get("stage")
    seen = [] if stage is None else [one for one in stage.dropna().unique() if means[one] == "open"]
    return (str(seen[0]) if len(seen) == 1 else "open",), moves


def _assembled(
    name: str, book: Book, stages: tuple[str, ...], moves: pd.DataFrame, asked: Asked
) -> Deals:
    """Give the deals numbers by their creation and bring all tables into that order."""
    import pandas as pd

    table = book.known()
    first = moves.groupby("deal")["at"].min()
    created = table["created"].reindex(first.index)
    late = created.gt(first)
    book.tell(
        first.index[late & (created.dt.normalize() > first)].to_numpy(),
        "repaired",
        "created after its history begins: taken as created then",
    )
    created = created.where(created.notna() & ~late, first)
    order = pd.DataFrame({"created": created, "name": book.names[first.index]})
    order = order.sort_values(["created", "name"])
    number = pd.Series(np.arange(len(order)), index=order.index)
    frame = pd.DataFrame({"deal": order["name"].to_numpy(), "created": order["created"].to_numpy()})
    closing = moves[moves["stage"] >= len(stages)].groupby("deal")["at"].min()
    table = table.reindex(first.index).assign(created=created)
    for key, values in groups_of(book, table, closing, asked.told.columns).items():
        frame[key] = pd.Categorical(values.reindex(order.index))
    won = moves["deal"][moves["stage"] == len(stages)].unique()
    amounts = amounts_of(book, table, closing, won)
    moves = moves.assign(deal=number.reindex(moves["deal"]).to_numpy())
    amounts = amounts.assign(deal=number.reindex(amounts["deal"]).to_numpy())
    return Deals(
        pipeline=name,
        stages=stages,
        table=frame,
        moves=by_time(moves),
        amounts=by_time(amounts),
        complete_from=None,
        until=pd.Timestamp(moves["at"].max()),
    )
