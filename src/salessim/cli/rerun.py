"""`salessim rerun`."""

from __future__ import annotations

from pathlib import Path

import click

from salessim.cli.main import FAILED_CHECK
from salessim.cli.options import no_progress_option, threads_option
from salessim.cli.progress import progress_bar, say_compiling


@click.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@threads_option
@click.option("-q", "--quiet", is_flag=True, help="Print errors only; the exit code answers.")
@no_progress_option
@click.pass_context
def command(
    ctx: click.Context, run: Path, *, threads: int | None, quiet: bool, no_progress: bool
) -> None:
    """Repeat RUN, a run directory, and say whether the bits agree; exit code 3 when not."""
    from salessim.api.repeat import rerun

    if not quiet:
        say_compiling()
    with progress_bar(shown=not (quiet or no_progress)) as progress:
        again = rerun(run, threads=threads, progress=progress)
    if not quiet:
        for sentence in again.sentences():
            click.echo(sentence)
    if not again.agrees:
        ctx.exit(FAILED_CHECK)
