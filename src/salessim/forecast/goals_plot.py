"""Charts of a search for a goal: the probability over what is varied, and what changes least."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from salessim.charts import style
from salessim.forecast.judge import wilson
from salessim.readable import percent, trajectories

if TYPE_CHECKING:
    from salessim.forecast.goals import Answer, Goals

ROW = 0.32
"""Inches that an answer takes."""


@dataclass(frozen=True)
class GoalPlots:
    """The charts of a search as methods: `curve` of one answer, `ranking` of several."""

    goals: Goals

    def curve(self, key: str = "", ax: Axes | None = None) -> Axes:
        """Draw the probability over what is varied; see `curve`."""
        answers = [one for one in self.goals if one.key == key] or list(self.goals)[:1]
        return curve(self.goals, answers[0], ax)

    def ranking(self, ax: Axes | None = None) -> Axes:
        """Draw what each answer changes; see `ranking`."""
        return ranking(self.goals, ax)

    def best(self) -> Axes:
        """Draw the chart that fits: the curve of a single answer, else the ranking."""
        return self.curve() if len(self.goals.answers) == 1 else self.ranking()


def curve(goals: Goals, answer: Answer, ax: Axes | None = None) -> Axes:
    """Draw the probability at all values looked at, with the answer and its interval.

    Parameters
    ----------
    goals : Goals
    answer : Answer
        One of its answers.
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    values, shares = np.array(answer.curve).T
    ends = np.array([wilson(share, goals.trajectories) for share in shares]).T
    ax.fill_between(values, *ends, color=style.BLUE, alpha=0.2, linewidth=0, label="95% interval")
    ax.plot(values, shares, "o-", color=style.BLUE, markersize=4, label="probability")
    ax.axhline(goals.asked, color=style.GREY, linestyle="--", label="asked for")
    if answer.status == "found":
        low, high = (
            edge if end is None else end
            for end, edge in zip(answer.interval, (values[0], values[-1]), strict=True)
        )
        ax.axvspan(low, high, color=style.ORANGE, alpha=0.35, linewidth=0)
        ax.axvline(answer.value, color=style.VERMILLION, label="answer, and its interval")
    style.share_axis(ax, "probability of the goal")
    what = f"{style.short(answer.key, style.LONGEST_TITLE)}, {answer.first} to {answer.last}"
    style.number_axis(ax, what, which="x", bottom=None)
    style.finish(ax, title=_message(goals, answer), subtitle=_subtitle(goals))
    style.legend(ax, below=True)
    return ax


def ranking(goals: Goals, ax: Axes | None = None) -> Axes:
    """Draw the change that each answer needs, least first; of the rest the probability they give.

    Parameters
    ----------
    goals : Goals
    ax : Axes, optional
        Where to draw; a new figure when None, reached as ``.figure`` of the result.
    """
    answers = goals.answers
    if ax is None:
        ax = style.new_axes(height=max(style.HEIGHT, 1.8 + ROW * len(answers)))
    for row, answer in enumerate(answers):
        if answer.status != "found" or answer.change is None:
            said = "reached anyway" if answer.status == "always" else "not reachable"
            text = f"{said}: {percent(answer.probability)} at {answer.text}"
            if answer.status == "found":
                text = f"{answer.text}"
            ax.annotate(text, (0.0, row), (6, 0), textcoords="offset points", va="center",
                        color=style.QUIET)  # fmt: skip
            continue
        colour = style.BLUE if answer.change > 0 else style.VERMILLION
        ax.barh(row, answer.change, 0.6, color=colour, alpha=0.6, linewidth=0)
        now = answer.value / (1.0 + answer.change)
        ends = [answer.value if end is None else end for end in answer.interval]
        reach = np.abs(np.array([[ends[0]], [ends[1]]]) - answer.value) / abs(now)
        ax.errorbar(answer.change, row, xerr=reach, fmt="none", color=style.BLACK, capsize=3)
    ax.axvline(0.0, color=style.BLACK, linewidth=1.0)
    labels = [style.short(answer.key, style.LONGEST_LABEL + 12) for answer in answers]
    ax.set_yticks(range(len(answers)), [style.plain_label(label) for label in labels])
    ax.set_ylim(len(answers) - 0.4, -0.6)
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.0f}%" if value else "0")
    ax.set_xlabel("change that reaches the goal alone, with its 95% interval")
    style.finish(ax, title=_headline(goals), subtitle=_subtitle(goals))
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    return ax


def _message(goals: Goals, answer: Answer) -> str:
    if answer.status == "found":
        return f"{goals.words}: {percent(goals.asked)} at {answer.text}"
    return f"{goals.words}: {percent(answer.probability)} at {answer.text}"


def _headline(goals: Goals) -> str:
    found = [answer for answer in goals if answer.status == "found"]
    if not found:
        return f"{goals.words}: no single change in its range reaches it"
    return f"{goals.words}: {found[0].key} needs the least change"


def _subtitle(goals: Goals) -> str:
    return (
        f"{percent(goals.asked)} asked for, {percent(goals.now)} as the plan is; "
        f"{trajectories(goals.trajectories)} at each value"
    )
