"""The page of a finished run: the answer first, then what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from salessim.forecast.answer import answer, money
from salessim.readable import between, percent, rounded, trajectories
from salessim.report.page import Card, Page, render
from salessim.report.run_sections import sections

if TYPE_CHECKING:
    from salessim.api.finished import Run
    from salessim.forecast import Forecast

MOST_TARGET_CARDS = 3


def run_page(run: Run) -> Page:
    """Return the page of a run.

    Parameters
    ----------
    run : Run
    """
    labels = run.forecast.labels
    return Page(
        title=labels.title,
        subtitle=f"Forecast {between(labels.periods[0], labels.end - timedelta(days=1))}, "
        f"{trajectories(run.forecast.trajectories)}",
        answer=answer(run.forecast),
        cards=tuple(_cards(run.forecast)),
        warnings=tuple(_warnings(run.forecast)),
        sections=tuple(sections(run)),
    )


def write_html(run: Run, path: Path, *, interactive: bool = False) -> None:
    """Write the page of a run; ``interactive`` as in `page.render`.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.write_text(render(run_page(run), interactive=interactive), encoding="utf-8")


def _warnings(forecast: Forecast) -> Iterator[str]:
    if forecast.interrupted:
        yield (
            f"The run was interrupted: {forecast.trajectories:,} of "
            f"{trajectories(forecast.provenance.requested)} were finished."
        )
    yield from (f"{note[:1].upper()}{note[1:]}." for note in forecast.notes.values())


def _cards(forecast: Forecast) -> Iterator[Card]:
    """Return the figures that are looked at first."""
    currency = forecast.labels.currency
    yield _bookings_card(f"Bookings, {currency}", forecast)
    if forecast.labels.external_sources:
        base = forecast.without_external_leads()
        yield _bookings_card(f"Without new external leads, {currency}", base)
    verdict = forecast.verdict
    if verdict.word is not None and verdict.probability is not None:
        yield Card(
            label="Lasts without new external leads",
            value=percent(verdict.probability),
            note=f"{verdict.word}; need {money(verdict.need_per_month, forecast)} a month",
        )
    for target in forecast.targets[:MOST_TARGET_CARDS]:
        yield Card(
            label=f"Target {target.name}: {money(target.amount, forecast)}",
            value=percent(target.probability),
            note=f"as likely above as below {money(target.p50, forecast)}",
        )


def _bookings_card(label: str, forecast: Forecast) -> Card:
    total = forecast.bookings.total_summary
    low, middle, high = (rounded(float(value)) for value in total[2:])
    return Card(label=label, value=middle, note=f"8 in 10: {low} to {high}" if low != high else "")
