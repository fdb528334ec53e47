"""The first sheet: the answer, totals, targets, the verdict, and where it all comes from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from salessim.api.finished import Run
from salessim.forecast import Forecast, Series
from salessim.forecast.answer import answer
from salessim.readable import percent, rounded, trajectories
from salessim.report.workbook.book import OK, Column, Sheet
from salessim.report.workbook.kinds import DAY, PLAIN, SHARE, TEXT, Kind
from salessim.report.workbook.series import ERROR, PROBABILITIES, booked, label, shown

COLUMNS = 10
"""Over which sentences run: those of the tables."""


def summary_sheet(sheet: Sheet, run: Run, *, checked: str) -> None:
    """Write the answer first; ``checked`` is the address of what all checks say."""
    forecast = run.forecast
    labels = forecast.labels
    last = labels.end - timedelta(days=1)
    sheet.heading(
        labels.title, f"{trajectories(forecast.trajectories)}, {labels.periods[0]} to {last}"
    )
    sheet.sentences(answer(forecast), columns=COLUMNS, bold=True)
    sheet.row += 1
    _, *more = forecast.sustainability().sentences()
    sheet.sentences([*more, *_notes(forecast)], columns=COLUMNS)
    sheet.row += 1
    sheet.section("The whole span")
    _totals(sheet, forecast)
    if forecast.targets:
        sheet.section("Targets")
        _targets(sheet, forecast)
    sheet.section("Where this comes from")
    _stamp(sheet, run, checked)


def _notes(forecast: Forecast) -> list[str]:
    said = [f"Note: {note}." for note in forecast.notes.values()]
    if forecast.interrupted:
        asked = forecast.provenance.requested
        said.append(
            f"Note: the run was interrupted: {forecast.trajectories:,} of {asked:,} trajectories "
            "are finished."
        )
    if forecast.trajectories == 1:
        said.append("Note: one trajectory has no Monte Carlo error: its cells are empty.")
    return said


def _totals(sheet: Sheet, forecast: Forecast) -> None:
    base = forecast.without_external_leads()
    rows: list[tuple[str, Series, tuple[Kind, Kind]]] = []
    for name, words in (
        ("bookings", f"Bookings, {forecast.labels.currency}"),
        ("wins", "Deals won"),
        ("active_customers", "Active customers at the end"),
    ):
        kinds = shown(forecast, name)
        rows.append((words, forecast.series(name), kinds))
        rows.append(("    without external leads", base.series(name), kinds))
    titles = ["Mean", ERROR, *map(label, PROBABILITIES)]
    sheet.rows(
        [("", TEXT), *((title, PLAIN) for title in titles)],
        [[(words, TEXT), *_numbers(series, kinds)] for words, series, kinds in rows],
    )


def _numbers(series: Series, kinds: tuple[Kind, Kind]) -> Iterator[tuple[float, Kind]]:
    """Yield mean, error and quantiles of a total, and how each is shown."""
    import numpy as np

    mean, exact = kinds
    yield from ((float(value), mean) for value in series.total_summary[:2])
    yield from ((float(value), exact) for value in np.quantile(series.total(), PROBABILITIES))


def _targets(sheet: Sheet, forecast: Forecast) -> None:
    kind, found = booked(forecast), forecast.targets

    def column(key: str, title: str, kind: Kind, values: Sequence[object]) -> Column:
        return Column(key=key, title=title, kind=kind, values=values)

    sheet.table(
        [
            column("name", "Target", TEXT, [one.name for one in found]),
            column("amount", "At least", kind, [one.amount for one in found]),
            column("first", "From", DAY, [one.first for one in found]),
            column("last", "to", DAY, [one.last for one in found]),
            column("p50", "Bookings, P50", kind, [one.p50 for one in found]),
            column("chance", "Chance to meet it", SHARE, [one.probability for one in found]),
            column("low", "95% from", SHARE, [one.interval[0] for one in found]),
            column("high", "to", SHARE, [one.interval[1] for one in found]),
            column(
                "base", "Chance without external leads", SHARE,
                [one.without_external_leads for one in found],
            ),
            column(
                "short", "If missed, short by", kind, [one.shortfall_if_missed for one in found]
            ),
        ]
    )  # fmt: skip


def _stamp(sheet: Sheet, run: Run, checked: str) -> None:
    """Write what the run can be repeated from, how exact it is, and whether its sums agree."""
    forecast, origin = run.forecast, run.forecast.provenance
    mean, se, *_ = forecast.bookings.total_summary
    error = "not defined for one trajectory"
    if forecast.trajectories > 1:
        share = f" ({percent(float(se / mean), fine=True)} of it)" if mean else ""
        error = f"{rounded(float(se))} {forecast.labels.currency}{share}"
    said = {
        "SHA-256 of plan.toml": run.plan_sha256,
        "SHA-256 of what was simulated": origin.program_sha256,
        "Trajectories": f"{forecast.trajectories:,}",
        "Seed": str(origin.seed),
        "Engine": origin.engine,
        "Monte Carlo error of the mean bookings": error,
        "Version": f"salessim {origin.version}",
    }
    for name, text in said.items():
        sheet.text(0, name)
        sheet.text(2, text)
        sheet.row += 1
    sheet.text(0, "All checks of this workbook")
    sheet.cell(2, OK, TEXT, formula=checked, bold=True)
    sheet.coloured(sheet.row, sheet.row, 2)
    sheet.row += 1
