"""A back-test on a terminal: how far off, how often held, how much better than naive rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from salessim.cli.render import empty_table, text, widest
from salessim.fit.backtest.result import PART_WORDS
from salessim.readable import percent, rounded

if TYPE_CHECKING:
    from salessim.fit.backtest import Backtest
    from salessim.fit.backtest.result import Verdict

LAYOUTS = (
    ("Came true", "Missed", "Bias", "50%", "80%", "95%", "Skill", "Against"),
    ("Came true", "Missed", "80%", "Skill", "Against"),
    ("Missed", "80%", "Skill"),
)
"""Columns, from the widest terminal to the narrowest."""


def backtest(out: Console, given: Backtest) -> None:
    """Print the scores of whole horizons and of their periods, then what they come to."""
    out.print()
    kind = "fitted anew at each origin" if given.refit else "the plan's own laws"
    text(out, f"{given.title}: back-test, {kind}", style="bold")
    for total in (True, False):
        if not total and given.grid.periods == 1:
            continue
        out.print(widest(out, (_table(given, columns, total=total) for columns in LAYOUTS)))
    for sentence in given.sentences():
        text(out, sentence)
    out.print()


def _table(given: Backtest, columns: Sequence[str], *, total: bool) -> Table:
    table = empty_table(
        caption=(
            "came true: mean; missed: mean distance of the median, bias: of all together; 50%, "
            "80%, 95%: share that these intervals held; skill: 1 - CRPS / CRPS of the best naive "
            "rule"
            if total
            else "the same by period of the horizon"
        )
    )
    unit = given.grid.period.unit
    table.add_column(given.horizon.capitalize() if total else f"By {unit}", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="left" if column == "Against" else "right", no_wrap=True)
    for one in given.verdicts:
        if one.total == total:
            values = _values(given, one)
            measure, part = one.target
            name = measure.capitalize() if part == "all" else f"  {PART_WORDS[part]}"
            if part == "all" and measure == "bookings":
                name += f", {given.currency}"
            table.add_row(name, *(values[column] for column in columns))
    return table


def _values(given: Backtest, one: Verdict) -> dict[str, str]:
    found, skill = one.errors, one.skill
    held = {f"{100 * level.level:.0f}%": percent(level.held) for level in one.coverages}
    return {
        "Came true": rounded(given.mean_actual(one)),
        "Missed": "-" if found.relative is None else percent(found.relative),
        "Bias": "-" if found.bias is None else f"{100 * found.bias:+z.0f}%",
        **held,
        "Skill": "-" if skill.value is None else f"{skill.value:z.2f}",
        "Against": skill.rule or "-",
    }
