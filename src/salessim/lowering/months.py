"""Rates over the calendar: constant within a cell, folded before any deal moves."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from salessim.model.calendar import Timeline
from salessim.model.plan import Source


class Month(NamedTuple):
    """A calendar month as far as it lies after the start."""

    first: date
    start: float
    """Days from the start; 0 for the first month, also when the plan starts within it."""
    end: float
    days: int
    """Days of the whole calendar month."""
    number: int
    """0 for the month of the start."""


def months(timeline: Timeline) -> Iterator[Month]:
    """Yield the calendar months that the simulated time touches, the last one whole.

    Whole, so that a longer horizon adds months and changes none.
    """
    end = timeline.edges[-1]
    day = timeline.start
    number = 0
    while (day - timeline.start).days < end:
        days = calendar.monthrange(day.year, day.month)[1]
        following = day.replace(day=1) + timedelta(days=days)
        yield Month(
            first=day.replace(day=1),
            start=float((day - timeline.start).days),
            end=float((following - timeline.start).days),
            days=days,
            number=number,
        )
        day = following
        number += 1


def rate_per_day(source: Source, month: Month) -> float:
    """Events per day within a month: level x growth x season, the dates aside."""
    level = source.rate.per_day + source.rate.per_month / month.days
    factor = (1.0 + source.growth_per_month) ** month.number
    season = source.season[month.first.month - 1] if source.season else 1.0
    return level * factor * season


def window(source: Source, timeline: Timeline) -> tuple[float, float]:
    """Days from the start at which a source opens and closes, within the simulated time."""
    end = float(timeline.edges[-1])
    opens = 0.0 if source.starts is None else float((source.starts - timeline.start).days)
    closes = end if source.ends is None else float((source.ends - timeline.start).days)
    return max(0.0, opens), max(0.0, min(end, closes))


def campaign_factor(source: Source, day: date) -> float:
    """Return the factor of the source's campaign on a day; 1 before the first."""
    factor = 1.0
    for begins, value in source.campaign:
        if begins <= day:
            factor = value
    return factor


class Piece(NamedTuple):
    """Days of a month with one campaign factor, from ``start`` to ``end``."""

    first: date
    start: float
    end: float
    factor: float


def pieces(source: Source, month: Month, timeline: Timeline) -> list[Piece]:
    """Cut a month where the source's campaign changes."""
    begins = [month.start]
    for day, _ in source.campaign:
        at = float((day - timeline.start).days)
        if month.start < at < month.end:
            begins.append(at)
    days = [timeline.start + timedelta(days=int(at)) for at in begins]
    return [
        Piece(day, at, end, campaign_factor(source, day))
        for day, at, end in zip(days, begins, [*begins[1:], month.end], strict=True)
    ]
