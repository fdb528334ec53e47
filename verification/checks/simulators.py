"""Other simulators on the same plan with loops: SimPy, Ciw, NumPy; and pictures of quantiles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from salessim._typing import FloatArray
from salessim.engine import Cube
from salessim.model.law import floats
from salessim.model.plan import Model, Rate
from verification import figures, plans, volterra
from verification.budget import Budget
from verification.counts import simulate
from verification.findings import Finding, Note, law_agrees, same_law, same_means, shares_agree
from verification.laws import distribution
from verification.network import OUTCOMES
from verification.peers import numpy_walk

SLIPPED = OUTCOMES.index("slipped")


def _ours(model: Model, *, trajectories: int, seed: int) -> tuple[dict[str, FloatArray], Cube]:
    cube = simulate(model, trajectories=trajectories, seed=seed)
    counts = {
        "wins": cube.wins.sum(axis=(2, 3)).astype(float),
        "bookings": cube.bookings.sum(axis=(2, 3)) / 100.0,
        "slips": cube.flows[..., 1 + SLIPPED].sum(axis=2).astype(float),
        "visits": cube.stage_entries.astype(float),
    }
    return counts, cube


def _compare(
    name: str, ours: dict[str, FloatArray], theirs: dict[str, FloatArray]
) -> Iterator[Finding]:
    few = {key: ours[key].mean(axis=0) for key in ("wins", "slips")}
    for key in ("wins", "slips"):
        yield same_means(f"{name}: {key} per period", ours[key], theirs[key], expected=few[key])
        totals = (counts[key].sum(axis=1) for counts in (ours, theirs))
        yield same_law(f"{name}: law of the total of {key}", *totals)


def _timed(
    run: Callable[..., dict[str, FloatArray]], model: Model, *, trajectories: int, seed: int
) -> tuple[dict[str, FloatArray], float]:
    """Return what a peer counted, and its visits per second."""
    begun = time.perf_counter()
    counts = run(model, trajectories=trajectories, seed=seed)
    return counts, counts["visits"].sum() / (time.perf_counter() - begun)


def simpy(budget: Budget) -> Iterator[Finding | Note]:
    """Compare a plan with loops and customers with SimPy, a process a deal."""
    from verification.peers import simpy_walk

    model = plans.peers(customers=True)
    theirs, speed = _timed(
        simpy_walk.simulate, model, trajectories=budget.of(4_000, quick=600), seed=501
    )
    ours, cube = _ours(model, trajectories=budget.of(40_000, quick=10_000), seed=502)
    yield from _compare("SimPy", ours, theirs)
    yield same_means("SimPy: bookings per period", ours["bookings"], theirs["bookings"],
                     expected=ours["wins"].mean(axis=0))  # fmt: skip
    totals = {key: counts["bookings"].sum(axis=1) for key, counts in
              (("ours", ours), ("theirs", theirs))}  # fmt: skip
    yield same_law("SimPy: law of the total bookings", totals["ours"], totals["theirs"])
    yield _speeds("SimPy", speed, ours["visits"].sum() / cube.seconds)
    figures.qq(
        budget.folder / "totals.svg",
        title="Total bookings of nine periods, a plan with loops and customers",
        unit="thousand USD",
        reference=("SimPy", figures.quantiles(totals["theirs"] / 1000.0)),
        others={"salessim": figures.quantiles(totals["ours"] / 1000.0)},
    )
    slower, _ = _ours(_with_rate(model, 0.85), trajectories=10_000, seed=503)
    wrong = list(_compare("SimPy", slower, theirs))
    yield wrong[0].catching("15 % fewer leads")
    yield wrong[3].catching("15 % fewer leads")


def ciw(budget: Budget) -> Iterator[Finding | Note]:
    """Compare a pipeline with loops with Ciw, a network of queues with unlimited servers."""
    from verification.peers import ciw_walk

    model = plans.peers(customers=False)
    theirs, speed = _timed(
        ciw_walk.simulate, model, trajectories=budget.of(2_000, quick=400), seed=504
    )
    ours, cube = _ours(model, trajectories=budget.of(40_000, quick=10_000), seed=505)
    yield from _compare("Ciw", ours, theirs)
    yield _speeds("Ciw", speed, ours["visits"].sum() / cube.seconds)


def _speeds(name: str, theirs: float, ours: float) -> Note:
    return Note(
        f"{name} made {theirs:,.0f} visits a second on one core, "
        f"salessim {ours:,.0f} on all there are: {ours / theirs:,.0f} times as many"
    )


def _with_rate(model: Model, factor: float) -> Model:
    first, *others = model.sources
    rate = Rate(per_day=factor * first.rate.per_day)
    return replace(model, sources=(replace(first, rate=rate), *others))


def cycle_time(budget: Budget) -> Iterator[Finding]:
    """Compare the time from creation to the win with the exact law and with brute force."""
    model = plans.peers(customers=False)
    (line,) = model.pipelines
    length, deals = 400, 2_000
    model = replace(
        model,
        timeline=plans.days(length, length=1),
        sources=(),
        open_deals=plans.deals(("new_business.qualified", deals, 0.0)),
    )
    trajectories = budget.of(200, quick=20)
    cube = simulate(model, trajectories=trajectories, seed=511)
    won = cube.wins.sum(axis=(0, 2, 3)).astype(float)
    exact, _ = volterra.means(model, steps_per_day=2)
    chances = exact.wins[:, 0] / deals
    with_rest = np.append(won, deals * trajectories - won.sum())
    yield shares_agree(
        "days from creation to the win, exact", with_rest, np.append(chances, 1.0 - chances.sum())
    )
    random = np.random.default_rng(512)
    kept, visits = numpy_walk.walk(line, deals * trajectories, until=length, random=random)
    forced = visits.ended[numpy_walk.is_win(line, visits)]
    by_day = np.histogram(forced, np.arange(length + 1.0))[0].astype(float)
    yield shares_agree(
        "the same of the brute-force walk, exact",
        np.append(by_day, kept - by_day.sum()),
        np.append(chances, 1.0 - chances.sum()),
    )
    late = np.append(np.roll(chances, 3), 1.0 - chances.sum())
    yield shares_agree("days from creation to the win", with_rest, late).catching("three days late")
    figures.qq(
        budget.folder / "cycle_time.svg",
        title="From creation to the win, through loops",
        unit="days",
        reference=("exact", _quantiles_of_days(chances)),
        others={
            "salessim": _quantiles_of_days(won),
            "NumPy, brute force": np.quantile(forced, figures.SHARES),
        },
    )


def _quantiles_of_days(weights: FloatArray) -> FloatArray:
    """Return quantiles of days counted by whole days, spread evenly over each."""
    below = np.append(0.0, np.cumsum(weights) / weights.sum())
    return floats(np.interp(figures.SHARES, below, np.arange(below.size)))


def amounts(budget: Budget) -> Iterator[Finding]:
    """Compare the amounts of won deals with their law."""
    model = plans.peers(customers=False)
    (line,) = model.pipelines
    sure = replace(
        line.stages[0],
        conversion=1.0,
        cycle_time=plans.INSTANT,
        loss_time=plans.INSTANT,
        stuck_share=0.0,
        slip=None,
    )
    one = replace(
        model,
        timeline=plans.days(1),
        pipelines=(replace(line, stages=(sure,)),),
        sources=(),
        open_deals=plans.deals(("new_business.qualified", 1, 0.0)),
    )
    cube = simulate(one, trajectories=budget.of(100_000, quick=20_000), seed=521)
    found = cube.bookings.sum(axis=(1, 2, 3)) / 100.0
    law = distribution(line.amount)
    yield law_agrees("amounts of won deals, exact", found, law.cdf)
    yield law_agrees("amounts of won deals", 1.05 * found, law.cdf).catching("5 % too much")
    figures.qq(
        budget.folder / "amounts.svg",
        title="Amounts of won deals",
        unit="USD",
        reference=("exact", law.ppf(figures.SHARES)),
        others={"salessim": figures.quantiles(found)},
    )
