"""What orders of customers are worth, and pipelines of orders that need no selling."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.fit.notation import lognormal, short

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

    def at(self, *, mean: float, moved: float) -> AmountLaw:
        """Return the law with another mean, which may have moved by some share."""
        return replace(self, mean=mean, error=float(np.hypot(self.error, moved)))

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


def drift(days: FloatArray, amounts: FloatArray) -> float:
    """Return how fast the mean amount may move: by which share of it in a day.

    Slope of amounts on days, with its standard error (White 1980, Econometrica 48:817): a trend
    that was seen does not go on in a plan, but makes the amounts to come less sure.
    """
    off = days - days.mean()
    spread = float(off @ off)
    if spread <= 0.0:
        return 0.0
    slope = float(off @ amounts) / spread
    rest = off * (amounts - amounts.mean() - slope * off)
    error = float(np.sqrt(rest @ rest)) / spread
    return float(np.hypot(slope, error) / amounts.mean())


def sure_pipeline(amount: dict[str, Any]) -> dict[str, Any]:
    """Return a pipeline in which every deal is won at once."""
    return {"amount": amount, "stages": [{"name": "order", "conversion": 1}]}
