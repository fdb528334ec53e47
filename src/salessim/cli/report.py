"""`salessim report`."""

from __future__ import annotations

from pathlib import Path

import click

from salessim.cli.options import out_option, quiet_option
from salessim.readable import file_size


@click.command()
@click.argument("run", type=click.Path(path_type=Path), metavar="RUN")
@click.option("--html", "formats", flag_value="html", multiple=True, help="A page: report.html.")
@click.option(
    "--xlsx", "formats", flag_value="xlsx", multiple=True, help="A workbook: forecast.xlsx."
)
@click.option(
    "--interactive",
    "formats",
    flag_value="interactive",
    multiple=True,
    help="The page with charts that answer the mouse: interactive.html.",
)
@click.option("--pdf", "formats", flag_value="pdf", multiple=True, help="A4: report.pdf.")
@click.option(
    "--add",
    "studies",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Show a study of the same plan too: a folder that compare, sensitivity or goal -o wrote. "
    "May be given several times.",
)
@out_option("The folder to write to. Default: the run directory.")
@click.option("--force", is_flag=True, help="Replace documents that are there already.")
@quiet_option
def command(
    run: Path,
    *,
    formats: tuple[str, ...],
    studies: tuple[Path, ...],
    out: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Write documents of RUN, a run directory: what finance opens, sends on and prints."""
    from salessim.api.finished import load_run
    from salessim.report.documents import USUAL, chosen, write_documents

    writers = chosen(formats or USUAL)
    shown = load_run(run).with_added(*studies)
    written = write_documents(shown, out or run, writers, overwrite=force)
    if not quiet:
        for path in written:
            click.echo(f"Written: {path} ({file_size(path.stat().st_size)})")
