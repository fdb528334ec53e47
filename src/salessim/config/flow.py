"""How deals flow through a pipeline: where they return to, what they reach, that they get out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np

from salessim.config.problems import Path, Problems
from salessim.config.schema import Document
from salessim.config.words import found, nearest
from salessim.model.loops import MOST_VISITS, Loop, endless_loops, on_day
from salessim.model.plan import Curve, Pipeline, transitions


def check_returns(plan: Document, problems: Problems) -> None:
    """Check that deals sent back or parked re-enter a stage that they have seen."""
    for name, pipeline in plan.pipelines.items():
        stages = [stage.name for stage in pipeline.stages]
        for index, stage in enumerate(pipeline.stages):
            path: Path = ("pipelines", name, "stages", index)
            if stage.back and stage.back.to not in stages[:index]:
                text = _say_no_return("a stage before this one", stage.back.to, index, stages)
                problems.add((*path, "back", "to"), text)
            if stage.parked and stage.parked.to not in stages[: index + 1]:
                what = "this stage or one before it"
                text = _say_no_return(what, stage.parked.to, index + 1, stages)
                problems.add((*path, "parked", "to"), text)


def _say_no_return(what: str, to: str, allowed: int, stages: Sequence[str]) -> str:
    """Say that ``to`` is none of the first ``allowed`` stages, and what is."""
    choices = ", ".join(f"`{name}`" for name in stages[:allowed])
    if not allowed:
        remedy = "this is the first one; take it out"
    elif to in stages:
        remedy = f"it does not come before; allowed: {choices}"
    else:
        remedy = nearest(to, stages[:allowed], named="allowed")
    return f"expected {what}, found {found(to)}; {remedy}"


def check_flow(
    pipelines: Sequence[Pipeline],
    curves: Sequence[Curve],
    span: tuple[date, date | None],
    open_stages: Sequence[str] | None,
    problems: Problems,
) -> None:
    """Check that deals get out of each pipeline's loops, and into each of its stages.

    Parameters
    ----------
    pipelines : sequence of Pipeline
        Those with problems are left out: stand-ins may be in them.
    curves : sequence of Curve
    span : tuple of date
        Start and end of the simulated time; None = no end is known.
    open_stages : sequence of str or None
        Stages with open deals as ``pipeline.stage``; None = not known.
    problems : Problems
    """
    for pipeline in pipelines:
        path: Path = ("pipelines", pipeline.name)
        if problems.touch(path):
            continue
        own = [curve for curve in curves if curve.pipeline == pipeline.name]
        _check_loops(pipeline, own, span, problems)
        # nothing comes out of an endless loop: what is behind it is no question then
        if open_stages is not None and not problems.under(path):
            _check_reachable(pipeline, open_stages, problems)


def _check_reachable(pipeline: Pipeline, open_stages: Sequence[str], problems: Problems) -> None:
    """Refuse stages behind a conversion of 0 that no deal comes to from elsewhere."""
    leads_to = transitions(pipeline)[:, :-1] > 0.0
    names = [stage.name for stage in pipeline.stages]
    reached = np.array([f"{pipeline.name}.{name}" in open_stages for name in names])
    reached[0] = True
    for _ in names:
        reached |= reached @ leads_to
    for index in np.flatnonzero(~reached).tolist():
        closed = names[np.flatnonzero(reached[:index])[-1]]
        problems.add(
            ("pipelines", pipeline.name, "stages", index, "name"),
            f"no deal can reach the stage {found(names[index])}: the conversion of "
            f"{found(closed)} is 0 and no open deal stands behind it; "
            "raise the conversion or take the stage out",
        )


def _check_loops(
    pipeline: Pipeline,
    curves: Sequence[Curve],
    span: tuple[date, date | None],
    problems: Problems,
) -> None:
    """Refuse loops that deals do not find out of, in any stretch of the calendar."""
    if not pipeline.has_loops:
        return
    start, end = span
    edges = {edge for curve in curves for edge in (curve.starts, curve.ends) if edge}
    cases = [("", pipeline)] + [
        (f", with the curves of {day}", on_day(pipeline, curves, day))
        for day in sorted({max(start, edge) for edge in edges if end is None or edge < end})
    ]
    said: set[tuple[int, ...]] = set()
    for when, case in cases:
        for loop in endless_loops(case):
            if loop.stages not in said:
                said.add(loop.stages)
                problems.add(_closing(pipeline, loop), _say_loop(pipeline, loop, when))


def _closing(pipeline: Pipeline, loop: Loop) -> Path:
    """Return the key that leads back: where the loop is closed."""
    names = [stage.name for stage in pipeline.stages]
    here = max(range(len(loop.stages) - 1), key=lambda at: loop.stages[at] - loop.stages[at + 1])
    index, to = loop.stages[here], names[loop.stages[here + 1]]
    stage = pipeline.stages[index]
    ways = {
        "slip": stage.slip.probability if stage.slip and names[index] == to else 0.0,
        "back": stage.back.share if stage.back and stage.back.to == to else 0.0,
        "parked": stage.parked.share if stage.parked and stage.parked.to == to else 0.0,
    }
    key = max(ways, key=lambda way: ways[way])
    return ("pipelines", pipeline.name, "stages", index, key)


def _say_loop(pipeline: Pipeline, loop: Loop, when: str) -> str:
    shown = " -> ".join(pipeline.stages[index].name for index in loop.stages)
    if math.isinf(loop.visits):
        what = f"the loop {shown} has no way out{when}: deals go round in it for ever"
    else:
        stage = found(pipeline.stages[loop.busiest].name)
        what = (
            f"the loop {shown} hardly lets deals out{when}: they visit {stage} "
            f"{loop.visits:,.0f} times on average, and {MOST_VISITS:,.0f} are the most"
        )
    return f"{what}; lower what leads back, or let more of the deals advance or be lost"
