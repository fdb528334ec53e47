"""Checks across tables: names that exist, stages that can be reached, times that come out even."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from salessim.config.open_deals import IGNORE
from salessim.config.problems import Path, Problems
from salessim.config.schema import Document, Source
from salessim.config.words import found, key_text, nearest
from salessim.model.calendar import MONTHS_PER_UNIT, Span, Timeline, periods_in
from salessim.model.plan import BASE_ORIGINS, Pipeline, transitions

LAST_DAY = date(9000, 1, 1)


class Names:
    """Pipelines and stages that the document names, valid or not."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        given = document.get("pipelines")
        pipelines = given if isinstance(given, dict) else {}
        self.stages_of = {
            pipeline: [
                stage["name"]
                for stage in _stage_tables(table)
                if isinstance(stage, dict) and isinstance(stage.get("name"), str)
            ]
            for pipeline, table in pipelines.items()
        }
        self.pipelines = list(pipelines)
        self.stages = [
            f"{pipeline}.{stage}" for pipeline, stages in self.stages_of.items() for stage in stages
        ]


def _stage_tables(pipeline: Any) -> list[Any]:
    stages = pipeline.get("stages") if isinstance(pipeline, dict) else None
    return stages if isinstance(stages, list) else []


def check_names(plan: Document, names: Names, problems: Problems) -> None:
    """Check that what is referred to exists, and that no name is ambiguous."""
    for name, pipeline in plan.pipelines.items():
        _check_name(name, ("pipelines", name), problems)
        seen: dict[str, int] = {}
        for index, stage in enumerate(pipeline.stages):
            path = ("pipelines", name, "stages", index, "name")
            _check_name(stage.name, path, problems)
            if stage.name in seen:
                problems.add(
                    path,
                    f"{found(stage.name)} is the name of stages[{seen[stage.name]}] already; "
                    "each stage has a name of its own",
                )
            seen.setdefault(stage.name, index)
    for name in plan.sources:
        _check_name(name, ("sources", name), problems)
        if name in BASE_ORIGINS:
            problems.add(
                ("sources", name),
                f"the name {name} is taken (it is an origin of bookings); rename the source",
            )
    for name in plan.scenarios:
        _check_name(name, ("scenarios", name), problems)
    _check_open_deals(plan, names, problems)


def check_source_pipelines(document: Mapping[str, Any], names: Names, problems: Problems) -> None:
    """Check the pipelines that sources refer to, of sources with other mistakes too."""
    sources = document.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        pipeline = source.get("pipeline") if isinstance(source, dict) else None
        if isinstance(pipeline, str) and pipeline and pipeline not in names.pipelines:
            problems.add(
                ("sources", name, "pipeline"),
                f"expected a pipeline of this plan, found {found(pipeline)}; "
                f"{nearest(pipeline, names.pipelines, named='pipelines')}",
            )


def _say_no_return(
    path: Path, what: str, to: str, allowed: list[str], stages: list[str], problems: Problems
) -> None:
    if not allowed:
        remedy = "the first stage has none; take it out"
    elif to in stages:
        remedy = f"{key_text(to)} comes later; {nearest(to, allowed, named='stages before')}"
    else:
        remedy = nearest(to, allowed, named="stages before")
    problems.add(path, f"expected {what}, found {found(to)}; {remedy}")


def _check_name(name: str, path: Path, problems: Problems) -> None:
    if "." in name or not name.strip() or not name.isprintable():
        problems.add(path, f"expected a name without dots, found {found(name)}; rename it")


def _check_open_deals(plan: Document, names: Names, problems: Problems) -> None:
    """Check the stages and pipelines that the open deals refer to."""
    deals = plan.open_deals
    if deals is None:
        return
    for stage in deals.count or {}:
        if stage not in names.stages:
            problems.add(
                ("open_deals", "count", stage),
                f"expected a stage of this plan as pipeline.stage, found {found(stage)}; "
                f"{nearest(stage, names.stages, named='stages')}",
            )
    for value, stage in deals.stages.items():
        if stage not in names.stages and stage != IGNORE:
            problems.add(
                ("open_deals", "stages", value),
                f'expected "pipeline.stage" or "{IGNORE}", found {found(stage)}; '
                f"{nearest(stage, [*names.stages, IGNORE], named='stages')}",
            )
    if isinstance(deals.buyer, dict):
        for pipeline in deals.buyer:
            if pipeline not in names.pipelines:
                problems.add(
                    ("open_deals", "buyer", pipeline),
                    f"expected a pipeline of this plan, found {found(pipeline)}; "
                    f"{nearest(pipeline, names.pipelines, named='pipelines')}",
                )


def check_sources(plan: Document, problems: Problems, *, has_customers: bool) -> None:
    """Check the sources' times, and that customer sources have customers."""
    for name, source in plan.sources.items():
        if source.starts and source.ends and source.ends <= source.starts:
            problems.add(
                ("sources", name, "until"),
                f"expected a date after from ({source.starts}), found {found(source.ends)}",
            )
        if source.kind == "customer" and not has_customers:
            problems.add(
                ("sources", name, "kind"),
                "a customer source needs [customers] with a lifetime; "
                "add it (with count = 0 when there are none yet)",
            )


