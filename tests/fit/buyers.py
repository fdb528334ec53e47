"""Customers as Pareto/NBD has them, made by numpy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salessim._typing import FloatArray, IntArray
from salessim.fit.history import Orders
from salessim.fit.purchases import ParetoNBD

LIKE_CDNOW = ParetoNBD(r=0.55, alpha=74.0, s=0.6, beta=82.0)


@dataclass(frozen=True, kw_only=True)
class Buyers:
    """What is seen of customers until their age, and what they order after it."""

    repeats: FloatArray
    last: FloatArray
    age: FloatArray
    alive: np.ndarray
    later: IntArray


def buyers(
    model: ParetoNBD, *, count: int, ages: tuple[float, float], ahead: float, seed: int
) -> Buyers:
    """Return customers whose ages are uniform between two days."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(model.r, 1.0 / model.alpha, count)
    life = rng.exponential(1.0, count) / rng.gamma(model.s, 1.0 / model.beta, count)
    age = rng.uniform(*ages, count).round()
    stayed = np.minimum(life, age)
    repeats = rng.poisson(rate * stayed)
    # the latest of x uniform times
    last = np.where(repeats > 0, stayed * rng.uniform(size=count) ** (1.0 / (repeats + 1e-300)), 0)
    last = np.minimum(np.ceil(last), age)
    later = rng.poisson(rate * np.clip(np.minimum(life - age, ahead), 0.0, None))
    return Buyers(
        repeats=repeats.astype(np.float64), last=last, age=age, alive=life > age, later=later
    )


def orders_of(told: list[tuple[str, str, float]], *, until: str = "2024-07-01") -> Orders:
    """Return orders told as (customer, day, amount)."""
    table = pd.DataFrame(told, columns=["customer", "at", "amount"])
    table["at"] = pd.to_datetime(table["at"], format="ISO8601")
    return Orders(
        table=table, until=pd.Timestamp(until), known_from=pd.Timestamp(table["at"].min())
    )
