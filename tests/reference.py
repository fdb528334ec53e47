"""The walk again, deal by deal, in slow and obvious Python on the same Program.

It shares no code with the kernels: Philox in Python's integers, counts from scipy, the logarithm
from the published formula. What it returns must equal a kernel's trajectory bit for bit.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
from scipy.stats import poisson

from salessim.lowering.program import Program

COUNT, LIFETIME, AMOUNT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
ADVANCE, STUCK = 0, 3


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
        self.flows = np.zeros((program.periods, len(program.stages), 4), np.int64)
        self.stage_entries = 0
        self.customers: list[tuple[float, float, int, int]] = []
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
        for entity, law in zip(base.entity, base.law, strict=True):
            high, low, _, _ = self.words(int(entity), LIFETIME)
            end = quantile(self.left(int(law)), high, low)
            self.join(0.0, end, int(entity), pipeline=0, origin=1)

    def left(self, law: int) -> np.ndarray:
        """Table of what is left of a law; a whole law at age 0 and without memory."""
        tables = self.arrays.tables
        return tables.full[-1 - law] if law < 0 else tables.residual[law]

    def join(self, begin: float, end: float, entity: int, *, pipeline: int, origin: int) -> None:
        if self.before_end(end):
            self.lost_customers[self.period(end), pipeline, origin] += 1
        self.customers.append((begin, end, entity, origin))

    def external_leads(self, pipeline: int) -> None:
        arrivals = self.arrays.arrivals
        for k in range(arrivals.first[pipeline], arrivals.first[pipeline + 1]):
            for line in range(arrivals.first_line[k], arrivals.first_line[k + 1]):
                entity = int(arrivals.entity[line])
                high, low, _, _ = self.words(entity, COUNT)
                count = int(poisson.ppf(uniform(high, low), arrivals.mean[line]))
                for ordinal in range(count):
                    w0, w1, w2, w3 = self.words(entity, ordinal)
                    t = float(arrivals.start[line] + arrivals.length[line] * uniform(w0, w1))
                    if arrivals.opens[k] <= t < arrivals.closes[k]:
                        self.leads[self.period(t), arrivals.source[k]] += 1
                        self.new_deal(pipeline, t, w2 + w3 * 2**32, int(arrivals.tag[k]))

    def live(self, begin: float, end: float, entity: int, origin: int) -> None:
        """Start the deals of one customer."""
        sources = self.arrays.customer_sources
        for pipeline in range(len(self.program.pipelines)):
            for source in range(sources.first[pipeline], sources.first[pipeline + 1]):
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

    def operational(self, source: int, t: float) -> float:
        clock, sources = self.arrays.clock, self.arrays.customer_sources
        cell = int(clock.day_cell[int(t)])
        since = t - float(clock.cell_edges[cell])
        return float(sources.cumulative[source, cell]) + float(sources.rate[source, cell]) * since

    def days(self, source: int, clock: float) -> float:
        sources = self.arrays.customer_sources
        cell = bisect_right([float(c) for c in sources.cumulative[source]], clock) - 1
        since = clock - float(sources.cumulative[source, cell])
        days = since * float(sources.days_per_event[source, cell])
        return float(self.arrays.clock.cell_edges[cell]) + days

    def new_deal(self, pipeline: int, t: float, entity: int, tag: int) -> None:
        first = int(self.arrays.pipelines.first_stage[pipeline])
        if self.before_end(t):
            self.flows[self.period(t), first, 0] += 1
        self.walk(pipeline, first, t, entity, tag, None)

    def open_deal(self, deal: int) -> None:
        opened = self.arrays.open_deals
        stage = int(np.searchsorted(opened.first, deal, side="right")) - 1
        pipeline = int(np.searchsorted(self.arrays.pipelines.first_stage, stage, side="right")) - 1
        group = opened.group[deal]
        entity, tag = int(opened.entity[deal]), int(opened.tag[deal])
        amount = int(opened.amount[deal]) if opened.amount[deal] >= 0 else None
        w0, w1, w2, w3 = self.words(entity, int(self.arrays.stages.purpose[stage]))
        outcome = sum(uniform(w0, w1) >= c for c in opened.outcomes[group])
        self.stage_entries += 1
        t = quantile(self.left(int(opened.law[group, outcome])), w2, w3)
        if self.leave(stage, t, outcome):
            self.walk(pipeline, stage + 1, t, entity, tag, amount)

    def walk(
        self, pipeline: int, stage: int, t: float, entity: int, tag: int, amount: int | None
    ) -> None:
        """Walk from a stage's entry to the end of the pipeline."""
        stages = self.arrays.stages
        while stage < self.arrays.pipelines.first_stage[pipeline + 1]:
            self.stage_entries += 1
            w0, w1, w2, w3 = self.words(entity, int(stages.purpose[stage]))
            u = uniform(w0, w1)
            p = float(stages.conversion[stage, self.arrays.clock.day_cell[int(t)]])
            bounds = [p, *(p + (1.0 - p) * float(share) for share in stages.shares[stage])]
            outcome = sum(u >= bound for bound in bounds)
            t += quantile(self.arrays.tables.full[stages.law[stage, outcome]], w2, w3)
            if not self.leave(stage, t, outcome):
                return
            stage += 1
        self.win(pipeline, t, entity, tag, amount)

    def leave(self, stage: int, t: float, outcome: int) -> bool:
        """Count how a visit ends; return whether the deal advances before the end."""
        if outcome == STUCK or not self.before_end(t):
            return False
        period = self.period(t)
        self.flows[period, stage, 1 + outcome] += 1
        is_last = stage + 1 in self.arrays.pipelines.first_stage
        if outcome == ADVANCE and not is_last:
            self.flows[period, stage + 1, 0] += 1
        return outcome == ADVANCE

    def win(self, pipeline: int, t: float, entity: int, tag: int, amount: int | None) -> None:
        origin, is_new = divmod(tag, 2)
        if amount is None:
            w0, w1, _, _ = self.words(entity, AMOUNT)
            law = self.arrays.pipelines.amount_law[pipeline]
            amount = math.floor(quantile(self.arrays.tables.full[law], w0, w1) + 0.5)
        at = (self.period(t), pipeline, origin)
        self.bookings[at] += amount
        self.wins[at] += 1
        if is_new:
            self.new_customers[at] += 1
            w0, w1, _, _ = self.words(entity, LIFETIME)
            table = self.arrays.tables.full[self.arrays.base.lifetime_law]
            life = quantile(table, w0, w1)
            self.join(t, t + life, entity, pipeline=pipeline, origin=origin)
