"""The line of a key in a TOML text, found only when there is an error.

A text is cut into statements, each parsed alone by the parser that read the plan: whatever it
reads has an address (tomlkit, which knows positions, refuses some valid plans: stages written in
turns). One pass for all keys, however many errors there are and however long a value is.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from salessim.config.places import Place
from salessim.config.problems import Path

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'  # a text over several lines may end with quotes of its own
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*+"'
    r"|'[^']*+'|#[^\n]*+|[\[\]{}\n]",
    re.DOTALL,
)
"""What tells where a statement ends: texts and comments (passed over), brackets, line ends."""


class Lines:
    """Lines of the keys of one valid TOML text."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n") + "\n"

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line on which the statement with a key begins; the text must hold the key."""
        for length in range(len(path), 0, -1):
            if (line := self._found[0].get(tuple(path[:length]))) is not None:
                return line
        return 1

    def place(self, path: Sequence[str | int], missing: str = "") -> Place:
        """Return the line of a key; a key that is missing in a table has the line of the table."""
        del missing
        line = self.of(path)
        return Place((line,), f":{line}")

    @property
    def comments(self) -> Mapping[Path, str]:
        """What is said behind keys and headers of tables, at the end of their line."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[dict[Path, int], dict[Path, str]]:
        """Line of each table and of each key with a value, not of what is inside; and comments."""
        found: dict[Path, int] = {}
        comments: dict[Path, str] = {}
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
            if (last := list(_TOKEN.finditer(text))) and last[-1][0].startswith("#"):
                comments[path] = last[-1][0].lstrip("# ").strip()
            if header:
                table = path
        return found, comments

    def _statements(self) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Yield each statement: its first line's number (from 1) and text, and what it says."""
        first, depth, begin = 1, 0, 0
        for token in _TOKEN.finditer(self._text):
            mark = token[0]
            if mark in "[{":
                depth += 1
            elif mark in "]}":
                depth -= 1
            elif mark == "\n" and not depth:
                statement = self._text[begin : token.start()]
                yield first, statement, tomllib.loads(statement)
                first += statement.count("\n") + 1
                begin = token.end()


def _keys(statement: dict[str, Any]) -> list[str]:
    """Return the parts of a statement's dotted key."""
    keys: list[str] = []
    here: Any = statement
    while isinstance(here, dict) and len(here) == 1:
        (key,) = here
        keys.append(key)
        here = here[key]
    return keys
