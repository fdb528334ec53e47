"""Scenarios simulated on the same random numbers, and the folder of their comparison."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from salessim._typing import Progress
from salessim.api import chosen_seed
from salessim.api.manifests import (
    inputs_of,
    write_chart,
    write_json,
    write_manifest,
    write_plan,
)
from salessim.api.refusals import addressed
from salessim.api.run_directory import RunDirectory
from salessim.config import Plan
from salessim.engine import run
from salessim.forecast import Comparison, Forecast, Outcome, Rival
from salessim.forecast.comparison import check_comparable
from salessim.forecast.labels import Labels
from salessim.lowering import lower
from salessim.lowering.program import Program
from salessim.lowering.seeds import WorldSeeds

OTHER_LUCK = 0x9E3779B97F4A7C15
"""Between a comparison's seed and that of its rival's luck: 2^64 over the golden ratio."""
LONGEST_NAME = 40
"""Letters of a scenario's name in the name of its plan's file."""


def compare(
    plans: Mapping[str, Plan],
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate plans on the same random numbers and compare them with the first.

    Plans that lower to the same program are simulated once. The first is simulated once more, in
    the same worlds but with luck of its own: P(A beats B) is asked of two futures.

    Parameters
    ----------
    plans : mapping of str to Plan
        Two or more by name, for example ``{"plan": plan, "more": plan.scenario("more")}``.
    trajectories : int, optional
        Of each plan, at least 1; the first plan's number when not given.
    seed : int, optional
        0 to 2**64 - 1; the first plan's when not given, else drawn and recorded.
    threads : int, optional
        The processors there are when not given. Changes the time, never the numbers.
    executor : concurrent.futures.Executor, optional
        Where chunks of trajectories run, instead of threads of this process.
    progress : callable, optional
        Called with (finished, asked for), trajectories of all plans together.

    Returns
    -------
    Comparison

    Raises
    ------
    SalessimError
        A plan cannot be run, or not be compared with the first: another start, period or currency.
    ValueError
        `trajectories` or `seed` is out of its range.
    KeyboardInterrupt
        Ctrl-C: a comparison of what was finished by then would compare unlike things.
    """
    programs = _lowered(plans)
    check_comparable(
        {name: Labels.of(program, plans[name].model) for name, program in programs.items()}
    )
    first = next(iter(plans.values()))
    alike: dict[str, list[str]] = {}
    for name, program in programs.items():
        alike.setdefault(program.sha256, []).append(name)
    ask: dict[str, Any] = {
        "trajectories": first.trajectories if trajectories is None else trajectories,
        "seed": chosen_seed(first, seed),
        "threads": threads,
        "executor": executor,
    }
    outcomes: dict[str, Outcome] = {}
    for done, names in enumerate(alike.values()):
        ask["progress"] = part_of(progress, done, len(alike) + 1)
        for outcome in _simulated(names, plans, programs, ask):
            outcomes[outcome.name] = outcome
    ask["progress"] = part_of(progress, len(alike), len(alike) + 1)
    rival = _rival(next(iter(plans)), plans, programs, ask)
    return Comparison.of([outcomes[name] for name in plans], rival=rival)


def _simulated(
    names: Sequence[str],
    plans: Mapping[str, Plan],
    programs: Mapping[str, Program],
    ask: Mapping[str, Any],
) -> list[Outcome]:
    """Simulate plans of one program once; its cube is gone before the next one is filled."""
    first = names[0]
    with addressed(plans[first], scenario=first):
        cube = run(programs[first], **ask)
    if cube.interrupted:
        raise KeyboardInterrupt
    return [
        Outcome.of(name, Forecast.from_cube(cube, program=programs[name], model=plans[name].model))
        for name in names
    ]


def _rival(
    name: str, plans: Mapping[str, Plan], programs: Mapping[str, Program], ask: Mapping[str, Any]
) -> Rival:
    """Simulate the first plan in the same worlds with luck of its own."""
    luck = (ask["seed"] + OTHER_LUCK) % 2**64
    worlds = WorldSeeds(seed=ask["seed"])
    with addressed(plans[name], scenario=name):
        cube = run(programs[name], **{**ask, "seed": luck, "worlds": worlds})
    if cube.interrupted:
        raise KeyboardInterrupt
    forecast = Forecast.from_cube(cube, program=programs[name], model=plans[name].model)
    return Rival(seed=luck, bookings=forecast.bookings.collapsed())


def _lowered(plans: Mapping[str, Plan]) -> dict[str, Program]:
    programs = {}
    for name, plan in plans.items():
        with addressed(plan, scenario=name):
            programs[name] = lower(plan.model)
    return programs


def part_of(progress: Progress | None, done: int, runs: int) -> Progress | None:
    """Return the progress of one run of several as progress of all."""
    if progress is None:
        return None
    return lambda finished, asked: progress(done * asked + finished, runs * asked)


def save_comparison(
    plans: Mapping[str, Plan],
    comparison: Comparison,
    path: str | Path,
    *,
    command: Sequence[str] = (),
) -> Path:
    """Write a comparison's folder, whole or not at all.

    It holds ``comparison.json``, ``comparison.csv``, the chart, the plan of each scenario and
    ``manifest.json``.

    Parameters
    ----------
    plans : mapping of str to Plan
        What was compared.
    comparison : Comparison
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
        write_comparison(plans, comparison, directory.work, command=command)
        return directory.publish()


def write_comparison(
    plans: Mapping[str, Plan],
    comparison: Comparison,
    folder: Path,
    *,
    command: Sequence[str] = (),
) -> None:
    """Write the files of a comparison into an existing folder, the manifest last."""
    started = time.perf_counter()
    origin, outcomes = comparison.base.provenance, comparison.outcomes
    write_json(comparison.summary(), folder / "comparison.json")
    comparison.to_csv(folder / "comparison.csv")
    write_chart(comparison.plot.both(), folder, "comparison")
    names = {name: _file_name(number, name) for number, name in enumerate(plans)}
    for name, plan in plans.items():
        write_plan(plan, folder / names[name], trajectories=origin.requested, seed=origin.seed)
    seconds = {o.provenance.program_sha256: o.provenance.seconds or 0.0 for o in outcomes.values()}
    about = {
        "seed": origin.seed,
        "engine": origin.engine,
        "trajectories": comparison.trajectories,
        "scenarios": {
            name: {
                "plan": names[name],
                "path": str(plan.path),
                "program_sha256": outcomes[name].provenance.program_sha256,
                "inputs": inputs_of(plan),
            }
            for name, plan in plans.items()
        },
    }
    simulated = sum(seconds.values())
    write_manifest(folder, about, command=command, simulated=simulated, started=started)


def _file_name(number: int, name: str) -> str:
    """Return the name of a plan's file: any scenario's name makes a plain one."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:LONGEST_NAME]
    return f"plan-{number:02}-{plain}.toml"
