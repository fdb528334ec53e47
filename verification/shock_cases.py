"""Exact moments of small plans under shocks: one effect each, and two shocks together.

The levels of calendar months are jointly normal with correlations persistence^|i - j|. Counts
given the levels are Poisson or binomial, their means integrals of the factors exp(s z - s^2 / 2).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import floats
from salessim.model.laws import Exponential, Fixed, Lognormal
from salessim.model.plan import Correlation, Shock
from verification import plans
from verification.cases import DAYS, Case, binomial, leads, lognormal_moments, only, sale, steady
from verification.moments import (
    Moments,
    autocorrelation,
    cross_correlation,
    factors,
    gauss,
    lognormal_sum,
    over,
)

PERSISTENCE = 0.7
EFFECT = 0.3
AMOUNT = Lognormal(median=1_000.0, sigma=0.6)
MEAN, SQUARE = map(float, lognormal_moments(1_000.0, 0.6))
OFTEN = 40.0
"""Leads a month, of which half are won."""


def _shock(name: str = "economy", *, persistence: float = PERSISTENCE, **effects: float) -> Shock:
    names = {
        "leads": "leads",
        "conversion": "sale",
        "pace": "sale",
        "amount": "sale",
        "churn": "",
    }
    acts = {what: ((names[what], effect),) for what, effect in effects.items()}
    return Shock(name=name, persistence=persistence, **acts)


def lead_volume() -> Case:
    """Return leads: Var = n E[A^2] + E[A]^2 x sum of n_i n_j (exp(s^2 r^|i - j|) - 1)."""
    months = 6

    def moments(persistence: float, effect: float) -> Moments:
        means = np.full(months, OFTEN / 2.0 * MEAN)
        logs = effect**2 * autocorrelation(persistence, months)
        return lognormal_sum(means, logs, months * OFTEN / 2.0 * SQUARE)

    return Case(
        model=sale(
            months, only(), amount=AMOUNT, sources=(leads(OFTEN),), shocks=(_shock(leads=EFFECT),)
        ),
        measure="bookings",
        exact=moments(PERSISTENCE, EFFECT),
        wrong={
            "no world": moments(PERSISTENCE, 0.0),
            "months independent": moments(0.0, EFFECT),
            "one level for all months": moments(1.0, EFFECT),
            "factors of mean exp(s^2 / 2)": _swollen(moments(PERSISTENCE, EFFECT), EFFECT),
        },
    )


def _swollen(moments: Moments, effect: float) -> Moments:
    return moments._replace(mean=moments.mean * float(np.exp(effect**2 / 2.0)))


def customer_deals() -> Case:
    """Return deals that customers start, their rates under the same shock."""
    months, count, per_month = 6, 50, 0.8
    base = steady(Fixed(value=10_000.0), count)

    def moments(persistence: float, effect: float) -> Moments:
        means = np.full(months, count * per_month / 2.0 * MEAN)
        logs = effect**2 * autocorrelation(persistence, months)
        return lognormal_sum(means, logs, means.sum() / MEAN * SQUARE)

    model = sale(
        months,
        only(),
        amount=AMOUNT,
        sources=(leads(per_month, kind="customer"),),
        customers=base,
        shocks=(_shock(leads=EFFECT),),
    )
    wrong = {"no world": moments(0.0, 0.0), "months independent": moments(0.0, EFFECT)}
    return Case(model=model, measure="bookings", exact=moments(PERSISTENCE, EFFECT), wrong=wrong)


def amounts() -> Case:
    """Return amounts: given the month's factor g each is g A, with mean square g^2 E[A^2]."""
    months = 6

    def moments(persistence: float, effect: float) -> Moments:
        means = np.full(months, OFTEN / 2.0 * MEAN)
        logs = effect**2 * autocorrelation(persistence, months)
        return lognormal_sum(means, logs, months * OFTEN / 2.0 * SQUARE * np.exp(effect**2))

    return Case(
        model=sale(
            months, only(), amount=AMOUNT, sources=(leads(OFTEN),), shocks=(_shock(amount=EFFECT),)
        ),
        measure="bookings",
        exact=moments(PERSISTENCE, EFFECT),
        wrong={
            "no world": moments(PERSISTENCE, 0.0),
            "months independent": moments(0.0, EFFECT),
            "factors of mean exp(s^2 / 2)": _swollen(moments(PERSISTENCE, EFFECT), EFFECT),
        },
    )


def conversions() -> Case:
    """Return conversions: odds times the factor, so the mean conversion is below the stated one."""
    months, stated, effect = 3, 0.4, 0.8
    world = gauss(autocorrelation(PERSISTENCE, months))

    def moments(advance: FloatArray) -> Moments:
        won = OFTEN * advance.sum(axis=0)
        return over(world.weights, won * MEAN, won * SQUARE)

    factor = factors(effect, world.at)
    odds = stated / (1.0 - stated) * factor
    model = sale(
        months,
        only(conversion=stated),
        amount=AMOUNT,
        sources=(leads(OFTEN),),
        shocks=(_shock(conversion=effect),),
    )
    return Case(
        model=model,
        measure="bookings",
        exact=moments(odds / (1.0 + odds)),
        wrong={
            "no world": moments(np.full_like(odds, stated)),
            "factor on the probability": moments(np.minimum(stated * factor, 1.0)),
            "odds of mean exp(s^2 / 2)": moments(
                odds * np.exp(effect**2 / 2.0) / (1.0 + odds * np.exp(effect**2 / 2.0))
            ),
        },
    )


