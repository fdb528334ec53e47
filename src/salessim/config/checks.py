"""Checks across tables: names that exist and are not ambiguous; what is legal and worth saying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from salessim.config.numbers import at_score
from salessim.config.open_deals import IGNORE
from salessim.config.problems import Path, Problems
from salessim.config.schema import Document, Source, Stage
from salessim.config.words import found, key_text, nearest, path_text
from salessim.model.plan import BASE_ORIGINS
from salessim.model.uncertain import NORMAL_P95


class Names:
    """Pipelines and stages that the document names, valid or not."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        given = document.get("pipelines")
        pipelines = given if isinstance(given, dict) else {}
        self.stages_of = {
            pipeline: list(
                dict.fromkeys(  # a name given twice is one place to go
                    stage["name"]
                    for stage in _stage_tables(table)
                    if isinstance(stage, dict) and isinstance(stage.get("name"), str)
                )
            )
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
        check_name(name, ("pipelines", name), problems)
        seen: dict[str, int] = {}
        for index, stage in enumerate(pipeline.stages):
            path = ("pipelines", name, "stages", index, "name")
            check_name(stage.name, path, problems)
            if stage.name in seen:
                problems.add(
                    path,
                    f"{found(stage.name)} is the name of stages[{seen[stage.name]}] already; "
                    "each stage has a name of its own",
                )
            seen.setdefault(stage.name, index)
    for name in plan.sources:
        check_name(name, ("sources", name), problems)
        if name in BASE_ORIGINS:
            problems.add(
                ("sources", name),
                f"the name {name} is taken (it is an origin of bookings); rename the source",
            )
    for name in plan.scenarios:
        check_name(name, ("scenarios", name), problems)
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


def check_name(name: str, path: Path, problems: Problems) -> None:
    """Check a name that addresses are made of."""
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


def check_customer_sources(plan: Document, document: Mapping[str, Any], problems: Problems) -> None:
    """Check that customer sources have customers."""
    for name, source in plan.sources.items():
        if source.kind == "customer" and "customers" not in document:
            problems.add(
                ("sources", name, "kind"),
                "a customer source needs [customers] with a lifetime; "
                "add it (with count = 0 when there are none yet)",
            )


def _never(source: Source, *, start: date, end: date) -> str:
    """Say why a source brings no deals; empty when it does."""
    if source.ends and source.ends <= start:
        return "it ends before the start"
    if source.starts and source.starts >= end:
        return f"it begins after the end ({end})"
    if source.rate.mean_per_day() == 0.0:
        return "its rate is 0"
    return "its season is 0 in all months" if source.season and not any(source.season) else ""


def _high_shares(stage: Stage) -> float:
    """Return the sum of the shares of those that do not advance, uncertain ones at their p95."""
    others = (stage.stuck, stage.no_decision, stage.back, stage.parked)
    return sum(at_score(other.share, NORMAL_P95) for other in others if other)


def _crowded(pipeline: str, stage: Stage) -> str:
    return (
        f"{path_text(('pipelines', pipeline, 'stages', stage.name))}: the shares of those that do "
        f"not advance sum to {_high_shares(stage):.3g} at their 95 % values; in a world where they "
        "pass 1 they are scaled down to 1"
    )


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
    for name, pipeline in plan.pipelines.items():
        notes += [_crowded(name, stage) for stage in pipeline.stages if _high_shares(stage) > 1.0]
    if plan.open_deals and plan.open_deals.count is not None and plan.open_deals.age is None:
        notes.append("open_deals: no age given: all are taken as fresh")
    return notes
