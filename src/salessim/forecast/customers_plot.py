"""Customers: how many are active, and how many come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.forecast.plot import MOST_MARKED, edges, fan, period_name, subtitle
from salessim.readable import few_digits

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast


def customers(forecast: Forecast, axes: tuple[Axes, Axes] | None = None) -> tuple[Axes, Axes]:
    """Draw active customers with their bands, and beside it the means gained and lost by period.

    Customers gained are split by who brought them: the base, or new external leads.

    Parameters
    ----------
    forecast : Forecast
    axes : (Axes, Axes), optional
        Where to draw; a new figure when None.
    """
    left, right = style.new_pair() if axes is None else axes
    fan(forecast, "active_customers", left)
    style.legend(left, below=True, ncols=2)
    _come_and_go(forecast, right)
    return left, right


def _come_and_go(forecast: Forecast, ax: Axes) -> None:
    labels = forecast.labels
    days = edges(forecast)
    few = len(days) <= MOST_MARKED
    widths = (0.86 if few else 1.0) * np.diff(days)
    place: dict[str, Any] = {"x": (days[:-1] + days[1:]) / 2, "width": widths}
    look: dict[str, Any] = {"linewidth": 0, "edgecolor": "white"}
    gained, lost = forecast.new_customers.summary.mean, forecast.lost_customers.summary.mean
    own = forecast.without_external_leads().new_customers.summary.mean
    by_base = "gained by customers and open deals" if labels.external_sources else "gained"
    ax.bar(height=own, color=style.BLUE, label=by_base, **place, **look)
    if labels.external_sources:
        ax.bar(
            height=gained - own, bottom=own, color=style.ORANGE, hatch="//",
            label="gained by external leads", **place, **look,
        )  # fmt: skip
    ax.bar(height=-lost, color=style.GREY, hatch="..", label="lost", **place, **look)
    ax.axhline(0.0, color=style.BLACK, linewidth=1.0)
    net: dict[str, Any] = {"marker": "D" if few else "", "markersize": 3, "linewidth": 1.2}
    ax.plot(place["x"], gained - lost, color=style.BLACK, label="gained minus lost", **net)
    style.date_axis(ax, labels.periods[0], labels.end)
    style.number_axis(ax, f"customers per {period_name(labels)}", bottom=None)
    if not (gained.any() or lost.any()):
        ax.set_ylim(-1.0, 1.0)
    style.finish(ax, title=_message(gained, lost), subtitle=f"means, {subtitle(forecast)}")
    style.legend(ax, below=True, handles=[*ax.containers, *ax.get_lines()[1:]], ncols=2)


def _message(gained: FloatArray, lost: FloatArray) -> str:
    if not (gained.any() or lost.any()):
        return "No customer comes or goes"
    return (
        f"{few_digits(float(gained.sum()))} customers gained, {few_digits(float(lost.sum()))} lost"
    )
