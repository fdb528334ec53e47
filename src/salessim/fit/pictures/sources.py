"""Leads by month, as counted and as fitted."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.config.words import counted
from salessim.fit.rates import RateFit
from salessim.fit.sources import MONTH, SourceFit
from salessim.model.law import floats
from salessim.readable import few_digits


def monthly_leads(source: SourceFit, ax: Axes | None = None) -> Axes:
    """Draw the leads of each month, and where nine of ten months should lie.

    Months that were counted in part are drawn at their rate, hollow. Before the last break only the
    level of each piece is drawn: nothing else of it goes on.

    Parameters
    ----------
    source : SourceFit
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    months = source.months
    edges = style.day_numbers([*source.first, source.until])
    if source.fit is not None:
        _fitted(ax, source, source.fit, edges)
    whole = np.array([_whole(*days) for days in pairwise([*source.first, source.until])])
    middle, rate = (edges[1:] + edges[:-1]) / 2.0, months.leads * MONTH / months.days
    for chosen, fill, name in (
        (whole, style.BLACK, "as counted"),
        (~whole, "white", "part of a month, at its rate"),
    ):
        ax.plot(middle[chosen], rate[chosen], "o", color=style.BLACK, markerfacecolor=fill,
                markersize=5, label=name if chosen.any() else None)  # fmt: skip
    style.date_axis(ax, source.first[0], source.until)
    style.number_axis(ax, "leads a month of 30.4 days")
    style.finish(ax, title=_title(source), subtitle=_subtitle(source))
    style.legend(ax)
    return ax


def _fitted(ax: Axes, source: SourceFit, fit: RateFit, edges: FloatArray) -> None:
    begin = fit.counted_from
    mean, low, high = expected(source, fit)
    here = edges[begin:]
    kept = slice(begin, None)
    ax.fill_between(here, np.append(low[kept], low[-1]), np.append(high[kept], high[-1]),
                    step="post", color=style.BLUE, alpha=0.18, linewidth=0,
                    label="nine of ten months")  # fmt: skip
    ax.stairs(mean[kept], here, color=style.BLUE, baseline=None, label="fitted", **style.LINE)
    bounds = (0, *fit.breaks)
    for level, (first, after) in zip(fit.levels, pairwise((*bounds, len(mean))), strict=True):
        if after <= begin:
            ax.hlines(level * MONTH, edges[first], edges[after], color=style.BLUE,
                      linestyle="--", linewidth=1.4)  # fmt: skip
    for at in fit.breaks:
        ax.axvline(edges[at], color=style.VERMILLION, linewidth=1.2, linestyle=":",
                   label="a new level" if at == fit.breaks[0] else None)  # fmt: skip


def expected(source: SourceFit, fit: RateFit) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean of each month's leads, and the 5 % and 95 % points, at a rate a month.

    Of the fitted parameters, as if known: a month is a negative binomial count.
    """
    from scipy.stats import nbinom

    months, per_month = source.months, MONTH / source.months.days
    log = fit.level.mean + fit.growth.mean * months.number
    if fit.season:
        log = log + np.array([factor.mean for factor in fit.season])[months.of_year]
    mean = np.exp(log) * months.days
    shape = 1.0 / max(fit.variance.mean, 1e-9)
    low, high = (
        floats(nbinom.ppf(p, shape, shape / (shape + mean))) * per_month for p in (0.05, 0.95)
    )
    return floats(mean * per_month), low, high


def _whole(first: date, after: date) -> bool:
    """Whether a month was counted from its first day to its last."""
    return first.day == 1 and after.day == 1


def _title(source: SourceFit) -> str:
    name = style.short(source.name, style.LONGEST_LABEL)
    if source.fit is None:
        return f"{name}: leads came, and no longer do"
    middle, low, high = source.per_month()
    said = f"{name}: {few_digits(middle)} leads a month at the start"
    grows, least, most = source.growth()
    if least > 0.0 or most < 0.0:
        said += f", {grows:+.1%} a month"
    return f"{said} (90% interval {few_digits(low)} to {few_digits(high)})"


def _subtitle(source: SourceFit) -> str:
    last = source.until - timedelta(days=1)
    return (
        f"{style.short(source.pipeline, style.LONGEST_LABEL)}: {counted(source.leads, 'lead')}, "
        f"{source.first[0]} to {last}"
    )
