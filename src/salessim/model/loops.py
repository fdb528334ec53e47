"""Loops of a pipeline: whether deals find out of them, and how long a win takes with them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from salessim._typing import FloatArray
from salessim.model.plan import Curve, Pipeline, Stage, expected_visits, transitions, win_rates

MOST_VISITS = 1000.0
"""Mean number of visits to one stage of a deal that enters the pipeline, at most."""
NO_EXIT = 1e9
"""Mean number of visits from which a loop counts as one without any exit."""


@dataclass(frozen=True, kw_only=True)
class Loop:
    """Stages that deals go round in.

    Attributes
    ----------
    stages : tuple of int
        Positions in the pipeline, in the order of the visits; the first is also the last.
    busiest : int
        Position of the stage with the most visits.
    visits : float
        Mean number of visits to it of a deal that enters it; ``inf`` without an exit.
    """

    stages: tuple[int, ...]
    busiest: int
    visits: float


def endless_loops(pipeline: Pipeline) -> list[Loop]:
    """Return the loops in which a deal visits a stage more than `MOST_VISITS` times on average.

    Of stages that lead to each other it is one loop: the likeliest through the stage with the most
    visits. Shares below 10^-9 are taken as none.
    """
    among = transitions(pipeline)[:, :-1]
    size = len(among)
    # One more chance in 10^12 to end, at each visit: then every matrix has an inverse, and a loop
    # without exit shows as 10^12 visits (see `expected_visits`).
    visits = np.linalg.inv((1.0 + 1e-12) * np.eye(size) - among)
    leads_to = visits > 1.0 / NO_EXIT
    loops: list[Loop] = []
    said = np.zeros(size, bool)
    for stage in np.argsort(-visits.diagonal(), kind="stable").tolist():
        mean = float(visits[stage, stage])
        if mean <= MOST_VISITS or said[stage]:
            continue
        said |= leads_to[stage] & leads_to[:, stage]
        cycle = _likeliest_cycle(among, stage)
        mean = mean if mean < NO_EXIT else math.inf
        loops.append(Loop(stages=cycle, busiest=stage, visits=mean))
    return sorted(loops, key=lambda loop: loop.stages)


def _likeliest_cycle(matrix: FloatArray, stage: int) -> tuple[int, ...]:
    """Return the cycle through a stage with the largest product of probabilities.

    By relaxation (Bellman and Ford): products of probabilities never gain by going round again.
    """
    size = len(matrix)
    matrix = np.minimum(matrix, 1.0)  # what rounding adds to a sure way would make it endless
    best = matrix[stage].copy()
    before = [stage] * size
    for _ in range(size):
        for here, there in np.argwhere(matrix > 0.0).tolist():
            if best[here] * matrix[here, there] > best[there]:
                best[there] = best[here] * matrix[here, there]
                before[there] = here
    backwards = [stage]
    while before[backwards[-1]] != stage:
        backwards.append(before[backwards[-1]])
    cycle = backwards[::-1]
    first = cycle.index(min(cycle))
    return (*cycle[first:], *cycle[:first], cycle[first])


def on_day(pipeline: Pipeline, curves: Sequence[Curve], day: date) -> Pipeline:
    """Return the pipeline with the conversions that curves make of them on a day."""
    stages = tuple(
        replace(
            stage, conversion=moved(stage.conversion, _factor(pipeline.name, stage, curves, day))
        )
        for stage in pipeline.stages
    )
    return replace(pipeline, stages=stages)


def _factor(pipeline: str, stage: Stage, curves: Sequence[Curve], day: date) -> float:
    return math.prod(
        curve.factor
        for curve in curves
        if curve.kind == "conversion" and curve.concerns(pipeline, stage.name) and curve.holds(day)
    )


def moved(conversion: float, factor: float) -> float:
    """Return a conversion whose odds are multiplied; one of 0 or 1 stays."""
    # at a factor of 1 the formula would move the last digit
    if factor == 1.0 or conversion in {0.0, 1.0}:
        return conversion
    advance, rest = conversion * factor, 1.0 - conversion
    return advance / (advance + rest)


def mean_days_to_win(pipeline: Pipeline) -> float:
    """Return the mean time from entering the first stage to the win, of the deals that are won.

    With w_i the probability to be won from stage i, and the time counted only when the deal is
    won, g_i = E[T; won | i] solves g = h + Q g, where h_i sums p x (mean time) x w_j over the ways
    a visit to i leads to a stage j; the mean is g_0 / w_0. (The chain conditional on absorption:
    Kemeny and Snell, Finite Markov Chains, section 3.5, each step with its own mean time.)

    Returns
    -------
    float
        Days; ``inf`` where a time on the way has no mean, ``nan`` when no deal is won.
    """
    wins = win_rates(pipeline)
    if wins[0] <= 0.0:
        return math.nan
    if not pipeline.has_loops:
        return sum(stage.cycle_time.mean for stage in pipeline.stages)
    visits = expected_visits(pipeline)[0]
    names = [stage.name for stage in pipeline.stages]
    won_from = dict(zip(names, wins.tolist(), strict=True))
    total = 0.0
    for at, stage in enumerate(pipeline.stages):
        on = float(wins[at + 1]) if at + 1 < len(names) else 1.0
        for share, days in _days_by_way(stage, won_from, on):
            # what never happens adds nothing, also where it would take for ever
            if visits[at] * share > 0.0:
                total += float(visits[at]) * share * days
    return total / float(wins[0])


def _days_by_way(
    stage: Stage, won_from: dict[str, float], won_after: float
) -> list[tuple[float, float]]:
    """Return (probability of the way and of a win after it, mean days) of each way to a win."""
    slips = stage.slip.probability if stage.slip else 0.0
    stays = (1.0 - slips) * (1.0 - stage.conversion)
    ways = [((1.0 - slips) * stage.conversion * won_after, stage.cycle_time.mean)]
    if stage.slip:
        ways.append((slips * won_from[stage.name], stage.slip.by.mean))
    if stage.back:
        ways.append((stays * stage.back.share * won_from[stage.back.to], stage.back.after.mean))
    if stage.parked:
        days = stage.parked.after.mean + stage.parked.rest.mean
        ways.append((stays * stage.parked.share * won_from[stage.parked.to], days))
    return ways
