"""Which stages mean won and lost, and in which order deals pass the others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.config.words import nearest_of
from salessim.errors import SalessimError
from salessim.fit.told import Told

if TYPE_CHECKING:
    import pandas as pd

MOST_STAGES = 60
_LOST = re.compile(
    r"\b(lost|loss|closedlost|declined|rejected|refused|cancell?ed|disqualified|unqualified|"
    r"abandoned|dead|withdrawn|verloren|perdid[ao]|perdu)\b"
)
_WON = (
    re.compile(r"\b(won|win|closedwon|gewonnen|ganad[ao]|gagné)\b"),
    re.compile(r"\b(approved|signed|converted|sold|purchased)\b"),
)
"""Words of the stages of deals won; the second only where the first finds none."""


@dataclass(frozen=True)
class Known:
    """What tables and columns beside the history say of its stages.

    Attributes
    ----------
    labels : mapping
        Id of a stage -> its label.
    outcomes : mapping
        Label -> ``open``, ``won`` or ``lost``.
    positions : mapping
        Label -> its place.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    positions: Mapping[str, float] = field(default_factory=dict)


def outcomes(labels: Sequence[str], known: Known, said: Told, *, name: str) -> dict[str, str]:
    """Return for each stage whether it is ``open``, ``won`` or ``lost``.

    Parameters
    ----------
    labels : sequence of str
        The stages that the records name.
    said : Told
        Of its columns ``won`` and ``lost`` are stages, parted by commas.
    name : str
        What errors call the records.

    Raises
    ------
    SalessimError
        When there are too many stages, or none means won.
    """
    if not labels:
        raise SalessimError(
            f"{name}: no column tells the stages of deals or when they were won; say which: "
            "--map stage=COLUMN or --map won_at=COLUMN"
        )
    if len(labels) > MOST_STAGES:
        raise SalessimError(
            f"{name}: {len(labels):,} different stages, such as {', '.join(labels[:3])}; more "
            f"than {MOST_STAGES}: is it the right column? say which: --map stage=COLUMN"
        )
    given = {
        outcome: _given(outcome, said, labels)
        for outcome in ("won", "lost")
        if outcome in said.columns
    }
    found = dict.fromkeys(labels, "open") | {
        label: outcome for label, outcome in known.outcomes.items() if label in labels
    }
    plain = {label: re.sub(r"[\W_]+", " ", label.lower()) for label in labels}
    if "lost" in given or "lost" not in found.values():
        lost = given.get("lost", {one for one in labels if _LOST.search(plain[one])})
        found = {one: "lost" if one in lost else _unless(found[one], "lost") for one in labels}
    if "won" in given or "won" not in found.values():
        left = [one for one in labels if found[one] == "open"]
        by_word = ({one for one in left if word.search(plain[one])} for word in _WON)
        won = given.get("won") or next((some for some in by_word if some), set())
        found = {one: "won" if one in won else _unless(found[one], "won") for one in labels}
    if "won" not in found.values() and "won" not in given:
        raise SalessimError(
            f"{name}: no stage says that a deal is won; say which: --map won=STAGE (also one that "
            f"no deal has reached yet); stages: {', '.join(labels)}"
        )
    return found


def _unless(outcome: str, replaced: str) -> str:
    return "open" if outcome == replaced else outcome


def _given(outcome: str, said: Told, labels: Sequence[str]) -> set[str]:
    """Return the stages a user names; one that no deal has reached is allowed, a typo is not."""
    value = said.columns[outcome]
    folded = {label.casefold(): label for label in labels}
    found = set()
    # a stage may have a comma in its name
    for name in [value] if value.casefold() in folded else value.split(","):
        label = folded.get(name.strip().casefold())
        if label is None and (near := nearest_of(name.strip(), labels)):
            raise SalessimError(
                f"{said.of_column(outcome)}: no stage `{name.strip()}`; did you mean `{near[0]}`?"
            )
        found.add(label or name.strip())
    return found


def order_of(
    moves: pd.DataFrame, labels: Sequence[str], known: Known, given: Sequence[str] | None
) -> list[str]:
    """Return the open stages in the order in which deals pass them.

    As given, else by their known places, else the order that most moves respect: the one with
    the least weight of moves backwards (the linear ordering problem, solved by moving one stage
    at a time, from the mean places of the stages in their deals).

    Parameters
    ----------
    moves : DataFrame
        `deal`, `stage` (label), sorted by deal and time.
    labels : sequence of str
        The open stages.
    """
    if given is not None:
        return list(given)
    if all(label in known.positions for label in labels):
        return sorted(labels, key=lambda label: known.positions[label])
    place = {label: number for number, label in enumerate(labels)}
    stage = moves["stage"].map(place).to_numpy(dtype=np.float64, na_value=np.nan)
    deal = moves["deal"].to_numpy()
    inside = ~np.isnan(stage)
    stage, deal = stage[inside].astype(np.int64), deal[inside]
    many = len(labels)
    together = deal[1:] == deal[:-1]
    pairs = stage[:-1][together] * many + stage[1:][together]
    steps = np.bincount(pairs, minlength=many * many).reshape(many, many)
    starts = np.flatnonzero(np.r_[True, ~together])
    nth = np.arange(len(deal)) - np.repeat(starts, np.diff(np.r_[starts, len(deal)]))
    mean = np.bincount(stage, nth, many) / np.maximum(np.bincount(stage, minlength=many), 1)
    order = sorted(range(many), key=lambda one: (mean[one], labels[one]))
    return [labels[one] for one in _improved(order, steps - steps.T)]


def _improved(order: list[int], net: Any) -> list[int]:
    """Move one stage at a time to where the most net moves go forwards, until none helps."""
    while True:
        best, moved = 0, order
        for at, one in enumerate(order):
            rest = order[:at] + order[at + 1 :]
            # gain[k]: net moves forwards when `one` stands before rest[k:]
            flow = np.array([net[one, other] for other in rest], dtype=np.int64)
            gain = np.r_[0, np.cumsum(-2 * flow)]
            gain = gain - gain[at]
            to = int(np.argmax(gain))
            if gain[to] > best:
                best, moved = int(gain[to]), [*rest[:to], one, *rest[to:]]
        if best == 0:
            return order
        order = moved
