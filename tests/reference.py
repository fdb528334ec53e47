"""The walk again, deal by deal, in slow and obvious Python on the same Program.

It shares no code with the kernels: Philox in Python's integers, counts from scipy, the logarithm
from the published formula. What it returns must equal a kernel's trajectory bit for bit.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import poisson

from salessim.lowering.program import Program

COUNT, LIFETIME, AMOUNT, FACTOR = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFC
ADVANCE, LOST, NO_DECISION, BACK, PARKED, SLIP, STUCK = range(7)


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 (Salmon et al., SC'11)."""
    c, k = list(counter), list(key)
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c[0], 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c[2], 2**32)
        c = [high1 ^ c[1] ^ k[0], low1, high0 ^ c[3] ^ k[1], low0]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c[0], c[1], c[2], c[3]


def minus_log(u: float) -> float:
    """-log(u) as fdlibm's e_log.c has it: u = 2^k (1 + f), then a polynomial in s = f / (2 + f)."""
    m, k = math.frexp(u)
    if m < float.fromhex("0x1.6a09ep-1"):
        m, k = 2 * m, k - 1
    if m >= float.fromhex("0x1.6a09ep+0"):
        m, k = m / 2, k + 1
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    lg = [
        6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
        2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
        1.479819860511658591e-01,
    ]  # fmt: skip
    t1 = w * (lg[1] + w * (lg[3] + w * lg[5]))
    t2 = z * (lg[0] + w * (lg[2] + w * (lg[4] + w * lg[6])))
    half = 0.5 * f * f
    return (
        (half - (s * (half + (t1 + t2)) + k * 1.90821492927058770002e-10))
        - f
        - (k * 6.93147180369123816490e-01)
    )


