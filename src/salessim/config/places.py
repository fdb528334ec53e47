"""Where keys of a plan stand: lines of a text, cells of a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from salessim.config.problems import Path


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file: places are in its order; ``text`` goes behind the file's name."""

    order: tuple[int, ...]
    text: str


class Places(Protocol):
    """Where the keys of one file stand, and what is said beside them."""

    @property
    def comments(self) -> Mapping[Path, str]:
        """Words of the plan's author, by key or table."""

    def place(self, path: Sequence[str | int], missing: str = "") -> Place:
        """Return where a key stands, or where one that is missing in it would."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one place of a file, beside what is wrong with the plan that it says.

    ``path`` is the key that would have its value there, empty for none.
    """

    place: Place
    path: Path
    text: str


@dataclass(frozen=True)
class Cells:
    """Cells of the keys of a plan in a workbook; of empty ones too.

    ``comments`` are the notes of rows, by the table or value of the row.
    """

    of_path: Mapping[Path, Place]
    comments: Mapping[Path, str] = field(default_factory=dict)

    def place(self, path: Sequence[str | int], missing: str = "") -> Place:
        """Return the cell of a key, of the key in it that is missing, or of what holds it."""
        whole = (*path, missing) if missing else tuple(path)
        for length in range(len(whole), 0, -1):
            if (place := self.of_path.get(whole[:length])) is not None:
                return place
        return Place((), "")
