"""How visits to a stage end, and what deals are worth: as observed and as fitted."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.config.words import counted
from salessim.fit.amounts import FittedAmount
from salessim.fit.stages import FittedStage
from salessim.model.law import floats
from salessim.readable import amount, in_days, percent

POINTS = 400
SHOWN = 0.975
"""Share of the visits that were seen to end which end within what the axis shows."""
LEAST_AT_RISK = 10.0
"""Visits under observation where an observed curve ends: of fewer it says little."""
COLOURS = {
    "advance": style.FLOW_COLOURS["advanced"],
    "lost": style.FLOW_COLOURS["lost"],
    "back": style.FLOW_COLOURS["back"],
}
DASHES = {"advance": "-", "lost": "--", "back": ":"}


def stage_outcomes(stage: FittedStage, ax: Axes | None = None) -> Axes:
    """Draw what share of the visits has ended by an age, by outcome, and how many tell it.

    Wide and pale: the Aalen-Johansen estimate, with the weights of the fit; thin: the fitted law.
    Below the axis, how many visits were under observation at that age, unweighted.

    Parameters
    ----------
    stage : FittedStage
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    observed, longest = stage.chosen.observed, _longest(stage)
    under = watched(stage, observed.ages)
    told = (under >= min(LEAST_AT_RISK, under.max(initial=0.0))) & (observed.ages <= longest)
    ages = np.linspace(0.0, longest, POINTS)
    for nth, outcome in enumerate(stage.outcomes):
        colour = COLOURS[outcome]
        ended = np.append(0.0, observed.ended[nth][told])
        ax.step(np.append(0.0, observed.ages[told]), ended, where="post", color=colour,
                linewidth=5.0, alpha=0.3, solid_joinstyle="round")  # fmt: skip
        share = stage.probabilities[outcome] * (1.0 - stage.law(outcome).survival(ages))
        name = f"{outcome}: {stage.family(outcome)}"
        ax.plot(ages, share, color=colour, linewidth=1.6, linestyle=DASHES[outcome], label=name)
    style.number_axis(ax, "", which="x", bottom=None)
    ax.set_xlim(0.0, longest)
    style.share_axis(ax, "share of visits that ended so")
    _watched_row(ax, stage)
    called = style.short(stage.name, style.LONGEST_LABEL)
    style.finish(ax, title=f"{called}: {_message(stage)}", subtitle=_subtitle(stage))
    style.legend(ax, title="pale: observed, thin: fitted")
    return ax


def watched(stage: FittedStage, ages: FloatArray) -> FloatArray:
    """Return how many visits were under observation at these ages, elementwise."""
    data = stage.data
    entered = np.where(data.entry > 0.0, data.entry, -1.0)
    began, left = np.argsort(entered), np.argsort(data.middle)
    total = [np.concatenate(([0.0], np.cumsum(data.count[order]))) for order in (began, left)]
    before = np.searchsorted(entered[began], ages, side="left")
    gone = np.searchsorted(data.middle[left], ages, side="left")
    return floats(total[0][before] - total[1][gone])


def amounts(fitted: FittedAmount, currency: str, ax: Axes | None = None) -> Axes:
    """Draw what share of the deals won was worth more than an amount.

    Parameters
    ----------
    fitted : FittedAmount
    currency : str
        On the axis.
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    won = np.sort(fitted.won[fitted.won > 0.0])
    called = style.short(fitted.pipeline, style.LONGEST_LABEL)
    title = f"{called}: no amount of a deal won is known"
    if len(won):
        edges = np.geomspace(0.7 * won[0], 1.4 * won[-1], POINTS)
        above = 1.0 - np.arange(len(fitted.won)) / len(fitted.won)
        above = above[len(fitted.won) - len(won) :]
        ax.step(won, above, where="pre", linewidth=5.0, alpha=0.3, color=style.BLUE,
                label="as observed")  # fmt: skip
        ax.plot(edges, fitted.law.survival(edges), color=style.BLUE, linewidth=1.6, label="fitted")
        style.factor_axis(ax, amount)
        middle, mean = float(np.median(fitted.won)), float(fitted.won.mean())
        title = f"{called}: deals won are worth {amount(round(mean))} on average"
        title += f", half of them more than {amount(round(middle))}"
    ax.set_xlabel(style.plain_label(f"{currency}, on a scale of factors"), fontsize=style.TEXT)
    style.share_axis(ax, "share of deals worth more")
    style.finish(ax, title=title, subtitle=f"{counted(len(fitted.won), 'amount')} of deals won")
    style.legend(ax)
    return ax


def _longest(stage: FittedStage) -> float:
    """Return the age that the axis reaches: nearly all that were seen to end have."""
    ended = stage.chosen.observed.ended.sum(axis=0)
    if not len(ended) or ended[-1] <= 0.0:
        return max(stage.oldest, 1.0)
    at = np.searchsorted(ended, SHOWN * ended[-1])
    return max(1.1 * float(stage.chosen.observed.ages[min(at, len(ended) - 1)]), 1e-3)


def _watched_row(ax: Axes, stage: FittedStage) -> None:
    """Write below each mark of the axis how many visits were under observation."""
    low, high = ax.get_xlim()
    marks = [mark for mark in ax.get_xticks() if low <= mark <= high]
    counts = watched(stage, floats(marks))
    names = [f"{mark:,.10g}\n{count:,.0f}" for mark, count in zip(marks, counts, strict=True)]
    ax.set_xticks(marks, names)
    ax.set_xlabel(
        "days since the stage was entered; below: visits under observation", fontsize=style.TEXT
    )


def _message(stage: FittedStage) -> str:
    share = stage.probabilities["advance"]
    if not stage.seen["advance"]:
        return "no visit has advanced yet"
    half = float(stage.law("advance").isf(np.array([0.5]))[0])
    took = f", half of them within {in_days(half)}" if half >= 0.05 else ""
    return f"{percent(share)} of visits advance{took}"


def _subtitle(stage: FittedStage) -> str:
    how = ", ".join(f"{count:,} {name}" for name, count in stage.seen.items() if count)
    stuck = percent(stage.probabilities["stuck"])
    pipeline = style.short(stage.pipeline, style.LONGEST_LABEL)
    return f"{pipeline}: visits {how or 'none'}; stuck for good {stuck}"
