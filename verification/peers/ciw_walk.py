"""A pipeline with loops as a Ciw network: a node for each way a visit ends, servers unlimited.

A queueing network routes after service, and here the time depends on where a visit leads: so
each (stage, outcome) is a node of its own, its service the outcome's time, and who enters a stage
is routed to one of its nodes by chance. Rests of parked deals are nodes too, stuck is to leave at
once. Deals come from one external source at a constant rate.
"""

from __future__ import annotations

import math
from typing import Any

import ciw
import numpy as np

from salessim._typing import FloatArray
from salessim.model import laws
from salessim.model.law import Law, floats
from salessim.model.plan import Model, Pipeline
from verification.network import ways_out


def distribution(law: Law) -> Any:
    """Return Ciw's distribution."""
    match law:
        case laws.Exponential():
            return ciw.dists.Exponential(1.0 / law.mean)
        case laws.Lognormal():
            return ciw.dists.Lognormal(math.log(law.median), law.sigma)
        case laws.Weibull():
            return ciw.dists.Weibull(law.scale, law.shape)
        case laws.Gamma():
            return ciw.dists.Gamma(law.shape, law.mean / law.shape)
        case laws.Uniform():
            return ciw.dists.Uniform(law.low, law.high)
        case laws.Fixed():
            return ciw.dists.Deterministic(law.value)
    raise TypeError(f"no distribution for {law!r}")


def network_of(model: Model) -> tuple[Any, list[tuple[int, str]]]:
    """Return Ciw's network, and (stage, outcome) of each node; "rest" where parked deals rest."""
    (pipeline,), (source,) = model.pipelines, model.sources
    names = [stage.name for stage in pipeline.stages]
    ways = [ways_out(stage, np.ones(1)) for stage in pipeline.stages]
    nodes = [(s, way[0]) for s, of in enumerate(ways) for way in of]
    services = [distribution(way[2]) for of in ways for way in of]
    for s, stage in enumerate(pipeline.stages):
        if stage.parked:
            nodes.append((s, "rest"))
            services.append(distribution(stage.parked.rest))
    entering = np.zeros((len(names), len(nodes)))
    for s, of in enumerate(ways):
        for outcome, share, _, _ in of:
            entering[s, nodes.index((s, outcome))] = share[0]
    routes = np.stack([_route(pipeline, node, nodes, entering) for node in nodes])
    arrivals = [
        ciw.dists.Exponential(source.rate.per_day * share) if share else None
        for share in entering[0]
    ]
    network = ciw.create_network(
        arrival_distributions=arrivals,
        service_distributions=services,
        routing=routes.tolist(),
        number_of_servers=[math.inf] * len(nodes),
    )
    return network, nodes


def _route(
    pipeline: Pipeline, node: tuple[int, str], nodes: list[tuple[int, str]], entering: FloatArray
) -> FloatArray:
    """Return P(next node); ``entering`` are those of the nodes of each stage."""
    (s, outcome), names = node, [stage.name for stage in pipeline.stages]
    stage = pipeline.stages[s]
    if outcome == "parked":
        return floats(np.eye(len(nodes))[nodes.index((s, "rest"))])
    to = None
    if outcome == "advanced" and s + 1 < len(names):
        to = s + 1
    elif outcome == "slipped":
        to = s
    elif outcome == "back" and stage.back:
        to = names.index(stage.back.to)
    elif outcome == "rest" and stage.parked:
        to = names.index(stage.parked.to)
    return np.zeros(len(nodes)) if to is None else floats(entering[to])


def simulate(model: Model, *, trajectories: int, seed: int) -> dict[str, FloatArray]:
    """Return wins and slips, shape (trajectory, period), and visits ended (trajectory,)."""
    network, nodes = network_of(model)
    edges = np.array(model.timeline.edges, float)
    last = len(model.pipelines[0].stages) - 1
    won = 1 + nodes.index((last, "advanced"))
    slipped = [1 + k for k, (_, outcome) in enumerate(nodes) if outcome == "slipped"]
    visits = [1 + k for k, (_, outcome) in enumerate(nodes) if outcome != "rest"]
    wins, slips, ended = [], [], []
    for trajectory in range(trajectories):
        ciw.seed(seed + trajectory)
        run = ciw.Simulation(network)
        run.simulate_until_max_time(edges[-1])
        records = [(r.node, r.exit_date) for r in run.get_all_records()]
        node = np.array([r[0] for r in records])
        at = np.array([r[1] for r in records])
        wins.append(np.histogram(at[node == won], edges)[0])
        slips.append(np.histogram(at[np.isin(node, slipped)], edges)[0])
        ended.append(np.isin(node, visits).sum())
    return {
        "wins": np.array(wins, float),
        "slips": np.array(slips, float),
        "visits": np.array(ended, float),
    }
