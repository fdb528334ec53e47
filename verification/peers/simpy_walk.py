"""A plan with loops as SimPy's documentation teaches: a process a deal, a process a customer.

It knows constant rates, one segment and no curves; it is written for `plans.peers`.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from random import Random
from typing import Any

import numpy as np
import simpy

from salessim._typing import FloatArray
from salessim.model import laws
from salessim.model.law import Law
from salessim.model.plan import Model, Pipeline, Rate, Source, Stage

Process = Generator[simpy.Event, Any, Any]


def sample(law: Law, random: Random) -> float:
    """Draw a value with the methods of Python's own generator."""
    match law:
        case laws.Exponential():
            return random.expovariate(1.0 / law.mean)
        case laws.Lognormal():
            return random.lognormvariate(math.log(law.median), law.sigma)
        case laws.Weibull():
            return random.weibullvariate(law.scale, law.shape)
        case laws.Gamma():
            return random.gammavariate(law.shape, law.mean / law.shape)
        case laws.Uniform():
            return random.uniform(law.low, law.high)
        case laws.Fixed():
            return law.value
    raise TypeError(f"no sampler for {law!r}")


class Company:
    """One trajectory."""

    def __init__(self, model: Model, random: Random) -> None:
        self.env = simpy.Environment()
        self.model = model
        self.random = random
        self.length = model.timeline.edges[1]
        periods = len(model.timeline.edges) - 1
        self.wins = np.zeros(periods)
        self.bookings = np.zeros(periods)
        self.slips = np.zeros(periods)
        self.won_at: list[float] = []
        self.visits = 0

    def run(self) -> None:
        """Start what is there at the start, and run to the end."""
        for source in self.model.sources:
            if source.kind == "external":
                self.env.process(self.leads(source))
        for _ in self.model.customers.ids if self.model.customers else ():
            self.env.process(self.customer())
        self.env.run(until=self.model.timeline.edges[-1])

    def leads(self, source: Source) -> Process:
        """Start deals from outside."""
        while True:
            yield self.env.timeout(self.random.expovariate(source.rate.per_day))
            self.env.process(self.deal(source))

    def customer(self) -> Process:
        """Be a customer, who starts deals while active."""
        life = sample(self.model.customers.lifetime, self.random)  # type: ignore[union-attr]
        end = self.env.now + life
        for source in self.model.sources:
            if source.kind == "customer":
                self.env.process(self.start_deals(source, end))
        yield self.env.timeout(life)

    def start_deals(self, source: Source, end: float) -> Process:
        """Start the deals of one customer from one source."""
        while True:
            gap = self.random.expovariate(source.rate.per_day)
            if self.env.now + gap >= end:
                return
            yield self.env.timeout(gap)
            self.env.process(self.deal(source))

    def deal(self, source: Source) -> Process:
        """Be a deal from its birth to its end."""
        pipeline = self.model.pipeline(source.pipeline)
        room: int | None = 0
        while room is not None and room < len(pipeline.stages):
            room = yield from self.visit(pipeline, room)
        if room is not None:
            period = int(self.env.now // self.length)
            self.wins[period] += 1
            self.won_at.append(self.env.now)
            self.bookings[period] += sample(pipeline.amount, self.random)
            if source.buyer_is_new:
                self.env.process(self.customer())

    def visit(self, pipeline: Pipeline, room: int) -> Process:
        """Make one visit; return the next room, or None when the deal is over."""
        self.visits += 1
        stage = pipeline.stages[room]
        way = self.way_out(stage)
        if way == "stuck":
            return None
        yield self.wait(_time(stage, way))
        if way == "slip":
            self.slips[int(self.env.now // self.length)] += 1
            return room
        if way == "parked" and stage.parked:
            yield self.wait(stage.parked.rest)
        return {"advance": room + 1, "lost": None}.get(way, _goal(pipeline, stage, way))

    def way_out(self, stage: Stage) -> str:
        """Draw how a visit ends; no decision is a loss here, for nothing follows from either."""
        if stage.slip and self.random.random() < stage.slip.probability:
            return "slip"
        if self.random.random() < stage.conversion:
            return "advance"
        shares = {
            "back": stage.back.share if stage.back else 0.0,
            "parked": stage.parked.share if stage.parked else 0.0,
            "stuck": stage.stuck_share,
        }
        lost = 1.0 - sum(shares.values())
        return self.random.choices(["lost", *shares], [lost, *shares.values()])[0]

    def wait(self, law: Law) -> simpy.Event:
        """Return a time to wait for."""
        return self.env.timeout(sample(law, self.random))


def _time(stage: Stage, way: str) -> Law:
    if way == "slip" and stage.slip:
        return stage.slip.by
    if way == "back" and stage.back:
        return stage.back.after
    if way == "parked" and stage.parked:
        return stage.parked.after
    return stage.cycle_time if way == "advance" else stage.loss_time


def _goal(pipeline: Pipeline, stage: Stage, way: str) -> int | None:
    other = stage.back if way == "back" else stage.parked
    rooms = [room.name for room in pipeline.stages]
    return rooms.index(other.to) if other else None


def simulate(model: Model, *, trajectories: int, seed: int) -> dict[str, FloatArray]:
    """Return wins, bookings and slips, shape (trajectory, period), and visits (trajectory,)."""
    random = Random(seed)  # noqa: S311 -- no secrets here
    companies = []
    for _ in range(trajectories):
        company = Company(model, random)
        company.run()
        # a finished environment still holds every process that had not ended
        del company.env
        companies.append(company)
    names = ("wins", "bookings", "slips", "visits")
    return {name: np.array([getattr(c, name) for c in companies], float) for name in names}


def days_to_win(model: Model, *, deals: int, seed: int) -> FloatArray:
    """Return when deals that all start at time 0 are won, those that are before the end."""
    company = Company(model, Random(seed))  # noqa: S311 -- no secrets here
    (line,) = model.pipelines
    rate = Rate(per_day=1.0)
    source = Source(name="all", kind="external", pipeline=line.name, rate=rate, buyer_is_new=False)
    for _ in range(deals):
        company.env.process(company.deal(source))
    company.run()
    return np.array(company.won_at)
