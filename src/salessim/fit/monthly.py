"""What each calendar month says of a pipeline: whether more advanced than usual, or sooner.

What is usual is the same for all months: conversions as they were fitted, and the hazard of
advancing by age, whatever it is. A month's effect is a factor as the simulator has it: on the odds
of advancing of all visits *entered* in it, or on the speed of all visits *under way* in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.fit.competing import LEAST
from salessim.fit.estimate import STEP
from salessim.fit.stages import FittedStage, durations
from salessim.fit.visits import ADVANCE, OPEN, SECONDS_PER_DAY, Visits
from salessim.model.law import floats

AGES = 100
"""Intervals of age within which the hazard of advancing is taken as constant, of equally many."""
LEAST_AGE = 1e-9
"""Days: an open visit of age 0 is taken as so old."""


@dataclass(frozen=True, kw_only=True)
class Monthly:
    """The likelihood of the months' effects near 0, on the log scale: normal.

    Attributes
    ----------
    first : int
        Number of the first month, since January 1970.
    pull : ndarray, shape (months,)
        Its slope: what was observed less what was expected.
    information : ndarray, shape (months, months)
        Minus its second derivatives. An effect that all months have is no effect: rows add up to 0.
    weight : ndarray, shape (months,)
        What each month tells of the mean of all, adding up to 1 (to 0 where nothing is told).
    """

    first: int
    pull: FloatArray
    information: FloatArray
    weight: FloatArray


def span(seen: Visits, until: np.datetime64) -> range:
    """Return the numbers of the months from the first entry to the last day before `until`."""
    last = until - np.timedelta64(1, "us")
    return range(_month(seen.entered.min()), _month(last) + 1)


def of_conversion(
    stage: FittedStage, mine: Visits, months: range, around: FloatArray | None = None
) -> Monthly:
    """Return what the months of entry say of the log odds of advancing.

    Parameters
    ----------
    stage : FittedStage
    mine : Visits
        Those to the stage.
    months : range
        Of all stages (`span`).
    around : ndarray, shape (months,), optional
        Effects at which the likelihood is taken as normal; 0 when not given.
    """
    at = np.zeros(len(months)) if around is None else around
    pull, information = slopes_by_month(stage, mine, months, at)
    pull = pull + information * at
    weight = _weight(information)
    return Monthly(
        first=months.start,
        pull=pull - weight * pull.sum(),
        information=floats(np.diag(information) - np.outer(information, weight)),
        weight=weight,
    )


def _weight(told: FloatArray) -> FloatArray:
    """Return what each month tells of the mean of all: shares, or 0 where nothing is told."""
    total = told.sum()
    return floats(told / total if total > 0.0 else told)


def slopes_by_month(
    stage: FittedStage, mine: Visits, months: range, at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return slope and information of the log odds of advancing by month of entry.

    Of the likelihood of the visits entered in it, at the fit plus the month's effect; those still
    open count as far as they tell.
    """
    entered = _entered(mine, months)
    told = np.zeros((2, len(months)))
    for nth in np.unique(entered):
        told[:, nth] = _slope(stage, mine.where(entered == nth), float(at[nth]))
    return floats(told[0]), floats(np.maximum(told[1], 0.0))


def _slope(stage: FittedStage, few: Visits, effect: float) -> tuple[float, float]:
    """Return slope and information of the log odds of advancing, of some visits."""
    fit = stage.chosen.fit
    data = durations(few, np.ones(len(few)))
    here, moved = fit.theta.copy(), np.zeros(fit.model.size)
    here[0] += effect
    moved[0] = STEP
    up, slope, down = (
        float(fit.model.scores(theta, data)[1][0] @ data.weight)
        for theta in (here + moved, here, here - moved)
    )
    return slope, (down - up) / (2.0 * STEP)


def of_pace(
    stage: FittedStage,
    mine: Visits,
    months: range,
    conversion: FloatArray | None = None,
    around: FloatArray | None = None,
) -> Monthly:
    """Return what the calendar months say of the speed at which visits to a stage advance.

    Of the visits that advance, the hazard is constant within intervals of age and multiplied by the
    effect of the calendar month (Holford 1980, Biometrics 36, 299-305). With any hazard by age, n
    ends at an age fall on months as the time spent there at that age does, pi: so the slope is that
    of the log-rank test of months, the sum over ages of (ends by month - n pi), and its variance
    the sum of n (diag(pi) - pi pi').

    A visit still open counts as far as it is likely to advance (the slope given what is observed is
    the expected one of what is not: Louis 1982, J. R. Stat. Soc. B 44, 226-233). Those that were
    lost do not: losses are written down when somebody tidies up. And were they at risk, months of
    many conversions would seem quick.

    Parameters
    ----------
    stage : FittedStage
    mine : Visits
        Those to the stage.
    months : range
        Of all stages (`span`).
    conversion : ndarray, shape (months,), optional
        Effects of the months of entry on the log odds of advancing; 0 when not given.
    around : ndarray, shape (months,), optional
        Effects on the logarithm of the speed by which ages and months are measured in operational
        time, as the simulator has it: a quick month makes visits older. 0 when not given.
    """
    size = len(months)
    at = np.zeros(size) if conversion is None else conversion
    mine = replace(mine, weight=mine.weight * _advancing(stage, mine, at[_entered(mine, months)]))
    mine = mine.where(mine.weight > 0.0)
    at = np.zeros(size) if around is None else around
    pull, information = _log_rank(*_operational(mine, months, at))
    told = np.diag(information)
    return Monthly(
        first=months.start,
        pull=pull + information @ at,
        information=information,
        weight=_weight(told),
    )


