"""What reading met, for people: a table of all findings, and a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from salessim.config.words import counted, rows_text
from salessim.fit.history import Finding, History

if TYPE_CHECKING:
    import pandas as pd


def report_table(history: History) -> pd.DataFrame:
    """Return all findings, a row each.

    Returns
    -------
    DataFrame
        `file`, `what` (``read``, ``used``, ``dropped``, ``repaired`` or ``noted``), `count`,
        `reason` and `rows` (the first of them, as text).
    """
    import pandas as pd

    rows = [
        {
            "file": one.file,
            "what": one.what,
            "count": one.count,
            "reason": one.reason,
            "rows": rows_text(one.rows, total=one.count) if one.rows else "",
        }
        for findings in _by_file(history).values()
        for one in (*findings[:1], _used(findings), *findings[1:])
    ]
    return pd.DataFrame(rows, columns=["file", "what", "count", "reason", "rows"])


def report_lines(history: History) -> list[str]:
    """Return what was read in short: a line for each file, and one for each reason below it."""
    return [line for findings in _by_file(history).values() for line in _lines(findings)]


def _lines(findings: list[Finding]) -> Iterator[str]:
    read, used = findings[0], _used(findings)
    yield f"{read.file}: {counted(read.count, 'row')} read, {used.count:,} used"
    for one in findings[1:]:
        where = f" ({rows_text(one.rows, total=one.count)})" if one.rows else ""
        many = f" {one.count:,}" if one.rows else ""
        yield f"  {one.what}{many}: {one.reason}{where}"


def _used(findings: list[Finding]) -> Finding:
    """Return how many rows of a file were used: all that were read and not dropped."""
    dropped = sum(one.count for one in findings if one.what == "dropped")
    read = findings[0]
    return Finding(file=read.file, what="used", reason="rows", count=read.count - dropped)


def _by_file(history: History) -> dict[str, list[Finding]]:
    """Return the findings of each file, how many rows were read first."""
    found: dict[str, list[Finding]] = {}
    for one in history.findings:
        found.setdefault(one.file, []).append(one)
    return found
