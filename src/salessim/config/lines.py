"""The line of a key in a TOML text, found only when there is an error.

A marker goes into the comment of the key's item (or in the place of a list's item), the document
is written out again by tomlkit, which keeps all else, and the marker's line is the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_MARKER = "salessim-marks-this-line"


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line of a key in a TOML text, or of the nearest table around it."""
    import tomlkit

    return line_in(tomlkit.parse(text), path)


def line_in(document: Any, path: Sequence[str | int]) -> int:
    """Return the line of the deepest part of the path that has one, in a tomlkit document."""
    for length in range(len(path), 0, -1):
        container = document
        for part in path[: length - 1]:
            container = _child(container, part)
        line = _marked_line(document, container, path[length - 1])
        if line:
            return line
    return 1


def _child(container: Any, part: str | int) -> Any:
    """Return the item itself, where indexing would unwrap it."""
    if isinstance(part, str) and hasattr(container, "item"):
        return container.item(part)
    if isinstance(part, str) and hasattr(getattr(container, "value", None), "item"):
        return container.value.item(part)
    return container[part]


def _marked_line(document: Any, container: Any, part: str | int) -> int:
    """Return the line of one item; 0 when it is not written on a line of its own."""
    from tomlkit.items import Array, Item, Table, Trivia

    item = _child(container, part)
    trivia: Trivia | None = getattr(item, "trivia", None)
    if isinstance(container, Array) and isinstance(part, int):
        old = container[part]
        container[part] = _MARKER
        line = _find(document)
        container[part] = old
        return line
    if isinstance(item, Item) and trivia is not None:
        comment, trivia.comment = trivia.comment, f"#{_MARKER}"
        line = _find(document)
        trivia.comment = comment
        if line:
            # a value's comment stands behind its last line
            return line if isinstance(item, Table) else line - item.as_string().count("\n")
    # a table without a header of its own starts where its first child does
    children: Any = range(len(item)) if isinstance(item, list) else iter(item)
    first = next(iter(children), None) if isinstance(item, dict | list) else None
    return 0 if first is None else _marked_line(document, item, first)


def _find(document: Any) -> int:
    before, marker, _ = document.as_string().partition(_MARKER)
    return before.count("\n") + 1 if marker else 0
