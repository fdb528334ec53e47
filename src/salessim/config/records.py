"""The records that a plan was measured from: what `salessim backtest` reads again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path as FilePath

from salessim.config import schema
from salessim.config.problems import Path

FILES: Path = ("records", "files")


@dataclass(frozen=True, kw_only=True)
class Records:
    """What a plan says of records; nothing of it is simulated.

    Attributes
    ----------
    files : tuple of pathlib.Path
        Found from the plan that names them; they need not exist to run it.
    as_of : date or None
        `files` tell everything up to the end of this day; None = of their last event.
    columns : mapping
        Key -> column, as `--map` has it.
    stages : tuple of str or None
        The open stages, in order; None = as the records tell.
    half_life : float or None
        Days after which a visit counted half; None = all counted alike.
    """

    files: tuple[FilePath, ...]
    as_of: date | None
    columns: Mapping[str, str]
    stages: tuple[str, ...] | None
    half_life: float | None


def make_records(
    table: schema.Records | None, locate: Callable[[Path, str], FilePath]
) -> Records | None:
    """Return what a plan says of records; ``locate`` finds the file that a key names."""
    if table is None:
        return None
    return Records(
        files=tuple(locate((*FILES, at), name) for at, name in enumerate(table.files or ())),
        as_of=table.as_of,
        columns=table.columns,
        stages=tuple(table.stages) if table.stages else None,
        half_life=table.half_life,
    )
