"""Repeat orders by calendar month against what Pareto/NBD expects: season, and how months swing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.leads import count_months
from salessim.fit.notation import lognormal
from salessim.fit.orders import OrderDays
from salessim.fit.purchases import FittedPurchases, ParetoNBD, Purchases, fit_pareto_nbd
from salessim.fit.rates import Months, RateFit, fit_rate

if TYPE_CHECKING:
    import pandas as pd

_YEAR = np.array([31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
"""Days of the months."""
_MOST_ROUNDS = 6
_SETTLED = 0.005
"""Largest change of a month's factor that is none."""
_LEAST_MONTHS = 3
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time that passes faster in months with many orders: a year has as many days as any.

    Attributes
    ----------
    season : ndarray, shape (12,)
        Factors on the rate of orders, January first; their mean over the days of a year is 1.
    """

    season: FloatArray

    def days(self, at: pd.DatetimeIndex | pd.Series) -> FloatArray:
        """Return the time of days on this clock, from 1970 on."""
        moments = np.asarray(at).astype("datetime64[D]")
        months = moments.astype("datetime64[M]")
        number = months.astype(np.int64)
        begin, end = min(int(number.min()), 0), max(int(number.max()), 0)
        starts = np.arange(begin, end + 2).astype("datetime64[M]").astype("datetime64[D]")
        factors = self.season[np.arange(begin, end + 1) % 12]
        passed = np.concatenate([[0.0], np.cumsum(factors * (np.diff(starts) / _DAY))])
        within = (moments - months.astype("datetime64[D]")) / _DAY
        since = passed[number - begin] - passed[-begin] + self.season[number % 12] * within
        return np.asarray(since, dtype=np.float64)


EVEN = Clock(season=np.ones(12))


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """What the calendar does to repeat orders.

    Attributes
    ----------
    clock : Clock
    months : Months or None
        Repeat orders by calendar month, and what is expected of them as the exposure; None when
        there are too few to tell anything.
    first : tuple of date
        First day of each month.
    fit : RateFit or None
        Of the ratio of both.
    """

    clock: Clock
    months: Months | None = None
    first: tuple[date, ...] = ()
    fit: RateFit | None = None

    @property
    def swing(self) -> float:
        """Standard deviation of the logarithm of a month's factor beyond chance and season."""
        return 0.0 if self.fit is None else float(np.sqrt(np.log1p(self.fit.variance.mean)))

    @property
    def drift(self) -> float:
        """Return how far a month's factor may be from the one before, on the log scale.

        A trend that was seen against Pareto/NBD may be one, or its model of leaving may be wrong:
        it does not go on in the plan, but makes the months to come less sure.
        """
        return 0.0 if self.fit is None else float(np.hypot(*self.fit.growth))

    def season(self) -> list[Any] | None:
        """Return the factors of the twelve months in the plan's notation; None without a season."""
        if self.fit is None or not self.fit.season:
            return None
        return [
            lognormal(float(factor), month.sd)
            for factor, month in zip(self.clock.season, self.fit.season, strict=True)
        ]


def fit_with_season(orders: OrderDays) -> tuple[FittedPurchases, Rhythm]:
    """Fit Pareto/NBD, on a clock that goes with the season where one is seen.

    A season is measured by what customers ordered in a month against what Pareto/NBD expects of
    them, and moves time for it: a customer's rate is one of that clock (covariates of time in
    latent attrition models: Bachmann, Meierer and Naef 2021, Marketing Science 40:783; but that
    customers leave by this clock too, which is the same over whole years). Both in turn until they
    no longer change.
    """
    clock, near = EVEN, None
    for _ in range(_MOST_ROUNDS):
        known = orders.summaries(clock.days)
        seen = (known[name].to_numpy(np.float64) for name in ("repeats", "last", "age"))
        purchases = fit_pareto_nbd(Purchases.of(*seen), near=near)
        rhythm = _rhythm(orders, purchases.model, clock)
        change = np.abs(np.log(rhythm.clock.season / clock.season)).max()
        # what goes on is the clock that the customers were fitted by
        settled = purchases, replace(rhythm, clock=clock)
        if change < _SETTLED:
            break
        clock, near = rhythm.clock, purchases.estimate
    return settled


def _rhythm(orders: OrderDays, model: ParetoNBD, clock: Clock) -> Rhythm:
    """Measure the season from the months that are whole."""
    import pandas as pd

    table = orders.table
    end = orders.last_day + pd.Timedelta(1, "D")
    begin = table["day"].min()
    begin, until = begin + pd.offsets.MonthBegin(0), end.to_period("M").start_time
    later = table[~table["first"] & (table["day"] >= begin) & (table["day"] < until)]
    if begin >= until or later.empty or _is_coarse(later["day"]):
        return Rhythm(clock=EVEN)
    counts, first = count_months(later["day"], begin=begin.date(), until=until.date())
    edges = pd.DatetimeIndex([*map(pd.Timestamp, first), until])
    expected = np.diff(expected_repeats(orders, model, clock, edges))
    factors = clock.season[counts.of_year]
    if len(first) < _LEAST_MONTHS or not (expected > 0.0).all():
        return Rhythm(clock=EVEN)
    months = counts._replace(days=expected / factors)
    fit = fit_rate(months)
    season = np.ones(12)
    if fit.season:
        season = np.exp([month.mean for month in fit.season])
        season /= np.average(season, weights=_YEAR)
    return Rhythm(clock=Clock(season=season), months=months, first=first, fit=fit)


def _is_coarse(days: pd.Series) -> bool:
    """Say whether dates stand for a whole quarter or year: months in them mean nothing."""
    of_month = days.dt.day
    return bool((of_month == of_month.iloc[0]).all() and days.dt.month.nunique() < 12)


def expected_repeats(
    orders: OrderDays, model: ParetoNBD, clock: Clock, at: pd.DatetimeIndex
) -> FloatArray:
    """Return how many repeat orders are expected of all customers before these days."""
    firsts = orders.table.loc[orders.table["first"], "day"].value_counts().sort_index()
    counts = firsts.to_numpy(np.float64)
    began, days = clock.days(firsts.index), clock.days(at)
    return np.array([counts @ model.expected_of_new(np.maximum(day - began, 0.0)) for day in days])
