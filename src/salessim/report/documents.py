"""The documents that a finished run can be turned into, by the name of their format."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.api.run_directory import cannot_write
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
    from salessim.report.workbook.write import workbook

    path.write_bytes(workbook(run))


def _pdf(run: Run, path: Path) -> None:
    from salessim.report.pdf import write_pdf

    write_pdf(run, path)


DOCUMENTS: Mapping[str, Document] = {
    "html": Document(file="report.html", write=_html),
    "interactive": Document(
        file="interactive.html", write=_interactive, needs="plotly", extra="interactive"
    ),
    "xlsx": Document(file="forecast.xlsx", write=_xlsx),
    "pdf": Document(file="report.pdf", write=_pdf, needs="fpdf", extra="pdf"),
}


USUAL = ("html", "xlsx")
"""What `salessim report` writes when it is not told what."""


def save_report(
    run: Run,
    path: str | Path,
    *,
    formats: Sequence[str] = USUAL,
    overwrite: bool = False,
) -> list[Path]:
    """Write documents of a finished run into a folder.

    Parameters
    ----------
    run : Run
        From `load_run`, or `Run.of`.
    path : str or Path
        The folder; made when it is not there.
    formats : sequence of str
        ``html`` (a page: ``report.html``), ``xlsx`` (a workbook: ``forecast.xlsx``), ....
    overwrite : bool
        Whether documents that are there already are replaced.

    Returns
    -------
    list of Path
        The documents.

    Raises
    ------
    SalessimError
        A document is there already, a library is not installed that one needs, or something
        cannot be written.
    ValueError
        There is no format of such a name; the message names those there are.
    """
    for name in formats:
        if name not in DOCUMENTS:
            raise ValueError(f"no format {name!r}; there are {', '.join(DOCUMENTS)}")
    return write_documents(run, Path(path), chosen(formats), overwrite=overwrite)


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
    now = folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for now, write in paths.items():
            part = now.with_name(f".{now.name}.part")
            part.unlink(missing_ok=True)
            try:
                write(run, part)
                part.replace(now)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(now, error) from error
    return list(paths)
