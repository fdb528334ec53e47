"""A world, slowly: what uncertain numbers and shocks make of a plan, written in by hand.

The values of a world take the places of the uncertain numbers; shocks become curves a month long,
and factors by month on what curves cannot reach. A plan so written has no world, and lowering it
gives what the arrays of the trajectory must be: nothing of how worlds are folded is used.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.special import gammainccinv, ndtr, ndtri

from salessim.kernels.arrays import Arrays, Health, SpeedClocks
from salessim.lowering import lower
from salessim.lowering.clocks import Speed, lower_speed_clocks
from salessim.lowering.entities import entity
from salessim.lowering.months import months
from salessim.lowering.seeds import WorldSeeds
from salessim.model.calendar import add_months
from salessim.model.law import Law
from salessim.model.plan import Curve, Model, Source
from salessim.model.uncertain import Uncertain
from tests.reference_draws import philox, uniform
from tests.worlds import plain

SCORE = 0xFFFFFFFB
HEALTH = "customers.health"
LEVELS = 63
PRIOR = 0.5
"""Added to the survey's answers of each class (Jeffreys)."""

Effect = Literal["leads", "conversion", "pace", "amount", "churn"]
ByMonth = Callable[[Effect, str, np.ndarray], np.ndarray]
"""Factors of all shocks on one thing, in the months of days."""


@dataclass(frozen=True, kw_only=True)
class World:
    """What the deals of one trajectory share.

    Attributes
    ----------
    values : mapping of str to float
        Uncertain numbers by address.
    levels : mapping of str to sequence of float
        Level of each shock by month.
    weights : sequence of float
        Of the health classes, in proportion to their shares; empty without.
    """

    values: Mapping[str, float]
    levels: Mapping[str, Sequence[float]]
    weights: Sequence[float]


def correlations(model: Model, addresses: Sequence[str]) -> np.ndarray:
    """Return the matrix of the pairs that the plan names; others are independent."""
    matrix = np.eye(len(addresses))
    for pair in model.correlations:
        if pair.first in addresses:
            i, j = addresses.index(pair.first), addresses.index(pair.second)
            matrix[i, j] = matrix[j, i] = pair.value
    return matrix


