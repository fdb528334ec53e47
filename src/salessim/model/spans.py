"""Spans of time by the names that people give them: a year, a quarter, a month, an ISO week."""

from __future__ import annotations

import re
from datetime import date, timedelta

from salessim.model.calendar import Timeline, add_months

TOTAL = "total"
"""The whole horizon."""
EXPECTED = (
    "a year (2027), a quarter (2027Q2), a month (2027-03), an ISO week (2027-W05), the first day "
    "of a period (2027-03-01), or total"
)
_NAME = re.compile(
    r"(?P<year>\d{4})(?:Q(?P<quarter>[1-4])|-W(?P<week>\d\d)|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?"
)


def named_span(name: str, timeline: Timeline) -> tuple[int, int]:
    """Return the days of a span, from its first to the one after its last, 0 = the start.

    Parameters
    ----------
    name : str
        ``2027``, ``2027Q2``, ``2027-03``, ``2027-W05``, the first day of a reporting period
        (``2027-03-01``: that period), or ``total``.
    timeline : Timeline
        Its reported periods are the horizon.

    Raises
    ------
    ValueError
        It is no such name, or does not lie inside the horizon; the message says what was expected.
    """
    if name == TOTAL:
        return 0, timeline.edges[timeline.periods]
    try:
        first, after = _dates(name, timeline)
    except (ValueError, OverflowError):
        raise ValueError(f'expected {EXPECTED}, found "{name}"') from None
    end = timeline.period_start(timeline.periods)
    if first < timeline.start or after > end:
        raise ValueError(
            f"expected a span inside the horizon, {timeline.start} to {end - timedelta(days=1)}, "
            f"found {name}, {first} to {after - timedelta(days=1)}"
        )
    return (first - timeline.start).days, (after - timeline.start).days


def _dates(name: str, timeline: Timeline) -> tuple[date, date]:
    """Return the first day and the day after the last; ValueError when there are none."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError
    year, quarter, week, month, day = (int(part) if part else 0 for part in match.groups())
    if quarter:
        first = date(year, 3 * quarter - 2, 1)
        return first, add_months(first, 3)
    if match["week"]:
        first = date.fromisocalendar(year, week, 1)
        return first, first + timedelta(weeks=1)
    if match["day"]:
        return _period_from(date(year, month, day), timeline)
    first = date(year, month if match["month"] else 1, 1)
    return first, add_months(first, 1 if match["month"] else 12)


def _period_from(day: date, timeline: Timeline) -> tuple[date, date]:
    edges = [timeline.period_start(index) for index in range(timeline.periods + 1)]
    index = edges.index(day)
    return edges[index], edges[index + 1]


def periods_of(name: str, timeline: Timeline) -> slice:
    """Return the reporting periods that a span is made of; parameters as of `named_span`.

    Raises
    ------
    ValueError
        There is no such span, or it begins or ends within a period.
    """
    edges = timeline.edges
    days = named_span(name, timeline)
    if off := [day for day in days if day not in edges]:
        within = timeline.start + timedelta(days=off[0])
        length = f"{timeline.period.value:g} {timeline.period.unit}"
        raise ValueError(
            f"expected a span of whole periods, found {name}, and {within} is within a period of "
            f"{length}; state a period in [forecast] of which it is made"
        )
    return slice(edges.index(days[0]), edges.index(days[1]))
