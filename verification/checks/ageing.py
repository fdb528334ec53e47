"""Open deals given their age: brute force, and what must not depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from salessim._typing import FloatArray
from salessim.model.laws import Exponential, Gamma, LogLogistic, Lognormal, Weibull
from salessim.model.plan import Back, Model, NoDecision, OpenDeals, Parked, Pipeline, Slip, Stage
from verification import plans, volterra
from verification.budget import Budget
from verification.counts import counted, simulate
from verification.findings import Finding, same_means, same_shares, shares_agree
from verification.network import OUTCOMES
from verification.peers import numpy_walk

AGES = (15.0, 60.0)
DEALS = 500
SLIPPED = OUTCOMES.index("slipped")


def _pipeline(stage: Stage) -> Pipeline:
    """Put a stage between one that keeps whoever comes back and one that wins at once.

    So a deal leaves the stage for good at most once, slips aside.
    """
    keeps = Stage(
        name="keeps",
        conversion=0.0,
        cycle_time=plans.INSTANT,
        loss_time=plans.INSTANT,
        stuck_share=1.0,
    )
    wins = Stage(name="wins", conversion=1.0, cycle_time=plans.INSTANT, loss_time=plans.INSTANT)
    return Pipeline(
        name="sale", stages=(keeps, stage, wins), amount=Lognormal(median=100.0, sigma=0.5)
    )


def _stage() -> Stage:
    """Every outcome has a law of its own shape, so age says much about which it will be."""
    return Stage(
        name="aged",
        conversion=0.45,
        cycle_time=Lognormal(median=20.0, sigma=0.6),
        loss_time=Weibull(scale=40.0, shape=1.5),
        stuck_share=0.1,
        no_decision=NoDecision(share=0.2, after=Gamma(mean=60.0, shape=3.0)),
        back=Back(share=0.15, to="keeps", after=LogLogistic(median=25.0, shape=3.0)),
        parked=Parked(
            share=0.15, to="keeps", after=Weibull(scale=30.0, shape=0.8), rest=plans.INSTANT
        ),
        slip=Slip(probability=0.2, by=Lognormal(median=35.0, sigma=0.5)),
    )


def _memoryless() -> Stage:
    """Every outcome takes the same exponential time."""
    law = Exponential(mean=30.0)
    aged = _stage()
    return Stage(
        name="aged",
        conversion=0.45,
        cycle_time=law,
        loss_time=law,
        no_decision=NoDecision(share=0.2, after=law),
        back=Back(share=0.15, to="keeps", after=law),
        parked=Parked(share=0.15, to="keeps", after=law, rest=plans.INSTANT),
        slip=replace(aged.slip, by=law) if aged.slip else None,
    )


def _model(stage: Stage, opened: OpenDeals) -> Model:
    return Model(
        title="aged",
        currency="USD",
        timeline=plans.days(24, length=5),
        pipelines=(_pipeline(stage),),
        open_deals=opened,
    )


def _exits(model: Model, *, budget: Budget, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return final exits per outcome and period with those that remain, and slips.

    Shapes (class,) and (trajectory, period).
    """
    trajectories = budget.of(2_000, quick=200)
    left = counted(simulate(model, trajectories=trajectories, seed=seed)).left[:, :, 1, :]
    exits = left[..., :SLIPPED].sum(axis=0).ravel().astype(float)
    there = len(model.open_deals.ids) if model.open_deals else 0
    return np.append(exits, there * trajectories - exits.sum()), left[..., SLIPPED]


def _by_force(age: float, budget: Budget) -> tuple[FloatArray, FloatArray]:
    """Return the same by walking many fresh deals and keeping those still there at the age."""
    random = np.random.default_rng(402)
    line, edges = _pipeline(_stage()), np.arange(0.0, 121.0, 5.0)
    count = budget.of(3_000_000, quick=300_000)
    kept, visits = numpy_walk.walk(line, count, stage=1, age=age, until=120.0, random=random)
    here = visits.stage == 1
    exits = np.stack(
        [
            np.histogram(visits.ended[here & (visits.outcome == k)], edges)[0]
            for k in range(SLIPPED)
        ],
        axis=1,
    ).ravel()
    groups = kept // DEALS
    slips = here & (visits.outcome == SLIPPED) & (visits.deal < groups * DEALS)
    bins = [np.arange(groups + 1) * DEALS - 0.5, edges]
    by_group = np.histogram2d(visits.deal[slips], visits.ended[slips], bins)[0]
    return np.append(exits, kept - exits.sum()).astype(float), by_group


def residual_laws(budget: Budget) -> Iterator[Finding]:
    """Compare outcomes and remaining times of aged deals with brute force and exactly."""
    for age in AGES:
        model = _model(_stage(), plans.deals(("sale.aged", DEALS, age)))
        exits, slips = _exits(model, budget=budget, seed=401)
        forced, forced_slips = _by_force(age, budget)
        said = f"age {age:.0f} days"
        yield same_shares(f"{said}: outcome x time, brute force", exits, forced)
        yield same_means(f"{said}: slips per period, brute force", slips, forced_slips)
        exact, _ = volterra.means(model, steps_per_day=4)
        chances = exact.left[:, 1, :SLIPPED].ravel() / DEALS
        yield shares_agree(
            f"{said}: outcome x time, exact", exits, np.append(chances, 1.0 - chances.sum())
        )
    younger = _model(_stage(), plans.deals(("sale.aged", DEALS, AGES[-1] - 10.0)))
    wrong, _ = _exits(younger, budget=budget, seed=401)
    yield same_shares(f"{said}: outcome x time, brute force", wrong, forced).catching(
        "age 10 days too small"
    )


def invariances(budget: Budget) -> Iterator[Finding]:
    """Compare what must be equal in law: age 0 and fresh, any two ages without memory."""
    at_zero, _ = _exits(
        _model(_stage(), plans.deals(("sale.aged", DEALS, 0.0))), budget=budget, seed=403
    )
    model = _model(_stage(), plans.deals(("sale.before", DEALS, 0.0)))
    (line,) = model.pipelines
    keeps, aged, wins = line.stages
    before = Stage(name="before", conversion=1.0, cycle_time=plans.INSTANT, loss_time=plans.INSTANT)
    fresh_line = replace(line, stages=(replace(keeps, name="keeps"), before, aged, wins))
    fresh = replace(model, pipelines=(fresh_line,))
    trajectories = budget.of(2_000, quick=200)
    left = counted(simulate(fresh, trajectories=trajectories, seed=404)).left[:, :, 2, :]
    exits = left[..., :SLIPPED].sum(axis=0).ravel().astype(float)
    exits = np.append(exits, DEALS * trajectories - exits.sum())
    yield same_shares("an open deal of age 0 and one that just entered", at_zero, exits)
    old = _model(_stage(), plans.deals(("sale.aged", DEALS, 1.0)))
    one_day, _ = _exits(old, budget=budget, seed=405)
    yield same_shares("age 0 and fresh", one_day, exits).catching("an age of 1 day")
    young, aged_much = (
        _exits(_model(_memoryless(), plans.deals(("sale.aged", DEALS, age))), budget=budget, seed=s)
        for age, s in ((0.0, 406), (400.0, 407))
    )
    yield same_shares("without memory: age 0 and age 400 days", young[0], aged_much[0])
    yield same_means("without memory: slips per period", young[1], aged_much[1])
