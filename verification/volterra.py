"""Exact means, first way: the renewal equations in small steps of time, for any laws.

Entries E into the nodes of a network satisfy a system of Volterra equations

    E_j(t) = births_j(t) + sum over edges i -> j of the integral of E_i(u) p(u) dF(A(t) - A(u))

with A the node's operational time (the integral of its pace). Steps are short, those that enter
within a step are taken as spread evenly over it, and the step itself is solved implicitly, so a
loop may take no time. The error falls with the square of the step; two steps are extrapolated
(Richardson), and their difference says what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import floats
from salessim.model.plan import Model
from verification.laws import Tabled
from verification.network import Answer, Edge, Network, answer, network_of, shares_at_age


def means(model: Model, *, steps_per_day: int = 4) -> tuple[Answer, float]:
    """Return the means per period, and the largest relative change at the last halving of steps.

    Parameters
    ----------
    model : Model
    steps_per_day : int
        Of the coarser of the two grids.
    """
    network = network_of(model)
    coarse, fine = (_solve(model, network, steps_per_day * finer) for finer in (1, 2))
    better = [y + (y - x) / 3.0 for x, y in zip(coarse, fine, strict=True)]
    changes = [
        np.abs(b - y).max() / b.max() for b, y in zip(better, fine, strict=True) if b.max() > 0.0
    ]
    return Answer(*better), float(max(changes))


def _solve(model: Model, network: Network, steps_per_day: int) -> Answer:
    steps = Steps(network, steps_per_day)
    steps.march()
    edges = np.array(model.timeline.edges) * steps_per_day
    along = np.add.reduceat(steps.along, edges[:-1], axis=0)
    born = np.add.reduceat(steps.born, edges[:-1], axis=0)
    return answer(model, network, along, born)


class Steps:
    """The marching solution of a network's equations."""

    def __init__(self, network: Network, steps_per_day: int) -> None:
        self.network = network
        self.step = 1.0 / steps_per_day
        self.count = network.days * steps_per_day
        self.day = np.arange(self.count) // steps_per_day
        self.clock = [
            np.concatenate([[0.0], np.cumsum(pace[self.day] * self.step)]) for pace in network.pace
        ]
        self.entries = np.zeros((self.count, len(network.names)))
        self.along = np.zeros((self.count, len(network.edges)))
        self.born = np.zeros((self.count, len(network.births)))
        # copies of a stage, for buyers who become customers and others, share their kernels
        alike = [(edge.law, network.pace[edge.start].tobytes()) for edge in network.edges]
        first = {key: k for k, key in reversed(list(enumerate(alike)))}
        self.kernels = {k: self._kernel(network.edges[k]) for k in first.values()}
        self.like = [first[key] for key in alike]

    def _kernel(self, edge: Edge) -> Callable[[int], FloatArray]:
        """Return a function of the step i: P(ends in i | entered evenly in u), u = 0 .. i."""
        clock = self.clock[edge.start]
        table = Tabled(edge.law, step=self.step, longest=clock[-1])
        if np.ptp(self.network.pace[edge.start]) == 0.0 and clock[1] > 0.0:
            gaps = np.append(clock, clock[-1] + clock[1])
            steady = np.diff(np.diff(table.integral(gaps), prepend=0.0))[::-1] / clock[1]
            return lambda i: floats(steady[-i - 1 :])
        widths = np.diff(clock)

        def varying(i: int) -> FloatArray:
            begun, until = clock[: i + 1], np.array([clock[i], clock[i + 1]])
            spread = widths[: i + 1] > 0.0
            passed = until[:, None] - clock[None, : i + 2]
            within = np.diff(table.integral(passed), axis=0)[0]
            at_once = np.diff(table.cdf(until[:, None] - begun), axis=0)[0]
            safe = np.where(spread, widths[: i + 1], 1.0)
            return floats(np.where(spread, -np.diff(within) / safe, at_once))

        return varying

    def starting(self) -> Iterator[tuple[int, float, float, Tabled]]:
        """Yield (edge, mean number, age, law of what is left) of those at the start."""
        for node, age, number in self.network.starts:
            ways = [k for k, edge in enumerate(self.network.edges) if edge.start == node]
            edges = [self.network.edges[k] for k in ways]
            tables = [
                Tabled(edge.law, step=self.step, longest=self.clock[node][-1], age=age)
                for edge in edges
            ]
            survival = np.array([table.survival_at_age for table in tables])
            shares = shares_at_age(edges, survival)
            for k, share, table in zip(ways, shares, tables, strict=True):
                yield k, number * share, age, table

    def march(self) -> None:
        """Step through time."""
        network = self.network
        present = np.zeros(len(network.names))
        for node, _, number in network.starts:
            present[node] += number
        for k, leaving, _, table in self.starting():
            clock = self.clock[network.edges[k].start]
            self.along[:, k] += leaving * np.diff(table.cdf(clock))
        for i in range(self.count):
            of = {k: kernel(i) for k, kernel in self.kernels.items()}
            weights = [of[k] for k in self.like]
            within = self._earlier(i, weights, present)
            now = floats(np.linalg.solve(np.eye(len(within)) - within, self._known(i)))
            self.entries[i] = now
            self._pass_on(i, now, weights, present)

    def _earlier(self, i: int, weights: list[FloatArray], present: FloatArray) -> FloatArray:
        """Let entries of earlier steps leave; return the matrix of who enters and goes on in i."""
        network, day = self.network, self.day
        within = np.zeros((present.size, present.size))
        for k, edge in enumerate(network.edges):
            begun = self.entries[:i, edge.start] * edge.share[day[:i]]
            self.along[i, k] += begun @ weights[k][:-1]
            if edge.to is not None:
                within[edge.to, edge.start] += edge.share[day[i]] * weights[k][-1]
        leaving = np.zeros(present.size)
        for k, edge in enumerate(network.edges):
            leaving[edge.start] += self.along[i, k]
        for b, birth in enumerate(network.births):
            rate = birth.rate[day[i]] * self.step
            if birth.node is None:
                self.born[i, b] = rate
            else:
                # there for half of the step in which they come or go
                self.born[i, b] = rate * (present[birth.node] - leaving[birth.node] / 2.0)
                within[birth.to, birth.node] += rate / 2.0
        return within

    def _known(self, i: int) -> FloatArray:
        entries = np.zeros(len(self.network.names))
        for k, edge in enumerate(self.network.edges):
            if edge.to is not None:
                entries[edge.to] += self.along[i, k]
        for b, birth in enumerate(self.network.births):
            entries[birth.to] += self.born[i, b]
        return entries

    def _pass_on(
        self, i: int, now: FloatArray, weights: list[FloatArray], present: FloatArray
    ) -> None:
        present += now
        for k, edge in enumerate(self.network.edges):
            self.along[i, k] += now[edge.start] * edge.share[self.day[i]] * weights[k][-1]
            present[edge.start] -= self.along[i, k]
        for b, birth in enumerate(self.network.births):
            if birth.node is not None:
                self.born[i, b] += birth.rate[self.day[i]] * self.step / 2.0 * now[birth.node]
