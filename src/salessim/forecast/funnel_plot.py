"""The funnel drawn: what flows through each stage over the whole span, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.forecast.funnel import FLOWS, LEAVING
from salessim.readable import few_digits, percent, trajectories

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.funnel import Funnel

DASHES = ("-", "--", "-.", ":")
LEAST_WRITTEN = 0.09
"""Share of the longest bar from which a part carries its share."""
ROW_HEIGHT = 3.0


def funnel(
    forecast: Forecast, pipeline: str | None = None, axes: tuple[Axes, Axes] | None = None
) -> tuple[Axes, ...]:
    """Draw what flows through the stages of a pipeline, and beside it what stands in them.

    Parameters
    ----------
    forecast : Forecast
        With stage flows.
    pipeline : str, optional
        By name; all of them, a row each, when None and no axes are given, else the first.
    axes : (Axes, Axes), optional
        Where to draw flows and stock; a new figure when None.

    Returns
    -------
    tuple of Axes
        Flows and stock of each pipeline drawn.

    Raises
    ------
    SalessimError
        The forecast has no stage flows.
    ValueError
        There is no such pipeline.
    """
    known = forecast.labels.pipelines
    if pipeline is not None and pipeline not in known:
        raise ValueError(f"no pipeline {pipeline!r}; there are {', '.join(known)}")
    drawn = known if pipeline is None and axes is None else (pipeline or known[0],)
    places = _places(forecast.funnel, drawn) if axes is None else [axes]
    for name, (left, right) in zip(drawn, places, strict=True):
        _flows(forecast, name, left)
        _stock(forecast, name, right)
    return tuple(ax for pair in places for ax in pair)


def _places(flows: Funnel, drawn: Sequence[str]) -> list[tuple[Axes, Axes]]:
    """Return axes for flows and stock of each pipeline, a row as high as its stages need."""
    heights = [row_height(flows, name) for name in drawn]
    figure = style.new_figure(width=1.5 * style.WIDTH, height=sum(heights))
    grid = figure.subplots(len(drawn), 2, squeeze=False, height_ratios=heights)
    return [(row[0], row[1]) for row in grid]


def row_height(flows: Funnel, pipeline: str) -> float:
    """Return how many inches high a pipeline is drawn: as its stages need."""
    return max(ROW_HEIGHT, 1.8 + 0.36 * len(_stages(flows, pipeline)))


def _stages(flows: Funnel, pipeline: str) -> list[int]:
    return [index for index, (owner, _) in enumerate(flows.stages) if owner == pipeline]


def _names(flows: Funnel, chosen: list[int]) -> list[str]:
    names = (style.short(flows.stages[index][1], style.LONGEST_LABEL) for index in chosen)
    return [style.plain_label(name) for name in names]


def _flows(forecast: Forecast, pipeline: str, ax: Axes) -> None:
    """Draw a bar per stage: all that was in it, by what became of it; slips below, apart."""
    flows = forecast.funnel
    chosen = _stages(flows, pipeline)
    means = flows.flows[:, :, chosen].mean(axis=0).sum(axis=0)
    sums = {name: means[:, index] for index, name in enumerate(FLOWS)}
    came = flows.open_at_start[chosen] + sums["entered"]
    parts = {name: sums[name] for name in FLOWS[LEAVING] if sums[name].any()}
    parts["still open"] = np.maximum(came - means[:, LEAVING].sum(axis=-1), 0.0)
    where = np.arange(len(chosen), dtype=np.float64)
    start = np.zeros(len(chosen))
    for name, size in parts.items():
        _bar(ax, name, (where, start, size), came)
        start = start + size
    if sums["slipped"].any():
        ax.barh(
            where + 0.4, sums["slipped"], 0.12, label="slipped (stays)", edgecolor="white",
            linewidth=0.5, color=style.FLOW_COLOURS["slipped"], hatch=style.HATCHES["slipped"],
        )  # fmt: skip
    for at, total in zip(where, came, strict=True):
        ax.annotate(few_digits(float(total)), (total, at), (4, 0), textcoords="offset points",
                    va="center", fontsize=style.SMALL)  # fmt: skip
    ax.set_yticks(where, _names(flows, chosen))
    style.number_axis(ax, "deals, mean of the whole span", which="x")
    longest = max(float(came.max()), float(sums["slipped"].max()))
    ax.set_xlim(0, 1.12 * longest if longest > 0 else 1.0)
    room = max(0.0, 3.0 - len(chosen)) / 2  # a bar alone would fill its axes
    ax.set_ylim(len(chosen) - 0.4 + room, -0.6 - room)
    first, won = (few_digits(float(deals)) for deals in (came[0], sums["advanced"][-1]))
    called = style.short(pipeline, style.LONGEST_LABEL)
    title = f"{called}: {first} deals come to the first stage, {won} are won"
    _finish(forecast, ax, title)
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    style.legend(ax)


def _bar(ax: Axes, name: str, place: tuple[FloatArray, FloatArray, FloatArray], came: Any) -> None:
    """Draw one part of every stage's bar, with its share of what came where there is room."""
    where, start, size = place
    look: dict[str, Any] = {
        "color": style.FLOW_COLOURS.get(name, style.GRID),
        "hatch": style.HATCHES.get(name, ""),
    }
    label = name.replace("_", " ")
    ax.barh(where, size, 0.62, left=start, label=label, edgecolor="white", linewidth=0.5, **look)
    paper = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.0}
    for at, left, part, total in zip(where, start, size, came, strict=True):
        if part > LEAST_WRITTEN * came.max():
            ax.text(left + part / 2, at, percent(part / total), ha="center", va="center",
                    fontsize=style.SMALL, bbox=paper)  # fmt: skip


def _stock(forecast: Forecast, pipeline: str, ax: Axes) -> None:
    """Draw the mean number of deals that stand in each stage, from the start on."""
    flows = forecast.funnel
    chosen = _stages(flows, pipeline)
    means = flows.flows[:, :, chosen].mean(axis=0)
    net = means[..., FLOWS.index("entered")] - means[..., LEAVING].sum(axis=-1)
    begun = flows.open_at_start[chosen].astype(np.float64)
    level = np.vstack([begun, begun + np.cumsum(net, axis=0)])
    labels = forecast.labels
    days = style.day_numbers([*labels.periods, labels.end])
    # Stages have an order, and so do these colours; in grey too.
    colours = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, len(chosen)))
    for index, name in enumerate(_names(flows, chosen)):
        look: dict[str, Any] = {"color": colours[index], "linestyle": DASHES[index % len(DASHES)]}
        ax.plot(days, level[:, index], label=name, **look, **style.LINE)
    style.date_axis(ax, labels.periods[0], labels.end)
    style.number_axis(ax, "open deals, mean")
    ends = [few_digits(float(level[at].sum())) for at in (0, -1)]
    called = style.short(pipeline, style.LONGEST_LABEL)
    _finish(forecast, ax, f"{called}: from {ends[0]} open deals to {ends[1]}")
    style.legend(ax)


def _finish(forecast: Forecast, ax: Axes, title: str) -> None:
    named = style.short(forecast.labels.title, style.LONGEST_LABEL)
    style.finish(ax, title=title, subtitle=f"{named}: {trajectories(forecast.trajectories)}")
