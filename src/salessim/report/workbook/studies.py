"""The studies shown with a run, each on the sheet of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salessim.forecast import Goals
from salessim.forecast.sensitivity import Sensitivity
from salessim.forecast.stored_comparison import StoredComparison
from salessim.report.workbook.goals import goals_sheet
from salessim.report.workbook.scenarios import scenarios_sheets
from salessim.report.workbook.sensitivity import sensitivity_sheet

if TYPE_CHECKING:
    from salessim.api.added import Added
    from salessim.api.finished import Run
    from salessim.report.workbook.axes import Drawn
    from salessim.report.workbook.book import Sheet
    from salessim.report.workbook.checks import Check


SCENARIOS = ("Scenarios", "Scenarios by period")
MOVES = "What moves it"


@dataclass(frozen=True, kw_only=True)
class Studies:
    """What was studied beside a run."""

    comparisons: tuple[tuple[Added, StoredComparison], ...]
    sensitivities: tuple[tuple[Added, Sensitivity], ...]
    goals: tuple[Goals, ...]
    """Those of the run itself first."""

    @classmethod
    def of(cls, run: Run) -> Studies:
        """Return the studies of a run by their kind."""
        each = [(one, one.study) for one in run.added]
        own = map(Goals.from_summary, run.goals)
        return cls(
            comparisons=tuple((a, s) for a, s in each if isinstance(s, StoredComparison)),
            sensitivities=tuple((a, s) for a, s in each if isinstance(s, Sensitivity)),
            goals=(*own, *(s for _, s in each if isinstance(s, Goals))),
        )

    @property
    def names(self) -> list[str]:
        """The sheets they need."""
        there = {
            SCENARIOS: self.comparisons, (MOVES,): self.sensitivities, ("Goals",): self.goals
        }  # fmt: skip
        return [name for names, found in there.items() if found for name in names]

    def write(self, sheets: Mapping[str, Sheet]) -> tuple[list[Check], list[Drawn]]:
        """Write their sheets; return what checks and what draws them."""
        checks: list[Check] = []
        charts: list[Drawn] = []
        if self.comparisons:
            levels, by_period = (sheets[name] for name in SCENARIOS)
            shown = scenarios_sheets(levels, by_period, self.comparisons)
            checks += shown.checks
            charts += shown.charts
        if self.sensitivities:
            charts += sensitivity_sheet(sheets[MOVES], self.sensitivities)
        if self.goals:
            goals_sheet(sheets["Goals"], self.goals)
        return checks, charts
