"""The folder of a search for a goal: its answers, the chart, the plan, and what made them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from salessim.api.manifests import (
    plan_in,
    write_chart,
    write_json,
    write_manifest,
    write_plan,
)
from salessim.api.run_directory import RunDirectory
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

    started = time.perf_counter()
    write_json({"goals": [one.summary() for one in goals]}, folder / "goals.json")
    if goals:
        frames = {one.goal: one.to_frame() for one in goals}
        pd.concat(frames, names=["goal"]).to_csv(folder / "goals.csv", lineterminator="\n")
    for number, one in enumerate(goals):
        write_chart(one.plot.best(), folder, f"goal-{number:02}")
    first = goals[0] if goals else None
    write_plan(
        plan,
        folder / "plan.toml",
        trajectories=first.trajectories if first else None,
        seed=first.seed if first else None,
    )
    about = {
        **plan_in(folder, plan),
        "goals": [{"goal": one.goal, **one.run_document()} for one in goals],
    }
    write_manifest(folder, about, command=command, simulated=None, started=started)
