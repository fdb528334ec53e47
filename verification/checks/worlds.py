"""What all deals of a trajectory share: mean and variance of totals against exact ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from salessim._typing import FloatArray
from salessim.model.law import floats
from verification import health_cases, number_cases, shock_cases
from verification.budget import Budget
from verification.cases import Case
from verification.counts import simulate
from verification.findings import Finding, moments_agree


def totals(case: Case, *, trajectories: int, seed: int) -> FloatArray:
    """Return what each trajectory of a case counts in all its periods, shape (trajectory,)."""
    counts = getattr(simulate(case.model, trajectories=trajectories, seed=seed), case.measure)
    hundredths = 100.0 if case.measure == "bookings" else 1.0
    return floats(counts.sum(axis=(1, 2, 3)) / hundredths)


def _check(cases: Mapping[str, Callable[[], Case]], seed: int, budget: Budget) -> Iterator[Finding]:
    for number, (name, make) in enumerate(cases.items(), seed):
        case = make()
        samples = totals(case, trajectories=budget.of(200_000, quick=20_000), seed=number)
        yield moments_agree(name, samples, **case.exact._asdict())
        for planted, wrong in case.wrong.items():
            yield moments_agree(name, samples, **wrong._asdict()).catching(planted)


def shocks(budget: Budget) -> Iterator[Finding]:
    """Compare totals under shocks, on each of their effects, with integrals over the levels."""
    yield from _check(shock_cases.CASES, 801, budget)


def numbers(budget: Budget) -> Iterator[Finding]:
    """Compare totals of plans with an uncertain number of each kind with mixtures over it."""
    yield from _check(number_cases.CASES, 821, budget)


def health(budget: Budget) -> Iterator[Finding]:
    """Compare customers by health with mixtures of three kinds, their shares Dirichlet."""
    yield from _check(health_cases.CASES, 841, budget)
