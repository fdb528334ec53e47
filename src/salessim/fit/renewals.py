"""Contracts that end at renewals only: shifted beta-geometric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.lifetime_families import Family, Lives, Rows
from salessim.model.calendar import DAYS_PER_UNIT

if TYPE_CHECKING:
    import pandas as pd

PERIODS = (("1 year", 12), ("6 months", 6), ("1 quarter", 3), ("1 month", 1))
"""Renewal periods that are looked for, the longest first, in months."""
_NEAR_DAYS = 1
"""Contracts are noted to end on the last day of a period, or on the first of the next."""
_FALSE_ALARM = 1e-6
_NEARLY_ALL = 0.95
MOST_SIZE = 1000.0


@dataclass(frozen=True, kw_only=True)
class BetaGeometric(Family):
    """Each customer has a chance of its own not to renew, beta(a, b) over customers.

    Fader and Hardie 2007, Journal of Interactive Marketing 21:76. The location is a / b, the shape
    a + b. Ages are in days; of an age, the whole periods in it count.
    """

    months: int

    @property
    def name(self) -> str:
        """Return the plan's word."""
        return "beta_geometric"

    @property
    def shapes(self) -> int:
        """Return 1."""
        return 1

    @property
    def keys(self) -> tuple[str, ...]:
        """Return a, b."""
        return ("a", "b")

    @property
    def days(self) -> float:
        """Return the period."""
        return self.months * DAYS_PER_UNIT["month"]

    def edges(self, lives: Lives) -> tuple[FloatArray, FloatArray]:
        """Return half an end, or half a renewal, of all there were; a + b from 0.05 to 1000."""
        renewals = max(float((self._periods(lives.leave)).sum()), 1.0)
        return np.log([0.5 / renewals, 0.05]), np.log([2.0 * renewals, MOST_SIZE])

    def start(self, lives: Lives) -> float:
        """Return ends to renewals."""
        ends = float(lives.ended.sum())
        return max(ends, 0.5) / max(float(self._periods(lives.leave).sum()) - ends, 1.0)

    def _periods(self, age: FloatArray) -> FloatArray:
        # ages are of whole periods, or somewhere in the middle of one: see `in_periods`
        return np.floor(age / self.days + 1e-6)

    def rows(self, lives: Lives, location: FloatArray, shapes: FloatArray) -> Rows:
        """Return ln P(end at n) or ln S(n), given S(entry)."""
        from scipy.special import digamma, gammaln

        size = float(shapes[0])
        b = size / (1.0 + location)
        a = size - b
        renewed = self._periods(lives.leave) - lives.ended
        entry = self._periods(lives.entry)
        ended = lives.ended.astype(np.float64)
        value = (
            gammaln(b + renewed) - gammaln(b + entry)
            - gammaln(size + renewed) + gammaln(size + entry)
            + ended * (np.log(a) - np.log(size + renewed))
        )  # fmt: skip
        by_b = digamma(b + renewed) - digamma(b + entry)
        by_size = digamma(size + entry) - digamma(size + renewed) - ended / (size + renewed)
        by_a = ended / a
        by_location = (by_a - by_b) * a * b / size
        return value, by_location, (by_a * a + by_b * b + by_size * size)[None, :]

    def values(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return a and b."""
        b = at[1] / (1.0 + at[0])
        a = at[1] - b
        return np.array([a, b]), np.array([[b / at[1], 1.0], [-a / at[1], 1.0]])

    def survival(self, age: FloatArray, at: FloatArray) -> FloatArray:
        """B(a, b + n) / B(a, b) after n periods."""
        from scipy.special import gammaln

        (a, b), _ = self.values(at)
        n = self._periods(age)
        log = gammaln(b + n) - gammaln(b) + gammaln(a + b) - gammaln(a + b + n)
        return np.asarray(np.exp(log), dtype=np.float64)


def in_periods(start: pd.Series, end: pd.Series, months: int) -> tuple[FloatArray, FloatArray]:
    """Return periods of calendar months from start to end, and how many days off a whole number.

    Returns
    -------
    periods : ndarray
        Whole ones, the nearest.
    off : ndarray
        Days from the end to the anniversary nearest to it.
    """
    whole = (end.dt.year - start.dt.year) * 12 + (end.dt.month - start.dt.month)
    # the day of month may not exist in the month of the end: February
    ahead = end.dt.day.to_numpy() - np.minimum(start.dt.day, end.dt.days_in_month).to_numpy()
    months_between = whole.to_numpy() + ahead / DAYS_PER_UNIT["month"]
    periods = np.round(months_between / months)
    off = np.abs(months_between - periods * months) * DAYS_PER_UNIT["month"]
    return periods.astype(np.float64), off


def renewal_months(start: pd.Series, end: pd.Series) -> tuple[str, int] | None:
    """Return the longest period at whose multiples contracts end, as text and in months.

    Parameters
    ----------
    start, end : Series of datetime64
        Of the contracts that ended.

    Notes
    -----
    An end is at a renewal when it is a day or less from an anniversary, and not at the start.
    Ends that know nothing of a period are there with probability 3 / (days in it). It is
    recognised when so many there would be chance in one of 10^6 cases (all periods together), and
    no more than one end in twenty is elsewhere: a law that ends at renewals only must be one.
    """
    from scipy.stats import binom

    for name, months in PERIODS:
        periods, off = in_periods(start, end, months)
        there = int(((off < _NEAR_DAYS + 0.5) & (periods >= 1)).sum())
        chance = (2 * _NEAR_DAYS + 1) / (months * DAYS_PER_UNIT["month"])
        by_chance = float(binom.sf(there - 1, len(start), chance))
        if by_chance < _FALSE_ALARM / len(PERIODS) and there >= _NEARLY_ALL * len(start):
            return name, months
    return None
