"""Charts that answer the mouse: what matplotlib drew, handed to plotly.js with values to read.

There is one drawing of a chart, not two: lines, bands, bars and steps are taken from the axes with
their colours, dashes and hatches, and each gets what it says where it is pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from salessim.charts import style
from salessim.readable import SCALES, percent, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.container import BarContainer, ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
MARKERS = {"o": "circle", "D": "diamond"}
HATCHES = "/\\x-|+."
"""Those that plotly.js has too."""
MONTH = 27.0
"""Days from which on points apart are told by their month."""
PIXELS_PER_INCH = 75
FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
LEGEND_ROW = 12
"""Pixels that a name in the legend takes: two of them share a row."""
MILLISECONDS = 86_400_000


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
    """Return a chart for each axes of a drawing; none of a picture without axes.

    Parameters
    ----------
    drawn : Axes or Figure
        Of lines, bands between two lines, bars, steps and error bars: what is written on it is
        left out, as pointing at it tells more.
    """
    from matplotlib.axes import Axes

    figure = style.figure_of(drawn) if isinstance(drawn, Axes) else drawn
    shown = (_chart(ax) for ax in figure.axes if ax.axison and ax.has_data())
    return Charts(_words(figure.get_suptitle()), tuple(shown))


def _chart(ax: Axes) -> Chart:
    x, y = _Scale(ax.xaxis, ax.get_xlim()), _Scale(ax.yaxis, ax.get_ylim())
    data = [trace for trace in _traces(ax, x, y) if trace]
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
    return Chart(_words(ax.get_title(loc="left")), y.words, {"data": data, "layout": layout})


def _inches(ax: Axes) -> float:
    """Return the height that axes have of their figure."""
    whole = float(style.figure_of(ax).get_figheight())
    spec = ax.get_subplotspec()
    if spec is None:
        return whole * ax.get_position().height
    heights: Any = spec.get_gridspec().get_height_ratios()
    return whole * float(heights[spec.rowspan.start] / sum(heights))


class _Scale:
    """An axis: where values stand on it, and how they are said."""

    def __init__(self, axis: Axis, limits: tuple[float, float]) -> None:
        from matplotlib.dates import DateLocator
        from matplotlib.ticker import FixedLocator

        self.axis, self.limits = axis, limits
        self.is_date = isinstance(axis.get_major_locator(), DateLocator)
        self.is_names = isinstance(axis.get_major_locator(), FixedLocator)
        self.is_share = axis.get_major_formatter()(0.5, 0).endswith("%")

    @property
    def hover(self) -> str:
        """Whether all that stands at one place is told together."""
        return "x unified" if self.is_date or self.is_names else ""

    def at(self, values: Any) -> list[Any]:
        """Return places as JSON takes them; what ends with a day stands at that day's end."""
        return [_day(x, ends=True) if self.is_date else _finite(x) for x in np.ravel(values)]

    def width(self, value: float) -> float:
        """Return a width in the units of places."""
        return float(value) * MILLISECONDS if self.is_date else float(value)

    def say(self, value: float) -> str:
        """Return a value as people read it."""
        return percent(value) if self.is_share else rounded(value)

    @property
    def words(self) -> str:
        """What stands on the axis; numbers carry their own thousands and millions."""
        words = _words(self.axis.get_label_text())
        for _, name in SCALES[1:]:
            words = words.removeprefix(name)
        return words

    def layout(self) -> dict[str, Any]:
        """Return what plotly.js must know of the axis."""
        ends = [_day(x) for x in self.limits] if self.is_date else [float(x) for x in self.limits]
        look: dict[str, Any] = {
            "range": ends, "automargin": True, "zeroline": False,
            "gridcolor": style.GRID, "linecolor": style.QUIET,
        }  # fmt: skip
        if self.is_date:
            return {**look, "type": "date", "hoverformat": self._hoverformat()}
        if self.is_names:
            ticks = self.axis.get_ticklocs().tolist()
            labels = self.axis.get_major_formatter().format_ticks(ticks)
            return {**look, "tickvals": ticks, "ticktext": list(map(_plain, labels))}
        if self.is_share:
            return {**look, "tickformat": ".1~%"}
        return {**look, "exponentformat": "B", "separatethousands": True}

    def _hoverformat(self) -> str:
        lines = self.axis.axes.get_lines()
        steps = [np.diff(np.unique(line.get_xdata())) for line in lines]
        apart = min((float(step.min()) for step in steps if len(step)), default=MONTH)
        return "%b %Y" if apart >= MONTH else "%-d %b %Y"


