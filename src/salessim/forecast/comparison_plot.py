"""Charts of a comparison: what each scenario adds in all, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from salessim.charts import style
from salessim.forecast.plot import TITLES, period_name
from salessim.readable import percent, rounded, trajectories

if TYPE_CHECKING:
    from salessim.forecast.comparison import Comparison, Difference
    from salessim.forecast.stored_comparison import StoredComparison, StoredDifference

    Compared: TypeAlias = Comparison | StoredComparison
    Change: TypeAlias = Difference | StoredDifference

COLOURS = (
    style.BLUE, style.VERMILLION, style.GREEN, style.ORANGE, style.PURPLE, style.SKY, style.BLACK,
)  # fmt: skip
"""Of the scenarios that differ most, in the order of the plan; the others are grey."""
DASHES = ("-", "--", "-.", ":")
ROW = 0.32
"""Inches that a scenario takes at least."""


@dataclass(frozen=True)
class ComparisonPlots:
    """The charts of a comparison as methods: `totals`, `periods`, and `both` side by side."""

    comparison: Compared

    def totals(self, series: str = "bookings", ax: Axes | None = None) -> Axes:
        """Draw the differences over the whole span; see `totals`."""
        return totals(self.comparison, series, ax)

    def periods(self, series: str = "bookings", ax: Axes | None = None) -> Axes:
        """Draw the mean differences by period; see `periods`."""
        return periods(self.comparison, series, ax)

    def both(self, series: str = "bookings") -> Figure:
        """Draw both on a figure of their own."""
        height = max(style.HEIGHT, 1.8 + ROW * len(self.comparison.differences))
        left, right = style.new_pair(width=1.5 * style.WIDTH, height=height)
        self.totals(series, left)
        self.periods(series, right)
        return style.figure_of(left)


def totals(comparison: Compared, series: str = "bookings", ax: Axes | None = None) -> Axes:
    """Draw each scenario's difference over the whole span: P10 to P90, the mean and its interval.

    Of bookings it is said at the right how often one future of it books more than one of the first.

    Parameters
    ----------
    comparison : Comparison or StoredComparison
    series : str
        A name of `SERIES`; of a level, its value at the end.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    ValueError
        There is no such series.
    """
    shown = comparison.base.series(series)
    differences: list[Change] = [*comparison.differences.values()]
    if ax is None:
        ax = style.new_axes(height=max(style.HEIGHT, 1.8 + ROW * len(differences)))
    colours = _colours(comparison, series)
    for row, difference in enumerate(differences):
        paired = difference.total(series)
        colour, _ = colours.get(difference.name, (style.GREY, "-"))
        ax.barh(row, paired.p90 - paired.p10, 0.5, left=paired.p10, color=colour, alpha=0.3,
                linewidth=0)  # fmt: skip
        ends = [[paired.low], [paired.high]]
        # a single trajectory has no interval
        reach = np.nan_to_num(np.abs(np.asarray(ends) - paired.mean))
        ax.errorbar(paired.mean, row, xerr=reach, fmt="o", color=colour, capsize=5, markersize=3.5)
    ax.use_sticky_edges = False  # no bar ends where the axes do
    ax.axvline(0.0, color=style.BLACK, linewidth=1.0)
    ax.set_yticks(range(len(differences)), [_label(d.name) for d in differences])
    ax.set_ylim(len(differences) - 0.4, -0.6)
    if series == "bookings":
        _beaten(ax, differences)
    when = "at the end" if shown.stock else "over the whole span"
    unit = style.short(shown.unit, style.LONGEST_LABEL)
    style.number_axis(ax, f"{unit} {when}", which="x", bottom=None)
    style.finish(ax, title=_message(comparison, series), subtitle=_subtitle(comparison))
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    return ax


def _beaten(ax: Axes, differences: Sequence[Change]) -> None:
    """Write at the right how often one future books more than one of the first scenario."""
    odds = [difference.beats for difference in differences]
    shares = [percent(float(found.share)) if found else "" for found in odds]
    if not any(shares):
        return
    beside = ax.secondary_yaxis("right")
    beside.set_yticks(range(len(shares)), shares)
    beside.tick_params(length=0, labelsize=style.TEXT)
    beside.spines["right"].set_visible(False)
    ax.annotate(
        "of futures\nbook more", (1.0, 0.0), (3.0, -4.0), xycoords="axes fraction",
        textcoords="offset points", fontsize=style.SMALL, color=style.QUIET, va="top",
        annotation_clip=False,
    )  # fmt: skip


def periods(comparison: Compared, series: str = "bookings", ax: Axes | None = None) -> Axes:
    """Draw mean differences by period with their 95 % intervals, of those that differ most.

    Parameters
    ----------
    comparison : Comparison or StoredComparison
    series : str
        A name of `SERIES`.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    ValueError
        There is no such series.
    """
    shown = comparison.base.series(series)
    ax = style.new_axes() if ax is None else ax
    line, count = comparison.base.labels.timeline, len(shown.periods)
    edges = style.day_numbers([line.period_start(t) for t in range(count + 1)])
    days = edges[1:] if shown.stock else (edges[:-1] + edges[1:]) / 2
    mark = "o" if count == 1 else ""
    colours = _colours(comparison, series)
    for name, (colour, dash) in colours.items():
        paired = comparison.differences[name].by_period(series)
        ax.fill_between(days, paired.low, paired.high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(days, paired.mean, dash, color=colour, label=_label(name), marker=mark,
                **style.LINE)  # fmt: skip
    ax.axhline(0.0, color=style.BLACK, linewidth=1.0)
    room = 0.02 if shown.stock else 0.0
    style.date_axis(ax, line.period_start(0), line.period_start(count), room=room)
    per = "at the period's end" if shown.stock else f"per {period_name(comparison.base.labels)}"
    unit = style.short(shown.unit, style.LONGEST_LABEL)
    style.number_axis(ax, f"{unit} {per}", bottom=None)
    rest = len(comparison.differences) - len(colours)
    some = f"; the {len(colours)} that differ most" if rest else ""
    style.finish(ax, title="When it comes", subtitle=f"mean difference, 95% interval{some}")
    style.legend(ax)
    return ax


def _colours(comparison: Compared, series: str) -> dict[str, tuple[str, str]]:
    """Return colour and dash of the scenarios that differ most, in the order of the plan."""
    differences = comparison.differences
    sizes = {name: abs(float(d.total(series).mean)) for name, d in differences.items()}
    most = sorted(sizes, key=lambda name: -sizes[name])[: len(COLOURS)]
    names = [name for name in differences if name in most]
    return {
        name: (COLOURS[i], DASHES[i % len(DASHES)]) for i, name in enumerate(names)
    }  # fmt: skip


def _message(comparison: Compared, series: str) -> str:
    """Say the largest difference in one line."""

    def size(difference: Change) -> float:
        return abs(float(difference.total(series).mean))

    most = max(comparison.differences.values(), key=size)
    mean = float(most.total(series).mean)
    what, base = TITLES.get(series, series).lower(), _name(comparison.base.name)
    if mean == 0.0:
        return f"No scenario changes {what}"
    unit = (
        f" {style.short(comparison.base.series(series).unit, 12)}" if series == "bookings" else ""
    )
    way = "more" if mean > 0 else "less"
    return f"{_name(most.name)}: {what} {rounded(abs(mean))}{unit} {way} than {base}"


def _subtitle(comparison: Compared) -> str:
    count = trajectories(comparison.trajectories)
    return f"mean with its 95% interval, bars P10 to P90 of {count}, paired"


def _name(name: str) -> str:
    # names of scenarios often differ at their ends
    return style.short_within(name, style.LONGEST_LABEL)


def _label(name: str) -> Any:
    return style.plain_label(_name(name))
