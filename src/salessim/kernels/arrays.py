"""The arrays of a Program, each named once with its shape, unit and sentence.

Kernels read these NamedTuples and nothing else. Dimensions: ``p`` pipelines, ``s`` stages (of all
pipelines, one after the other), ``o`` origins, ``c`` calendar cells, ``j`` customer sources,
``g`` segments of customers, ``h`` health classes. Values are float64, indices int64, entities and
purposes uint64.
Outcomes of a visit are numbered 0 advance, 1 lost, 2 no decision, 3 back, 4 parked, 5 slip,
6 stuck.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Clock(NamedTuple):
    """Time in days from the start, and the calendars laid over it."""

    end: float
    """Nothing at or after this day is counted; a whole number of days."""
    day_period: np.ndarray
    """[end + 1] reporting period of a day; the last entry, for day ``end``, is the overflow bin."""
    day_cell: np.ndarray
    """[end + 1] calendar cell of a day: a month, cut where a conversion curve has an edge."""


class SpeedClocks(NamedTuple):
    """Clocks that run faster or slower over the calendar: operational time.

    Rows are the customer sources, in order (expected events per customer), and then the paces of
    stages (days of cycle time). Each row has cells of its own, so that none moves another, not
    even by a rounding; short rows are padded with cells of no length at the end.
    """

    day_cell: np.ndarray
    """[row, end + 1] cell of a day."""
    edges: np.ndarray
    """[row, cell + 1] days."""
    speed: np.ndarray
    """[row, cell] operational time per day."""
    days_per_unit: np.ndarray
    """[row, cell] the inverse of `speed`; 0 where the clock stands still."""
    cumulative: np.ndarray
    """[row, cell + 1] operational time from the start to each edge."""


class Pieces(NamedTuple):
    """Pieces of the calendar without an edge of a period, a calendar cell or a cell of a pace.

    Where all visits of a pipeline run by one pace, its deals carry the time that this clock shows,
    and their piece: what they meet on the way is found by comparing operational times. The piece
    after the last one is what is beyond the end.
    """

    day_piece: np.ndarray
    """[end + 1] piece of a day; day ``end`` is beyond."""
    day: np.ndarray
    """[piece + 1] days: when each piece begins; the last one is the end."""
    period: np.ndarray
    """[piece + 1] reporting period of a piece; the overflow bin for what is beyond."""
    cell: np.ndarray
    """[piece + 1] calendar cell of a piece."""
    row: np.ndarray
    """[r] row of `SpeedClocks`, for each clock ``r`` that deals carry."""
    clock: np.ndarray
    """[r, piece + 2] operational time when each piece begins; at the end; not a number.

    Nothing is at or after the last, not even what takes for ever. The lowest `NUMBER_BITS` are
    zero: at a pace of 1 less than a millionth of a day in ten years."""


class Stages(NamedTuple):
    """How deals leave each stage."""

    conversion: np.ndarray
    """[s, c] probability that a deal entering in a cell advances."""
    shares: np.ndarray
    """[s, 4] of those that do not advance, cumulated: lost, no decision, back, parked."""
    slip: np.ndarray
    """[s, 2] probability of a slip, and the least bound above it: 2 if nothing is stuck, else 0."""
    law: np.ndarray
    """[s, 7] row of `Tables.full` with the time to each outcome (advance, lost, ...)."""
    pace: np.ndarray
    """[s] row of `SpeedClocks` that cycle times run by; -1 = the calendar."""
    purpose: np.ndarray
    """[s] Philox purpose of a first visit: hash of ``pipeline.stage``; later visits count on."""
    returns: np.ndarray
    """[s] 1 when deals come back from here: to this stage or one before."""
    target: np.ndarray
    """[s, 7] stage that each outcome leads to; that of an outcome which ends the walk is 0."""
    rest_law: np.ndarray
    """[s] row of `Tables.full` with the rest of parked deals."""
    rest_purpose: np.ndarray
    """[s] Philox purpose of the rest after a first visit."""
    days_to_win: np.ndarray
    """[s] mean days from entering the stage to the win, straight on: the expected close."""
    scale: np.ndarray
    """[s, 7] factor on the time to each outcome."""
    rest_scale: np.ndarray
    """[s] factor on the rest of parked deals."""
    aged_anew: np.ndarray
    """[s] 1 when the world changes how deals leave: those open are aged by its own laws."""


class Pipelines(NamedTuple):
    """Stages of each pipeline, and what a win is worth."""

    first_stage: np.ndarray
    """[p + 1] first stage of each pipeline; the last entry is the number of stages."""
    amount_law: np.ndarray
    """[p] row of `Tables.full` with the amount of a won deal, in hundredths of the currency."""
    segment: np.ndarray
    """[p] segment of the customers that wins make."""
    amount_factor: np.ndarray
    """[p, c] factor on amounts drawn for wins in a cell."""
    clock: np.ndarray
    """[p] clock of `Pieces` that deals carry the time of; -1 = they carry days."""
    origins: int
    """Number of origins; a count's slot is pipeline * origins + origin."""