def _traces(ax: Axes, x: _Scale, y: _Scale) -> Iterator[dict[str, Any]]:
    """Yield what is drawn, from the bottom to the top."""
    from matplotlib.collections import PolyCollection
    from matplotlib.container import BarContainer, ErrorbarContainer

    bars = [one for one in ax.containers if isinstance(one, BarContainer)]
    errors = [one for one in ax.containers if isinstance(one, ErrorbarContainer)]
    parts = {part for bar in bars for part in bar}
    caps = {cap for error in errors for cap in error.lines[1]}
    yield from (_patch(patch, ax, x, y) for patch in ax.patches if patch not in parts)
    for area in ax.collections:
        if isinstance(area, PolyCollection):
            yield from _band(area, x, y)
    yield from (_bars(bar, x, y) for bar in bars)
    yield from (_errors(error, x, y) for error in errors)
    yield from (_line(line, ax, x, y) for line in ax.get_lines() if line not in caps)
    yield from _keys(ax)


def _keys(ax: Axes) -> Iterator[dict[str, Any]]:
    """Yield what only the legend names: what colours stand for."""
    from matplotlib.patches import Patch

    legend = ax.get_legend()
    known = ax.get_legend_handles_labels()[1]
    if legend is None:
        return
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if isinstance(handle, Patch) and text.get_text() not in known:
            look = {"x": [None], "y": [None], "marker": _filled([handle])}
            yield {**_named(text.get_text(), None), "type": "bar", **look}


def _line(line: Line2D, ax: Axes, x: _Scale, y: _Scale) -> dict[str, Any]:
    across, up, values = _course(line, ax, x, y)
    if not np.isfinite(across).any():
        return {}
    name = str(line.get_label())
    dash = DASHES.get(str(line.get_linestyle()), "")
    marker = MARKERS.get(str(line.get_marker()), "")
    look = _colour(line.get_color())
    told = None if name.startswith("_") else [_told(name, value) for value in values]
    return {
        **_named(name, told),
        "type": "scatter",
        "x": x.at(across),
        "y": y.at(up),
        "mode": "+".join(filter(None, (dash and "lines", marker and "markers"))),
        "line": {"color": look, "width": 2, "dash": dash or "solid"},
        "marker": {"color": look, "symbol": marker or "circle", "size": 6 if dash else 9},
        "cliponaxis": not marker,
    }


def _course(line: Line2D, ax: Axes, x: _Scale, y: _Scale) -> tuple[Any, Any, list[str]]:
    """Return the points of a line, and what each says."""
    across, up = (np.asarray(values, dtype=float) for values in line.get_data())
    along_x, along_y = line.get_transform().contains_branch_seperately(ax.transData)
    if not along_y:  # upright through the whole axes
        return np.repeat(across[:1], 2), np.array(y.limits), [x.say(across[0])] * 2
    if not along_x:  # from end to end, and told wherever another line has a point
        points = (np.asarray(one.get_xdata(), dtype=float) for one in ax.get_lines())
        across = np.unique(np.concatenate([x.limits, *(p for p in points if len(p) > 2)]))
        return across, np.full(across.shape, up[0]), [y.say(up[0])] * len(across)
    return across, up, [x.say(v) for v in across] if y.is_names else [y.say(v) for v in up]


def _band(area: Any, x: _Scale, y: _Scale) -> Iterator[dict[str, Any]]:
    """Yield the lower end of a band, and the upper end with what is filled between them."""
    vertices = area.get_paths()[0].vertices
    across = np.unique(vertices[:, 0])
    ends = [vertices[vertices[:, 0] == at, 1] for at in across]
    low, high = np.array([(end.min(), end.max()) for end in ends]).T
    name = str(area.get_label())
    words = [_told(name, f"{y.say(a)} to {y.say(b)}") for a, b in zip(low, high, strict=True)]
    colour = _colour(area.get_facecolor()[0])
    line = {"width": 0, "color": colour}
    common = {"type": "scatter", "x": x.at(across), "mode": "lines", "line": line}
    group = {"legendgroup": _plain(name)}
    yield {**common, **group, "y": y.at(low), "hoverinfo": "skip", "showlegend": False}
    fill = {"fill": "tonexty", "fillcolor": colour}
    yield {**common, **group, **_named(name, words), "y": y.at(high), **fill}


def _bars(container: BarContainer, x: _Scale, y: _Scale) -> dict[str, Any]:
    upright = container.orientation == "vertical"
    patches = list(container)
    boxes = np.array(
        [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in patches], dtype=float
    )
    along, size = (0, 3) if upright else (1, 2)
    middle = boxes[:, along] + boxes[:, along + 2] / 2
    place, value = (x, y) if upright else (y, x)
    name = str(container.get_label())
    return {
        **_named(name, [_told(name, value.say(box)) for box in boxes[:, size]]),
        "type": "bar",
        "orientation": "v" if upright else "h",
        ("x" if upright else "y"): place.at(middle),
        ("y" if upright else "x"): value.at(boxes[:, size]),
        "base": value.at(boxes[:, 1 - along]),
        "width": [place.width(box) for box in boxes[:, along + 2]],
        "marker": _filled(patches),
    }


