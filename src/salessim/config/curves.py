"""Curves of a plan: what they are on, how long each holds, and that no two are on one thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from salessim.config.checks import Names
from salessim.config.documents import key_parts
from salessim.config.problems import Path, Problems
from salessim.config.schema import Curve as CurveTable
from salessim.config.words import found, nearest, path_text
from salessim.model.plan import Curve, Pipeline

Kind = Literal["conversion", "pace"]
Target = tuple[str, str | None, Kind]
"""Pipeline, stage (None = all of them), and what the factor is on."""
KINDS: tuple[Kind, ...] = ("conversion", "pace")


def make_curves(
    tables: Sequence[CurveTable], names: Names, end: date | None, problems: Problems
) -> tuple[Curve, ...]:
    """Return the curves in the order of the plan, each with its end.

    Parameters
    ----------
    tables : sequence of Curve
        Those with problems already are left out.
    names : Names
        Pipelines and stages of the plan.
    end : date or None
        First day after the simulated time; None = not known.
    problems : Problems
        Gets what is wrong: unknown targets, dates, overlaps.
    """
    known = _targets(names)
    of_target: dict[Target, list[int]] = {}
    for index, table in enumerate(tables):
        path: Path = ("curves", index)
        if problems.under(path):
            continue
        target = _target(table.target, known, path, problems)
        if _is_sound(table, target, end, path, problems) and target is not None:
            of_target.setdefault(target, []).append(index)
    curves: dict[int, Curve] = {}
    for target, indices in of_target.items():
        ordered = sorted(indices, key=lambda index: (tables[index].starts, index))
        _check_overlaps(tables, ordered, problems)
        following = [tables[index].starts for index in ordered[1:]]
        for index, next_starts in zip(ordered, [*following, None], strict=True):
            curves[index] = _curve(tables[index], target, next_starts)
    return tuple(curves[index] for index in sorted(curves))


def _curve(table: CurveTable, target: Target, next_starts: date | None) -> Curve:
    pipeline, stage, kind = target
    return Curve(
        kind=kind,
        pipeline=pipeline,
        stage=stage,
        starts=table.starts,
        ends=table.ends or next_starts,
        factor=table.factor,
    )


def _targets(names: Names) -> dict[str, Target]:
    """Return what curves can be on, by address."""
    known: dict[str, Target] = {}
    for pipeline, stages in names.stages_of.items():
        for kind in KINDS:
            known[path_text(("pipelines", pipeline, kind))] = (pipeline, None, kind)
        for stage in stages:
            for kind in KINDS:
                address = path_text(("pipelines", pipeline, "stages", stage, kind))
                known[address] = (pipeline, stage, kind)
    return known


def _target(
    address: str, known: dict[str, Target], path: Path, problems: Problems
) -> Target | None:
    """Return what an address names; quotes around its parts make no difference."""
    try:
        spelled = path_text(key_parts(address))
    except ValueError:
        spelled = address
    if spelled not in known:
        problems.add(
            (*path, "target"),
            f"expected the conversion or pace of a pipeline or stage, found {found(address)}; "
            f"{nearest(spelled, known, named='targets')}",
        )
    return known.get(spelled)


def _is_sound(
    table: CurveTable, target: Target | None, end: date | None, path: Path, problems: Problems
) -> bool:
    """Check one curve by itself."""
    if target is not None and target[2] == "conversion" and table.factor == 0.0:
        problems.add(
            (*path, "factor"),
            "expected a factor above 0 on the odds of advancing, found 0; "
            "to stop a pipeline for a while, set its pace to 0",
        )
    if table.ends is not None and table.ends <= table.starts:
        problems.add(
            (*path, "until"),
            f"expected a date after from ({table.starts}), found {found(table.ends)}",
        )
    if end is not None and table.starts >= end:
        problems.add(
            (*path, "from"),
            f"expected a date before the end of the simulated time ({end}), found "
            f"{found(table.starts)}; begin earlier, take the curve out, or forecast longer",
        )
    return not problems.under(path)


def _check_overlaps(
    tables: Sequence[CurveTable], ordered: Sequence[int], problems: Problems
) -> None:
    """Refuse a curve that begins while another one of its target holds."""
    for at, index in enumerate(ordered):
        starts = tables[index].starts
        for other in ordered[:at]:
            ends = tables[other].ends
            if tables[other].starts == starts or (ends is not None and ends > starts):
                later = f"; end that one by {starts}" if tables[other].starts < starts else ""
                problems.add(
                    ("curves", index, "from"),
                    f"overlaps curves[{other}] (from {tables[other].starts}"
                    f"{f' until {ends}' if ends else ''}) of the same target"
                    f"{later or '; take one of them out'}",
                )
                break


def idle_curves(curves: Sequence[Curve], pipelines: Sequence[Pipeline], start: date) -> list[str]:
    """Return a note on each curve that changes nothing."""
    notes = []
    for index, curve in enumerate(curves):
        conversions = [
            stage.conversion
            for pipeline in pipelines
            for stage in pipeline.stages
            if curve.concerns(pipeline.name, stage.name)
        ]
        why = ""
        if curve.ends is not None and curve.ends <= start:
            why = "it ends before the start"
        elif curve.factor == 1.0:
            why = "its factor is 1"
        elif curve.kind == "conversion" and set(conversions) <= {0.0, 1.0}:
            why = f"no odds move a conversion of {conversions[0]:.0%}"
        if why:
            notes.append(f"curves[{index}]: {why}: it changes nothing")
    return notes
