"""Pictures of one stage: how long visits last, and its open deals against that law."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.charts.map_layout import LOOP_COLOURS
from salessim.charts.visits import (
    Outcome,
    advance_given_age,
    brief,
    outcomes,
    quantile,
    still_there,
    visit_quantile,
)
from salessim.model.law import floats
from salessim.model.plan import Model, Pipeline, Stage
from salessim.readable import few_digits, in_days, percent

POINTS = 400
SHOWN = 0.95
"""Share of the slowest outcome's visits that end within what the axis shows."""
OVERDUE = 0.9
"""An open deal is overdue when it is older than this share of the visits that advance."""
DASHES = {"lost": "--", "no_decision": "-.", "back": ":", "parked": (0, (5, 1, 1, 1, 1, 1)),
          "slipped": (0, (1, 1))}  # fmt: skip
SMALLEST_MARK, LARGEST_MARK = 36.0, 320.0
MOST_SIZES = 300
"""Marks on one chart: open deals of nearly the same age share one."""


def find_stage(model: Model, address: str) -> tuple[Pipeline, Stage]:
    """Return a stage by its address ``pipeline.stage``.

    Raises
    ------
    ValueError
        There is no such stage; the message names those there are.
    """
    known = {f"{p.name}.{stage.name}": (p, stage) for p in model.pipelines for stage in p.stages}
    if address not in known:
        raise ValueError(f"no stage {address!r}; there are {', '.join(known)}")
    return known[address]


def cycle_times(model: Model, address: str, ax: Axes | None = None) -> Axes:
    """Draw how many visits to a stage last longer than an age: all of them, and by outcome.

    Each outcome's curve starts at 100 % of the visits that end so; a dot marks its median, a
    diamond its P90. The black curve is of all visits, those that never end included.

    Parameters
    ----------
    model : Model
    address : str
        ``pipeline.stage``.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    ValueError
        There is no such stage.
    """
    _, stage = find_stage(model, address)
    ax = style.new_axes() if ax is None else ax
    ages = np.linspace(0.0, _longest(stage), POINTS)
    ax.plot(ages, still_there(stage, ages), color=style.BLACK, linewidth=2.6, label="all visits")
    for outcome in outcomes(stage):
        _outcome(ax, outcome, ages)
    ax.set_xlim(0.0, ages[-1])
    ax.set_xlabel("days since the stage was entered", fontsize=style.TEXT)
    style.share_axis(ax, "share of visits still going on")
    style.finish(ax, title=_titled(stage, _length(stage)), subtitle=_what(model, address))
    style.legend(ax)
    return ax


def open_deals(model: Model, address: str, ax: Axes | None = None) -> Axes:
    """Draw a stage's open deals by age, against the chance to advance that their age leaves.

    A mark is one deal or several of nearly the same age, larger then. The grey area is the share
    of fresh visits that last as long. Bands of age carry their number of deals on top.

    Parameters
    ----------
    model : Model
    address : str
        ``pipeline.stage``.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    ValueError
        There is no such stage.
    """
    _, stage = find_stage(model, address)
    ax = style.new_axes() if ax is None else ax
    ages = open_ages(model, address)
    late = quantile(stage.cycle_time, OVERDUE)
    end = max(_longest(stage), 1.05 * float(ages.max(initial=0.0)))
    _chances(ax, stage, np.linspace(0.0, end, POINTS), late)
    _marks(ax, stage, ages, late)
    ax.set_xlim(0.0, end)
    _bands(ax, ages, end)
    ax.set_xlabel("days since the stage was entered, at the start", fontsize=style.TEXT)
    style.share_axis(ax, "probability")
    ax.set_ylim(0.0, 1.12)
    style.finish(
        ax, title=_titled(stage, _state(stage, ages, late)), subtitle=_what(model, address)
    )
    style.legend(ax)
    return ax


def _outcome(ax: Axes, outcome: Outcome, ages: FloatArray) -> None:
    """Draw how long visits of one outcome last, with their median and P90."""
    name = f"{outcome.words}: {percent(outcome.probability)}"
    if outcome.law is None:
        ax.axhline(outcome.probability, color=style.GREY, linestyle=":", label=f"{name}, never")
        return
    median, late = (quantile(outcome.law, share) for share in (0.5, 0.9))
    colour = LOOP_COLOURS[outcome.name]
    ax.plot(
        ages, outcome.law.survival(ages), color=colour, linestyle=DASHES.get(outcome.name, "-"),
        label=f"{name}, median {brief(median)}, P90 {brief(late)}", **style.LINE,
    )  # fmt: skip
    for at, share, mark in ((median, 0.5, "o"), (late, 0.1, "D")):
        if at <= ages[-1]:
            ax.plot([at], [share], marker=mark, color=colour, markersize=5, zorder=4)