def _patch(patch: Patch, ax: Axes, x: _Scale, y: _Scale) -> dict[str, Any]:
    """Return a histogram, steps, or an area from the bottom to the top."""
    from matplotlib.patches import StepPatch

    name = str(patch.get_label())
    if not isinstance(patch, StepPatch):
        left, right = patch.get_extents().transformed(ax.transData.inverted()).intervalx
        low, high = y.limits
        return {
            **_named(name, None), "type": "scatter", "mode": "none", "fill": "toself",
            "x": x.at([left, right, right, left]), "y": [low, low, high, high],
            "fillcolor": _colour(patch.get_facecolor()),
        }  # fmt: skip
    values, edges, _ = patch.get_data()
    if not patch.get_fill():
        steps = np.append(values, values[-1:])
        return {
            **_named(name, [_told(name, y.say(v)) if np.isfinite(v) else "" for v in steps]),
            "type": "scatter", "mode": "lines", "x": x.at(edges), "y": y.at(steps),
            "line": {
                "shape": "hv", "color": _colour(patch.get_edgecolor()), "width": 2,
                "dash": DASHES.get(str(patch.get_linestyle()), "solid"),
            },
        }  # fmt: skip
    ends = zip(edges[:-1], edges[1:], values, strict=True)
    words = [f"{x.say(a)} to {x.say(b)}: {y.say(share)}" for a, b, share in ends]
    return {
        **_named(name, words), "type": "bar", "x": x.at((edges[:-1] + edges[1:]) / 2),
        "y": y.at(values), "width": np.diff(edges).tolist(), "marker": _filled([patch]),
    }  # fmt: skip


def _errors(bars: ErrorbarContainer, x: _Scale, y: _Scale) -> dict[str, Any]:
    """Return error bars as one line with gaps; their caps are left out."""
    drawn: Any = bars.lines[2][0]
    gap = [[np.nan, np.nan]]
    ends = np.concatenate([np.append(end, gap, axis=0) for end in drawn.get_segments()])
    return {
        **_named(str(bars.get_label()), None), "type": "scatter", "mode": "lines",
        "x": x.at(ends[:, 0]), "y": y.at(ends[:, 1]),
        "line": {"color": _colour(drawn.get_color()[0]), "width": 1},
    }  # fmt: skip


def _named(name: str, words: Sequence[str] | None) -> dict[str, Any]:
    """Return what a trace is called, and what it says where it is pointed at."""
    shown: dict[str, Any] = {"name": _plain(name), "showlegend": bool(name) and name[0] != "_"}
    if words is None:
        return {**shown, "hoverinfo": "skip"}
    return {**shown, "hovertext": list(words), "hovertemplate": "%{hovertext}<extra></extra>"}


def _told(name: str, value: str) -> str:
    if name.startswith("_"):
        return value
    return _plain(name) if ":" in name else f"{_plain(name)}: {value}"


def _words(text: str) -> str:
    """Return what matplotlib writes as one line."""
    return " ".join(text.replace(r"\$", "$").split())


def _plain(text: str) -> str:
    """Return text as plotly.js shows it as it is: it takes tags for such."""
    return escape(_words(text), quote=False)


def _filled(patches: Sequence[Patch]) -> dict[str, Any]:
    """Return colours and hatches of bars: of each, or of all where they are alike."""
    hatches = [(patch.get_hatch() or "")[:1] for patch in patches]
    shapes = [hatch if hatch in HATCHES else "" for hatch in hatches]
    pattern = {"shape": _same(shapes), "fgcolor": "white", "fillmode": "overlay", "size": 8}
    colour = _same([_colour(patch.get_facecolor()) for patch in patches])
    look = {"color": colour, "line": {"width": 0}}
    return {**look, "pattern": pattern} if any(shapes) else look


def _same(values: list[str]) -> str | list[str]:
    return values[0] if len(set(values)) == 1 else values


def _colour(given: Any) -> str:
    from matplotlib.colors import to_rgba

    red, green, blue, alpha = to_rgba(given)
    return f"rgba({255 * red:.0f},{255 * green:.0f},{255 * blue:.0f},{alpha:.3g})"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _day(number: float, *, ends: bool = False) -> str | None:
    """Return a place on a date axis; with ``ends`` midnight belongs to the day that it ends."""
    if not np.isfinite(number):
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=float(number), seconds=-int(ends))
    return moment.strftime("%Y-%m-%d %H:%M:%S")
