"""What is there at the start: open deals given their age, customers given their tenure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray, UIntArray
from salessim.errors import SalessimError
from salessim.kernels.arrays import Base, OpenDeals, Tables
from salessim.kernels.layout import FULL_BITS, OUTCOMES, RESIDUAL_BITS
from salessim.lowering.entities import entity
from salessim.lowering.tables import NEVER_DAYS, TAIL_DEPTHS, law_tail, never_table, quantile_table
from salessim.model.law import Law
from salessim.model.plan import Customers, Model, Stage

SMALLEST_LOG_SURVIVAL = -640.0
"""Below exp(-640) a survival probability has lost its digits: nothing is left to draw from."""


class Roster(NamedTuple):
    """The customers at the start by their identities, rising: the order of the file has no say."""

    entities: UIntArray
    order: IntArray
    """Which customer of the model each is."""


class TableBank:
    """Quantile tables collected while lowering; a law used twice is one table."""

    def __init__(self) -> None:
        # Row 0 is *never*: the time of a stuck deal.
        self.full = [never_table(bits=FULL_BITS)]
        self.residual = [never_table(bits=RESIDUAL_BITS)]
        self.tail = [np.full(TAIL_DEPTHS.size, NEVER_DAYS)]
        self._rows: dict[tuple[Law, float, str], int] = {}

    def fresh(self, law: Law | None, *, scale: float = 1.0) -> int:
        """Return the row of a whole law among the full tables; 0, never, without one."""
        if law is None:
            return 0
        key = (law, scale, "full")
        if key not in self._rows:
            self.full.append(quantile_table(law, bits=FULL_BITS, scale=scale))
            self.tail.append(scale * law_tail(law))
            self._rows[key] = len(self.full) - 1
        return self._rows[key]

    def left(self, law: Law, *, age: float, log_survival: float) -> int:
        """Return the row of what is left of a law at an age, among the residual tables.

        At age 0, and at any age without memory, that is the whole law: -1 - its row among the
        full ones.
        """
        if age == 0.0 or law.is_memoryless:
            return -1 - self.fresh(law)
        key = (law, age, "residual")
        if key not in self._rows:
            survival = float(np.exp(log_survival))
            table = quantile_table(law, bits=RESIDUAL_BITS, survival=survival, offset=age)
            self.residual.append(table)
            self._rows[key] = len(self.residual) - 1
        return self._rows[key]

    def coarse(self, law: Law) -> int:
        """Return the row of a whole law among the residual tables: for laws that are many."""
        key = (law, 1.0, "coarse")
        if key not in self._rows:
            self.residual.append(quantile_table(law, bits=RESIDUAL_BITS))
            self._rows[key] = len(self.residual) - 1
        return self._rows[key]

    def tables(self) -> Tables:
        """Return all tables."""
        return Tables(
            full=np.stack(self.full),
            residual=np.stack(self.residual),
            tail=np.stack(self.tail),
            depth=TAIL_DEPTHS.copy(),
        )


def outcome_probabilities(stage: Stage, conversion: float) -> list[float]:
    """Probabilities of the outcomes of a visit, given its conversion (of those that do not slip).

    ``conversion`` is the stage's own, moved by curves.
    """
    slips = stage.slip.probability if stage.slip else 0.0
    stays = (1.0 - slips) * (1.0 - conversion)
    others = (stage.no_decision, stage.back, stage.parked)
    return [
        (1.0 - slips) * conversion,
        stays * stage.lost_share,
        *(stays * other.share if other else 0.0 for other in others),
        slips,
        stays * stage.stuck_share,
    ]


def outcome_laws(stage: Stage) -> list[Law | None]:
    """Laws of the time to each outcome; that of an outcome which does not exist is None."""
    others = (stage.no_decision, stage.back, stage.parked)
    return [
        stage.cycle_time,
        stage.loss_time,
        *(other.after if other else None for other in others),
        stage.slip.by if stage.slip else None,
        None,
    ]


def is_possible(law: Law | None, log_survival: float) -> bool:
    """Whether a law can still be at work at an age: a law without memory always can."""
    return law is None or law.is_memoryless or log_survival > SMALLEST_LOG_SURVIVAL


def _log_survival(law: Law | None, age: float) -> float:
    # At age 0 a deal is fresh: nothing is known, not even that an instant step took any time.
    if law is None or age == 0.0:
        return 0.0
    return float(law.log_survival(np.array([age]))[0])


class _Aged(NamedTuple):
    """How a deal of some age may leave its stage."""

    outcomes: list[float]
    """Cumulative probabilities, up to slip."""
    rows: list[int]
    """Residual law of each outcome."""


def _outcomes_given_age(stage: Stage, conversion: float, age: float, bank: TableBank) -> _Aged:
    """P(k | a) proportional to p_k S_k(a), cumulated, and the residual law of each outcome."""
    probabilities, laws = outcome_probabilities(stage, conversion), outcome_laws(stage)
    logs = [_log_survival(law, age) for law in laws]
    rows = [0] * OUTCOMES
    possible = [
        p > 0.0 and is_possible(law, log)
        for p, law, log in zip(probabilities, laws, logs, strict=True)
    ]
    if not any(possible):
        return _Aged([0.0] * (OUTCOMES - 1), rows)
    top = max(log for log, may in zip(logs, possible, strict=True) if may)
    weights = np.zeros(OUTCOMES)
    for k, law in enumerate(laws):
        if possible[k]:
            weights[k] = probabilities[k] * np.exp(logs[k] - top)
            if law is not None:
                rows[k] = bank.left(law, age=age, log_survival=logs[k])
    cumulative = np.cumsum(weights / weights.sum())
    if probabilities[-1] == 0.0:
        # Rounding must not leave a sliver of probability for an outcome that does not exist.
        cumulative[np.flatnonzero(weights)[-1] :] = 1.0
    return _Aged([float(c) for c in cumulative[:-1]], rows)


def lower_open_deals(
    model: Model, conversion: FloatArray, bank: TableBank
) -> tuple[OpenDeals, IntArray, int]:
    """Return the open deals, their number per stage, and how many are too old to ever move.

    ``conversion`` is that of each stage on the first day.
    """
    stages = {f"{p.name}.{stage.name}": stage for p in model.pipelines for stage in p.stages}
    names = list(stages)
    given = model.open_deals
    ids = given.ids if given else ()
    stage = np.array([names.index(name) for name in given.stages] if given else [], np.int64)
    entities = np.array([entity("deal", name) for name in ids], np.uint64)
    # Ordered by stage and identity: the order of the input rows leaves no trace.
    order = np.lexsort((entities, stage))
    stage = stage[order]
    ages = given.age_days[order] if given else np.zeros(0)
    amounts = given.amounts[order] if given else np.zeros(0)
    is_new = given.buyer_is_new[order] if given else np.zeros(0, bool)
    groups, group = np.unique(np.stack([stage, ages]), axis=1, return_inverse=True)
    lowered = [
        _outcomes_given_age(stages[names[k]], float(conversion[k]), float(age), bank)
        for k, age in zip(groups[0].astype(int), groups[1], strict=True)
    ]
    never = np.array([max(aged.outcomes) == 0.0 for aged in lowered], bool)
    counts = np.bincount(stage, minlength=len(names))
    first_group = np.searchsorted(groups[0], np.arange(len(names) + 1))
    deals = OpenDeals(
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        entity=entities[order],
        group=group.reshape(-1).astype(np.int64),
        amount=np.where(np.isnan(amounts), -1, np.floor(np.nan_to_num(amounts) * 100 + 0.5)).astype(
            np.int64
        ),
        tag=is_new.astype(np.int64),
        first_group=first_group.astype(np.int64),
        age=groups[1],
        outcomes=np.array([a.outcomes for a in lowered], float).reshape(-1, OUTCOMES - 1),
        law=np.array([a.rows for a in lowered], np.int64).reshape(-1, OUTCOMES),
    )
    return deals, counts, int(never[deals.group].sum())


def roster_of(customers: Customers | None) -> Roster:
    """Return the customers at the start in the order of `Base`."""
    ids = customers.ids if customers else ()
    entities = np.array([entity("customer", name) for name in ids], np.uint64)
    order = np.argsort(entities)
    return Roster(entities[order], order)


def lower_base(
    customers: Customers | None, roster: Roster, *, clock: Sequence[int], bank: TableBank
) -> Base:
    """Return the customers at the start, each with the law of what is left of its lifetime.

    ``roster`` are their identities; ``clock`` is the row of `SpeedClocks` of each segment.

    Raises
    ------
    SalessimError
        When a tenure is longer than any lifetime the law allows.
    """
    if customers is None:
        none = np.zeros(0, np.int64)
        return Base(
            entity=roster.entities,
            law=none,
            segment=none,
            lifetime_law=np.array([bank.fresh(None)]),
            lifetime_scale=np.ones(1),
            lifetime_anew=np.zeros(1, np.int64),
            tenure=np.zeros(0),
            alive=np.zeros(0),
            clock=np.array([-1], np.int64),
        )
    entities, order = roster
    size = len(customers.ids)
    tenure = np.zeros(size) if customers.tenure_days is None else customers.tenure_days[order]
    segment = np.zeros(size, np.int64)
    if customers.segment_of is not None:
        segment = customers.segment_of[order].astype(np.int64)
    lifetimes = [each.lifetime for each in customers.segments] or [customers.lifetime]
    law = np.zeros(size, np.int64)
    for index, lifetime in enumerate(lifetimes):
        there = segment == index
        law[there] = _lifetimes_left(lifetime, tenure[there], bank)
    return Base(
        entity=entities,
        law=law,
        segment=segment,
        lifetime_law=np.array([bank.fresh(lifetime) for lifetime in lifetimes]),
        lifetime_scale=np.ones(len(lifetimes)),
        lifetime_anew=np.zeros(len(lifetimes), np.int64),
        tenure=tenure,
        alive=np.zeros(0) if customers.alive is None else customers.alive[order],
        clock=np.array(clock, np.int64),
    )


def _lifetimes_left(lifetime: Law, tenure: FloatArray, bank: TableBank) -> IntArray:
    """Return the row of what is left of each customer's lifetime."""
    ages, group = np.unique(tenure, return_inverse=True)
    rows = []
    for age in ages:
        log_survival = _log_survival(lifetime, float(age))
        if not is_possible(lifetime, log_survival):
            count = int((tenure >= age).sum())
            raise SalessimError(
                f"customers.lifetime: {count} customers have been there for {age:,.0f} days or "
                "more, longer than this law ever lets a customer stay "
                f"({lifetime.describe()}): use a law with a longer tail"
            )
        rows.append(bank.left(lifetime, age=float(age), log_survival=log_survival))
    return np.array(rows, np.int64)[group.reshape(-1)]
