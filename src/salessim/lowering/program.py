"""The Program: a model as flat arrays, each named once with its type, shape, unit and sentence.

Kernels read these NamedTuples and nothing else. Dimensions: ``p`` pipelines, ``s`` stages (of all
pipelines, one after the other), ``o`` origins, ``c`` calendar cells, ``j`` customer sources.
Outcomes of a visit are numbered 0 advance, 1 lost, 2 no decision, 3 stuck.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from salessim._typing import FloatArray, Int32Array, IntArray, UIntArray


class Clock(NamedTuple):
    """Time in days from the start, and the two calendars laid over it."""

    end: float
    """Nothing at or after this day is counted; a whole number of days."""
    day_period: IntArray
    """[end + 1] reporting period of a day; the last entry, for day ``end``, is the overflow bin."""
    day_cell: IntArray
    """[end + 1] calendar cell of a day."""
    cell_edges: FloatArray
    """[c + 1] days; cells are calendar months."""


class Stages(NamedTuple):
    """How deals leave each stage."""

    conversion: FloatArray
    """[s, c] probability that a deal entering in a cell advances."""
    shares: FloatArray
    """[s, 2] of those that do not advance: share lost, share lost or without decision."""
    law: IntArray
    """[s, 4] row of `Tables.full` with the time to each outcome (advance, lost, ...)."""
    purpose: UIntArray
    """[s] Philox purpose of a visit: hash of ``pipeline.stage``."""


class Pipelines(NamedTuple):
    """Stages of each pipeline, and what a win is worth."""

    first_stage: IntArray
    """[p + 1] first stage of each pipeline; the last entry is the number of stages."""
    amount_law: IntArray
    """[p] row of `Tables.full` with the amount of a won deal, in hundredths of the currency."""
    origins: int
    """Number of origins; a count's slot is pipeline * origins + origin."""


class Arrivals(NamedTuple):
    """External leads: sources ordered by pipeline, and a line per source and calendar month."""

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
    first_line: IntArray
    """[k + 1] first line of each source."""
    entity: UIntArray
    """[line] entity: hash of the source's name and the month's first day."""
    mean: FloatArray
    """[line] expected leads of the whole line."""
    start: FloatArray
    """[line] days; leads are uniform on [start, start + length)."""
    length: FloatArray
    """[line] days."""


class CustomerSources(NamedTuple):
    """Deals that active customers start, as Poisson processes in operational time."""

    first: IntArray
    """[p + 1] first customer source of each pipeline."""
    entity: UIntArray
    """[j] hash of the source's name; a customer's line is its own entity XOR this."""
    rate: FloatArray
    """[j, c] events per customer and day in each cell."""
    days_per_event: FloatArray
    """[j, c] the inverse of `rate`; 0 where nothing happens."""
    cumulative: FloatArray
    """[j, c + 1] expected events per customer from the start to each cell edge."""
    guide: IntArray
    """[j, 1025] a cell that starts no later than operational time b / guide_scale."""
    guide_scale: FloatArray
    """[j] buckets of the guide per expected event."""
    opens: FloatArray
    """[j] days; deals before are dropped (the source's ``from``)."""
    closes: FloatArray
    """[j] days; no deals from here on (``until``, or the end)."""
    buyer_is_new: IntArray
    """[j] 1 when a win makes a new customer."""


class Base(NamedTuple):
    """Customers at the start, ordered by entity, and how long new ones stay."""

    entity: UIntArray
    """[customer] hash of the customer's id."""
    law: IntArray
    """[customer] row of `Tables.residual` with the remaining lifetime in days; -1 - row of
    `Tables.full` where that is a whole law."""
    lifetime_law: int
    """Row of `Tables.full` with a new customer's lifetime in days."""


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
    outcomes: FloatArray
    """[group, 3] cumulative probabilities given the age: advance, or lost, or no decision."""
    law: IntArray
    """[group, 4] row of `Tables.residual` with the remaining time to each outcome; -1 - row of
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
