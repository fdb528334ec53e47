"""What a worker owns while it walks: deals, customers and counts, in arrays that are used again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from salessim.kernels.layout import STRIP


class Deals(NamedTuple):
    """The live deals of one pipeline and generation, side by side."""

    time: np.ndarray
    """[deal] days: when the deal enters the stage at hand."""
    entity: np.ndarray
    """[deal] uint64 identity, the key of its draws."""
    tag: np.ndarray
    """[deal] 2 * origin + (1 when the buyer is new) + 2**32 * (1 + open deal, if its amount is
    known)."""


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


class Work(NamedTuple):
    """All buffers of a worker."""

    deals: Deals
    customers: Customers
    lines: Lines
    words: np.ndarray
    """[4, STRIP] uint32 random words of a strip."""
    conversion: np.ndarray
    """[STRIP] probability of advancing."""
    outcome: np.ndarray
    """[STRIP] 0 advance, 1 lost, 2 no decision, 3 stuck."""
    cycle_time: np.ndarray
    """[STRIP] days."""
    bins: np.ndarray
    """[4, period + 1] counts by period at work."""


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
    flows: np.ndarray
    """[period + 1, stage * 4] entered, advanced, lost, no decision of each stage."""
    exits: np.ndarray
    """[2, period + 1, 4] one stage at work: advanced, lost, no decision, stuck."""


def make_work(*, deals, customers, periods):
    """Allocate buffers for so many live deals and customers (and as many lines)."""
    return Work(
        deals=Deals(
            time=np.empty(deals), entity=np.empty(deals, np.uint64), tag=np.empty(deals, np.int64)
        ),
        customers=Customers(
            begin=np.empty(customers),
            end=np.empty(customers),
            entity=np.empty(customers, np.uint64),
            slot=np.empty(customers, np.int64),
            origin=np.empty(customers, np.int64),
        ),
        lines=Lines(
            clock=np.empty(customers),
            limit=np.empty(customers),
            entity=np.empty(customers, np.uint64),
            tag=np.empty(customers, np.int64),
        ),
        words=np.empty((4, STRIP), np.uint32),
        conversion=np.empty(STRIP),
        outcome=np.empty(STRIP, np.int64),
        cycle_time=np.empty(STRIP),
        bins=np.zeros((4, periods + 1), np.int64),
    )


def make_tally(*, periods, slots, sources, stages):
    """Allocate the counts of one trajectory."""
    bins = periods + 1
    return Tally(
        bookings=np.zeros((bins, slots), np.int64),
        wins=np.zeros((bins, slots), np.int64),
        new_customers=np.zeros((bins, slots), np.int64),
        lost_customers=np.zeros((bins, slots), np.int64),
        leads=np.zeros((bins, sources), np.int64),
        flows=np.zeros((bins, stages * 4), np.int64),
        exits=np.zeros((2, bins, 4), np.int64),
    )
