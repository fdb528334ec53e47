"""What orders of customers are worth, and pipelines of orders that need no selling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.fit.notation import lognormal, short
from salessim.fit.rates import SEASON_MONTHS
from salessim.fit.wandering import futures, mean_ahead

if TYPE_CHECKING:
    import pandas as pd

FEWEST_MONTHS = 6

_NO_VARIANCE = 1e-9
_LARGEST_ERROR = 1.0


@dataclass(frozen=True, kw_only=True)
class AmountLaw:
    """Mean and variation of an order: of a sum of many nothing else matters."""

    mean: float
    variation: float
    """Standard deviation / mean."""
    error: float
    """Standard error of the mean / mean."""

    def at(self, *, mean: float, error: float) -> AmountLaw:
        """Return the law with another mean, which is less sure by some share."""
        return replace(self, mean=mean, error=float(np.hypot(self.error, error)))

    def written(self) -> dict[str, Any]:
        """Return the lognormal law of this mean and variation, its median as unsure as the mean."""
        variance = float(np.log1p(self.variation**2))
        if variance < _NO_VARIANCE:
            return {"fixed": short(self.mean)}
        # of orders too few to tell the mean at all
        error = float(np.sqrt(np.log1p(min(self.error, _LARGEST_ERROR) ** 2)))
        median = lognormal(float(self.mean * np.exp(-variance / 2.0)), error)
        return {"lognormal": {"median": median, "sigma": short(float(np.sqrt(variance)))}}


def amount_law(amounts: FloatArray, *, weights: FloatArray, customers: IntArray) -> AmountLaw:
    """Return the weighted mean and variation of amounts above 0.

    Parameters
    ----------
    amounts, weights : ndarray, shape (orders,)
    customers : ndarray of int, shape (orders,)
        From 0: whose order it is. The error takes customers as what was sampled, not orders.
    """
    total = float(weights.sum())
    mean = float(weights @ amounts) / total
    off = weights * (amounts - mean)
    by_customer = np.bincount(customers, weights=off)
    return AmountLaw(
        mean=mean,
        variation=float(np.sqrt(weights @ (amounts - mean) ** 2 / total)) / mean,
        error=float(np.sqrt(by_customer @ by_customer)) / total / mean,
    )


def moved(days: pd.Series, amounts: FloatArray) -> tuple[float, float]:
    """Return where amounts are going: by which factor the next year's mean differs from all these.

    The logarithm of a month's mean amount is a level that wanders, a season where each month of the
    year was there twice, and noise that is the larger the fewer orders the month has.

    Returns
    -------
    (float, float)
        The factor, and the standard deviation of its logarithm; (1, 0) of fewer than
        `FEWEST_MONTHS` months with orders.
    """
    import pandas as pd

    months = days.dt.to_period("M")
    by_month = pd.Series(amounts, index=months.to_numpy()).groupby(level=0).agg(["mean", "size"])
    if len(by_month) < FEWEST_MONTHS:
        return 1.0, 0.0
    first = by_month.index[0]
    past = np.array([(month - first).n for month in by_month.index])
    time = np.concatenate([past, past[-1] + 1 + np.arange(12)])
    of_year = (first.month - 1 + time) % 12
    seasonal = len(by_month) >= SEASON_MONTHS and len(np.unique(of_year[: len(past)])) == 12
    design = np.eye(12)[of_year] if seasonal else np.ones((len(time), 1))
    noise = len(amounts) / len(past) / by_month["size"].to_numpy(np.float64)
    logs = np.log(by_month["mean"].to_numpy(np.float64))
    mean, sd = mean_ahead(futures(logs, time=time, design=design, noise=noise))
    return float(np.exp(mean) / amounts.mean()), sd


def sure_pipeline(amount: dict[str, Any]) -> dict[str, Any]:
    """Return a pipeline in which every deal is won at once."""
    return {"amount": amount, "stages": [{"name": "order", "conversion": 1}]}
