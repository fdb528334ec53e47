"""Segments of customers: who says which, and that nobody is left without one."""

from __future__ import annotations

import numpy as np

from salessim.config.problems import Path, Problems
from salessim.config.schema import Customers, Document
from salessim.config.words import found, nearest
from salessim.model.plan import OpenDeals


def check_segments(plan: Document, deals: OpenDeals | None, problems: Problems) -> None:
    """Check what pipelines, sources and customers say of segments."""
    segments = list(plan.customers.segments) if plan.customers else []
    if plan.customers:
        _check_customers(plan.customers, problems)
    if problems.under(("customers",)):
        return  # which segments there are is not known
    for name, source in plan.sources.items():
        path: Path = ("sources", name, "segment")
        if source.segment is None:
            continue
        if source.kind == "external":
            problems.add(
                path,
                "segment goes with customer sources; take it out: what customers a win makes is "
                f"said by the pipeline (pipelines.{source.pipeline}.segment)",
            )
        else:
            _check_known(source.segment, segments, path, problems)
    makers = _makers(plan, deals)
    for name, pipeline in plan.pipelines.items():
        if pipeline.segment is not None:
            _check_known(pipeline.segment, segments, ("pipelines", name, "segment"), problems)
        elif segments and name in makers:
            problems.add(
                ("pipelines", name),
                f"missing key `segment`: the wins of {makers[name]} make new customers, and with "
                f'[customers.segments] the pipeline says which: segment = "{segments[0]}"',
            )


def _check_customers(table: Customers, problems: Problems) -> None:
    """Check that each customer has a lifetime, and is counted once."""
    path: Path = ("customers",)
    if not table.segments and table.lifetime is None:
        problems.add(path, "missing key `lifetime`")
    for name, segment in table.segments.items():
        here: Path = (*path, "segments", name)
        if "." in name or not name.strip() or not name.isprintable():
            problems.add(here, f"expected a name without dots, found {found(name)}; rename it")
        if segment.lifetime is None and table.lifetime is None:
            problems.add(
                here, "missing key `lifetime`; say it here, or in [customers] for all segments"
            )
        if table.file is None and segment.count is None:
            problems.add(
                here, "missing key `count`; say count = 0 when there are none yet, or give a file"
            )
        for key in ("count", "tenure"):
            if table.file is not None and key in segment.model_fields_set:
                problems.add(
                    (*here, key), f"{key} goes with count, found file; take one of them out"
                )
    for key in ("count", "tenure"):
        if table.segments and key in table.model_fields_set:
            problems.add(
                (*path, key), f"with segments, {key} is said in [customers.segments.NAME]; move it"
            )


def _check_known(name: str, segments: list[str], path: Path, problems: Problems) -> None:
    if not segments:
        problems.add(
            path,
            f"expected a segment of the customers, found {found(name)}, and there are none; "
            f"add [customers.segments.{name}] or take it out",
        )
    elif name not in segments:
        problems.add(
            path,
            f"expected a segment of the customers, found {found(name)}; "
            f"{nearest(name, segments, named='segments')}",
        )


def _makers(plan: Document, deals: OpenDeals | None) -> dict[str, str]:
    """Return who makes new customers through each pipeline that makes any."""
    makers: dict[str, str] = {}
    if deals is not None:
        for stage in np.array(deals.stages)[deals.buyer_is_new]:
            makers[str(stage).partition(".")[0]] = "open deals"
    for name, source in plan.sources.items():
        if source.buyer != "existing":
            makers[source.pipeline] = f"the source {name}"
    return makers
