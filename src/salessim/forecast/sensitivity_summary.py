"""A sensitivity in a few numbers: tables for a spreadsheet, the document for a program."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim.forecast.elasticity import Elasticity, Estimate
from salessim.forecast.judge import WILSON_Z
from salessim.forecast.quantity import Quantity
from salessim.forecast.sensitivity import PARTS, Sensitivity, Swing
from salessim.forecast.summary import safe_cell
from salessim.forecast.variance import Interval, VarianceShare, VarianceSplit
from salessim.model.levers import Lever
from salessim.readable import rounded

if TYPE_CHECKING:
    from salessim.forecast.labels import Labels

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
        "program_sha256": given.program_sha256,
        "sustained": list(given.sustained) if given.sustained else None,
        "weakest_link": link.lever.name if link else None,
        "weakest_link_without_external_leads": base.lever.name if base else None,
        **{part: _records(given, part) for part in PARTS},
        "notes": list(given.notes),
    }


def restored(raw: Mapping[str, Any], labels: Labels) -> Sensitivity:
    """Read what `document` wrote; see `Sensitivity.from_summary`."""
    shares = {one["cause"]: one for one in raw["split"]}
    cause = "share_of_variance"
    return Sensitivity(
        title=labels.title,
        currency=labels.currency,
        of=Quantity.named(raw["of"], labels.timeline),
        mean=_estimate(raw, "mean", "se"),
        sustained=Estimate(*raw["sustained"]) if raw["sustained"] else None,
        levers=tuple(map(_read_lever, raw["levers"])),
        tornado=tuple(map(_read_swing, raw["tornado"])),
        shares=tuple(map(_read_share, raw["shares"])),
        split=VarianceSplit(
            variance=raw["sd"] ** 2,
            **{name: _estimate(one, cause) for name, one in shares.items()},
        ),
        trajectories=raw["trajectories"],
        worlds=raw["worlds"],
        seed=raw["seed"],
        notes=tuple(raw["notes"]),
        program_sha256=raw["program_sha256"],
    )


def _read_lever(raw: Mapping[str, Any]) -> Elasticity:
    # what it may be multiplied by, and what it moves, is the plan's business
    lever = Lever(
        name=raw["lever"], kind=raw["kind"], sentence=raw["what"], most=math.inf, targets=()
    )
    slope = _estimate(raw, "sustained_per_percent")
    return Elasticity(
        lever=lever,
        result=_estimate(raw, "elasticity"),
        base=_estimate(raw, "base_elasticity"),
        sustained=None if math.isnan(slope.value) else Estimate(*(100 * x for x in slope)),
    )


def _read_swing(raw: Mapping[str, Any]) -> Swing:
    return Swing(
        address=raw["input"],
        values=(raw["p05"], raw["p95"]),
        words=(raw["p05_words"], raw["p95_words"]),
        means=(_estimate(raw, "mean_at_p05"), _estimate(raw, "mean_at_p95")),
        changes=(_estimate(raw, "change_at_p05"), _estimate(raw, "change_at_p95")),
    )


def _read_share(raw: Mapping[str, Any]) -> VarianceShare:
    first, total = (
        Interval(*(_nan(raw[f"{order}_order{end}"]) for end in ("", "_low", "_high")))
        for order in ("first", "total")
    )
    return VarianceShare(inputs=tuple(raw["inputs"].split(", ")), first=first, total=total)


def _estimate(raw: Mapping[str, Any], name: str, error: str = "") -> Estimate:
    return Estimate(_nan(raw[name]), _nan(raw[error or f"{name}_se"]))


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _records(given: Sensitivity, part: str) -> list[dict[str, Any]]:
    columns, rows = table(given, part)
    return [dict(zip(columns, map(_number, row), strict=True)) for row in rows]


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def sentences(given: Sensitivity) -> Iterator[str]:
    """Yield what the parts come to; see `Sensitivity.sentences`."""
    link, base = given.weakest_link, given.weakest_link_of_base
    if link:
        yield f"Weakest link: {link.lever.name}; {_brings(link.result)} {given.of.describe()}."
    if base:
        yield (
            f"Without new external leads: {base.lever.name}; {_brings(base.base)} bookings in the "
            "verdict's 12 months."
        )
    spread = f"{rounded(math.sqrt(given.split.variance))} {given.of.unit(given.currency)}"
    yield f"Its standard deviation is {spread}{_causes(given)}."


def _causes(given: Sensitivity) -> str:
    """Say what the variance comes from, where there is more than luck."""
    if "split" not in given.parts:
        return ""
    parts = given.split
    causes = (
        (parts.parameters, "numbers that are not known"),
        (parts.shocks, "shocks"),
        (parts.luck, "the luck of single deals and customers"),
    )
    said = [
        f"{whole_percent(share.value)} (+/- {100 * WILSON_Z * share.se:.1f}) from {words}"
        for share, words in causes
        if share.value or share.se
    ]
    return f"; of the variance {', '.join(said)}"


def _brings(estimate: Estimate) -> str:
    way = "more" if estimate.value > 0 else "less"
    return f"1% more of it brings {abs(estimate.value):.2f}% {way}"


def whole_percent(share: float) -> str:
    """Write a share to the percent: an unbiased estimate of nearly nothing may be below 0."""
    return f"{100 * share:.0f}%".replace("-0%", "0%")
