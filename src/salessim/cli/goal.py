"""`salessim goal`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salessim.cli.interruptions import Interruptions
from salessim.cli.main import RECORDED
from salessim.cli.options import (
    Share,
    Study,
    json_option,
    no_progress_option,
    out_option,
    plan_argument,
    quiet_option,
    seed_option,
    set_option,
    threads_option,
    trajectories_option,
)
from salessim.cli.progress import progress_bar, say_compiling

if TYPE_CHECKING:
    from salessim.config import Plan
    from salessim.forecast import Goals


@dataclass(frozen=True, kw_only=True)
class Wanted(Study):
    """What the options of `goal` ask for."""

    target: str | None
    vary: dict[str, str | None]
    probability: float


@click.command()
@plan_argument
@click.option(
    "--target",
    metavar="CONDITION",
    help='"bookings.2027Q2 >= 1.2e6", the name of a target of the plan, or "sustained"; default: '
    "each target of the plan that it reaches with a smaller probability.",
)
@click.option(
    "--vary",
    metavar="KEY",
    multiple=True,
    help="A key of the plan, or a lever (leads, churn, conversion.PIPELINE.STAGE, ...); may be "
    "given several times, each is varied alone. Default: every lever.",
)
@click.option(
    "--range",
    "ranges",
    metavar="FIRST:LAST",
    multiple=True,
    help="Of each key in turn, written as in the plan: 100 per month:400 per month; of a lever "
    "factors. Default for levers: 0.5:2.",
)
@click.option(
    "--prob",
    "probability",
    type=Share(),
    default="80%",
    show_default=True,
    help="To reach it with.",
)
@trajectories_option
@seed_option
@set_option
@out_option("Write the answers, the charts and the plan into this folder; must not exist.")
@threads_option
@json_option
@quiet_option
@no_progress_option
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    plan: str,
    *,
    target: str | None,
    vary: tuple[str, ...],
    ranges: tuple[str, ...],
    probability: float,
    trajectories: int | None,
    seed: int | None,
    changes: tuple[str, ...],
    out: Path | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Find what makes PLAN reach a number with a probability, each key or lever varied alone."""
    from salessim import api

    loaded = api.load_plan(plan, changes=changes)
    wanted = Wanted(
        target=target,
        vary=_paired(vary, ranges),
        probability=probability,
        trajectories=trajectories,
        seed=api.chosen_seed(loaded, seed),
        threads=threads,
        out=out,
        as_json=as_json,
        quiet=quiet,
        progress=not (quiet or no_progress),
    )
    if not quiet:
        for note in loaded.notes:
            click.echo(f"note: {note}", err=True)
    goals = _goals(loaded, wanted, ctx.meta[RECORDED])
    _report(goals, loaded, wanted)


def _paired(vary: Sequence[str], ranges: Sequence[str]) -> dict[str, str | None]:
    """Return the range of each key; levers need none, but then none of them has one."""
    if len(set(vary)) < len(vary):
        raise click.UsageError("--vary names a key twice; one range of it is searched at a time")
    if ranges and len(ranges) != len(vary):
        raise click.UsageError(
            f"{len(vary)} x --vary and {len(ranges)} x --range: give a range for each key, in the "
            "same order (of a lever factors such as 0.5:2)"
        )
    return dict(zip(vary, ranges, strict=True)) if ranges else dict.fromkeys(vary)


def _goals(plan: Plan, wanted: Wanted, typed: Sequence[str]) -> tuple[Goals, ...]:
    """Search, and write the folder, which is refused before anything is simulated."""
    from salessim.api.goal_directory import write_goals
    from salessim.api.run_directory import RunDirectory

    with Interruptions() as interruptions:
        if wanted.out is None:
            return _search(plan, wanted)
        with RunDirectory(wanted.out) as directory:
            goals = _search(plan, wanted)
            interruptions.writing()
            write_goals(plan, goals, directory.work, command=typed)
            directory.publish()
            return goals


def _search(plan: Plan, wanted: Wanted) -> tuple[Goals, ...]:
    from salessim.api.goals import fill_gap, goal

    if not wanted.quiet:
        say_compiling()
    with progress_bar(shown=wanted.progress) as progress:
        ask: dict[str, Any] = {
            "vary": wanted.vary,
            "probability": wanted.probability,
            "trajectories": wanted.trajectories,
            "seed": wanted.seed,
            "threads": wanted.threads,
            "progress": progress,
        }
        if wanted.target is None:
            return fill_gap(plan, **ask)
        return (goal(plan, target=wanted.target, **ask),)


def _report(goals: Sequence[Goals], plan: Plan, wanted: Wanted) -> None:
    from salessim.cli import render, render_goals

    if wanted.as_json:
        click.echo(json.dumps({"goals": [one.summary() for one in goals]}, allow_nan=False))
    if wanted.quiet:
        return
    console = render.console(stderr=wanted.as_json)
    for one in goals:
        render_goals.goals(console, one, title=plan.model.title)
    if not goals:
        render.text(
            console,
            f"Every target of the plan is reached with {100 * wanted.probability:g}% or more.",
        )
    said = f"Seed {wanted.seed}."
    if wanted.out:
        said += (
            f" Written to {wanted.out}: {', '.join(sorted(f.name for f in wanted.out.iterdir()))}."
        )
    render.text(console, said)