def _gone(levels: FloatArray, effect: float, mean: float) -> FloatArray:
    """P(an exponential time has passed at the end), by operational time; shape (point,)."""
    days = np.array(DAYS[: len(levels)]) @ factors(effect, levels)
    return floats(-np.expm1(-days / mean))


def churn() -> Case:
    """Return customers who leave at a hazard that the world moves."""
    months, count, mean, effect = 4, 80, 150.0, 0.5
    world = gauss(autocorrelation(PERSISTENCE, months), nodes=16)
    apart = gauss(np.eye(months), nodes=16)
    lasting = Exponential(mean=mean)
    return Case(
        model=sale(
            months, only(), customers=steady(lasting, count), shocks=(_shock(churn=effect),)
        ),
        measure="lost_customers",
        exact=binomial(world.weights, count, _gone(world.at, effect, mean)),
        wrong={
            "no world": binomial(world.weights, count, _gone(0.0 * world.at, 0.0, mean)),
            "months independent": binomial(apart.weights, count, _gone(apart.at, effect, mean)),
            "a world for each customer": _each_in_its_own(
                world.weights, count, _gone(world.at, effect, mean)
            ),
        },
    )


def _each_in_its_own(weights: FloatArray, count: int, chance: FloatArray) -> Moments:
    mean = float(weights @ chance)
    return Moments(count * mean, count * mean * (1.0 - mean))


def pace_of_open_deals() -> Case:
    """Return open deals whose exponential cycle times pass at the speed of the world."""
    months, count, mean, effect = 4, 80, 90.0, 0.5
    world = gauss(autocorrelation(PERSISTENCE, months), nodes=16)
    chance = _gone(world.at, effect, mean)
    deals = plans.deals(("sale.only", count, 0.0))
    model = sale(
        months,
        only(conversion=1.0, cycle_time=Exponential(mean=mean)),
        open_deals=deals,
        shocks=(_shock(pace=effect),),
    )
    return Case(
        model=model,
        measure="wins",
        exact=binomial(world.weights, count, chance),
        wrong={
            "no world": binomial(world.weights, count, _gone(0.0 * world.at, 0.0, mean)),
            "a world for each deal": _each_in_its_own(world.weights, count, chance),
        },
    )


def pace_of_leads() -> Case:
    """Return leads that are won as Poisson counts, given the speed of time.

    Of those that come in a month of speed v, the share exp(-(C - c) / m) is still there at the
    end, c and C the operational time of the lead and of the end: an exponential integral.
    """
    months, mean, effect = 4, 60.0, 0.5
    world = gauss(autocorrelation(PERSISTENCE, months), nodes=16)
    days = np.array(DAYS[:months], float)

    def moments(speed: FloatArray) -> Moments:
        passed = np.cumsum(days[::-1, None] * speed[::-1], axis=0)[::-1] / mean
        after = np.vstack([passed[1:], np.zeros((1, passed.shape[1]))])
        there = (np.exp(-after) - np.exp(-passed)) * mean / speed
        won = (OFTEN / days) @ (days[:, None] - there)
        return over(world.weights, won, won)

    model = sale(
        months,
        only(conversion=1.0, cycle_time=Exponential(mean=mean)),
        sources=(leads(OFTEN),),
        shocks=(_shock(pace=effect),),
    )
    speed = factors(effect, world.at)
    return Case(
        model=model,
        measure="wins",
        exact=moments(speed),
        wrong={
            "no world": moments(np.ones_like(speed)),
            "speeds of mean exp(s^2 / 2)": moments(speed * np.exp(effect**2 / 2.0)),
        },
    )


def two_shocks() -> Case:
    """Return leads by one shock, amounts by another, correlated, of different persistence."""
    months, together, other = 6, 0.5, 0.4

    def moments(together: float, *, same_month_only: bool = False) -> Moments:
        cross = cross_correlation(PERSISTENCE, other, together, months)
        if same_month_only:
            cross = cross * np.eye(months)
        own = autocorrelation(PERSISTENCE, months) + autocorrelation(other, months)
        logs = EFFECT**2 * (own + cross + cross.T)
        means = np.full(months, OFTEN / 2.0 * MEAN) * np.exp(EFFECT**2 * together)
        within = means * SQUARE / MEAN * np.exp(EFFECT**2 * (1.0 + together))
        return lognormal_sum(means, logs, float(within.sum()))

    shocks = (_shock(leads=EFFECT), _shock("prices", persistence=other, amount=EFFECT))
    between = (Correlation(first="shocks.economy", second="shocks.prices", value=together),)
    model = sale(months, only(), amount=AMOUNT, sources=(leads(OFTEN),), shocks=shocks)
    return Case(
        model=replace(model, correlations=between),
        measure="bookings",
        exact=moments(together),
        wrong={
            "uncorrelated": moments(0.0),
            "correlated in the same month only": moments(together, same_month_only=True),
            "the other sign": moments(-together),
        },
    )


CASES = {
    "lead volume": lead_volume,
    "deals of customers": customer_deals,
    "amounts": amounts,
    "conversions": conversions,
    "churn": churn,
    "pace of open deals": pace_of_open_deals,
    "pace of leads": pace_of_leads,
    "two correlated shocks": two_shocks,
}
