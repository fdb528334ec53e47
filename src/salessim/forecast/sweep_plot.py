"""Charts of a sweep: a line with its bands for one key, a map for two, dots for more."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from salessim.charts import style
from salessim.readable import brief, percent, rounded, scale, trajectories

if TYPE_CHECKING:
    from salessim.forecast.sweep import Key, Point, Sweep

MEASURES = ("bookings", "sustained")
"""What is drawn of a point: bookings over the whole span, and P(sustained)."""
MOST_PANELS = 4
"""Keys that are drawn side by side, where there are more than two."""
MOST_TICKS, MOST_WRITTEN = 12, 120
"""Values named along an axis of a map, and cells in which the number is written."""
LIGHT = 0.55
"""Of the colours from dark to light: numbers are black from here on."""
COLOURS = "cividis"


@dataclass(frozen=True)
class SweepPlots:
    """The charts of a sweep as methods; ``measure`` is ``bookings`` or ``sustained``."""

    sweep: Sweep

    def line(self, measure: str = "bookings", ax: Axes | None = None) -> Axes:
        """Draw one key against what it comes to; see `line`."""
        return line(self.sweep, measure, ax)

    def heat(self, measure: str = "bookings", ax: Axes | None = None) -> Axes:
        """Draw a map of two keys; see `heat`."""
        return heat(self.sweep, measure, ax)

    def dots(self, measure: str = "bookings", key: str = "", ax: Axes | None = None) -> Axes:
        """Draw all points over one of several keys; see `dots`."""
        return dots(self.sweep, measure, key, ax)

    def both(self) -> Figure:
        """Draw bookings and P(sustained) on a figure of their own, in the way that fits."""
        keys = self.sweep.keys
        if len(keys) > 1 and (len(keys) > 2 or self.sweep.grid is None):
            return self._panels()
        draw = self.line if len(keys) == 1 else self.heat
        axes = style.new_pair(width=1.5 * style.WIDTH)
        for measure, ax in zip(MEASURES, axes, strict=True):
            draw(measure, ax)
        return style.figure_of(axes[0])

    def _panels(self) -> Figure:
        keys = self.sweep.keys[:MOST_PANELS]
        figure = style.new_figure(
            width=max(style.WIDTH, 0.5 * style.WIDTH * len(keys)), height=1.6 * style.HEIGHT
        )
        axes = figure.subplots(len(MEASURES), len(keys), squeeze=False)
        for row, measure in enumerate(MEASURES):
            for ax, key in zip(axes[row], keys, strict=True):
                self.dots(measure, key.name, ax)
        more = len(self.sweep.keys) - len(keys)
        said = f"; {more} more keys are in the tables" if more else ""
        head = f"{_message(self.sweep, 'bookings')} ({_subtitle(self.sweep, 'bookings')}{said})"
        style.headline(figure, head)
        return figure


def line(sweep: Sweep, measure: str = "bookings", ax: Axes | None = None) -> Axes:
    """Draw what a point comes to over the first key, with its bands.

    Of bookings P10 to P90 and the mean, with the mean without external leads beside; of
    P(sustained) its 95 % interval.

    Parameters
    ----------
    sweep : Sweep
    measure : str
        ``bookings`` or ``sustained``.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    ValueError
        There is no such measure.
    """
    points, key = sweep.points, sweep.keys[0]
    ax = style.new_axes() if ax is None else ax
    x = _places(sweep, 0)
    order = np.argsort(x, kind="stable")
    look: dict[str, Any] = {"marker": "o", "markersize": 4, **style.LINE}
    low, middle, high = _bands(points, measure)
    if measure == "bookings":
        ax.fill_between(x[order], low[order], high[order], color=style.BLUE, alpha=0.25,
                        linewidth=0, label="P10 to P90")  # fmt: skip
        ax.plot(x[order], middle[order], color=style.BLUE, label="mean", **look)
        base = np.array([float(point.totals["base_bookings"].mean) for point in points])
        ax.plot(x[order], base[order], "--", color=style.VERMILLION,
                label="mean without external leads", **look)  # fmt: skip
    else:
        ax.fill_between(x[order], low[order], high[order], color=style.GREEN, alpha=0.25,
                        linewidth=0, label="95% interval")  # fmt: skip
        ax.plot(x[order], middle[order], color=style.GREEN, label="P(sustained)", **look)
    _value_axis(sweep, measure, ax)
    _key_axis(sweep, key, ax)
    style.finish(ax, title=_message(sweep, measure), subtitle=_subtitle(sweep, measure))
    style.legend(ax, below=True)
    return ax


def heat(sweep: Sweep, measure: str = "bookings", ax: Axes | None = None) -> Axes:
    """Draw a map: the first key upwards, the second to the right; points not finished are blank.

    Parameters as of `line`.

    Raises
    ------
    ValueError
        There is no such measure, or the points are no grid of two keys.
    """
    if sweep.grid is None or len(sweep.grid) != 2:
        raise ValueError("a map needs a grid of two keys")
    ax = style.new_axes() if ax is None else ax
    cells = np.full(sweep.grid, np.nan)
    middle = _bands(sweep.points, measure)[1]
    for point, value in zip(sweep.points, middle, strict=True):
        cells[np.unravel_index(point.number, sweep.grid)] = value
    share = measure == "sustained"
    divisor, name = (1, "") if share else scale(float(np.nanmax(np.abs(cells))), digits=3)
    limits: dict[str, Any] = {"vmin": 0.0, "vmax": 1.0} if share else {}
    image = ax.imshow(cells / divisor, origin="lower", aspect="auto", cmap=COLOURS, **limits)
    if cells.size <= MOST_WRITTEN:
        _write(ax, cells / divisor, image, share=share)
    for axis, which in ((ax.yaxis, 0), (ax.xaxis, 1)):
        names = _lines(sweep, which, sweep.grid)
        step = -(-len(names) // MOST_TICKS)
        axis.set_ticks(range(0, len(names), step), names[::step])
        axis.set_label_text(_key_label(sweep.keys[which]), fontsize=style.TEXT)
    # Below, where it takes no width from the title.
    bar = style.figure_of(ax).colorbar(image, ax=ax, location="bottom", aspect=40, shrink=0.7)
    bar.ax.xaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    unit = f"{name}{style.short(sweep.labels.currency, style.LONGEST_LABEL)}"
    bar.set_label("probability" if share else style.plain_label(unit), fontsize=style.TEXT)
    if share:
        bar.ax.xaxis.set_major_formatter(PercentFormatter(xmax=1.0, decimals=0))
    bar.ax.tick_params(labelsize=style.SMALL)
    style.finish(ax, title=_message(sweep, measure), subtitle=_subtitle(sweep, measure))
    ax.grid(visible=False)
    return ax


def dots(sweep: Sweep, measure: str = "bookings", key: str = "", ax: Axes | None = None) -> Axes:
    """Draw every point over one key, whatever the others are: what the key does on the whole.

    Parameters as of `line`, and:

    Parameters
    ----------
    key : str
        Its name; the first when empty.

    Raises
    ------
    ValueError
        There is no such measure or key.
    """
    names = [each.name for each in sweep.keys]
    if key and key not in names:
        raise ValueError(f"no key {key!r}; there are {', '.join(names)}")
    index = names.index(key) if key else 0
    ax = style.new_axes() if ax is None else ax
    colour = style.BLUE if measure == "bookings" else style.GREEN
    middle = _bands(sweep.points, measure)[1]
    ax.plot(_places(sweep, index), middle, "o", color=colour, markersize=4, alpha=0.7)
    _value_axis(sweep, measure, ax)
    _key_axis(sweep, sweep.keys[index], ax)
    said = {"bookings": "Bookings, mean", "sustained": "P(sustained)"}[measure]
    style.finish(ax, title=f"{said}, over {_short(sweep.keys[index])}")
    return ax


def _bands(points: Sequence[Point], measure: str) -> Any:
    """Return low, middle and high of each point, shape (3, point)."""
    if measure == "bookings":
        totals = [point.totals["bookings"] for point in points]
        return np.array([[float(t.p10), float(t.mean), float(t.p90)] for t in totals]).T
    if measure != "sustained":
        raise ValueError(f"no measure {measure!r}; there are {', '.join(MEASURES)}")
    judged = [(point.verdict.interval, point.verdict.probability) for point in points]
    rows = [(i[0], p, i[1]) if i else (np.nan,) * 3 for i, p in judged]
    return np.array(rows, dtype=np.float64).T


def _places(sweep: Sweep, index: int) -> Any:
    """Return where the points stand along a key: its numbers, or one word after the other."""
    if sweep.keys[index].written:
        return np.array([point.numbers[index] for point in sweep.points], dtype=np.float64)
    words = _words(sweep, index)
    return np.array([words.index(point.typed[index]) for point in sweep.points], dtype=np.float64)


def _words(sweep: Sweep, index: int) -> list[str]:
    return list(dict.fromkeys(point.typed[index] for point in sweep.points))


def _lines(sweep: Sweep, index: int, grid: Sequence[int]) -> list[str]:
    """Return the number or word of each line of a grid; what is not reached has no name yet."""
    names = [""] * grid[index]
    for point in sweep.points:
        number, word = point.numbers[index], point.typed[index]
        shown = word if number is None else brief(number)
        place = int(np.unravel_index(point.number, grid)[index])
        names[place] = style.plain_label(style.short(shown, style.LONGEST_LABEL))
    return names


def _write(ax: Axes, cells: Any, image: Any, *, share: bool) -> None:
    """Write each cell's number into it."""
    for row, column in itertools.product(*map(range, cells.shape)):
        value = cells[row, column]
        if np.isfinite(value):
            light = image.norm(value) > LIGHT
            text = percent(value) if share else f"{value:.3g}"
            ax.text(column, row, text, ha="center", va="center", fontsize=style.SMALL,
                    color=style.BLACK if light else "white")  # fmt: skip


