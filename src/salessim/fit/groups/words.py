"""What a comparison of groups says, in a few sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.groups.spread import Spread
from salessim.fit.groups.subjects import WHOLE
from salessim.readable import amount, few_digits, percent

if TYPE_CHECKING:
    from salessim.fit.groups.compare import Groups

RARE = 0.05
"""A difference is said to be more than chance when its corrected p-value is below."""


def sentence(groups: Groups) -> str:
    """Say what was found, how large it is, and what it does to a forecast."""
    rows = {(row["of"], row["what"]): row for row in groups.table.to_dict("records")}
    by = f"by {groups.by}"
    said = []
    for what, name in (("conversion", "the win rate"), ("time", "the time from creation to win")):
        row = rows.get((WHOLE, what))
        said.append(_compared(f"{name} {by}", what, row))
    said += _stages(groups)
    if groups.spread is not None and rows.get((WHOLE, "conversion"), {}).get("p", np.nan) >= 0:
        said.append(_forecast(groups.spread))
    if groups.unnamed:
        said.append(_left_out(groups))
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in said)


def _left_out(groups: Groups) -> str:
    left_out, others = ("none" if np.isnan(share) else percent(share) for share in groups.won)
    have = "deal has" if groups.unnamed == 1 else "deals have"
    return (
        f"{groups.unnamed:,} {have} no {groups.by} and are left out: {left_out} of them won so "
        f"far, of the others {others}"
    )


def _compared(name: str, what: str, row: Any) -> str:
    if row is None:
        return f"{name} cannot be compared: it was never seen, or nothing else was"
    if np.isnan(row["p"]):
        if row["groups"] < 2:
            return f"{name} cannot be compared: there is one group only"
        return f"{name} cannot be compared: no group has more than one deal to tell"
    size = _size(row, "the odds" if what == "conversion" else "times")
    chance = f"{p_text(row['p_holm'])} after Holm's correction"
    if row["p_holm"] < RARE:
        return f"{name} differs more than chance allows ({chance}): {size}"
    return f"{name} differs no more than chance allows ({chance}): {size}"


def _size(row: Any, of: str) -> str:
    low, high = (float(np.exp(row[key])) for key in ("sd_low", "sd_high"))
    top = "without bound" if np.isinf(high) else f"{high:.2f}"
    return (
        f"between groups {of} vary by a factor of {row['factor']:.2f} "
        f"(one standard deviation; 90% interval {low:.2f} to {top})"
    )


def _stages(groups: Groups) -> list[str]:
    """Name the stages that differ more than chance allows."""
    table = groups.table
    found = table[(table["of"] != WHOLE) & (table["p_holm"] < RARE)]
    tested = int(((table["of"] != WHOLE) & table["p"].notna()).sum())
    if not tested:
        return []
    named = ", ".join(
        f"{row['of']} ({row['what']}, factor {row['factor']:.2f})"
        for row in found.to_dict("records")
    )
    which = f"these differ more than that: {named}" if named else "none differs more than that"
    return [f"of {tested} comparisons of stages {which}"]


def _forecast(spread: Spread) -> str:
    deals, days = amount(round(spread.deals)), amount(round(spread.days))
    pooled, own = amount(round(spread.pooled_mean)), amount(round(spread.own_mean))
    return (
        f"of the {deals} deals open now or to come in {days} days, one process wins in the end "
        f"{pooled} ± {few_digits(spread.pooled_sd)} (standard deviation); each group at its own "
        f"rate {own} ± {few_digits(spread.own_sd)}; as many new groups like these "
        f"± {few_digits(spread.new_sd)}"
    )


def compared(of: str, what: str) -> str:
    """Name what a comparison is of: ``Win rate``, ``Time to win``, ``Offer, time``."""
    name = f"{of}, {what}"
    if of == WHOLE:
        name = of if what == "conversion" else "time to win"
    return f"{name[0].upper()}{name[1:]}"


def p_text(p: float) -> str:
    """Write a p-value to as many digits as decide anything."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"
