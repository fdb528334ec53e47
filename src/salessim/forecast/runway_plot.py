"""How long what is already there books what the business needs, period by period."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from salessim.charts import style
from salessim.errors import SalessimError
from salessim.forecast.plot import MOST_MARKED
from salessim.readable import percent, rounded, trajectories

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.verdict import Verdict


def runway(forecast: Forecast, ax: Axes | None = None) -> Axes:
    """Draw by period in how many trajectories the base alone books the need.

    One line is the share whose trailing twelve months reach the need at the end of a period: in
    the verdict's window it comes to the verdict's probability. The other is the share that has
    reached it in all periods so far, and never rises. Both go on to the end of the verdict's
    span, which may be later than the forecast's.

    Parameters
    ----------
    forecast : Forecast
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.

    Raises
    ------
    SalessimError
        There is no need to measure against, or an older version wrote the forecast.
    """
    verdict = forecast.verdict
    if verdict.probability is None:
        raise SalessimError(f"no runway to draw: {verdict.notes['word']}")
    if not verdict.need_met:
        raise SalessimError(
            "no runway to draw: an older version wrote this run; run its plan.toml again"
        )
    ax = style.new_axes() if ax is None else ax
    line = forecast.labels.timeline
    days = style.day_numbers([line.period_start(t + 1) for t in range(line.judged)])
    marker: dict[str, Any] = {"marker": "o" if len(days) < MOST_MARKED else "", "markersize": 3.5}
    ax.plot(
        days, verdict.need_met, color=style.BLUE, **marker, **style.LINE,
        label="the last twelve months\nreach the need",
    )  # fmt: skip
    ax.plot(
        days, verdict.never_yet_short, color=style.VERMILLION, linestyle="--", **style.LINE,
        label="never short of it so far",
    )  # fmt: skip
    first, after = style.day_numbers(verdict.window)
    ax.axvspan(first, after, color=style.GREY, alpha=0.12, linewidth=0, label="verdict's window")
    style.share_axis(ax, "of the trajectories, without new external leads")
    style.date_axis(ax, line.start, line.period_start(line.judged), room=0.02)
    style.finish(ax, title=_message(verdict), subtitle=_subtitle(forecast))
    style.legend(ax)
    return ax


def _message(verdict: Verdict) -> str:
    """Say when half of the trajectories have fallen short."""
    never = percent(verdict.never_short or 0.0)
    half = verdict.runway[1]
    if verdict.never_short == 1.0:
        return "Runway: without new external leads the business never falls short of its need"
    if half is None:
        return f"Runway: in {never} of the trajectories the base never falls short of the need"
    return f"Runway: half of the trajectories fall short of the need by the period from {half}"


def _subtitle(forecast: Forecast) -> str:
    verdict = forecast.verdict
    title = style.short(forecast.labels.title, style.LONGEST_LABEL)
    currency = style.short(verdict.currency, 12)
    need = f"need {rounded(verdict.need_per_month)} {currency} a month"
    known = (
        "; until twelve months have passed, judged pro rata" if "runway" in verdict.notes else ""
    )
    return f"{title}: {need}, {trajectories(forecast.trajectories)}{known}"
