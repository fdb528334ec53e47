"""The line of a key in a TOML text, found only when there is an error.

TOML is read from top to bottom, so a key stands on the line with which a longer and longer
beginning of the text first holds it. The parser that read the plan decides: whatever it reads has
an address (tomlkit, which knows positions, refuses some valid plans: stages written in turns).
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from salessim.config.problems import holds


class Lines:
    """Lines of the keys of one valid TOML text; each beginning is parsed at most once."""

    def __init__(self, text: str) -> None:
        self._lines = text.replace("\r\n", "\n").split("\n")
        self._parsed: dict[int, Any] = {}

    def of(self, path: Sequence[str | int]) -> int:
        """Return the line on which the statement with a key begins; the text must hold the key."""
        counts = range(len(self._lines) + 1)
        return max(1, bisect_left(counts, True, key=lambda count: holds(self._upto(count), path)))

    def _upto(self, count: int) -> Any:
        """Parse the first lines, and those that end the statement of the last of them."""
        if count not in self._parsed:
            try:
                self._parsed[count] = tomllib.loads("\n".join(self._lines[:count]))
            except tomllib.TOMLDecodeError:
                self._parsed[count] = self._upto_whole(count)
        return self._parsed[count]

    def _upto_whole(self, count: int) -> Any:
        """Take more lines until they parse, as all of them do."""
        while count not in self._parsed:
            count += 1
            with suppress(tomllib.TOMLDecodeError):
                self._parsed.setdefault(count, tomllib.loads("\n".join(self._lines[:count])))
        return self._parsed[count]
