"""The page of a finished run: the answer first, then what it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from salessim import api
from salessim.charts import style
from salessim.forecast.answer import answer, money
from salessim.readable import between, percent, rounded, trajectories
from salessim.report import run_tables
from salessim.report.page import Card, Figure, Page, Section, save_page

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
        sections=tuple(_sections(run)),
    )


def write_html(run: Run, path: Path) -> None:
    """Write the page of a run; nothing may be there yet.

    Raises
    ------
    SalessimError
        The file exists, or cannot be written.
    """
    save_page(run_page(run), path)


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
    return Card(label=label, value=middle, note=f"8 in 10: {low} to {high}")


def _sections(run: Run) -> Iterator[Section]:
    forecast = run.forecast
    yield _plan(run)
    yield Section(
        title="Bookings",
        figures=(
            Figure(
                drawn=forecast.plot.fan(),
                caption="Bookings by period: in 8 of 10 futures they lie in the darker band, in 9 "
                "of 10 in the paler one.",
            ),
        ),
        tables=(run_tables.by_period(forecast), *run_tables.targets(forecast)),
    )
    yield _sustainability(forecast)
    yield Section(
        title="Where bookings come from",
        figures=(
            Figure(
                drawn=forecast.plot.origins(),
                caption="Mean bookings by period, stacked by the origin that they descend from.",
            ),
        ),
        tables=(run_tables.origins(forecast),),
    )
    if forecast.stage_flows is not None:
        yield _funnel(run)
    yield _stamp(run)


def _plan(run: Run) -> Section:
    said = api.explain(run.plan)
    return Section(
        title="The plan in words",
        points=said.sentences,
        figures=(
            Figure(
                drawn=run.plan.plot.process_map(),
                caption="How deals are born, move, return and leave.",
            ),
        ),
        tables=(run_tables.stages(said.stages),),
        folded=True,
    )


def _sustainability(forecast: Forecast) -> Section:
    figures: tuple[Figure, ...] = ()
    if forecast.labels.external_sources:
        figures = (
            Figure(
                drawn=style.figure_of(forecast.plot.with_and_without()[0]),
                caption="Bookings with external leads, and on the same scale what is left of them "
                "without.",
            ),
        )
    return Section(
        title="With and without new external leads",
        text=tuple(forecast.verdict.sentences()),
        figures=figures,
    )


def _funnel(run: Run) -> Section:
    return Section(
        title="Through the stages",
        figures=(
            Figure(
                drawn=style.figure_of(run.forecast.plot.funnel()[0]),
                caption="What flows through each stage over the whole span, and what stands in it "
                "at the end of each period.",
            ),
        ),
        tables=(run_tables.funnel(run.forecast.funnel),),
    )


def _stamp(run: Run) -> Section:
    return Section(title="What this was made from", tables=(run_tables.stamp(run),))
