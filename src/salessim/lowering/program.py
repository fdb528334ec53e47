"""The Program: a model as flat arrays, each named once with its type, shape, unit and sentence.

Kernels read these NamedTuples and nothing else. Dimensions: ``p`` pipelines, ``s`` stages (of all
pipelines, one after the other), ``o`` origins, ``c`` calendar cells, ``j`` customer sources,
``g`` segments of customers.
Outcomes of a visit are numbered 0 advance, 1 lost, 2 no decision, 3 back, 4 parked, 5 slip,
6 stuck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from salessim._typing import FloatArray, Int32Array, IntArray, UIntArray


class Clock(NamedTuple):
    """Time in days from the start, and the calendars laid over it."""

    end: float
    """Nothing at or after this day is counted; a whole number of days."""
    day_period: IntArray
    """[end + 1] reporting period of a day; the last entry, for day ``end``, is the overflow bin."""
    day_cell: IntArray
    """[end + 1] calendar cell of a day: a month, cut where a conversion curve has an edge."""


class SpeedClocks(NamedTuple):
    """Clocks that run faster or slower over the calendar: operational time.

    Rows are the customer sources, in order (expected events per customer), and then the paces of
    stages (days of cycle time). Each row has cells of its own, so that none moves another, not
    even by a rounding; short rows are padded with cells of no length at the end.
    """

    day_cell: IntArray
    """[row, end + 1] cell of a day."""
    edges: FloatArray
    """[row, cell + 1] days."""
    speed: FloatArray
    """[row, cell] operational time per day."""
    days_per_unit: FloatArray
    """[row, cell] the inverse of `speed`; 0 where the clock stands still."""
    cumulative: FloatArray
    """[row, cell + 1] operational time from the start to each edge."""
    guide: IntArray
    """[row, 1025] a cell that starts no later than operational time b / guide_scale."""
    guide_scale: FloatArray
    """[row] buckets of the guide per operational time."""
    steps: IntArray
    """[row] the most cells that the guide is behind."""


class Stages(NamedTuple):
    """How deals leave each stage."""

    conversion: FloatArray
    """[s, c] probability that a deal entering in a cell advances."""
    shares: FloatArray
    """[s, 4] of those that do not advance, cumulated: lost, no decision, back, parked."""
    slip: FloatArray
    """[s, 2] probability of a slip, and the least bound above it: 2 if nothing is stuck, else 0."""
    law: IntArray
    """[s, 7] row of `Tables.full` with the time to each outcome (advance, lost, ...)."""
    pace: IntArray
    """[s] row of `SpeedClocks` that cycle times run by; -1 = the calendar."""
    purpose: UIntArray
    """[s] Philox purpose of a first visit: hash of ``pipeline.stage``; later visits count on."""
    returns: IntArray
    """[s] 1 when deals come back from here: to this stage or one before."""
    target: IntArray
    """[s, 7] stage that each outcome leads to; that of an outcome which ends the walk is 0."""
    rest_law: IntArray
    """[s] row of `Tables.full` with the rest of parked deals."""
    rest_purpose: UIntArray
    """[s] Philox purpose of the rest after a first visit."""
    days_to_win: FloatArray
    """[s] mean days from entering the stage to the win, straight on: the expected close."""


class Pipelines(NamedTuple):
    """Stages of each pipeline, and what a win is worth."""

    first_stage: IntArray
    """[p + 1] first stage of each pipeline; the last entry is the number of stages."""
    amount_law: IntArray
    """[p] row of `Tables.full` with the amount of a won deal, in hundredths of the currency."""
    segment: IntArray
    """[p] segment of the customers that wins make."""
    origins: int
    """Number of origins; a count's slot is pipeline * origins + origin."""


class Arrivals(NamedTuple):
    """External leads: sources ordered by pipeline, and a line per source and calendar month.

    A campaign that changes within a month adds a line to it for the days with more leads.
    """

    first: IntArray
    """[p + 1] first source of each pipeline, in this order ``k``."""
    source: IntArray
    """[k] index among the external sources, in the order of the plan."""
    tag: IntArray
    """[k] 2 * origin + (1 when the buyer is new)."""
    opens: FloatArray
    """[k] days; leads before are dropped (the source's ``from``)."""
    closes: FloatArray
    """[k] days; leads from here on are dropped (``until``, or the end)."""
    factor_law: IntArray
    """[k] row of `Tables.full` with the gamma factor of a month; 0 = none."""
    first_line: IntArray
    """[k + 1] first line of each source."""
    entity: UIntArray
    """[line] entity: hash of the source's name and the line's first day."""
    month: UIntArray
    """[line] entity of the month's line, which owns the gamma factor."""
    mean: FloatArray
    """[line] expected leads of the whole line."""
    start: FloatArray
    """[line] days; leads are uniform on [start, start + length)."""
    length: FloatArray
    """[line] days."""


