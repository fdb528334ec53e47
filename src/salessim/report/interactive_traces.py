"""Lines, bands, bars and steps that matplotlib drew, as traces of plotly.js."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.charts import style
from salessim.report.interactive_scale import Scale, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer, ErrorbarContainer
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
MARKERS = {"o": "circle", "D": "diamond"}
HATCHES = "/\\x-|+."
"""Those that plotly.js has too."""


def traces(ax: Axes, x: Scale, y: Scale) -> Iterator[dict[str, Any]]:
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

    # that of a narrow figure stands below its axes
    legend = ax.get_legend() or next(iter(style.figure_of(ax).legends), None)
    known = ax.get_legend_handles_labels()[1]
    if legend is None:
        return
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if isinstance(handle, Patch) and text.get_text() not in known:
            look = {"x": [None], "y": [None], "marker": _filled([handle])}
            yield {**_named(text.get_text(), None), "type": "bar", **look}


def _line(line: Line2D, ax: Axes, x: Scale, y: Scale) -> dict[str, Any]:
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


def _course(line: Line2D, ax: Axes, x: Scale, y: Scale) -> tuple[Any, Any, list[str]]:
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


def _band(area: Any, x: Scale, y: Scale) -> Iterator[dict[str, Any]]:
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
    group = {"legendgroup": plain(name)}
    yield {**common, **group, "y": y.at(low), "hoverinfo": "skip", "showlegend": False}
    fill = {"fill": "tonexty", "fillcolor": colour}
    yield {**common, **group, **_named(name, words), "y": y.at(high), **fill}


def _bars(container: BarContainer, x: Scale, y: Scale) -> dict[str, Any]:
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


def _patch(patch: Patch, ax: Axes, x: Scale, y: Scale) -> dict[str, Any]:
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


def _errors(bars: ErrorbarContainer, x: Scale, y: Scale) -> dict[str, Any]:
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
    shown: dict[str, Any] = {"name": plain(name), "showlegend": bool(name) and name[0] != "_"}
    if words is None:
        return {**shown, "hoverinfo": "skip"}
    return {**shown, "hovertext": list(words), "hovertemplate": "%{hovertext}<extra></extra>"}


def _told(name: str, value: str) -> str:
    if name.startswith("_"):
        return value
    return plain(name) if ":" in name else f"{plain(name)}: {value}"


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
