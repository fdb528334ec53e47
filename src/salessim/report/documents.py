"""The documents that a finished run can be turned into, by the name of their format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.errors import SalessimError

if TYPE_CHECKING:
    from salessim.api.finished import Run

Write = Callable[["Run", Path], None]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A format that a run can be written in.

    Attributes
    ----------
    file : str
        Its name in the run directory.
    write : callable
        Called with a run and a path at which nothing is.
    needs : str
        A module that is not part of every installation; empty when nothing is missing.
    extra : str
        What to install for it.
    """

    file: str
    write: Write
    needs: str = ""
    extra: str = ""


def _html(run: Run, path: Path) -> None:
    from salessim.report.run import write_html

    write_html(run, path)


def _interactive(run: Run, path: Path) -> None:
    from salessim.report.run import write_html

    write_html(run, path, interactive=True)


def _xlsx(run: Run, path: Path) -> None:
    from salessim.report.workbook import write_workbook

    write_workbook(run, path)


DOCUMENTS: Mapping[str, Document] = {
    "html": Document(file="report.html", write=_html),
    "interactive": Document(
        file="interactive.html", write=_interactive, needs="plotly", extra="interactive"
    ),
    "xlsx": Document(file="forecast.xlsx", write=_xlsx),
}


def chosen(names: Sequence[str]) -> dict[str, Write]:
    """Return what writes the formats of these names, by the name of the file.

    Raises
    ------
    SalessimError
        A library is not installed that one of them needs.
    """
    found = {name: DOCUMENTS[name] for name in dict.fromkeys(names)}
    for name, document in found.items():
        if document.needs and find_spec(document.needs) is None:
            raise SalessimError(
                f"{name}: {document.needs} is not installed; "
                f"`pip install 'salessim[{document.extra}]'` installs it"
            )
    return {document.file: document.write for document in found.values()}


def write_documents(
    run: Run, folder: Path, writers: Mapping[str, Write], *, overwrite: bool = False
) -> list[Path]:
    """Write documents of a run into a folder, which is made when it is not there.

    Each appears under its name only when it is whole.

    Raises
    ------
    SalessimError
        One of them is there already and is not to be overwritten: then nothing is written. Or
        something cannot be written.
    """
    paths = {folder / name: write for name, write in writers.items()}
    there = [path for path in paths if os.path.lexists(path)]
    if there and not overwrite:
        raise SalessimError(
            *(
                f"{path} exists and is not overwritten; --force replaces it, -o DIR writes to "
                "another folder"
                for path in there
            )
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, write in paths.items():
            part = path.with_name(f".{path.name}.part")
            part.unlink(missing_ok=True)
            try:
                write(run, part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise SalessimError(
            f"{error.filename or folder} cannot be written: {error.strerror or error}; "
            "close it where it is open, or choose another folder with -o"
        ) from error
    return list(paths)
