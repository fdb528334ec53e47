"""The folder of a sweep: its tables, its chart, the plan, and what made them."""

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
    from salessim.charts import style

    started = time.perf_counter()
    sweep.to_parquet(folder / "sweep.parquet")
    sweep.to_csv(folder / "points.csv")
    chart = sweep.plot.both()
    for kind in ("svg", "png"):
        style.save(chart, folder / f"sweep.{kind}")
    toml = plan.to_toml(trajectories=sweep.trajectories, seed=sweep.provenance.seed)
    (folder / "plan.toml").write_text(toml, encoding="utf-8")
    about = _manifest(plan, sweep, folder, command=command)
    about["timing"]["write_seconds"] = round(time.perf_counter() - started, 3)
    text = json.dumps(about, indent=2, allow_nan=False)
    (folder / "manifest.json").write_text(f"{text}\n", encoding="utf-8")


def _manifest(plan: Plan, sweep: Sweep, folder: Path, *, command: Sequence[str]) -> dict[str, Any]:
    """Say what a sweep was made from, and what it made."""
    origin = sweep.provenance
    return {
        "command": list(command),
        "version": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "plan": {
            "path": str(plan.path),
            "sha256": hashlib.sha256((folder / "plan.toml").read_bytes()).hexdigest(),
        },
        "inputs": [{"path": str(i.path), "sha256": i.sha256} for i in plan.inputs],
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
        "libraries": library_versions(),
        "timing": {"simulate_seconds": sum(point.seconds for point in sweep.points)},
        "files": files_in(folder),
    }
