"""`python -m verification.customer_recovery`: whether 90 % intervals of parameters hold 90 %.

Parameters are drawn anew for each of 200 data sets; customers and subscriptions are made from them
by numpy, cut as records cut them, and fitted. Pooled coverage should be 85 to 95 %, that of each
parameter 80 to 98 %.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import numpy as np

from salessim._typing import BoolArray, FloatArray
from salessim.fit.lifetime_families import CONTINUOUS, Burr, Lives
from salessim.fit.lifetimes import fit_lifetimes
from salessim.fit.purchases import Purchases, fit_pareto_nbd
from salessim.model.uncertain import NORMAL_P95

CUSTOMERS = 2_000


def repeat_orders(rng: np.random.Generator) -> BoolArray:
    """Return whether the intervals of r, r / alpha, s, s / beta hold; shape (4,)."""
    r, s = np.exp(rng.normal(np.log([0.6, 0.8]), 0.3))
    rate, hazard = np.exp(rng.normal(np.log([1 / 90.0, 1 / 200.0]), 0.4))
    own = rng.gamma(r, rate / r, CUSTOMERS)
    life = rng.exponential(1.0, CUSTOMERS) / rng.gamma(s, hazard / s, CUSTOMERS)
    age = rng.integers(200, 700, CUSTOMERS).astype(np.float64)
    stayed = np.minimum(life, age)
    repeats = rng.poisson(own * stayed).astype(np.float64)
    latest = stayed * rng.uniform(size=CUSTOMERS) ** (1.0 / np.maximum(repeats, 1.0))
    last = np.where(repeats > 0, np.minimum(np.ceil(latest), age), 0.0)
    fit = fit_pareto_nbd(Purchases.of(repeats, last, age)).estimate
    return _holds(fit.parameters, fit.spread, np.array([r, rate, s, hazard]))


def lifetimes(family: Burr) -> Callable[[np.random.Generator], BoolArray]:
    """Return a check of one family: whether the intervals of location and shapes hold."""

    def check(rng: np.random.Generator) -> BoolArray:
        location = float(np.exp(rng.normal(np.log(500.0), 0.3)))
        shapes = np.exp(rng.normal(np.log([1.4, 1.2][: family.shapes]), 0.2))
        shape = shapes[0] if family.has_shape else 1.0
        power = rng.exponential(1.0, CUSTOMERS)
        if family.has_tail:
            power = shapes[-1] * np.expm1(power / shapes[-1])
        age = location * power ** (1.0 / shape)
        seen = rng.uniform(0.0, 1500.0, CUSTOMERS)
        entry = np.maximum(seen - 900.0, 0.0)
        there = age > entry
        lives = Lives(
            entry=entry[there],
            leave=np.minimum(age, seen)[there],
            ended=(age <= seen)[there],
            group=np.zeros(int(there.sum()), np.int64),
        )
        fit = fit_lifetimes(lives, (family,)).estimate
        return _holds(fit.parameters, fit.spread, np.array([location, *shapes]))

    return check


def _holds(found: FloatArray, spread: FloatArray, truth: FloatArray) -> BoolArray:
    inside: BoolArray = np.abs(np.log(found / truth)) <= NORMAL_P95 * spread
    return inside


CHECKS: dict[str, Callable[[np.random.Generator], BoolArray]] = {
    "Pareto/NBD (r, rate, s, hazard)": repeat_orders,
    **{
        f"{family.name} (location, shapes)": lifetimes(family)
        for family in CONTINUOUS
        if isinstance(family, Burr)
    },
}


@click.command()
@click.option("--sets", default=200, show_default=True, help="Data sets of each kind.")
def main(sets: int) -> None:
    """Print the coverage of each parameter; exit code 1 when it is not what it should be."""
    every = []
    for place, (name, check) in enumerate(CHECKS.items()):
        held = [check(np.random.default_rng([place, number])) for number in range(sets)]
        shares = np.mean(held, axis=0)
        every.append(shares)
        click.echo(f"{name}: {', '.join(f'{share:.1%}' for share in shares)}")
    whole = np.concatenate(every)
    click.echo(f"pooled: {whole.mean():.1%}")
    fine = 0.85 <= whole.mean() <= 0.95 and bool(((whole >= 0.80) & (whole <= 0.98)).all())
    sys.exit(not fine)


if __name__ == "__main__":
    main()
