"""Plans as documents: put on top of each other, changed by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from salessim.config.laws import LAW_NAMES
from salessim.config.problems import Path, PlanError
from salessim.config.toml_text import DEEPEST, TomlError, read_toml
from salessim.config.values import NUMBER_FORMS
from salessim.config.words import found, key_text, nearest

BY_NAME = ("pipelines", "sources")
"""Tables whose keys are names that the plan gives."""
FORMS = LAW_NAMES | NUMBER_FORMS
INTERVAL = {"p05", "p95"}
"""Keys that say an uncertain number together."""
NO_LAWS = frozenset((*BY_NAME, "scenarios", "segments", "stages", "buyer", "count"))
"""Tables of names: one called `gamma` is no law."""


@dataclass(frozen=True)
class Change:
    """One changed key: its path in the document, and how its author wrote it.

    ``made`` says which pipeline or source the change made, when there was none of that name;
    ``origin`` is the path of the key in the plan, when a scenario makes the change.
    """

    path: Path
    label: str
    made: str = ""
    origin: Path = ()


def merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Put a document on top of another: tables merge, all else is replaced."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _another_form(key, old, value):
            result[key] = merge(old, value)
        else:
            result[key] = copied(value)
    return result


def _another_form(key: str | int, below: Any, above: dict[str, Any]) -> bool:
    """Say whether a law or uncertain number is replaced by one said in another way.

    Merged, both would be there.
    """
    if key in NO_LAWS or not isinstance(below, dict):
        return False
    forms = [_form(table) for table in (below, above)]
    return all(forms) and forms[0] != forms[1]


def _form(table: dict[str, Any]) -> str:
    """Return the one key that says which law or number a table is; empty when there is none."""
    if table and table.keys() <= INTERVAL:
        return "p05"
    (*keys,) = table
    return keys[0] if len(keys) == 1 and keys[0] in FORMS else ""


def copied(value: Any) -> Any:
    """Copy tables and lists, so that no change reaches the layer they came from."""
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


def apply_changes(
    document: dict[str, Any], changes: Sequence[str] | Mapping[str, Any]
) -> list[Change]:
    """Set keys of a document in place, and return where.

    Parameters
    ----------
    document : dict
        The merged document.
    changes : sequence of str or mapping
        ``"key=value"`` with a TOML value (or plain text), or key -> value; stages are addressed
        by their name.

    Raises
    ------
    PlanError
        When a key cannot be reached: all of them.
    """
    applied: list[Change] = []
    wrong: list[str] = []
    for label, key, value in _pairs(changes, wrong):
        try:
            parts = key_parts(key)
            _check_shock(document, parts)
            made = _made(document, parts)
            path = set_key(document, parts, value)
        except ValueError as error:
            wrong.append(f"{label}: {error}")
        else:
            applied.append(Change(path, label, made))
    if wrong:
        raise PlanError(*wrong)
    return applied


def _pairs(
    changes: Sequence[str] | Mapping[str, Any], wrong: list[str]
) -> list[tuple[str, str, Any]]:
    """Return (label, key, value) of each change."""
    if isinstance(changes, Mapping):
        return [(f"{key}={found(value)}", key, copied(value)) for key, value in changes.items()]
    pairs = []
    for text in [changes] if isinstance(changes, str) else changes:
        key, equals, value = text.partition("=")
        if equals and key.strip():
            pairs.append((f"-S {text}", key.strip(), _toml_value(value)))
        else:
            wrong.append(f"-S {text}: expected key=value")
    return pairs


def _toml_value(text: str) -> Any:
    """Read a value as TOML; what is none is a plain text."""
    try:
        table = read_toml(f"value = {text.strip()}")
    except TomlError:
        return text.strip()
    return text.strip() if len(table) > 1 else table["value"]


def key_parts(key: str) -> list[str]:
    """Split a dotted key; parts in quotes may hold dots. ValueError when it is no key."""
    try:
        table: Any = read_toml(f"{key} = 0")
    except TomlError:
        table = {}
    parts = []
    while isinstance(table, dict) and len(table) == 1:
        part, table = next(iter(table.items()))
        parts.append(part)
    if table != 0 or isinstance(table, list) or not 0 < len(parts) < DEEPEST or "\n" in key:
        raise ValueError("expected a dotted key such as sources.outbound.rate")
    return parts


def _check_shock(document: dict[str, Any], parts: list[str]) -> None:
    """Refuse, by ValueError, an effect of a shock that is not there: a new one would be made.

    A new one is set whole, or its persistence first: no key of a shock is required.
    """
    there = document.get("shocks", {})
    if parts[0] != "shocks" or len(parts) < 3 or not isinstance(there, dict):
        return
    if parts[1] not in there and parts[2] != "persistence":
        known = nearest(parts[1], there, named="shocks") if there else "it has none"
        name = key_text(parts[1])
        raise ValueError(
            f"the plan has no shocks.{name}; {known}; "
            f"to add it, set shocks.{name}.persistence first"
        )


def _made(document: dict[str, Any], parts: list[str]) -> str:
    """Say that a change goes to a pipeline or source that is not there, and which are."""
    head, *below = parts
    there = document.get(head)
    if head not in BY_NAME or len(below) < 2 or not isinstance(there, dict):
        return ""
    if any(".".join(below[:size]) in there for size in range(1, len(below))):
        return ""
    remedy = nearest(below[0], there, named=head)
    return f"there was no {head}.{key_text(below[0])} before; {remedy}"


def set_key(document: dict[str, Any], parts: list[str], value: Any) -> Path:
    """Set a value, making tables on the way; return its path with list positions.

    ValueError when the key cannot be reached.
    """
    if parts == ["extends"]:
        raise ValueError("extends cannot be changed; write it in the plan")
    path: list[str | int] = []
    here: Any = document
    rest = list(parts)
    while rest:
        part, used = _step(here, rest, path)
        rest = rest[used:]
        path.append(part)
        inside = path[-2] if len(path) > 1 else ""
        if part in FORMS and _another_form(inside, here, {str(part): value}):
            here.clear()
        if not rest:
            here[part] = value
        elif isinstance(here, dict):
            if rest[0] in NUMBER_FORMS and not isinstance(here.get(part), dict):
                here[part] = {}  # a known number becomes an uncertain one
            here = here.setdefault(part, {})
        else:
            here = here[part]
    return tuple(path)


def get_key(document: Mapping[str, Any], parts: list[str]) -> Any:
    """Return what a key holds, addressed as `set_key` does; None where there is nothing."""
    path: list[str | int] = []
    here: Any = document
    rest = list(parts)
    while rest:
        try:
            part, used = _step(here, rest, path)
            here = here[part]
        except (KeyError, ValueError):
            return None
        rest = rest[used:]
        path.append(part)
    return here


def _step(here: Any, rest: list[str], path: list[str | int]) -> tuple[str | int, int]:
    """Return the next key or position, and how many parts of the dotted key it takes."""
    if isinstance(here, dict):
        joined = {".".join(rest[:size]): size for size in range(len(rest), 0, -1)}
        known = next(((key, size) for key, size in joined.items() if key in here), None)
        if path == ["open_deals", "count"]:
            # its keys are `pipeline.stage`
            known = known or next(iter(joined.items()))
        return known or (rest[0], 1)
    if isinstance(here, list):
        if rest[0].isdecimal() and int(rest[0]) < len(here):
            return int(rest[0]), 1
        names = [str(item.get("name")) if isinstance(item, dict) else "" for item in here]
        if rest[0] in names:
            return names.index(rest[0]), 1
        raise ValueError(
            f"unknown {'stage' if path[-1:] == ['stages'] else 'item'} `{rest[0]}`; "
            f"{nearest(rest[0], [name for name in names if name])}"
        )
    raise ValueError(f"`{'.'.join(map(str, path))}` is no table, found {found(here)}")
