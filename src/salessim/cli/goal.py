"""`salessim goal`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salessim.cli.keep import kept, tell, written
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
    from rich.console import Console

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
    goals, folder = _goals(loaded, wanted, ctx.meta[RECORDED])
    _report(goals, folder, loaded, wanted)


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


def _goals(
    plan: Plan, wanted: Wanted, typed: Sequence[str]
) -> tuple[tuple[Goals, ...], Path | None]:
    from salessim.api.goal_directory import write_goals

    return kept(
        wanted,
        lambda: _search(plan, wanted),
        lambda goals, folder: write_goals(plan, goals, folder, command=typed),
    )


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


def _report(goals: Sequence[Goals], folder: Path | None, plan: Plan, wanted: Wanted) -> None:
    from salessim.cli import render, render_goals

    def shown(console: Console) -> None:
        for one in goals:
            render_goals.goals(console, one, title=plan.model.title)
        if not goals:
            render.text(
                console,
                f"Every target of the plan is reached with {100 * wanted.probability:g}% or more.",
            )

    tell(
        wanted,
        lambda: {"goals": [one.summary() for one in goals]},
        shown,
        last=f"Seed {wanted.seed}.{written(folder)}",
    )
