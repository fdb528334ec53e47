"""Segments of customers: who says which, and that nobody is left without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from salessim.config.checks import check_name
from salessim.config.problems import Path, Problems, holds, value_at
from salessim.config.schema import Document
from salessim.config.words import found, key_text, nearest
from salessim.model.plan import OpenDeals


def check_segments(
    document: Mapping[str, Any], plan: Document, deals: OpenDeals | None, problems: Problems
) -> None:
    """Check what pipelines and sources say of segments, and that no new customer lacks one."""
    path: Path = ("customers", "segments")
    given = value_at(document, path) if holds(document, path) else {}
    segments = list(given) if isinstance(given, Mapping) else []
    for name in segments:
        check_name(name, (*path, name), problems)
    for name, source in plan.sources.items():
        if source.segment is not None and source.kind == "customer":
            _check_known(source.segment, segments, ("sources", name, "segment"), problems)
    makers = _makers(plan, deals, problems)
    for name, pipeline in plan.pipelines.items():
        where: Path = ("pipelines", name, "segment")
        if pipeline.segment is not None:
            _check_known(pipeline.segment, segments, where, problems)
        elif segments and name in makers and not problems.touch(where):
            problems.add(
                ("pipelines", name),
                f"missing key `segment`: the wins of {makers[name]} make new customers, and with "
                f'[customers.segments] the pipeline says which, as in segment = "{segments[0]}"',
            )


def _check_known(name: str, segments: list[str], path: Path, problems: Problems) -> None:
    if not segments:
        problems.add(
            path,
            f"expected a segment of the customers, found {found(name)}, and there are none; "
            f"add [customers.segments.{key_text(name)}] or take it out",
        )
    elif name not in segments:
        problems.add(
            path,
            f"expected a segment of the customers, found {found(name)}; "
            f"{nearest(name, segments, named='segments')}",
        )


def _makers(plan: Document, deals: OpenDeals | None, problems: Problems) -> dict[str, str]:
    """Return who makes new customers through each pipeline that makes any."""
    makers: dict[str, str] = {}
    if deals is not None:
        for stage in np.array(deals.stages)[deals.buyer_is_new]:
            makers[str(stage).partition(".")[0]] = "open deals"
    for name, source in plan.sources.items():
        if source.buyer != "existing" and not problems.under(("sources", name)):
            makers[source.pipeline] = f"the source {name}"
    return makers