def uniform(high: int, low: int) -> float:
    return (high * 2**20 + low // 2**12 + 0.5) / 2.0**52


def quantile(table: np.ndarray, high: int, low: int) -> float:
    """Value of a quantile table of N - 1 cells, then N sub-cells of the last one."""
    n = (table.shape[0] + 1) // 2
    cell, rest, width = high // (2**32 // n), high % (2**32 // n), 2**32 // n
    if cell == n - 1:
        width = 2**32 // n // n
        cell, rest = n - 1 + rest // width, rest % width
    share = (rest + low / 2.0**32) / width
    return float(table[cell, 0]) + float(table[cell, 1]) * share


@dataclass
class Deal:
    """A deal on its way, and how often it has visited each stage."""

    pipeline: int
    entity: int
    tag: int
    amount: int | None = None
    visits: dict[int, int] = field(default_factory=dict)


class Trajectory:
    """One trajectory, walked deal by deal and customer by customer."""

    def __init__(self, program: Program, *, seed: int, trajectory: int) -> None:
        self.program, self.arrays = program, program.arrays
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
        self.stage_entries = 0
        self.customers: list[tuple[float, float, int, int, int]] = []
        self.run()

    def words(self, entity: int, purpose: int) -> tuple[int, int, int, int]:
        counter = (entity % 2**32, entity // 2**32, self.trajectory, purpose)
        return philox(counter, self.key)

    def period(self, t: float) -> int:
        return int(self.arrays.clock.day_period[int(t)])

    def before_end(self, t: float) -> bool:
        return t < self.arrays.clock.end

    def run(self) -> None:
        self.settle_base()
        for pipeline in range(len(self.program.pipelines)):
            self.external_leads(pipeline)
        for deal in range(self.arrays.open_deals.entity.size):
            self.open_deal(deal)
        while self.customers:
            self.live(*self.customers.pop())

    def settle_base(self) -> None:
        base = self.arrays.base
        for entity, law, segment in zip(base.entity, base.law, base.segment, strict=True):
            high, low, _, _ = self.words(int(entity), LIFETIME)
            end = quantile(self.left(int(law)), high, low)
            self.leaves(end, pipeline=0, origin=1)
            self.customers.append((0.0, end, int(entity), 1, int(segment)))

    def left(self, law: int) -> np.ndarray:
        """Table of what is left of a law; a whole law at age 0 and without memory."""
        tables = self.arrays.tables
        return tables.full[-1 - law] if law < 0 else tables.residual[law]

    def leaves(self, end: float, *, pipeline: int, origin: int) -> None:
        if self.before_end(end):
            self.lost_customers[self.period(end), pipeline, origin] += 1

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
                        self.new_deal(pipeline, t, w2 + w3 * 2**32, int(arrivals.tag[k]))

    def live(self, begin: float, end: float, entity: int, origin: int, segment: int) -> None:
        """Start the deals of one customer."""
        sources = self.arrays.customer_sources
        for pipeline in range(len(self.program.pipelines)):
            for source in range(sources.first[pipeline], sources.first[pipeline + 1]):
                if sources.segment[source] not in (-1, segment):
                    continue
                clock = self.operational(source, begin)
                limit = self.operational(source, min(end, float(sources.closes[source])))
                line = entity ^ int(sources.entity[source])
                ordinal = 0
                while clock < limit:
                    w0, w1, w2, w3 = self.words(line, ordinal)
                    clock += minus_log(uniform(w0, w1))
                    if clock < limit and self.days(source, clock) >= sources.opens[source]:
                        tag = 2 * origin + int(sources.buyer_is_new[source])
                        self.new_deal(pipeline, self.days(source, clock), w2 + w3 * 2**32, tag)
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

    def visit_end(self, stage: int, t: float, cycle_time: float) -> float:
        """When a visit entered at t ends, by the stage's pace; at the latest at the end."""
        row = int(self.arrays.stages.pace[stage])
        if row < 0 or cycle_time == 0.0:
            return t + cycle_time
        clock = self.operational(row, t) + cycle_time
        if clock >= self.arrays.speed_clocks.cumulative[row, -1]:
            return float(self.arrays.clock.end)
        return max(t, self.days(row, clock))

    def new_deal(self, pipeline: int, t: float, entity: int, tag: int) -> None:
        self.enter(Deal(pipeline, entity, tag), self.first_stage(pipeline), t)

    def first_stage(self, pipeline: int) -> int:
        return int(self.arrays.pipelines.first_stage[pipeline])

    def enter(self, deal: Deal, stage: int, t: float) -> None:
        if self.before_end(t):
            self.flows[self.period(t), stage, 0] += 1
            self.walk(deal, stage, t)

    def open_deal(self, index: int) -> None:
        opened = self.arrays.open_deals
        stage = int(np.searchsorted(opened.first, index, side="right")) - 1
        pipeline = int(np.searchsorted(self.arrays.pipelines.first_stage, stage, side="right")) - 1
        group = opened.group[index]
        amount = int(opened.amount[index]) if opened.amount[index] >= 0 else None
        deal = Deal(pipeline, int(opened.entity[index]), int(opened.tag[index]), amount)
        deal.visits = dict.fromkeys(range(self.first_stage(pipeline), stage + 1), 1)
        w0, w1, w2, w3 = self.words(deal.entity, int(self.arrays.stages.purpose[stage]))
        outcome = sum(uniform(w0, w1) >= c for c in opened.outcomes[group])
        self.stage_entries += 1
        left = quantile(self.left(int(opened.law[group, outcome])), w2, w3)
        t = self.visit_end(stage, 0.0, left)
        self.leave(deal, stage, outcome, t, begun=-float(opened.age[group]))

    def walk(self, deal: Deal, stage: int, t: float) -> None:
        """One visit, and what follows from it."""
        stages = self.arrays.stages
        self.stage_entries += 1
        number = deal.visits.get(stage, 0)
        deal.visits[stage] = number + 1
        w0, w1, w2, w3 = self.words(deal.entity, (int(stages.purpose[stage]) + number) % 2**32)
        u = uniform(w0, w1)
        p = float(stages.conversion[stage, self.arrays.clock.day_cell[int(t)]])
        slips, least = map(float, stages.slip[stage])
        stays = 1.0 - slips
        bounds = [stays * p]
        bounds += [stays * (p + (1.0 - p) * float(share)) for share in stages.shares[stage]]
        bounds.append(max(bounds[-1] + slips, least))
        outcome = sum(u >= bound for bound in bounds)
        cycle_time = quantile(self.arrays.tables.full[stages.law[stage, outcome]], w2, w3)
        end = self.visit_end(stage, t, cycle_time)
        self.leave(deal, stage, outcome, end, begun=t)

    def leave(self, deal: Deal, stage: int, outcome: int, t: float, *, begun: float) -> None:
        """Count how a visit ends, and go where that leads."""
        stages = self.arrays.stages
        if outcome == SLIP:
            days = float(stages.days_to_win[stage])
            self.slip(deal, begun + days, t + days)
        if outcome == STUCK or not self.before_end(t):
            return
        self.flows[self.period(t), stage, 1 + outcome] += 1
        target = int(stages.target[stage, outcome])
        if outcome == SLIP:
            self.walk(deal, stage, t)
        elif outcome == BACK:
            self.enter(deal, target, t)
        elif outcome == PARKED:
            purpose = int(stages.rest_purpose[stage]) + deal.visits[stage] - 1
            w0, w1, _, _ = self.words(deal.entity, purpose % 2**32)
            rest = quantile(self.arrays.tables.full[stages.rest_law[stage]], w0, w1)
            self.enter(deal, target, t + rest)
        elif outcome == ADVANCE and target == self.first_stage(deal.pipeline + 1):
            self.win(deal, t)
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
            law = self.arrays.pipelines.amount_law[deal.pipeline]
            amount = math.floor(quantile(self.arrays.tables.full[law], w0, w1) + 0.5)
        at = (self.period(t), deal.pipeline, origin)
        self.bookings[at] += amount
        self.wins[at] += 1
        if is_new:
            self.new_customers[at] += 1
            segment = int(self.arrays.pipelines.segment[deal.pipeline])
            w0, w1, _, _ = self.words(deal.entity, LIFETIME)
            law = self.arrays.base.lifetime_law[segment]
            end = t + quantile(self.arrays.tables.full[law], w0, w1)
            self.leaves(end, pipeline=deal.pipeline, origin=origin)
            self.customers.append((t, end, deal.entity, origin, segment))
