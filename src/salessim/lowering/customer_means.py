"""Expected customers, by segment: those of the start, those won, and those whom they bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.grid import Grid
from salessim.lowering.streams import Streams
from salessim.model.law import Law, floats
from salessim.model.plan import Customers, Source


class CustomerClass(NamedTuple):
    """Customers of one segment; without segments all are of one class, called None."""

    name: str | None
    lifetime: Law
    tenures: FloatArray
    """Days, of those at the start."""


def customer_classes(customers: Customers) -> list[CustomerClass]:
    """Return the segments with their customers at the start; one class when there are none."""
    tenures = customers.tenure_days
    if tenures is None:
        tenures = np.zeros(len(customers.ids))
    if not customers.segments:
        return [CustomerClass(None, customers.lifetime, tenures)]
    of = np.zeros(0, np.int64) if customers.segment_of is None else customers.segment_of
    return [
        CustomerClass(segment.name, segment.lifetime, tenures[of == index])
        for index, segment in enumerate(customers.segments)
    ]


def has_source(kind: CustomerClass, source: Source) -> bool:
    """Whether customers of a class start deals through a source."""
    return source.kind == "customer" and source.segment in {None, kind.name}


class CustomerMeans:
    """The customers of a plan on a grid: how many are active, what they start, whom it loses."""

    def __init__(
        self, customers: Customers, grid: Grid, rates: Mapping[Source, FloatArray]
    ) -> None:
        self.classes = customer_classes(customers)
        self._grid = grid
        self._rates = rates
        base = [_base(kind, grid) for kind in self.classes]
        self._base = floats([active for active, _ in base])
        self._base_lost = floats([lost for _, lost in base])

    def births(self, active: FloatArray, pipeline: str, *, new: bool) -> FloatArray:
        """Return the deals that customers start in a pipeline, with new or known buyers.

        Shape (step,), from those active, shape (class, step).
        """
        total = np.zeros(self._grid.steps)
        for source, rates in self._rates.items():
            if source.pipeline == pipeline and source.buyer_is_new == new:
                for kind, those in zip(self.classes, active, strict=True):
                    if has_source(kind, source):
                        total += rates * those
        return total

    def active(self, won: Sequence[FloatArray], streams: Sequence[Streams]) -> FloatArray:
        """Return the mean number of active customers, shape (class, step).

        The generations of referrals are summed, until one is too small to matter. The first are
        those at the start and those ``won``, by pipeline, from open deals and external sources.
        """
        # a customer won somewhere within a step is there for half of it
        stays = [
            floats(np.convolve(self._grid.survival_means(kind.lifetime), [0.5, 0.5]))
            for kind in self.classes
        ]
        generation = self._base + self._spread(self._by_class(won, streams), stays)
        active = generation
        while generation.max(initial=0.0) > 1e-14 * active.max(initial=0.0):
            births = [self.births(generation, s.pipeline.name, new=True) for s in streams]
            if not np.any(births):
                break
            won = [s.wins(b) for s, b in zip(streams, births, strict=True)]
            generation = self._spread(self._by_class(won, streams), stays)
            active = active + generation
        return active

    def lost(self, won: Sequence[FloatArray], streams: Sequence[Streams]) -> FloatArray:
        """Return the mean number of customers lost in each step, from all those won."""
        kernels = [self._grid.kernel(kind.lifetime) for kind in self.classes]
        lost = self._base_lost + self._spread(self._by_class(won, streams), kernels)
        return floats(lost.sum(axis=0))

    def _by_class(self, won: Sequence[FloatArray], streams: Sequence[Streams]) -> FloatArray:
        total = np.zeros((len(self.classes), self._grid.steps))
        names = [kind.name for kind in self.classes]
        for wins, stream in zip(won, streams, strict=True):
            if np.any(wins):
                total[names.index(stream.pipeline.segment)] += wins
        return total

    def _spread(self, won: FloatArray, kernels: Sequence[FloatArray]) -> FloatArray:
        pairs = zip(won, kernels, strict=True)
        return np.stack([self._grid.convolve(wins, kernel) for wins, kernel in pairs])


def _base(kind: CustomerClass, grid: Grid) -> tuple[FloatArray, FloatArray]:
    """Return how many customers of the start are active in each step, and how many it loses."""
    active, lost = np.zeros(grid.steps), np.zeros(grid.steps)
    for age, count in zip(*np.unique(kind.tenures, return_counts=True), strict=True):
        active += count * grid.survival_means(kind.lifetime, age=float(age))
        lost += count * grid.kernel(kind.lifetime, age=float(age))
    return active, lost
