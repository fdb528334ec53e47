"""Calendar: reporting periods counted from the start, and the verdict's window."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

DAYS_PER_MONTH = 30.4375
MONTHS_PER_UNIT = {"month": 1, "quarter": 3, "year": 12}
DAYS_PER_UNIT = {
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_MONTH,
    "quarter": 3 * DAYS_PER_MONTH,
    "year": 12 * DAYS_PER_MONTH,
}


def add_months(day: date, months: int) -> date:
    """Return the same day of the month ``months`` later, or that month's last day when shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@dataclass(frozen=True, kw_only=True)
class Span:
    """A length of time as the user wrote it: 24 months is a calendar span, 720 days is not."""

    value: float
    unit: Literal["day", "week", "month", "quarter", "year"]

    @property
    def days(self) -> float:
        """Length in days, a month taken as 30.4375 days."""
        return self.value * DAYS_PER_UNIT[self.unit]

    @property
    def months(self) -> float:
        """Length in months; exact for months, quarters and years."""
        if self.unit in MONTHS_PER_UNIT:
            return self.value * MONTHS_PER_UNIT[self.unit]
        return self.days / DAYS_PER_MONTH


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Periods of one length from the start: some are reported, some judged, the most simulated.

    Attributes
    ----------
    start : date
        Midnight of this day is time 0.
    period : Span
        Length of a reporting period: 1 week, 1 month, 1 quarter, or whole days.
    periods : int
        Reported periods (the forecast horizon).
    judged : int
        Periods of the verdict's span, whose last twelve months are looked at.
    """

    start: date
    period: Span
    periods: int
    judged: int

    @property
    def simulated(self) -> int:
        """Simulated periods: the reported ones, and on to the end of the verdict's span."""
        return max(self.periods, self.judged)

    @property
    def window(self) -> int:
        """Number of periods nearest to twelve months, at least one."""
        return max(1, round(periods_in(Span(value=12, unit="month"), self.period)))

    def period_start(self, index: int) -> date:
        """First day of a period; ``index`` may run one past the last."""
        if self.period.unit in MONTHS_PER_UNIT:
            return add_months(self.start, round(self.period.months * index))
        return self.start + timedelta(days=round(self.period.days) * index)

    @property
    def edges(self) -> tuple[int, ...]:
        """Day offsets of the simulated periods' edges, ``simulated + 1`` of them, 0 first."""
        return tuple(
            (self.period_start(index) - self.start).days for index in range(self.simulated + 1)
        )


def periods_in(span: Span, period: Span) -> float:
    """How many periods fit in a span: by months where both are calendar spans, else by days."""
    if span.unit in MONTHS_PER_UNIT and period.unit in MONTHS_PER_UNIT:
        return span.months / period.months
    return span.days / period.days
