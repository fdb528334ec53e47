"""What must be read before the rates of leads are trusted; sources alike are in one sentence."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from salessim.config.words import counted
from salessim.model.calendar import DAYS_PER_UNIT
from salessim.readable import rounded

if TYPE_CHECKING:
    from salessim.fit.sources import SourceFit

UNLIKELY = 0.05
"""A silence that is as likely as that, or likelier, is not worth a word."""
MOST_NAMES = 10
MONTH = DAYS_PER_UNIT["month"]


def source_warnings(sources: Sequence[SourceFit]) -> Iterator[str]:
    """Yield what the user must know of sources: ends, breaks, growth, silence."""
    for pipeline in dict.fromkeys(source.pipeline for source in sources):
        mine = [source for source in sources if source.pipeline == pipeline]
        yield from _each(mine, lambda source: source.ended, _ended)
        yield from _each(mine, lambda source: source.broke, _broke)
        yield from map(_grows, filter(_grows_clearly, mine))
        yield from _each(mine, _silent_since, _silent)
        yield from _all_silent(mine)


def _each(
    sources: Sequence[SourceFit],
    day_of: Callable[[SourceFit], date | None],
    say: Callable[[list[SourceFit], date], str],
) -> Iterator[str]:
    """Say something of all sources that have one day in common, in order of these days."""
    days = {source.name: day_of(source) for source in sources}
    for day in sorted({day for day in days.values() if day is not None}):
        yield say([source for source in sources if days[source.name] == day], day)


def _ended(sources: list[SourceFit], day: date) -> str:
    many = counted(sum(source.leads for source in sources), "lead")
    return (
        f"{_named(sources)}: no lead since {day}, after {many} before: taken as ended, and not in "
        "the plan; write it there if it goes on."
    )


def _broke(sources: list[SourceFit], day: date) -> str:
    levels = [source.fit.levels for source in sources if source.fit]
    before, after = (MONTH * sum(level[at] for level in levels) for at in (-2, -1))
    changed = (
        f"the first leads came about {day}"
        if before == 0.0
        else f"about {day} the leads a month went from {rounded(before)} to {rounded(after)}, "
        "more than chance and growth explain"
    )
    return (
        f"{_named(sources)}: {changed}. The plan goes on with what came since: "
        f"{counted((sources[0].until - day).days, 'day')} tell less than all would, so the rate is "
        "less sure."
    )


def _grows_clearly(source: SourceFit) -> bool:
    low, high = source.growth()[1:]
    return low > 0.0 or high < 0.0


def _grows(source: SourceFit) -> str:
    growth = source.growth()[0]
    return (
        f"{_named([source])}: its leads change by {growth:+.1%} a month, and the plan goes on so: "
        f"x {rounded((1.0 + growth) ** 12)} within a year; change its growth if that cannot last."
    )


def _silent_since(source: SourceFit) -> date | None:
    """Return the day after the last lead, where so long a silence is unlikely."""
    silent = (source.until - source.last).days - 1
    if source.fit is None or silent <= 0:
        return None
    expected, v = math.exp(source.fit.level.mean) * silent, source.fit.variance.mean
    chance = (1.0 + v * expected) ** (-1.0 / v)  # of no lead: negative binomial
    return source.last + timedelta(days=1) if chance < UNLIKELY else None


def _silent(sources: list[SourceFit], day: date) -> str:
    days = (sources[0].until - day).days
    expected = sum(days / MONTH * source.per_month()[0] for source in sources)
    return (
        f"{_named(sources)}: no lead in the last {counted(days, 'day')}, where {rounded(expected)} "
        "would be expected."
    )


def _all_silent(sources: list[SourceFit]) -> Iterator[str]:
    """Yield that the records of leads may end early, where no source at all brought one."""
    last = max(source.last for source in sources)
    if all(source.ended or _silent_since(source) for source in sources):
        yield (
            f"Pipeline {sources[0].pipeline}: the last lead of all came on {last}. If the records "
            f"of leads end there and only those of deals go on, fit as of that day: --as-of {last}."
        )


def _named(sources: Sequence[SourceFit]) -> str:
    if len(sources) == 1:
        return f"Source {sources[0].name}"
    names = ", ".join(source.name for source in sources[:MOST_NAMES])
    more = f" and {len(sources) - MOST_NAMES} more" if len(sources) > MOST_NAMES else ""
    return f"{len(sources)} sources ({names}{more})"
