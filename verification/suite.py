"""The checks in order, and running them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from verification.budget import Budget
from verification.checks import (
    ageing,
    birth_death,
    poisson,
    renewal,
    repeats,
    simulators,
    workload,
    worlds,
)
from verification.findings import MOST_FINDINGS, Finding, Note

Check = Callable[[Budget], Iterator[Finding | Note] | Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "Exact answers": renewal.exact_answers,
    "Loops, phases": renewal.phases,
    "Loops, general laws": renewal.general_laws,
    "Repeats": repeats.repeats,
    "Customer base": birth_death.customers,
    "Poisson wins": poisson.thinned,
    "Over-dispersion": poisson.over_dispersed,
    "Residual laws": ageing.residual_laws,
    "Ageing": ageing.invariances,
    "Shocks": worlds.shocks,
    "Uncertain numbers": worlds.numbers,
    "Health": worlds.health,
    "SimPy": simulators.simpy,
    "Ciw": simulators.ciw,
    "Cycle time": simulators.cycle_time,
    "Amounts": simulators.amounts,
    "Half rates": workload.halves,
    "Scenarios": workload.scenarios,
    "W1": workload.published,
}


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """What one check found."""

    title: str
    about: str
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    seconds: float
    """Of wall time."""
    processor_seconds: float
    """Of all cores together."""

    @property
    def passed(self) -> bool:
        """Whether all its findings passed."""
        return all(finding.passed for finding in self.findings)


def run(title: str, budget: Budget) -> Chapter:
    """Run one check; KeyError when there is none of that title."""
    check = CHECKS[title]
    begun, worked = time.perf_counter(), time.process_time()
    lines = list(check(budget))
    return Chapter(
        title=title,
        about=(check.__doc__ or "").strip(),
        findings=tuple(line for line in lines if isinstance(line, Finding)),
        notes=tuple(line for line in lines if isinstance(line, Note)),
        seconds=time.perf_counter() - begun,
        processor_seconds=time.process_time() - worked,
    )


def chances(chapters: list[Chapter]) -> int:
    """Return how many findings may fail by chance.

    Raises
    ------
    ValueError
        When they are more than the suite's false-alarm rate was divided by.
    """
    count = sum(not finding.planted for chapter in chapters for finding in chapter.findings)
    if count > MOST_FINDINGS:
        raise ValueError(f"{count} findings, and the false-alarm rate is for {MOST_FINDINGS}")
    return count
