"""Spans of time by their names: ``2027``, ``2027Q2``, ``2027-03``, ``2027-W05``, ``total``."""

from __future__ import annotations

import re
from datetime import date, timedelta

from salessim.model.calendar import Timeline, add_months

TOTAL = "total"
"""Name of the whole horizon."""
NAMES = "a year 2027, a quarter 2027Q2, a month 2027-03, an ISO week 2027-W05, or total"
_NAME = re.compile(r"(?P<year>\d{4})(Q(?P<quarter>\d)|-W(?P<week>\d\d)|-(?P<month>\d\d))?")


def named_span(name: str, line: Timeline) -> tuple[int, int]:
    """Return the days from the start on which a span begins and after which it is over.

    Parameters
    ----------
    name : str
        A year, a quarter, a month or an ISO week of the calendar, or ``total``.
    line : Timeline

    Returns
    -------
    (int, int)
        Both are edges of reporting periods within the horizon.

    Raises
    ------
    ValueError
        There is no such span, it is not within the horizon, or it begins or ends within a
        reporting period.
    """
    edges = line.edges[: line.periods + 1]
    if name == TOTAL:
        return 0, edges[-1]
    first, after = _dates(name)
    start, end = ((day - line.start).days for day in (first, after))
    span = f"{name} ({first} to {after - timedelta(days=1)})"
    if start < 0 or end > edges[-1]:
        last = line.period_start(line.periods) - timedelta(days=1)
        raise ValueError(
            f"expected a time within the forecast, {line.start} to {last}, found {span}"
        )
    for day, edge in ((first, start), (after, end)):
        if edge not in edges:
            raise ValueError(
                f"{span} cannot be told from the reporting periods, one of which holds {day} and "
                "the day before; choose [forecast] start and period so that a period begins then"
            )
    return start, end


def _dates(name: str) -> tuple[date, date]:
    """Return the first day of a span and the first day after it."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(f'expected {NAMES}, found "{name}"')
    year = int(match["year"])
    try:
        if match["week"]:
            monday = date.fromisocalendar(year, int(match["week"]), 1)
            return monday, monday + timedelta(days=7)
        if match["quarter"]:
            first = date(year, 3 * int(match["quarter"]) - 2, 1)
            return first, add_months(first, 3)
        first = date(year, int(match["month"] or 1), 1)
        return first, add_months(first, 1 if match["month"] else 12)
    except ValueError:
        raise ValueError(f'expected {NAMES}, found "{name}", which the calendar has not') from None
