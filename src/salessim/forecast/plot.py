"""Charts of a forecast, drawn on given axes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from salessim.forecast.verdict import trajectories
from salessim.model.calendar import DAYS_PER_MONTH

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.series import Series

# Okabe and Ito's palette: told apart with any colour vision, and in grey by lightness.
FAN = "#0072B2"
BASE = "#D55E00"
NEED = "#000000"
COLOURS = (FAN, "#56B4E9", "#E69F00", "#CC79A7", "#009E73", "#F0E442", BASE, "#999999")
BASE_LABELS = ("open deals", "customers")
LONGEST_LABEL = 28
LONGEST_TITLE = 60
TITLES = {
    "bookings": "Bookings",
    "wins": "Deals won",
    "active_customers": "Active customers at period end",
    "new_customers": "New customers",
    "lost_customers": "Lost customers",
    "leads": "External leads",
}


@dataclass(frozen=True)
class Plots:
    """The charts of a forecast as methods: `fan` and `origins`."""

    forecast: Forecast

    def fan(self, series: str = "bookings", ax: Axes | None = None) -> Axes:
        """Draw the fan of a series; see `salessim.forecast.plot.fan`."""
        return fan(self.forecast, series, ax)

    def origins(self, ax: Axes | None = None) -> Axes:
        """Draw bookings by origin; see `salessim.forecast.plot.origins`."""
        return origins(self.forecast, ax)


def fan(forecast: Forecast, series: str = "bookings", ax: Axes | None = None) -> Axes:
    """Draw P10 to P90, P25 to P75 and P50 by period, with P50 without external leads beside.

    Parameters
    ----------
    forecast : Forecast
    series : str
        A name of `SERIES`.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    ValueError
        There is no such series.
    """
    shown = forecast.series(series)
    ax = _new_axes() if ax is None else ax
    days = _positions(forecast, shown)
    low, lower, middle, upper, high = np.quantile(
        shown.samples, [0.1, 0.25, 0.5, 0.75, 0.9], axis=0
    )
    mark = "o" if len(days) < 40 else ""
    line: dict[str, Any] = {"marker": mark, "markersize": 3.5, "linewidth": 1.8}
    ax.fill_between(days, low, high, color=FAN, alpha=0.18, linewidth=0, label="P10 to P90")
    ax.fill_between(days, lower, upper, color=FAN, alpha=0.30, linewidth=0, label="P25 to P75")
    ax.plot(days, middle, color=FAN, label="P50", **line)
    if forecast.labels.external_sources and series != "leads":
        base = np.median(forecast.without_external_leads().series(series).samples, axis=0)
        ax.plot(days, base, color=BASE, linestyle="--", label="P50 without external leads", **line)
    if series == "bookings":
        _need(forecast, ax)
    _dress(forecast, shown, ax)
    return ax


def origins(forecast: Forecast, ax: Axes | None = None) -> Axes:
    """Draw mean bookings by period, stacked by the origin they descend from.

    Parameters
    ----------
    forecast : Forecast
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.
    """
    ax = _new_axes() if ax is None else ax
    edges = _edges(forecast)
    widths = 0.86 * np.diff(edges)
    middle = (edges[:-1] + edges[1:]) / 2
    bottom = np.zeros(len(middle))
    for index, (label, mean) in enumerate(_parts(forecast)):
        ax.bar(
            middle, mean, widths, bottom=bottom, color=COLOURS[index], label=label, linewidth=0,
            hatch="" if index < len(BASE_LABELS) else "//", edgecolor="white",
        )  # fmt: skip
        bottom = bottom + mean
    # The legend reads from the top, as the stack does.
    stacked = list(reversed(ax.containers))
    _need(forecast, ax)
    _dress(forecast, forecast.bookings, ax, what="Mean bookings by origin")
    _legend(ax, handles=[*stacked, *ax.get_lines()])
    return ax


def _parts(forecast: Forecast) -> list[tuple[str, Any]]:
    """Return a label and the means by period of each origin: the base first, then the sources.

    Sources for which no colour is left, those that book least, are one part.
    """
    means = [part.summary.mean for part in forecast.bookings.by("origin").values()]
    base, external = means[: len(BASE_LABELS)], means[len(BASE_LABELS) :]
    room = len(COLOURS) - len(BASE_LABELS)
    most = sorted(range(len(external)), key=lambda index: -external[index].sum())
    shown = sorted(most if len(external) <= room else most[: room - 1])
    names = forecast.labels.external_sources
    parts = [
        *zip(BASE_LABELS, base, strict=True),
        *((plain_label(_short(names[index], LONGEST_LABEL)), external[index]) for index in shown),
    ]
    rest = [external[index] for index in most[len(shown) :]]
    return [*parts, (f"{len(rest)} more sources", sum(rest))] if rest else parts


def save(ax: Axes, path: Path) -> None:
    """Write the figure of axes as SVG or PNG, by the path's ending: same picture, same bytes.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    figure = ax.figure.get_figure(root=True)
    vector = path.suffix == ".svg"
    # Text as text: small files that can be searched. Ids and dates would differ from run to run.
    with (
        mpl.rc_context({"svg.hashsalt": "salessim", "svg.fonttype": "none"}),
        warnings.catch_warnings(),
    ):
        # A name in letters that the font lacks is drawn as boxes; the reader of a chart sees that.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(path, dpi=150, metadata={"Date": None} if vector else {"Software": None})


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def plain_label(text: str) -> str:
    """Return text that matplotlib shows as it is: no mathematics, no hidden legend entry.

    Control characters become spaces: no SVG may hold them.
    """
    shown = "".join(char if char.isprintable() else " " for char in text).replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def _new_axes() -> Axes:
    # Not through pyplot: no global figure list, no window, no display needed.
    figure = Figure(figsize=(9.0, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    return figure.add_subplot()


def _edges(forecast: Forecast) -> Any:
    labels = forecast.labels
    days = date2num([*labels.periods, labels.end])  # type: ignore[no-untyped-call]
    return np.asarray(days, dtype=np.float64)


def _positions(forecast: Forecast, series: Series) -> Any:
    """Return where a period's value stands: a flow in its middle, a level at its end."""
    edges = _edges(forecast)
    return edges[1:] if series.stock else (edges[:-1] + edges[1:]) / 2


def _need(forecast: Forecast, ax: Axes) -> None:
    """Draw what a period of mean length must book."""
    verdict = forecast.verdict
    if verdict.probability is None:
        return
    need = verdict.need_per_month * forecast.labels.timeline.period.days / DAYS_PER_MONTH
    label = "need" if verdict.need_from == "plan" else f"need ({verdict.need_from})"
    ax.axhline(need, color=NEED, linestyle=":", linewidth=1.4, label=label)


def _dress(forecast: Forecast, series: Series, ax: Axes, *, what: str = "") -> None:
    locator = AutoDateLocator(minticks=4, maxticks=10)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    edges = _edges(forecast)
    ax.set_xlim(edges[0], edges[-1] + (0.02 * (edges[-1] - edges[0]) if series.stock else 0.0))
    # nothing at all is drawn on an axis to 1, not to a twentieth of a cent
    ax.set_ylim(bottom=0, top=None if ax.dataLim.y1 > 0 else 1)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    ax.set_ylabel(
        plain_label(
            series.unit
            if series.stock
            else f"{_short(series.unit, LONGEST_LABEL)} per {_period_name(forecast)}"
        )
    )
    ax.set_title(what or TITLES[series.name], loc="left", fontsize=12, fontweight="bold", pad=26)
    ax.text(
        0.0, 1.02, plain_label(_subtitle(forecast)), transform=ax.transAxes,
        fontsize=9, color="#555555", va="bottom",
    )  # fmt: skip
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    ax.set_axisbelow(True)
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.tick_params(axis="y", length=0)
    _legend(ax)


def _legend(ax: Axes, **handles: Any) -> None:
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        frameon=False,
        fontsize=9,
        borderaxespad=0,
        **handles,
    )


def _subtitle(forecast: Forecast) -> str:
    labels = forecast.labels
    first: date = labels.periods[0]
    title = _short(labels.title, LONGEST_TITLE)
    return f"{title}: {trajectories(forecast.trajectories)} from {first.isoformat()}"


def _period_name(forecast: Forecast) -> str:
    period = forecast.labels.timeline.period
    return period.unit if period.value == 1 else f"{period.value:g} {period.unit}s"
