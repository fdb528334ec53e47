"""How much a check may spend, and where its pictures go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Budget:
    """In full for the report, or quick for a look in between."""

    quick: bool
    folder: Path
    """Of the report: pictures are written here."""

    def of(self, full: int, *, quick: int) -> int:
        """Return the number of things to simulate."""
        return quick if self.quick else full
