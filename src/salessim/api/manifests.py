"""What every folder of results holds: documents, the plan, charts, and what made them."""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim._version import __version__
from salessim.config import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "pyarrow", "pydantic", "matplotlib")
KINDS = ("svg", "png")
"""Of charts."""


def write_json(document: Mapping[str, Any], path: Path) -> None:
    """Write a document, refusing numbers that JSON does not have."""
    text = json.dumps(document, indent=2, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def write_chart(
    chart: Axes | Figure, folder: Path, name: str, *, kinds: Iterable[str] = KINDS
) -> None:
    """Write a chart in each kind."""
    from salessim.charts import style

    for kind in kinds:
        style.save(chart, folder / f"{name}.{kind}")


def write_plan(
    plan: Plan, path: Path, *, trajectories: int | None = None, seed: int | None = None
) -> None:
    """Write a plan that says what was run, its data files by absolute paths."""
    path.write_text(plan.to_toml(trajectories=trajectories, seed=seed), encoding="utf-8")


def write_manifest(
    folder: Path,
    about: Mapping[str, Any],
    *,
    command: Sequence[str],
    simulated: float | None,
    started: float,
) -> None:
    """Write ``manifest.json`` of a folder whose other files are all there.

    Parameters
    ----------
    folder : Path
    about : mapping
        What was run.
    command : sequence of str
        As typed; empty in a script.
    simulated : float or None
        Seconds.
    started : float
        `time.perf_counter()` when writing began.
    """
    document = {
        "command": list(command),
        "version": __version__,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        **about,
        "libraries": library_versions(),
        "timing": {
            "simulate_seconds": simulated,
            "write_seconds": round(time.perf_counter() - started, 3),
        },
        "files": files_in(folder),
    }
    write_json(document, folder / "manifest.json")


def plan_in(folder: Path, plan: Plan) -> dict[str, Any]:
    """Return where a plan came from, what was run of it (``plan.toml``), and what it read."""
    toml = (folder / "plan.toml").read_bytes()
    return {
        "plan": {"path": str(plan.path), "sha256": hashlib.sha256(toml).hexdigest()},
        "inputs": inputs_of(plan),
    }


def inputs_of(plan: Plan) -> list[dict[str, str]]:
    """Return the files that a plan was read from, with their hashes."""
    return [{"path": str(file.path), "sha256": file.sha256} for file in plan.inputs]


def files_in(folder: Path) -> dict[str, Any]:
    """Return size and hash of the files there so far."""
    return {
        file.name: {"bytes": file.stat().st_size, "sha256": sha256_of(file)}
        for file in sorted(folder.iterdir())
    }


def library_versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that make the numbers."""
    versions = {name: metadata.version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **versions}


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
