"""The folder of a search for a goal: its answers, the chart, the plan, and what made them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from salessim._version import __version__
from salessim.api.run_directory import RunDirectory, files_in, library_versions
from salessim.config import Plan
from salessim.forecast.goals import Goals


def save_goals(
    plan: Plan, goals: Sequence[Goals], path: str | Path, *, command: Sequence[str] = ()
) -> Path:
    """Write a folder with what reaches one or several goals, whole or not at all.

    It holds ``goals.json``, ``goals.csv``, a chart of each goal, ``plan.toml`` and
    ``manifest.json``.

    Parameters
    ----------
    plan : Plan
        What was varied.
    goals : sequence of Goals
        All of the same plan and seed.
    path : str or Path
        Must not exist.
    command : sequence of str
        Recorded in the manifest.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    SalessimError
        The path exists, or cannot be written (no permission, disk full, ...).
    """
    with RunDirectory(path) as directory:
        write_goals(plan, goals, directory.work, command=command)
        return directory.publish()


def write_goals(
    plan: Plan, goals: Sequence[Goals], folder: Path, *, command: Sequence[str] = ()
) -> None:
    """Write the files of a search into an existing folder, the manifest last."""
    import pandas as pd

    from salessim.charts import style

    started = time.perf_counter()
    _write_json({"goals": [one.summary() for one in goals]}, folder / "goals.json")
    if goals:
        frames = {one.goal: one.to_frame() for one in goals}
        pd.concat(frames, names=["goal"]).to_csv(folder / "goals.csv", lineterminator="\n")
    for number, one in enumerate(goals):
        chart = one.plot.best()
        for kind in ("svg", "png"):
            style.save(chart, folder / f"goal-{number:02}.{kind}")
    first = goals[0] if goals else None
    toml = plan.to_toml(
        trajectories=first.trajectories if first else None, seed=first.seed if first else None
    )
    (folder / "plan.toml").write_text(toml, encoding="utf-8")
    about = _manifest(plan, goals, folder, command=command)
    about["timing"]["write_seconds"] = round(time.perf_counter() - started, 3)
    _write_json(about, folder / "manifest.json")


def _manifest(
    plan: Plan, goals: Sequence[Goals], folder: Path, *, command: Sequence[str]
) -> dict[str, Any]:
    """Say what a search was made from, and what it made."""
    return {
        "command": list(command),
        "version": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": {
            "path": str(plan.path),
            "sha256": hashlib.sha256((folder / "plan.toml").read_bytes()).hexdigest(),
        },
        "inputs": [{"path": str(i.path), "sha256": i.sha256} for i in plan.inputs],
        "goals": [{"goal": one.goal, **one.run_document()} for one in goals],
        "libraries": library_versions(),
        "timing": {},
        "files": files_in(folder),
    }


def _write_json(document: dict[str, Any], path: Path) -> None:
    path.write_text(f"{json.dumps(document, indent=2, allow_nan=False)}\n", encoding="utf-8")
