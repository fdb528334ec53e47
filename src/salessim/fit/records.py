"""What a plan keeps of the records it was measured from: the table `[records]`."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from salessim.config.cells import number_text
from salessim.fit.parts import Part
from salessim.fit.told import Told

SAID = (
    "What this was measured from, and how that was read: `salessim backtest` reads it so again. "
    "A run takes no notice of it."
)


def with_records(
    part: Part, said: Told, folder: Path, *, as_of: date | None, half_life: float | None
) -> Part:
    """Return all that a plan says, with what it was measured from.

    Parameters
    ----------
    part : Part
    said : Told
        How files were read.
    folder : Path
        Of the plan: files that were named relative to a folder are named relative to this one.
    as_of, half_life : optional
        As asked for.
    """
    table: dict[str, Any] = {
        "files": _names(said, folder),
        "as_of": as_of,
        "columns": dict(said.columns),
        "stages": None if said.stages is None else list(said.stages),
        "half_life": None if half_life is None else f"{number_text(half_life)} days",
    }
    kept = {key: value for key, value in table.items() if value}
    if not kept:
        return part
    return replace(
        part,
        document={**part.document, "records": kept},
        comments={**part.comments, "records": SAID},
    )


def _names(said: Told, folder: Path) -> list[str]:
    """Return the files by their names from a folder; none where a plan, in UTF-8, cannot say one.

    An absolute name stays as it is: the plan may move, and the file does not.
    """
    names = [
        path.as_posix() if path.is_absolute() else _from(folder, said.folder / path)
        for path in said.files
    ]
    return names if all(name.isprintable() for name in names) else []


def _from(folder: Path, file: Path) -> str:
    """Return a file's name from a folder: links aside, as `..` leads out of where one points to."""
    there = file.parent.resolve() / file.name
    try:
        return Path(os.path.relpath(there, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return there.as_posix()
