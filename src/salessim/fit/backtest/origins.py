"""Origins: days at whose end a forecast is made, and the periods after them it is held against."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count, takewhile
from typing import TYPE_CHECKING

from salessim.config.words import counted, found
from salessim.errors import SalessimError
from salessim.fit.contracts import stays
from salessim.model.calendar import MONTHS_PER_UNIT, Span, add_months, periods_in

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.history import History

YEAR = Span(value=12, unit="month")
MONTHLY = "monthly"
_COUNT = re.compile(r"[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Window:
    """The periods after one origin.

    Attributes
    ----------
    edges : tuple of date
        First day of each period, and the day after the last: one more than there are periods.
    """

    edges: tuple[date, ...]

    @property
    def origin(self) -> date:
        """The last day of which everything is known."""
        return self.edges[0] - timedelta(days=1)

    @property
    def start(self) -> date:
        """The first day of the first period."""
        return self.edges[0]

    @property
    def end(self) -> date:
        """The day after the last period."""
        return self.edges[-1]

    @property
    def periods(self) -> int:
        """Number of periods."""
        return len(self.edges) - 1


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How windows are cut: their periods, and how many.

    Attributes
    ----------
    period : Span
        A week, month or quarter, or whole days.
    periods : int
        At least 1.
    """

    period: Span
    periods: int

    @classmethod
    def of(cls, horizon: Span, period: Span) -> Grid:
        """Cut a horizon into periods.

        Raises
        ------
        SalessimError
            The horizon is not a whole number of periods.
        """
        periods = periods_in(horizon, period)
        if not periods.is_integer():
            raise SalessimError(
                f"horizon: {span_words(horizon)} are {periods:.2f} periods of "
                f"{span_words(period)}; take a whole number of them, for example "
                f'"{span_words(replace(period, value=max(1, round(periods)) * period.value))}"'
            )
        return cls(period=period, periods=int(periods))

    def window(self, start: date) -> Window:
        """Return the window that begins on a day."""
        return Window(edges=tuple(self.later(start, n) for n in range(self.periods + 1)))

    def later(self, start: date, periods: int) -> date:
        """Return the day so many periods later, earlier when negative."""
        if self.period.unit in MONTHS_PER_UNIT:
            return add_months(start, round(self.period.months * periods))
        return start + timedelta(days=round(self.period.days) * periods)

    @property
    def horizon(self) -> Span:
        """All periods together."""
        return replace(self.period, value=self.period.value * self.periods)

    @property
    def per_year(self) -> int:
        """Number of periods nearest to a year, at least 1."""
        return max(1, round(periods_in(YEAR, self.period)))


@dataclass(frozen=True, kw_only=True)
class Reach:
    """From where to where records tell everything.

    Attributes
    ----------
    first : date
        The first whole day.
    end : date
        The day after the last whole day.
    why : str
        Behind that day in messages: why it is the last, where a plan says so.
    """

    first: date
    end: date
    why: str = ""

    @classmethod
    def of(cls, history: History) -> Reach:
        """Return what all records of a history have in common.

        Raises
        ------
        SalessimError
            There are no records, or they have no day in common.
        """
        begins, ends = zip(*_spans(history), strict=True) if _spans(history) else ((), ())
        if not begins:
            raise SalessimError(
                "the history holds no dated records: there is nothing to look back on"
            )
        first, end = max(begins).ceil("D").date(), min(ends).floor("D").date()
        told = history.told
        if first >= end and told is not None and told.as_of is not None:
            raise SalessimError(
                f"{told.of_as_of}: on {told.as_of} there was nothing to look back on: the records "
                f"begin on {first}; choose a later day"
            )
        if first >= end:
            raise SalessimError(
                f"the records have no day in common: some begin on {first}, others end before {end}"
            )
        place = told.places.get("as_of", "") if told else ""
        why = f" (as {place} says; --as-of DATE overrules it)" if place else ""
        return cls(first=first, end=end, why=why)


