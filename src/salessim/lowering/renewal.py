"""Exact means of a model, from its renewal equations instead of from trajectories.

Expected deals, wins and customers are linear in what enters: a stage turns the expected stream
of entries into that of advances by a convolution with its time law (Feller, An Introduction to
Probability Theory II, ch. XI), and the customers that customers bring are summed generation by
generation. Time is cut into steps. A stream holds what is expected within each step; a time law
becomes weights on multiples of the step that keep its mean (each time is split between its two
neighbours), by second differences of E[(X - t)+], which `Law.tail_mean` gives exactly, jumps
included. The error is of first and second order in the step, so three steps extrapolate to zero.

Shares nothing with the kernels, not even the tables: tests compare the two.
"""

from __future__ import annotations

import functools
import math
from calendar import monthrange
from dataclasses import dataclass, fields
from datetime import timedelta

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.opening import is_possible
from salessim.model.calendar import Timeline
from salessim.model.law import Law, floats
from salessim.model.plan import Customers, Model, OpenDeals, Pipeline, Source, Stage

SURE_BOUND = 1e7
"""A bound below this is answer enough: such a plan can be run."""

# What a stream of deals carries, a row each
DEALS, NEW_BUYERS, KNOWN_MONEY, DRAWN_AMOUNTS = range(4)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Expected counts of one trajectory.

    Attributes
    ----------
    wins, bookings : ndarray, shape (period, pipeline)
        Deals won, and their value in currency units (before rounding to hundredths).
    entered : ndarray, shape (period, stage)
        Deals that entered each stage (all pipelines, one after the other); no opening stock.
    new_customers, lost_customers, active_customers : ndarray, shape (period,)
        Customers gained and lost within each period, and active at its end.
    """

    wins: FloatArray
    bookings: FloatArray
    entered: FloatArray
    new_customers: FloatArray
    lost_customers: FloatArray
    active_customers: FloatArray


def expected(model: Model, *, steps_per_day: int = 4) -> Expected:
    """Return the exact means of a model, for every simulated period.

    Computed with steps of 1, 1/2 and 1/4 of the given one and extrapolated: about seven digits
    for laws whose density is smooth over a step. A sure time (fixed, empirical) is exact on the
    finest grid's points; off them it may fall on the wrong side of a period's edge that is less
    than a step away.
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


def expected_stage_entries(model: Model) -> float:
    """Return the expected stage entries of a trajectory, the visits of open deals included.

    Returns
    -------
    float
        An upper bound when that is at most `SURE_BOUND` (no time passes in any stage and no
        customer leaves: quick, and no library is loaded), else the expected number; ``inf`` when
        it cannot be held in a float.
    """
    bound = _instant_bound(model)
    if bound <= SURE_BOUND or math.isinf(bound):
        return bound
    stock = len(model.open_deals.ids) if model.open_deals else 0
    with np.errstate(over="ignore", invalid="ignore"):
        entered = float(expected_on_grid(model, steps_per_day=1).entered.sum())
    return entered + stock if math.isfinite(entered) else math.inf


def daily_rates(source: Source, timeline: Timeline, *, days: int) -> list[float]:
    """Events per day of a source on each day from the start (per active customer for those)."""
    rates = []
    for offset in range(days):
        day = timeline.start + timedelta(days=offset)
        closed = (source.starts is not None and day < source.starts) or (
            source.ends is not None and day >= source.ends
        )
        month = 12 * (day.year - timeline.start.year) + day.month - timeline.start.month
        level = source.rate.per_day + source.rate.per_month / monthrange(day.year, day.month)[1]
        season = source.season[day.month - 1] if source.season else 1.0
        growth = _compounded(source.growth_per_month, month)
        rates.append(0.0 if closed or level * season == 0.0 else level * growth * season)
    return rates


def _compounded(growth: float, months: int) -> float:
    """Return (1 + growth)^months; ``inf`` when no float can hold it."""
    try:
        return float((1.0 + growth) ** months)
    except OverflowError:
        return math.inf


def _instant_bound(model: Model) -> float:
    """Return the stage entries if stages took no time and all customers stayed from day one."""
    days = model.timeline.edges[-1]
    deals = {p.name: 0.0 for p in model.pipelines}
    customers = float(len(model.customers.ids)) if model.customers else 0.0
    entries = 0.0
    if model.open_deals:
        customers += len(model.open_deals.ids)
        longest = max(len(p.stages) for p in model.pipelines)
        entries += float(len(model.open_deals.ids) * longest)
    births = {s.name: math.fsum(daily_rates(s, model.timeline, days=days)) for s in model.sources}
    growth = 0.0
    for source in model.sources:
        won = births[source.name] * model.pipeline(source.pipeline).win_rate
        if source.kind == "external":
            deals[source.pipeline] += births[source.name]
            customers += won if source.buyer_is_new else 0.0
        elif source.buyer_is_new:
            growth += won
    most_customers = customers * math.exp(growth) if growth < 700.0 else math.inf
    for source in model.sources:
        if source.kind == "customer" and customers > 0.0 and births[source.name] > 0.0:
            deals[source.pipeline] += births[source.name] * most_customers
    return entries + math.fsum(
        deals[p.name] * _entries_per_deal(p) for p in model.pipelines if deals[p.name]
    )


