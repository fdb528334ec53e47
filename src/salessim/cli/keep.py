"""What commands of several runs leave: a folder when asked for one, a document, a last line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from salessim.cli.interruptions import Interruptions
from salessim.cli.options import Study

if TYPE_CHECKING:
    from rich.console import Console

Result = TypeVar("Result")


def kept(
    wanted: Study,
    make: Callable[[], Result],
    write: Callable[[Result, Path], None],
    *,
    is_partial: Callable[[Result], bool] = lambda _: False,
) -> tuple[Result, Path | None]:
    """Make a result and write its folder, which is refused before anything is made.

    Return it with the folder, ``DIR.partial`` of a result that is one; None without ``-o``.
    """
    from salessim.api.run_directory import RunDirectory

    with Interruptions() as interruptions:
        if wanted.out is None:
            return make(), None
        with RunDirectory(wanted.out) as directory:
            result = make()
            interruptions.writing()
            write(result, directory.work)
            return result, directory.publish(partial=is_partial(result))


def tell(
    wanted: Study,
    summary: Callable[[], Mapping[str, Any]],
    render: Callable[[Console], None],
    *,
    last: str,
) -> None:
    """Print the document when asked for it, and what people read: ``last`` is the last line."""
    from salessim.cli import render as rendering

    if wanted.as_json:
        click.echo(json.dumps(summary(), allow_nan=False))
    if wanted.quiet:
        return
    console = rendering.console(stderr=wanted.as_json)
    render(console)
    rendering.text(console, last)


def written(folder: Path | None, *, without: Iterable[str] = (), rest: str = "") -> str:
    """Say what is in a folder, files of some endings left out; nothing when there is none."""
    if folder is None:
        return ""
    names = sorted(file.name for file in folder.iterdir() if file.suffix not in set(without))
    return f" Written to {folder}: {', '.join(names)}{rest}."
