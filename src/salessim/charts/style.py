"""The style of every chart: colours, titles, axes with units, and files of the same bytes.

How to draw a chart in this style, on given axes or on new ones::

    ax = new_axes() if ax is None else ax
    ax.plot(days, values, color=BLUE, **LINE)
    date_axis(ax, first_day, day_after_the_last)
    number_axis(ax, "USD per month")      # after drawing: "million USD per month" where it helps
    finish(ax, title="What the chart says", subtitle="Of what, and how many trajectories")
    legend(ax)                            # beside the axes, and never over the lines
    save(ax, Path("chart.svg"))

Names that people gave go through `plain_label` (a dollar sign is money, not mathematics) and
`short`. The title states the message, the subtitle says what is shown; both wrap to the width.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from salessim.readable import printable, scale

# Okabe and Ito's palette (Color Universal Design, 2008): told apart with any colour vision, and
# in grey by lightness.
BLUE = "#0072B2"
SKY = "#56B4E9"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
BLACK = "#000000"
GREY = "#666666"
"""Darker than the palette's: that one and purple look alike without green cones."""
QUIET = "#555555"
"""Of what is said beside the data: subtitles, notes."""
GRID = "#DDDDDD"

FLOW_COLOURS = {
    "entered": BLACK,
    "advanced": GREEN,
    "lost": VERMILLION,
    "no_decision": PURPLE,
    "back": SKY,
    "parked": YELLOW,
    "slipped": ORANGE,
    "stuck": GREY,
}
"""What becomes of a visit, in every chart that shows it."""
HATCHES = {"lost": "///", "no_decision": "...", "back": "\\\\\\", "slipped": "xx"}
"""A second mark beside the colour where areas lie side by side."""

LINE: dict[str, Any] = {"linewidth": 1.8}
TITLE, TEXT, SMALL = 12.0, 9.0, 8.0
"""Sizes of letters in points."""
LARGEST_PLAIN = 1_000_000
"""Numbers below it are written out on an axis."""
LONGEST_LABEL = 28
LONGEST_TITLE = 60
WIDTH, HEIGHT = 9.0, 4.8
"""Inches of a chart with one axes."""
PANEL = 5.4
"""Inches of one that stands beside another, and alone where there is no room for both."""
LARGEST_IMAGE = 60_000
"""Pixels along an edge; matplotlib refuses 2^16."""


