"""A finished run, as its directory tells it."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError

from salessim import api
from salessim.api.manifests import sha256_of
from salessim.config import Plan
from salessim.config.files import read_bytes
from salessim.errors import SalessimError
from salessim.forecast import Forecast, Goals

if TYPE_CHECKING:
    from salessim.api.added import Added
    from salessim.forecast.ranked_deals import RankedDeals

MANIFEST, PLAN = "manifest.json", "plan.toml"
FORECAST, FUNNEL = "forecast.parquet", "funnel.parquet"
LARGEST_MANIFEST = 50_000_000


class _Hashed(BaseModel):
    sha256: str


class _Input(_Hashed):
    path: str


class Manifest(BaseModel):
    """What is needed of a manifest to repeat its run, and to report on it."""

    version: str
    seed: int = Field(ge=0, lt=2**64)
    trajectories: int = Field(ge=1)
    requested: int
    plan: _Hashed
    inputs: list[_Input]
    libraries: dict[str, str]
    files: dict[str, _Hashed]
    goals: list[dict[str, Any]] = []


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished run: what was asked, and what came out.

    Attributes
    ----------
    plan : Plan
        As it was run, the trajectories and the seed of the run in it.
    forecast : Forecast
        With its stage flows where the run left them.
    goals : tuple of mappings
        What was searched for beside the forecast: `Goals.summary` of each.
    plan_sha256 : str
        Of ``plan.toml`` in the run directory.
    added : tuple of Added
        Studies of the same plan that are shown with it; see `with_added`.
    """

    plan: Plan
    forecast: Forecast
    goals: tuple[Mapping[str, Any], ...] = ()
    plan_sha256: str
    added: tuple[Added, ...] = ()

    @classmethod
    def of(cls, plan: Plan, forecast: Forecast, goals: Sequence[Goals] = ()) -> Run:
        """Return what `load_run` reads of the directory that this run leaves."""
        origin = forecast.provenance
        count, seed = origin.requested, origin.seed
        toml = plan.to_toml(trajectories=count, seed=seed)
        return cls(
            plan=replace(plan, document=tomllib.loads(toml), trajectories=count, seed=seed),
            forecast=forecast,
            goals=tuple(one.summary() for one in goals),
            plan_sha256=hashlib.sha256(toml.encode()).hexdigest(),
        )

    def with_added(self, *folders: str | Path) -> Run:
        """Return the run with studies of its plan, which its documents show.

        Parameters
        ----------
        *folders : str or Path
            Written by `save_comparison`, `save_sensitivity` or `save_goals`, or by the commands
            with ``-o``.

        Raises
        ------
        SalessimError
            A folder is none of these, its document is damaged, or it is about another plan. All
            that is wrong is said at once.
        """
        from salessim.api.added import with_added

        return with_added(self, folders)

    @cached_property
    def deals(self) -> RankedDeals:
        """The open deals of the plan, ranked: once for all documents."""
        return api.open_deals(self.plan)


def load_run(path: str | Path) -> Run:
    """Read a run directory.

    Parameters
    ----------
    path : str or Path
        A run directory, or what is kept of an interrupted run.

    Raises
    ------
    SalessimError
        It is no run directory, it holds no ``forecast.parquet`` or a damaged one, another version
        wrote it in another form, or its plan or a data file of it is not what it was.
    """
    from salessim.forecast.parquet import read_funnel

    folder = Path(path)
    manifest = read_manifest(folder)
    if FORECAST not in manifest.files:
        raise SalessimError(
            f"{folder}: the run left no {FORECAST}, which holds its trajectories; run it again "
            f"with `salessim run {folder / PLAN} --format csv,parquet,svg`"
        )
    forecast = Forecast.from_parquet(_whole(folder, FORECAST, manifest))
    if FUNNEL in manifest.files:
        flows = read_funnel(_whole(folder, FUNNEL, manifest), forecast.labels)
        forecast = replace(forecast, stage_flows=flows)
    return Run(
        plan=plan_as_run(folder, manifest),
        forecast=forecast,
        goals=tuple(manifest.goals),
        plan_sha256=manifest.plan.sha256,
    )


def read_manifest(run: Path) -> Manifest:
    """Read the manifest of a run directory.

    Raises
    ------
    SalessimError
        It is no run directory.
    """
    if run.is_file():
        raise SalessimError(f"{run} is a file; name the run directory, the folder that it lies in")
    path = run / MANIFEST
    if run.is_dir() and not path.exists():
        raise SalessimError(
            f"{run} is no run directory: it holds no {MANIFEST}; name the folder that "
            "`salessim run` wrote"
        )
    try:
        content = read_bytes(path, what="a run's manifest", most=LARGEST_MANIFEST)
        return Manifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        what = f"{where}: {first['msg'].lower()}"
        if first["type"] == "missing":
            what = f"it says no `{where}`: another command wrote it, or it is damaged"
        raise SalessimError(
            f"{path}: not the manifest of a run: {what}; name the folder that `salessim run` wrote"
        ) from error


def plan_as_run(run: Path, manifest: Manifest) -> Plan:
    """Load the plan of a run.

    Raises
    ------
    SalessimError
        It or a data file of it is gone, or is not what it was.
    """
    path = run / PLAN
    plan = api.load_plan(path)
    if plan.inputs[0].sha256 != manifest.plan.sha256:
        raise SalessimError(
            f"{path} was changed after the run, which cannot be repeated; `salessim run {path}` "
            "runs it as it is now"
        )
    known = {item.sha256 for item in manifest.inputs}
    changed = [str(item.path) for item in plan.inputs[1:] if item.sha256 not in known]
    if changed:
        raise SalessimError(
            *(
                f"{name} was changed after the run, which cannot be repeated without it as it was; "
                f"`salessim run {path}` runs with it as it is now"
                for name in changed
            )
        )
    return plan


def file_hash(path: Path) -> str | None:
    """Return a file's SHA-256; None when it cannot be read."""
    try:
        return sha256_of(path)
    except OSError:
        return None


def _whole(folder: Path, name: str, manifest: Manifest) -> Path:
    """Return a file of a run that is what the run wrote."""
    path = folder / name
    if (now := file_hash(path)) != manifest.files[name].sha256:
        what = "cannot be read" if now is None else "is not what the run wrote"
        raise SalessimError(f"{path} {what}; run it again with `salessim run {folder / PLAN}`")
    return path
