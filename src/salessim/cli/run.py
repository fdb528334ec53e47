"""`salessim run`."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salessim.cli.interruptions import Interruptions
from salessim.cli.keep import tell, written
from salessim.cli.main import INTERRUPTED, RECORDED
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
from salessim.errors import SalessimError

if TYPE_CHECKING:
    from rich.console import Console

    from salessim._typing import Progress
    from salessim.config import Plan
    from salessim.forecast import Forecast, Goals

GAP_TRAJECTORIES = 1_000
"""Of each run of a search with every lever, at most: there are a hundred of them."""


@dataclass(frozen=True, kw_only=True)
class Wanted(Study):
    """What the options of `run` ask for."""

    seed: int
    out: Path
    until_error: float | None
    of: str
    formats: tuple[str, ...]
    just_enough: bool
    fill_gap: bool


def _formats(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    del ctx, parameter
    from salessim.api.run_directory import FORMATS
    from salessim.report.documents import DOCUMENTS

    names = tuple(name.strip() for name in value.split(","))
    known = (*FORMATS, *DOCUMENTS)
    for name in names:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}")
    return names


@click.command()
@plan_argument
@trajectories_option
@seed_option
@set_option
@click.option(
    "--until-error",
    type=Share(),
    help="Go on until the error of a mean is this small, such as 1%; -n is then the most.",
)
@click.option(
    "--of",
    default="bookings.total",
    metavar="NUMBER",
    show_default=True,
    help="What --until-error looks at: wins.total, bookings.2027Q2, ...",
)
@click.option("--scenario", metavar="NAME", help="Run the plan as this scenario changes it.")
@out_option("The run directory; must not exist. Default: out/<name>-<time>.")
@threads_option
@click.option(
    "--format",
    "formats",
    default="csv,parquet,svg",
    metavar="LIST",
    callback=_formats,
    show_default=True,
    help="What to write: csv (the summary), parquet (every trajectory), charts as svg and png, "
    "and documents as `report` writes them: html, xlsx.",
)
@click.option(
    "--just-enough",
    is_flag=True,
    help="Find how many external leads are just enough to book what the verdict needs.",
)
@click.option(
    "--fill-gap",
    is_flag=True,
    help="Find which lever reaches each target that is more likely missed than hit.",
)
@json_option
@quiet_option
@no_progress_option
@click.option("--dry-run", is_flag=True, help="Say what would be done; do nothing.")
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    plan: str,
    *,
    trajectories: int | None,
    seed: int | None,
    changes: tuple[str, ...],
    until_error: float | None,
    of: str,
    scenario: str | None,
    out: Path | None,
    threads: int | None,
    formats: tuple[str, ...],
    just_enough: bool,
    fill_gap: bool,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
    dry_run: bool,
) -> None:
    """Simulate PLAN: bookings by period, with and without external leads, and the verdict."""
    from salessim import api
    from salessim.api.run_directory import default_directory

    loaded = api.load_plan(plan, changes=changes)
    if scenario is not None:
        loaded = loaded.scenario(scenario)
    wanted = Wanted(
        trajectories=trajectories,
        seed=api.chosen_seed(loaded, seed),
        until_error=until_error,
        of=of,
        threads=threads,
        formats=formats,
        just_enough=just_enough,
        fill_gap=fill_gap,
        out=out or default_directory(loaded),
        as_json=as_json,
        quiet=quiet,
        progress=not (quiet or no_progress),
    )
    if dry_run:
        _dry_run(loaded, wanted)
        return
    forecast, goals, folder = _simulate(loaded, wanted, ctx.meta[RECORDED])
    try:
        _report(forecast, goals or (), folder, wanted)
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader has seen enough
            raise
        raise SalessimError(
            f"stdout cannot be written: {error.strerror or error}; the run is whole in {folder}"
        ) from error
    if goals is None:
        ctx.exit(INTERRUPTED)
    if forecast.interrupted:
        click.echo(
            f"interrupted: {forecast.trajectories:,} of {forecast.provenance.requested:,} "
            f"trajectories are finished and kept in {folder}",
            err=True,
        )
        ctx.exit(INTERRUPTED)


def _simulate(
    plan: Plan, wanted: Wanted, typed: Sequence[str]
) -> tuple[Forecast, tuple[Goals, ...] | None, Path]:
    """Simulate and write the run directory, which is refused before anything is simulated."""
    from salessim import api
    from salessim.api.goals import check_searches
    from salessim.api.run_directory import RunDirectory, write_run
    from salessim.report.documents import DOCUMENTS, chosen

    documents = chosen([name for name in wanted.formats if name in DOCUMENTS])
    with Interruptions() as interruptions, RunDirectory(wanted.out) as directory:
        notes = api.validate(plan)
        check_searches(plan, just_enough=wanted.just_enough, fill_gap=wanted.fill_gap)
        if not wanted.quiet:
            for note in notes:
                click.echo(f"note: {note}", err=True)
            say_compiling()
        with progress_bar(shown=wanted.progress) as progress:
            forecast = api.simulate(
                plan,
                trajectories=wanted.trajectories,
                seed=wanted.seed,
                threads=wanted.threads,
                progress=progress,
                until_error=wanted.until_error,
                of=wanted.of,
            )
            goals = _goals(plan, forecast, wanted, progress)
        interruptions.writing()
        if forecast.interrupted and not wanted.quiet:
            click.echo("interrupted: writing what is finished ...", err=True)
        write_run(
            plan,
            forecast,
            directory.work,
            formats=wanted.formats,
            command=typed,
            goals=goals or (),
            documents=documents,
        )
        return forecast, goals, directory.publish(partial=forecast.interrupted)


def _goals(
    plan: Plan, forecast: Forecast, wanted: Wanted, progress: Progress | None
) -> tuple[Goals, ...] | None:
    """Search for what was asked for beside the forecast, on its random numbers; None when stopped.

    What is stopped is the search: the forecast is kept.
    """
    from salessim import api

    ask: dict[str, Any] = {"seed": wanted.seed, "threads": wanted.threads, "progress": progress}
    found: list[Goals] = []
    try:
        if wanted.just_enough and not forecast.interrupted:
            found.append(api.just_enough(plan, trajectories=forecast.trajectories, **ask))
        if wanted.fill_gap and not forecast.interrupted:
            few = min(forecast.trajectories, GAP_TRAJECTORIES)
            found += api.fill_gap(plan, trajectories=few, **ask)
    except KeyboardInterrupt:
        click.echo("interrupted: the search is given up, the forecast is kept", err=True)
        return None
    return tuple(found)


def _report(forecast: Forecast, goals: Sequence[Goals], folder: Path, wanted: Wanted) -> None:
    from salessim.cli import render, render_goals

    def shown(console: Console) -> None:
        # what is searched for takes the place of the estimate
        render.forecast(console, forecast, leads=not (wanted.just_enough and goals))
        for one in goals:
            render_goals.goals(console, one, title=forecast.labels.title)

    tell(
        wanted,
        lambda: {**forecast.summary(), "goals": [one.summary() for one in goals]},
        shown,
        last=f"Seed {forecast.provenance.seed}.{written(folder)}",
    )


def _dry_run(plan: Plan, wanted: Wanted) -> None:
    """Lower the plan, so that all that can be refused is, and say what a run would do."""
    from salessim import api
    from salessim.readable import rounded, trajectories

    count = wanted.trajectories or plan.trajectories
    entries = api.explain(plan).facts.stage_entries
    if wanted.until_error is None:
        much = f"{trajectories(count)} with seed {wanted.seed}"
        work = f"about {rounded(count * entries)} stage entries in all"
    else:
        asked = f"the error of {wanted.of} is at most {100 * wanted.until_error:.3g}%"
        much = f"with seed {wanted.seed} until {asked}"
        work = f"about {rounded(entries)} stage entries a trajectory"
    if not wanted.quiet:
        for note in plan.notes:
            click.echo(f"note: {note}", err=True)
        click.echo(
            f"{plan.path}: would simulate {much}, {work}, and write {wanted.out}",
            err=wanted.as_json,
        )
