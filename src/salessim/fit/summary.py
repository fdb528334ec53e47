"""What was fitted, in a few numbers: the document for a program, and what a terminal shows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.shared_months import SharedMonths, sentence
from salessim.fit.sources import SourceFit
from salessim.fit.stages import FittedStage
from salessim.model.law import Law
from salessim.model.uncertain import NORMAL_P95

if TYPE_CHECKING:
    from salessim.fit.fit import Fitted

Interval = dict[str, float | None]
"""`middle`, and `low` and `high`, between which it lies with 90 %; None = not known."""


def summary(fitted: Fitted) -> dict[str, Any]:
    """Return what was read and measured; every number is finite."""
    return {
        "as_of": fitted.as_of.isoformat(),
        "horizon": fitted.horizon,
        "currency": fitted.currency,
        "files": [{"name": name, "sha256": digest} for name, digest in fitted.history.files],
        "findings": [
            {
                "file": f.file,
                "what": f.what,
                "count": f.count,
                "reason": f.reason,
                "rows": [*f.rows],
            }
            for f in fitted.history.findings
        ],
        "pipelines": [
            {
                "name": pipeline.name,
                "open_deals": int(_of_pipeline(fitted, pipeline.name)),
                "stages": [_stage(stage) for stage in pipeline.stages],
                "shared_months": _months(pipeline.months),
                "amount": {"median": _finite(_middle(pipeline.amount.law))},
                "won_to_quoted": _finite(pipeline.won_to_quoted),
            }
            for pipeline in fitted.pipelines
        ],
        "sources": [_source(source) for source in fitted.sources],
        "customers": None if fitted.customers is None else _customers(fitted),
        "warnings": list(fitted.warnings),
    }


def _of_pipeline(fitted: Fitted, name: str) -> int:
    return int(fitted.open_deals["stage"].str.startswith(f"{name}.").sum())


def _months(months: SharedMonths) -> dict[str, Any]:
    """Return how months swing beyond chance: what a shock of the plan says, and how surely."""
    swings: dict[str, Any] = {
        key: {
            "effect": found.effect,
            "low": found.interval[0],
            "high": found.interval[1],
            "persistence": found.persistence,
            "p_value": found.p_value,
            "said": sentence(key, found),
        }
        for key, found in months.found.items()
    }
    in_step = months.rhythm
    if in_step is not None:
        factors, errors = in_step.factors.tolist(), in_step.errors.tolist()
        swings["quarter"] = {
            "factors": factors,
            "errors": errors,
            "p_value": in_step.p_value,
            "said": in_step.sentence,
        }
    return swings


def _stage(stage: FittedStage) -> dict[str, Any]:
    numbers = {
        number.address.removeprefix(f"{stage.address}."): number for number in stage.numbers[0]
    }
    shares = {
        key: {"middle": number.value, "low": number.interval[0], "high": number.interval[1]}
        for key, number in numbers.items()
        if number.scale == "odds"
    }
    return {
        "name": stage.name,
        "visits": dict(stage.seen),
        "conversion": shares["conversion"],
        # of all visits, as people ask for it; in the plan it is of those that do not advance
        "stuck": stage.probabilities["stuck"],
        "stuck_of_rest": shares["stuck.share"],
        "days_to_advance": _median(stage, "advance"),
        "days_to_lost": _median(stage, "lost"),
        "laws": {name: stage.family(name) for name in stage.outcomes},
    }


def _median(stage: FittedStage, outcome: str) -> Interval:
    """Return the median time of those that end so.

    Its interval is that of order statistics, whatever the law: of n times the shares below the
    median's ends are 1/2 -+ z / (2 sqrt n) (David and Nagaraja 2003, section 7.1).
    """
    law, ends = stage.law(outcome), stage.seen[outcome]
    half = NORMAL_P95 / (2.0 * math.sqrt(ends)) if ends else math.inf
    low, high = (
        float(law.isf(np.array([0.5 + side * half]))[0]) if half < 0.5 else None
        for side in (1.0, -1.0)
    )
    return {"middle": _middle(law), "low": low, "high": high}


def _middle(law: Law) -> float:
    return float(law.isf(np.array([0.5]))[0])


def _source(source: SourceFit) -> dict[str, Any]:
    names = ("middle", "low", "high")
    return {
        "name": source.name,
        "pipeline": source.pipeline,
        "leads": source.leads,
        "from": source.first[0].isoformat(),
        "goes_on": source.fit is not None,
        "per_month": dict(zip(names, source.per_month(), strict=True)),
        "growth_per_month": dict(zip(names, source.growth(), strict=True)),
        "swing": math.sqrt(source.fit.variance.mean) if source.fit else None,
        "season": [math.exp(factor.mean) for factor in source.fit.season] if source.fit else [],
        "level_since": source.broke.isoformat() if source.broke else None,
    }


def _customers(fitted: Fitted) -> dict[str, Any]:
    assert fitted.customers is not None  # noqa: S101  # asked of customers only
    table = fitted.customers.customers
    here = table["alive"].sum() if "alive" in table else len(table)
    return {"known": len(table), "expected_here": float(here), "said": _said(fitted.part.comments)}


def _said(comments: Mapping[str, str]) -> str:
    return comments.get("customers", "")


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
