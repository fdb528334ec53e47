"""`salessim backtest`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from salessim.cli.fit import Day, Days, map_option, stages_option
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
    from salessim.fit.backtest import Backtest
    from salessim.fit.history import History


@dataclass(frozen=True, kw_only=True)
class Wanted(Study):
    """What the options of `backtest` ask for."""

    origins: str
    horizon: str | None
    past: str
    refit: bool
    half_life: float | None
    jobs: int
    trajectories: int


@click.command()
@plan_argument
@click.argument("history", metavar="[HISTORY ...]", nargs=-1)
@click.option(
    "--origins",
    default="monthly",
    metavar="N|DATES|monthly",
    show_default=True,
    help="The days at whose end to forecast: so many months' ends, or days with commas.",
)
@click.option(
    "--horizon",
    metavar="SPAN",
    help='How far each forecast reaches, such as "3 months"; the plan\'s horizon by default.',
)
@click.option(
    "--past",
    default="12 months",
    metavar="SPAN",
    show_default=True,
    help="Records before the first origin; days that are named need none of it.",
)
@click.option(
    "--refit/--no-refit",
    default=True,
    show_default=True,
    help="Fit anew at each origin to what was known then, or take the plan's own laws.",
)
@click.option(
    "--as-of",
    type=Day(),
    metavar="DATE",
    help="The records tell everything up to the end of this day; the plan's by default, of files "
    "named here that of their last event.",
)
@map_option
@stages_option
@click.option(
    "--half-life",
    type=Days(),
    metavar="TIME",
    help='In each fit, after so long a visit counts half: "365 days"; the plan\'s by default.',
)
@click.option(
    "--jobs",
    type=Whole(1),
    default=1,
    show_default=True,
    help="Origins looked at side by side, each in a process of its own.",
)
@click.option(
    "-n",
    "--trajectories",
    type=Whole(2, 2**31 - 1),
    default=1_000,
    show_default=True,
    help="Possible futures to simulate from each origin.",
)
@seed_option
@set_option
@out_option("Write page, scores and pictures into this folder; must not exist.")
@threads_option
@json_option
@quiet_option
@no_progress_option
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    plan: str,
    history: tuple[str, ...],
    *,
    origins: str,
    horizon: str | None,
    past: str,
    refit: bool,
    as_of: date | None,
    columns: dict[str, str],
    stages: list[str] | None,
    half_life: float | None,
    jobs: int,
    trajectories: int,
    seed: int | None,
    changes: tuple[str, ...],
    out: Path | None,
    threads: int | None,
    as_json: bool,
    quiet: bool,
    no_progress: bool,
) -> None:
    """Say how good forecasts from days in the past would have been, beside naive rules.

    PLAN says the periods and, with --no-refit, the laws; HISTORY is what `salessim fit` reads. A
    plan that it wrote says in [records] which files these are and how to read them: what is said
    here wins.
    """
    from salessim import api
    from salessim.fit.reading import read_history

    loaded = api.load_plan(plan, changes=changes)
    records = read_history(history, columns=columns, stages=stages, as_of=as_of, plan=loaded)
    wanted = Wanted(
        origins=origins,
        horizon=horizon,
        past=past,
        refit=refit,
        half_life=half_life,
        jobs=jobs,
        trajectories=trajectories,
        seed=seed,
        threads=threads,
        out=out,
        as_json=as_json,
        quiet=quiet,
        progress=not (quiet or no_progress),
    )
    found, folder = _look_back(loaded, records, wanted, ctx.meta[RECORDED])
    _report(found, folder, wanted, said=_of_plan(loaded, records, wanted))


def _look_back(
    plan: Plan, history: History, wanted: Wanted, typed: Sequence[str]
) -> tuple[Backtest, Path | None]:
    from salessim.report.backtest import write_backtest

    return kept(
        wanted,
        lambda: _forecast(plan, history, wanted),
        lambda found, folder: write_backtest(found, folder, plan=plan, command=typed),
    )


def _forecast(plan: Plan, history: History, wanted: Wanted) -> Backtest:
    from salessim.fit.backtest import backtest

    if not wanted.quiet:
        say_compiling()
    with progress_bar(shown=wanted.progress, what="origins") as progress, _pool(wanted) as pool:
        return backtest(
            history,
            plan,
            origins=wanted.origins,
            horizon=wanted.horizon,
            past=wanted.past,
            refit=wanted.refit,
            half_life=wanted.half_life,
            trajectories=wanted.trajectories,
            seed=wanted.seed,
            threads=wanted.threads,
            executor=pool,
            progress=progress,
        )


def _pool(wanted: Wanted) -> AbstractContextManager[Executor | None]:
    if wanted.jobs == 1:
        return nullcontext()
    from multiprocessing import get_context

    # a fork of a process with threads may hang
    return ProcessPoolExecutor(wanted.jobs, mp_context=get_context("spawn"))


def _of_plan(plan: Plan, records: History, wanted: Wanted) -> str:
    """Say which keys of the plan's records were used; empty when none was."""
    keys = [] if records.told is None else [*records.told.places]
    if wanted.refit and wanted.half_life is None and plan.records and plan.records.half_life:
        keys.append("half_life")
    return f" Read as {plan.path.name} says: {', '.join(keys)}." if keys else ""


def _report(found: Backtest, folder: Path | None, wanted: Wanted, *, said: str) -> None:
    from salessim.cli import render_backtest

    many = f"{found.trajectories:,} trajectories an origin, seed {found.seed}."
    tell(
        wanted,
        found.summary,
        lambda console: render_backtest.backtest(console, found),
        last=f"{many}{said}{written(folder)}",
    )
