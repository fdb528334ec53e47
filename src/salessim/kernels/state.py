"""What a worker owns while it walks: deals, customers and counts, in arrays that are used again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from salessim.kernels.layout import FLOWS, MOST_RETURNS, OUTCOME_BITS, OUTCOMES, STRIP

BUCKETS_OF_CLOCKS = 128
BUCKETS_OF_PIECES = 1024
"""More, as pieces may be a day long: with two in a bucket every visit is compared twice."""


class Deals(NamedTuple):
    """The live deals of one pipeline and generation, side by side."""

    time: np.ndarray
    """[deal] when the deal enters the stage at hand: days, or what the clock it carries shows."""
    entity: np.ndarray
    """[deal] uint64 identity, the key of its draws."""
    tag: np.ndarray
    """[deal] origin, buyer, known amount, place among returns or piece, as `layout` says."""


class Customers(NamedTuple):
    """Customers of a trajectory, in order of generation."""

    begin: np.ndarray
    """[customer] days; 0 for those at the start."""
    end: np.ndarray
    """[customer] days; when the lifetime is over, possibly after the end."""
    entity: np.ndarray
    """[customer] uint64: the id's hash, or the entity of the deal won."""
    slot: np.ndarray
    """[customer] pipeline * origins + origin: where the customer is counted."""
    origin: np.ndarray
    """[customer] what the customer's deals descend from."""
    segment: np.ndarray
    """[customer] segment."""
    health: np.ndarray
    """[customer] health class."""


class Lines(NamedTuple):
    """A line of births: one customer and one customer source, from deal to deal."""

    clock: np.ndarray
    """[line] operational time of the last birth: expected events since the start."""
    limit: np.ndarray
    """[line] operational time at which the customer leaves or the horizon ends."""
    entity: np.ndarray
    """[line] customer XOR source."""
    tag: np.ndarray
    """[line] tag of the deals it starts."""
    factor: np.ndarray
    """[line] factor on its rate: the customer's health, and its own."""
    customer: np.ndarray
    """[line] the customer."""


class Returns(NamedTuple):
    """Deals that slipped, went back or were parked: a place for each, kept until it is done.

    Those that wait for a stage are a chain from place to place; a chain is taken whole.
    """

    time: np.ndarray
    """[place] days: when the deal enters the stage that it waits for."""
    entity: np.ndarray
    """[place] the deal's identity."""
    tag: np.ndarray
    """[place] the deal's tag, with its place."""
    following: np.ndarray
    """[place] the next one in the chain; -1 ends it."""
    visits: np.ndarray
    """[place, stage of the pipeline] visits so far."""
    chain: np.ndarray
    """[stage of the pipeline] first place of the chain that waits for the stage; -1 = none."""
    count: np.ndarray
    """[2] places taken, deals waiting."""


class Guides(NamedTuple):
    """Where to look for a time in the cells of clocks: by buckets of equal length, from 0 on.

    They are wound for every trajectory whose world moves a clock: kept for all worlds of a chunk
    they would have to come from far away in memory.
    """

    first: np.ndarray
    """[row, bucket + 1] cell at the begin of bucket b, of times t with floor(t x scale) = b.

    In those to pieces the lowest `NUMBER_BITS` of a word; the others are of the float64 at which
    the next piece begins."""
    scale: np.ndarray
    """[row] buckets per operational time."""
    steps: np.ndarray
    """[row] the most cells that begin within a bucket, at least 1."""


class WoundClocks(NamedTuple):
    """`SpeedClocks` of a trajectory's world, with their `Guides`."""

    day_cell: np.ndarray
    edges: np.ndarray
    speed: np.ndarray
    days_per_unit: np.ndarray
    cumulative: np.ndarray
    guide: np.ndarray
    scale: np.ndarray
    steps: np.ndarray


class WoundPieces(NamedTuple):
    """`Pieces` in a trajectory's world, with the `Guides` to them."""

    day_piece: np.ndarray
    day: np.ndarray
    period: np.ndarray
    cell: np.ndarray
    lines: np.ndarray
    """[r, piece + 2, 4] how the clock runs there: from a day on, what it shows then, by its speed
    in time per day, and the days per time; in the last row nothing."""
    clock: np.ndarray
    guide: np.ndarray
    scale: np.ndarray
    steps: np.ndarray


class Work(NamedTuple):
    """All buffers of a worker."""

    deals: Deals
    returns: Returns
    customers: Customers
    lines: Lines
    words: np.ndarray
    """[4, STRIP] uint32 random words of a strip."""
    conversion: np.ndarray
    """[STRIP] probability of advancing."""
    outcome: np.ndarray
    """[STRIP] 0 advance, 1 lost, 2 no decision, 3 back, 4 parked, 5 slip, 6 stuck."""
    exit: np.ndarray
    """[STRIP] cycle time in days, then when the visit ends: as `Deals.time`."""
    day: np.ndarray
    """[STRIP] days, on the way from a clock."""
    nothing: np.ndarray
    """[STRIP] zeros."""
    purpose: np.ndarray
    """[STRIP] Philox purpose of a visit."""
    pick: np.ndarray
    """[STRIP] which of the strip come back; cells of a clock; keys to `Tally.exits`."""
    life: np.ndarray
    """[STRIP] days of lifetime, by the clock of the segment."""
    aged_bounds: np.ndarray
    """[group, 6] cumulative probabilities of outcomes given the age, of a stage's groups."""
    aged_left: np.ndarray
    """[group, 7] -log of the probability that a time to each outcome is longer than the age."""
    aged_chance: np.ndarray
    """[7] probability of each outcome of a visit that begins at the start."""
    bins: np.ndarray
    """[4, period + 1] counts by period at work."""
    wound: tuple[Guides, Guides, np.ndarray]
    """Guides to the cells of clocks and to pieces, and the lines of these."""