def new_figure(*, width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Return an empty figure of so many inches, not through pyplot: no window, no global list."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(*, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """Return axes on a figure of their own, which is their ``.figure``."""
    return new_figure(width=width, height=height).add_subplot()


def new_pair(*, width: float = 1.25 * WIDTH, height: float = HEIGHT) -> tuple[Axes, Axes]:
    """Return two axes side by side on a figure of their own."""
    left, right = new_figure(width=width, height=height).subplots(1, 2)
    return left, right


def whole_figure(drawn: Axes | Figure) -> Figure:
    """Return a figure itself, or the one that axes belong to."""
    return drawn if isinstance(drawn, Figure) else figure_of(drawn)


def is_wide(drawn: Axes | Figure) -> bool:
    """Say whether a figure is wider than one of `new_panels`."""
    return float(whole_figure(drawn).get_figwidth()) > PANEL


def figure_of(ax: Axes) -> Figure:
    """Return the whole figure that axes belong to; ValueError when there is none."""
    figure = ax.get_figure(root=True)
    if figure is None:
        raise ValueError("these axes belong to no figure")
    return figure


def new_panels(count: int = 2, *, height: float = 0.9 * HEIGHT) -> tuple[Axes, ...]:
    """Return axes on narrow figures of their own, to stand side by side or one below the other."""
    return tuple(new_axes(width=PANEL, height=height) for _ in range(count))


def headline(figure: Figure, title: str) -> None:
    """Write the message of a figure with several axes above them all."""
    width = 72.0 * (float(figure.get_figwidth()) - 0.4)
    text = wrap(plain_label(title), TITLE + 1, width, weight="bold")
    figure.suptitle(text, x=0.01, ha="left", fontsize=TITLE + 1, fontweight="bold")


def finish(ax: Axes, *, title: str, subtitle: str = "") -> None:
    """Write the title (the message) and the subtitle above axes, and put away what is not data.

    Parameters
    ----------
    ax : Axes
    title, subtitle : str
        Plain text; both are wrapped to the width that the axes have in their figure.
    """
    width = _points_wide(ax)
    below = wrap(plain_label(subtitle), TEXT, width) if subtitle else ""
    above = wrap(plain_label(title), TITLE, width, weight="bold")
    pad = 6.0 + (1.25 * TEXT * (below.count("\n") + 1) + 2.0 if below else 0.0)
    ax.set_title(above, loc="left", fontsize=TITLE, fontweight="bold", pad=pad)
    if below:
        ax.annotate(
            below, (0.0, 1.0), (0.0, 5.0), xycoords="axes fraction", textcoords="offset points",
            fontsize=TEXT, color=QUIET, va="bottom", ha="left", annotation_clip=False,
        )  # fmt: skip
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="both", labelsize=TEXT)
    ax.tick_params(axis="y", length=0)


def _points_wide(ax: Axes) -> float:
    """Return the width that a title may take: the axes' share of the figure, labels aside."""
    spec = ax.get_subplotspec()
    # Constrained layout has not run yet: the position is not what it will be.
    share = 1.0 / spec.get_gridspec().ncols if spec else ax.get_position().width
    lines = (line for label in ax.get_yticklabels() for line in label.get_text().split("\n"))
    # At its left are the numbers and what they are, or names, which take more.
    beside = max(
        0.8 * 72.0, 0.35 * 72.0 + max((text_width(line, TEXT) for line in lines), default=0.0)
    )
    return 72.0 * float(figure_of(ax).get_figwidth()) * share - beside


def number_axis(
    ax: Axes, unit: str, *, which: str = "y", bottom: float | None = 0.0, largest: float = 0.0
) -> None:
    """Write numbers with separators, in millions and so on where they are large, and the unit.

    Parameters
    ----------
    ax : Axes
        With its data drawn: the largest value decides about the scale.
    unit : str
        For example ``USD per month``; what stands before it, if anything, is ``million``, ....
    which : str
        ``x`` or ``y``.
    bottom : float or None
        Where the axis begins, unless something lies below it; None = as the data are.
    largest : float
        What the axis must reach, when other axes beside it are to have the same scale.
    """
    axis = ax.yaxis if which == "y" else ax.xaxis
    low, high = ax.dataLim.intervaly if which == "y" else ax.dataLim.intervalx
    if not (np.isfinite(low) and np.isfinite(high)):
        low = high = 0.0
    if bottom is not None and low < bottom:
        bottom = None
    largest = max(largest, abs(float(low)), abs(float(high)))
    if bottom is not None:
        # Nothing at all is drawn on an axis to 1, not to a twentieth of a cent.
        top = bottom + (1.0 if largest <= bottom else 1.05 * (largest - bottom))
        ax.set_ylim(bottom, top) if which == "y" else ax.set_xlim(bottom, top)
    divisor, name = (1, "") if largest < LARGEST_PLAIN else scale(largest, digits=3)
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / divisor:,.10g}"))
    axis.set_label_text(plain_label(f"{name}{unit}"), fontsize=TEXT)


def factor_axis(ax: Axes, say: Callable[[float], str]) -> None:
    """Make the x axis logarithmic, with a mark or three for each power of ten and none between."""
    ax.set_xscale("log")
    low, high = ax.dataLim.intervalx
    decades = np.log10(high / low) if 0.0 < low < high else 1.0
    marks = (1.0, 2.0, 5.0) if decades < 3.0 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(subs=marks, numticks=12))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: say(value)))


def share_axis(ax: Axes, what: str, *, which: str = "y", largest: float = 1.0) -> None:
    """Write shares from 0 to ``largest`` as percentages, with room for a line at either end."""
    axis = ax.yaxis if which == "y" else ax.xaxis
    (ax.set_ylim if which == "y" else ax.set_xlim)(0.0, 1.03 * largest)
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g}%"))
    axis.set_label_text(plain_label(what), fontsize=TEXT)


