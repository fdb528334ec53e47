"""One future against one: how often a scenario books more than the first, each with its own luck.

The paired differences of a comparison say whether a change is good on average: luck is the same on
both sides, and cancels. But nobody lives twice in the same luck. Whether a change would be seen
is asked of two futures in the same world (the same parameters, the same shocks) whose deals have
luck of their own: P(A beats B), the probability of superiority (McGraw and Wong 1992,
Psychological Bulletin 111).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import FloatArray
from salessim.forecast.judge import wilson
from salessim.forecast.series import Series


class Odds(NamedTuple):
    """How often one future books more than another; arrays by period, or 0-d."""

    share: FloatArray
    """Of the pairs of futures in which the scenario books more."""
    low: FloatArray
    high: FloatArray
    """Wilson's 95 % interval of the share: its Monte Carlo error."""
    tied: FloatArray
    """Share of the pairs in which both book the same, mostly nothing; in what is left, less."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Rival:
    """The first scenario once more: trajectory i in the same world i, with luck of its own.

    Attributes
    ----------
    seed : int
        Of its luck.
    bookings : Series
        As wholes.
    """

    seed: int
    bookings: Series

    def first(self, periods: int) -> Rival:
        """Return it cut to its first periods."""
        return replace(self, bookings=self.bookings.first(periods))

    def beaten_by(self, other: Series) -> Odds:
        """Return how often a scenario's bookings of the whole span are more."""
        return odds(self.bookings.whole.sum(axis=1), other.whole.sum(axis=1))

    def beaten_by_period(self, other: Series) -> Odds:
        """Return the same for each period."""
        return odds(self.bookings.whole, other.whole)


def odds(rival: NDArray[Any], other: NDArray[Any]) -> Odds:
    """Compare two samples pair by pair over their first axis; pairs are independent of each other.

    Parameters
    ----------
    rival, other : ndarray of int64, shape (trajectory, ...)
        Bookings in hundredths.
    """
    share = np.asarray((other > rival).mean(axis=0))
    bounds = [wilson(float(p), len(rival)) for p in share.ravel()]
    low, high = (np.array(side).reshape(share.shape) for side in zip(*bounds, strict=True))
    return Odds(share, low, high, np.asarray((other == rival).mean(axis=0)))
