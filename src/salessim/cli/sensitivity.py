"""`salessim sensitivity`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salessim.cli.keep import kept, tell, written
from salessim.cli.main import RECORDED
from salessim.cli.options import (
    Study,
    Whole,
    json_option,
    no_progress_option,
    out_option,
    plan_argument,
    quiet_option,
    seed_option,
    set_option,
    threads_option,
)
from salessim.cli.progress import progress_bar, say_compiling

if TYPE_CHECKING:
    from salessim.config import Plan
    from salessim.forecast.sensitivity import Sensitivity


@dataclass(frozen=True, kw_only=True)
class Wanted(Study):
    """What the options of `sensitivity` ask for."""

    of: str
    trajectories: int
    worlds: int


def _power_of_two(ctx: click.Context, parameter: click.Parameter, value: int) -> int:
    del ctx, parameter
    if value.bit_count() > 1:
        below = 1 << (value.bit_length() - 1)
        raise click.BadParameter(f"expected a power of two, {below:,} or {2 * below:,}")
    return value


@click.command()
@plan_argument
@click.option(
    "--of",
    metavar="NAME",
    default="bookings.total",
    show_default=True,
    help="What is to be moved: bookings, wins or base (bookings without new external leads), a "
    "dot, and total, a year, 2027Q2, 2027-03, or window (the verdict's twelve months).",
)
@click.option(
    "-n",
    "--trajectories",
    type=Whole(2, 2**31 - 1),
    default=1024,
    show_default=True,
    help="Possible futures of each run with a lever moved, or a number held at an end.",
)
@click.option(
    "--worlds",
    type=Whole(2, 2**31 - 1),
    default=2048,
    show_default=True,
    callback=_power_of_two,
    help="Worlds in which the variance is split, where the plan has uncertain numbers or shocks.",
)
@seed_option
@set_option
@out_option("Write the numbers, the charts and the plan into this folder; must not exist.")
@threads_option
@json_option
@quiet_option
@no_progress_option
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    plan: str,
    *,
    of: str,
    trajectories: int,
    worlds: int,
    seed: int | None,
    changes: tuple[str, ...],
    out: Path | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Find what moves the result of PLAN: levers, what is not known, shocks, luck."""
    from salessim import api

    loaded = api.load_plan(plan, changes=changes)
    wanted = Wanted(
        of=of,
        trajectories=trajectories,
        worlds=worlds,
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
    found, folder = _find(loaded, wanted, ctx.meta[RECORDED])
    _report(found, folder, wanted)


def _find(plan: Plan, wanted: Wanted, typed: Sequence[str]) -> tuple[Sensitivity, Path | None]:
    from salessim.api.study import write_sensitivity

    return kept(
        wanted,
        lambda: _simulate(plan, wanted),
        lambda found, folder: write_sensitivity(plan, found, folder, command=typed),
    )


def _simulate(plan: Plan, wanted: Wanted) -> Sensitivity:
    from salessim import api

    if not wanted.quiet:
        say_compiling()
    with progress_bar(shown=wanted.progress) as progress:
        return api.sensitivity(
            plan,
            of=wanted.of,
            trajectories=wanted.trajectories,
            worlds=wanted.worlds,
            seed=wanted.seed,
            threads=wanted.threads,
            progress=progress,
        )


def _report(found: Sensitivity, folder: Path | None, wanted: Wanted) -> None:
    from salessim.cli import render_sensitivity

    tell(
        wanted,
        found.summary,
        lambda console: render_sensitivity.sensitivity(console, found),
        last=f"Seed {found.seed}.{written(folder)}",
    )
