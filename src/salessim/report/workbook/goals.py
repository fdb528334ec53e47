"""The sheet of goals: what was searched for beside the run."""

from __future__ import annotations

from collections.abc import Sequence

from salessim.forecast import Goals
from salessim.report.workbook.book import Sheet
from salessim.report.workbook.kinds import SHARE, TEXT

TITLES = (
    ("Vary", TEXT), ("Result", TEXT), ("Takes", TEXT), ("95% interval", TEXT), ("Change", SHARE),
    ("That is", TEXT), ("Probability there", SHARE), ("95% from", SHARE), ("to", SHARE),
)  # fmt: skip
RESULTS = {"found": "reached", "always": "reached everywhere", "never": "not reachable"}


def goals_sheet(sheet: Sheet, found: Sequence[Goals]) -> None:
    """Write what reaches each goal, the least change first."""
    sheet.heading("Goals: what it takes", "Each varied alone, all else as it is planned.")
    for goals in found:
        first, now, *_ = goals.sentences()
        sheet.section(first)
        sheet.text(0, now)
        sheet.row += 1
        sheet.rows(
            TITLES,
            [
                [
                    (one.moves or one.key, TEXT),
                    (RESULTS[one.status], TEXT),
                    (one.text, TEXT),
                    (one.interval_text, TEXT),
                    (one.change if one.status == "found" else None, SHARE),
                    (one.means, TEXT),
                    (one.probability, SHARE),
                    *((end, SHARE) for end in one.probability_interval),
                ]
                for one in goals
            ],
        )
        sheet.text(0, goals.precision())
        sheet.row += 2