class Tally(NamedTuple):
    """Counts of one trajectory; the last period is the overflow bin for what is beyond the end."""

    bookings: np.ndarray
    """[period + 1, pipeline * origin] hundredths of the currency."""
    wins: np.ndarray
    """[period + 1, pipeline * origin]"""
    new_customers: np.ndarray
    """[period + 1, pipeline * origin]"""
    lost_customers: np.ndarray
    """[period + 1, pipeline * origin]"""
    leads: np.ndarray
    """[period + 1, external source]"""
    slipped: np.ndarray
    """[period + 1, pipeline * origin]"""
    flows: np.ndarray
    """[period + 1, stage * 7] entered, advanced, lost, no decision, back, parked, slipped."""
    by_health: np.ndarray
    """[period + 1, 1 + class] hundredths booked by the base: from no customer's deal, by class."""
    exits: np.ndarray
    """[2 * stage, bin * 8] deals that left a stage, in two rows, by when and by outcome.

    A bin is a period, or where deals carry the time of a clock a piece of the calendar."""


def _make_guides(rows, buckets):
    return Guides(
        first=np.empty((rows, buckets + 1), np.int64),
        scale=np.empty(rows),
        steps=np.empty(rows, np.int64),
    )


def make_work(*, deals, customers, periods, rooms, groups, clocks, pieces):
    """Allocate buffers for so many live deals and customers (and as many lines).

    ``rooms`` are the stages of the longest pipeline in which deals come back; 0 = none. ``groups``
    are the stages and ages of open deals, ``clocks`` the number of clocks; ``pieces`` is the
    shape of `Pieces.clock`.
    """
    places = min(deals, MOST_RETURNS) if rooms else 0
    return Work(
        deals=Deals(
            time=np.empty(deals), entity=np.empty(deals, np.uint64), tag=np.empty(deals, np.int64)
        ),
        returns=Returns(
            time=np.empty(places),
            entity=np.empty(places, np.uint64),
            tag=np.empty(places, np.int64),
            following=np.empty(places, np.int64),
            visits=np.empty((places, rooms), np.int32),
            chain=np.full(rooms, -1, np.int64),
            count=np.zeros(2, np.int64),
        ),
        customers=Customers(
            begin=np.empty(customers),
            end=np.empty(customers),
            entity=np.empty(customers, np.uint64),
            slot=np.empty(customers, np.int64),
            origin=np.empty(customers, np.int64),
            segment=np.empty(customers, np.int64),
            health=np.empty(customers, np.int64),
        ),
        lines=Lines(
            clock=np.empty(customers),
            limit=np.empty(customers),
            entity=np.empty(customers, np.uint64),
            tag=np.empty(customers, np.int64),
            factor=np.empty(customers),
            customer=np.empty(customers, np.int64),
        ),
        words=np.empty((4, STRIP), np.uint32),
        conversion=np.empty(STRIP),
        outcome=np.empty(STRIP, np.int64),
        exit=np.empty(STRIP),
        day=np.empty(STRIP),
        nothing=np.zeros(STRIP),
        purpose=np.empty(STRIP, np.uint64),
        pick=np.empty(STRIP, np.int64),
        life=np.empty(STRIP),
        aged_bounds=np.empty((groups, OUTCOMES - 1)),
        aged_left=np.empty((groups, OUTCOMES)),
        aged_chance=np.empty(OUTCOMES),
        bins=np.zeros((4, periods + 1), np.int64),
        wound=(
            _make_guides(clocks, BUCKETS_OF_CLOCKS),
            _make_guides(pieces[0], BUCKETS_OF_PIECES),
            np.empty((*pieces, 4)),
        ),
    )


def make_tally(*, periods, pieces, slots, sources, stages, classes):
    """Allocate the counts of one trajectory."""
    bins = periods + 1
    keys = (max(periods, pieces) + 1) << OUTCOME_BITS
    return Tally(
        bookings=np.zeros((bins, slots), np.int64),
        wins=np.zeros((bins, slots), np.int64),
        new_customers=np.zeros((bins, slots), np.int64),
        lost_customers=np.zeros((bins, slots), np.int64),
        leads=np.zeros((bins, sources), np.int64),
        slipped=np.zeros((bins, slots), np.int64),
        flows=np.zeros((bins, stages * FLOWS), np.int64),
        by_health=np.zeros((bins, 1 + classes), np.int64),
        exits=np.zeros((2 * stages, keys), np.int64),
    )
