"""A page that stands alone: text, tables and pictures in one file, nothing loaded from outside.

How to make one::

    page = Page(
        title="What was measured",
        subtitle="As of 30 June 2027",
        warnings=("Nothing was sold for 40 days.",),
        sections=(
            Section(
                title="Stages",
                text=("Empirical against fitted.",),
                figures=(Figure(drawn=ax, caption="Offer: how visits end"),),
                tables=(Table.of(frame, caption="What was read"),),
            ),
        ),
    )
    save_page(page, Path("page.html"))

All text is plain text: what people called their stages is shown as it is, never as HTML.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim._version import __version__
from salessim.readable import brief
from salessim.report.new_file import write_new

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing


MOST_PRINTED = 40
"""Rows of a folded table that are printed: more of them are looked up, not read."""
SHORT = 28
"""Letters of a cell that is never broken into lines."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A picture within a page."""

    drawn: Axes | Drawing | tuple[Axes, ...]
    """Several, each on a figure of its own, stand side by side where the page has room."""
    caption: str
    """Said below it, and after its titles to who cannot see it."""

    @property
    def panels(self) -> tuple[Axes | Drawing, ...]:
        """What stands side by side; most pictures are one."""
        return self.drawn if isinstance(self.drawn, tuple) else (self.drawn,)

    @property
    def headline(self) -> str:
        """The titles of what a phone cannot show whole, to be read above it; "" of the rest."""
        from salessim.charts import style
        from salessim.report.inline import titles

        wide = (each for each in self.panels if style.is_wide(each))
        return ". ".join(filter(None, map(titles, wide)))

    def said(self) -> str:
        """Say the picture to who cannot see it: the titles in it, then the caption."""
        from salessim.report.inline import titles

        return ". ".join(filter(None, (*map(titles, self.panels), self.caption)))


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows of text; columns of numbers stand on the right."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[bool, ...]
    """Of each column, whether it holds numbers."""
    caption: str = ""
    folded: bool = False
    """Whether it is shown only when its caption is opened, and in print unless it is long."""

    @classmethod
    def of(cls, frame: pd.DataFrame, *, caption: str = "", folded: bool = False) -> Table:
        """Return a frame's columns as text; numbers to four digits, what is missing stays empty.

        Columns are named as in the frame: rename it to name units.
        """
        kinds = [frame[name].dtype.kind for name in frame.columns]
        return cls(
            columns=tuple(map(str, frame.columns)),
            rows=tuple(tuple(map(_cell, row)) for row in frame.itertuples(index=False, name=None)),
            numbers=tuple(kind in "iuf" for kind in kinds),
            caption=caption,
            folded=folded,
        )

    def cut(self, most: int) -> Table:
        """Return the first rows, with how many are left out said in the caption."""
        left = len(self.rows) - most
        if left <= 0:
            return self
        caption = f"{self.caption} {left:,} more rows are not shown.".strip()
        return replace(self, rows=self.rows[:most], caption=caption)


@dataclass(frozen=True, kw_only=True)
class Card:
    """A key figure: what it is, the figure itself, and what must be known of it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page with a heading of its own."""

    title: str
    text: Sequence[str] = ()
    """Paragraphs."""
    points: Sequence[str] = ()
    """A list below the paragraphs."""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    """Below the figures."""
    folded: bool = False
    """Whether it is shown only when its heading is opened; in print it is, after all others."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole page."""

    title: str
    subtitle: str = ""
    answer: Sequence[str] = ()
    """What the whole page says, in a sentence or two."""
    cards: Sequence[Card] = ()
    warnings: Sequence[str] = ()
    """What must be read before anything else, in sentences."""
    sections: Sequence[Section] = ()


def render(page: Page, *, interactive: bool = False) -> str:
    """Return a page as HTML; the same page gives the same text.

    Parameters
    ----------
    page : Page
    interactive : bool
        Whether charts answer the mouse: plotly.js is then part of the page, and what is printed,
        or shown where scripts are not run, are the pictures as in any page.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    from salessim.report.inline import inline_svg

    environment = Environment(
        loader=PackageLoader("salessim.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = count()

    def picture(panel: Axes | Drawing) -> Markup:
        return Markup(inline_svg(panel, name=f"f{next(numbers)}"))  # noqa: S704  # matplotlib's

    template = environment.get_template("page.html.j2")
    about = {"page": page, "version": __version__, "most_printed": MOST_PRINTED, "shortest": SHORT}
    live = _lively() if interactive else {}
    return template.render(**about, **live, picture=picture)


def _lively() -> dict[str, Any]:
    """Return what a template needs for charts that answer the mouse."""
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    from salessim.report.interactive import Chart, Charts, charts

    def as_json(chart: Chart) -> Markup:
        # a script ends with its end tag, which no name may hold
        return Markup(json.dumps(chart.spec).replace("<", r"\u003c"))  # noqa: S704

    def lively(each: Figure) -> Charts:
        parts = [charts(panel) for panel in each.panels]
        # a headline stands above the axes of one figure
        return Charts(parts[0].headline, tuple(chart for part in parts for chart in part.charts))

    return {"lively": lively, "as_json": as_json, "plotly": Markup(get_plotlyjs())}  # noqa: S704  # plotly's


def save_page(page: Page, path: Path, *, interactive: bool = False) -> Path:
    """Write a page; ``interactive`` as in `render`.

    Raises
    ------
    SalessimError
        The file exists, or cannot be written.
    """
    return write_new(path, lambda: render(page, interactive=interactive).encode())


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return brief(value) if math.isfinite(value) else "without bound"
    # bool is an int, but not a number to people
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)
