"""Targets of a plan against a forecast: how likely each is met, and what is missing where not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from salessim.forecast.judge import wilson

if TYPE_CHECKING:
    from salessim.forecast.forecast import Forecast
    from salessim.model.plan import Target


@dataclass(frozen=True, kw_only=True)
class TargetOutcome:
    """What the trajectories say of one target.

    Attributes
    ----------
    name : str
        As the plan calls it, for example ``2027Q2``.
    first, last : date
        First and last day that count.
    amount : float
        Bookings to be reached, in currency units.
    probability : float
        Share of the trajectories that book at least so much.
    interval : (float, float)
        Wilson's 95 % interval of `probability`: the Monte Carlo error only.
    without_external_leads : float
        The same share of the bookings that need no new external lead.
    p50 : float
        Median of the bookings.
    shortfall : float
        Mean of what is missing, a trajectory that meets the target missing nothing.
    shortfall_se : float or None
        Monte Carlo standard error of `shortfall`; None of a single trajectory.
    shortfall_if_missed : float or None
        Mean of what is missing where it is missed; None when it never is.
    """

    name: str
    first: date
    last: date
    amount: float
    probability: float
    interval: tuple[float, float]
    without_external_leads: float
    p50: float
    shortfall: float
    shortfall_se: float | None
    shortfall_if_missed: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            **vars(self),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "interval": list(self.interval),
        }


def target_outcome(target: Target, forecast: Forecast) -> TargetOutcome:
    """Hold the bookings of every trajectory against a target.

    Raises
    ------
    ValueError
        The target does not begin and end with reporting periods of the forecast.
    """
    import numpy as np

    line = forecast.labels.timeline
    edges = line.edges[: line.periods + 1]
    if not {target.start, target.end} <= set(edges):
        raise ValueError(
            f"target {target.name}: day {target.start} or {target.end} is within a period"
        )
    periods = slice(edges.index(target.start), edges.index(target.end))
    divisor = forecast.bookings.divisor
    booked = forecast.bookings.whole[:, periods].sum(axis=1) / divisor
    base = forecast.without_external_leads().bookings.whole[:, periods].sum(axis=1) / divisor
    missing = np.maximum(target.amount - booked, 0.0)
    missed = missing > 0.0
    count = len(booked)
    probability = float((~missed).mean())
    return TargetOutcome(
        name=target.name,
        first=line.start + timedelta(days=target.start),
        last=line.start + timedelta(days=target.end - 1),
        amount=target.amount,
        probability=probability,
        interval=wilson(probability, count),
        without_external_leads=float((base >= target.amount).mean()),
        p50=float(np.median(booked)),
        shortfall=float(missing.mean()),
        shortfall_se=float(missing.std(ddof=1)) / math.sqrt(count) if count > 1 else None,
        shortfall_if_missed=float(missing[missed].mean()) if missed.any() else None,
    )