class Arrivals(NamedTuple):
    """External leads: sources ordered by pipeline, and a line per source and calendar month.

    A campaign that changes within a month adds a line to it for the days with more leads.
    """

    first: np.ndarray
    """[p + 1] first source of each pipeline, in this order ``k``."""
    source: np.ndarray
    """[k] index among the external sources, in the order of the plan."""
    tag: np.ndarray
    """[k] 2 * origin + (1 when the buyer is new)."""
    opens: np.ndarray
    """[k] days; leads before are dropped (the source's ``from``)."""
    closes: np.ndarray
    """[k] days; leads from here on are dropped (``until``, or the end)."""
    factor_law: np.ndarray
    """[k] row of `Tables.full` with the gamma factor of a month; 0 = none."""
    first_line: np.ndarray
    """[k + 1] first line of each source."""
    entity: np.ndarray
    """[line] entity: hash of the source's name and the line's first day."""
    month: np.ndarray
    """[line] entity of the month's line, which owns the gamma factor."""
    mean: np.ndarray
    """[line] expected leads of the whole line."""
    start: np.ndarray
    """[line] days; leads are uniform on [start, start + length)."""
    length: np.ndarray
    """[line] days."""


class CustomerSources(NamedTuple):
    """Deals that active customers start, as Poisson processes in operational time.

    Source j runs by row j of `SpeedClocks`.
    """

    first: np.ndarray
    """[p + 1] first customer source of each pipeline."""
    entity: np.ndarray
    """[j] hash of the source's name; a customer's line is its own entity XOR this."""
    opens: np.ndarray
    """[j] days; deals before are dropped (the source's ``from``)."""
    closes: np.ndarray
    """[j] days; no deals from here on (``until``, or the end)."""
    buyer_is_new: np.ndarray
    """[j] 1 when a win makes a new customer."""
    segment: np.ndarray
    """[j] only customers of this segment start deals; -1 = all."""
    differs: np.ndarray
    """[j] 1 when each customer has a rate of its own."""
    own_law: np.ndarray
    """[j, customer + 1] row of `Tables.residual` with the factor of each customer at the start on
    its mean rate, and last of new ones; -1 - row of `Tables.full` where that is a whole law."""
    own_mean: np.ndarray
    """[j, customer + 1] mean rate of each customer, as a factor on the source's."""


class Base(NamedTuple):
    """Customers at the start, ordered by entity, and how long new ones stay."""

    entity: np.ndarray
    """[customer] hash of the customer's id."""
    law: np.ndarray
    """[customer] row of `Tables.residual` with the remaining lifetime in days; -1 - row of
    `Tables.full` where that is a whole law."""
    segment: np.ndarray
    """[customer] segment."""
    lifetime_law: np.ndarray
    """[g] row of `Tables.full` with a new customer's lifetime in days."""
    lifetime_scale: np.ndarray
    """[g] factor on lifetimes."""
    lifetime_anew: np.ndarray
    """[g] 1 when the world changes the law: what is left at the start follows from its own."""
    tenure: np.ndarray
    """[customer] days the customer has been there at the start."""
    alive: np.ndarray
    """[customer] probability that it has not left unnoticed before the start; empty = sure."""
    clock: np.ndarray
    """[g] row of `SpeedClocks` that lifetimes run by; -1 = the calendar."""


class Health(NamedTuple):
    """Classes of customers by how they feel; one class, of factors 1, when not distinguished."""

    shares: np.ndarray
    """[2, h] cumulative shares of the customers at the start, and of new ones."""
    churn: np.ndarray
    """[h] factor on the hazard of leaving."""
    rate: np.ndarray
    """[j, h] factor on the rate of each customer source."""