def _entries_per_deal(pipeline: Pipeline) -> float:
    """Return the expected stages that a deal enters, the first included."""
    entering, total = 1.0, 0.0
    for stage in pipeline.stages:
        total += entering
        entering *= stage.conversion
    return total


@dataclass(frozen=True)
class _Grid:
    """Steps of equal length over the simulated time."""

    timeline: Timeline
    per_day: int

    @property
    def step(self) -> float:
        return 1.0 / self.per_day

    @property
    def steps(self) -> int:
        return int(self.timeline.edges[-1]) * self.per_day

    def convolve(self, streams: FloatArray, kernel: FloatArray) -> FloatArray:
        """Convolve the last axis with a kernel, within the simulated time."""
        size = 1 << (2 * self.steps - 1).bit_length()
        product = np.fft.rfft(streams, size) * np.fft.rfft(kernel, size)
        return floats(np.fft.irfft(product, size)[..., : self.steps])

    def survival_means(self, law: Law, *, age: float = 0.0) -> FloatArray:
        """Mean over each step of P(X > age + t | X > age); the law must survive the age."""
        age = 0.0 if law.is_memoryless else age
        edges = floats(age + self.step * np.arange(self.steps + 1))
        # at age 0 nothing is known, not even that an instant time is over
        log_alive = float(law.log_survival(floats([age]))[0]) if age > 0.0 else 0.0
        if math.isfinite(law.mean):
            above = law.survival(edges)
            excess = law.tail_mean(above) - edges * above
            return floats(-np.diff(excess) / (self.step * math.exp(log_alive)))
        nodes, weights = np.polynomial.legendre.leggauss(8)
        inside = floats(edges[:-1] + np.multiply.outer((nodes + 1.0) / 2.0, np.diff(edges)))
        return floats(weights / 2.0 @ np.exp(law.log_survival(inside) - log_alive))

    def kernel(self, law: Law, *, age: float = 0.0) -> FloatArray:
        """Weights of a (remaining) time on multiples of the step; they keep its mean."""
        means = self.survival_means(law, age=age)
        return floats(np.maximum(-np.diff(means, prepend=1.0), 0.0))

    def rates(self, source: Source) -> FloatArray:
        """Events expected in each step (per active customer for a customer source)."""
        days = self.timeline.edges[-1]
        daily = floats(daily_rates(source, self.timeline, days=days))
        return np.repeat(daily * self.step, self.per_day)

    def by_period(self, streams: FloatArray) -> FloatArray:
        """Sum the last axis within each reporting period."""
        starts = np.array(self.timeline.edges[:-1]) * self.per_day
        return floats(np.add.reduceat(streams, starts, axis=-1))


def expected_on_grid(model: Model, *, steps_per_day: int) -> Expected:
    """Return the means on one grid, with an error of the order of the step."""
    grid = _Grid(model.timeline, steps_per_day)
    kernels = {
        p.name: [s.conversion * grid.kernel(s.cycle_time) for s in p.stages]
        for p in model.pipelines
    }
    opening = _opening_exits(model.open_deals, model, grid)
    born = {p.name: np.zeros((4, grid.steps)) for p in model.pipelines}
    for source in model.sources:
        if source.kind == "external":
            _add_births(born[source.pipeline], grid.rates(source), new=source.buyer_is_new)
    if model.customers is not None:
        walks = [_walk(born[p], kernels[p], opening[p], grid)[1] for p in born]
        won = floats(np.sum([wins[NEW_BUYERS] for wins in walks], axis=0))
        active = _active_customers(model, model.customers, grid, kernels=kernels, won=won)
        for source in model.sources:
            if source.kind == "customer":
                births = grid.rates(source) * active
                _add_births(born[source.pipeline], births, new=source.buyer_is_new)
    return _summary(model, grid, [_walk(born[p], kernels[p], opening[p], grid) for p in born])


def _add_births(stream: FloatArray, births: FloatArray, *, new: bool) -> None:
    stream[[DEALS, DRAWN_AMOUNTS]] += births
    if new:
        stream[NEW_BUYERS] += births


def _walk(
    born: FloatArray, kernels: list[FloatArray], opening: list[FloatArray], grid: _Grid
) -> tuple[list[FloatArray], FloatArray]:
    """Move a stream through a pipeline: the deals entering each stage, and the stream of wins."""
    entered, stream = [], born
    for kernel, exits in zip(kernels, opening, strict=True):
        entered.append(stream[DEALS])
        stream = grid.convolve(stream, kernel) + exits
    return entered, stream


