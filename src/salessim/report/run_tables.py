"""The tables of a run's page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from salessim.forecast.plot import period_name
from salessim.readable import amount, exact, few_digits, number, percent, scale
from salessim.report.page import Table

if TYPE_CHECKING:
    from salessim.api.explanation import StageLine
    from salessim.api.finished import Run
    from salessim.forecast import Forecast
    from salessim.forecast.funnel import Funnel
    from salessim.forecast.series import Series
    from salessim.forecast.verdict import Verdict

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
ACTIVE = ("P10", "P50", "P90", "Gained", "Lost", "P50 without")
LOYALTY = {
    "reproduction_number": (
        "Reproduction number R", "new customers that a customer brings in its life"
    ),
    "logo_retention": ("Logo retention", "customers still there after twelve months"),
    "nrr": ("Net revenue retention (NRR)", "their revenue after twelve months"),
    "grr": ("Gross revenue retention (GRR)", "the same without what they buy more"),
}  # fmt: skip
"""Titles and meanings of what a verdict knows of the customers."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], **more: object) -> Table:
    """Return a table whose first column is a name and whose others are numbers."""
    return Table(
        columns=tuple(columns),
        rows=tuple(tuple(row) for row in rows),
        numbers=(False, *(True for _ in columns[1:])),
        **more,  # type: ignore[arg-type]
    )


def money_column(largest: float, *, digits: int = 5) -> tuple[str, Callable[[float], str]]:
    """Return the unit in which a table of money up to the largest is written, and how to write."""
    unit, name = scale(largest, digits=digits)
    write = exact if largest < 1000 else amount
    return name, lambda value: "-" if math.isnan(value) else write(value / unit)


def by_period(forecast: Forecast) -> Table:
    """Return the bookings of each period: quantiles, mean and its error, median of the base."""
    series, base = forecast.bookings, forecast.without_external_leads().bookings
    name, write = money_column(float(np.max(series.summary.p90, initial=0.0)))
    quantiles = np.quantile(series.samples, SHARES, axis=0)
    columns = [*quantiles, series.summary.mean, series.summary.se, base.summary.p50]
    heads = [*(f"P{round(100 * share)}" for share in SHARES), "Mean", "Error", "P50 without"]
    rows = zip(*columns, strict=True)
    return table(
        (f"{period_name(forecast.labels).capitalize()} from", *heads),
        [
            (day.isoformat(), *(write(float(value)) for value in row))
            for day, row in zip(series.periods, rows, strict=True)
        ],
        caption=f"Bookings by period in {name}{forecast.labels.currency}. Error: Monte Carlo "
        "standard error of the mean. Without: without new external leads.",
        folded=True,
    )


def customers(forecast: Forecast) -> Table:
    """Return how many customers are active at the end of each period, come and go."""
    series = forecast.active_customers
    base = forecast.without_external_leads().active_customers.summary.p50
    gained, lost = forecast.new_customers.summary.mean, forecast.lost_customers.summary.mean
    rows = zip(series.periods, *series.summary[2:], gained, lost, base, strict=True)
    return table(
        (f"{period_name(forecast.labels).capitalize()} from", *ACTIVE),
        [(day.isoformat(), *map(amount, numbers)) for day, *numbers in rows],
        caption="Customers active at the end of each period, and means of those gained and lost "
        "in it. Without: without new external leads.",
        folded=True,
    )


def loyalty(verdict: Verdict) -> Table:
    """Return how customers stay and bring others: what is not defined with the reason."""
    born, kept = verdict.reproduction_number, verdict.logo_retention
    known = {
        "reproduction_number": None if born is None else number(born) if born else "0",
        "logo_retention": None if kept is None else percent(kept),
    }
    low, high = verdict.reproduction_interval or (0.0, 0.0)
    worlds = f"{number(low)} to {number(high)} in 90% of the worlds" if low < high else ""
    rows = []
    for name, (title, said) in LOYALTY.items():
        value, note = known.get(name), verdict.notes.get(name, "")
        more = worlds if name == "reproduction_number" else ""
        words = [note] if value is None else [note or said, more]
        rows.append((title, value or "not defined", "; ".join(filter(None, words))))
    return Table(
        columns=("Of the customers", "Value", "What it says"),
        rows=tuple(rows),
        numbers=(False, True, False),
    )


