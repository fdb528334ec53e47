"""The answer of a forecast in two sentences: how much will be booked, and whether it lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from salessim.readable import between, percent, rounded

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.targets import TargetOutcome

MOST_NAMED = 2
"""Targets that the sentence names; the others are in the table."""


def answer(forecast: Forecast) -> tuple[str, str]:
    """Return a sentence on the bookings and one on what is left of them without new leads.

    The first gives the median of the bookings of the whole span, between what they lie in 8 of 10
    trajectories, and how likely the first targets are met.
    """
    return _bookings(forecast), _lasting(forecast)


def money(value: float, forecast: Forecast) -> str:
    """Write an amount to three digits, in the plan's currency: ``28.2 million USD``."""
    return f"{rounded(value)} {forecast.labels.currency}"


def _bookings(forecast: Forecast) -> str:
    labels, total = forecast.labels, forecast.bookings.total_summary
    low, middle, high = (float(value) for value in total[2:])
    span = between(labels.periods[0], labels.end - timedelta(days=1))
    said = f"We expect {money(middle, forecast)} of bookings {span}"
    if low < high:
        said += f", 8 times in 10 between {rounded(low)} and {money(high, forecast)}"
    targets = [_target(target, forecast) for target in forecast.targets[:MOST_NAMED]]
    return f"{'; '.join([said, *targets])}."


def _target(target: TargetOutcome, forecast: Forecast) -> str:
    return (
        f"the target {target.name} of {money(target.amount, forecast)} is reached "
        f"{_chance(target.probability)}"
    )


def _chance(share: float) -> str:
    """Say a share of the trajectories; all or none of them make no certainty."""
    if share in (0.0, 1.0):
        return "in every trajectory" if share else "in no trajectory"
    return f"with {percent(share)} probability"


def _lasting(forecast: Forecast) -> str:
    verdict = forecast.verdict
    if verdict.word is None or verdict.probability is None:
        why = verdict.notes["word"]
        return f"Whether that lasts without new external leads cannot be said: {why}."
    first, after = verdict.window
    business = (
        f"Without new external leads the business is {verdict.word}"
        if verdict.word != "dependent on external leads"
        else f"The business is {verdict.word}"
    )
    return (
        f"{business}: {_chance(verdict.probability)} what is already there books "
        f"the {money(verdict.need_per_month, forecast)} a month that it must "
        f"{between(first, after - timedelta(days=1))}."
    )
