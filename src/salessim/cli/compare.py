"""`salessim compare`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salessim.cli.keep import kept, tell, written
from salessim.cli.main import RECORDED
from salessim.cli.options import (
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
    from salessim.forecast import Comparison


@click.command()
@plan_argument
@click.option(
    "--scenario",
    "names",
    metavar="NAME",
    multiple=True,
    help="Compare this one with the plan; may be given several times. Default: all.",
)
@trajectories_option
@seed_option
@set_option
@out_option("Write the numbers, the chart and the plans into this folder; must not exist.")
@threads_option
@json_option
@quiet_option
@no_progress_option
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    plan: str,
    *,
    names: tuple[str, ...],
    trajectories: int | None,
    seed: int | None,
    changes: tuple[str, ...],
    out: Path | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Compare PLAN with its scenarios, all on the same random numbers: levels and differences."""
    from salessim import api

    loaded = api.load_plan(plan, changes=changes)
    plans = _chosen(loaded, names)
    wanted = Study(
        trajectories=trajectories,
        seed=seed,
        threads=threads,
        out=out,
        as_json=as_json,
        quiet=quiet,
        progress=not (quiet or no_progress),
    )
    if not quiet:
        chosen = [name for name in loaded.scenario_names if name in plans]
        for note in (*loaded.notes, *api.scenario_notes(loaded, chosen)):
            click.echo(f"note: {note}", err=True)
    comparison, folder = _compare(plans, wanted, ctx.meta[RECORDED])
    _report(comparison, folder, loaded, wanted)


def _chosen(plan: Plan, names: Sequence[str]) -> dict[str, Plan]:
    """Return the plan and the scenarios asked for, or all; says every unknown name at once."""
    from salessim.config import NO_SCENARIOS, PLAN_ITSELF
    from salessim.errors import SalessimError

    if not plan.scenario_names:
        raise SalessimError(f"{plan.path}: {NO_SCENARIOS}")
    chosen = {PLAN_ITSELF: plan}
    wrong: list[str] = []
    for name in names or plan.scenario_names:
        try:
            chosen[name] = plan.scenario(name)
        except SalessimError as error:
            wrong += error.problems
    if wrong:
        raise SalessimError(*wrong)
    return chosen


def _compare(
    plans: dict[str, Plan], wanted: Study, typed: Sequence[str]
) -> tuple[Comparison, Path | None]:
    from salessim.api.comparison import write_comparison

    return kept(
        wanted,
        lambda: _simulate(plans, wanted),
        lambda found, folder: write_comparison(plans, found, folder, command=typed),
    )


def _simulate(plans: dict[str, Plan], wanted: Study) -> Comparison:
    from salessim import api

    if not wanted.quiet:
        say_compiling()
    with progress_bar(shown=wanted.progress) as progress:
        return api.compare(
            plans,
            trajectories=wanted.trajectories,
            seed=wanted.seed,
            threads=wanted.threads,
            progress=progress,
        )


def _report(comparison: Comparison, folder: Path | None, plan: Plan, wanted: Study) -> None:
    from salessim.cli import render_comparison

    files = written(folder, without=[".toml"], rest=", and the plan of each scenario")
    tell(
        wanted,
        comparison.summary,
        lambda console: render_comparison.comparison(console, comparison, title=plan.model.title),
        last=f"Seed {comparison.base.provenance.seed}.{files}",
    )
