"""Sheets of the forecast by period: bookings, wins, leads, origins, customers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.forecast import Forecast, Series
from salessim.model.calendar import MONTHS_PER_UNIT, Timeline
from salessim.report.workbook.book import Column, Placed, Sheet
from salessim.report.workbook.kinds import DAY, MONTH, SHARE, Kind, counted, money

PROBABILITIES = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
ERROR = "Monte Carlo error"
QUANTILES_DO_NOT_ADD_UP = (
    "P5 is what 5% of the trajectories stay below, and so on. Means add up over periods; "
    "quantiles do not: the total's are those of the whole span."
)


def booked(forecast: Forecast) -> Kind:
    """Return how money of a forecast is shown, the same on all sheets."""
    return money(forecast.labels.currency, float(forecast.bookings.total_summary.p90))


def shown(forecast: Forecast, name: str) -> tuple[Kind, Kind]:
    """Return how means and how quantiles of a series are shown; of counts these are whole."""
    if name == "bookings":
        return booked(forecast), booked(forecast)
    largest = float(forecast.series(name).summary.p90.max(initial=0.0))
    return counted(largest), counted(largest) if largest < 10.0 else counted(math.inf)


def span(timeline: Timeline) -> str:
    """Say how long the forecast is, for example ``24 months``."""
    period, count = timeline.period, timeline.periods
    many = f"{count * period.value:g}"
    return f"1 {period.unit}" if many == "1" else f"{many} {period.unit}s"


def periods(timeline: Timeline) -> Column:
    """Return the column of the periods' first days."""
    days = [timeline.period_start(t) for t in range(timeline.periods)]
    unit, value = timeline.period.unit, timeline.period.value
    whole = unit in MONTHS_PER_UNIT and all(day.day == 1 and day.year >= 1900 for day in days)
    length = unit if value == 1 else f"{value:g} {unit}s"
    title = "Month" if whole and length == "month" else f"{length.capitalize()} from"
    return Column(key="period", title=title, kind=MONTH if whole else DAY, values=days)


def forecast_sheet(sheet: Sheet, forecast: Forecast) -> Placed:
    """Write bookings by period in quantiles, wins, leads, and the pipelines' means."""
    sheet.heading(
        f"Forecast: {span(forecast.labels.timeline)} of bookings",
        f"Bookings in {forecast.labels.currency}, with external leads. {QUANTILES_DO_NOT_ADD_UP}",
    )
    columns = [periods(forecast.labels.timeline), *_levels(forecast, forecast)]
    if forecast.labels.external_sources:
        leads = forecast.leads
        columns += _flow(leads, "External leads", shown(forecast, "leads"), ())[:1]
    columns += _pipelines(forecast, booked(forecast))
    return sheet.table(columns, total="Total", freeze=1)


def base_sheet(sheet: Sheet, forecast: Forecast) -> Placed:
    """Write the same without what descends from external leads."""
    sheet.heading(
        "Without external leads: what open deals and customers bring",
        f"Bookings in {forecast.labels.currency}: the same trajectories as the forecast, without "
        f"what descends from external leads. {QUANTILES_DO_NOT_ADD_UP}",
    )
    base = forecast.without_external_leads()
    columns = [
        periods(forecast.labels.timeline),
        *_levels(base, forecast),
        *_pipelines(base, booked(forecast)),
    ]
    return sheet.table(columns, total="Total", freeze=1)


def origins_sheet(sheet: Sheet, forecast: Forecast) -> Placed:
    """Write mean bookings by the origin they descend from, and shares as live formulas."""
    sheet.heading(
        "Origins: where the bookings come from",
        f"Mean bookings in {forecast.labels.currency} by what they descend from: deals open at the "
        "start, customers, external sources.",
    )
    kind = booked(forecast)
    parts = forecast.bookings.by("origin")
    columns = [periods(forecast.labels.timeline)]
    columns += [
        Column(
            key=f"origin {name}", title=_said(name), kind=kind, values=part.summary.mean.tolist(),
            total=float(part.total_summary.mean), group="Mean bookings",
        )
        for name, part in parts.items()
    ]  # fmt: skip
    everything = forecast.bookings
    columns.append(
        Column(
            key="all", title="All origins", kind=kind, values=everything.summary.mean.tolist(),
            total=float(everything.total_summary.mean), group="Mean bookings",
        )
    )  # fmt: skip
    return sheet.table([*columns, *_shares(sheet, columns)], total="Total", freeze=1)


