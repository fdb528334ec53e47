"""Customers who bring customers: a linear birth-death process, known in full.

Exponential lifetimes, a referral pipeline that takes no time, no leads. With births b and deaths
d per customer and day and E = exp((b - d) t), the descendants of one customer who are active at t
are none with probability alpha = d (E - 1) / (b E - d), else geometric with ratio
beta = (b / d) alpha (Kendall 1948, Annals of Mathematical Statistics 19). The pipeline has loops
that take no time either: births are referrals times its win rate.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.model.law import floats
from salessim.model.laws import Exponential, Fixed
from salessim.model.plan import Back, Customers, Model, Parked, Pipeline, Rate, Slip, Source, Stage
from verification import plans
from verification.budget import Budget
from verification.counts import simulate
from verification.findings import (
    Finding,
    chance_agrees,
    means_agree,
    shares_agree,
    variances_agree,
)

DAYS = floats(30.0 * np.arange(1, 7))
CASES = {"growing": (0.012, 0.006), "dying": (0.004, 0.010), "critical": (0.008, 0.008)}
SLIP, BACK, PARKED, CONVERSION = 0.3, 0.4, 0.2, 0.4


def win_rate() -> float:
    """Win rate of the pipeline below, solved by hand.

    A deal comes from the first stage to the second with p = c / (1 - (1 - c) k), parked ones
    trying again; from the second it is won with w = c + (1 - c) (b p + k) w: slips only delay.
    """
    again = CONVERSION / (1.0 - (1.0 - CONVERSION) * PARKED)
    stays = (1.0 - CONVERSION) * (BACK * again + PARKED)
    second = CONVERSION / (1.0 - stays)
    return again * second


def pipeline() -> Pipeline:
    """Two stages that loop in no time."""
    parked = Parked(share=PARKED, to="first", after=plans.INSTANT, rest=plans.INSTANT)
    first = Stage(
        name="first",
        conversion=CONVERSION,
        cycle_time=plans.INSTANT,
        loss_time=plans.INSTANT,
        parked=parked,
    )
    second = Stage(
        name="second",
        conversion=CONVERSION,
        cycle_time=plans.INSTANT,
        loss_time=plans.INSTANT,
        slip=Slip(probability=SLIP, by=plans.INSTANT),
        back=Back(share=BACK, to="first", after=plans.INSTANT),
        parked=Parked(share=PARKED, to="second", after=plans.INSTANT, rest=plans.INSTANT),
    )
    return Pipeline(name="sale", stages=(first, second), amount=Fixed(value=100.0))


def active(births: float, deaths: float, *, start: int, trajectories: int, seed: int) -> IntArray:
    """Return the number of customers at period ends, shape (trajectory, period)."""
    referral = Source(
        name="referral",
        kind="customer",
        pipeline="sale",
        rate=Rate(per_day=births / win_rate()),
        buyer_is_new=True,
    )
    base = Customers(
        lifetime=Exponential(mean=1.0 / deaths), ids=tuple(f"customer {k}" for k in range(start))
    )
    model = Model(
        title="birth and death",
        currency="USD",
        timeline=plans.days(DAYS.size),
        pipelines=(pipeline(),),
        sources=(referral,),
        customers=base,
    )
    cube = simulate(model, trajectories=trajectories, seed=seed)
    change = cube.new_customers.astype(np.int64) - cube.lost_customers
    return np.asarray(start + change.sum(axis=(2, 3)).cumsum(axis=1))


def alpha_and_beta(births: float, deaths: float, t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return P(extinct) and the ratio of the geometric law, for one customer."""
    if births == deaths:
        alpha = births * t / (1.0 + births * t)
        return alpha, alpha
    grown = np.exp((births - deaths) * t)
    below = births * grown - deaths
    return deaths * (grown - 1.0) / below, births * (grown - 1.0) / below


def _moments(name: str, found: IntArray, births: float, deaths: float) -> Iterator[Finding]:
    alpha, beta = alpha_and_beta(births, deaths, DAYS)
    mean = (1.0 - alpha) / (1.0 - beta)
    variance = mean * (alpha + beta) / (1.0 - beta)
    yield means_agree(f"{name}: mean at each period's end", found, 40 * mean, events=np.inf)
    yield variances_agree(f"{name}: variance at each period's end", found, 40 * variance)


def _law(name: str, found: IntArray, births: float, deaths: float, period: int) -> Finding:
    alpha, beta = alpha_and_beta(births, deaths, DAYS[[period]])
    most = int(found[:, period].max()) + 1
    chances = np.append(alpha, (1.0 - alpha) * (1.0 - beta) * beta ** np.arange(most))
    chances = np.append(chances, 1.0 - chances.sum())
    counts = np.bincount(found[:, period], minlength=chances.size)
    return shares_agree(f"{name}: whole law after {DAYS[period]:.0f} days", counts, chances)


def customers(budget: Budget) -> Iterator[Finding]:
    """Compare mean, variance, extinction and the whole law of the number of customers."""
    for name, (births, deaths) in CASES.items():
        many = budget.of(100_000, quick=10_000)
        crowd = active(births, deaths, start=40, trajectories=many, seed=201)
        yield from _moments(name, crowd, births, deaths)
        lines = active(births, deaths, start=1, trajectories=4 * many, seed=202)
        alpha, _ = alpha_and_beta(births, deaths, DAYS)
        extinct = int((lines[:, -1] == 0).sum())
        what = f"{name}: extinct after {DAYS[-1]:.0f} days"
        yield chance_agrees(what, extinct, len(lines), float(alpha[-1]))
        yield _law(name, lines, births, deaths, 1)
        yield _law(name, lines, births, deaths, 5)
        mean, variance = _moments(name, crowd, 1.05 * births, deaths)
        yield mean.catching("births 5 % too many")
        if name == "growing":
            yield variance.catching("births 5 % too many")
        yield _law(name, lines, births, 1.05 * deaths, 5).catching("deaths 5 % too many")
