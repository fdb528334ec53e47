"""Exact moments of small plans with uncertain numbers, one of each kind.

Given the numbers, counts are Poisson or binomial; over the numbers they are Poisson-lognormal,
beta-binomial and the like.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import special

from salessim._typing import FloatArray
from salessim.model.law import Law, floats
from salessim.model.laws import Exponential, Fixed, Gamma, Lognormal, Triangular, Weibull
from salessim.model.plan import Correlation, Parked, Slip
from salessim.model.uncertain import Beta, ByLaw, Uncertain
from verification import plans
from verification.cases import (
    DAYS,
    Case,
    binomial,
    leads,
    lognormal_moments,
    number,
    only,
    sale,
    steady,
)
from verification.moments import (
    Moments,
    Points,
    beta_points,
    between,
    between_odds,
    gauss,
    lognormal_mean,
    lognormal_sum,
    over,
    spread,
    triangular_points,
)

MONTHS, OFTEN, MANY = 3, 40.0, 60
END = float(sum(DAYS[:MONTHS]))
AMOUNT = Lognormal(median=1_000.0, sigma=0.6)
MEAN, SQUARE = map(float, lognormal_moments(1_000.0, 0.6))
STAGE = "pipelines.sale.stages.only"
MIDDLE = "the middle value in all worlds"
ONE = gauss(np.eye(1), nodes=40)
SCORES = ONE.at[0]


def rate() -> Case:
    """Return leads a month: a Poisson-lognormal number of wins."""
    low, high = 30.0, 60.0
    unknown = number("sources.leads.rate", low, high)

    def moments(log_sd: float, mean: float) -> Moments:
        won = MONTHS * mean / 2.0
        return lognormal_sum(floats([won]), floats([[log_sd**2]]), won)

    middle, sd, mean = float(np.sqrt(low * high)), spread(low, high), lognormal_mean(low, high)
    return Case(
        model=sale(MONTHS, only(), sources=(leads(unknown),), uncertain=(unknown,)),
        measure="wins",
        exact=moments(sd, mean),
        wrong={
            MIDDLE: moments(0.0, middle),
            "a middle value that is the mean": moments(sd, middle),
            "a rate for each month": Moments(
                3.0 * mean / 2.0, 3.0 * moments(sd, mean / 3.0).variance
            ),
        },
    )


def growth() -> Case:
    """Return growth from month to month: powers of a lognormal factor."""
    months, low, high = 6, 0.9, 1.2
    unknown = number("sources.leads.growth", low, high, "growth")

    def moments(factor: FloatArray) -> Moments:
        won = OFTEN / 2.0 * (factor[:, None] ** np.arange(months)).sum(axis=1)
        return over(ONE.weights, won, won)

    factor = between(low, high, SCORES)
    return Case(
        model=sale(
            months, only(), sources=(leads(OFTEN, growth_per_month=unknown),), uncertain=(unknown,)
        ),
        measure="wins",
        exact=moments(factor),
        wrong={MIDDLE: moments(between(low, high, 0.0 * SCORES))},
    )


def over_dispersion() -> Case:
    """Return the variance of the months' own factors: m + E[v] m^2 a month."""
    low, high = 0.05, 0.4
    unknown = number("sources.leads.over_dispersion", low, high)
    won = OFTEN / 2.0

    def moments(variance: float) -> Moments:
        return Moments(MONTHS * won, MONTHS * (won + variance * won**2))

    return Case(
        model=sale(
            MONTHS, only(), sources=(leads(OFTEN, over_dispersion=unknown),), uncertain=(unknown,)
        ),
        measure="wins",
        exact=moments(lognormal_mean(low, high)),
        wrong={MIDDLE: moments(float(np.sqrt(low * high)))},
    )


def conversion() -> Case:
    """Return a conversion known from 4 wins and 7 others: a beta-binomial number of wins."""
    a, b = 5.0, 8.0
    unknown = Uncertain(Beta(a=a, b=b), scale="odds", address=f"{STAGE}.conversion")
    points = beta_points(a, b)
    deals = plans.deals(("sale.only", MANY, 0.0))
    return Case(
        model=sale(MONTHS, only(conversion=unknown), open_deals=deals, uncertain=(unknown,)),
        measure="wins",
        exact=binomial(points.weights, MANY, points.at[0]),
        wrong={
            MIDDLE: binomial(np.ones(1), MANY, special.betaincinv(a, b, floats([0.5]))),
            "a conversion for each deal": binomial(np.ones(1), MANY, floats([a / (a + b)])),
        },
    )