def _value_axis(sweep: Sweep, measure: str, ax: Axes) -> None:
    if measure == "sustained":
        style.share_axis(ax, "probability")
    else:
        unit = style.short(sweep.labels.currency, style.LONGEST_LABEL)
        style.number_axis(ax, f"{unit} over the whole span", bottom=None)


def _key_axis(sweep: Sweep, key: Key, ax: Axes) -> None:
    if key.written:
        ax.set_xlabel(_key_label(key), fontsize=style.TEXT)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        return
    words = _words(sweep, sweep.keys.index(key))
    shown = [style.plain_label(style.short(word, style.LONGEST_LABEL)) for word in words]
    ax.set_xticks(range(len(words)), shown)
    ax.set_xlabel(style.plain_label(_short(key)), fontsize=style.TEXT)


def _key_label(key: Key) -> str:
    return style.plain_label(f"{_short(key)}, {key.unit}" if key.unit else _short(key))


def _short(key: Key) -> str:
    """Return the end of a key's address, which says most: whole parts, as many as fit."""
    parts = key.name.split(".")
    while len(parts) > 1 and len(".".join(parts)) > style.LONGEST_LABEL + 8:
        parts = parts[1:]
    return style.short(".".join(parts), style.LONGEST_LABEL + 8)


def _message(sweep: Sweep, measure: str) -> str:
    """Say from what to what it goes, and where it is most."""
    middle = _bands(sweep.points, measure)[1]
    if not np.isfinite(middle).any():
        return "No need is stated: nothing says what is sustained"
    most, least = int(np.nanargmax(middle)), int(np.nanargmin(middle))
    if measure == "sustained":
        low, high = percent(float(middle[least])), percent(float(middle[most]))
        said = f"Without new external leads the need is met in {low}"
        said += f" to {high}" if high != low else ""
        return f"{said} of the trajectories"
    unit = style.short(sweep.labels.currency, 12)
    low, high = rounded(float(middle[least])), rounded(float(middle[most]))
    if low == high:
        return f"Bookings: {high} {unit} at every point"
    best = sweep.points[most]
    where = ", ".join(
        f"{_short(key).rpartition('.')[2]} {_shown(key, best, index)}"
        for index, key in enumerate(sweep.keys[:2])
    )
    return f"Bookings: {low} to {high} {unit}, most at {where}"


def _shown(key: Key, point: Point, index: int) -> str:
    number = point.numbers[index]
    if number is None:
        return style.short(point.typed[index], 20)
    return key.written.replace("{}", brief(number))


def _subtitle(sweep: Sweep, measure: str) -> str:
    what = "mean over the whole span" if measure == "bookings" else "P(sustained)"
    count, points = trajectories(sweep.trajectories), len(sweep.points)
    part = f"{points:,} of {sweep.requested:,}" if sweep.interrupted else f"{points:,}"
    return f"{what}; {part} points of {count} each, on the same random numbers"
