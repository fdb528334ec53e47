"""`python -m verification`: the long statistical suite."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from verification import report
from verification.budget import Budget
from verification.suite import CHECKS, run


@click.command()
@click.option("--quick", is_flag=True, help="A tenth of the trajectories: minutes, not tens of.")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("out/verification"),
    show_default=True,
    help="Folder of the report.",
)
@click.option(
    "--only",
    type=click.Choice(list(CHECKS)),
    multiple=True,
    help="Run this check only; may be repeated.",
)
def main(*, quick: bool, out: Path, only: tuple[str, ...]) -> None:
    """Compare salessim with exact answers and other simulators; exit code 1 when it differs."""
    missing = [name for name in ("simpy", "ciw") if find_spec(name) is None]
    if missing:
        raise click.ClickException(
            f"{' and '.join(missing)} not installed: pip install -e '.[verification]'"
        )
    out.mkdir(parents=True, exist_ok=True)
    budget = Budget(quick=quick, folder=out)
    chapters = []
    for title in only or CHECKS:
        chapters.append(run(title, budget))
        for finding in chapters[-1].findings:
            click.echo(report.line(title, finding))
        for note in chapters[-1].notes:
            click.echo(f"{'note':<10} {title}: {note.text}")
    click.echo(report.summary(chapters))
    click.echo(f"Report: {report.write(out, chapters, quick=quick)}")
    sys.exit(not all(chapter.passed for chapter in chapters))


if __name__ == "__main__":
    main()
