"""Charts of a forecast, drawn on given axes; the style is that of `salessim.charts.style`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from salessim.charts import style
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.readable import percent, rounded, trajectories

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.labels import Labels
    from salessim.forecast.series import Series

COLOURS = (
    style.BLUE, style.SKY, style.ORANGE, style.PURPLE, style.GREEN, style.YELLOW,
    style.VERMILLION, style.GREY,
)  # fmt: skip
"""Of the parts of a stack: open deals, customers, then the external sources."""
HATCHES = ("", "", "//", "\\\\", "xx", "..", "++", "--")
"""Beside the colours: parts of nearly the same lightness are told apart in grey too."""
BASE_LABELS = ("open deals", "customers")
TARGET: dict[str, Any] = {"color": style.GREEN, "linestyle": "-."}
MOST_MARKED = 40
"""Periods up to which each median has a mark of its own."""
TITLES = {
    "bookings": "Bookings",
    "wins": "Deals won",
    "active_customers": "Active customers",
    "new_customers": "New customers",
    "lost_customers": "Lost customers",
    "slipped": "Deals slipped out of their period",
    "leads": "External leads",
}


@dataclass(frozen=True)
class Plots:
    """The charts of a forecast as methods; each draws on given axes, or on a figure of its own."""

    forecast: Forecast

    def fan(
        self,
        series: str = "bookings",
        ax: Axes | None = None,
        *,
        target: float | Sequence[float] | None = None,
    ) -> Axes:
        """Draw the fan of a series; see `salessim.forecast.plot.fan`."""
        return fan(self.forecast, series, ax, target=target)

    def origins(self, ax: Axes | None = None) -> Axes:
        """Draw bookings by origin; see `salessim.forecast.plot.origins`."""
        return origins(self.forecast, ax)

    def with_and_without(self, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
        """Draw bookings with and without external leads, side by side."""
        return with_and_without(self.forecast, axes)

    def funnel(
        self, pipeline: str | None = None, axes: tuple[Axes, Axes] | None = None
    ) -> tuple[Axes, ...]:
        """Draw flows through the stages and what stands in them; see `funnel_plot.funnel`."""
        from salessim.forecast import funnel_plot

        return funnel_plot.funnel(self.forecast, pipeline, axes)

    def total(self, ax: Axes | None = None) -> Axes:
        """Draw the distribution of all bookings; see `total_plot.total`."""
        from salessim.forecast import total_plot

        return total_plot.total(self.forecast, ax)

    def targets(self, ax: Axes | None = None) -> Axes:
        """Draw the chance of each target; see `targets_plot.targets`."""
        from salessim.forecast import targets_plot

        return targets_plot.targets(self.forecast, ax)

    def customers(self, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
        """Draw active customers, and those gained and lost; see `customers_plot.customers`."""
        from salessim.forecast import customers_plot

        return customers_plot.customers(self.forecast, axes)

    def runway(self, ax: Axes | None = None) -> Axes:
        """Draw how long the base alone books the need; see `runway_plot.runway`."""
        from salessim.forecast import runway_plot

        return runway_plot.runway(self.forecast, ax)


def fan(
    forecast: Forecast,
    series: str = "bookings",
    ax: Axes | None = None,
    *,
    target: float | Sequence[float] | None = None,
) -> Axes:
    """Draw P5 to P95, P10 to P90 and P50 by period, with P50 without external leads beside.

    Of bookings the need is drawn, and the plan's targets: one of several periods as its mean.

    Parameters
    ----------
    forecast : Forecast
    series : str
        A name of `SERIES`.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.
    target : float or sequence of float, optional
        What is aimed at: of each period, in the unit of the series; instead of the plan's targets.

    Raises
    ------
    ValueError
        There is no such series, or neither one target nor one for each period.
    """
    shown = forecast.series(series)
    ax = style.new_axes() if ax is None else ax
    days = positions(forecast, shown)
    _bands(ax, days, shown, style.BLUE)
    if forecast.labels.external_sources and series != "leads":
        base = forecast.without_external_leads().series(series).summary.p50
        dashed = {"color": style.VERMILLION, "linestyle": "--", **_line(days)}
        ax.plot(*_stretched(days, base), label="P50 without external leads", **dashed)
    if series == "bookings":
        _need(forecast, ax)
    if target is None and series == "bookings":
        _targets(forecast, ax)
    if target is not None:
        wanted = np.broadcast_to(np.asarray(target, dtype=np.float64), days[:, 0].shape)
        ax.plot(*_stretched(days, wanted), label="target", **TARGET, **_line(days))
    _dress(forecast, shown, ax, title=total_words(shown))
    style.legend(ax)
    return ax


def origins(forecast: Forecast, ax: Axes | None = None) -> Axes:
    """Draw mean bookings by period, stacked by the origin they descend from.

    Parameters
    ----------
    forecast : Forecast
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    days = edges(forecast)
    widths = 0.86 * np.diff(days)
    middle = (days[:-1] + days[1:]) / 2
    bottom = np.zeros(len(middle))
    for index, (label, mean) in enumerate(_parts(forecast)):
        ax.bar(
            middle, mean, widths, bottom=bottom, color=COLOURS[index], label=label, linewidth=0,
            hatch=HATCHES[index], edgecolor="white",
        )  # fmt: skip
        bottom = bottom + mean
    # The legend reads from the top, as the stack does.
    stacked = list(reversed(ax.containers))
    _need(forecast, ax)
    _dress(forecast, forecast.bookings, ax, title=_shares(forecast), what="mean bookings, ")
    style.legend(ax, handles=[*stacked, *ax.get_lines()])
    return ax


