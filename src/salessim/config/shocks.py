"""Shocks of a plan: whom each one moves, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from salessim.config import schema
from salessim.config.checks import check_name
from salessim.config.problems import Path, Problems, holds, value_at
from salessim.config.values import NUMBER_FORMS
from salessim.config.words import found, key_text, nearest
from salessim.model.plan import Shock

EFFECTS = ("leads", "conversion", "pace", "amount", "churn")
NAMED: dict[str, tuple[str, Path]] = {
    "leads": ("source", ("sources",)),
    "churn": ("segment of the customers", ("customers", "segments")),
}
"""What a table of effects is by; the others are by pipeline."""


def make_shocks(
    document: Mapping[str, Any], plan: schema.Document, problems: Problems, notes: list[str]
) -> tuple[Shock, ...]:
    """Return the shocks of a plan, their effects by name, zeros left out.

    Parameters
    ----------
    document : mapping
        As written: names in it are names, though what they name be wrong.
    plan : Document
    problems : Problems
        Gets names that are none, and effects on what the plan does not have.
    notes : list of str
        Gets what has no effect.
    """
    shocks = []
    for name, table in plan.shocks.items():
        path: Path = ("shocks", name)
        check_name(name, path, problems)
        effects = {
            key: _resolved(getattr(table, key), _all(key, plan), (*path, key), document, problems)
            for key in EFFECTS
        }
        if not any(effects.values()):
            notes.append(f"shocks.{key_text(name)}: it has no effect on anything")
        shocks.append(Shock(name=name, persistence=table.persistence, **effects))
    return tuple(shocks)


def _resolved(
    given: float | Mapping[str, float],
    everyone: Sequence[str],
    path: Path,
    document: Mapping[str, Any],
    problems: Problems,
) -> tuple[tuple[str, float], ...]:
    """Return (name, effect) of those whom an effect is on."""
    if path[-1] == "churn" and given and "customers" not in document:
        problems.add(path, "churn needs [customers] with a lifetime; add it or take churn out")
        return ()
    if isinstance(given, Mapping):
        _check_names(given, path, document, problems)
        each = dict(given)
    else:
        each = dict.fromkeys(everyone, given)
    return tuple((name, effect) for name, effect in each.items() if effect)


def _all(key: str, plan: schema.Document) -> Sequence[str]:
    """Return whom one number is for."""
    if key == "leads":
        return [name for name, source in plan.sources.items() if source.kind == "external"]
    if key == "churn":
        segments = list(plan.customers.segments) if plan.customers else []
        return segments or [""]
    return list(plan.pipelines)


def _check_names(
    given: Mapping[str, float], path: Path, document: Mapping[str, Any], problems: Problems
) -> None:
    """Check the names of a table of effects."""
    what, where = NAMED.get(str(path[-1]), ("pipeline", ("pipelines",)))
    there = value_at(document, where) if holds(document, where) else {}
    known = list(there) if isinstance(there, Mapping) else []
    for name in given:
        if name in known:
            continue
        if name in NUMBER_FORMS:
            remedy = "an effect is known: it says how far a shock moves things, and how far the"
            remedy += " shock itself goes is random"
        elif known:
            remedy = nearest(name, known, named="known")
        else:
            remedy = "there is none; write one number for all"
        problems.add(
            (*path, name), f"expected a {what} of this plan, found {found(name)}; {remedy}"
        )