def two_numbers() -> Case:
    """Return a conversion and a rate that go together by a Gaussian copula."""
    together = 0.6
    chance = number(f"{STAGE}.conversion", 0.3, 0.6, "odds")
    often = number("sources.leads.rate", 25.0, 60.0)

    def moments(correlation: float) -> Moments:
        points = gauss(floats([[1.0, correlation], [correlation, 1.0]]))
        rate = between(25.0, 60.0, points.at[1])
        won = MONTHS * between_odds(0.3, 0.6, points.at[0]) * rate
        return over(points.weights, won * MEAN, won * SQUARE)

    model = sale(
        MONTHS,
        only(conversion=chance),
        amount=AMOUNT,
        sources=(leads(often),),
        uncertain=(chance, often),
        correlations=(Correlation(first=often.address, second=chance.address, value=together),),
    )
    return Case(
        model=model,
        measure="bookings",
        exact=moments(together),
        wrong={"independent": moments(0.0), "the other sign": moments(-together)},
    )


def slip() -> Case:
    """Return the probability of a slip beyond the end: what is left is won at once."""
    unknown = number(f"{STAGE}.slip.probability", 0.2, 0.6, "odds")
    stage = only(
        conversion=1.0,
        slip=Slip(probability=unknown, by=Fixed(value=1_000.0)),
    )
    deals = plans.deals(("sale.only", MANY, 0.0))

    def moments(scores: FloatArray) -> Moments:
        return binomial(ONE.weights, MANY, 1.0 - between_odds(0.2, 0.6, scores))

    return Case(
        model=sale(MONTHS, stage, open_deals=deals, uncertain=(unknown,)),
        measure="wins",
        exact=moments(SCORES),
        wrong={MIDDLE: moments(0.0 * SCORES)},
    )


def share() -> Case:
    """Return the share of parked deals, which try again: won with c / (1 - (1 - c) s)."""
    chance = 0.3
    unknown = number(f"{STAGE}.parked.share", 0.3, 0.9, "odds")
    stage = only(
        conversion=chance,
        parked=Parked(share=unknown, to="only", after=plans.INSTANT, rest=plans.INSTANT),
    )

    def moments(scores: FloatArray) -> Moments:
        share = between_odds(0.3, 0.9, scores)
        won = MONTHS * OFTEN * chance / (1.0 - (1.0 - chance) * share)
        return over(ONE.weights, won, won)

    return Case(
        model=sale(MONTHS, stage, sources=(leads(OFTEN),), uncertain=(unknown,)),
        measure="wins",
        exact=moments(SCORES),
        wrong={MIDDLE: moments(0.0 * SCORES)},
    )


def cycle_time(
    key: str,
    law: Callable[[Uncertain], Law],
    passed: Callable[[FloatArray], FloatArray],
    low: float,
    high: float,
) -> Case:
    """Return one parameter of the time to the win of open deals.

    ``law`` is the law with the parameter, ``passed`` P(won in time) for values of it.
    """
    unknown = number(f"{STAGE}.cycle_time.{key}", low, high)
    deals = plans.deals(("sale.only", MANY, 0.0))

    def moments(scores: FloatArray) -> Moments:
        return binomial(ONE.weights, MANY, passed(between(low, high, scores)))

    time = law(unknown)
    return Case(
        model=sale(
            MONTHS, only(conversion=1.0, cycle_time=time), open_deals=deals, uncertain=(unknown,)
        ),
        measure="wins",
        exact=moments(SCORES),
        wrong={MIDDLE: moments(0.0 * SCORES), "half as uncertain": moments(SCORES / 2.0)},
    )


def median_of_aged_deals() -> Case:
    """Return open deals of an age: the law is another one, given that they are still there."""
    sigma, low, high, age = 0.7, 50.0, 120.0, 40.0
    unknown = number(f"{STAGE}.cycle_time.lognormal.median", low, high)
    median = between(low, high, SCORES)

    def chance(median: FloatArray) -> FloatArray:
        there, left = (special.ndtr(np.log(median / t) / sigma) for t in (age, age + END))
        return floats(1.0 - left / there)

    fresh = floats(special.ndtr(np.log(END / median) / sigma))
    deals = plans.deals(("sale.only", MANY, age))
    time = Lognormal(median=unknown, sigma=sigma)
    return Case(
        model=sale(
            MONTHS, only(conversion=1.0, cycle_time=time), open_deals=deals, uncertain=(unknown,)
        ),
        measure="wins",
        exact=binomial(ONE.weights, MANY, chance(median)),
        wrong={
            MIDDLE: binomial(ONE.weights, MANY, chance(between(low, high, 0.0 * SCORES))),
            "as if fresh": binomial(ONE.weights, MANY, fresh),
            # the time left at the middle value, in proportion
            "aged at the middle value": binomial(
                ONE.weights, MANY, _left_at_middle(sigma, median / np.sqrt(low * high), age)
            ),
        },
    )


