"""Repeat a run from what it left behind, and say whether the bits agree."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Literal

from salessim import api
from salessim._typing import Progress
from salessim._version import __version__
from salessim.api.finished import FORECAST, FUNNEL, Manifest, file_hash, plan_as_run, read_manifest
from salessim.errors import SalessimError
from salessim.forecast import Forecast
from salessim.readable import trajectories

Result = Literal["same bits", "same numbers, other bytes", "differs"]
TABLES = ("summary.csv", FORECAST, FUNNEL)
"""What is compared: charts depend on fonts, the manifest on the time."""


@dataclass(frozen=True, kw_only=True)
class Rerun:
    """What a repeated run came to.

    Attributes
    ----------
    run : Path
        The run directory.
    trajectories, seed : int
        As they were; of an interrupted run, the trajectories that were finished.
    tables : mapping of str to str
        Each table that the run left: ``same bits``, ``same numbers, other bytes`` (another
        library wrote them) or ``differs``.
    damaged : tuple of str
        Files of the run that are gone, or no longer what it wrote.
    changed : tuple of str
        Versions that are not what they were.
    """

    run: Path
    trajectories: int
    seed: int
    tables: Mapping[str, Result]
    damaged: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every number of every table is what it was, to the bit."""
        return "differs" not in self.tables.values()

    def __str__(self) -> str:
        return "\n".join(self.sentences())

    def sentences(self) -> list[str]:
        """Return the answer in words: what was repeated, the verdict, and what may explain it."""
        again = f"{self.run}: {trajectories(self.trajectories)} with seed {self.seed}, repeated."
        verdict = "The bits agree." if self.agrees else "The bits do not agree."
        said = [again, *(f"  {name}: {what}" for name, what in self.tables.items()), verdict]
        if self.damaged:
            said.append(f"No longer what the run wrote: {', '.join(self.damaged)}.")
        if self.changed:
            said.append(f"Changed since the run: {', '.join(self.changed)}.")
        elif not self.agrees:
            said.append("Versions and inputs are what they were: please report this.")
        return said


def rerun(
    run: str | Path, *, threads: int | None = None, progress: Progress | None = None
) -> Rerun:
    """Simulate again what a run directory was made from, and compare with what it says.

    Parameters
    ----------
    run : str or Path
        A run directory, or what is kept of an interrupted run. Nothing in it is changed.
    threads : int, optional
        The processors there are when not given. Changes the time, never the numbers.
    progress : callable, optional
        Called with (finished, asked for).

    Raises
    ------
    SalessimError
        It is no run directory or holds no table, its plan or a data file is not what it was, or
        the plan cannot be run.
    KeyboardInterrupt
        Ctrl-C.
    """
    run = Path(run)
    manifest = read_manifest(run)
    tables = [name for name in TABLES if name in manifest.files]
    if not tables:
        raise SalessimError(f"{run}: the run left no table to compare ({', '.join(TABLES)})")
    forecast = api.simulate(
        plan_as_run(run, manifest),
        trajectories=manifest.trajectories,
        seed=manifest.seed,
        threads=threads,
        progress=progress,
    )
    if forecast.interrupted:
        raise KeyboardInterrupt
    # Of an interrupted run all that it finished is repeated: its tables say what was asked for.
    origin = replace(forecast.provenance, requested=manifest.requested)
    forecast = replace(forecast, provenance=origin)
    damaged = tuple(
        name for name, file in manifest.files.items() if file_hash(run / name) != file.sha256
    )
    return Rerun(
        run=run,
        trajectories=manifest.trajectories,
        seed=manifest.seed,
        tables={name: _compared(name, run, manifest, forecast) for name in tables},
        damaged=damaged,
        changed=tuple(_changed(manifest)),
    )


def _compared(name: str, run: Path, manifest: Manifest, forecast: Forecast) -> Result:
    """Write a table anew and compare it with what the run wrote."""
    with tempfile.TemporaryDirectory() as folder:
        again = Path(folder) / name
        try:
            _write(name, forecast, again)
        except OSError as error:
            raise SalessimError(
                f"{folder} cannot be written: {error.strerror or error}; free some space, or name "
                "another folder for temporary files in the environment variable TMPDIR"
            ) from error
        if file_hash(again) == manifest.files[name].sha256:
            return "same bits"
        intact = file_hash(run / name) == manifest.files[name].sha256
        if name.endswith(".parquet") and intact and _same_numbers(again, run / name):
            return "same numbers, other bytes"
        return "differs"


def _write(name: str, forecast: Forecast, path: Path) -> None:
    match name:
        case "summary.csv":
            forecast.to_csv(path)
        case "forecast.parquet":
            forecast.to_parquet(path)
        case _:
            forecast.funnel.to_parquet(path)


def _same_numbers(one: Path, other: Path) -> bool:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return bool(pq.read_table(one).equals(pq.read_table(other)))
    except pa.ArrowException:
        return False


def _changed(manifest: Manifest) -> list[str]:
    """Return the versions that are not what they were."""
    then = {"salessim": manifest.version, **manifest.libraries}
    return [
        f"{name} {version} is now {now}"
        for name, version in then.items()
        if (now := _version(name)) != version
    ]


def _version(name: str) -> str:
    if name in ("salessim", "python"):
        return __version__ if name == "salessim" else platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
