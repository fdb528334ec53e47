"""Pictures of a back-test: fans against what came true, and where it fell in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.charts import style
from salessim.fit.backtest.actuals import Target
from salessim.fit.backtest.evaluation import OURS, apart
from salessim.fit.backtest.looks import FAN, Look
from salessim.fit.backtest.scores import LEVELS, select
from salessim.readable import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from salessim.fit.backtest.result import Backtest

MOST_FANS = 12
COLUMNS = 3
COUNTED = {"wins": "deals"}
"""What a measure counts that is no money and no customers."""
MOST_BINS, FEW_BINS, ENOUGH = 10, 5, 5
"""Bins of a histogram: the fewer when periods that do not overlap are fewer than five a bin."""
BANDS = ((0, 6, 0.15, "95% interval"), (1, 5, 0.25, "80%"), (2, 4, 0.40, "50%"))
"""Places in `FAN` of the two ends, how strongly the band is drawn, its name."""


class Pictures:
    """Charts of a back-test."""

    def __init__(self, backtest: Backtest) -> None:
        self._of = backtest

    def fans(self, measure: str = "bookings", part: str = "all") -> Figure:
        """Draw the forecast of each origin against what came true, at most twelve of them."""
        backtest, target = self._of, Target(measure, part)
        shown = _spread_out(backtest.looks)
        rows = -(-len(shown) // COLUMNS)
        columns = min(COLUMNS, len(shown))
        figure = style.new_figure(width=3.4 * columns + 0.6, height=2.3 * rows + 1.1)
        grid = figure.subplots(rows, columns, squeeze=False)
        for ax, look in zip(grid.flat, shown, strict=False):
            _fan(ax, look, target)
        top = max(float(max(look.fans[target].max(), look.actual[target].max())) for look in shown)
        unit = backtest.currency if measure == "bookings" else COUNTED.get(measure, "customers")
        for number, ax in enumerate(grid.flat):
            if number >= len(shown):
                ax.set_visible(False)
                continue
            look = shown[number]
            style.date_axis(ax, look.window.start, look.window.end)
            style.number_axis(ax, unit, largest=top)
            if number % columns:
                ax.set_ylabel("")
            style.finish(ax, title=f"As of {look.window.origin}")
        figure.legend(
            *grid[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=5,
            frameon=False, fontsize=style.TEXT,
        )  # fmt: skip
        of = "" if part == "all" else f" of {part.replace('_', ' ')}"
        few = len(shown) < len(backtest.looks)
        left = f", {len(shown)} of {len(backtest.looks)} origins" if few else ""
        style.headline(figure, f"{measure.capitalize()}{of}: forecast and what came true{left}")
        return figure

    def pit(self, measure: str = "bookings", part: str = "all", ax: Axes | None = None) -> Axes:
        """Draw where what came true fell in the forecasts: flat when they are right."""
        ax = style.new_axes(width=style.PANEL, height=3.6) if ax is None else ax
        rows = select(self._of.table, measure=measure, part=part, total=False, by=OURS)
        free = len(apart(zip(rows["start"], rows["end"], strict=True)))
        bins = MOST_BINS if free >= ENOUGH * MOST_BINS else FEW_BINS
        counts = np.histogram(rows["pit"], bins=bins, range=(0.0, 1.0))[0]
        shares = counts / max(1, counts.sum())
        at = (np.arange(bins) + 0.5) / bins
        ax.bar(at, shares, width=0.9 / bins, color=style.BLUE, label="share of all periods")
        low, high = _band(free, bins)
        ax.axhspan(
            low, high, color=style.ORANGE, alpha=0.25, linewidth=0, zorder=0,
            label=f"95% of flat histograms of {free} periods",
        )  # fmt: skip
        ax.axhline(1.0 / bins, color=style.BLACK, linewidth=1.0, linestyle=":")
        style.share_axis(ax, "share of the periods")
        ax.set_ylim(0.0, 1.15 * max(float(shares.max()), high))
        style.share_axis(ax, "quantile of the forecast at which it came true", which="x")
        ax.set_xlim(0.0, 1.0)
        style.finish(ax, title=_leaning(rows["pit"].to_numpy()), subtitle=f"{measure} by period")
        style.legend(ax)
        return ax

    def coverage(self, measure: str = "bookings", ax: Axes | None = None) -> Axes:
        """Draw how often intervals held against what they promise, with their uncertainty."""
        ax = style.new_axes(width=style.PANEL, height=3.6) if ax is None else ax
        verdict = self._of.verdict(measure)
        path = self._of.verdict(measure, total=False)
        marks = (
            (verdict, style.BLUE, "o", "whole horizons"),
            (path, style.VERMILLION, "s", "periods"),
        )
        for place, (one, colour, marker, label) in enumerate(marks):
            held = np.array([level.held for level in one.coverages])
            ends = np.array([level.interval for level in one.coverages]).T
            x = np.array(LEVELS) + 0.008 * (2 * place - 1)
            ax.errorbar(
                x, held, np.abs(ends - held), fmt=marker, color=colour, capsize=3, label=label
            )
        ax.plot([0.0, 1.0], [0.0, 1.0], color=style.BLACK, linewidth=1.0, linestyle=":",
                label="as promised")  # fmt: skip
        style.share_axis(ax, "held what came true")
        style.share_axis(ax, "promised by the interval", which="x")
        ax.set_xlim(0.4, 1.0)
        title = f"80% intervals held {percent(verdict.coverages[1].held)} of the totals"
        style.finish(
            ax, title=title, subtitle=f"{measure}; bars: 95%, by windows that do not overlap"
        )
        style.legend(ax)
        return ax


def _spread_out(looks: tuple[Look, ...]) -> list[Look]:
    """Return at most twelve, evenly spread, the first and the last among them."""
    places = np.linspace(0, len(looks) - 1, min(MOST_FANS, len(looks))).round().astype(int)
    return [looks[place] for place in dict.fromkeys(places.tolist())]


def _fan(ax: Axes, look: Look, target: Target) -> None:
    edges = style.day_numbers(look.window.edges)
    at = (edges[:-1] + edges[1:]) / 2
    fan, actual = look.fans[target], look.actual[target]
    if len(at) == 1:  # one period alone is drawn as wide as half of it
        at, fan = at[0] + np.diff(edges)[0] * np.array([-0.25, 0.25]), np.repeat(fan, 2, axis=1)
        actual = np.repeat(actual, 2)
    for low, high, alpha, name in BANDS:
        words: dict[str, Any] = {"color": style.BLUE, "alpha": alpha, "linewidth": 0}
        ax.fill_between(at, fan[low], fan[high], label=name, **words)
    ax.plot(at, fan[FAN.index(0.5)], color=style.BLUE, label="median", **style.LINE)
    ax.plot(
        at, actual, color=style.BLACK, marker="o", markersize=3.5, linewidth=1.2, label="came true"
    )


def _band(count: int, bins: int) -> tuple[float, float]:
    """Return the shares between which a bin of a flat histogram lies, 95% for each bin."""
    from scipy.stats import binom

    law = binom(count, 1.0 / bins)
    return float(law.ppf(0.025)) / count, float(law.ppf(0.975)) / count


def _leaning(pit: Any) -> str:
    """Say where what came true lies in the forecasts."""
    upper, middle = float((pit > 0.5).mean()), float(((pit > 0.25) & (pit < 0.75)).mean())
    return (
        f"{percent(upper)} came true above the median (right: 50%), {percent(middle)} in the "
        "middle half (50%)"
    )
