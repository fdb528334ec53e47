"""Expected customers, by segment: those of the start, those won, and those whom they bring."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.grid import Grid
from salessim.lowering.own_rates import alive_of, mean_factors, own_rates_of
from salessim.lowering.streams import Streams
from salessim.model.law import Law, floats
from salessim.model.plan import Customers, Source


class CustomerClass(NamedTuple):
    """Customers of one segment; without segments all are of one class, called None."""

    name: str | None
    lifetime: Law
    tenures: FloatArray
    """Days, of those at the start."""
    alive: FloatArray
    """Probability of each that it is still there at the start."""
    own: Mapping[str, FloatArray]
    """Of sources for which customers' own rates are known: each one's mean, as a factor."""

    def rates(self, source: Source) -> FloatArray:
        """Return each customer's mean rate through a source, as a factor; 0 of who has left."""
        return self.alive * self.own.get(source.name, 1.0)

    def by_tenure(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the tenures, each once, and the sums there of weights of the customers.

        Shapes (tenure,) and (..., tenure), of weights (..., customer).
        """
        ages, which = np.unique(self.tenures, return_inverse=True)
        sums = np.zeros((*weights.shape[:-1], ages.size))
        for row in np.ndindex(*sums.shape[:-1]):
            sums[row] = np.bincount(which.reshape(-1), weights[row], minlength=ages.size)
        return ages, sums


def customer_classes(customers: Customers, sources: Iterable[Source] = ()) -> list[CustomerClass]:
    """Return the segments with their customers at the start; one class when there are none.

    Own rates are those through ``sources``.
    """
    tenures = customers.tenure_days
    if tenures is None:
        tenures = np.zeros(len(customers.ids))
    alive = alive_of(customers)
    own = {s.name: mean_factors(s, customers) for s in sources if own_rates_of(s, customers)}
    if not customers.segments:
        return [CustomerClass(None, customers.lifetime, tenures, alive, own)]
    of = np.zeros(0, np.int64) if customers.segment_of is None else customers.segment_of
    return [
        CustomerClass(
            segment.name,
            segment.lifetime,
            tenures[of == index],
            alive[of == index],
            {name: factors[of == index] for name, factors in own.items()},
        )
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
        self.classes = customer_classes(customers, rates)
        self._grid = grid
        self._rates = rates
        known = [source for source in rates if source.name in self.classes[0].own]
        there = floats([_still_there(kind, known, grid) for kind in self.classes])
        self._base = there[:, 0]
        self._base_lost = floats([_lost(kind, grid) for kind in self.classes])
        self._more = {source: there[:, 1 + k] - self._base for k, source in enumerate(known)}

    def births(
        self, active: FloatArray, pipeline: str, *, new: bool, base: bool = True
    ) -> FloatArray:
        """Return the deals that customers start in a pipeline, with new or known buyers.

        Shape (step,), from those active, shape (class, step); ``base`` says that those at the
        start are among them, whose own rates may be higher or lower than the source's.
        """
        total = np.zeros(self._grid.steps)
        for source, rates in self._rates.items():
            if source.pipeline == pipeline and source.buyer_is_new == new:
                more = self._more.get(source) if base else None
                those = active if more is None else active + more
                for kind, number in zip(self.classes, those, strict=True):
                    if has_source(kind, source):
                        total += rates * number
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
        active, base = generation, True
        while generation.max(initial=0.0) > 1e-14 * active.max(initial=0.0):
            births = [
                self.births(generation, s.pipeline.name, new=True, base=base) for s in streams
            ]
            base = False
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


def _still_there(kind: CustomerClass, sources: Sequence[Source], grid: Grid) -> FloatArray:
    """Return the customers of the start who are active in each step.

    Shape (1 + source, step): heads, then each counted by its own rate through a source.
    """
    weights = np.stack([kind.alive, *(kind.rates(source) for source in sources)])
    active = np.zeros((len(weights), grid.steps))
    ages, sums = kind.by_tenure(weights)
    for age, weight in zip(ages.tolist(), sums.T, strict=True):
        active += weight[:, None] * grid.survival_means(kind.lifetime, age=age)
    return active


def _lost(kind: CustomerClass, grid: Grid) -> FloatArray:
    """Return how many customers of the start are lost in each step; unnoticed, in the first."""
    lost = np.zeros(grid.steps)
    ages, sums = kind.by_tenure(kind.alive)
    for age, weight in zip(ages.tolist(), sums.tolist(), strict=True):
        lost += weight * grid.kernel(kind.lifetime, age=age)
    lost[:1] += kind.alive.size - kind.alive.sum()
    return lost
