"""A sensitivity in a few numbers: tables for a spreadsheet, the document for a program."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

from salessim.forecast.elasticity import Elasticity, Estimate
from salessim.forecast.sensitivity import PARTS, Sensitivity, Swing
from salessim.forecast.summary import safe_cell
from salessim.forecast.variance import VarianceShare

Table = tuple[tuple[str, ...], list[tuple[Any, ...]]]
NOTHING = Estimate(math.nan, math.nan)


def table(given: Sensitivity, part: str) -> Table:
    """Return the columns and rows of a part; ValueError when there is none of that name."""
    if part not in PARTS:
        raise ValueError(f"no part {part!r}; there are {', '.join(PARTS)}")
    tables = {"levers": _levers, "tornado": _tornado, "shares": _shares, "split": _split}
    return tables[part](given)


def _levers(given: Sensitivity) -> Table:
    columns = (
        "lever", "kind", "what", "elasticity", "elasticity_se", "base_elasticity",
        "base_elasticity_se", "sustained_per_percent", "sustained_per_percent_se",
    )  # fmt: skip
    return columns, [_lever(one) for one in given.levers]


def _lever(one: Elasticity) -> tuple[Any, ...]:
    # of a slope per unit of the logarithm a hundredth is what 1 % brings
    points = [number / 100 for number in one.sustained or NOTHING]
    return (one.lever.name, one.lever.kind, one.lever.sentence, *one.result, *one.base, *points)


def _tornado(given: Sensitivity) -> Table:
    columns = (
        "input", "p05", "p95", "p05_words", "p95_words", "mean_at_p05", "mean_at_p05_se",
        "mean_at_p95", "mean_at_p95_se", "change_at_p05", "change_at_p05_se", "change_at_p95",
        "change_at_p95_se",
    )  # fmt: skip
    return columns, [_swing(one) for one in given.tornado]


def _swing(one: Swing) -> tuple[Any, ...]:
    estimates = (number for estimate in (*one.means, *one.changes) for number in estimate)
    return (one.address, *one.values, *one.words, *estimates)


def _shares(given: Sensitivity) -> Table:
    columns = (
        "inputs", "first_order", "first_order_low", "first_order_high",
        "total_order", "total_order_low", "total_order_high",
    )  # fmt: skip
    return columns, [_share(one) for one in given.shares]


def _share(one: VarianceShare) -> tuple[Any, ...]:
    return (", ".join(one.inputs), *one.first, *one.total)


def _split(given: Sensitivity) -> Table:
    shares = given.split
    rows = [(name, *getattr(shares, name)) for name in ("parameters", "shocks", "luck")]
    return ("cause", "share_of_variance", "share_of_variance_se"), rows


def write_csv(given: Sensitivity, part: str, path: Path) -> None:
    """Write a part as a table; OSError when the file cannot be written."""
    columns, rows = table(given, part)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow(map(_cell, row))


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return safe_cell(value)
    return "" if math.isnan(value) else f"{value:.6g}"


def document(given: Sensitivity) -> dict[str, Any]:
    """Return the document of ``sensitivity --json``; see `Sensitivity.summary`."""
    link, base = given.weakest_link, given.weakest_link_of_base
    return {
        "of": given.of.name,
        "unit": given.of.unit(given.currency),
        "mean": _number(given.mean.value),
        "se": _number(given.mean.se),
        "sd": math.sqrt(given.split.variance),
        "trajectories": given.trajectories,
        "worlds": given.worlds,
        "seed": given.seed,
        "weakest_link": link.lever.name if link else None,
        "weakest_link_without_external_leads": base.lever.name if base else None,
        **{part: _records(given, part) for part in PARTS},
        "notes": list(given.notes),
    }


def _records(given: Sensitivity, part: str) -> list[dict[str, Any]]:
    columns, rows = table(given, part)
    return [dict(zip(columns, map(_number, row), strict=True)) for row in rows]


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
