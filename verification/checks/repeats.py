"""Deals that come back again and again: each time with draws of its own.

A stage that a deal leaves for good with probability p, else comes back to after an exponential
time of mean r, all else taking none, is a geometric sum of exponentials: P(still there at t) =
(1 - p) exp(-p t / r). Were one visit's time drawn again for the next, the sum would be spread
wider, which hardly shows in plans where few come back twice.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import floats
from salessim.model.laws import Exponential, Fixed
from salessim.model.plan import Back, Model, Parked, Pipeline, Slip, Stage
from verification import plans
from verification.budget import Budget
from verification.counts import simulate
from verification.findings import Finding, shares_agree

LEAVES, MEAN, DAYS, DEALS = 0.3, 10.0, 200, 2_000


def _plan(way: str) -> Model:
    law = Exponential(mean=MEAN)
    first = _instant("first", conversion=1.0)
    stages = {
        "slip": _instant("stays", conversion=1.0, slip=Slip(probability=1.0 - LEAVES, by=law)),
        "back": _instant("stays", back=Back(share=1.0, to="first", after=law)),
        "parked, after a time": _instant(
            "stays", parked=Parked(share=1.0, to="stays", after=law, rest=plans.INSTANT)
        ),
        "parked, for a time": _instant(
            "stays", parked=Parked(share=1.0, to="first", after=plans.INSTANT, rest=law)
        ),
    }
    line = Pipeline(name="sale", stages=(first, stages[way]), amount=Fixed(value=100.0))
    return Model(
        title="again and again",
        currency="USD",
        timeline=plans.days(DAYS, length=1),
        pipelines=(line,),
        open_deals=plans.deals(("sale.first", DEALS, 0.0)),
    )


def _instant(
    name: str,
    *,
    conversion: float = LEAVES,
    slip: Slip | None = None,
    back: Back | None = None,
    parked: Parked | None = None,
) -> Stage:
    return Stage(
        name=name,
        conversion=conversion,
        cycle_time=plans.INSTANT,
        loss_time=plans.INSTANT,
        slip=slip,
        back=back,
        parked=parked,
    )


def _chances() -> FloatArray:
    """Return P(won on each day), and after the last."""
    there = (1.0 - LEAVES) * np.exp(-LEAVES * np.arange(1, DAYS + 1) / MEAN)
    return floats(-np.diff(there, prepend=1.0, append=0.0))


def repeats(budget: Budget) -> Iterator[Finding]:
    """Compare the days to the win of deals that come back in one way with a closed form."""
    count = DEALS * (trajectories := budget.of(500, quick=50))
    for seed, way in enumerate(("slip", "back", "parked, after a time", "parked, for a time"), 701):
        cube = simulate(_plan(way), trajectories=trajectories, seed=seed)
        won = cube.wins.sum(axis=(0, 2, 3))
        counts = np.append(won, count - won.sum())
        yield shares_agree(f"{way}: days to the win", counts, _chances())
    random = np.random.default_rng(705)
    times = (random.geometric(LEAVES, count) - 1) * random.exponential(MEAN, count)
    counts = np.histogram(times, np.append(np.arange(DAYS + 1.0), np.inf))[0]
    found = shares_agree(f"{way}: days to the win", counts, _chances())
    yield found.catching("the same rest every time")
