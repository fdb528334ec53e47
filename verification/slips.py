"""Exact means of the deals whose expected close slips out of a period into a later one.

A visit that begins at x is expected to close at x + m, with m the mean time from there straight
on to the win. When it slips until T, the close moves to T + m: out of period k, ending at e, when
x + m is within it and T + m is not. The entries of the time-stepping answer are taken as spread
evenly over each step, and integrated exactly over the part of it that belongs to the period.
"""

from __future__ import annotations

import numpy as np

from salessim._typing import FloatArray
from salessim.model.law import floats
from salessim.model.plan import Model
from verification.laws import Tabled, mean
from verification.network import Edge, network_of
from verification.volterra import Steps


def means(model: Model, *, steps_per_day: int = 4) -> FloatArray:
    """Return the mean number that slips out of each period, shape (period, pipeline)."""
    network = network_of(model)
    steps = Steps(network, steps_per_day)
    steps.march()
    edges = np.array(model.timeline.edges, float)
    out = np.zeros((edges.size - 1, len(model.pipelines)))
    rooms = [
        (number, sum(mean(later.cycle_time) for later in line.stages[k:]))
        for number, line in enumerate(model.pipelines)
        for k in range(len(line.stages))
    ]
    for edge in network.edges:
        if edge.outcome == "slipped" and edge.stage is not None:
            pipeline, days = rooms[edge.stage]
            out[:, pipeline] += _entering(steps, edge, days, edges)
    for k, number, age, table in steps.starting():
        edge = network.edges[k]
        if edge.outcome == "slipped" and edge.stage is not None:
            pipeline, days = rooms[edge.stage]
            period = int(np.searchsorted(edges, max(days - age, 0.0), side="right")) - 1
            if period < len(out):
                limit = _clock(steps, edge, np.maximum(edges[[period + 1]] - days, 0.0))
                out[period, pipeline] += number * float(1.0 - table.cdf(limit)[0])
    return out


def _clock(steps: Steps, edge: Edge, day: FloatArray) -> FloatArray:
    """Return a node's operational time on a day, linear within a step."""
    grid = np.arange(steps.count + 1) * steps.step
    return floats(np.interp(day, grid, steps.clock[edge.start]))


def _entering(steps: Steps, edge: Edge, days: float, edges: FloatArray) -> FloatArray:
    """Return the same, shape (period,), of those that enter a stage and slip along an edge."""
    table = Tabled(edge.law, step=steps.step, longest=steps.clock[edge.start][-1])
    grid = np.arange(steps.count + 1) * steps.step
    density = steps.entries[:, edge.start] * edge.share[steps.day] / steps.step
    out = np.zeros(edges.size - 1)
    for k in range(out.size):
        begin, end = edges[k] - days, edges[k + 1] - days
        low, high = (np.clip(at, begin, end) for at in (grid[:-1], grid[1:]))
        some = np.flatnonzero((high > low) & (end > 0.0))
        if not some.size:
            continue
        low, high = low[some], high[some]
        limit = _clock(steps, edge, np.array([end]))
        # time left on the clock from either end of the part, and the integral of P(D >= it)
        most, least = (limit - _clock(steps, edge, at) for at in (low, high))
        passed = most - least
        area = passed - (table.integral(most) - table.integral(least))
        share = np.where(passed > 0.0, area / np.where(passed > 0.0, passed, 1.0),
                         1.0 - table.cdf(most))  # fmt: skip
        out[k] = float(density[some] @ (share * (high - low)))
    return out
