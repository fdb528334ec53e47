"""How likely each target of the plan is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from salessim.charts import style
from salessim.errors import SalessimError
from salessim.forecast.plot import subtitle
from salessim.readable import percent, rounded

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.targets import TargetOutcome

ROW = 0.36
"""Inches that a target takes."""
MOST = 40
"""Targets that are drawn: of more, the least likely ones."""


def targets(forecast: Forecast, ax: Axes | None = None) -> Axes:
    """Draw the chance of each target with its 95 % interval, and the same without external leads.

    Parameters
    ----------
    forecast : Forecast
    ax : Axes, optional
        Where to draw; a new figure as high as the targets need when None.

    Raises
    ------
    SalessimError
        The plan has no targets.
    """
    outcomes = forecast.targets
    if not outcomes:
        raise SalessimError("no targets to draw: state some in [targets] of the plan")
    least = sorted(outcomes, key=lambda outcome: outcome.probability)[:MOST]
    shown = [outcome for outcome in outcomes if outcome in least]
    if ax is None:
        ax = style.new_axes(height=max(0.6 * style.HEIGHT, 1.8 + ROW * len(shown)))
    rows = np.arange(len(shown))
    chances = np.array([outcome.probability for outcome in shown])
    ends = np.array([outcome.interval for outcome in shown]).T
    ax.barh(rows, chances, 0.6, color=style.BLUE, alpha=0.45, linewidth=0, label="chance")
    ax.errorbar(
        chances, rows, xerr=np.abs(ends - chances), fmt="none", color=style.BLACK, capsize=3,
        linewidth=1.0, label="95% interval\nof the simulation",
    )  # fmt: skip
    if forecast.labels.external_sources:
        base = [outcome.without_external_leads for outcome in shown]
        ax.plot(base, rows, "D", color=style.VERMILLION, markersize=6, clip_on=False,
                label="without\nexternal leads")  # fmt: skip
    unit = style.short(forecast.labels.currency, 12)
    ax.set_yticks(rows, [_label(outcome, unit) for outcome in shown])
    ax.set_ylim(len(shown) - 0.4, -0.6)
    # a mark at 0 reaches over the axis
    ax.tick_params(axis="y", pad=7)
    style.share_axis(ax, "of the trajectories reach it", which="x")
    rest = f"; the {len(shown)} least likely of {len(outcomes)} targets"
    said = f"{subtitle(forecast)}{rest if len(shown) < len(outcomes) else ''}"
    style.finish(ax, title=_message(outcomes), subtitle=said)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    style.legend(ax)
    return ax


def _label(outcome: TargetOutcome, unit: str) -> str:
    name = style.short(outcome.name, style.LONGEST_LABEL)
    return style.plain_label(f"{name}: {rounded(outcome.amount)} {unit}")


def _message(outcomes: tuple[TargetOutcome, ...]) -> str:
    least = min(outcomes, key=lambda outcome: outcome.probability)
    share = percent(least.probability)
    if len(outcomes) == 1:
        return f"Target {least.name} is reached in {share} of the trajectories"
    return f"Least likely of {len(outcomes)} targets: {least.name}, reached in {share}"
