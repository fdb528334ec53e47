"""Charts that answer the mouse: what matplotlib drew, handed to plotly.js with values to read.

There is one drawing of a chart, not two: lines, bands, bars and steps are taken from the axes with
their colours, dashes and hatches, and each gets what it says where it is pointed at.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from salessim.charts import style
from salessim.report.interactive_scale import Scale, words
from salessim.report.interactive_traces import traces

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PIXELS_PER_INCH = 75
LEGEND_ROW = 12
"""Pixels that a name in the legend takes: two of them share a row."""
FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


class Charts(NamedTuple):
    """A drawing as plotly.js takes it."""

    headline: str
    """Said of them all; empty when each speaks for itself."""
    charts: tuple[Chart, ...]


class Chart(NamedTuple):
    """Axes as plotly.js takes them."""

    title: str
    unit: str
    """What stands on the upright axis: written above the chart, where it takes no width."""
    spec: dict[str, Any]
    """``data`` and ``layout``: what JSON can hold."""


def charts(drawn: Axes | Figure) -> Charts:
    """Return a chart for each axes of a drawing; none where something in it is not known here.

    Parameters
    ----------
    drawn : Axes or Figure
        Of lines, bands between two lines, bars, steps and error bars; a map stays a picture. What
        is written on it is left out, as pointing at it tells more.
    """
    from matplotlib.axes import Axes

    figure = style.figure_of(drawn) if isinstance(drawn, Axes) else drawn
    whole = all(map(_is_known, figure.axes))
    return Charts(words(figure.get_suptitle()), tuple(map(_chart, figure.axes)) if whole else ())


def _is_known(ax: Axes) -> bool:
    from matplotlib.collections import PolyCollection
    from matplotlib.container import ErrorbarContainer

    errors = {end for one in ax.containers if isinstance(one, ErrorbarContainer)
              for end in one.lines[2]}  # fmt: skip
    bands = [area for area in ax.collections if area not in errors]
    return (
        ax.axison
        and ax.has_data()
        and not ax.images
        and all(isinstance(area, PolyCollection) and len(area.get_paths()) == 1 for area in bands)
    )


def _chart(ax: Axes) -> Chart:
    x, y = Scale(ax.xaxis, ax.get_xlim()), Scale(ax.yaxis, ax.get_ylim())
    data = [trace for trace in traces(ax, x, y) if trace]
    named = sum(bool(trace["showlegend"]) for trace in data)
    layout = {
        "xaxis": {
            **x.layout(),
            "title": {"text": escape(x.words, quote=False), "font": {"size": 13}},
        },
        "yaxis": y.layout(),
        "height": round(PIXELS_PER_INCH * _inches(ax)) + LEGEND_ROW * named,
        "barmode": "overlay",
        "hovermode": x.hover or (y.hover and "y unified") or "closest",
        "hoverlabel": {"namelength": -1},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        "margin": {"l": 10, "r": 10, "t": 30, "b": 10},
        "font": {"family": FONT, "size": 13},
        "plot_bgcolor": "white",
    }
    return Chart(words(ax.get_title(loc="left")), y.words, {"data": data, "layout": layout})


def _inches(ax: Axes) -> float:
    """Return the height that axes have of their figure."""
    whole = float(style.figure_of(ax).get_figheight())
    spec = ax.get_subplotspec()
    if spec is None:
        return whole * ax.get_position().height
    heights: Any = spec.get_gridspec().get_height_ratios()
    return whole * float(heights[spec.rowspan.start] / sum(heights))