def with_and_without(
    forecast: Forecast, axes: tuple[Axes, Axes] | None = None
) -> tuple[Axes, Axes]:
    """Draw the fan of bookings with external leads, and on the same scale without them.

    Parameters
    ----------
    forecast : Forecast
    axes : (Axes, Axes), optional
        Where to draw; a new figure when None, whose title is then the verdict.
    """
    own = axes is None
    axes = style.new_pair() if axes is None else axes
    base = forecast.without_external_leads()
    pairs = ((forecast, style.BLUE, "With"), (base, style.VERMILLION, "Without"))
    for ax, (part, colour, _) in zip(axes, pairs, strict=True):
        _bands(ax, positions(part, part.bookings), part.bookings, colour)
        _need(forecast, ax)
    largest = max(ax.dataLim.y1 for ax in axes)
    for ax, (part, _, word) in zip(axes, pairs, strict=True):
        mean = rounded(float(part.bookings.total_summary.mean))
        title = f"{word} external leads: {mean} {style.short(part.bookings.unit, 12)}"
        words = {"title": title, "what": "mean of the whole span, "}
        _dress(part, part.bookings, ax, **words, largest=largest)
        style.legend(ax, below=True)
    ends = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(ends[:, 0].min(), ends[:, 1].max())
    axes[1].set_ylabel("")
    verdict = forecast.verdict
    if own:
        share = percent(verdict.probability or 0.0)
        met = f"Without new external leads the need is met in {share} of the trajectories"
        said = f"{met}: {verdict.word}"
        style.headline(style.figure_of(axes[0]), said if verdict.word else subtitle(forecast))
    return axes


def _bands(ax: Axes, days: Any, series: Series, colour: str) -> None:
    """Draw P5 to P95, P10 to P90 and P50."""
    p5, p10, p50, p90, p95 = np.quantile(series.samples, [0.05, 0.1, 0.5, 0.9, 0.95], axis=0)
    for low, high, alpha, label in ((p5, p95, 0.18, "P5 to P95"), (p10, p90, 0.30, "P10 to P90")):
        x, bottom = _stretched(days, low)
        area: dict[str, Any] = {"color": colour, "alpha": alpha, "linewidth": 0, "label": label}
        ax.fill_between(x, bottom, _stretched(days, high)[1], **area)
    ax.plot(*_stretched(days, p50), color=colour, label="P50", **_line(days))


def _line(days: Any) -> dict[str, Any]:
    mark = "o" if 1 < len(days) < MOST_MARKED else ""
    return {**style.LINE, "marker": mark, "markersize": 3.5}


def _stretched(days: Any, values: Any) -> tuple[Any, Any]:
    """Return where to draw values: one alone is drawn as wide as half its period, to be seen."""
    at, width = days[:, 0], days[:, 1]
    if len(at) > 1:
        return at, values
    return at[0] + width[0] * np.array([-0.25, 0.25]), np.repeat(values, 2)


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
        *(
            (style.plain_label(style.short(names[index], style.LONGEST_LABEL)), external[index])
            for index in shown
        ),
    ]
    rest = [external[index] for index in most[len(shown) :]]
    return [*parts, (f"{len(rest)} more sources", sum(rest))] if rest else parts


