"""The folder of a sweep: its tables, its chart, the plan, and what made them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from salessim.api.manifests import plan_in, write_chart, write_manifest, write_plan
from salessim.api.run_directory import RunDirectory
from salessim.config import Plan
from salessim.forecast.sweep import Sweep


def save_sweep(plan: Plan, sweep: Sweep, path: str | Path, *, command: Sequence[str] = ()) -> Path:
    """Write a sweep's folder, whole or not at all.

    It holds ``sweep.parquet`` (a row per point and period), ``points.csv`` (a row per point), the
    chart, ``plan.toml`` and ``manifest.json``.

    Parameters
    ----------
    plan : Plan
        What was varied.
    sweep : Sweep
    path : str or Path
        Must not exist. An interrupted sweep goes to ``PATH.partial``.
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
        write_sweep(plan, sweep, directory.work, command=command)
        return directory.publish(partial=sweep.interrupted)


def write_sweep(plan: Plan, sweep: Sweep, folder: Path, *, command: Sequence[str] = ()) -> None:
    """Write the files of a sweep into an existing folder, the manifest last."""
    started = time.perf_counter()
    origin = sweep.provenance
    sweep.to_parquet(folder / "sweep.parquet")
    sweep.to_csv(folder / "points.csv")
    write_chart(sweep.plot.both(), folder, "sweep")
    write_plan(plan, folder / "plan.toml", trajectories=sweep.trajectories, seed=origin.seed)
    about = {
        **plan_in(folder, plan),
        "seed": origin.seed,
        "engine": origin.engine,
        "trajectories": sweep.trajectories,
        "requested": sweep.requested,
        "fixed": list(sweep.fixed),
        "keys": [key.name for key in sweep.keys],
        "points": [
            {"values": list(point.typed), "program_sha256": point.program_sha256}
            for point in sweep.points
        ],
    }
    simulated = sum(point.seconds for point in sweep.points)
    write_manifest(folder, about, command=command, simulated=simulated, started=started)