def _left_at_middle(sigma: float, factor: FloatArray, age: float) -> FloatArray:
    middle = np.sqrt(50.0 * 120.0)
    there = special.ndtr(np.log(middle / age) / sigma)
    left = special.ndtr(np.log(middle / (age + END / factor)) / sigma)
    return floats(1.0 - left / there)


def lifetime() -> Case:
    """Return the mean of exponential lifetimes: gone by the end with 1 - exp(-t / m)."""
    low, high = 60.0, 250.0
    unknown = number("customers.lifetime.exponential.mean", low, high)

    def moments(scores: FloatArray) -> Moments:
        return binomial(ONE.weights, MANY, -np.expm1(-END / between(low, high, scores)))

    base = steady(Exponential(mean=unknown), MANY)
    return Case(
        model=sale(MONTHS, only(), customers=base, uncertain=(unknown,)),
        measure="lost_customers",
        exact=moments(SCORES),
        wrong={MIDDLE: moments(0.0 * SCORES), "half as uncertain": moments(SCORES / 2.0)},
    )


def median_of_amounts() -> Case:
    """Return the median of lognormal amounts: a factor on all of them."""
    low, high = 700.0, 1_600.0
    unknown = number("pipelines.sale.amount.lognormal.median", low, high)
    wins = MONTHS * OFTEN / 2.0
    first, second = lognormal_moments(1.0, 0.6)

    def moments(log_sd: float, mean: float, square: float) -> Moments:
        means = wins * mean * floats([first])
        return lognormal_sum(means, floats([[log_sd**2]]), wins * square * float(second))

    mean, square = (lognormal_mean(low, high, power) for power in (1.0, 2.0))
    amount = Lognormal(median=unknown, sigma=0.6)
    return Case(
        model=sale(MONTHS, only(), amount=amount, sources=(leads(OFTEN),), uncertain=(unknown,)),
        measure="bookings",
        exact=moments(spread(low, high), mean, square),
        wrong={
            MIDDLE: moments(0.0, np.sqrt(low * high), low * high),
            "a median for each deal": moments(0.0, mean, square),
        },
    )


def sigma_of_amounts() -> Case:
    """Return the spread of amounts, which moves their mean too: m exp(s^2 / 2).

    Triangular: were it lognormal, its rare values would give amounts without a mean.
    """
    law = Triangular(low=0.3, mode=0.5, high=1.0)
    address = "pipelines.sale.amount.lognormal.sigma"
    unknown = Uncertain(ByLaw(law=law), scale="log", address=address)
    wins = MONTHS * OFTEN / 2.0

    def moments(points: Points) -> Moments:
        mean, square = lognormal_moments(1_000.0, points.at[0])
        return over(points.weights, wins * mean, wins * square)

    middle = 1.0 - np.sqrt(0.5 * 0.7 * 0.5)
    amount = Lognormal(median=1_000.0, sigma=unknown)
    return Case(
        model=sale(MONTHS, only(), amount=amount, sources=(leads(OFTEN),), uncertain=(unknown,)),
        measure="bookings",
        exact=moments(triangular_points(0.3, 0.5, 1.0)),
        wrong={MIDDLE: moments(Points(floats([[middle]]), np.ones(1)))},
    )


CASES: dict[str, Callable[[], Case]] = {
    "rate": rate,
    "growth": growth,
    "over-dispersion": over_dispersion,
    "conversion": conversion,
    "conversion and rate": two_numbers,
    "slip": slip,
    "share": share,
    "median of a cycle time": partial(
        cycle_time,
        "lognormal.median",
        lambda median: Lognormal(median=median, sigma=0.7),
        lambda median: floats(special.ndtr(np.log(END / median) / 0.7)),
        50.0,
        120.0,
    ),
    "spread of a cycle time": partial(
        cycle_time,
        "lognormal.sigma",
        lambda sigma: Lognormal(median=35.0, sigma=sigma),
        lambda sigma: floats(special.ndtr(np.log(END / 35.0) / sigma)),
        0.5,
        2.0,
    ),
    "shape of a Weibull cycle time": partial(
        cycle_time,
        "weibull.shape",
        lambda shape: Weibull(scale=60.0, shape=shape),
        lambda shape: floats(-np.expm1(-((END / 60.0) ** shape))),
        0.5,
        3.0,
    ),
    "shape of a gamma cycle time": partial(
        cycle_time,
        "gamma.shape",
        lambda shape: Gamma(mean=200.0, shape=shape),
        lambda shape: floats(special.gammainc(shape, shape * END / 200.0)),
        0.4,
        3.0,
    ),
    "median of aged deals": median_of_aged_deals,
    "lifetime": lifetime,
    "median of amounts": median_of_amounts,
    "spread of amounts": sigma_of_amounts,
}
