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
        budget.folder / "totals.png",
        title="Total bookings of nine months, with loops and customers",
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
    slower, _ = _ours(_with_rate(model, 0.85), trajectories=10_000, seed=506)
    yield next(_compare("Ciw", slower, theirs)).catching("15 % fewer leads")
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
    """Compare the time from creation to the win with the exact law and with other walks."""
    from verification.peers import simpy_walk

    model, deals = _at_once(2_000)
    (line,) = model.pipelines
    trajectories = budget.of(200, quick=20)
    cube = simulate(model, trajectories=trajectories, seed=511)
    won = floats(cube.wins.sum(axis=(0, 2, 3)))
    exact, _ = volterra.means(model, steps_per_day=2)
    chances = floats(exact.wins[:, 0] / deals)
    law, count = _whole(chances, 1.0), deals * trajectories
    yield shares_agree("salessim: days to the win, exact", _whole(won, count), law)
    days = model.timeline.edges
    random = np.random.default_rng(512)
    kept, visits = numpy_walk.walk(line, count, until=days[-1], random=random)
    forced = visits.ended[numpy_walk.is_win(line, visits)]
    by_day = floats(np.histogram(forced, days)[0])
    yield shares_agree("brute force: days to the win, exact", _whole(by_day, kept), law)
    started = budget.of(50_000, quick=10_000)
    walked = simpy_walk.days_to_win(model, deals=started, seed=513)
    by_day = floats(np.histogram(walked, days)[0])
    yield shares_agree("SimPy: days to the win, exact", _whole(by_day, started), law)
    late = _whole(floats(np.roll(chances, 3)), 1.0)
    found = shares_agree("salessim: days to the win, exact", _whole(won, count), late)
    yield found.catching("three days late")
    figures.qq(
        budget.folder / "cycle_time.png",
        title="From creation to the win, through loops",
        unit="days",
        reference=("exact", _quantiles_of_days(chances)),
        others={
            "salessim": _quantiles_of_days(won),
            "NumPy, brute force": figures.quantiles(forced),
            "SimPy": figures.quantiles(walked),
        },
    )


def _at_once(deals: int) -> tuple[Model, int]:
    """Return a plan of deals that all enter the first stage at the start, counted by day."""
    model = plans.peers(customers=False)
    opened = plans.deals(("new_business.qualified", deals, 0.0))
    time = plans.days(400, length=1)
    return replace(model, timeline=time, sources=(), open_deals=opened), deals


def _whole(counts: FloatArray, total: float) -> FloatArray:
    """Return counts with what is left to the total."""
    return np.append(counts, total - counts.sum())


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
    cube = simulate(one, trajectories=budget.of(1_000_000, quick=20_000), seed=521)
    found = cube.bookings.sum(axis=(1, 2, 3)) / 100.0
    law = distribution(line.amount)
    yield law_agrees("amounts of won deals, exact", found, law.cdf)
    yield law_agrees("amounts of won deals", 1.05 * found, law.cdf).catching("5 % too much")
    figures.qq(
        budget.folder / "amounts.png",
        title="Amounts of won deals",
        unit="thousand USD",
        reference=("exact", law.ppf(figures.SHARES) / 1000.0),
        others={"salessim": figures.quantiles(found / 1000.0)},
    )
