"""Exact means, second way: exponential phases as one linear system, by matrix exponentials.

With laws made of exponential phases a plan is a branching Markov chain, whose means x satisfy
dx/dt = x Q + c, constant between the days on which the plan changes. Counters are states that
nobody leaves. The exponential of [[Q, 0], [c, 0]] takes x over a stretch with no error but
rounding (Al-Mohy and Higham 2011, SIAM Journal on Scientific Computing 33), so this answer has no
step to refine; it shares only the network with the first.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from salessim._typing import FloatArray
from salessim.model.law import floats
from salessim.model.plan import Model
from verification.laws import Phases, phases
from verification.network import Answer, Network, answer, network_of, shares_at_age


def means(model: Model) -> Answer:
    """Return the means per period; TypeError when a law has no phases."""
    network = network_of(model)
    chain = _Chain(network)
    periods = np.array(model.timeline.edges)
    changes = [day for day in range(1, network.days) if chain.changes(day)]
    stops = np.unique([*periods, *changes])
    counts = [np.zeros(chain.counters)]
    x = chain.start()
    for begin, end in pairwise(stops):
        flow = sparse.csr_array(chain.generator(int(begin)).T) * float(end - begin)
        x = floats(expm_multiply(flow, x))
        if end in periods:
            counts.append(x[chain.first_counter : -1].copy())
    flows = np.diff(counts, axis=0)
    edges = len(network.edges)
    return answer(model, network, flows[:, :edges], flows[:, edges:])


class _Chain:
    """States: the phases of every edge, one of those stuck, a counter of each edge and birth."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.phases: list[Phases] = [phases(edge.law) for edge in network.edges]
        self.first = np.cumsum([0, *(part.start.size for part in self.phases)])
        self.first_counter = int(self.first[-1])
        self.counters = len(network.edges) + len(network.births)
        self.size = self.first_counter + self.counters + 1
        self.daily = np.stack(
            [*network.pace, *(e.share for e in network.edges), *(b.rate for b in network.births)]
        )

    def changes(self, day: int) -> bool:
        """Whether the plan of a day differs from that of the day before."""
        return bool((self.daily[:, day] != self.daily[:, day - 1]).any())

    def _enter(self, row: FloatArray, node: int | None, day: int, rate: float) -> None:
        """Send a flow into a node: into the first phases of its edges."""
        for k, edge in enumerate(self.network.edges):
            if edge.start == node:
                at = slice(self.first[k], self.first[k + 1])
                row[at] += rate * edge.share[day] * self.phases[k].start

    def generator(self, day: int) -> FloatArray:
        """Return the matrix of a day; its last row is what comes from outside."""
        q = np.zeros((self.size, self.size))
        network = self.network
        for k, edge in enumerate(network.edges):
            part, pace = self.phases[k], network.pace[edge.start][day]
            low, high = self.first[k], self.first[k + 1]
            q[low:high, low:high] += pace * part.moves
            for i, rate in enumerate(pace * part.exits):
                q[low + i, self.first_counter + k] += rate
                self._enter(q[low + i], edge.to, day, rate)
        for b, birth in enumerate(network.births):
            counter = self.first_counter + len(network.edges) + b
            for row in self._rows_of(birth.node):
                q[row, counter] += birth.rate[day]
                self._enter(q[row], birth.to, day, birth.rate[day])
        return q

    def _rows_of(self, node: int | None) -> list[int]:
        """Return the states of those in a node; the last state, always 1, for the outside."""
        if node is None:
            return [self.size - 1]
        return [
            row
            for k, edge in enumerate(self.network.edges)
            if edge.start == node
            for row in range(self.first[k], self.first[k + 1])
        ]

    def start(self) -> FloatArray:
        """Return the means at the start."""
        x = np.zeros(self.size)
        x[-1] = 1.0
        for node, age, count in self.network.starts:
            ways = [k for k, edge in enumerate(self.network.edges) if edge.start == node]
            aged = [self.phases[k].at_age(age) for k in ways]
            edges = [self.network.edges[k] for k in ways]
            shares = shares_at_age(edges, np.array([survival for survival, _ in aged]))
            for k, share, (_, phase) in zip(ways, shares, aged, strict=True):
                x[self.first[k] : self.first[k + 1]] += count * share * phase
        return x
