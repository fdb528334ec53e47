"""A run on paper: what its page shows without being opened, on a few sheets of A4."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.readable import trajectories
from salessim.report.paper import GAP, TEXT, Paper
from salessim.report.run import run_page

if TYPE_CHECKING:
    from salessim.api.finished import Run
    from salessim.report.page import Page, Section, Table

MOST_ROWS = 14
"""Rows of a folded table that is printed all the same: a year of months, with room."""
FEW_WORDS = 25.0
"""Millimetres of text that do not stand alone below a heading."""
MOST_SHOWN = 40
"""Rows of any other table that are printed."""


def write_pdf(run: Run, path: Path) -> None:
    """Write a run as PDF, A4; the same run gives the same bytes.

    What is folded on the page is left out, short tables aside: the page and the workbook hold it.

    Parameters
    ----------
    run : Run
    path : Path
        What is there is overwritten.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    origin = run.forecast.provenance
    foot = (
        f"salessim {origin.version}, seed {origin.seed}, "
        f"{trajectories(run.forecast.trajectories)}, plan {run.plan_sha256[:12]}"
    )
    path.write_bytes(print_page(run_page(run), foot=foot))


def print_page(page: Page, *, foot: str) -> bytes:
    """Return a page as PDF.

    Parameters
    ----------
    page : Page
    foot : str
        Stands at the foot of each sheet.
    """
    paper = Paper(title=page.title, footer=foot)
    try:
        _all(paper, page)
        return bytes(paper.output())
    finally:
        paper.release()


def _all(paper: Paper, page: Page) -> None:
    paper.opening(page.title, page.subtitle)
    for sentence in page.answer:
        paper.text_lines(sentence, size=TEXT + 1.5)
        paper.ln(0.5 * GAP)
    paper.ln(0.5 * GAP)
    paper.cards(page.cards)
    if page.warnings:
        paper.warnings(page.warnings)
    for section in page.sections:
        _section(paper, section)


def _section(paper: Paper, section: Section) -> None:
    tables = list(_printed(section.tables))
    if section.folded or not (section.text or section.points or section.figures or tables):
        return
    paper.heading(section.title, follows=_begins(paper, section, tables))
    for paragraph in section.text:
        paper.text_lines(paragraph)
        paper.ln(0.4 * GAP)
    for point in section.points:
        paper.point(point)
    for figure in section.figures:
        paper.picture(figure)
    for table in tables:
        paper.rows(table)


def _begins(paper: Paper, section: Section, tables: Sequence[Table]) -> float:
    """Return how many mm of a section stand below its heading: lines, or a picture or table."""
    words = [*section.text, *section.points]
    said = sum(paper.height(text) for text in words)
    if section.figures and said < FEW_WORDS:
        return said + paper.figure_height(section.figures[0])
    if tables and said < FEW_WORDS:
        return said + paper.table_height(tables[0])
    return min(said, 2 * FEW_WORDS)


def _printed(tables: Sequence[Table]) -> Iterator[Table]:
    """Return the tables that are printed: of long ones the first rows, the others counted."""
    for table in tables:
        if table.folded and len(table.rows) > MOST_ROWS:
            continue
        yield table.cut(MOST_SHOWN)
