"""Sheets of the funnel: what becomes of the deals in each stage, and how many stand there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from salessim.forecast import Funnel
from salessim.forecast.funnel import FLOWS, LEAVING
from salessim.report.workbook.book import Column, Placed, Sheet
from salessim.report.workbook.kinds import TEXT, Kind, counted
from salessim.report.workbook.series import periods

LEFT = FLOWS[LEAVING]
WORDS = {
    "entered": "Entered", "advanced": "Advanced", "lost": "Lost", "no_decision": "No decision",
    "back": "Sent back", "parked": "Parked", "slipped": "Slipped (and stayed)",
}  # fmt: skip
NO_FLOWS = (
    "This run left no stage flows: it has no funnel.parquet. Run it again with the format parquet."
)


@dataclass(frozen=True, kw_only=True)
class FunnelTables:
    """Where the funnel stands in the workbook; rows go by stage, then by period.

    Attributes
    ----------
    whole, by_period : Placed
        A row per stage; a row per stage and period.
    stages : tuple of (pipeline, stage)
    periods : int
    """

    whole: Placed
    by_period: Placed
    stages: tuple[tuple[str, str], ...]
    periods: int

    def rows(self, stage: int) -> tuple[int, int]:
        """Return the first and the last row of a stage in `by_period`, from 0 within it."""
        return stage * self.periods, (stage + 1) * self.periods - 1


def funnel_sheets(whole: Sheet, by_period: Sheet, funnel: Funnel | None) -> FunnelTables | None:
    """Write the funnel of the whole span and by period; the reason where the run has none."""
    whole.heading(
        "Funnel: what becomes of the deals in each stage",
        "Means over the trajectories, over the whole span. At the end = at the start + entered - "
        "advanced - lost - no decision - sent back - parked; a deal that slipped is still there.",
    )
    by_period.heading(
        "Funnel by period", "Means over the trajectories, stage by stage. At the end: deals "
        "standing in the stage when the period ends."
    )  # fmt: skip
    if funnel is None:
        for sheet in (whole, by_period):
            sheet.text(0, NO_FLOWS)
        return None
    long = by_period.table(_by_period(by_period, funnel), freeze=3)
    count = len(funnel.labels.periods)
    return FunnelTables(
        whole=whole.table(_whole_span(funnel, long, count), freeze=2),
        by_period=long,
        stages=funnel.stages,
        periods=count,
    )


def _by_period(sheet: Sheet, funnel: Funnel) -> list[Column]:
    """Return flows and stocks, with a live formula that says how far they are out of balance."""
    count, stages = len(funnel.labels.periods), funnel.stages
    # [stage, period, flow]: a stage's rows lie together, so that a chart can show them
    means = funnel.mean().to_numpy().reshape(count, len(stages), -1).transpose(1, 0, 2)
    kind = counted(float(means.max(initial=0.0)))
    ends = means[..., -1]
    starts = [
        value
        for stage, at_start in enumerate(funnel.open_at_start.tolist())
        for value in (float(at_start), *ends[stage, :-1].tolist())
    ]
    days = periods(funnel.labels.timeline)
    columns = [
        _text("pipeline", [p for p, _ in stages for _ in range(count)]),
        _text("stage", [s for _, s in stages for _ in range(count)]),
        Column(key="period", title=days.title, kind=days.kind, values=[*days.values] * len(stages)),
        Column(key="start", title="At the start", kind=kind, values=starts),
        *(
            Column(key=flow, title=WORDS[flow], kind=kind, values=means[..., i].ravel().tolist())
            for i, flow in enumerate(FLOWS)
        ),
        Column(key="end", title="At the end", kind=kind, values=ends.ravel().tolist()),
    ]
    return [*columns, _balance(sheet, columns, kind)]


def _balance(sheet: Sheet, columns: list[Column], kind: Kind) -> Column:
    from xlsxwriter.utility import xl_rowcol_to_cell

    values = {column.key: column.values for column in columns}
    at = {column.key: place for place, column in enumerate(columns)}
    first = sheet.row + 1  # below the header
    rows = range(len(values["start"]))

    def formula(row: int) -> str:
        cell = {key: xl_rowcol_to_cell(first + row, place) for key, place in at.items()}
        left = "".join(f"-{cell[flow]}" for flow in LEFT)
        return f"ABS({cell['start']}+{cell['entered']}{left}-{cell['end']})"

    def value(row: int) -> float:
        left = sum(float(values[flow][row]) for flow in LEFT)
        start, entered, end = (float(values[key][row]) for key in ("start", "entered", "end"))
        return abs(start + entered - left - end)

    return Column(
        key="balance", title="Out of balance", kind=kind,
        values=[value(row) for row in rows], formulas=[formula(row) for row in rows],
    )  # fmt: skip


def _whole_span(funnel: Funnel, long: Placed, count: int) -> list[Column]:
    """Return a row per stage, summed by live formulas over its rows by period."""
    stages = range(len(funnel.stages))
    blocks = [(stage * count, (stage + 1) * count - 1) for stage in stages]
    first = long.column("entered")

    def summed(key: str) -> Column:
        values = long.column(key).values
        return Column(
            key=key, title=WORDS[key], kind=first.kind,
            values=[sum(values[a : b + 1]) for a, b in blocks],
            formulas=[f"SUM({long.part(key, a, b)})" for a, b in blocks],
        )  # fmt: skip

    def picked(key: str, title: str, rows: list[int]) -> Column:
        values = long.column(key).values
        return Column(
            key=key, title=title, kind=first.kind, values=[values[row] for row in rows],
            formulas=[long.cell(key, row) for row in rows],
        )  # fmt: skip

    return [
        _text("pipeline", [pipeline for pipeline, _ in funnel.stages]),
        _text("stage", [stage for _, stage in funnel.stages]),
        picked("start", "At the start", [a for a, _ in blocks]),
        *(summed(flow) for flow in FLOWS),
        picked("end", "At the end", [b for _, b in blocks]),
        _won(summed("advanced"), funnel),
        Column(
            key="label", title="In charts", kind=TEXT,
            values=[f"{pipeline}.{stage}" for pipeline, stage in funnel.stages],
        ),
    ]  # fmt: skip


def _won(advanced: Column, funnel: Funnel) -> Column:
    """Return what advanced from the last stage of each pipeline: it is won."""
    pipelines = [pipeline for pipeline, _ in funnel.stages]
    last = [name not in pipelines[row + 1 :] for row, name in enumerate(pipelines)]

    def only(values: Sequence[Any], nothing: Any) -> list[Any]:
        return [value if won else nothing for value, won in zip(values, last, strict=True)]

    return replace(
        advanced, key="won", title="Won", values=only(advanced.values, None),
        formulas=only(advanced.formulas, ""),
    )  # fmt: skip


def _text(key: str, values: list[str]) -> Column:
    return Column(key=key, title=key.capitalize(), kind=TEXT, values=values)