def check_returns(plan: Document, problems: Problems) -> None:
    """Check that deals sent back or parked re-enter a stage that they have seen."""
    for name, pipeline in plan.pipelines.items():
        before: list[str] = []
        stages = [stage.name for stage in pipeline.stages]
        for index, stage in enumerate(pipeline.stages):
            path = ("pipelines", name, "stages", index)
            if stage.back and stage.back.to not in before:
                what = "a stage before this one"
                _say_no_return((*path, "back", "to"), what, stage.back.to, before, stages, problems)
            before.append(stage.name)
            if stage.parked and stage.parked.to not in before:
                to, what = stage.parked.to, "this stage or one before it"
                _say_no_return((*path, "parked", "to"), what, to, before, stages, problems)


def check_reachable(pipeline: Pipeline, open_stages: Sequence[str], problems: Problems) -> None:
    """Refuse stages behind a conversion of 0 that no deal comes to from elsewhere."""
    leads_to = transitions(pipeline)[:, :-1] > 0.0
    names = [stage.name for stage in pipeline.stages]
    reached = np.array([f"{pipeline.name}.{name}" in open_stages for name in names])
    reached[0] = True
    for _ in names:
        reached |= reached @ leads_to
    for index in np.flatnonzero(~reached):
        closed = names[np.flatnonzero(reached[:index])[-1]]
        problems.add(
            ("pipelines", pipeline.name, "stages", int(index), "name"),
            f"no deal can reach the stage {found(names[index])}: the conversion of "
            f"{found(closed)} is 0 and no open deal stands behind it; "
            "raise the conversion or take the stage out",
        )


def make_timeline(plan: Document, problems: Problems) -> Timeline | None:
    """Return the simulated time; None (and a problem) when it does not come out even."""
    forecast, span = plan.forecast, plan.sustainability.span
    if span.months < 24.0 - 1e-9:
        problems.add(
            ("sustainability", "span"),
            f"expected at least 24 months, found {span.value:g} {span.unit}s "
            f"({span.months:.4g} months); the verdict looks at a second year",
        )
        return None
    periods = periods_in(forecast.horizon, forecast.period)
    whole = round(periods)
    if abs(periods - whole) > 1e-9 * max(1.0, periods) or whole < 1:
        near = [_periods_text(forecast.period, count) for count in _around(periods)]
        problems.add(
            ("forecast", "horizon"),
            f"expected a whole number of periods ({_periods_text(forecast.period, 1)}), found "
            f"{forecast.horizon.value:,.12g} {forecast.horizon.unit}s = {periods:,.2f} periods; "
            f"nearest: {' or '.join(near)}",
        )
        return None
    judged = round(periods_in(span, forecast.period))
    simulated = max(whole, judged)
    days = simulated * forecast.period.days + 366.0
    if not days < (LAST_DAY - forecast.start).days:
        problems.add(
            ("forecast", "horizon"),
            f"expected an end before {LAST_DAY}, found {simulated} periods from {forecast.start}; "
            "start earlier",
        )
        return None
    return Timeline(start=forecast.start, period=forecast.period, periods=whole, judged=judged)


def _around(periods: float) -> list[int]:
    below = math.floor(periods)
    return [count for count in (below, below + 1) if count >= 1]


def _periods_text(period: Span, count: int) -> str:
    """Say a number of periods as the horizon is written."""
    if period.unit in MONTHS_PER_UNIT:
        number, unit = round(period.months * count), "month"
    else:
        number, unit = round(period.value * count), period.unit
    return f'"{number} {unit}{"" if number == 1 else "s"}"'


def _never(source: Source, *, start: date, end: date) -> str:
    """Say why a source brings no deals; empty when it does."""
    if source.ends and source.ends <= start:
        return "it ends before the start"
    if source.starts and source.starts >= end:
        return f"it begins after the end ({end})"
    if source.rate.mean_per_day() == 0.0:
        return "its rate is 0"
    return "its season is 0 in all months" if source.season and not any(source.season) else ""


def notes_on(plan: Document, open_stages: Sequence[str], *, end: date) -> list[str]:
    """Return what is legal and worth saying: pipelines nobody feeds, sources never active."""
    notes = []
    fed = {source.pipeline for source in plan.sources.values()}
    fed |= {stage.partition(".")[0] for stage in open_stages}
    notes += [
        f"pipelines.{key_text(name)}: no source and no open deal feeds it"
        for name in plan.pipelines
        if name not in fed
    ]
    for name, source in plan.sources.items():
        if why := _never(source, start=plan.forecast.start, end=end):
            notes.append(f"sources.{key_text(name)}: {why}: no deals")
    if plan.open_deals and plan.open_deals.count is not None and plan.open_deals.age is None:
        notes.append("open_deals: no age given: all are taken as fresh")
    return notes