def _shares(sheet: Sheet, columns: Sequence[Column]) -> list[Column]:
    """Return each origin's share of all, by a formula on the columns that will stand left."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    *parts, everything = columns[1:]
    first = sheet.row + 2  # below the groups and the header
    rows = len(everything.values)

    def formula(at: int, row: int) -> str:
        whole = xl_rowcol_to_cell(first + row, len(columns) - 1)
        return f'IF({whole}=0,"",{xl_rowcol_to_cell(first + row, at)}/{whole})'

    return [
        Column(
            key=f"share of {part.key}",
            title=part.title,
            kind=SHARE,
            values=[_ratio(a, b) for a, b in zip(part.values, everything.values, strict=True)],
            formulas=[formula(at, row) for row in range(rows)],
            total=_ratio(part.total, everything.total),
            total_formula=formula(at, rows),
            group="Share of the period's bookings",
        )
        for at, part in enumerate(parts, start=1)
    ]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def customers_sheet(sheet: Sheet, forecast: Forecast) -> Placed:
    """Write customers by period: at the start, gained, lost, at the end."""
    labels, verdict = forecast.labels, forecast.sustainability()
    notes = ["Means over the trajectories; P10, P50, P90: at the end of the period."]
    if labels.starting_customers is None:
        notes.append("The plan has no [customers]: nobody is there at the start, nobody leaves.")
    sheet.heading("Customers: gained, lost, and there at the end", *notes, *_kept(verdict))
    active = forecast.active_customers
    end = active.summary.mean
    started = np.concatenate([[float(labels.starting_customers or 0)], end[:-1]])
    kinds = shown(forecast, "active_customers")
    gained, lost = forecast.new_customers, forecast.lost_customers
    columns = [
        periods(labels.timeline),
        Column(
            key="start", title="At the start", kind=kinds[0], values=started.tolist(),
            total=float(started[0]),
        ),
        *(
            Column(
                key=key, title=key.capitalize(), kind=kinds[0], values=part.summary.mean.tolist(),
                total=float(part.total_summary.mean),
            )
            for key, part in (("gained", gained), ("lost", lost))
        ),
        *_flow(active, "At the end", kinds),
    ]  # fmt: skip
    return sheet.table(columns, total="Whole span", freeze=1)


def _kept(verdict: Any) -> list[str]:
    """Say what is known of how customers stay and multiply, and why the rest is not."""
    said = {
        "logo_retention": ("Customers of the start still there twelve months later", "0.0%"),
        "reproduction_number": ("New customers that a customer brings over its life (R)", "0.00"),
        "nrr": ("Net revenue retention", "0.0%"),
        "grr": ("Gross revenue retention", "0.0%"),
    }
    lines = []
    for name, (words, look) in said.items():
        value = getattr(verdict, name)
        if value is None:
            lines.append(f"{words}: not defined: {verdict.notes.get(name, 'no reason is given')}.")
        else:
            shown = f"{100 * value:.1f}%" if look.endswith("%") else f"{value:.2f}"
            lines.append(f"{words}: {shown}.")
    return lines


def _levels(forecast: Forecast, whole: Forecast) -> list[Column]:
    """Return bookings in quantiles, and wins; numbers as they are shown of the whole."""
    return [
        *_flow(forecast.bookings, "Bookings", shown(whole, "bookings"), PROBABILITIES),
        *(
            column
            for column in _flow(forecast.wins, "Deals won", shown(whole, "wins"))
            if column.title != ERROR
        ),
    ]


def _flow(
    series: Series,
    group: str,
    kinds: tuple[Kind, Kind],
    probabilities: Sequence[float] = (0.1, 0.5, 0.9),
) -> list[Column]:
    """Return mean, error and quantiles of a series by period, and of its total."""
    summary, whole = series.summary, series.total_summary
    by_period = np.quantile(series.samples, probabilities, axis=0)
    of_total = np.quantile(series.total(), probabilities)

    def column(title: str, kind: Kind, values: FloatArray, total: float) -> Column:
        return Column(
            key=f"{series.name} {title.lower()}", title=title, kind=kind,
            values=values.tolist(), total=float(total), group=group,
        )  # fmt: skip

    mean, exact = kinds
    return [
        column("Mean", mean, summary.mean, float(whole.mean)),
        column(ERROR, mean, summary.se, float(whole.se)),
        *(
            column(label(p), exact, by_period[i], float(of_total[i]))
            for i, p in enumerate(probabilities)
        ),
    ]


def label(probability: float) -> str:
    """Return what a quantile is called, for example ``P5``."""
    return f"P{100 * probability:g}"


def _pipelines(forecast: Forecast, kind: Kind) -> list[Column]:
    """Return the mean bookings of each pipeline."""
    return [
        Column(
            key=f"pipeline {name}", title=name, kind=kind,
            values=part.summary.mean.tolist(), total=float(part.total_summary.mean),
            group="Mean bookings by pipeline",
        )
        for name, part in forecast.bookings.by("pipeline").items()
    ]  # fmt: skip


def _said(origin: str) -> str:
    """Return an origin in words."""
    return {"open_deals": "open deals", "customers": "customers"}.get(origin, origin)
