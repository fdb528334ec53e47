"""What a script calls, and what each command is made of."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from salessim._typing import Progress
from salessim.api.refusals import addressed
from salessim.config import Plan, load_plan
from salessim.config.words import key_text
from salessim.errors import SalessimError

if TYPE_CHECKING:
    from salessim.api.comparison import compare, save_comparison
    from salessim.api.explanation import Explanation
    from salessim.api.finished import Run, load_run
    from salessim.api.goal_directory import save_goals
    from salessim.api.goals import fill_gap, goal, just_enough
    from salessim.api.pictures import draw
    from salessim.api.plan_workbook import save_plan_workbook
    from salessim.api.ranked_deals import open_deals
    from salessim.api.repeat import rerun
    from salessim.api.run_directory import RunDirectory, save_run
    from salessim.api.study import save_sensitivity, sensitivity
    from salessim.api.sweep_directory import save_sweep
    from salessim.api.sweeps import sweep
    from salessim.api.templates import init, init_workbook
    from salessim.forecast import Forecast
    from salessim.lowering import WorldSeeds

__all__ = [
    "Run",
    "RunDirectory",
    "compare",
    "draw",
    "explain",
    "fill_gap",
    "goal",
    "init",
    "init_workbook",
    "just_enough",
    "load_plan",
    "load_run",
    "open_deals",
    "rerun",
    "save_comparison",
    "save_goals",
    "save_plan_workbook",
    "save_run",
    "save_sensitivity",
    "save_sweep",
    "sensitivity",
    "simulate",
    "sweep",
    "validate",
]


def validate(plan: Plan) -> tuple[str, ...]:
    """Check what reading a plan does not: whether it and its scenarios can be run.

    Simulates nothing.

    Parameters
    ----------
    plan : Plan
        From `load_plan`.

    Returns
    -------
    tuple of str
        The plan's notes: what was read, ignored, or is worth knowing; then what is to be known of
        its scenarios only.

    Raises
    ------
    SalessimError
        A trajectory would have more than 10^7 stage entries.
    """
    from salessim.lowering.facts import checked_stage_entries

    wrong: list[str] = []
    for name in ("", *plan.scenario_names):
        checked = plan.scenario(name) if name else plan
        try:
            with addressed(checked, scenario=name):
                checked_stage_entries(checked.model)
        except SalessimError as error:
            wrong += error.problems
    if wrong:
        raise SalessimError(*wrong)
    return (*plan.notes, *scenario_notes(plan, plan.scenario_names))


def scenario_notes(plan: Plan, names: Iterable[str]) -> tuple[str, ...]:
    """Return what is to be known of scenarios of a plan and not of the plan itself."""
    return tuple(
        f"scenarios.{key_text(name)}: {note}"
        for name in names
        for note in plan.scenario(name).notes
        if note not in plan.notes
    )


def explain(plan: Plan) -> Explanation:
    """Return the plan in words and tables, with its win rates, cycle times and R.

    Parameters
    ----------
    plan : Plan
        From `load_plan`. Nothing is simulated: what is said is exact, of the middle values of
        uncertain numbers.

    Returns
    -------
    Explanation

    Raises
    ------
    SalessimError
        The plan cannot be run.
    """
    from salessim.api.explanation import explain as explained

    with addressed(plan):
        return explained(plan)


def simulate(  # noqa: PLR0913  # options of a script, all by name
    plan: Plan,
    *,
    trajectories: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    until_error: float | None = None,
    of: str = "bookings.total",
    worlds: WorldSeeds | None = None,
) -> Forecast:
    """Simulate a plan.

    Parameters
    ----------
    plan : Plan
        From `load_plan`.
    trajectories : int, optional
        At least 1; the plan's number when not given. With `until_error` it is the most there may
        be, and what this machine's memory holds when not given.
    seed : int, optional
        0 to 2**64 - 1; the plan's when not given, else drawn and recorded in the forecast.
    threads : int, optional
        The processors there are when not given. Changes the time, never the numbers.
    executor : concurrent.futures.Executor, optional
        Where chunks of trajectories run, instead of threads of this process.
    progress : callable, optional
        Called with (finished, asked for).
    until_error : float, optional
        Go on until the Monte Carlo error of the mean of `of` is at most this share of it, in
        (0, 1). `Forecast.precision` says what came of it; all else equals a plain run of as many
        trajectories, bit for bit.
    of : str
        ``bookings``, ``wins`` or ``base`` (bookings without external leads) of a span, as targets
        name it, or ``window``: ``bookings.total``, ``wins.2027Q2``, ``base.window``.
    worlds : WorldSeeds, optional
        What the worlds are drawn from, where that is not `seed`: to meet the same worlds with
        other luck, to redraw some inputs, or to hold them.

    Returns
    -------
    Forecast
        `Forecast.interrupted` when Ctrl-C stopped the run: it holds what was finished.

    Raises
    ------
    SalessimError
        The plan cannot be run, or has no number of the name `of`.
    ValueError
        `trajectories`, `seed` or `until_error` is out of its range, or `worlds` names what is no
        input of the plan.
    KeyboardInterrupt
        Ctrl-C stopped the run before any trajectory was finished.
    """
    from salessim.api.precision import Until, run_until
    from salessim.engine import run
    from salessim.forecast import Forecast
    from salessim.lowering import lower

    with addressed(plan):
        program = lower(plan.model)
        engine = partial(
            run,
            program,
            seed=chosen_seed(plan, seed),
            threads=threads,
            executor=executor,
            progress=progress,
            worlds=worlds,
        )
        if until_error is not None:
            until = Until(error=until_error, of=of, most=trajectories)
            return run_until(until, engine, program=program, model=plan.model)
        cube = engine(trajectories=plan.trajectories if trajectories is None else trajectories)
    if not cube.trajectories:
        raise KeyboardInterrupt
    return Forecast.from_cube(cube, program=program, model=plan.model)


def chosen_seed(plan: Plan, seed: int | None = None) -> int:
    """Return the seed given, else the plan's, else a new one, short enough to be typed again."""
    if seed is not None:
        return seed
    return secrets.randbits(32) if plan.seed is None else plan.seed


_HOMES = {
    "compare": "comparison",
    "save_comparison": "comparison",
    "RunDirectory": "run_directory",
    "save_run": "run_directory",
    "save_sweep": "sweep_directory",
    "sweep": "sweeps",
    "save_sensitivity": "study",
    "sensitivity": "study",
    "fill_gap": "goals",
    "goal": "goals",
    "just_enough": "goals",
    "save_goals": "goal_directory",
    "draw": "pictures",
    "init": "templates",
    "open_deals": "ranked_deals",
    "init_workbook": "templates",
    "save_plan_workbook": "plan_workbook",
    "rerun": "repeat",
    "Run": "finished",
    "load_run": "finished",
}


def __getattr__(name: str) -> object:
    # Writing runs loads pyarrow; validating and explaining should not.
    if name in _HOMES:
        return getattr(import_module(f"salessim.api.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'salessim.api' has no attribute {name!r}")