def _spans(history: History) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return begin and end of each kind of record that there is any of."""
    spans = [
        (deals.complete_from or deals.moves["at"].min(), deals.until)
        for deals in history.deals
        if len(deals.moves)
    ]
    if (orders := history.orders) is not None and len(orders.table):
        spans.append((orders.known_from, orders.until))
    if (contracts := history.subscriptions) is not None and len(contracts.table):
        # before the first end that is listed, others may be missing
        seen_from = None if spans else stays(contracts).seen_from
        spans.append((seen_from or contracts.table["start"].min(), contracts.until))
    return spans


def span_words(span: Span) -> str:
    """Say a length of time as a plan writes it: ``3 months``."""
    return f"{span.value:g} {span.unit}{'' if span.value == 1 else 's'}"


def choose(
    origins: str | Sequence[date], *, reach: Reach, grid: Grid, past: Span
) -> tuple[Window, ...]:
    """Return the windows of origins that leave the horizon to compare.

    Parameters
    ----------
    origins : str or sequence of date
        ``monthly``: the end of every month (of every period, where periods are shorter than a
        month); a number: so many of these, the last ones; or days, also as one text with commas.
    reach : Reach
    grid : Grid
    past : Span
        What ``monthly`` and a number leave before the first origin; days that are named need only
        be later than the first record.

    Raises
    ------
    SalessimError
        A day is none, lies before the records, or leaves less than the horizon; or no origin
        leaves both past and horizon.
    """
    if isinstance(origins, str) and (_COUNT.fullmatch(origins) or origins == MONTHLY):
        windows = _regular(reach, grid, past)
        if origins != MONTHLY:
            if not int(origins):
                raise SalessimError("origins: expected 1 or more, found 0")
            windows = windows[-int(origins) :]
        return windows
    return tuple(_named(day, reach=reach, grid=grid) for day in _days(origins))


def lacking(
    origins: str | Sequence[date], windows: Sequence[Window], *, grid: Grid, past: Span
) -> Iterator[str]:
    """Say when there are fewer origins than asked for."""
    asked = int(origins) if isinstance(origins, str) and _COUNT.fullmatch(origins) else 0
    if asked > len(windows):
        yield (
            f"Of {asked} origins asked for the records leave {len(windows)} with "
            f"{span_words(past)} before and {span_words(grid.horizon)} after."
        )


def _days(origins: str | Sequence[date]) -> list[date]:
    if not isinstance(origins, str):
        return sorted(set(origins))
    try:
        return sorted({date.fromisoformat(text.strip()) for text in origins.split(",")})
    except ValueError as error:
        raise SalessimError(
            "origins: expected days such as 2027-01-31,2027-02-28, how many (12), or "
            f"{MONTHLY} for every month's end, found {found(origins)}"
        ) from error


def _named(day: date, *, reach: Reach, grid: Grid) -> Window:
    window = grid.window(day + timedelta(days=1))
    if window.start <= reach.first:
        raise SalessimError(f"origins: {day} lies before the first whole day, {reach.first}")
    if window.end > reach.end:
        last = grid.later(reach.end, -grid.periods) - timedelta(days=1)
        raise SalessimError(
            f"origins: after {day} the records do not reach to the end of the horizon, "
            f"{window.end - timedelta(days=1)}: they end with "
            f"{reach.end - timedelta(days=1)}{reach.why}; "
            f"the last origin with that horizon is {last}"
        )
    return window


def _regular(reach: Reach, grid: Grid, past: Span) -> tuple[Window, ...]:
    """Return the windows that begin with a month, or a shorter period, after enough past."""
    month = Span(value=1, unit="month")
    step = month if grid.period.days > month.days else grid.period
    by_step = Grid(period=step, periods=1)
    begin = reach.first
    if step.unit in MONTHS_PER_UNIT and begin.day > 1:
        begin = add_months(begin.replace(day=1), 1)
    enough = Grid(period=past, periods=1).later(reach.first, 1)
    starts = takewhile(
        lambda start: grid.window(start).end <= reach.end,
        (by_step.later(begin, n) for n in count(1)),
    )
    windows = tuple(grid.window(start) for start in starts if start >= enough)
    if not windows:
        days = (reach.end - reach.first).days
        raise SalessimError(
            f"origins: the history is too short: {counted(days, 'whole day')} from {reach.first}"
            f"{reach.why} leave no origin with {span_words(past)} before it and "
            f"{span_words(grid.horizon)} after it; shorten the horizon, or name days"
        )
    return windows
