"""`salessim fit`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salessim.cli.main import RECORDED
from salessim.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    from salessim.fit.fit import Fitted
    from salessim.fit.groups import Groups
    from salessim.fit.on_disk import Wanted

MAPPED = "KEY=COLUMN"


class Day(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A day such as 2027-01-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day; a usage error says what was expected."""
        try:
            return datetime.strptime(str(value), "%Y-%m-%d").date()  # noqa: DTZ007 - a day
        except ValueError:
            self.fail(f'expected a day such as 2027-01-31, found "{value}"', param, ctx)


class Days(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A length of time above 0 such as ``365 days``."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return it in days; a usage error says what was expected."""
        from salessim.config.units import parse_duration

        try:
            days = parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        if days <= 0.0:
            self.fail(f'expected a duration above 0, found "{value}"', param, ctx)
        return days


def _columns(
    ctx: click.Context, parameter: click.Parameter, pairs: tuple[str, ...]
) -> dict[str, str]:
    del ctx, parameter
    columns: dict[str, str] = {}
    for pair in pairs:
        key, sign, column = pair.partition("=")
        if not (sign and key.strip() and column.strip()):
            raise click.BadParameter(f'expected {MAPPED} such as amount=Deal Size, found "{pair}"')
        columns[key.strip()] = column.strip()
    return columns


def _listed(ctx: click.Context, parameter: click.Parameter, text: str | None) -> list[str] | None:
    del ctx, parameter
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise click.BadParameter(f'expected names parted by commas, found "{text}"')
    return names


map_option = click.option(
    "--map",
    "columns",
    metavar=MAPPED,
    multiple=True,
    callback=_columns,
    help="Say which column is what, where it is not recognised; may be given several times.",
)
stages_option = click.option(
    "--stages",
    metavar="A,B,C",
    callback=_listed,
    help="Open stages in the order in which deals pass them; found in the records by default.",
)


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where results go."""

    plan: Path | None
    report: Path | None
    as_json: bool
    quiet: bool


@click.command()
@click.argument("history", metavar="HISTORY [MORE FILES]", nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    metavar="PLAN",
    help="Write the plan into this file, and its data beside it; nothing may be there yet.",
)
@click.option("--as-of", type=Day(), metavar="DATE", help="Use nothing from after this day.")
@map_option
@stages_option
@click.option(
    "--half-life",
    type=Days(),
    metavar="TIME",
    help='After so long a visit counts half: "365 days"; all count alike by default.',
)
@click.option(
    "--horizon", default="12 months", show_default=True, metavar="TIME", help="Of the plan."
)
@click.option("--currency", default="USD", show_default=True, help="What amounts are called.")
@click.option(
    "--groups",
    "by",
    metavar="KEY",
    help="Also compare deals by owner, source, segment, ...: one process or many?",
)
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="PAGE.html",
    help="Write a page with the pictures: what was observed against what was fitted.",
)
@click.option(
    "--on-disk",
    is_flag=True,
    help="Reduce one long table of stage changes, larger than memory, on disk first. Needs "
    "--stages, --map won=..., --map lost=... and the extra duckdb.",
)
@json_option
@quiet_option
@click.pass_context
def command(  # noqa: PLR0913  (one parameter per option)
    ctx: click.Context,
    history: tuple[str, ...],
    *,
    out: Path | None,
    as_of: date | None,
    columns: dict[str, str],
    stages: list[str] | None,
    half_life: float | None,
    horizon: str,
    currency: str,
    by: str | None,
    report: Path | None,
    on_disk: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a plan of what a company has: exports of its CRM, lists of orders or subscriptions.

    Measures stages, sources and customers in the files, with what is not known of them, and
    writes a plan that forecasts the time after.
    """
    from salessim.fit.fit import fit_history
    from salessim.fit.groups import compare_groups
    from salessim.fit.on_disk import Wanted
    from salessim.fit.reading import read_history
    from salessim.fit.writing import check_free

    outputs = Outputs(plan=out, report=report, as_json=as_json, quiet=quiet)
    for path in filter(None, (out, report)):
        check_free(path)
    wanted = Wanted(horizon=horizon, half_life=half_life, currency=currency)
    if on_disk:
        fitted = _on_disk(history, stages, by, columns=columns, as_of=as_of, wanted=wanted)
    else:
        # events after the day are read too: whether they are there says what the records are
        read = read_history(history, columns=columns, stages=stages)
        fitted = fit_history(read, as_of=as_of, **asdict(wanted))
    compared = {
        deals.pipeline: compare_groups(deals, by)
        for deals in fitted.history.deals
        if by is not None
    }
    if out is not None:
        fitted.save(out, command=ctx.meta[RECORDED])
    _report(fitted, outputs, compared)


def _on_disk(
    history: tuple[str, ...],
    stages: list[str] | None,
    by: str | None,
    *,
    columns: dict[str, str],
    as_of: date | None,
    wanted: Wanted,
) -> Fitted:
    from salessim.fit.on_disk import fit_on_disk

    if len(history) > 1 or stages is None or by is not None:
        raise click.UsageError(
            "--on-disk takes one file and --stages, and compares no groups: what is left of the "
            "deals does not say whose they were"
        )
    return fit_on_disk(history[0], stages=stages, columns=columns, as_of=as_of, wanted=wanted)


def _report(fitted: Fitted, outputs: Outputs, compared: Mapping[str, Groups]) -> None:
    from salessim.cli import render, render_fit
    from salessim.fit.summary import summary

    if outputs.report is not None:
        from salessim.report.fit import save_fit

        save_fit(fitted, outputs.report, groups=compared)
    if outputs.as_json:
        said = {name: found.sentence for name, found in compared.items()}
        click.echo(json.dumps({**summary(fitted), "groups": said}, allow_nan=False))
    if outputs.quiet:
        return
    console = render.console(stderr=outputs.as_json)
    render_fit.fitted(console, fitted)
    for found in compared.values():
        render_fit.groups(console, found)
    if outputs.plan is not None:
        written = fitted.files(outputs.plan.name)
        render.text(console, f"Written to {outputs.plan.parent}: {', '.join(written)}.")
        if fitted.asked_as_of is None and fitted.start.day > 1:
            render.text(
                console,
                f"Its months begin on day {fitted.start.day}, behind the last event on record; "
                "--as-of with the last day of a month makes them calendar months.",
            )
        render.text(console, "Next:")
        for verb in ("explain", "run", "backtest"):
            click.echo(f"  salessim {verb} {shlex.quote(str(outputs.plan))}", err=outputs.as_json)
    if outputs.report is not None:
        render.text(console, f"The page: {outputs.report}")
    if outputs.plan is None:
        render.text(console, "No plan is written: -o fitted.toml makes it a plan.")