class Draws:
    """Scores of inputs in the world of a trajectory, each by its own seed."""

    def __init__(self, trajectory: int, seed: int, worlds: WorldSeeds) -> None:
        self.trajectory, self.worlds = trajectory, worlds
        self.seed = seed if worlds.seed is None else worlds.seed

    def uniform(self, kind: str, name: str, address: str, purpose: int = SCORE) -> float:
        seed, owner = self.worlds.redrawn.get(address, self.seed), entity(kind, name)
        counter = (owner % 2**32, owner // 2**32, self.trajectory, purpose)
        w0, w1, _, _ = philox(counter, (seed % 2**32, seed // 2**32))
        return uniform(w0, w1)

    def held(self, address: str, score: float) -> float:
        return self.worlds.held.get(address, score)


MULTIPLIES = {
    "Burr": "scale",
    "Exponential": "mean",
    "Fixed": "value",
    "Gamma": "mean",
    "LogLogistic": "median",
    "Lognormal": "median",
    "Weibull": "scale",
}
"""The parameter of a law that multiplies all its values; others change its shape."""


def numbers(thing: Any) -> Iterator[Uncertain]:
    """Yield the uncertain numbers in a part of a model."""
    if isinstance(thing, Uncertain):
        yield thing
    elif isinstance(thing, tuple):
        for part in thing:
            yield from numbers(part)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from numbers(getattr(thing, each.name))


def shapes(thing: Any) -> Iterator[list[str]]:
    """Yield, for each law in a part of a model, the numbers that change its shape.

    Over-dispersion is that of a law too, of the months' factors.
    """
    if isinstance(thing, Source):
        yield [number.address for number in numbers(thing.over_dispersion)]
    if isinstance(thing, Law):
        scale = getattr(thing, MULTIPLIES.get(type(thing).__name__, ""), None)
        yield [number.address for number in numbers(thing) if number is not scale]
    elif isinstance(thing, tuple):
        for part in thing:
            yield from shapes(part)
    elif is_dataclass(thing):
        for each in fields(thing):
            yield from shapes(getattr(thing, each.name))


def values(model: Model, draws: Draws) -> dict[str, float]:
    """Draw the uncertain numbers: correlated scores, then quantiles."""
    known = sorted(model.uncertain, key=lambda number: number.address)
    addresses = [number.address for number in known]
    # laws of another shape are kept for some levels of the score only
    kept = {each: len(together) for together in shapes(model) for each in together}
    mixing = np.linalg.cholesky(correlations(model, addresses))
    apart = [float(ndtri(draws.uniform("number", each, each))) for each in addresses]
    found = {}
    for row, number in enumerate(known):
        score = sum(mixing[row, k] * apart[k] for k in range(row + 1))
        score = draws.held(number.address, score)
        if number.address in kept:
            score = level(score, odd(LEVELS ** (1.0 / kept[number.address])))
        found[number.address] = float(number.at(np.array([score]))[0])
    return found


def odd(most: float) -> int:
    """Return the largest odd number up to a most, 3 at least."""
    return max(3, 2 * math.floor((most + 1.0 + 1e-9) / 2.0) - 1)


def level(score: float, count: int) -> float:
    """Return the score that stands for the level, of equally likely ones, that a score is in.

    In proportion to the mean score of the level, with variance one over all levels.
    """
    edges = ndtri(np.arange(count + 1) / count)
    means = -np.diff(np.exp(-(edges**2) / 2.0))
    return float(means[math.floor(ndtr(score) * count)] / math.sqrt((means**2).mean()))


def levels(model: Model, draws: Draws) -> dict[str, list[float]]:
    """Draw the shocks: each a stationary AR(1), correlated in the same month."""
    shocks = sorted(model.shocks, key=lambda shock: shock.address)
    persistence = np.array([shock.persistence for shock in shocks])
    together = correlations(model, [shock.address for shock in shocks])
    # what is new in a month keeps the levels' covariances: C - diag(f) C diag(f)
    opening = np.linalg.cholesky(together)
    renewal = np.linalg.cholesky(together * (1.0 - np.outer(persistence, persistence)))
    found: dict[str, list[float]] = {shock.address: [] for shock in shocks}
    before = np.zeros(len(shocks))
    for month in months(model.timeline):
        apart = [
            float(ndtri(draws.uniform("shock", f"{s.name}\0{month.first}", s.address)))
            for s in shocks
        ]
        new = (renewal if month.number else opening) @ np.array(apart)
        before = persistence * before * (month.number > 0) + new
        for shock, level in zip(shocks, before, strict=True):
            found[shock.address].append(draws.held(shock.address, float(level)))
    return found


def weights(model: Model, draws: Draws) -> list[float]:
    """Draw the answers of each health class, a gamma variable: their shares are Dirichlet."""
    found = []
    for kind in model.customers.health if model.customers else ():
        score = ndtri(draws.uniform("number", f"{HEALTH}.{kind.name}.answers", HEALTH))
        above = float(ndtr(-draws.held(HEALTH, float(score))))
        found.append(float(gammainccinv(kind.answers + PRIOR, above)))
    return found


def draw(model: Model, *, seed: int, trajectory: int, worlds: WorldSeeds | None = None) -> World:
    """Draw the world of a trajectory."""
    draws = Draws(trajectory, seed, worlds or WorldSeeds())
    return World(
        values=values(model, draws), levels=levels(model, draws), weights=weights(model, draws)
    )


def factor(model: Model, world: World, effect: Effect, name: str, month: int) -> float:
    """Return what all shocks together make of one thing in a month: factors with mean one."""
    product = 1.0
    for shock in model.shocks:
        for concerned, size in getattr(shock, effect):
            if concerned == name:
                level = world.levels[shock.address][month]
                product *= math.exp(size * level - size * size / 2.0)
    return product


def written(model: Model, world: World) -> Model:
    """Return a plan without a world whose numbers, conversions and paces are this world's."""
    curves = [
        Curve(
            kind=kind,
            pipeline=line.name,
            stage=None,
            starts=month.first,
            ends=add_months(month.first, 1),
            factor=factor(model, world, kind, line.name, month.number),
        )
        for kind in ("conversion", "pace")
        if any(getattr(shock, kind) for shock in model.shocks)
        for line in model.pipelines
        for month in months(model.timeline)
    ]
    bare = plain(model, world.values)
    return replace(bare, curves=(*bare.curves, *curves))


def arrays_of(model: Model, world: World) -> Arrays:
    """Return the arrays that a trajectory in this world must be walked with."""
    program = lower(written(model, world))
    arrays = program.arrays
    starts = [month.start for month in months(model.timeline)]

    def by_month(effect: Effect, name: str, days: np.ndarray) -> np.ndarray:
        number = np.searchsorted(starts, days, side="right") - 1
        return np.array([factor(model, world, effect, name, month) for month in number])

    cells = np.unique(arrays.clock.day_cell, return_index=True)[1]
    amounts = [by_month("amount", line.name, cells) for line in model.pipelines]
    clocks, rows = speed_clocks(model, arrays, by_month)
    return arrays._replace(
        pipelines=arrays.pipelines._replace(amount_factor=np.array(amounts)),
        arrivals=arrays.arrivals._replace(mean=leads(model, arrays, by_month)),
        speed_clocks=clocks,
        base=arrays.base._replace(clock=np.array(rows or [-1])),
        health=health(arrays, world),
    )


def leads(model: Model, arrays: Arrays, by_month: ByMonth) -> np.ndarray:
    """Return the mean of each line, under the shocks of its month."""
    lines = arrays.arrivals
    mean = lines.mean.copy()
    external = [source.name for source in model.sources if source.kind == "external"]
    for k, source in enumerate(lines.source):
        of_source = slice(lines.first_line[k], lines.first_line[k + 1])
        mean[of_source] *= by_month("leads", external[source], lines.start[of_source])
    return mean


def speed_clocks(model: Model, arrays: Arrays, by_month: ByMonth) -> tuple[SpeedClocks, list[int]]:
    """Return the clocks under shocks, those of lifetimes last, and the rows of these."""
    clocks, pipelines = arrays.speed_clocks, [line.name for line in model.pipelines]
    own = [source for source in model.sources if source.kind == "customer"]
    own.sort(key=lambda source: pipelines.index(source.pipeline))
    speeds = []
    for row, (edges, values) in enumerate(zip(clocks.edges, clocks.speed, strict=True)):
        moved = by_month("leads", own[row].name, edges[:-1]) if row < len(own) else 1.0
        speeds.append(Speed(edges, values * moved))
    segments = model.customers.segments if model.customers else ()
    edges = np.append([month.start for month in months(model.timeline)], arrays.clock.end)
    rows = []
    for name in [segment.name for segment in segments] or [""]:
        there = any(name == concerned for shock in model.shocks for concerned, _ in shock.churn)
        rows.append(len(speeds) if there else -1)
        if there:
            speeds.append(Speed(edges, by_month("churn", name, edges[:-1])))
    return lower_speed_clocks(speeds, model.timeline), rows


def health(arrays: Arrays, world: World) -> Health:
    """Return the classes with this world's shares, new customers by share x hazard."""
    if not world.weights:
        return arrays.health
    here = np.cumsum(world.weights)
    born = np.cumsum(np.array(world.weights) * arrays.health.churn)
    return arrays.health._replace(shares=np.stack([here / here[-1], born / born[-1]]))
