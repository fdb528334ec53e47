"""A plan as a network of nodes for exact answers: who enters a node leaves it along one edge.

Nodes are the stages (once for deals whose buyers become customers, once for the others), the
rests of parked deals, and the customers. It is written from the description of the model alone
and shares no code with `salessim.lowering`; both exact answers are solved on it.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import FloatArray
from salessim.model.law import Law, floats
from salessim.model.plan import Model, Pipeline, Source, Stage
from verification.laws import mean

OUTCOMES = ("advanced", "lost", "no_decision", "back", "parked", "slipped")


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A way out of a node, taken by a share of those that enter it, after a time."""

    start: int
    to: int | None
    """None = out of the plan."""
    law: Law
    share: FloatArray
    """Shape (day,): of those that enter on each day."""
    stage: int | None = None
    """Number of the stage, pipelines in order; None when it is no visit that ends."""
    outcome: str = ""


@dataclass(frozen=True, kw_only=True)
class Birth:
    """Deals that start while a node is occupied, or (node None) from outside."""

    node: int | None
    to: int
    rate: FloatArray
    """Shape (day,): events per day, for each one in the node."""


class Start(NamedTuple):
    """How many are in a node at the start, and since how long."""

    node: int
    age: float
    number: int


@dataclass
class Network:
    """A plan's nodes, edges, births and starting population."""

    days: int
    names: list[str] = field(default_factory=list)
    pace: list[FloatArray] = field(default_factory=list)
    """Of each node, shape (day,): the speed of its clock."""
    edges: list[Edge] = field(default_factory=list)
    births: list[Birth] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    stage_of: dict[int, int] = field(default_factory=dict)
    """Number of the stage of a node that is one."""
    customers: set[int] = field(default_factory=set)
    won_from: dict[str, set[int]] = field(default_factory=dict)
    """By pipeline: its last nodes, whose advancing deals are won."""

    def add(self, name: str, pace: FloatArray | None = None) -> int:
        """Add a node; return its number."""
        self.names.append(name)
        self.pace.append(np.ones(self.days) if pace is None else pace)
        return len(self.names) - 1


def network_of(model: Model) -> Network:
    """Describe a model as a network; ValueError where it has known amounts, which are not."""
    network = Network(days=model.timeline.edges[-1])
    segments = _customers(network, model)
    entrances: dict[tuple[str, bool], list[int]] = {}
    first_number = 0
    for pipeline in model.pipelines:
        joins = segments.get(pipeline.segment) if segments else None
        for is_new in (False, True):
            nodes = _pipeline(network, model, pipeline, first_number, joins if is_new else None)
            entrances[pipeline.name, is_new] = nodes
        first_number += len(pipeline.stages)
    for source in model.sources:
        to = entrances[source.pipeline, source.buyer_is_new][0]
        rate = rates_by_day(source, model)
        if source.kind == "external":
            network.births.append(Birth(node=None, to=to, rate=rate))
        else:
            who = [source.segment] if source.segment else list(segments)
            network.births += [Birth(node=segments[name], to=to, rate=rate) for name in who]
    _open_deals(network, model, entrances)
    return network


def _customers(network: Network, model: Model) -> dict[str | None, int]:
    given = model.customers
    if given is None:
        return {}
    kinds: dict[str | None, Law] = {s.name: s.lifetime for s in given.segments}
    kinds = kinds or {None: given.lifetime}
    nodes = {name: network.add(f"customers {name or ''}".strip()) for name in kinds}
    network.customers = set(nodes.values())
    for name, lifetime in kinds.items():
        everyone = np.ones(network.days)
        network.edges.append(Edge(start=nodes[name], to=None, law=lifetime, share=everyone))
    count = len(given.ids)
    tenure = np.zeros(count) if given.tenure_days is None else given.tenure_days
    segment = np.zeros(count, int) if given.segment_of is None else given.segment_of
    pairs, numbers = np.unique(np.stack([segment, tenure]), axis=1, return_counts=True)
    for (which, age), number in zip(pairs.T, numbers, strict=True):
        network.starts.append(Start(list(nodes.values())[int(which)], float(age), int(number)))
    return nodes


def _pipeline(
    network: Network, model: Model, pipeline: Pipeline, first: int, joins: int | None
) -> list[int]:
    """Add a pipeline's stages; won deals go to the node ``joins``. Return the stages' nodes."""
    names = [stage.name for stage in pipeline.stages]
    nodes = [
        network.add(f"{pipeline.name}.{name}", by_day(model, "pace", pipeline.name, name))
        for name in names
    ]
    network.won_from.setdefault(pipeline.name, set()).add(nodes[-1])
    for i, stage in enumerate(pipeline.stages):
        network.stage_of[nodes[i]] = first + i
        odds = by_day(model, "conversion", pipeline.name, stage.name)
        onwards = nodes[i + 1] if i + 1 < len(nodes) else joins
        for outcome, share, law, goal in ways_out(stage, odds):
            to = {"advanced": onwards, "slipped": nodes[i]}.get(outcome)
            if outcome == "back":
                to = nodes[names.index(goal)]
            if outcome == "parked" and stage.parked:
                to = network.add(f"{pipeline.name}.{stage.name} rest")
                back_to = nodes[names.index(goal)]
                rest = stage.parked.rest
                everyone = np.ones(network.days)
                network.edges.append(Edge(start=to, to=back_to, law=rest, share=everyone))
            network.edges.append(
                Edge(start=nodes[i], to=to, law=law, share=share, stage=first + i, outcome=outcome)
            )
    return nodes


