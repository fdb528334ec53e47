"""The simulated time of a plan: whole periods, an end that dates can hold; targets within it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date

from salessim.config.problems import Problems
from salessim.config.schema import Document
from salessim.model.calendar import MONTHS_PER_UNIT, Span, Timeline, periods_in
from salessim.model.plan import Target
from salessim.model.spans import named_span, periods_of

LAST_DAY = date(9000, 1, 1)


def make_timeline(plan: Document, problems: Problems) -> Timeline | None:
    """Return the simulated time; None (and a problem) when it does not come out even."""
    forecast, span = plan.forecast, plan.sustainability.span
    if span.months < 24.0 - 1e-9:
        problems.add(
            ("sustainability", "span"),
            f"expected at least 24 months, found {span.value:g} {span.unit}s "
            f"({span.months:.4g} months); the verdict looks at a second year",
        )
        return None
    periods = periods_in(forecast.horizon, forecast.period)
    whole = round(periods)
    if abs(periods - whole) > 1e-9 * max(1.0, periods) or whole < 1:
        near = [_periods_text(forecast.period, count) for count in _around(periods)]
        problems.add(
            ("forecast", "horizon"),
            f"expected a whole number of periods ({_periods_text(forecast.period, 1)}), found "
            f"{forecast.horizon.value:,.12g} {forecast.horizon.unit}s = {periods:,.2f} periods; "
            f"nearest: {' or '.join(near)}",
        )
        return None
    judged = round(periods_in(span, forecast.period))
    simulated = max(whole, judged)
    days = simulated * forecast.period.days + 366.0
    if not days < (LAST_DAY - forecast.start).days:
        problems.add(
            ("forecast", "horizon"),
            f"expected an end before {LAST_DAY}, found {simulated} periods from {forecast.start}; "
            "start earlier",
        )
        return None
    return Timeline(start=forecast.start, period=forecast.period, periods=whole, judged=judged)


def make_targets(
    targets: Mapping[str, float], timeline: Timeline, problems: Problems
) -> tuple[Target, ...]:
    """Return the targets in order of time; one that is not made of whole periods is a problem."""
    made = []
    for name, amount in targets.items():
        try:
            periods_of(name, timeline)
            start, end = named_span(name, timeline)
        except ValueError as error:
            problems.add(("targets", name), str(error))
        else:
            made.append(Target(name=name, start=start, end=end, amount=amount))
    return tuple(sorted(made, key=lambda target: (target.start, target.end, target.name)))


def _around(periods: float) -> list[int]:
    below = math.floor(periods)
    return [count for count in (below, below + 1) if count >= 1]


def _periods_text(period: Span, count: int) -> str:
    """Say a number of periods as the horizon is written."""
    if period.unit in MONTHS_PER_UNIT:
        number, unit = round(period.months * count), "month"
    else:
        number, unit = round(period.value * count), period.unit
    return f'"{number} {unit}{"" if number == 1 else "s"}"'
