"""Means of plans with loops, curves and segments against two exact answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from salessim.lowering.renewal import expected
from salessim.model.plan import Model, Stage
from verification import chain, plans, slips, volterra
from verification.budget import Budget
from verification.counts import counted, simulate
from verification.findings import Finding, means_agree, numbers_agree
from verification.network import OUTCOMES, Answer

SLIPPED = OUTCOMES.index("slipped")
SAME = 1e-6
"""What the two exact answers may differ by: a hundredth of the smallest standard error."""
OWN = 1e-7
"""The same for salessim's own, which promises seven digits."""


def exact_answers(_: Budget) -> Iterator[Finding]:
    """Compare exact answers with each other: time steps, matrix exponentials, salessim's own."""
    model = plans.phased()
    by_chain = chain.means(model)
    by_steps, _change = volterra.means(model, steps_per_day=2)
    for name, x, y in zip(Answer._fields, by_steps, by_chain, strict=True):
        yield numbers_agree(f"{_said(name)}: Volterra steps and expm", x, y, allowed=SAME)
    own = expected(model)
    fields = {"entered": by_chain.entered, "slipped": by_chain.left[..., SLIPPED]}
    fields |= {name: getattr(by_chain, name) for name in ("wins", "bookings", "new_customers")}
    pairs = [(getattr(own, name) / x.max(), x / x.max()) for name, x in fields.items()]
    ours, theirs = (np.concatenate([pair[k].ravel() for pair in pairs]) for k in (0, 1))
    yield numbers_agree("salessim's own renewal equations and expm", ours, theirs, allowed=OWN)
    wrong = chain.means(_with_stage(model, "proposal", conversion=0.50001))
    found = numbers_agree("wins: the same", by_steps.wins, wrong.wins, allowed=SAME)
    yield found.catching("conversion 0.50001 for 0.5")


def phases(budget: Budget) -> Iterator[Finding]:
    """Compare a plan with everything in it, of exponential phases, with matrix exponentials."""
    model = plans.phased()
    trajectories = budget.of(60_000, quick=6_000)
    found = counted(simulate(model, trajectories=trajectories, seed=101))
    exact = chain.means(model)
    yield from compare(found, exact)
    for error, wrong in _wrong_models(model).items():
        yield _largest(found, chain.means(wrong)).catching(error)


def general_laws(budget: Budget) -> Iterator[Finding]:
    """Compare a plan of laws of every shape, aged deals and tenures with the Volterra steps."""
    model = plans.general()
    trajectories = budget.of(60_000, quick=6_000)
    cube = simulate(model, trajectories=trajectories, seed=102)
    found = counted(cube)
    exact, change = volterra.means(model, steps_per_day=budget.of(4, quick=2))
    yield Finding(
        what="the exact answer itself: steps halved",
        statistic="largest change / largest value (nothing random)",
        observed=change,
        threshold=1e-4,
    )
    yield from compare(found, exact)
    moved = slips.means(model, steps_per_day=budget.of(4, quick=2))
    out = cube.slipped.sum(axis=3)
    yield means_agree("deals slipped out of each period", out, moved)
    flows = found.left[..., SLIPPED]
    by_line = [len(line.stages) for line in model.pipelines]
    every = np.add.reduceat(flows, np.cumsum([0, *by_line[:-1]]), axis=2)
    yield means_agree("deals slipped out of each period", every, moved).catching(
        "every slip counted, whether the close leaves its period or not"
    )
    wrong, _ = volterra.means(_with_stage(model, "contract", stuck_share=0.1), steps_per_day=1)
    yield _largest(found, wrong).catching(
        "a tenth of those failing at the contract stuck, not lost"
    )


def compare(found: Answer, exact: Answer) -> Iterator[Finding]:
    """Compare every count per period, one finding a kind."""
    for name, samples, mean in zip(Answer._fields, found, exact, strict=True):
        if name == "left":
            for k, outcome in enumerate(OUTCOMES):
                yield means_agree(
                    f"{_said(outcome)} per period and stage", samples[..., k], mean[..., k]
                )
        else:
            events = exact.wins if name == "bookings" else None
            yield means_agree(f"{_said(name)} per period", samples, mean, events=events)


def _largest(found: Answer, exact: Answer) -> Finding:
    """Return the finding that is farthest from its threshold: what an error shows in first."""
    return max(compare(found, exact), key=lambda finding: finding.observed / finding.threshold)


def _said(name: str) -> str:
    return name.replace("_", " ")


def _with_stage(model: Model, name: str, **changes: object) -> Model:
    def changed(stage: Stage) -> Stage:
        return replace(stage, **changes) if stage.name == name else stage  # type: ignore[arg-type]

    first, *others = model.pipelines
    first = replace(first, stages=tuple(changed(stage) for stage in first.stages))
    return replace(model, pipelines=(first, *others))


def _wrong_models(model: Model) -> dict[str, Model]:
    """Plans with one thing wrong each, as a mistake in the code would make it."""
    proposal = model.pipelines[0].stages[1]
    slip, parked = proposal.slip, proposal.parked
    if slip is None or parked is None or model.open_deals is None:
        raise ValueError("the plan has no loops")
    fresh = replace(model.open_deals, age_days=np.zeros_like(model.open_deals.age_days))
    return {
        "conversion taken of all visits, slips included": _with_stage(
            model, "proposal", conversion=proposal.conversion * (1.0 - slip.probability)
        ),
        "slips 5 % too many": _with_stage(
            model, "proposal", slip=replace(slip, probability=1.05 * slip.probability)
        ),
        "parked deals re-enter a stage too early": _with_stage(
            model, "proposal", parked=replace(parked, to="qualified")
        ),
        "open deals taken as fresh": replace(model, open_deals=fresh),
        "pace of curves forgotten": replace(
            model, curves=tuple(c for c in model.curves if c.kind == "conversion")
        ),
        "conversion curves forgotten": replace(
            model, curves=tuple(c for c in model.curves if c.kind == "pace")
        ),
    }
