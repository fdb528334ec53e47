"""Problems found in a plan: gathered, addressed, raised at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

from pydantic import ValidationError

from salessim.config.words import found, nearest, one_line, path_text
from salessim.errors import SalessimError

Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions from the top of the document."""


class PlanError(SalessimError):
    """A plan that cannot run: all its problems, each with file, line, key and remedy."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*map(one_line, problems))


@dataclass(frozen=True)
class Problem:
    """What is wrong with the value at a path of the document."""

    path: Path
    text: str


class Problems:
    """The problems found so far; the same one is kept once."""

    def __init__(self) -> None:
        self._found: dict[Problem, None] = {}

    def add(self, path: Path, text: str) -> None:
        """Keep a problem of the value at ``path``."""
        self._found[Problem(path, text)] = None

    def under(self, path: Path) -> bool:
        """Say whether a problem lies at ``path`` or below."""
        return any(problem.path[: len(path)] == path for problem in self._found)

    def touch(self, path: Path) -> bool:
        """Say whether a problem lies at ``path``, below it, or at a table that holds it."""
        return self.under(path) or any(
            problem.path == path[: len(problem.path)] for problem in self._found
        )

    def add_invalid(self, error: ValidationError, document: dict[str, Any]) -> None:
        """Keep what pydantic found, in the plan's words."""
        for item in error.errors(include_url=False):
            path, text = _translate(item, document)
            self.add(path, text)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def value_at(document: Any, path: Sequence[str | int]) -> Any:
    """Return the value at a path; KeyError or IndexError when there is none."""
    for part in path:
        if isinstance(document, dict | list):
            document = document[part]  # type: ignore[index]  # a list is only asked by position
        else:
            raise KeyError(part)
    return document


def holds(document: Any, path: Sequence[str | int]) -> bool:
    """Say whether there is a value at a path."""
    try:
        value_at(document, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _translate(item: Any, document: dict[str, Any]) -> tuple[Path, str]:
    """Turn one of pydantic's errors into the path of a key and what is wrong there."""
    path = path_of(item, document)
    kind, context = item["type"], item.get("ctx", {})
    if kind == "value_error":
        return path, str(context["error"])
    if kind == "extra_forbidden":
        unknown = str(item["loc"][-1])
        return path, f"unknown key; {nearest(unknown, _keys_at(path[:-1]), named='known keys')}"
    if kind == "missing":
        missing = str(item["loc"][-1])
        here: Any = value_at(document, path)
        unknown_keys = [key for key in here if key not in _keys_at(path)]
        typo = nearest(missing, unknown_keys) if unknown_keys else ""
        hint = f"; is `{typo[14:-2]}` meant?" if typo.startswith("did you mean") else ""
        return path, f"missing key `{missing}`{hint}"
    value = value_at(document, path)
    said = f"expected {_expected(kind, context)}, found {found(value)}"
    if kind == "list_type" and path[-1] == "stages" and isinstance(value, dict) and value:
        one = path_text((*path, next(iter(value))))
        said += (
            f"; write all stages, each below [[{path_text(path)}]], or change one of them in a "
            f'scenario ("{one}.conversion" = ...) or by -S {one}.conversion=...'
        )
    return path, said


def _expected(kind: str, context: dict[str, Any]) -> str:
    """Say what pydantic expected."""
    if kind == "literal_error":
        return str(context["expected"]).replace("'", '"')
    if kind in ("too_short", "too_long"):
        many = context.get("min_length", context.get("max_length"))
        least = context.get("min_length") == 1
        return f"a list of {'at least ' if least else ''}{many}"
    if kind in ("greater_than_equal", "less_than_equal"):
        bound = context.get("ge", context.get("le"))
        return f"a whole number {'from' if 'ge' in context else 'up to'} {bound}"
    words = {
        "string_type": "a text in quotes",
        "string_too_short": "a text",
        "int_type": "a whole number",
        "list_type": "a list",
        "dict_type": "a table",
        "model_type": "a table",
        "model_attributes_type": "a table",
    }
    return words.get(kind, f"something else ({kind})")


def path_of(item: Any, document: Any) -> Path:
    """Return the path of one of pydantic's errors: what the document holds of its location.

    Names of alternatives, which are no keys, and a missing key are left out.
    """
    path: list[str | int] = []
    for part in item["loc"]:
        inside = (
            part in document
            if isinstance(document, dict)
            else isinstance(document, list) and isinstance(part, int) and part < len(document)
        )
        if inside:
            path.append(part)
            document = document[part]
    return tuple(path)


def _keys_at(path: Path) -> list[str]:
    """Return the keys that the schema allows in the table at ``path``."""
    schema = _schema()
    nodes: list[Any] = [schema]
    for part in path:
        nodes = [child for node in nodes for child in _children(schema, node, part)]
    return [key for node in nodes for key in _flat(schema, node).get("properties", {})]


@cache
def _schema() -> Any:
    """Return pydantic's JSON Schema of plans: made once, and only for unknown keys."""
    from salessim.config.schema import Document

    return Document.model_json_schema()


def _children(schema: Any, node: Any, part: str | int) -> list[Any]:
    """Return the schemas of a key or item of a node, alternatives side by side."""
    node = _flat(schema, node)
    if isinstance(part, int):
        child: Any = node.get("items")
    else:
        child = node.get("properties", {}).get(part, node.get("additionalProperties"))
    if not isinstance(child, dict):
        return []
    options: list[Any] = child.get("anyOf") or child.get("oneOf") or [child]
    return options


def _flat(schema: Any, node: Any) -> Any:
    """Follow a reference of the JSON Schema."""
    return schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