def _log_rank(mine: Visits, entry: FloatArray, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the log-rank statistic of months and its variance, from visits by their weight."""
    size, end = len(edges) - 2, entry + mine.duration
    went = (mine.outcome == ADVANCE) & (mine.duration > mine.entry_age)
    pull, information = np.zeros(size), np.zeros((size, size))
    for low, high in _ages(mine, went):
        inside = went & (mine.duration > low) & (mine.duration <= high)
        of = np.minimum(np.searchsorted(edges, end[inside], side="right") - 1, size - 1)
        ends = np.bincount(of, mine.weight[inside], size)
        # who comes under observation only at a later age spends no time at this one
        there = (mine.duration > np.maximum(low, mine.entry_age)) & (mine.entry_age < high)
        begin = entry[there] + np.maximum(low, mine.entry_age[there])
        leave = entry[there] + np.minimum(high, mine.duration[there])
        spent = _spent(begin, leave, mine.weight[there], edges)
        if spent.sum() > 0.0:
            share = spent / spent.sum()
            pull += ends - ends.sum() * share
            information += ends.sum() * (np.diag(share) - np.outer(share, share))
    return floats(pull), floats(information)


def _advancing(stage: FittedStage, mine: Visits, effect: FloatArray) -> FloatArray:
    """Return the probability that each visit advances: 0 or 1 where it is known.

    Of an open one of age a, p_k S_k(a) of advancing against that of all; the effect of its month is
    on these odds, too.
    """
    from scipy.special import expit, logit

    fit = stage.chosen.fit
    advances = floats(mine.outcome == ADVANCE)
    still = np.flatnonzero(mine.outcome == OPEN)
    age = np.maximum(mine.duration[still], LEAST_AGE)
    law = fit.theta[fit.model.place(0)]
    later = fit.model.families[0].tails(age, law)[1] * (1.0 - fit.model.at_once(0, fit.theta))
    there = np.maximum(fit.model.remaining(age, fit.theta)[0], LEAST)
    share = stage.probabilities["advance"] * later / there
    advances[still] = expit(logit(np.clip(share, 0.0, 1.0)) + effect[still])
    return advances


def _ages(mine: Visits, went: FloatArray) -> Iterator[tuple[float, float]]:
    """Yield intervals of age (low, high], with about equally many ends each."""
    took = mine.duration[went]
    if not took.size:
        return
    shares = np.linspace(0.0, 1.0, AGES + 1)[1:]
    edges = np.unique(np.quantile(took, shares, method="inverted_cdf"))
    yield from zip(np.concatenate(([0.0], edges[:-1])), edges, strict=True)


def _spent(
    begin: FloatArray, leave: FloatArray, weight: FloatArray, edges: FloatArray
) -> FloatArray:
    """Return the days between begin and leave by month."""
    size = len(edges) - 2
    spent = np.zeros(size)
    while begin.size:
        # rounding may lead behind the last month, to where there is no end
        month = np.searchsorted(edges, begin, side="right") - 1
        until = np.minimum(leave, edges[month + 1])
        spent += np.bincount(np.minimum(month, size - 1), weight * (until - begin), size)
        goes_on = until < leave
        begin, leave, weight = until[goes_on], leave[goes_on], weight[goes_on]
    return spent


def _operational(
    mine: Visits, months: range, effects: FloatArray
) -> tuple[Visits, FloatArray, FloatArray]:
    """Return visits with ages in operational time, when they were entered, and when months end.

    The first month begins at 0; what lies behind the last has no end.
    """
    edges = _edges(months)
    passed = np.concatenate(([0.0], np.cumsum(np.exp(effects) * np.diff(edges))))
    begin = np.datetime64(months.start, "M").astype("datetime64[us]")
    entered = (mine.entered - begin) / np.timedelta64(1, "us") / (1e6 * SECONDS_PER_DAY)
    entry, late, end = (
        np.interp(day, edges, passed)
        for day in (entered, entered + mine.entry_age, entered + mine.duration)
    )
    warped = replace(mine, entry_age=floats(late - entry), duration=floats(end - entry))
    return warped, floats(entry), floats(np.append(passed, np.inf))


def _edges(months: range) -> FloatArray:
    """Return the days on which months begin since the first did, and on which the last one ends."""
    begin = np.arange(months.start, months.stop + 1).astype("datetime64[M]").astype("datetime64[D]")
    return floats((begin - begin[0]) / np.timedelta64(1, "D"))


def _entered(mine: Visits, months: range) -> IntArray:
    """Return in which of the months each visit was entered."""
    return mine.entered.astype("datetime64[M]").astype(np.int64) - months.start


def _month(moment: np.datetime64) -> int:
    return int(moment.astype("datetime64[M]").astype(np.int64))
