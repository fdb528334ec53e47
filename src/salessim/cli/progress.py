"""What commands that simulate say on stderr while they do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from salessim._typing import Progress


def say_compiling() -> None:
    """Say why the first run is slow, before it is."""
    from salessim.engine import is_compiled

    if not is_compiled():
        click.echo("compiling machine code: once, for some tens of seconds ...", err=True)


@contextlib.contextmanager
def progress_bar(*, shown: bool, what: str = "trajectories") -> Iterator[Progress | None]:
    """Show a bar with the time left on stderr, when that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, transient=True) as bars:
        bar = bars.add_task("simulate", total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
