"""What became of every row that was read: the findings, gathered while reading."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.fit.history import Finding

if TYPE_CHECKING:
    import pandas as pd

SHOWN_ROWS = 20
FILE, ROW, CELL = "_file", "_row", "_cell"
"""Columns of tables while they are read: number of the file, row of the file, and whether it is
only one cell of that row, whose loss is not the loss of the row."""


class Ledger:
    """Findings by file; a row is dropped once, so that read = used + dropped holds."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._findings: list[Finding] = []

    def file(self, name: str, read: int) -> int:
        """Open the account of a file of so many rows and return its number.

        Names stay apart: the second `deals.csv` is called ``deals.csv (2)``.
        """
        same = sum(one == name or one.startswith(f"{name} (") for one in self._names)
        name = f"{name} ({same + 1})" if same else name
        self._names.append(name)
        self._findings.append(Finding(file=name, what="read", reason="rows", count=read))
        return len(self._names) - 1

    def name(self, file: int) -> str:
        """Return the name of a file."""
        return self._names[file]

    def say(self, file: int, what: str, reason: str, rows: Any) -> None:
        """Add a finding of some rows of a file; none is no finding."""
        rows = np.asarray(rows)
        if len(rows):
            shown = tuple(int(row) for row in rows[:SHOWN_ROWS])
            self._add(
                Finding(
                    file=self._names[file], what=what, reason=reason, count=len(rows), rows=shown
                )
            )

    def note(self, file: int, reason: str, count: int = 1) -> None:
        """Add a note that concerns no rows of its own."""
        self._add(Finding(file=self._names[file], what="noted", reason=reason, count=count))

    def tell(self, frame: pd.DataFrame, these: Any, what: str, reason: str) -> None:
        """Add findings of the rows of a table where `these` holds, by file."""
        chosen = frame.loc[np.asarray(these, dtype=bool), [FILE, ROW]]
        for file, rows in chosen.groupby(FILE, sort=True)[ROW]:
            self.say(int(str(file)), what, reason, np.sort(rows.to_numpy()))

    def drop(self, frame: pd.DataFrame, these: Any, reason: str) -> pd.DataFrame:
        """Return the table without the rows where `these` holds, and say which they were."""
        these = np.asarray(these, dtype=bool)
        if not these.any():
            return frame
        cell = (
            frame[CELL].eq(True).to_numpy() if CELL in frame else np.zeros(len(frame), dtype=bool)
        )
        self.tell(frame, these & ~cell, "dropped", reason)
        self.tell(frame, these & cell, "noted", f"{reason}: that entry is left out")
        kept: pd.DataFrame = frame.loc[~these].reset_index(drop=True)
        return kept

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings, in the order of the files."""
        place = {name: number for number, name in enumerate(self._names)}
        order = ("read", "dropped", "repaired", "noted")
        return tuple(
            sorted(self._findings, key=lambda one: (place[one.file], order.index(one.what)))
        )

    def _add(self, finding: Finding) -> None:
        self._findings.append(finding)
