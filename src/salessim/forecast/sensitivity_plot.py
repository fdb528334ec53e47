"""Charts of a sensitivity: levers, tornado, Sobol indices, and the split of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from salessim.charts import style
from salessim.forecast.judge import WILSON_Z
from salessim.forecast.sensitivity import PARTS
from salessim.readable import broken, few_digits, percent, rounded, trajectories

if TYPE_CHECKING:
    from salessim.forecast.elasticity import Estimate
    from salessim.forecast.sensitivity import Sensitivity
    from salessim.forecast.variance import Interval

MOST_ROWS = 25
"""Of a chart; what moves less is counted below it."""
ROW = 0.34
"""Inches that a row takes."""
LINE = 0.17
"""Inches that a line beside a row takes."""
LONGEST_LINE, MOST_LINES = 40, 3
"""Letters of a line beside a row, and its lines."""
ENDS = (("5% point of the number", style.SKY), ("95% point", style.VERMILLION))
CAUSES = {
    "parameters": "numbers not known",
    "shocks": "shocks",
    "luck": "luck of single deals",
}


class Bars(NamedTuple):
    """Bars of one meaning, one a row, from 0 to a value, with the ends of its interval."""

    name: str
    colour: str
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    start: float = 0.0


@dataclass(frozen=True)
class SensitivityPlots:
    """The charts as methods; each draws on given axes, or on a figure of its own."""

    given: Sensitivity

    def part(self, name: str, ax: Axes | None = None) -> Axes:
        """Draw one of `PARTS`; ValueError when there is none of that name."""
        if name not in PARTS:
            raise ValueError(f"no part {name!r}; there are {', '.join(PARTS)}")
        drawn: Axes = getattr(self, name)(ax)
        return drawn

    def levers(self, ax: Axes | None = None) -> Axes:
        """Draw what 1 % more of each lever brings, with and without new external leads."""
        given = self.given
        shown = given.levers[:MOST_ROWS]
        bars = [_estimates(given.of.measure, style.BLUE, [one.result for one in shown])]
        if any(one.base.size for one in given.levers):
            name = "bookings without new external\nleads, the verdict's 12 months"
            bars.append(_estimates(name, style.ORANGE, [one.base for one in shown]))
        ax = _drawn(ax, [one.lever.name for one in shown], bars)
        style.number_axis(ax, "% for 1% more", which="x", bottom=None)
        count = trajectories(given.trajectories)
        what = f"mean, 95% interval of {count}, paired"
        return _finished(ax, _most(given), what, rest=len(given.levers) - len(shown))

    def tornado(self, ax: Axes | None = None) -> Axes:
        """Draw the mean result with each uncertain number at its 5 % and 95 % point."""
        given = self.given
        shown = given.tornado[:MOST_ROWS]
        mean = given.mean.value
        bars = [
            _estimates(name, colour, [one.changes[end] for one in shown], start=mean)
            for end, (name, colour) in enumerate(ENDS)
        ]
        notes = [" to ".join(one.words) for one in shown]
        ax = _drawn(ax, [one.address for one in shown], bars, together=True, notes=notes)
        ax.axvline(mean, color=style.BLACK, linewidth=1.0)
        style.number_axis(ax, given.of.unit(given.currency), which="x", bottom=None)
        title = f"What is known least moves {given.of.measure} most"
        if shown:
            unit = given.of.unit(given.currency)
            title = f"{shown[0].address}: {rounded(shown[0].reach)} {unit} from end to end"
        what = f"mean {given.of.describe()} with one number at its ends, all else as it may be"
        return _finished(ax, title, what, rest=len(given.tornado) - len(shown))

    def shares(self, ax: Axes | None = None) -> Axes:
        """Draw first-order and total Sobol indices with their 95 % intervals."""
        given = self.given
        shown = given.shares[:MOST_ROWS]
        bars = [
            _intervals("alone", style.BLUE, [one.first for one in shown]),
            _intervals("with interactions", style.ORANGE, [one.total for one in shown]),
        ]
        ax = _drawn(ax, [" + ".join(one.inputs) for one in shown], bars)
        _share_axis(ax, "share of the variance between worlds")
        title = "What the spread between worlds comes from"
        if shown:
            title = (
                f"{' + '.join(shown[0].inputs)}: {percent_of(shown[0].total.value)} of the spread"
            )
        what = f"Sobol indices of {given.of.describe()}, 95% intervals of {given.worlds:,} worlds"
        return _finished(ax, title, what, rest=len(given.shares) - len(shown))

    def split(self, ax: Axes | None = None) -> Axes:
        """Draw how much of the variance are parameters, shocks and luck."""
        given, parts = self.given, self.given.split
        shares = [getattr(parts, name) for name in CAUSES]
        ax = _drawn(ax, list(CAUSES.values()), [_estimates("", style.BLUE, shares)])
        _share_axis(ax, "share of the variance")
        most = max(CAUSES, key=lambda name: getattr(parts, name).size)
        title = (
            f"{CAUSES[most].capitalize()}: {percent_of(getattr(parts, most).value)} of the spread"
        )
        spread = f"{rounded(float(np.sqrt(parts.variance)))} {given.of.unit(given.currency)}"
        what = f"variance of {given.of.describe()}, standard deviation {spread}"
        return _finished(ax, title, what, rest=0)


def percent_of(share: float) -> str:
    """Write a share that chance may have pushed below 0 or above 1."""
    return percent(min(max(share, 0.0), 1.0))


def _most(given: Sensitivity) -> str:
    if not given.levers or not given.levers[0].result.size:
        return f"No lever moves {given.of.measure}"
    first = given.levers[0]
    way = "more" if first.result.value > 0 else "less"
    return (
        f"1% more {first.lever.name}: {few_digits(first.result.size)}% {way} {given.of.describe()}"
    )


def _estimates(name: str, colour: str, shown: Sequence[Estimate], *, start: float = 0.0) -> Bars:
    low, high = ([one.value + sign * WILSON_Z * one.se for one in shown] for sign in (-1, 1))
    return Bars(name, colour, [one.value for one in shown], low, high, start)


def _intervals(name: str, colour: str, shown: Sequence[Interval]) -> Bars:
    values, low, high = ([one[k] for one in shown] for k in range(3))
    return Bars(name, colour, values, low, high)


def _drawn(
    ax: Axes | None,
    names: Sequence[str],
    bars: Sequence[Bars],
    *,
    together: bool = False,
    notes: Sequence[str] = (),
) -> Axes:
    """Draw rows of bars: those of a row below each other, or ``together`` on one line.

    ``notes`` stand below the rows' names, where there are any.
    """
    labels = [_label(name) for name in names]
    if notes:
        shown = (style.plain_label(style.short(note, LONGEST_LINE)) for note in notes)
        labels = [f"{label}\n{note}" for label, note in zip(labels, shown, strict=True)]
    if ax is None:
        lines = max((label.count("\n") + 1 for label in labels), default=1)
        ax = style.new_axes(height=1.9 + max(ROW, LINE * lines) * max(3, len(names)))
    thick = 0.7 if together else 0.7 / len(bars)
    for number, (name, colour, values, low, high, start) in enumerate(bars):
        shift = 0.0 if together else (number - (len(bars) - 1) / 2) * thick
        rows = np.arange(len(names)) + shift
        lengths = np.nan_to_num(np.asarray(values, dtype=np.float64))
        ax.barh(rows, lengths, thick, left=start, color=colour, label=name, linewidth=0)
        reach = np.nan_to_num(np.abs(np.array([low, high]) - values))
        ax.errorbar(start + lengths, rows, xerr=reach, fmt="none", ecolor=style.BLACK, capsize=2,
                    elinewidth=1.0)  # fmt: skip
    ax.use_sticky_edges = False
    if not together:
        ax.axvline(0.0, color=style.BLACK, linewidth=1.0)
    ax.set_yticks(range(len(names)), labels)
    ax.set_ylim(len(names) - 0.4, -0.6)
    return ax


def _finished(ax: Axes, title: str, subtitle: str, *, rest: int) -> Axes:
    style.finish(ax, title=title, subtitle=subtitle)
    if rest > 0:
        ax.set_xlabel(f"{ax.get_xlabel()}; {rest} more move it less")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    style.legend(ax)
    return ax


def _share_axis(ax: Axes, what: str) -> None:
    low, high = ax.get_xlim()
    style.share_axis(ax, what, which="x")
    # unbiased shares may be a little below 0, and totals add up to more than 1
    ax.set_xlim(min(0.0, low), max(1.03, high))


def _label(name: str) -> Any:
    """Return a name in three lines at most, broken behind its dots."""
    lines = broken(name, LONGEST_LINE)
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1][: LONGEST_LINE - 3]}..."]
    return "\n".join(map(style.plain_label, lines))