def date_axis(ax: Axes, first: date, after: date, *, room: float = 0.0) -> None:
    """Write dates from ``first`` to ``after``, as few words as tell them apart.

    ``room`` is left on the right, as a share of the span: for marks at the end of a period.
    """
    locator = AutoDateLocator(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]
    start, end = day_numbers([first, after])
    ax.set_xlim(start, end + room * (end - start))


def day_numbers(days: Sequence[date]) -> Any:
    """Return where dates stand on a date axis, float64 of the same length."""
    return np.asarray(date2num(list(days)), dtype=np.float64)  # type: ignore[no-untyped-call]


def legend(ax: Axes, *, below: bool = False, **more: Any) -> None:
    """Say what is what, to the right of the axes (or below them); nothing when nothing has a name.

    ``more`` goes to ``Axes.legend``: handles, labels, ncols, title. On a figure too narrow for
    words at the side they stand below it.
    """
    if "handles" not in more and not ax.get_legend_handles_labels()[0]:
        return
    figure = figure_of(ax)
    look: dict[str, Any] = {"frameon": False, "fontsize": TEXT, "borderaxespad": 0}
    if not is_wide(figure):
        if "handles" not in more:
            more["handles"], more["labels"] = ax.get_legend_handles_labels()
        figure.legend(**{**look, "loc": "outside lower left", "ncols": 2, **more})
        return
    place: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
    if below:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 4}
    ax.legend(**{**look, **place, **more})


def save(drawn: Axes | Figure, path: Path) -> None:
    """Write a figure as SVG or PNG, by the path's ending: same picture, same bytes.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    _write(drawn, path, "svg" if path.suffix == ".svg" else "png")


def svg(drawn: Axes | Figure) -> str:
    """Return a figure as SVG: same picture, same text."""
    written = BytesIO()
    _write(drawn, written, "svg")
    return written.getvalue().decode()


def png(drawn: Axes | Figure, *, dpi: float) -> bytes:
    """Return a figure as PNG with so many pixels to the inch: same picture, same bytes."""
    written = BytesIO()
    _write(drawn, written, "png", dpi=dpi)
    return written.getvalue()


def _write(drawn: Axes | Figure, to: Path | BytesIO, kind: str, *, dpi: float = 150.0) -> None:
    figure = whole_figure(drawn)
    dpi = min(dpi, LARGEST_IMAGE / max(figure.get_size_inches()))
    # Text as text: small files that can be searched. Ids and dates would differ from run to run.
    with (
        mpl.rc_context({"svg.hashsalt": "salessim", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
    ):
        # A name in letters that the font lacks is drawn as boxes; the reader of a chart sees that.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(to, format=kind, dpi=dpi, metadata=metadata)


def plain_label(text: str) -> str:
    """Return text that matplotlib shows as it is: no mathematics, no hidden legend entry.

    Control characters become spaces: no SVG may hold them.
    """
    shown = printable(text).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def short(text: str, longest: int) -> str:
    """Return text cut to so many characters, and marked when it is."""
    return text if len(text) <= longest else f"{text[: longest - 3].rstrip()}..."


def short_within(text: str, longest: int) -> str:
    """Return text of at most so many characters, cut and marked within so that its end is kept."""
    end = longest // 3
    if len(text) <= longest:
        return text
    return f"{text[: longest - 3 - end].rstrip()}...{text[-end:].lstrip()}"


def text_width(text: str, size: float, *, weight: str = "normal") -> float:
    """Return the width of a line in points, as the chart's font draws it."""
    return _width(text, weight) * size / 10.0


@lru_cache(maxsize=4096)
def _width(text: str, weight: str) -> float:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        font = FontProperties(size=10.0, weight=weight)
        return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def wrap(text: str, size: float, width: float, *, weight: str = "normal", lines: int = 3) -> str:
    """Return text broken into lines of at most ``width`` points; what is too long is cut."""
    per_char = text_width(text, size, weight=weight) / max(1, len(text))
    columns = max(4, int(width / max(per_char, 1e-9)))
    while columns > 4:
        broken = textwrap.wrap(text, columns, max_lines=lines, placeholder=" ...")
        widest = max((text_width(line, size, weight=weight) for line in broken), default=0.0)
        if widest <= width:
            return "\n".join(broken)
        columns -= 1
    return "\n".join(textwrap.wrap(text, columns, max_lines=lines, placeholder="..."))
