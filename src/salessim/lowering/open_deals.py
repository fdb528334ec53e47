"""What becomes of the deals open at the start: exact, one by one, without simulating them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.lowering.chain import OUTCOME_NAMES, cells_of, outcomes, outcomes_at
from salessim.lowering.grid import Grid
from salessim.lowering.streams import Streams
from salessim.lowering.value_to_go import NEVER_CLOSED, WON, WON_IN_TIME, ValueToGo
from salessim.model.plan import Model, OpenDeals, Pipeline, Stage

_FRESH = 3
"""Row after those of `ValueToGo`: won when it enters the stage at the start."""
_STUCK = OUTCOME_NAMES.index("stuck")


@dataclass(frozen=True, kw_only=True)
class Prospects:
    """What becomes of each open deal, in the order of the model's; shape (deal,) each.

    Attributes
    ----------
    won_in_time : ndarray
        Probability to be won within the horizon.
    won : ndarray
        Probability to be won at all.
    won_when_entered : ndarray
        The same for a deal that enters the stage at the start.
    never_closed : ndarray
        Probability to get stuck, here or in a later stage: neither won, lost nor undecided.
    stuck : ndarray
        Probability to be stuck in its stage already.
    outlived : ndarray
        Share of the visits to its stage that ever end which have ended by its age.
    """

    won_in_time: FloatArray
    won: FloatArray
    won_when_entered: FloatArray
    never_closed: FloatArray
    stuck: FloatArray
    outlived: FloatArray


def prospects(model: Model, *, steps_per_day: int = 2) -> Prospects:
    """Return what becomes of each open deal.

    P(outcome k | age a) is proportional to p_k S_k(a), and what is left of its time is law k beyond
    a; what follows is the value to go of `ValueToGo`. Computed with steps of 1, 1/2 and 1/4 of the
    given one and extrapolated, as `salessim.lowering.renewal.expected` is: eight digits at one
    pace, five where it changes thirtyfold. Uncertain numbers stand at their middle values, shocks
    at their mean.

    Parameters
    ----------
    model : Model
    steps_per_day : int
        Of the coarsest grid.

    Returns
    -------
    Prospects
        Probabilities in [0, 1]; empty arrays without open deals.
    """
    deals = model.open_deals
    if deals is None or not deals.ids:
        return Prospects(**{f.name: np.zeros(0) for f in fields(Prospects)})
    found, stuck, outlived = np.zeros((4, len(deals.ids))), *np.zeros((2, len(deals.ids)))
    for pipeline in model.pipelines:
        rooms = list(_occupied(pipeline, model, deals))
        if not rooms:
            continue
        coarse, middle, fine = (
            _values(pipeline, rooms, model, steps_per_day << k) for k in range(3)
        )
        # f(h) = f + a h + b h^2 at h, h/2 and h/4 (Richardson)
        values = np.clip((coarse - 6.0 * middle + 8.0 * fine) / 3.0, 0.0, 1.0)
        found[:, np.concatenate([room.deals for room in rooms])] = values
        for room in rooms:
            stuck[room.deals] = room.chances[room.which, _STUCK]
            outlived[room.deals] = room.outlived[room.which]
    return Prospects(
        won_in_time=found[WON_IN_TIME],
        won=found[WON],
        won_when_entered=found[_FRESH],
        never_closed=found[NEVER_CLOSED],
        stuck=stuck,
        outlived=outlived,
    )


class _Room(NamedTuple):
    """A stage with open deals."""

    stage: int
    """Its position in the pipeline."""
    deals: IntArray
    """Their positions among all open deals."""
    ages: FloatArray
    """Rising."""
    which: IntArray
    """Which of the ages each deal has."""
    chances: FloatArray
    """P(outcome | age), shape (age, outcome)."""
    outlived: FloatArray
    """Share of its visits that end which have ended by each age."""


def _occupied(pipeline: Pipeline, model: Model, deals: OpenDeals) -> Iterator[_Room]:
    names = np.array(deals.stages)
    odds = cells_of(pipeline, model.curves, model.timeline).odds[:, 0]
    for index, stage in enumerate(pipeline.stages):
        there = np.flatnonzero(names == f"{pipeline.name}.{stage.name}")
        if not len(there):
            continue
        ages, which = np.unique(deals.age_days[there], return_inverse=True)
        factor = float(odds[index])
        chances = np.zeros((len(ages), len(OUTCOME_NAMES)))
        for row, age in zip(chances, ages, strict=True):
            for outcome in outcomes_at(stage, float(age), odds=factor):
                row[OUTCOME_NAMES.index(outcome.name)] = outcome.probability
            if not row.any():  # too old for any outcome
                row[_STUCK] = 1.0
        yield _Room(index, there, ages, which.reshape(-1), chances, _outlived(stage, ages, factor))


def _outlived(stage: Stage, ages: FloatArray, odds: float) -> FloatArray:
    """Share of the visits that end which have ended by each age."""
    ending = [outcome for outcome in outcomes(stage, odds=odds) if outcome.law]
    ends = sum(outcome.probability for outcome in ending)
    still = sum(o.probability * o.law.survival(ages) for o in ending if o.law)
    # who has just entered has outlived nothing, not even instant visits
    return np.where((ages > 0.0) & (ends > 0.0), 1.0 - still / (ends or 1.0), 0.0)


def _values(
    pipeline: Pipeline, rooms: Sequence[_Room], model: Model, steps_per_day: int
) -> FloatArray:
    """Return what the deals of all rooms come to on one grid, shape (row, deal)."""
    timeline = model.timeline
    streams = Streams(pipeline, model.curves, Grid(timeline, steps_per_day))
    value = ValueToGo(streams, horizon=timeline.edges[timeline.periods] * steps_per_day)
    found = []
    for room in rooms:
        by_age = np.zeros((len(room.ages), 4))
        by_age[:, NEVER_CLOSED] = room.chances[:, _STUCK]
        by_age[:, _FRESH] = value.steps[room.stage, WON, 0]
        for k, (name, _, law) in enumerate(outcomes(pipeline.stages[room.stage])):
            target = streams.states.target(room.stage, name)
            may = room.chances[:, k] > 0.0
            if target is not None and law is not None and may.any():
                after = value.after(law, room.ages[may], stage=room.stage, target=target)
                by_age[may, :3] += room.chances[may, k, None] * after
        found.append(by_age[room.which].T)
    return np.concatenate(found, axis=1)
