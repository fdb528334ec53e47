"""Scenarios: named sets of changes to a plan, checked with it.

A key in quotes is an address, and its value is set as `-S` does; tables within each other are gone
down key by key, as `extends` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from salessim.config.documents import Change, copied, key_parts, set_key
from salessim.config.laws import LAW_NAMES
from salessim.config.problems import Path, Problem, Problems, holds, value_at
from salessim.config.words import key_text, nearest, path_text

PLAN_ITSELF = "plan"
"""What a comparison calls the plan itself."""
NO_SCENARIOS = (
    "the plan has no scenarios; write one, what differs from the plan, for example: "
    '[scenarios.more] and on the next line "sources.NAME.rate" = "80 per month"'
)
NAMED = {
    ("pipelines",): "stages",
    ("sources",): "kind",
    ("customers", "segments"): "count",
    ("shocks",): "persistence",
}
"""Tables whose keys are names that the plan gives, and the key that makes a new one."""
FIXED: tuple[tuple[Path, str], ...] = (
    (("extends",), "only a plan extends another"),
    (("scenarios",), "a scenario has no scenarios of its own"),
    (("currency",), "scenarios are compared in one currency"),
    (("forecast", "start"), "scenarios are compared from one start on"),
    (("forecast", "period"), "scenarios are compared period by period"),
    (("forecast", "trajectories"), "scenarios are compared trajectory by trajectory"),
    (("forecast", "seed"), "scenarios are compared on the same random numbers"),
)
"""What a scenario leaves as it is, and why."""


@dataclass(frozen=True)
class Scenario:
    """A plan's document as a scenario changes it.

    Attributes
    ----------
    name : str
    document : dict
        Without scenarios; shares nothing with the plan's.
    changes : tuple of Change
        What was set, each with the address of the scenario's key as its ``origin``.
    """

    name: str
    document: dict[str, Any]
    changes: tuple[Change, ...]

    def addressed(self, problem: Problem) -> Problem:
        """Return a problem of the scenario's document as one of the key that made it."""
        path = problem.path
        for change in reversed(self.changes):
            if path[: len(change.path)] == change.path:
                below = len(path) > len(change.path)
                inside = f"{path_text(path)}: " if below else ""
                return Problem(change.origin, inside + problem.text)
        for change in reversed(self.changes):
            if change.path[: len(path)] == path and path:
                # a table that the scenario made or filled
                return Problem(_above(change, len(path)), f"{path_text(path)}: {problem.text}")
        where = f"{path_text(path)}: " if path else ""
        return Problem(("scenarios", self.name), where + problem.text)


def _above(change: Change, length: int) -> Path:
    """Return where a scenario wrote the table of so many keys that holds a changed key."""
    deeper = len(change.path) - length
    nested = change.origin[-deeper:] == change.path[-deeper:]
    return change.origin[:-deeper] if nested else change.origin


def read_scenarios(document: Mapping[str, Any], problems: Problems) -> list[Scenario]:
    """Apply each scenario of a document to a copy of it; what cannot be applied is a problem."""
    given = document.get("scenarios")
    tables = given if isinstance(given, dict) else {}
    return [
        _read(name, table, document, problems)
        for name, table in tables.items()
        if isinstance(table, dict)  # anything else the schema refuses
    ]


def _read(
    name: str, table: Mapping[str, Any], document: Mapping[str, Any], problems: Problems
) -> Scenario:
    if name == PLAN_ITSELF:
        problems.add(
            ("scenarios", name), f"the name {name} is taken: it is the plan itself; rename it"
        )
    base = {key: copied(value) for key, value in document.items() if key != "scenarios"}
    settings = list(_settings(table, ("scenarios", name), []))
    changes: list[Change] = []
    for origin, parts, value in settings:
        try:
            _check(parts, value, document, [setting[1] for setting in settings])
            change = Change(set_key(base, parts, copied(value)), path_text(origin), origin=origin)
            _check_alone(change, changes)
        except ValueError as error:
            problems.add(origin, str(error))
        else:
            changes.append(change)
    return Scenario(name, base, tuple(changes))


def _settings(
    table: Mapping[str, Any], origin: Path, above: list[str]
) -> Iterator[tuple[Path, list[str], Any]]:
    """Yield the path of each key, the parts of the address that it means, and its value."""
    if not table:
        yield origin, above, table
    for key, value in table.items():
        try:
            parts = key_parts(key)
        except ValueError:
            parts = [key]
        here = (*origin, key)
        if isinstance(value, dict) and len(parts) == 1:
            yield from _settings(value, here, [*above, *parts])
        else:
            yield here, [*above, *parts], value


def _check(
    parts: list[str], value: Any, document: Mapping[str, Any], others: Sequence[list[str]]
) -> None:
    """Refuse, by ValueError, what changes nothing, may not be changed, or names what is not there.

    A new pipeline, source or segment is one whose making key is given, by this key or another.
    """
    if value == {}:
        raise ValueError(
            "an empty table changes nothing; say what differs, for example "
            '"sources.NAME.rate" = "0 per month", or take it out'
        )
    for fixed, why in FIXED:
        size = min(len(parts), len(fixed))
        if tuple(parts[:size]) == fixed[:size]:
            raise ValueError(f"{why}; take it out, or write a plan of its own with `extends`")
    for prefix, makes in NAMED.items():
        size = len(prefix)
        if tuple(parts[:size]) != prefix or len(parts) < size + 2:
            continue
        there = value_at(document, prefix) if holds(document, prefix) else {}
        table = parts[: size + 1]
        made = table in others or [*table, makes] in others
        if isinstance(there, dict) and parts[size] not in there and not made:
            what = ".".join(map(key_text, table))
            remedy = nearest(parts[size], there, named=prefix[-1]) if there else "it has none"
            raise ValueError(f"the plan has no {what}; {remedy}")


def _check_alone(change: Change, others: Sequence[Change]) -> None:
    """Refuse, by ValueError, a change of what another one changes: which wins is not said."""
    for other in others:
        pairs = list(zip(change.path, other.path, strict=False))
        same = next((i for i, (a, b) in enumerate(pairs) if a != b), len(pairs))
        two_laws = (
            same < len(pairs) and set(pairs[same]) <= LAW_NAMES and change.path[:same] not in NAMED
        )
        if same == len(pairs) or two_laws:
            what = "the same law" if two_laws else path_text(change.path[:same])
            raise ValueError(f"{other.label} sets {what} too; take one of them out")