def _opening_exits(
    deals: OpenDeals | None, model: Model, grid: _Grid
) -> dict[str, list[FloatArray]]:
    """Streams of the open deals that advance from the stage where they are, by pipeline."""
    exits = {p.name: [np.zeros((4, grid.steps)) for _ in p.stages] for p in model.pipelines}
    if deals is None or not deals.ids:
        return exits
    names = np.array(deals.stages)
    known = np.nan_to_num(deals.amounts, nan=0.0)
    rows = np.stack([np.ones(len(names)), deals.buyer_is_new, known, np.isnan(deals.amounts)])
    for pipeline in model.pipelines:
        for index, stage in enumerate(pipeline.stages):
            there = names == f"{pipeline.name}.{stage.name}"
            for age in np.unique(deals.age_days[there]):
                carried = rows[:, there & (deals.age_days == age)].sum(axis=1)
                chance = _chance_to_advance(stage, float(age))
                if chance > 0.0:
                    kernel = chance * grid.kernel(stage.cycle_time, age=float(age))
                    exits[pipeline.name][index] += np.outer(carried, kernel)
    return exits


def _chance_to_advance(stage: Stage, age: float) -> float:
    """P(advance | age): each outcome weighted by what is left of it, S_k(age); stuck ones stay."""
    if age == 0.0:
        return stage.conversion
    failing = 1.0 - stage.conversion
    outcomes = [(stage.conversion, stage.cycle_time), (failing * stage.lost_share, stage.loss_time)]
    if stage.no_decision is not None:
        outcomes.append((failing * stage.no_decision.share, stage.no_decision.after))
    logs = [math.log(failing * stage.stuck_share)] if failing * stage.stuck_share else []
    for probability, law in outcomes:
        left = float(law.log_survival(floats([age]))[0])
        vanished = probability == 0.0 or not is_possible(law, left)
        logs.append(-math.inf if vanished else math.log(probability) + left)
    advance = logs[-len(outcomes)]
    return 0.0 if advance == -math.inf else math.exp(advance - float(np.logaddexp.reduce(logs)))


def _active_customers(
    model: Model,
    customers: Customers,
    grid: _Grid,
    *,
    kernels: dict[str, list[FloatArray]],
    won: FloatArray,
) -> FloatArray:
    """Mean number of active customers in each step, summed over generations of referrals.

    ``won`` are the first generation: customers won from open deals and external sources.
    """
    # a customer won somewhere within a step is there for half of it
    stays = np.convolve(grid.survival_means(customers.lifetime), [0.5, 0.5])[: grid.steps]
    rates: dict[str, FloatArray] = {}
    for source in model.sources:
        if source.kind == "customer" and source.buyer_is_new:
            rates[source.pipeline] = rates.get(source.pipeline, 0.0) + grid.rates(source)
    to_win = {name: functools.reduce(grid.convolve, kernels[name]) for name in rates}
    active = generation = _base_customers(customers, grid)[0] + grid.convolve(won, floats(stays))
    while to_win and generation.max() > 1e-14 * active.max():
        births = [
            grid.convolve(rates[name] * generation, kernel) for name, kernel in to_win.items()
        ]
        generation = grid.convolve(floats(np.sum(births, axis=0)), floats(stays))
        active = active + generation
    return active


def _base_customers(customers: Customers, grid: _Grid) -> tuple[FloatArray, FloatArray]:
    """Return how many customers of the start are active in each step, and how many it loses."""
    active, lost = np.zeros(grid.steps), np.zeros(grid.steps)
    ages = customers.tenure_days
    if ages is None:
        ages = np.zeros(len(customers.ids))
    for age, count in zip(*np.unique(ages, return_counts=True), strict=True):
        active += count * grid.survival_means(customers.lifetime, age=float(age))
        lost += count * grid.kernel(customers.lifetime, age=float(age))
    return active, lost


def _summary(
    model: Model, grid: _Grid, walks: list[tuple[list[FloatArray], FloatArray]]
) -> Expected:
    entered = np.stack([stream for stages, _ in walks for stream in stages])
    wins = np.stack([won[DEALS] for _, won in walks])
    money = [
        won[KNOWN_MONEY] + won[DRAWN_AMOUNTS] * p.amount.mean
        for p, (_, won) in zip(model.pipelines, walks, strict=True)
    ]
    gained = floats(np.sum([won[NEW_BUYERS] for _, won in walks], axis=0))
    lost, count = np.zeros(grid.steps), 0
    if model.customers is not None:
        lost = grid.convolve(gained, grid.kernel(model.customers.lifetime))
        lost += _base_customers(model.customers, grid)[1]
        count = len(model.customers.ids)
    gained, lost = grid.by_period(gained), grid.by_period(lost)
    return Expected(
        wins=grid.by_period(wins).T,
        bookings=grid.by_period(np.stack(money)).T,
        entered=grid.by_period(entered).T,
        new_customers=gained,
        lost_customers=lost,
        active_customers=count + np.cumsum(gained - lost),
    )
