"""Health of customers as arrays: classes, their shares and factors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from salessim._typing import FloatArray
from salessim.kernels.arrays import Health
from salessim.lowering.effects import Effects
from salessim.lowering.moves import moves_of
from salessim.model.laws import Gamma
from salessim.model.plan import Customers, HealthClass, Model, Source
from salessim.model.uncertain import ByLaw, Uncertain

HEALTH = "customers.health"
"""The input that survey answers are; the classes' factors are inputs of their own."""
PRIOR_ANSWERS = 0.5
"""Of each class, added to the survey's: Jeffreys' prior of shares."""


def classes(model: Model) -> tuple[HealthClass, ...]:
    """Return the health classes; empty when customers are not distinguished."""
    return model.customers.health if model.customers else ()


def answers(model: Model) -> list[Uncertain]:
    """Return a gamma number for each class; their shares of the sum are Dirichlet's."""
    weights = [kind.answers + PRIOR_ANSWERS for kind in classes(model)]
    return [
        Uncertain(
            ByLaw(law=Gamma(mean=weight, shape=weight)),
            scale="log",
            address=f"{HEALTH}.{kind.name}.answers",
        )
        for kind, weight in zip(classes(model), weights, strict=True)
    ]


def input_of(address: str) -> str:
    """Return the input that a number belongs to: the answers of all classes are one."""
    return HEALTH if address.startswith(f"{HEALTH}.") and address.endswith(".answers") else address


def cumulated(weights: FloatArray) -> FloatArray:
    """Return cumulative shares of weights along the last axis; the last one is 1."""
    sums = np.cumsum(weights, axis=-1)
    return np.asarray(sums / sums[..., -1:])


def factor_on(source: Source, kind: HealthClass) -> float:
    """Return the factor of a class on a customer source."""
    return kind.referral if source.buyer_is_new else kind.up_sell


def shares_here(customers: Customers) -> list[tuple[float, float]]:
    """Return the share and the hazard's factor of each class among customers at the start.

    A single class when not distinguished; shares are the expected ones given the survey.
    """
    total = sum(kind.answers + PRIOR_ANSWERS for kind in customers.health)
    known = [((kind.answers + PRIOR_ANSWERS) / total, kind.churn) for kind in customers.health]
    return known or [(1.0, 1.0)]


def mean_rate_here(source: Source, model: Model) -> float:
    """Return the mean factor on a customer source of those who are there at the start."""
    kinds = classes(model)
    total = sum(kind.answers + PRIOR_ANSWERS for kind in kinds)
    parts = [(kind.answers + PRIOR_ANSWERS) * factor_on(source, kind) for kind in kinds]
    return sum(parts) / total if kinds else 1.0


def mean_rate_of_life(source: Source, model: Model) -> float:
    """Return the factor on the deals a new customer starts in its life: classes x rate / hazard."""
    kinds = classes(model)
    born = [(kind.answers + PRIOR_ANSWERS) * kind.churn for kind in kinds]
    parts = [
        weight * factor_on(source, kind) / kind.churn
        for weight, kind in zip(born, kinds, strict=True)
    ]
    return sum(parts) / sum(born) if kinds else 1.0


def lower_health(model: Model, sources: Sequence[Source]) -> Health:
    """Return the classes in the middle world; a single one when not distinguished.

    New customers are of a class in proportion to its share x its hazard: then its share of those
    who are still here, in a base that neither grows nor shrinks, is what the survey says.
    """
    kinds = classes(model)
    if not kinds:
        return Health(shares=np.ones((2, 1)), churn=np.ones(1), rate=np.ones((len(sources), 1)))
    weights = np.array([float(number) for number in answers(model)])
    churn = np.array([kind.churn for kind in kinds], float)
    rate = [[factor_on(source, kind) for kind in kinds] for source in sources]
    return Health(
        shares=np.stack([cumulated(weights), cumulated(weights * churn)]),
        churn=churn,
        rate=np.array(rate, float).reshape(len(sources), len(kinds)),
    )


def move_health(model: Model, sources: Sequence[Source], effects: Effects) -> None:
    """Let the world move the shares of the classes and their factors."""
    kinds = classes(model)
    for k, (kind, number) in enumerate(zip(kinds, answers(model), strict=True)):
        effects.move("answers", k, moves_of([number]))
        effects.move("health_churn", k, moves_of([kind.churn]))
        for j, source in enumerate(sources):
            factor = moves_of([factor_on(source, kind)])
            effects.move("health_rate", j * len(kinds) + k, factor)
        effects.inputs.know((kind.up_sell, kind.referral))
