"""Months that all stages of a pipeline share: good ones and bad ones, as shocks of the plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config.words import path_text
from salessim.fit.drift import MATERIAL
from salessim.fit.monthly import Monthly, of_conversion, of_pace, span
from salessim.fit.parts import Part
from salessim.fit.rhythm import Rhythm, rhythm
from salessim.fit.stages import FittedStage
from salessim.fit.swing import Swing, shared, swing
from salessim.fit.visits import Visits
from salessim.model.law import floats
from salessim.readable import p_value, times

ROUNDS = 3
"""How often the likelihood is taken as normal anew, around the months' effects."""


@dataclass(frozen=True, kw_only=True)
class SharedMonths:
    """How the months of a pipeline swing; None where nothing tells.

    Attributes
    ----------
    conversion : Swing or None
        Of the log odds of advancing, by month of entry.
    pace : Swing or None
        Of the logarithm of the speed, by calendar month.
    """

    conversion: Swing | None = None
    pace: Swing | None = None

    @property
    def found(self) -> Mapping[str, Swing]:
        """Those that are more than luck, by what a shock calls them."""
        both = {"conversion": self.conversion, "pace": self.pace}
        return {key: one for key, one in both.items() if one is not None and one.matters}

    @property
    def conversions(self) -> FloatArray | None:
        """Effects of the months seen on the log odds of advancing; None where it is luck."""
        one = self.found.get("conversion")
        return None if one is None else one.months

    @cached_property
    def rhythm(self) -> Rhythm | None:
        """How quick the months of a quarter are; None where it is luck, or no month is quick."""
        one = self.found.get("pace")
        found = None if one is None else rhythm(one.monthly)
        return found if found is not None and found.matters else None

    def part(self, pipeline: str) -> Part:
        """Return the shocks of a pipeline."""
        shocks: dict[str, Any] = {}
        comments: dict[str, str] = {}
        for key, one in self.found.items():
            name = f"{key} of {pipeline}"
            shocks[name] = {
                "persistence": float(f"{one.persistence:.3g}"),
                key: {pipeline: float(f"{one.effect:.3g}")},
            }
            comments[path_text(("shocks", name))] = sentence(key, one)
        return Part(document={"shocks": shocks} if shocks else {}, comments=comments)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be read before the plan is trusted."""
        said = []
        one = self.found.get("conversion")
        if one is not None and one.effect > MATERIAL:
            low, high = int(one.months.argmin()), int(one.months.argmax())
            said.append(
                f"months differ: the odds of advancing were the lowest in {_name(one, low)} and "
                f"the highest in {_name(one, high)}; the plan goes on from the mean of all months "
                "and lets them swing, and a half-life makes recent visits count more"
            )
        if self.rhythm is not None:
            said.append(
                f"{self.rhythm.sentence}; the plan lets months swing, but not in step: trust whole "
                "quarters more than months, or write the factors as curves of the pipeline's pace"
            )
        return tuple(said)


def sentence(key: str, found: Swing) -> str:
    """Say how far months swing, and how surely."""
    low, high = np.exp(found.interval)
    of = "odds of advancing from all stages" if key == "conversion" else "speed of all stages"
    return (
        f"months swing beyond chance: the {of} by a factor of {times(np.exp(found.effect))} (one "
        f"standard deviation; 90%: {times(low)} to {times(high)}; {p_value(found.p_value)} "
        "against no swing)"
    )


def _name(found: Swing, month: int) -> str:
    return str(np.datetime64(found.monthly.first + month, "M"))


def share_months(
    stages: Sequence[FittedStage], seen: Visits, until: np.datetime64
) -> tuple[tuple[FittedStage, ...], SharedMonths]:
    """Measure how months swing, and return stages that allow for it.

    Where months swing, the mean of those seen is not that of those ahead: conversions and the
    scales of times are less sure by that (`Swing.level`), and those of all stages alike.

    Parameters
    ----------
    stages : sequence of FittedStage
    seen : Visits
        To all of them.
    until : datetime64
        End of the records.
    """
    months = span(seen, until)
    mine = [seen.where(seen.stage == nth) for nth in range(len(stages))]
    pairs = list(zip(stages, mine, strict=True))
    found = SharedMonths(
        conversion=_measured(lambda at: [of_conversion(*pair, months, at) for pair in pairs])
    )
    # reduced on disk, visits do not tell the day on which they began
    if not (seen.deal < 0).any():
        odds = found.conversions
        found = replace(
            found, pace=_measured(lambda at: [of_pace(*pair, months, odds, at) for pair in pairs])
        )
    return tuple(
        _allowing_for(stage, one, months, found) for stage, one in zip(stages, mine, strict=True)
    ), found


def _measured(told: Callable[[FloatArray | None], Sequence[Monthly]]) -> Swing | None:
    """Return the swing that stages tell of, given the effects around which they are asked."""
    found = swing(told(None))
    if found is not None and found.matters:
        for _ in range(ROUNDS):
            found = shared(found, told(found.months))
    return found


def _allowing_for(
    stage: FittedStage, mine: Visits, months: range, found: SharedMonths
) -> FittedStage:
    """Return a stage as unsure as the months it was fitted to swing."""
    model, columns = stage.chosen.fit.model, []
    scales = [model.place(k).start for k, law in enumerate(model.families) if law.size]
    told: list[tuple[Swing, Monthly, list[int]]] = []
    for key, one in found.found.items():
        if key == "conversion":
            told.append((one, of_conversion(stage, mine, months, one.months), [0]))
        else:
            told.append((one, of_pace(stage, mine, months, found.conversions, one.months), scales))
    for one, monthly, places in told:
        pick = np.zeros(model.size)
        pick[places] = 1.0
        columns.append(np.outer(pick, one.level(monthly.weight)))
    if not columns:
        return stage
    conversion = found.found.get("conversion")
    return replace(
        stage,
        alike=floats(np.hstack(columns)),
        swing=0.0 if conversion is None else conversion.effect,
    )