def targets(forecast: Forecast) -> Iterator[Table]:
    """Return how likely each target is met, if there are some."""
    if not forecast.targets:
        return
    name, write = money_column(max(target.amount for target in forecast.targets))
    rows = []
    for target in forecast.targets:
        short = target.shortfall_if_missed
        low, high = map(percent, target.interval)
        rows.append(
            (
                target.name,
                f"{target.first} to {target.last}",
                write(target.amount),
                write(target.p50),
                percent(target.probability),
                f"{low} to {high}",
                percent(target.without_external_leads),
                "-" if short is None else write(short),
            )
        )
    heads = (
        "Target", "Days", "At least", "P50", "Reached", "95% interval", "Without", "If missed, by"
    )  # fmt: skip
    yield Table(
        columns=heads,
        rows=tuple(rows),
        numbers=(False, False, *(True for _ in heads[2:])),
        caption=f"Targets, in {name}{forecast.labels.currency}. Reached: share of the trajectories "
        "that book at least so much; its interval is for the Monte Carlo error. Without: the same "
        "without new external leads.",
    )


def origins(forecast: Forecast) -> Table:
    """Return what each origin books over the whole span."""
    parts = forecast.bookings.by("origin")
    means = {name: part.total_summary for name, part in parts.items()}
    whole = float(forecast.bookings.total_summary.mean)
    name, write = money_column(whole)
    rows = [
        (
            origin.replace("_", " ") if origin in ("open_deals", "customers") else origin,
            percent(float(each.mean) / whole) if whole else "-",
            *(write(float(value)) for value in (each.mean, *each[2:])),
        )
        for origin, each in means.items()
    ]
    return table(
        ("Origin", "Share", "Mean", "P10", "P50", "P90"),
        rows,
        caption=f"Bookings of the whole span by origin, in {name}{forecast.labels.currency}.",
        folded=True,
    )


def funnel(flows: Funnel) -> Table:
    """Return the mean flows of the whole span through each stage, and what is open at its end."""
    from salessim.forecast.funnel import FLOWS

    sums = flows.flows.mean(axis=0).sum(axis=0)
    left = flows.open[:, -1].mean(axis=0)
    rows = [
        (
            f"{pipeline}.{stage}",
            *(
                few_digits(float(x))
                for x in (flows.open_at_start[index], *sums[index], left[index])
            ),
        )
        for index, (pipeline, stage) in enumerate(flows.stages)
    ]
    heads = (
        "Open at start",
        *(name.replace("_", " ").capitalize() for name in FLOWS),
        "Open at end",
    )
    return table(
        ("Stage", *heads),
        rows,
        caption="Deals through each stage over the whole span: means of all trajectories.",
        folded=True,
    )


def stages(lines: Sequence[StageLine]) -> Table:
    """Return the stages of a plan in words."""
    columns = ("Stage", "Slips", "Advance", "Cycle time", "Of the others")
    return Table(
        columns=columns,
        rows=tuple(
            (
                f"{line.pipeline}.{line.stage}",
                line.slips or "none",
                line.conversion,
                line.cycle_time,
                "; ".join(line.otherwise),
            )
            for line in lines
        ),
        numbers=(False, False, True, False, False),
    )


def stamp(run: Run) -> Table:
    """Return what a run can be repeated from, and how exact its totals are."""
    forecast = run.forecast
    origin = forecast.provenance
    base = forecast.without_external_leads()
    totals = {
        "Mean bookings": forecast.bookings,
        "Mean bookings without external leads": base.bookings,
        "Mean deals won": forecast.wins,
    }
    rows = [
        ("salessim", origin.version),
        ("Seed", str(origin.seed)),
        ("Trajectories", f"{forecast.trajectories:,}"),
        ("Engine", origin.engine),
        ("Plan (SHA-256)", run.plan_sha256),
        ("Program (SHA-256)", origin.program_sha256),
        *((name, _with_error(series)) for name, series in totals.items()),
    ]
    return Table(
        columns=("What", "Value"),
        rows=tuple(rows),
        numbers=(False, False),
        caption="The same plan, seed and version give the same numbers. Behind a mean stands its "
        "Monte Carlo standard error: more trajectories shrink it.",
    )


def _with_error(series: Series) -> str:
    mean, error = float(series.total_summary.mean), float(series.total_summary.se)
    said = f"{exact(mean)} {series.unit}"
    if math.isnan(error):
        return f"{said}; one trajectory has no error"
    share = f" ({percent(error / mean)})" if mean else ""
    return f"{said} ± {exact(error)}{share}"