def _chances(ax: Axes, stage: Stage, grid: FloatArray, late: float) -> None:
    """Draw the chance to advance by age, the share of visits that grow so old, and the P90."""
    ax.fill_between(
        grid, still_there(stage, grid), color=style.GREY, alpha=0.3, linewidth=0,
        label="fresh visits that last longer",
    )  # fmt: skip
    line = {"color": style.GREEN, "label": "chance to advance at this age", **style.LINE}
    ax.plot(grid, advance_given_age(stage, grid), **line)
    ax.plot([late, late], [0.0, 1.0], color=style.VERMILLION, linestyle="--", linewidth=1.2,
               label=f"P90 of those that advance: {brief(late)}")  # fmt: skip


def open_ages(model: Model, address: str) -> FloatArray:
    """Return the ages in days of the open deals that stand in a stage."""
    deals = model.open_deals
    if deals is None:
        return np.zeros(0)
    there = np.array([name == address for name in deals.stages], dtype=bool)
    return floats(deals.age_days[there])


def _marks(ax: Axes, stage: Stage, ages: FloatArray, late: float) -> None:
    """Draw the deals on the curve of their chance, those overdue as triangles."""
    kinds: tuple[tuple[str, Any, str, str], ...] = (
        ("in time", ages <= late, style.BLUE, "o"),
        ("overdue", ages > late, style.VERMILLION, "^"),
    )
    for name, chosen, colour, mark in kinds:
        if not chosen.any():
            continue
        at, counts = _gathered(ages[chosen], float(ages.max()))
        areas = np.clip(26.0 * np.sqrt(counts), SMALLEST_MARK, LARGEST_MARK)
        ax.scatter(
            at, advance_given_age(stage, at), s=areas,
            color=colour, marker=mark, alpha=0.75, linewidths=0.6, edgecolors="white", zorder=4,
            clip_on=False, label=f"open deals {name}: {int(counts.sum()):,}",
        )  # fmt: skip


def _gathered(ages: FloatArray, longest: float) -> tuple[FloatArray, FloatArray]:
    """Return ages and how many deals have each; nearly equal ones as one when there are many."""
    at, counts = np.unique(ages, return_counts=True)
    if len(at) > MOST_SIZES:
        step = longest / MOST_SIZES
        at, counts = np.unique(np.round(ages / step) * step, return_counts=True)
    return floats(at), floats(counts)


def _bands(ax: Axes, ages: FloatArray, end: float) -> None:
    """Write how many deals are in each band of age."""
    ticks = floats(MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, end))
    edges = np.append(ticks[ticks < end], end)
    for index, (left, right) in enumerate(pairwise(edges)):
        if index % 2:
            ax.axvspan(left, right, color=style.BLACK, alpha=0.04, linewidth=0)
        count = int(((ages >= left) & (ages < right)).sum())
        if right - left > 0.04 * end:
            ax.text((left + right) / 2, 1.07, f"{count:,}", ha="center", va="center",
                    fontsize=style.SMALL, color=style.QUIET)  # fmt: skip
    ax.set_xticks(edges[:-1])


def _longest(stage: Stage) -> float:
    """Return the age that the axis reaches: nearly all visits of every outcome have ended."""
    ends = [quantile(outcome.law, SHOWN) for outcome in outcomes(stage) if outcome.law]
    end = max(ends, default=0.0)
    return 1.1 * end if 0.0 < end < math.inf else 1.0


def _length(stage: Stage) -> str:
    half, most = visit_quantile(stage, 0.5), visit_quantile(stage, 0.9)
    if half == math.inf:
        never = sum(o.probability for o in outcomes(stage) if o.law is None)
        return f"{percent(never)} of the visits never end"
    if most <= 1e-9:
        return "nearly all visits end at once"
    said = f"half of the visits end within {in_days(half)}"
    return f"{said}, nine of ten within {in_days(most)}" if most < math.inf else said


def _state(stage: Stage, ages: FloatArray, late: float) -> str:
    if not len(ages):
        return "no open deals"
    likely = few_digits(float(advance_given_age(stage, ages).sum()))
    overdue = int((ages > late).sum())
    return (
        f"{overdue:,} of {len(ages):,} open deals are overdue, about {likely} of all will advance"
    )


def _titled(stage: Stage, said: str) -> str:
    return f"{style.short(stage.name, style.LONGEST_LABEL)}: {said}"


def _what(model: Model, address: str) -> str:
    curves = "; curves over the calendar left out" if model.curves else ""
    title = style.short(model.title, style.LONGEST_LABEL)
    return f"{style.short(address, style.LONGEST_TITLE)}, {title}{curves}"
