"""What was searched for beside a run: a section for each goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salessim.forecast.goals import percent_change
from salessim.readable import percent
from salessim.report.page import Figure, Section, Table

if TYPE_CHECKING:
    from salessim.forecast.goals import Answer, Goals


def goal_section(goals: Goals) -> Section:
    """Return the section of a search: what reaches the goal, the least change first."""
    few = len(goals.answers) == 1
    said = goals.sentences() if few else [*goals.sentences()[:2], goals.precision()]
    return Section(
        title=f"What it takes: {goals.words}",
        text=said,
        figures=(Figure(drawn=goals.plot.best(), caption=_caption(few=few)),),
        tables=() if few else (_table(goals),),
    )


def _caption(*, few: bool) -> str:
    if few:
        return "The probability to reach the goal, over what is varied."
    return "How much each must change for the goal to be reached, all else as it is planned."


def _table(goals: Goals) -> Table:
    return Table(
        columns=("Vary", "Takes", "95% interval", "Change", "That is", "Probability there"),
        rows=tuple(_row(answer) for answer in goals),
        numbers=(False, True, True, True, False, True),
        caption="Each varied alone, the least change first. Takes: times what the plan says. Not "
        "reached: even with the most within its range.",
        folded=True,
    )


def _row(answer: Answer) -> tuple[str, ...]:
    name = answer.moves or answer.key
    there = percent(answer.probability)
    if answer.status == "never":
        return (name, "not reached", "", "", f"at most, with {answer.text}", there)
    if answer.status == "always":
        return (name, "nothing", "", "", f"at least, with {answer.text}", there)
    change = percent_change(answer.change)
    return (name, answer.text, answer.interval_text, change, answer.means, there)
