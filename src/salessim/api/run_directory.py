"""The run directory: complete under its name, or not there at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from salessim.api.claims import make_claimed, release, remove_orphans
from salessim.api.manifests import KINDS, plan_in, write_manifest, write_plan
from salessim.config import Plan
from salessim.errors import SalessimError
from salessim.forecast import Forecast, Goals

if TYPE_CHECKING:
    from salessim.api.finished import Run

FORMATS = ("csv", "parquet", "svg", "png")
"""What a run can leave behind: tables and charts."""
USUAL_FORMATS = ("csv", "parquet", "svg")


class RunDirectory:
    """A folder being filled beside its final name; a context manager.

    It takes its place when `publish` is called; otherwise leaving the context removes it. What
    killed runs of the same name left is removed on entering.

    Parameters
    ----------
    path : str or Path
        The final name. Must not exist.

    Attributes
    ----------
    work : Path
        The folder to fill, from entering to `publish`.

    Raises
    ------
    SalessimError
        On entering: the path exists, or nothing can be written there.
    """

    work: Path

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._made: list[Path] = []
        self._lock: int | None = None

    def __enter__(self) -> Self:
        if os.path.lexists(self.path):
            raise SalessimError(
                f"{self.path} exists and is not overwritten; choose another with -o, or move it"
            )
        try:
            for folder in reversed([p for p in self.path.parents if not p.exists()]):
                folder.mkdir()
                self._made.append(folder)
            remove_orphans(self.path)
            self.work, self._lock = make_claimed(self.path)
            self._made.append(self.work)
        except OSError as error:
            self._remove()
            raise cannot_write(self.path, error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._remove()
        if isinstance(error, OSError):
            left = self.work if self.work.exists() else None
            raise cannot_write(self.path, error, left=left) from error

    def publish(self, *, partial: bool = False) -> Path:
        """Make the files durable and give the folder its name, ``NAME.partial`` when asked."""
        final = _free(self.path.with_name(f"{self.path.name}.partial")) if partial else self.path
        for file in self.work.iterdir():
            _sync(file)
        _sync(self.work)
        appeared = (
            f"{final} appeared while the run was under way: nothing is kept; "
            "choose another name with -o, or move it, and run it again"
        )
        if os.path.lexists(final):
            raise SalessimError(appeared)
        try:
            self.work.rename(final)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise SalessimError(appeared) from error
            raise
        self._made.clear()
        self._remove()
        with contextlib.suppress(OSError):  # it is there, whatever its parent says
            _sync(final.parent)
        return final

    def _remove(self) -> None:
        """Remove the folder, and the parents that were made for it and hold nothing else."""
        for folder in reversed(self._made):
            if folder.name.startswith(f".{self.path.name}.tmp-"):
                shutil.rmtree(folder, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):  # not empty, or gone
                    folder.rmdir()
        self._made.clear()
        release(self._lock)
        self._lock = None


def save_run(
    plan: Plan, forecast: Forecast, path: str | Path, *, command: Sequence[str] = ()
) -> Path:
    """Write the run directory of a forecast, whole or not at all.

    Parameters
    ----------
    plan : Plan
        What was simulated.
    forecast : Forecast
    path : str or Path
        Must not exist. An interrupted forecast goes to ``PATH.partial``.
    command : sequence of str
        Recorded in the manifest.

    Returns
    -------
    Path
        The directory.

    Raises
    ------
    SalessimError
        The path exists, or cannot be written (no permission, disk full, ...).
    """
    with RunDirectory(path) as directory:
        write_run(plan, forecast, directory.work, command=command)
        return directory.publish(partial=forecast.interrupted)


def write_run(
    plan: Plan,
    forecast: Forecast,
    folder: Path,
    *,
    formats: Sequence[str] = USUAL_FORMATS,
    command: Sequence[str] = (),
    goals: Sequence[Goals] = (),
    documents: Mapping[str, Callable[[Run, Path], None]] | None = None,
) -> None:
    """Write the files of a run into an existing folder, the manifest last.

    ``formats`` says which: ``csv`` (the summary), ``parquet`` (all trajectories), charts as ``svg``
    and ``png``; ``goals`` go into the manifest; ``documents`` are names of files and what writes
    them.

    Raises
    ------
    OSError
        Something cannot be written; its note says how much the files need.
    """
    try:
        started = time.perf_counter()
        _write_files(plan, forecast, folder, formats)
        _write_documents(plan, forecast, folder, goals, documents or {})
        about = _about(plan, forecast, folder) | {"goals": [one.summary() for one in goals]}
        run = forecast.provenance
        write_manifest(folder, about, command=command, simulated=run.seconds, started=started)
    except OSError as error:
        error.add_note(f"it needs about {_megabytes(forecast, formats):,.0f} MB")
        raise


def _megabytes(forecast: Forecast, formats: Sequence[str]) -> float:
    """Guess the size of a run: charts and texts, and tables packed to some 0.3 of the counts."""
    counts = sum(part.nbytes for part in forecast.counts) + forecast.funnel.flows.nbytes
    return 1.0 + (0.3 * counts / 1e6 if "parquet" in formats else 0.0)


def _write_files(plan: Plan, forecast: Forecast, folder: Path, formats: Sequence[str]) -> None:
    run = forecast.provenance
    write_plan(plan, folder / "plan.toml", trajectories=run.requested, seed=run.seed)
    if "csv" in formats:
        forecast.to_csv(folder / "summary.csv")
    if "parquet" in formats:
        forecast.to_parquet(folder / "forecast.parquet")
        forecast.funnel.to_parquet(folder / "funnel.parquet")
    if kinds := [kind for kind in KINDS if kind in formats]:
        from salessim.api.charts import write_charts

        write_charts(plan, forecast, folder, kinds)


def _write_documents(
    plan: Plan,
    forecast: Forecast,
    folder: Path,
    goals: Sequence[Goals],
    documents: Mapping[str, Callable[[Run, Path], None]],
) -> None:
    if documents:
        from salessim.api.finished import Run

        run = Run.of(plan, forecast, goals)
        for name, write in documents.items():
            write(run, folder / name)


def _about(plan: Plan, forecast: Forecast, folder: Path) -> dict[str, Any]:
    """Say what was run: all that is needed to repeat it."""
    origin = forecast.provenance
    base = forecast.without_external_leads()
    there = plan_in(folder, plan)
    toml = (folder / "plan.toml").read_text(encoding="utf-8")
    return {
        "plan": {**there["plan"], "toml": toml},
        "inputs": there["inputs"],
        "program_sha256": origin.program_sha256,
        "seed": origin.seed,
        "engine": origin.engine,
        "trajectories": forecast.trajectories,
        "requested": origin.requested,
        "stage_entries": origin.stage_entries,
        "monte_carlo_se": {
            "totals": _errors(forecast),
            "totals_without_external_leads": _errors(base),
        },
        "verdict": forecast.verdict.to_dict(),
        "targets": [target.to_dict() for target in forecast.targets],
    }


def default_directory(plan: Plan) -> Path:
    """Return ``out/<name>-<time>`` that does not exist yet."""
    now = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    return _free(Path("out") / f"{plan.path.stem}-{now}")


def cannot_write(path: Path, error: OSError, *, left: Path | None = None) -> SalessimError:
    """Say in one line why nothing can be written there, what is left of it, and the remedy."""
    number = error.errno
    if number is None and (said := re.search(r"\[errno (\d+)\]", str(error))):
        number = int(said[1])  # pyarrow's errors have the number in their text only
    reason = os.strerror(number) if number else str(error).partition("\n")[0]
    remedy = "choose another place with -o"
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        reason = "; ".join((reason, *getattr(error, "__notes__", ())))
        remedy = f"free some space, or {remedy}"
    elif number == errno.ENOENT:
        reason = "its folder was removed while the run was under way"
        remedy = "run it again"
    rest = f"{left} could not be removed" if left else "nothing is left of it"
    return SalessimError(f"{path} cannot be written: {reason}; {rest}: {remedy}")


def _free(path: Path) -> Path:
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _errors(forecast: Forecast) -> dict[str, float | None]:
    several = forecast.trajectories > 1
    return {
        name: float(forecast.series(name).total_summary.se) if several else None
        for name in ("bookings", "wins")
    }
