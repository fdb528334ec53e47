"""Plans small enough to have exact moments in a world: what is built of them, and of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import Law, floats
from salessim.model.laws import Fixed
from salessim.model.plan import (
    Customers,
    Model,
    Pipeline,
    Rate,
    Source,
    Stage,
)
from salessim.model.uncertain import Between, Scale, Uncertain
from verification import plans
from verification.moments import Moments, over

Measure = Literal["wins", "bookings", "lost_customers", "slipped"]

DAYS = (31, 28, 31, 30, 31, 30)
"""Of the calendar months from the start of all these plans."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A plan, what is summed over all its periods, and the exact moments of that sum.

    Attributes
    ----------
    measure : {"wins", "bookings", "lost_customers", "slipped"}
        A field of the run's counts; bookings in currency units.
    exact : Moments
    wrong : mapping of str to Moments
        What they would be with an error that a test must catch.
    """

    model: Model
    measure: Measure
    exact: Moments
    wrong: Mapping[str, Moments] = field(default_factory=dict)


def number(address: str, p05: float, p95: float, scale: Scale = "log") -> Uncertain:
    """Return an uncertain number known by its 90 % interval."""
    return Uncertain(Between(p05=p05, p95=p95, scale=scale), scale=scale, address=address)


def leads(
    per_month: float,
    *,
    kind: Literal["external", "customer"] = "external",
    buyer_is_new: bool = False,
    segment: str | None = None,
    growth_per_month: float = 0.0,
    over_dispersion: float = 0.0,
) -> Source:
    """Return the source of leads."""
    return Source(
        name="leads",
        kind=kind,
        pipeline="sale",
        rate=Rate(per_month=per_month),
        buyer_is_new=buyer_is_new,
        segment=segment,
        growth_per_month=growth_per_month,
        over_dispersion=over_dispersion,
    )


def steady(lifetime: Law, count: int = 50) -> Customers:
    """Return customers who are all new at the start."""
    ids = tuple(f"customer {k}" for k in range(count))
    return Customers(lifetime=lifetime, ids=ids, tenure_days=np.zeros(count))


def only(*, conversion: float = 0.5, cycle_time: Law = plans.INSTANT, **ways: Any) -> Stage:
    """Return the only stage of a pipeline, with further ways to leave it."""
    return Stage(
        name="only", conversion=conversion, cycle_time=cycle_time, loss_time=plans.INSTANT, **ways
    )


def sale(months: int, stage: Stage, *, amount: Law | None = None, **rest: Any) -> Model:
    """Return a plan of one pipeline with one stage over calendar months; fields of the model."""
    line = Pipeline(name="sale", stages=(stage,), amount=amount or Fixed(value=100.0))
    return Model(
        title="one thing",
        currency="USD",
        timeline=plans.months(months),
        pipelines=(line,),
        **rest,
    )


def lognormal_moments(median: float, sigma: FloatArray | float) -> tuple[FloatArray, FloatArray]:
    """Return E[A] and E[A^2] of a lognormal amount."""
    sigma = floats(sigma)
    return floats(median * np.exp(sigma**2 / 2.0)), floats(median**2 * np.exp(2.0 * sigma**2))


def binomial(weights: FloatArray, count: int, chance: FloatArray) -> Moments:
    """Return the moments of a number of successes, its probability given in each world."""
    return over(weights, count * chance, count * chance * (1.0 - chance))
