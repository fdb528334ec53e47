"""Exact means of a model, from its renewal equations instead of from trajectories.

Expected deals, wins and customers are linear in what enters: a pipeline turns the expected stream
of births into that of wins by convolutions with its time laws, loops included (Feller, An
Introduction to Probability Theory II, ch. XI; Cinlar, Introduction to Stochastic Processes, ch.
10), and the customers that customers bring are summed generation by generation. Time is cut into
steps; a stream holds what is expected within each step. The error is of first and second order in
the step, so three steps extrapolate to zero.

Shares neither tables nor code with the kernels, only the outcomes' probabilities: tests compare the
two, and both with Markov chains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.customer_means import CustomerMeans
from salessim.lowering.grid import Grid
from salessim.lowering.streams import DEALS, DRAWN_AMOUNTS, KNOWN_MONEY, NEW_BUYERS, Streams
from salessim.model.law import floats
from salessim.model.plan import Model


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Expected counts of one trajectory.

    Attributes
    ----------
    wins, bookings : ndarray, shape (period, pipeline)
        Deals won, and their value in currency units (before rounding to hundredths).
    entered, slipped : ndarray, shape (period, stage)
        Entries and re-entries of each stage (all pipelines, one after the other; no opening
        stock), and the visits there that started anew.
    new_customers, lost_customers, active_customers : ndarray, shape (period,)
        Customers gained and lost within each period, and active at its end.
    """

    wins: FloatArray
    bookings: FloatArray
    entered: FloatArray
    slipped: FloatArray
    new_customers: FloatArray
    lost_customers: FloatArray
    active_customers: FloatArray


def expected(model: Model, *, steps_per_day: int = 4) -> Expected:
    """Return the exact means of a model, for every simulated period.

    Computed with steps of 1, 1/2 and 1/4 of the given one and extrapolated: about seven digits
    for laws whose density is smooth over a step, also where a pace changes a hundredfold; six where
    it changes two thousandfold. A sure time (fixed, empirical) is exact on the finest grid's
    points; off them it may fall on the wrong side of a period's edge that is less than a step away.
    """
    coarse, middle, fine = (
        expected_on_grid(model, steps_per_day=steps_per_day << k) for k in range(3)
    )
    # f(h) = f + a h + b h^2 at h, h/2 and h/4 (Richardson)
    return Expected(
        **{
            f.name: (
                getattr(coarse, f.name) - 6 * getattr(middle, f.name) + 8 * getattr(fine, f.name)
            )
            / 3
            for f in fields(Expected)
        }
    )


def expected_on_grid(model: Model, *, steps_per_day: int) -> Expected:
    """Return the means on one grid, with an error of the order of the step."""
    grid = Grid(model.timeline, steps_per_day)
    rates = {source: grid.rates(source) for source in model.sources}
    streams = [Streams(pipeline, model.curves, grid) for pipeline in model.pipelines]
    opening = [stream.opening(model.open_deals) for stream in streams]
    born = [np.zeros((4, grid.steps)) for _ in streams]
    for source, births in rates.items():
        if source.kind == "external":
            index = model.pipelines.index(model.pipeline(source.pipeline))
            _add_births(born[index], births, new=source.buyer_is_new)
    customers = None
    if model.customers is not None:
        customers = CustomerMeans(model.customers, grid, rates)
        walks = [s.arrivals(b, o) for s, b, o in zip(streams, born, opening, strict=True)]
        active = customers.active([walk[-1, NEW_BUYERS] for walk in walks], streams)
        for stream, into in zip(streams, born, strict=True):
            for new in (False, True):
                births = customers.births(active, stream.pipeline.name, new=new)
                _add_births(into, births, new=new)
    walks = [s.arrivals(b, o) for s, b, o in zip(streams, born, opening, strict=True)]
    return _summary(grid, customers, streams, walks)


def _add_births(stream: FloatArray, births: FloatArray, *, new: bool) -> None:
    stream[[DEALS, DRAWN_AMOUNTS]] += births
    if new:
        stream[NEW_BUYERS] += births


def _summary(
    grid: Grid,
    customers: CustomerMeans | None,
    streams: Sequence[Streams],
    walks: Sequence[FloatArray],
) -> Expected:
    entered, slipped, money = [], [], []
    for stream, walk in zip(streams, walks, strict=True):
        for index in range(len(stream.pipeline.stages)):
            entered.append(walk[index, DEALS])
            anew = stream.states.anew.get(index)
            slipped.append(np.zeros(grid.steps) if anew is None else walk[anew, DEALS])
        drawn = walk[-1, DRAWN_AMOUNTS] * stream.pipeline.amount.mean
        money.append(walk[-1, KNOWN_MONEY] + drawn)
    won = [walk[-1, NEW_BUYERS] for walk in walks]
    lost, count = np.zeros(grid.steps), 0
    if customers is not None:
        lost = customers.lost(won, streams)
        count = sum(len(kind.tenures) for kind in customers.classes)
    gained, lost = grid.by_period(floats(np.sum(won, axis=0))), grid.by_period(lost)
    return Expected(
        wins=grid.by_period(np.stack([walk[-1, DEALS] for walk in walks])).T,
        bookings=grid.by_period(np.stack(money)).T,
        entered=grid.by_period(np.stack(entered)).T,
        slipped=grid.by_period(np.stack(slipped)).T,
        new_customers=gained,
        lost_customers=lost,
        active_customers=count + np.cumsum(gained - lost),
    )