class CustomerSources(NamedTuple):
    """Deals that active customers start, as Poisson processes in operational time.

    Source j runs by row j of `SpeedClocks`.
    """

    first: IntArray
    """[p + 1] first customer source of each pipeline."""
    entity: UIntArray
    """[j] hash of the source's name; a customer's line is its own entity XOR this."""
    opens: FloatArray
    """[j] days; deals before are dropped (the source's ``from``)."""
    closes: FloatArray
    """[j] days; no deals from here on (``until``, or the end)."""
    buyer_is_new: IntArray
    """[j] 1 when a win makes a new customer."""
    segment: IntArray
    """[j] only customers of this segment start deals; -1 = all."""


class Base(NamedTuple):
    """Customers at the start, ordered by entity, and how long new ones stay."""

    entity: UIntArray
    """[customer] hash of the customer's id."""
    law: IntArray
    """[customer] row of `Tables.residual` with the remaining lifetime in days; -1 - row of
    `Tables.full` where that is a whole law."""
    segment: IntArray
    """[customer] segment."""
    lifetime_law: IntArray
    """[g] row of `Tables.full` with a new customer's lifetime in days."""


class OpenDeals(NamedTuple):
    """Deals in progress at the start, ordered by stage and entity."""

    first: IntArray
    """[s + 1] first open deal of each stage."""
    entity: UIntArray
    """[deal] hash of the deal's id."""
    group: IntArray
    """[deal] index of its stage and age among the groups."""
    amount: IntArray
    """[deal] hundredths of the currency known at the start; -1 = drawn when won."""
    tag: IntArray
    """[deal] 2 * origin + (1 when the buyer is new); the origin is 0, ``open_deals``."""
    age: FloatArray
    """[group] days since the stage was entered or the deal last slipped."""
    outcomes: FloatArray
    """[group, 6] cumulative probabilities of the outcomes given the age, up to slip."""
    law: IntArray
    """[group, 7] row of `Tables.residual` with the remaining time to each outcome; -1 - row of
    `Tables.full` where that is a whole law."""


class Tables(NamedTuple):
    """Every law as a quantile table: (value, slope) over cells of equal probability."""

    full: FloatArray
    """[row, 2047, 2] 1,023 cells of 1/1024, then 1,024 cells that share the last 1/1024."""
    residual: FloatArray
    """[row, 511, 2] the same with 256, for laws truncated to an age."""


class Arrays(NamedTuple):
    """All that a kernel reads."""

    clock: Clock
    speed_clocks: SpeedClocks
    stages: Stages
    pipelines: Pipelines
    arrivals: Arrivals
    customer_sources: CustomerSources
    base: Base
    open_deals: OpenDeals
    tables: Tables


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a model without simulating, exact from its parameters.

    Attributes
    ----------
    stage_entries : float
        Expected stage entries of a trajectory (an upper bound when far below the limit).
    run_rate_per_month : float
        Bookings a month at the start: sum over sources and starting customers of
        rate x win rate x mean amount, in currency units.
    reproduction_number : float or None
        Expected new customers that a new customer brings over its lifetime through all sources
        with ``buyer = "new"``; None when nothing makes customers who could leave.
    has_segments : bool
        Whether customers are of several segments: the reproduction number is then the factor from
        one generation to the next, all segments together.
    logo_retention : float or None
        Expected share of the customers at the start who are still active after 12 months;
        None without customers.
    stuck_open_deals : int
        Open deals so old that they can only be stuck: no other outcome takes that long.
    """

    stage_entries: float
    run_rate_per_month: float
    reproduction_number: float | None
    logo_retention: float | None
    stuck_open_deals: int
    has_segments: bool = False


@dataclass(frozen=True, kw_only=True)
class Program:
    """A lowered model: arrays for the kernels, labels for the people, and a hash of both.

    Attributes
    ----------
    arrays : Arrays
    pipelines, stages, origins, external_sources : tuple of str
        Labels along the axes; a stage is ``pipeline.stage``; origins are ``open_deals``,
        ``customers`` and then the external sources.
    source_pipelines : tuple of int
        Pipeline index of each external source.
    open_at_start : ndarray of int32, shape (s,)
        Open deals per stage at the start.
    facts : Facts
    sha256 : str
        Hash of arrays and labels: what a run can be repeated from.
    """

    arrays: Arrays
    pipelines: tuple[str, ...]
    stages: tuple[str, ...]
    origins: tuple[str, ...]
    external_sources: tuple[str, ...]
    source_pipelines: tuple[int, ...]
    open_at_start: Int32Array
    facts: Facts
    sha256: str

    @property
    def periods(self) -> int:
        """Simulated periods."""
        return int(self.arrays.clock.day_period[-1])
