"""The walk again, deal by deal, in slow and obvious Python on the same Program.

It shares no code with the kernels. What it returns must equal a kernel's trajectory bit for bit.
It walks in the world it is given: the arrays of a Program with those of the world in their place.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from scipy.stats import poisson

from salessim.kernels.arrays import Arrays
from salessim.lowering.program import Program
from salessim.model.plan import BASE_ORIGINS
from tests.reference_draws import depth_at, minus_log, philox, quantile, uniform, value_at

COUNT, LIFETIME, AMOUNT, FACTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
OWN = 0xFFFFFFFA
ADVANCE, LOST, NO_DECISION, BACK, PARKED, SLIP, STUCK = range(7)


@dataclass
class Customer:
    """Somebody who bought, from begin to end."""

    begin: float
    entity: int
    origin: int
    segment: int
    health: int
    end: float = math.inf
    index: int = -1
    """Which of those at the start; -1 = a new one."""


@dataclass
class Deal:
    """A deal on its way, and how often it has visited each stage."""

    pipeline: int
    entity: int
    tag: int
    health: int = -1
    """Class of the customer who started it; -1 = nobody did."""
    amount: int | None = None
    piece: int = -1
    """Piece of the calendar it is in, if it carries the time of a clock; -1 = it carries days."""
    visits: dict[int, int] = field(default_factory=dict)


class Trajectory:
    """One trajectory, walked deal by deal and customer by customer."""

    def __init__(
        self, program: Program, *, seed: int, trajectory: int, world: Arrays | None = None
    ) -> None:
        self.program, self.arrays = program, world or program.arrays
        self.key = (seed % 2**32, seed // 2**32)
        self.trajectory = trajectory
        shape = (program.periods, len(program.pipelines), len(program.origins))
        self.bookings = np.zeros(shape, np.int64)
        self.wins = np.zeros(shape, np.int64)
        self.new_customers = np.zeros(shape, np.int64)
        self.lost_customers = np.zeros(shape, np.int64)
        self.leads = np.zeros((program.periods, len(program.external_sources)), np.int64)
        self.slipped = np.zeros(shape, np.int64)
        self.flows = np.zeros((program.periods, len(program.stages), 7), np.int64)
        self.by_health = np.zeros((program.periods, 1 + self.arrays.health.churn.size), np.int64)
        self.stage_entries = 0
        self.customers: list[Customer] = []
        self.run()

    def words(self, entity: int, purpose: int) -> tuple[int, int, int, int]:
        counter = (entity % 2**32, entity // 2**32, self.trajectory, purpose)
        return philox(counter, self.key)

    def period(self, t: float, piece: int = -1) -> int:
        return int(
            self.arrays.clock.day_period[int(t)] if piece < 0 else self.arrays.pieces.period[piece]
        )

    def cell(self, t: float, piece: int) -> int:
        """Calendar cell, in which conversions are constant."""
        return int(
            self.arrays.clock.day_cell[int(t)] if piece < 0 else self.arrays.pieces.cell[piece]
        )

    def before_end(self, t: float, piece: int = -1) -> bool:
        return t < self.arrays.clock.end if piece < 0 else piece + 1 < self.arrays.pieces.day.size

    def run(self) -> None:
        self.settle_base()
        for pipeline in range(len(self.program.pipelines)):
            self.external_leads(pipeline)
        for deal in range(self.arrays.open_deals.entity.size):
            self.open_deal(deal)
        while self.customers:
            self.live(self.customers.pop())

    def settle_base(self) -> None:
        base = self.arrays.base
        for index, entity in enumerate(map(int, base.entity)):
            segment = int(base.segment[index])
            high, low, _, _ = self.words(entity, LIFETIME)
            if base.lifetime_anew[segment]:
                law = int(base.lifetime_law[segment])
                scale, tenure = float(base.lifetime_scale[segment]), float(base.tenure[index])
                deep = depth_at(self.arrays.tables, law, tenure / scale)
                deep += minus_log(1.0 - uniform(high, low))
                life = max(scale * value_at(self.arrays.tables, law, deep) - tenure, 0.0)
            else:
                life = quantile(self.left(int(base.law[index])), high, low)
            if base.alive.size:
                high, low, _, _ = self.words(entity, OWN)
                if uniform(high, low) >= base.alive[index]:
                    life = 0.0
            feels = self.feels(entity, self.arrays.health.shares[0])
            customer = Customer(0.0, entity, 1, segment, feels, index=index)
            self.join(customer, life, pipeline=0)

    def feels(self, entity: int, shares: np.ndarray) -> int:
        """Draw a customer's health class: with the other half of its lifetime's block."""
        _, _, high, low = self.words(entity, LIFETIME)
        return sum(uniform(high, low) >= share for share in shares[:-1])

    def join(self, customer: Customer, life: float, *, pipeline: int) -> None:
        """Let a customer live so long by the clock of its segment."""
        life /= float(self.arrays.health.churn[customer.health])
        row, begin = int(self.arrays.base.clock[customer.segment]), customer.begin
        customer.end = begin + life if row < 0 else self.moved(row, begin, life)
        if self.before_end(customer.end):
            self.lost_customers[self.period(customer.end), pipeline, customer.origin] += 1
        self.customers.append(customer)

    def left(self, law: int) -> np.ndarray:
        """Table of what is left of a law; a whole law at age 0 and without memory."""
        tables = self.arrays.tables
        return tables.full[-1 - law] if law < 0 else tables.residual[law]

    def external_leads(self, pipeline: int) -> None:
        arrivals = self.arrays.arrivals
        for k in range(arrivals.first[pipeline], arrivals.first[pipeline + 1]):
            for line in range(arrivals.first_line[k], arrivals.first_line[k + 1]):
                entity = int(arrivals.entity[line])
                high, low, _, _ = self.words(entity, COUNT)
                mean = float(arrivals.mean[line])
                if arrivals.factor_law[k]:
                    f0, f1, _, _ = self.words(int(arrivals.month[line]), FACTOR)
                    mean *= quantile(self.arrays.tables.full[arrivals.factor_law[k]], f0, f1)
                count = int(poisson.ppf(uniform(high, low), mean))
                for ordinal in range(count):
                    w0, w1, w2, w3 = self.words(entity, ordinal)
                    t = float(arrivals.start[line] + arrivals.length[line] * uniform(w0, w1))
                    if arrivals.opens[k] <= t < arrivals.closes[k]:
                        self.leads[self.period(t), arrivals.source[k]] += 1
                        deal = Deal(pipeline, w2 + w3 * 2**32, int(arrivals.tag[k]))
                        self.begin(deal, t)

    def live(self, customer: Customer) -> None:
        """Start the deals of one customer."""
        sources = self.arrays.customer_sources
        for pipeline in range(len(self.program.pipelines)):
            for source in range(sources.first[pipeline], sources.first[pipeline + 1]):
                if sources.segment[source] in (-1, customer.segment):
                    self.start_deals(customer, source, pipeline)

    def start_deals(self, customer: Customer, source: int, pipeline: int) -> None:
        sources = self.arrays.customer_sources
        clock = self.operational(source, customer.begin)
        limit = self.operational(source, min(customer.end, float(sources.closes[source])))
        line = customer.entity ^ int(sources.entity[source])
        rate = float(self.arrays.health.rate[source, customer.health])
        if sources.differs[source]:
            w0, w1, _, _ = self.words(line, OWN)
            known = sources.own_law.shape[1] - 1
            at = customer.index if 0 <= customer.index < known else known
            drawn = quantile(self.left(int(sources.own_law[source, at])), w0, w1)
            rate *= float(sources.own_mean[source, at]) * drawn
        if rate == 0.0:
            return  # a class of customers that starts none of these deals
        tag = 2 * customer.origin + int(sources.buyer_is_new[source])
        ordinal = 0
        while clock < limit:
            w0, w1, w2, w3 = self.words(line, ordinal)
            clock += minus_log(uniform(w0, w1)) / rate
            if clock < limit and self.days(source, clock) >= sources.opens[source]:
                deal = Deal(pipeline, w2 + w3 * 2**32, tag, customer.health)
                self.begin(deal, self.days(source, clock))
            ordinal += 1

    def operational(self, row: int, t: float) -> float:
        clocks = self.arrays.speed_clocks
        cell = int(clocks.day_cell[row, int(t)])
        since = t - float(clocks.edges[row, cell])
        return float(clocks.cumulative[row, cell]) + float(clocks.speed[row, cell]) * since

    def days(self, row: int, clock: float) -> float:
        clocks = self.arrays.speed_clocks
        cell = bisect_right([float(c) for c in clocks.cumulative[row]], clock) - 1
        since = clock - float(clocks.cumulative[row, cell])
        return float(clocks.edges[row, cell]) + since * float(clocks.days_per_unit[row, cell])

    def begin(self, deal: Deal, day: float) -> None:
        """Let a deal enter its pipeline; from then on it may carry the time of a clock."""
        t, pieces = day, self.arrays.pieces
        carried = int(self.arrays.pipelines.clock[deal.pipeline])
        if carried >= 0:
            deal.piece = int(pieces.day_piece[int(day)])
            t = self.operational(int(pieces.row[carried]), day)
        self.enter(deal, self.first_stage(deal.pipeline), t)

    def visit_end(self, deal: Deal, stage: int, t: float, cycle_time: float) -> float:
        """When a visit entered at t ends, by the stage's pace; at the latest at the end."""
        if deal.piece >= 0:
            end = t + cycle_time
            if end > t:  # what takes no time stays in its piece
                clock = self.arrays.pieces.clock[self.arrays.pipelines.clock[deal.pipeline]]
                deal.piece = bisect_right([float(c) for c in clock[:-1]], end) - 1
            return end
        row = int(self.arrays.stages.pace[stage])
        return t + cycle_time if row < 0 else self.moved(row, t, cycle_time)

    def moved(self, row: int, t: float, passed: float) -> float:
        """When a clock has gone so far since t; at the latest at the end."""
        if passed == 0.0:
            return t
        clock = self.operational(row, t) + passed
        if clock >= self.arrays.speed_clocks.cumulative[row, -1]:
            return float(self.arrays.clock.end)
        return max(t, self.days(row, clock))

    def day_within(self, deal: Deal, clock: float) -> float:
        """The day on which a deal's clock shows this, within the deal's piece."""
        pieces, clocks = self.arrays.pieces, self.arrays.speed_clocks
        row = int(pieces.row[self.arrays.pipelines.clock[deal.pipeline]])
        begin, end = float(pieces.day[deal.piece]), float(pieces.day[deal.piece + 1])
        cell = int(clocks.day_cell[row, int(begin)])
        since = clock - float(clocks.cumulative[row, cell])
        day = float(clocks.edges[row, cell]) + since * float(clocks.days_per_unit[row, cell])
        return min(max(day, begin), end * (1.0 - 2.0**-52))

    def first_stage(self, pipeline: int) -> int:
        return int(self.arrays.pipelines.first_stage[pipeline])

    def enter(self, deal: Deal, stage: int, t: float) -> None:
        if self.before_end(t, deal.piece):
            self.flows[self.period(t, deal.piece), stage, 0] += 1
            self.walk(deal, stage, t)

    def open_deal(self, index: int) -> None:
        opened = self.arrays.open_deals
        stage = int(np.searchsorted(opened.first, index, side="right")) - 1
        pipeline = int(np.searchsorted(self.arrays.pipelines.first_stage, stage, side="right")) - 1
        group = opened.group[index]
        amount = int(opened.amount[index]) if opened.amount[index] >= 0 else None
        deal = Deal(pipeline, int(opened.entity[index]), int(opened.tag[index]), amount=amount)
        deal.visits = dict.fromkeys(range(self.first_stage(pipeline), stage + 1), 1)
        deal.piece = 0 if self.arrays.pipelines.clock[pipeline] >= 0 else -1
        self.stage_entries += 1
        age = float(opened.age[group])
        aged = self.aged_anew if self.arrays.stages.aged_anew[stage] else self.aged
        outcome, left = aged(deal, stage, int(group))
        self.leave(deal, stage, outcome, self.visit_end(deal, stage, 0.0, left), begun=-age)

    def aged(self, deal: Deal, stage: int, group: int) -> tuple[int, float]:
        """Draw outcome and time left."""
        opened = self.arrays.open_deals
        w0, w1, w2, w3 = self.words(deal.entity, int(self.arrays.stages.purpose[stage]))
        outcome = sum(uniform(w0, w1) >= float(bound) for bound in opened.outcomes[group])
        return outcome, quantile(self.left(int(opened.law[group, outcome])), w2, w3)

    def aged_anew(self, deal: Deal, stage: int, group: int) -> tuple[int, float]:
        """Draw them by the world's own laws: P(k | a) is proportional to p_k S_k(a)."""
        stages, age = self.arrays.stages, float(self.arrays.open_deals.age[group])
        w0, w1, w2, w3 = self.words(deal.entity, int(stages.purpose[stage]))
        laws, scales = list(map(int, stages.law[stage])), list(map(float, stages.scale[stage]))
        tables, chances = self.arrays.tables, self.chances(stage)
        deep = [depth_at(tables, law, age / s) for law, s in zip(laws, scales, strict=True)]
        top = min(d for d, chance in zip(deep, chances, strict=True) if chance > 0.0)
        weights = [
            chance * math.exp(top - d) if chance > 0.0 and d < math.inf else 0.0
            for chance, d in zip(chances, deep, strict=True)
        ]
        total = sum(weights)
        bounds = [sum(weights[: k + 1]) / total if total > 0.0 else 0.0 for k in range(STUCK)]
        if chances[STUCK] == 0.0 and total > 0.0:
            bounds = [1.0 if sum(weights[: k + 1]) >= total else b for k, b in enumerate(bounds)]
        outcome = sum(uniform(w0, w1) >= bound for bound in bounds)
        further = deep[outcome] + minus_log(1.0 - uniform(w2, w3))
        whole = scales[outcome] * value_at(tables, laws[outcome], further)
        return outcome, max(whole - age, 0.0)

    def chances(self, stage: int) -> list[float]:
        """Probabilities of the outcomes of a visit that begins at the start."""
        stages = self.arrays.stages
        slips, least = map(float, stages.slip[stage])
        advances, stays = float(stages.conversion[stage, 0]), 1.0 - slips
        shares = [0.0, *(min(float(share), 1.0) for share in stages.shares[stage])]
        others = [stays * (1.0 - advances) * (b - a) for a, b in pairwise(shares)]
        stuck = stays * (1.0 - advances) * (1.0 - shares[-1]) if least <= 0.0 else 0.0
        return [stays * advances, *others, slips, stuck]

    def walk(self, deal: Deal, stage: int, t: float) -> None:
        """One visit, and what follows from it."""
        stages = self.arrays.stages
        self.stage_entries += 1
        number = deal.visits.get(stage, 0)
        deal.visits[stage] = number + 1
        w0, w1, w2, w3 = self.words(deal.entity, (int(stages.purpose[stage]) + number) % 2**32)
        u = uniform(w0, w1)
        p = float(stages.conversion[stage, self.cell(t, deal.piece)])
        slips, least = map(float, stages.slip[stage])
        stays = 1.0 - slips
        bounds = [stays * p]
        bounds += [stays * (p + (1.0 - p) * float(share)) for share in stages.shares[stage]]
        bounds.append(max(bounds[-1] + slips, least))
        outcome = sum(u >= bound for bound in bounds)
        law, scale = stages.law[stage, outcome], float(stages.scale[stage, outcome])
        cycle_time = scale * quantile(self.arrays.tables.full[law], w2, w3)
        end = self.visit_end(deal, stage, t, cycle_time)
        self.leave(deal, stage, outcome, end, begun=t)

    def leave(self, deal: Deal, stage: int, outcome: int, t: float, *, begun: float) -> None:
        """Count how a visit ends, and go where that leads."""
        stages = self.arrays.stages
        if outcome == SLIP:
            days = float(stages.days_to_win[stage])
            self.slip(deal, begun + days, t + days)
        if outcome == STUCK or not self.before_end(t, deal.piece):
            return
        self.flows[self.period(t, deal.piece), stage, 1 + outcome] += 1
        target = int(stages.target[stage, outcome])
        if outcome == SLIP:
            self.walk(deal, stage, t)
        elif outcome == BACK:
            self.enter(deal, target, t)
        elif outcome == PARKED:
            purpose = int(stages.rest_purpose[stage]) + deal.visits[stage] - 1
            w0, w1, _, _ = self.words(deal.entity, purpose % 2**32)
            rest = quantile(self.arrays.tables.full[stages.rest_law[stage]], w0, w1)
            self.enter(deal, target, t + float(stages.rest_scale[stage]) * rest)
        elif outcome == ADVANCE and target == self.first_stage(deal.pipeline + 1):
            self.win(deal, t if deal.piece < 0 else self.day_within(deal, t))
        elif outcome == ADVANCE:
            self.enter(deal, target, t)

    def slip(self, deal: Deal, before: float, after: float) -> None:
        """Count a slip out of the period in which the deal was expected to close."""
        before = max(before, 0.0)
        if not self.before_end(before):
            return
        if not self.before_end(after) or self.period(after) > self.period(before):
            self.slipped[self.period(before), deal.pipeline, deal.tag // 2] += 1

    def win(self, deal: Deal, t: float) -> None:
        origin, is_new = divmod(deal.tag, 2)
        amount = deal.amount
        if amount is None:
            w0, w1, _, _ = self.words(deal.entity, AMOUNT)
            pipelines, cell = self.arrays.pipelines, self.arrays.clock.day_cell[int(t)]
            drawn = quantile(self.arrays.tables.full[pipelines.amount_law[deal.pipeline]], w0, w1)
            drawn *= float(pipelines.amount_factor[deal.pipeline, cell])
            amount = math.floor(drawn + 0.5)
        at = (self.period(t), deal.pipeline, origin)
        self.bookings[at] += amount
        self.wins[at] += 1
        if origin < len(BASE_ORIGINS):
            self.by_health[self.period(t), 1 + deal.health] += amount
        if is_new:
            self.new_customers[at] += 1
            self.new_customer(deal, t, origin)

    def new_customer(self, deal: Deal, t: float, origin: int) -> None:
        base, segment = self.arrays.base, int(self.arrays.pipelines.segment[deal.pipeline])
        w0, w1, _, _ = self.words(deal.entity, LIFETIME)
        life = quantile(self.arrays.tables.full[base.lifetime_law[segment]], w0, w1)
        life *= float(base.lifetime_scale[segment])
        feels = self.feels(deal.entity, self.arrays.health.shares[1])
        self.join(Customer(t, deal.entity, origin, segment, feels), life, pipeline=deal.pipeline)