def _shares(forecast: Forecast) -> str:
    """Say who brings how much of all bookings."""
    parts = forecast.bookings.by("origin")
    means = {name: float(part.total_summary.mean) for name, part in parts.items()}
    total = sum(means.values())
    if total == 0:
        return "Nothing is booked"
    base = {"customers": means.pop("customers", 0.0), "open deals": means.pop("open_deals", 0.0)}
    said = {"external leads": sum(means.values()), **base} if means else base
    shares = (f"{percent(part / total)} from {name}" for name, part in said.items())
    return f"Of all bookings, {', '.join(shares)}"


def total_words(series: Series) -> str:
    """Say a series in one line: all of it, or of a stock its level at the end."""
    p10, p50, p90 = (rounded(float(value)) for value in series.total_summary[2:])
    money = series.name == "bookings"
    unit = f"{style.short(series.unit, style.LONGEST_LABEL)} " if money else ""
    when = "at the end" if series.stock else "in all"
    return f"{TITLES[series.name]}: {p50} {unit}{when} (P10 {p10}, P90 {p90})"


def edges(forecast: Forecast) -> Any:
    """Return where periods begin on a date axis, and where the last ends, shape (period + 1,)."""
    labels = forecast.labels
    return style.day_numbers([*labels.periods, labels.end])


def positions(forecast: Forecast, series: Series) -> Any:
    """Return where a period's value stands and how long the period is, shape (period, 2).

    A flow stands in the middle, a level at the end.
    """
    days = edges(forecast)
    at = days[1:] if series.stock else (days[:-1] + days[1:]) / 2
    return np.stack([at, np.diff(days)], axis=1)


def _need(forecast: Forecast, ax: Axes) -> None:
    """Draw what a period of mean length must book."""
    verdict = forecast.verdict
    if verdict.probability is None:
        return
    need = verdict.need_per_month * forecast.labels.timeline.period.days / DAYS_PER_MONTH
    label = "need" if verdict.need_from == "plan" else f"need ({verdict.need_from})"
    ax.axhline(need, color=style.BLACK, linestyle=":", linewidth=1.4, label=label)


def _targets(forecast: Forecast, ax: Axes) -> None:
    """Draw the plan's targets, each spread over its periods; the shortest where they overlap."""
    days = edges(forecast)
    level = np.full(len(days) - 1, np.nan)
    starts = forecast.labels.timeline.edges
    spread = False
    for wanted in sorted(forecast.labels.targets, key=lambda target: target.end - target.start):
        within = slice(starts.index(wanted.start), starts.index(wanted.end))
        count = within.stop - within.start
        spread |= count > 1 and bool(np.isnan(level[within]).any())
        level[within] = np.where(np.isnan(level[within]), wanted.amount / count, level[within])
    if not np.isnan(level).all():
        label = f"target, per {period_name(forecast.labels)}" if spread else "target"
        ax.stairs(level, days, baseline=None, label=label, linewidth=1.8, **TARGET)


def _dress(
    forecast: Forecast,
    series: Series,
    ax: Axes,
    *,
    title: str,
    what: str = "",
    largest: float = 0.0,
) -> None:
    """Put dates, units, title and subtitle, which begins with ``what``."""
    labels = forecast.labels
    alone = len(labels.periods) == 1
    style.date_axis(ax, labels.periods[0], labels.end, room=(0.3 if alone else 0.02) * series.stock)
    counted = style.short(series.unit, style.LONGEST_LABEL)
    when = "at the period's end" if series.stock else f"per {period_name(labels)}"
    style.number_axis(ax, f"{counted} {when}", largest=largest)
    style.finish(ax, title=title, subtitle=f"{what}{subtitle(forecast)}")


def subtitle(forecast: Forecast) -> str:
    """Say of what a chart is: the plan, how many trajectories, from when."""
    labels = forecast.labels
    title = style.short(labels.title, style.LONGEST_TITLE)
    return f"{title}: {trajectories(forecast.trajectories)} from {labels.periods[0].isoformat()}"


def period_name(labels: Labels) -> str:
    """Say a reporting period: ``month``, ``30 days``."""
    period = labels.timeline.period
    return period.unit if period.value == 1 else f"{period.value:g} {period.unit}s"
