"""`Plan`: what the user wrote and the model it resolves to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from os import PathLike
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from salessim.config.addresses import address, plan_error
from salessim.config.build import Builder
from salessim.config.documents import Change, apply_changes, copied
from salessim.config.layers import Layer, merged, read_layers
from salessim.config.leads import without_external_sources
from salessim.config.problems import Path, PlanError, Problems, holds
from salessim.config.records import FILES, Records, make_records
from salessim.config.scenarios import NO_SCENARIOS, read_scenarios
from salessim.config.words import found, nearest
from salessim.model.plan import Model

if TYPE_CHECKING:
    from salessim.charts.plan_plots import PlanPlots

Changes = Sequence[str] | Mapping[str, Any]


@dataclass(frozen=True)
class Input:
    """A file that was read for a plan."""

    path: FilePath
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A valid plan. Immutable: `with_` gives a changed copy.

    Examples
    --------
    >>> plan = load_plan("configs/saas.toml")
    >>> more = plan.with_({"sources.outbound.rate": "80 per month"})
    >>> base = plan.without_external_leads()
    >>> sorted(base.document["sources"])
    ['referral', 'renewal', 'upsell']

    Attributes
    ----------
    path : pathlib.Path
        The plan file as it was named.
    document : dict
        The resolved document: what it extends merged in, changes applied.
    model : salessim.model.plan.Model
        What is simulated.
    trajectories : int
        Asked for by the plan, >= 1.
    seed : int or None
        In [0, 2^64 - 1]; None = to be drawn.
    inputs : tuple of Input
        The plan, the plans it extends, and the data files, with their sha256.
    notes : tuple of str
        What was read, ignored, or is worth knowing; one sentence each.
    records : Records or None
        What it was measured from, where it says that; nothing of it is simulated.
    """

    path: FilePath
    document: Mapping[str, Any]
    model: Model = field(compare=False)
    trajectories: int
    seed: int | None
    inputs: tuple[Input, ...]
    notes: tuple[str, ...]
    records: Records | None
    _layers: tuple[Layer, ...] = field(repr=False, compare=False)
    _changes: tuple[Change, ...] = field(repr=False, compare=False)
    _scenarios: Mapping[str, Plan] = field(default_factory=dict, repr=False, compare=False)

    @property
    def scenario_names(self) -> tuple[str, ...]:
        """The plan's scenarios, in its order."""
        return tuple(self._scenarios)

    def scenario(self, name: str) -> Plan:
        """Return the plan as one of its scenarios changes it; it has no scenarios of its own.

        Raises
        ------
        PlanError
            There is no such scenario; the message names the nearest, or says how to write one.
        """
        if not self._scenarios:
            raise PlanError(f"{self.path}: {NO_SCENARIOS}")
        if name not in self._scenarios:
            known = nearest(name, self._scenarios, named="scenarios")
            raise PlanError(f"{self.path}: no scenario {found(name)}; {known}")
        return self._scenarios[name]

    @property
    def plot(self) -> PlanPlots:
        """Pictures on given axes: ``plan.plot.process_map()``, ``plan.plot.cycle_times(stage)``."""
        from salessim.charts.plan_plots import PlanPlots

        return PlanPlots(self.model)

    def address(self, path: Path) -> str:
        """Return where a key stands and its name: ``plan.toml:12: records.files[0]``."""
        return address(path, self._layers, self._changes)

    def with_(self, changes: Changes) -> Plan:
        """Return a copy with some keys changed, validated again.

        Parameters
        ----------
        changes : sequence of str or mapping
            ``["sources.outbound.rate=260 per month"]`` or
            ``{"sources.outbound.rate": "260 per month"}``; stages are addressed by name.

        Raises
        ------
        PlanError
            With all problems of the changed plan.
        """
        return _resolve(self._layers, dict(self.document), self._changes, changes)

    def without_external_leads(self) -> Plan:
        """Return a copy without external sources and without scenarios, validated again.

        The verdict needs no such plan (`Forecast.without_external_leads` is a part of the same
        trajectories); this one shows what `explain` or a run says of the base alone.

        Raises
        ------
        PlanError
            When the rest cannot run, for example a stage that no deal reaches any more.
        """
        document = without_external_sources(self.document)
        return _resolve(self._layers, document, self._changes, ())

    @property
    def comments(self) -> dict[Path, str]:
        """What stands beside keys and tables in the plan's files: comments, notes of rows."""
        found: dict[Path, str] = {}
        for layer in reversed(self._layers):
            found |= layer.places.comments
        return found

    def to_toml(self, *, trajectories: int | None = None, seed: int | None = None) -> str:
        """Return the resolved document as TOML that loads again, from any folder.

        Parameters
        ----------
        trajectories, seed : int, optional
            Those of a run, in place of the plan's own.
        """
        import tomlkit

        asked = {"trajectories": trajectories, "seed": seed}
        of_run = {key: value for key, value in asked.items() if value is not None}
        document = {**self.document, "forecast": {**self.document["forecast"], **of_run}}
        return tomlkit.dumps(self._movable(document, ()))

    def _movable(self, value: Any, path: Path) -> Any:
        """Copy a part of the document with the paths of data files made absolute."""
        if isinstance(value, Mapping):
            return {key: self._movable(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._movable(item, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str) and _names_file(path):
            return _locate(self._layers, self._changes, path, value).resolve().as_posix()
        return value


def _names_file(path: Path) -> bool:
    """Say whether a key names a data file; a scenario's may be the address of one."""
    if path[:2] == ("open_deals", "stages"):  # its keys are what stands in a file
        return False
    if path[:1] == FILES[:1]:  # where a column may be called `file`
        return path[:2] == FILES
    key = str(path[-1])
    if path[0] == "scenarios":
        key = key.rpartition(".")[2].strip("\"' ")
    return key in ("file", "samples")


def load_plan(path: str | PathLike[str], *, changes: Changes = ()) -> Plan:
    """Read a plan file, check it as a whole and resolve it to a model.

    Parameters
    ----------
    path : str or path-like
        A TOML file, or a workbook (.xlsx) as `salessim init --excel` writes it.
    changes : sequence of str or mapping
        Keys to change: ``"key=value"`` texts (the value as TOML, else as plain text), or
        key -> value; stages are addressed by name
        (``pipelines.new_business.stages.proposal.conversion``).

    Raises
    ------
    PlanError
        When the plan cannot run: every problem with file, line (or sheet and cell), key and
        remedy.
    """
    layers = read_layers(FilePath(path))
    return _resolve(layers, {"title": layers[0].path.stem or "plan", **merged(layers)}, (), changes)


def _resolve(
    layers: tuple[Layer, ...],
    document: dict[str, Any],
    before: tuple[Change, ...],
    changes: Changes,
) -> Plan:
    """Apply changes to a document, check it with all its scenarios and make the plan."""
    document = copied(document)
    applied = (*before, *apply_changes(document, changes))
    known: dict[Any, Any] = {}
    plan, problems = _build(layers, document, applied, known)
    own = set(problems)
    scenarios: dict[str, Plan | None] = {}
    for scenario in read_scenarios(document, problems):
        changed = (*applied, *scenario.changes)
        scenarios[scenario.name], wrong = _build(layers, scenario.document, changed, known)
        for problem in wrong:
            # what is wrong with the plan itself is said once
            if problem not in own:
                there = scenario.addressed(problem)
                problems.add(there.path, there.text)
    if plan is None or problems or any(layer.wrong for layer in layers):
        raise plan_error(problems, layers, applied)
    return replace(plan, _scenarios={name: found for name, found in scenarios.items() if found})


def _build(
    layers: tuple[Layer, ...],
    document: dict[str, Any],
    applied: tuple[Change, ...],
    known: dict[Any, Any],
) -> tuple[Plan | None, Problems]:
    """Check one document and make its plan, None when there are problems.

    ``known`` is what was read from data files for another document of the same plan.
    """
    locate = partial(_locate, layers, applied)
    builder = Builder(document, locate, known=known)
    built = builder.build()
    if built is None:
        return None, builder.problems
    checked, model = built
    data_files = [Input(path, sha256) for path, sha256 in builder.read.items()]
    plan = Plan(
        path=layers[0].path,
        document=document,
        model=model,
        trajectories=checked.forecast.trajectories,
        seed=checked.forecast.seed,
        inputs=(*(Input(layer.path, layer.sha256) for layer in layers), *data_files),
        notes=tuple(builder.notes),
        records=make_records(checked.records, locate),
        _layers=layers,
        _changes=applied,
    )
    return plan, builder.problems


def _locate(layers: Sequence[Layer], changes: Sequence[Change], path: Path, name: str) -> FilePath:
    """Return a data file: relative to the plan that names it; of a change, to the plan itself."""
    for change in reversed(changes):
        if path[: len(change.path)] != change.path:
            continue
        if change.origin:  # a scenario names it, and a plan or a change names the scenario's file
            within = (*change.origin, *path[len(change.path) :])
            return _locate(layers, changes, within, name)
        return layers[0].folder / name
    for layer in layers:
        if holds(layer.data, path):
            return layer.folder / name
    return layers[0].folder / name


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of plan files: editors complete and check plans with it."""
    import json
    import re

    from salessim.config.schema import Document

    schema = Document.model_json_schema()
    # pydantic keys families of tables by all that is in them: their titles say it shorter
    titles = {name: table.get("title", name) for name, table in schema["$defs"].items()}
    names = "|".join(sorted(titles, key=len, reverse=True))
    text = re.sub(rf"\b({names})\b", lambda match: titles[match[0]], json.dumps(schema))
    named: dict[str, Any] = json.loads(text)
    # What a plan must hold, the plan that it extends may hold for it.
    required = named.pop("required")
    named["anyOf"] = [{"required": required}, {"required": ["extends"]}]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **named}