def ways_out(stage: Stage, odds: FloatArray) -> list[tuple[str, FloatArray, Law, str]]:
    """Return (outcome, probability by day, law, name of the stage it leads back to).

    A visit slips, or else advances (its odds times ``odds``), or else ends another way by share.
    What is missing to 1 is stuck.
    """
    slips = stage.slip.probability if stage.slip else 0.0
    advancing = stage.conversion * odds / (1.0 - stage.conversion + stage.conversion * odds)
    failing = (1.0 - slips) * (1.0 - advancing)
    ways = [
        ("advanced", (1.0 - slips) * advancing, stage.cycle_time, ""),
        ("lost", failing * stage.lost_share, stage.loss_time, ""),
    ]
    if stage.no_decision:
        undecided = stage.no_decision
        ways.append(("no_decision", failing * undecided.share, undecided.after, ""))
    if stage.back:
        ways.append(("back", failing * stage.back.share, stage.back.after, stage.back.to))
    if stage.parked:
        parked = stage.parked
        ways.append(("parked", failing * parked.share, parked.after, parked.to))
    if stage.slip:
        ways.append(("slipped", np.full(odds.shape, slips), stage.slip.by, ""))
    return ways


def by_day(model: Model, kind: str, pipeline: str, stage: str) -> FloatArray:
    """Return the product of a stage's curves of one kind on each day."""
    factor = np.ones(model.timeline.edges[-1])
    for curve in model.curves:
        if (curve.kind, curve.pipeline) == (kind, pipeline) and curve.stage in (None, stage):
            begins = max(0, (curve.starts - model.timeline.start).days)
            ends = None if curve.ends is None else (curve.ends - model.timeline.start).days
            factor[begins:ends] *= curve.factor
    return factor


def shares_at_age(edges: list[Edge], survival: FloatArray) -> FloatArray:
    """Return P(edge | still there at an age), for those at the start, at the pace and odds of then.

    P(k | a) is proportional to p_k S_k(a), what is stuck having S = 1; the first day's curve acts
    on the conditional odds of advancing.

    Parameters
    ----------
    edges : list of Edge
        All ways out of the node.
    survival : ndarray, shape (edge,)
        S_k(a).
    """
    shares = np.array([edge.share[0] for edge in edges])
    stuck = max(0.0, 1.0 - shares.sum())
    weights = shares * survival
    return floats(weights / (weights.sum() + stuck))


def rates_by_day(source: Source, model: Model) -> FloatArray:
    """Return a source's mean rate on each day: level x growth x season x campaign."""
    start = model.timeline.start
    rates = np.zeros(model.timeline.edges[-1])
    for k in range(rates.size):
        day = start + timedelta(days=k)
        if (source.starts and day < source.starts) or (source.ends and day >= source.ends):
            continue
        days = calendar.monthrange(day.year, day.month)[1]
        months = 12 * (day.year - start.year) + day.month - start.month
        season = source.season[day.month - 1] if source.season else 1.0
        factor = [1.0, *(f for since, f in source.campaign if since <= day)][-1]
        level = source.rate.per_day + source.rate.per_month / days
        rates[k] = level * (1.0 + source.growth_per_month) ** months * season * factor
    return rates


def _open_deals(
    network: Network, model: Model, entrances: dict[tuple[str, bool], list[int]]
) -> None:
    deals = model.open_deals
    if deals is None:
        return
    if not np.isnan(deals.amounts).all():
        raise ValueError("the network knows drawn amounts only")
    counts: dict[tuple[int, float], int] = {}
    for where, age, is_new in zip(deals.stages, deals.age_days, deals.buyer_is_new, strict=True):
        name, _, stage = where.partition(".")
        rooms = [room.name for room in model.pipeline(name).stages]
        node = entrances[name, bool(is_new)][rooms.index(stage)]
        counts[node, float(age)] = counts.get((node, float(age)), 0) + 1
    network.starts += [Start(node, age, count) for (node, age), count in counts.items()]


class Answer(NamedTuple):
    """Means per period (exact), or per trajectory and period (simulated, one more axis first)."""

    entered: NDArray[Any]
    """Shape (period, stage): slips are no entries, nor is who is there at the start."""
    left: NDArray[Any]
    """Shape (period, stage, outcome), in the order of `OUTCOMES`."""
    wins: NDArray[Any]
    """Shape (period, pipeline)."""
    bookings: NDArray[Any]
    """Shape (period, pipeline), currency units."""
    new_customers: NDArray[Any]
    """Shape (period,)."""
    lost_customers: NDArray[Any]
    """Shape (period,)."""


def answer(model: Model, network: Network, along: FloatArray, born: FloatArray) -> Answer:
    """Sort what passed along each edge (shape (period, edge)) and birth (period, birth)."""
    stages = sum(len(p.stages) for p in model.pipelines)
    periods = len(along)
    entered = np.zeros((periods, stages))
    left = np.zeros((periods, stages, len(OUTCOMES)))
    won = {p.name: np.zeros(periods) for p in model.pipelines}
    gained, lost = np.zeros(periods), np.zeros(periods)
    for edge, flow in zip(network.edges, along.T, strict=True):
        if edge.to in network.stage_of and edge.outcome != "slipped":
            entered[:, network.stage_of[edge.to]] += flow
        if edge.stage is not None:
            left[:, edge.stage, OUTCOMES.index(edge.outcome)] += flow
        if edge.start in network.customers:
            lost += flow
        if edge.to in network.customers:
            gained += flow
        for name, nodes in network.won_from.items():
            if edge.start in nodes and edge.outcome == "advanced":
                won[name] += flow
    for birth, flow in zip(network.births, born.T, strict=True):
        entered[:, network.stage_of[birth.to]] += flow
    wins = np.stack([won[p.name] for p in model.pipelines], axis=1)
    money = wins * [mean(p.amount) for p in model.pipelines]
    return Answer(entered, left, wins, money, gained, lost)
