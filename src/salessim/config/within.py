"""What holds between the keys of one table: keys that exclude each other, shares, dates in order.

Which keys are there is asked of the document, their values of the plan that was made of its valid
parts: so all this is said together with what is wrong with single values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from salessim.config.problems import Path, Problems, holds, value_at
from salessim.config.schema import Document, Source, Stage, Sustainability
from salessim.config.words import found
from salessim.model.uncertain import Uncertain


def check_within(document: Mapping[str, Any], plan: Document, problems: Problems) -> None:
    """Check each table of a plan by itself."""
    _check_sustainability(_table(document, ("sustainability",)), plan.sustainability, problems)
    for name, pipeline in plan.pipelines.items():
        for index, stage in enumerate(pipeline.stages):
            _check_shares(stage, ("pipelines", name, "stages", index), problems)
    for name, source in plan.sources.items():
        path: Path = ("sources", name)
        _check_source(_table(document, path), source, path, problems)
        _check_campaign(_table(document, path), source, path, problems)
    if isinstance(document.get("customers"), Mapping):
        _check_customers(document, problems)
    if isinstance(document.get("open_deals"), Mapping):
        with_file = ("columns", "stages", "date_format")
        _check_count_or_file(document, ("open_deals",), "age", with_file, problems)


def _table(document: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """Return a table of the document as it was written; empty when there is none."""
    there = value_at(document, path) if holds(document, path) else None
    return there if isinstance(there, Mapping) else {}


def _check_sustainability(
    written: Mapping[str, Any], table: Sustainability, problems: Problems
) -> None:
    path: Path = ("sustainability",)
    if "need" in written and "past" in written:
        problems.add(path, "expected need or past, found both; take one of them out")
    unsound = [problems.touch((*path, key)) for key in ("fragile", "self_sustaining")]
    if table.fragile > table.self_sustaining and not any(unsound):
        problems.add(
            path,
            f"expected fragile up to self_sustaining ({table.self_sustaining:g}), "
            f"found {table.fragile:g}",
        )


def _check_shares(stage: Stage, path: Path, problems: Problems) -> None:
    shares = {
        name: outcome.share
        for name in ("stuck", "no_decision", "back", "parked")
        if (outcome := getattr(stage, name))
    }
    total = sum(shares.values())
    if total > 1.0 + 1e-9:
        parts = " + ".join(f"{name} {share:g}" for name, share in shares.items())
        problems.add(
            path,
            "expected shares (of the deals that do not advance) that sum to at most 1, found "
            f"{parts} = {total:g}",
        )


def _check_source(
    written: Mapping[str, Any], source: Source, path: Path, problems: Problems
) -> None:
    if source.starts and source.ends and source.ends <= source.starts:
        problems.add(
            (*path, "until"),
            f"expected a date after from ({source.starts}), found {found(source.ends)}",
        )
    kind = written.get("kind")
    if kind == "customer" and "buyer" not in written:
        problems.add(
            path,
            'missing key `buyer`: a customer source says buyer = "existing" (up-sell, renewal: '
            'a win makes no new customer) or buyer = "new" (referral)',
        )
    if kind == "customer" and "over_dispersion" in written:
        problems.add(
            (*path, "over_dispersion"),
            "over_dispersion goes with external sources, found a customer source; take it out",
        )
    if kind == "external" and "rate_shape" in written:
        problems.add(
            (*path, "rate_shape"),
            "rate_shape goes with customer sources, found an external source; take it out, or say "
            "how its months differ with over_dispersion",
        )
    if kind == "external" and "segment" in written:
        problems.add(
            (*path, "segment"),
            "segment goes with customer sources, found an external source; take it out: what "
            "customers its wins make is said by the pipeline's own `segment`",
        )


def _check_campaign(
    written: Mapping[str, Any], source: Source, path: Path, problems: Problems
) -> None:
    """Refuse uncertain factors within a month: its leads are one count for the lowest rate."""
    if written.get("kind") == "customer":
        return
    days = sorted(source.campaign)
    for before, day in zip([None, *days], days, strict=False):
        factors = (source.campaign[day], source.campaign[before] if before else 1.0)
        if day.day > 1 and any(isinstance(factor, Uncertain) for factor in factors):
            problems.add(
                (*path, "campaign", day.isoformat()),
                "expected the first day of a month, where an uncertain factor begins or ends, "
                f"found {day}; write {day.replace(day=1)}?",
            )


def _check_customers(document: Mapping[str, Any], problems: Problems) -> None:
    """Check that each customer has a lifetime and is counted once, in segments or not."""
    path: Path = ("customers",)
    written = _table(document, path)
    segments = _table(document, (*path, "segments"))
    if not segments:
        _check_count_or_file(document, path, "tenure", ("columns", "date_format"), problems)
        if "lifetime" not in written:
            problems.add(path, "missing key `lifetime`")
    for key in ("count", "tenure"):
        if segments and key in written:
            problems.add(
                (*path, key), f"with segments, {key} is said in [customers.segments.NAME]; move it"
            )
    for name in segments:
        here: Path = (*path, "segments", name)
        segment = _table(document, here)
        if "lifetime" not in written and "lifetime" not in segment:
            problems.add(
                here, "missing key `lifetime`; say it here, or in [customers] for all segments"
            )
        if "file" not in written and "count" not in segment:
            problems.add(
                here, "missing key `count`: how many there are (count = 0 when there are none yet)"
            )
        for key, column in (("count", "segment"), ("tenure", "since")):
            if "file" in written and key in segment:
                problems.add((*here, key), f"the file's column `{column}` says it; take it out")


def _check_count_or_file(
    document: Mapping[str, Any],
    path: Path,
    with_count: str,
    with_file: tuple[str, ...],
    problems: Problems,
) -> None:
    """Refuse both ways at once, neither, and the keys of the other way."""
    written = _table(document, path)
    ways = [way for way in ("count", "file") if way in written]
    if len(ways) != 1:
        both = "both; take one of them out" if ways else "neither"
        problems.add(path, f"expected count or file, found {both}")
        return
    foreign, needed = ((with_count,), "count") if ways == ["file"] else (with_file, "file")
    for key in foreign:
        if key in written:
            problems.add(path, f"{key} goes with {needed}, found {ways[0]}; take one of them out")
