"""All bookings of the span as a distribution, with what is aimed at and the chance to reach it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray, IntArray
from salessim.charts import style
from salessim.forecast.plot import TARGET, subtitle, total_words
from salessim.forecast.series import HUNDREDTHS
from salessim.readable import percent, rounded

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.model.plan import Target

MARKS = {0.1: "--", 0.5: "-", 0.9: "--"}
"""Quantiles that are drawn, and their dashes."""
TAIL = 1.5
"""Distances from P10 to P90 that the axis goes on beyond them, if any trajectory is there."""
FARTHEST = 2.0
"""Widths of the distribution within which what is aimed at is still drawn."""


def total(forecast: Forecast, ax: Axes | None = None) -> Axes:
    """Draw all bookings of the span as a histogram, with P10, P50 and P90.

    Beside it stand the plan's targets for the whole span, or those of its parts together, or else
    the need, each with the share of the trajectories that book as much. Where a few of them lie
    far out, the axis ends before them and the subtitle says so.

    Parameters
    ----------
    forecast : Forecast
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    series = forecast.bookings
    cents = series.whole.sum(axis=1)
    edges = bins(cents)
    share = np.histogram(cents, edges)[0] / len(cents)
    unit = style.short(series.unit, 12)
    ax.stairs(share, edges / HUNDREDTHS, fill=True, color=style.BLUE, alpha=0.35)
    for probability, dash in MARKS.items():
        value = float(np.quantile(cents, probability)) / HUNDREDTHS
        label = f"P{100 * probability:.0f}: {rounded(value)}"
        ax.axvline(value, color=style.BLUE, linestyle=dash, label=label, **style.LINE)
    aims = _aims(forecast)
    for aim in aims:
        reach = FARTHEST * (edges[-1] - edges[0])
        near = edges[0] - reach <= HUNDREDTHS * aim.value <= edges[-1] + reach
        # Were it drawn far away, the distribution would be a single stroke.
        label = f"{aim.name}: {rounded(aim.value)},\nbooked in {percent(aim.share)}"
        at = aim.value if near else np.nan
        ax.axvline(
            at, label=label if near else f"{label} (off the chart)", **aim.look, **style.LINE
        )
    steps = f", in steps of {rounded(np.diff(edges)[0] / HUNDREDTHS)} {unit}"
    what = f"of the trajectories{steps if len(share) > 1 else ''}"
    style.share_axis(ax, what, largest=float(share.max()))
    style.number_axis(ax, f"{unit} in all", which="x", bottom=None)
    beyond = float(((cents < edges[0]) | (cents > edges[-1])).mean())
    rest = f"; {percent(beyond)} lie beyond the axis" if beyond else ""
    title = _first(aims[0], unit) if aims else total_words(series)
    style.finish(ax, title=title, subtitle=f"{subtitle(forecast)}{rest}")
    style.legend(ax)
    return ax


def bins(cents: IntArray) -> FloatArray:
    """Return the edges of bins of equal width for a histogram.

    There are about 2 n^(1/3) of them (Rice's rule), somewhat more than the (2 n)^(1/3) that no
    histogram should fall below (Terrell and Scott, JASA 80, 1985, section 3). Where all values lie
    on a lattice, as with one fixed amount, each bin holds as many of its points: else a comb would
    appear that is not there.
    """
    low, high = _ends(cents)
    step = float(np.gcd.reduce(np.diff(np.unique(cents)))) if low < high else 0.0
    if not step:
        # one bar, to be seen
        width = max(0.1 * abs(low), float(HUNDREDTHS))
        return np.array([low - width / 2, low + width / 2])
    most = 2.0 * len(cents) ** (1 / 3)
    width = step * math.ceil((high - low) / (most * step))
    count = int((high - low) // width) + 1
    edges: FloatArray = low - step / 2 + width * np.arange(count + 1.0)
    return edges


def _ends(cents: IntArray) -> tuple[float, float]:
    """Return the smallest and the largest value, far outliers aside."""
    p10, p90 = np.quantile(cents, [0.1, 0.9])
    # where most are alike, the others are what is to be seen
    room = TAIL * (p90 - p10) if p90 > p10 else np.inf
    near = cents[(cents >= p10 - room) & (cents <= p90 + room)]
    return float(near.min()), float(near.max())


class _Aim(NamedTuple):
    """What is aimed at over the whole span."""

    name: str
    value: float
    share: float
    """Of the trajectories that book as much."""
    look: dict[str, Any]


def _aims(forecast: Forecast) -> list[_Aim]:
    labels, verdict = forecast.labels, forecast.verdict
    line = labels.timeline
    end = line.edges[line.periods]

    def aim(name: str, value: float, look: dict[str, Any]) -> _Aim:
        return _Aim(name, value, float((forecast.bookings.total() >= value).mean()), look)

    whole = [target for target in labels.targets if (target.start, target.end) == (0, end)]
    if whole:
        return [aim(f"target {one.name}", one.amount, TARGET) for one in whole]
    if parts := _tiles(labels.targets, end):
        amount = math.fsum(part.amount for part in parts)
        return [aim(f"{len(parts)} targets together", amount, TARGET)]
    if verdict.probability is None:
        return []
    need = verdict.need_per_month * line.period.months * line.periods
    name = "need" if verdict.need_from == "plan" else f"need ({verdict.need_from})"
    return [aim(name, need, {"color": style.BLACK, "linestyle": ":"})]


def _first(aim: _Aim, unit: str) -> str:
    name = f"{aim.name[0].upper()}{aim.name[1:]}"
    share = percent(aim.share)
    return f"{name}, {rounded(aim.value)} {unit} in all: booked in {share} of the trajectories"


def _tiles(targets: tuple[Target, ...], end: int) -> list[Target]:
    """Return targets that follow each other from the start to the end, as few as there are."""
    found: list[Target] = []
    at = 0
    while at < end:
        here = [target for target in targets if target.start == at]
        if not here:
            return []
        found.append(max(here, key=lambda target: target.end))
        at = found[-1].end
    return found


def _step(edges: FloatArray) -> str:
    return rounded(float(edges[1] - edges[0]) / HUNDREDTHS)
