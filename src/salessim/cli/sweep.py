"""`salessim sweep`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salessim.cli.keep import kept, tell, written
from salessim.cli.main import INTERRUPTED, RECORDED
from salessim.cli.options import (
    Study,
    Whole,
    json_option,
    no_progress_option,
    out_option,
    plan_argument,
    quiet_option,
    seed_option,
    threads_option,
    trajectories_option,
)
from salessim.cli.progress import progress_bar, say_compiling

if TYPE_CHECKING:
    from salessim.config import Plan
    from salessim.forecast.sweep import Sweep


@dataclass(frozen=True, kw_only=True)
class Wanted(Study):
    """What the options of `sweep` ask for."""

    vary: tuple[str, ...]
    sobol: int | None


@click.command()
@plan_argument
@click.option(
    "-S",
    "--set",
    "vary",
    metavar="KEY=FIRST:LAST:N",
    multiple=True,
    help="Take N values of a key, or a list KEY=A,B,C; KEY=VALUE sets a key at all points. May be "
    "given several times: then all combinations are taken.",
)
@click.option(
    "--sobol",
    type=Whole(1, 4096),
    metavar="N",
    help="Spread N points over the ranges instead of all combinations.",
)
@trajectories_option
@seed_option
@out_option("Write the tables, the chart and the plan into this folder; must not exist.")
@threads_option
@json_option
@quiet_option
@no_progress_option
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    plan: str,
    *,
    vary: tuple[str, ...],
    sobol: int | None,
    trajectories: int | None,
    seed: int | None,
    out: Path | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Simulate PLAN at many points of its keys, all on the same random numbers."""
    from salessim import api

    loaded = api.load_plan(plan)
    wanted = Wanted(
        vary=vary,
        sobol=sobol,
        trajectories=trajectories,
        seed=seed,
        threads=threads,
        out=out,
        as_json=as_json,
        quiet=quiet,
        progress=not (quiet or no_progress),
    )
    if not quiet:
        for note in loaded.notes:
            click.echo(f"note: {note}", err=True)
    sweep, folder = _sweep(loaded, wanted, ctx.meta[RECORDED])
    _report(sweep, folder, wanted)
    if sweep.interrupted:
        kept = f"finished and kept in {folder}" if folder else "finished"
        click.echo(
            f"interrupted: {len(sweep.points):,} of {sweep.requested:,} points are {kept}", err=True
        )
        ctx.exit(INTERRUPTED)


def _sweep(plan: Plan, wanted: Wanted, typed: Sequence[str]) -> tuple[Sweep, Path | None]:
    from salessim.api.sweep_directory import write_sweep

    return kept(
        wanted,
        lambda: _simulate(plan, wanted),
        lambda sweep, folder: write_sweep(plan, sweep, folder, command=typed),
        is_partial=lambda sweep: sweep.interrupted,
    )


def _simulate(plan: Plan, wanted: Wanted) -> Sweep:
    from salessim import api

    if not wanted.quiet:
        say_compiling()
    with progress_bar(shown=wanted.progress) as progress:
        return api.sweep(
            plan,
            wanted.vary,
            sobol=wanted.sobol,
            trajectories=wanted.trajectories,
            seed=wanted.seed,
            threads=wanted.threads,
            progress=progress,
        )


def _report(sweep: Sweep, folder: Path | None, wanted: Wanted) -> None:
    from salessim.cli import render_sweep

    tell(
        wanted,
        sweep.summary,
        lambda console: render_sweep.sweep(console, sweep),
        last=f"Seed {sweep.provenance.seed}.{written(folder)}",
    )
