"""The line of a key in a TOML text, found only when there is an error.

A text is cut into statements, each parsed alone by the parser that read the plan: whatever it
reads has an address (tomlkit, which knows positions, refuses some valid plans: stages written in
turns). One pass for all keys, however many errors there are.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from salessim.config.problems import Path

_MAY_END = ("]", "}", '"""', "'''")
"""What the last line of a statement over several lines must hold."""


class Lines:
    """Lines of the keys of one valid TOML text."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line on which the statement with a key begins; the text must hold the key."""
        for length in range(len(path), 0, -1):
            if (line := self._of_path.get(tuple(path[:length]))) is not None:
                return line
        return 1

    @cached_property
    def _of_path(self) -> dict[Path, int]:
        """Line of each table and of each key with a value; what is inside a value is not here."""
        found: dict[Path, int] = {}
        sizes: dict[Path, int] = {}  # of the lists of tables, so far
        table: Path = ()
        for line, text, statement in self._statements():
            if not statement:
                continue
            header = text.lstrip().startswith("[")
            keys = _keys(statement)
            path = () if header else table
            for depth, key in enumerate(keys, start=1):
                path = (*path, key)
                found.setdefault(path, line)
                if header and depth == len(keys) and text.lstrip().startswith("[["):
                    sizes[path] = sizes.get(path, 0) + 1
                if path in sizes:
                    path = (*path, sizes[path] - 1)
                    found.setdefault(path, line)
            if header:
                table = path
        return found

    def _statements(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield each statement: its first line's number (from 1) and text, and what it says."""
        first, count = 0, len(self._lines)
        while first < count:
            for after in range(first + 1, count + 1):
                last = self._lines[after - 1]
                if after > first + 1 and not any(mark in last for mark in _MAY_END):
                    continue
                try:
                    said = tomllib.loads("\n".join(self._lines[first:after]))
                except tomllib.TOMLDecodeError:
                    continue
                yield first + 1, self._lines[first], said
                first = after
                break
            else:
                return


def _keys(statement: dict[str, Any]) -> list[str]:
    """Return the parts of a statement's dotted key."""
    keys: list[str] = []
    here: Any = statement
    while isinstance(here, dict) and len(here) == 1:
        (key,) = here
        keys.append(key)
        here = here[key]
    return keys