class OpenDeals(NamedTuple):
    """Deals in progress at the start, ordered by stage and entity."""

    first: np.ndarray
    """[s + 1] first open deal of each stage."""
    entity: np.ndarray
    """[deal] hash of the deal's id."""
    group: np.ndarray
    """[deal] index of its stage and age among the groups."""
    amount: np.ndarray
    """[deal] hundredths of the currency known at the start; -1 = drawn when won."""
    tag: np.ndarray
    """[deal] 2 * origin + (1 when the buyer is new); the origin is 0, ``open_deals``."""
    first_group: np.ndarray
    """[s + 1] first group of each stage."""
    age: np.ndarray
    """[group] days since the stage was entered or the deal last slipped."""
    outcomes: np.ndarray
    """[group, 6] cumulative probabilities of the outcomes given the age, up to slip."""
    law: np.ndarray
    """[group, 7] row of `Tables.residual` with the remaining time to each outcome; -1 - row of
    `Tables.full` where that is a whole law."""


class Tables(NamedTuple):
    """Every law as a quantile table: (value, slope) over cells of equal probability."""

    full: np.ndarray
    """[row, 2047, 2] 1,023 cells of 1/1024, then 1,024 cells that share the last 1/1024."""
    residual: np.ndarray
    """[row, 511, 2] the same with 256, for laws truncated to an age."""
    tail: np.ndarray
    """[row of full, knot] value that the law exceeds with probability exp(-depth)."""
    depth: np.ndarray
    """[knot] rising, from where the full table becomes coarse."""


class Arrays(NamedTuple):
    """All that a kernel reads."""

    clock: Clock
    speed_clocks: SpeedClocks
    pieces: Pieces
    stages: Stages
    pipelines: Pipelines
    arrivals: Arrivals
    customer_sources: CustomerSources
    base: Base
    health: Health
    open_deals: OpenDeals
    tables: Tables


class Worlds(NamedTuple):
    """What differs between the trajectories of a chunk: these arrays of the Program, by world.

    Each has a further first axis: one row for each trajectory, or a single one for all.
    """

    conversion: np.ndarray
    aged_anew: np.ndarray
    shares: np.ndarray
    slip: np.ndarray
    law: np.ndarray
    scale: np.ndarray
    rest_law: np.ndarray
    rest_scale: np.ndarray
    amount_law: np.ndarray
    amount_factor: np.ndarray
    mean: np.ndarray
    """Of `Arrivals`."""
    factor_law: np.ndarray
    speed: np.ndarray
    days_per_unit: np.ndarray
    cumulative: np.ndarray
    piece_clock: np.ndarray
    """`clock` of `Pieces`."""
    lifetime_law: np.ndarray
    lifetime_scale: np.ndarray
    lifetime_anew: np.ndarray
    health_shares: np.ndarray
    health_churn: np.ndarray
    health_rate: np.ndarray


class Inputs(NamedTuple):
    """What worlds are drawn from: ``k`` uncertain numbers, ``n`` shocks by ``m`` months.

    A factor is exp(coefficient x + offset) of a source x: the step of a number (its logarithmic
    distance from the middle), or the level of a shock in a month.
    """

    entity: np.ndarray
    """[k] hash of the number's address."""
    mixing: np.ndarray
    """[k, k] lower triangular: rows make correlated scores of independent ones."""
    steps: np.ndarray
    """[k, 2 * half + 1] step at evenly spaced scores from -`farthest` to `farthest`."""
    farthest: float
    month: np.ndarray
    """[n, m] hash of the shock's name and the month."""
    persistence: np.ndarray
    """[n] from a month's level to the next one's."""
    opening: np.ndarray
    """[n, n] lower triangular: the first levels from independent scores."""
    renewal: np.ndarray
    """[n, n] lower triangular: what later months add to them."""
    source: np.ndarray
    """[factor] index of x: numbers first, then shock * m + month."""
    coefficient: np.ndarray
    """[factor]"""
    offset: np.ndarray
    """[factor]"""


class Draws(NamedTuple):
    """How the inputs are drawn: a seed for each, or the score at which it is held (else NaN)."""

    number_seed: np.ndarray
    number_held: np.ndarray
    shock_seed: np.ndarray
    shock_held: np.ndarray
