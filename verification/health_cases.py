"""Exact moments of customers by health: promoters, passives and detractors.

In each world the shares of the classes are Dirichlet(answers + 1/2): mean a / A, covariances
(diag(mean) - mean mean') / (A + 1). Given the shares customers are independent, each a mixture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import floats
from salessim.model.laws import Exponential, Fixed
from salessim.model.plan import Customers, HealthClass, Model, Segment
from verification.cases import DAYS, Case, leads, only, sale, steady
from verification.moments import Moments, dirichlet, dirichlet_points, over

NAMES = ("promoter", "passive", "detractor")
ANSWERS = (12, 8, 5)
PRIOR = tuple(answers + 0.5 for answers in ANSWERS)
CHURN = floats([0.4, 1.0, 2.5])
RATES = floats([2.0, 1.0, 0.2])
MEAN_DAYS, COUNT, MONTHS = 150.0, 80, 4
END = float(sum(DAYS[:MONTHS]))


def _classes(**factors: FloatArray) -> tuple[HealthClass, ...]:
    of_each = [{key: float(values[k]) for key, values in factors.items()} for k in range(3)]
    return tuple(
        HealthClass(name=name, answers=answers, **each)
        for name, answers, each in zip(NAMES, ANSWERS, of_each, strict=True)
    )


def _mixture(means: FloatArray, squares: FloatArray) -> Moments:
    """Return the moments of a sum over customers of a count with these moments by class."""
    share, covariance = dirichlet(PRIOR)
    # E[E[X | shares]^2] = (E shares . m)^2 + m' Cov m
    spread = float(means @ covariance @ means)
    mean, square = float(share @ means), float(share @ squares)
    return Moments(COUNT * mean, COUNT * (square - mean**2 - spread) + COUNT**2 * spread)


def _known(means: FloatArray, squares: FloatArray) -> Moments:
    """Return the same with shares that are known: the answers' own."""
    share = floats(ANSWERS) / sum(ANSWERS)
    mean, square = float(share @ means), float(share @ squares)
    return Moments(COUNT * mean, COUNT * (square - mean**2))


def churn(times: int = 1) -> Case:
    """Return exponential lifetimes, a mixture of three hazards; the survey answered so often."""
    gone = -np.expm1(-CHURN * END / MEAN_DAYS)
    alike = np.full(3, -np.expm1(-END / MEAN_DAYS))
    classes = _classes(churn=CHURN)
    classes = tuple(replace(each, answers=times * each.answers) for each in classes)
    base = replace(steady(Exponential(mean=MEAN_DAYS), COUNT), health=classes)
    wrong = {
        "no classes": _mixture(alike, alike),
        "factors on lifetimes": _mixture(*[-np.expm1(-END / MEAN_DAYS / CHURN)] * 2),
    }
    sure, unsure = _known(gone, gone), _mixture(gone, gone)
    if times == 1:
        exact, wrong["shares known"] = unsure, sure
    else:
        exact, wrong["shares uncertain"] = sure, unsure
    return Case(
        model=sale(MONTHS, only(), customers=base),
        measure="lost_customers",
        exact=exact,
        wrong=wrong,
    )


def deals(kind: Literal["up_sell", "referral"]) -> Case:
    """Return deals that customers start: referrals bring customers of a kind that brings none."""
    often = 0.8 * MONTHS / 2.0 * RATES
    segments = tuple(Segment(name=name, lifetime=Fixed(value=1e4)) for name in ("old", "new"))
    base = replace(
        steady(Fixed(value=1e4), COUNT),
        segments=segments,
        segment_of=np.zeros(COUNT, np.int64),
        health=_classes(**{kind: RATES, "churn": CHURN}),
    )
    source = leads(0.8, kind="customer", segment="old", buyer_is_new=kind == "referral")
    model = sale(MONTHS, only(), customers=base, sources=(source,))
    line = replace(model.pipelines[0], segment="new")
    alike = np.full(3, 0.8 * MONTHS / 2.0)
    return Case(
        model=replace(model, pipelines=(line,)),
        measure="wins",
        exact=_mixture(often, often + often**2),
        wrong={
            "shares known": _known(often, often + often**2),
            "no classes": _mixture(alike, alike + alike**2),
        },
    )


def newcomers() -> Case:
    """Return new customers: of a class with chances in proportion to its share times its churn.

    Of those that come at a constant rate over a month, and leave at hazard h, how many have left
    is Poisson given the shares; its mean is an integral of 1 - exp(-h t).
    """
    per_month = 40.0
    shares = dirichlet_points(PRIOR)
    hazard = CHURN[:, None] / MEAN_DAYS
    ends = np.cumsum(DAYS[:MONTHS])
    left, stayed = END - np.append(0, ends[:-1]), END - ends
    # integral over each month of 1 - exp(-h (END - t)), by its length
    days = floats(DAYS[:MONTHS])
    there = (np.exp(-hazard * stayed) - np.exp(-hazard * left)) / (hazard * days)
    gone = per_month / 2.0 * (1.0 - there).sum(axis=1)

    def moments(weights: FloatArray) -> Moments:
        lost = gone @ (weights / weights.sum(axis=0))
        return over(shares.weights, lost, lost)

    base = Customers(lifetime=Exponential(mean=MEAN_DAYS), health=_classes(churn=CHURN))
    model: Model = sale(
        MONTHS, only(), customers=base, sources=(leads(per_month, buyer_is_new=True),)
    )
    return Case(
        model=model,
        measure="lost_customers",
        exact=moments(shares.at * CHURN[:, None]),
        wrong={
            "shares of those here": moments(shares.at),
            "share over churn": moments(shares.at / CHURN[:, None]),
        },
    )


CASES = {
    "churn by health": churn,
    "up-sell by health": lambda: deals("up_sell"),
    "referral by health": lambda: deals("referral"),
    "new customers by health": newcomers,
    "health known for sure": lambda: churn(1_000_000),
}
