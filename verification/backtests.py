"""`python -m verification.backtests DATA`: back-tests on public records with known outcomes.

DATA is a folder with the data sets named in `verification.histories`; what is absent is left out.
Everything is fitted anew at each origin to what was known then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from verification import histories

if TYPE_CHECKING:
    from salessim.fit.backtest import Backtest
    from salessim.fit.backtest.result import Verdict
    from salessim.fit.history import History


@dataclass(frozen=True, kw_only=True)
class Case:
    """A back-test of one data set.

    Attributes
    ----------
    name : str
        Of the data set, and its folder.
    read : callable
        From the folder of all data sets.
    origins, horizon, period : str
        As `salessim.fit.backtest.backtest` takes them.
    until : date or None
        What came later is not told whole, and not compared with.
    parts : tuple of str
        What is shown of each measure.
    """

    name: str
    read: Callable[[Path], History]
    origins: str
    horizon: str
    period: str = "month"
    until: date | None = None
    parts: tuple[str, ...] = ("all", "open_deals", "new_deals")


CASES = {
    "leadforge": Case(
        name="leadforge_world_a",
        read=histories.leadforge,
        origins="monthly",
        horizon="3 months",
        until=date(2024, 6, 30),  # no lead is told of after it
    ),
    "leadforge-cutoff": Case(
        name="leadforge_world_a",
        read=histories.leadforge,
        origins="2023-06-30",
        horizon="3 months",
        until=date(2024, 6, 30),
    ),
    "leadforge-year": Case(
        name="leadforge_world_a",
        read=histories.leadforge,
        origins="2023-06-30",
        horizon="12 months",
        until=date(2024, 6, 30),
    ),
    "maven": Case(
        name="maven_crm_opportunities",
        read=histories.maven,
        origins="2017-06-30,2017-07-31,2017-08-31,2017-09-30",
        horizon="3 months",
    ),
    "bpic": Case(
        name="bpic2012_loan_pipeline",
        read=histories.bpic,
        origins="2011-12-15,2011-12-31,2012-01-31",
        horizon="4 weeks",
        period="week",
        until=date(2012, 2, 29),  # no application is told of after it
    ),
    "olist": Case(
        name="olist_marketing_funnel",
        read=histories.olist,
        origins="2018-05-31",
        horizon="167 days",
        period="167 days",
        parts=("open_deals",),  # no lead is told of after the origin
    ),
}


@click.command()
@click.argument("data", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--only", type=click.Choice(list(CASES)), multiple=True, help="Of these alone.")
@click.option("-n", "--trajectories", default=1_000, show_default=True, help="Of each origin.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder of the pages."
)
def main(data: Path, only: tuple[str, ...], trajectories: int, out: Path | None) -> None:
    """Print the table of figures, and write a page for each data set."""
    from salessim.report.backtest import save_backtest

    found: list[tuple[Case, Backtest]] = []
    for key in only or CASES:
        case = CASES[key]
        if not (data / case.name).is_dir():
            click.echo(f"{key}: {case.name} is not there")
            continue
        found.append((case, run(case, data, trajectories)))
        click.echo(f"\n{key}: {found[-1][1].horizon} from {case.origins}")
        for line in table(*found[-1]):
            click.echo(line)
        if out is not None:
            save_backtest(found[-1][1], out / key)
    for line in pooled_coverage(found):
        click.echo(line)


def run(case: Case, data: Path, trajectories: int) -> Backtest:
    """Look back on one data set."""
    from salessim.fit.backtest import backtest
    from salessim.fit.known import known_on

    history = case.read(data)
    if case.until is not None:
        history = known_on(history, case.until)
    return backtest(
        history,
        origins=case.origins,
        horizon=case.horizon,
        period=case.period,
        trajectories=trajectories,
        seed=1,
    )


HEADER = ("of", "came true", "missed", "bias", "50%", "80%", "95%", "skill", "against")


def table(case: Case, found: Backtest) -> Iterator[str]:
    """Yield the lines of a table: whole horizons, then periods, then each origin's total."""
    yield _line(HEADER)
    for one in found.verdicts:
        if one.target.part in case.parts:
            yield _line(_cells(found, one))
    for look in found.looks:
        for target, actual in look.actual.items():
            if target.part not in case.parts:
                continue
            (row,) = (
                row
                for row in look.rows
                if row["by"] == "salessim"
                and (row["measure"], row["part"], row["period"]) == (*target, 0)
            )
            off = f"{100 * row['error'] / actual.sum():+.1f}%" if actual.sum() else "-"
            yield (
                f"  {look.window.origin} {target.measure} {target.part}: {actual.sum():,.0f} came "
                f"true, median {row['median']:,.0f} ({off}), at quantile {row['pit']:.2f}"
            )


def _cells(found: Backtest, one: Verdict) -> Sequence[str]:
    skill, errors = one.skill, one.errors
    span = "horizon" if one.total else "periods"
    return (
        f"{one.target.measure} {one.target.part}, {span}",
        f"{found.mean_actual(one):,.0f}",
        "-" if errors.relative is None else f"{100 * errors.relative:.1f}%",
        "-" if errors.bias is None else f"{100 * errors.bias:+.1f}%",
        *(f"{100 * level.held:.0f}%" for level in one.coverages),
        "-"
        if skill.value is None
        else f"{skill.value:.2f}"
        + (f" ({skill.interval[0]:.2f} to {skill.interval[1]:.2f})" if skill.interval else ""),
        skill.rule or "-",
    )


def _line(cells: Sequence[str]) -> str:
    return (
        f"  {cells[0]:30}{cells[1]:>13}"
        + "".join(f"{cell:>8}" for cell in cells[2:7])
        + (f"  {cells[7]:22}{cells[8]}")
    )


def pooled_coverage(found: Sequence[tuple[Case, Backtest]]) -> Iterator[str]:
    """Yield what the 80% intervals of all data sets held together, each once."""
    from salessim.fit.backtest.evaluation import pooled

    first = {case.name: one for case, one in reversed(found)}
    for total in (True, False):
        levels = [
            verdict.coverages[1]
            for one in first.values()
            for verdict in one.verdicts
            if verdict.total == total and verdict.target == ("wins", "all")
        ]
        if levels:
            all_of = pooled(levels)
            yield (
                f"80% intervals of wins, {'horizons' if total else 'periods'} of "
                f"{len(levels)} data sets pooled: held {100 * all_of.held:.0f}% "
                f"({100 * all_of.interval[0]:.0f}% to {100 * all_of.interval[1]:.0f}%, "
                f"{all_of.apart} windows apart)"
            )


if __name__ == "__main__":
    main()
