"""Worlds: what the trajectories of a chunk do not share, as arrays with a row each.

Only what varies has a row for each world. All is arithmetic without a function of the C library:
the same bits everywhere.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.kernels.arrays import Arrays, Worlds
from salessim.lowering.clocks import SMALLEST_SPEED
from salessim.lowering.effects import World, level_scores
from salessim.lowering.health import cumulated
from salessim.lowering.inputs import draws
from salessim.lowering.pieces import clocks_at
from salessim.lowering.program import Program
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.stages import FASTEST, SHARES

LARGEST_FACTOR = 1e100
"""Of all inputs on one number: what is as far off is as good as nothing, or without end."""


class Drawn(NamedTuple):
    """A chunk's draws."""

    scores: FloatArray
    """[w, number] standard normal scores."""
    factors: FloatArray
    """[w, factor]"""


def fixed_world(arrays: Arrays) -> Worlds:
    """Return the one world of a plan in which nothing is uncertain."""
    stages, clocks, base = arrays.stages, arrays.speed_clocks, arrays.base
    return Worlds(
        conversion=stages.conversion[None],
        aged_anew=stages.aged_anew[None],
        shares=stages.shares[None],
        slip=stages.slip[None],
        law=stages.law[None],
        scale=stages.scale[None],
        rest_law=stages.rest_law[None],
        rest_scale=stages.rest_scale[None],
        amount_law=arrays.pipelines.amount_law[None],
        amount_factor=arrays.pipelines.amount_factor[None],
        mean=arrays.arrivals.mean[None],
        factor_law=arrays.arrivals.factor_law[None],
        speed=clocks.speed[None],
        days_per_unit=clocks.days_per_unit[None],
        cumulative=clocks.cumulative[None],
        piece_clock=arrays.pieces.clock[None],
        lifetime_law=base.lifetime_law[None],
        lifetime_scale=base.lifetime_scale[None],
        lifetime_anew=base.lifetime_anew[None],
        health_shares=arrays.health.shares[None],
        health_churn=arrays.health.churn[None],
        health_rate=arrays.health.rate[None],
    )


def draw(world: World, seed: int, first: int, size: int, seeds: WorldSeeds) -> Drawn:
    """Draw the inputs of trajectories ``first .. first + size - 1``."""
    from salessim.kernels.scores import draw_worlds

    drawn = Drawn(np.empty((size, len(world.numbers))), np.empty((size, world.inputs.source.size)))
    how = draws(world.numbers, world.shocks, run_seed=seed, seeds=seeds)
    numbers, shocks = len(world.numbers), len(world.inputs.month)
    sizes = (numbers + world.inputs.month.size, numbers, shocks, shocks)
    scratch = tuple(map(np.empty, sizes))
    draw_worlds(world.inputs, how, first, drawn.scores, drawn.factors, scratch)
    return drawn


def make_worlds(program: Program, seed: int, first: int, size: int, seeds: WorldSeeds) -> Worlds:
    """Return the worlds of trajectories ``first .. first + size - 1``.

    Parameters
    ----------
    program : Program
    seed : int
        Of the run; of the inputs where ``seeds`` names no other.
    first, size : int
    seeds : WorldSeeds

    Returns
    -------
    Worlds
        Arrays with ``size`` rows where worlds differ, else with one.
    """
    fixed = fixed_world(program.arrays)
    if program.world is None:
        return fixed
    drawn = draw(program.world, seed, first, size, seeds)
    fold = _Fold(program.world, drawn, program.arrays)
    return fixed._replace(
        **fold.conversions(),
        **fold.shares(),
        **fold.times(),
        **fold.amounts(),
        **fold.leads(),
        **fold.clocks(),
        **fold.lifetimes(),
        **fold.health(),
    )


def need_factors(
    program: Program, seed: int, trajectories: int, seeds: WorldSeeds
) -> FloatArray | None:
    """Return the factor on the verdict's need in each world; None where it is certain."""
    world = program.world
    if world is None or not any(effect.target == "need" for effect in world.effects):
        return None
    drawn = draw(world, seed, 0, trajectories, seeds)
    found = _Fold(world, drawn, program.arrays).product("need", (1,))
    return None if found is None else found[:, 0]


def moved(probability: FloatArray, odds: FloatArray) -> FloatArray:
    """Return probabilities with their odds multiplied; the same bits where that is by 1."""
    advance = probability * odds
    return np.asarray(advance / (advance + (1.0 - probability)))


class _Fold:
    """Multiplies factors into the arrays that they move."""

    def __init__(self, world: World, drawn: Drawn, arrays: Arrays) -> None:
        self.world = world
        self.drawn = drawn
        self.arrays = arrays

    def product(self, target: str, shape: tuple[int, ...]) -> FloatArray | None:
        """Return the product of all factors on a target, shape (w, *shape); None without any."""
        found = [effect for effect in self.world.effects if effect.target == target]
        if not found:
            return None
        from salessim.kernels.scores import multiply

        out = np.ones((len(self.drawn.scores), int(np.prod(shape))))
        for effect in found:
            multiply(out, effect.at, effect.factor, self.drawn.factors)
        return np.clip(out, 1.0 / LARGEST_FACTOR, LARGEST_FACTOR, out=out).reshape(-1, *shape)

    def rows(self, target: str, fixed: IntArray) -> IntArray | None:
        """Return the tables that each world picks, shape (w, *fixed.shape); None without any."""
        banks = [bank for bank in self.world.banks if bank.target == target]
        if not banks:
            return None
        out = np.repeat(fixed.reshape(1, -1), len(self.drawn.scores), axis=0)
        for bank in banks:
            levels = bank.rows.shape[0]
            edges = level_scores(np.arange(1, levels) / levels)
            scores = self.drawn.scores[:, bank.numbers]
            out[:, bank.at] = bank.rows[tuple(np.searchsorted(edges, scores.T, side="right"))]
        return out.reshape(-1, *fixed.shape)

    @cached_property
    def odds(self) -> FloatArray | None:
        """Factors on the odds of advancing, shape (w, stage, cell)."""
        return self.product("conversion", self.arrays.stages.conversion.shape)

    def conversions(self) -> dict[str, FloatArray]:
        """Probabilities to advance."""
        if self.odds is None:
            return {}
        return {"conversion": moved(self.arrays.stages.conversion, self.odds)}

    def shares(self) -> dict[str, FloatArray]:
        """Cumulative shares of those that do not advance, and slips."""
        stages, plain = self.arrays.stages, self.world.shares
        odds = self.product("share", plain.shape)
        if odds is None:
            return {}
        values = moved(plain, odds)
        taken = values[:, :, 0] + values[:, :, 1] + values[:, :, 2] + values[:, :, 3]
        others = values[:, :, :4] / np.maximum(taken, 1.0)[:, :, None]
        lost = np.maximum(1.0 - taken, 0.0)
        parts = np.concatenate([lost[:, :, None], others[:, :, :3]], axis=2)
        # Only what an input moves: the others keep their bits, and what is certain stays so.
        moves = (odds[:, :, :4] != 1.0).any(axis=2)[:, :, None] & (stages.shares < 1.0)
        shares = np.where(moves, np.cumsum(parts, axis=2), stages.shares)
        slip = np.repeat(stages.slip[None], len(values), axis=0)
        slip[:, :, 0] = values[:, :, SHARES.index("slip")]
        return {"shares": shares, "slip": slip}

    def times(self) -> dict[str, FloatArray | IntArray]:
        """Laws of times and rests, their scales, and where open deals must be aged anew."""
        stages = self.arrays.stages
        scale, law = (
            self.product("time_scale", stages.scale.shape),
            self.rows("time_law", stages.law),
        )
        share = self.product("share", self.world.shares.shape)
        found = {
            "scale": scale,
            "law": law,
            "rest_scale": self.product("rest_scale", stages.rest_scale.shape),
            "rest_law": self.rows("rest_law", stages.rest_law),
        }
        changes = [
            (array != plain).any(axis=2)
            for array, plain in ((scale, 1.0), (law, stages.law), (share, 1.0))
            if array is not None
        ]
        if self.odds is not None:
            changes.append(self.odds[:, :, 0] != 1.0)
        if changes:
            found["aged_anew"] = np.any(changes, axis=0).astype(np.int64)
        return {name: array for name, array in found.items() if array is not None}

    def amounts(self) -> dict[str, FloatArray | IntArray]:
        """Laws of amounts, and factors by cell."""
        pipelines = self.arrays.pipelines
        shape = pipelines.amount_factor.shape
        factor, scale = self.product("amount", shape), self.product("amount_scale", shape[:1])
        found: dict[str, FloatArray | IntArray] = {}
        if factor is not None or scale is not None:
            by_cell = np.ones((1, *shape)) if factor is None else factor
            found["amount_factor"] = by_cell * (1.0 if scale is None else scale[:, :, None])
        law = self.rows("amount_law", pipelines.amount_law)
        if law is not None:
            found["amount_law"] = law
        return found

    def leads(self) -> dict[str, FloatArray | IntArray]:
        """Means of lines of leads, and laws of over-dispersion."""
        lines = self.arrays.arrivals
        factor, law = (
            self.product("lead", lines.mean.shape),
            self.rows("factor_law", lines.factor_law),
        )
        found: dict[str, FloatArray | IntArray] = {}
        if factor is not None:
            found["mean"] = lines.mean * factor
        if law is not None:
            found["factor_law"] = law
        return found

    def clocks(self) -> dict[str, FloatArray | IntArray]:
        """Clocks with the speeds of each world."""
        clocks = self.arrays.speed_clocks
        factor = self.product("speed", clocks.speed.shape)
        if factor is None:
            return {}
        speed = clocks.speed * factor
        births = self.arrays.customer_sources.entity.size
        speed[:, births:] = np.minimum(speed[:, births:], FASTEST)
        speed[speed < SMALLEST_SPEED] = 0.0
        starts = clocks.speed[:, 0] > 0.0
        speed[:, starts, 0] = np.maximum(speed[:, starts, 0], SMALLEST_SPEED)
        cumulative = np.zeros((*speed.shape[:2], speed.shape[2] + 1))
        np.cumsum(speed * np.diff(clocks.edges, axis=1), axis=2, out=cumulative[:, :, 1:])
        pieces = self.arrays.pieces
        day = pieces.day.astype(np.int64)
        return {
            "speed": speed,
            "days_per_unit": np.divide(1.0, speed, out=np.zeros_like(speed), where=speed > 0.0),
            "cumulative": cumulative,
            "piece_clock": clocks_at(day, pieces.row, clocks, speed, cumulative),
        }

    def lifetimes(self) -> dict[str, FloatArray | IntArray]:
        """Laws of lifetimes, their scales, and where what is left of them follows anew."""
        base = self.arrays.base
        scale = self.product("lifetime_scale", base.lifetime_scale.shape)
        law = self.rows("lifetime_law", base.lifetime_law)
        found: dict[str, FloatArray | IntArray] = {}
        anew = np.zeros((1, base.lifetime_law.size), bool)
        if scale is not None:
            found["lifetime_scale"], anew = scale, anew | (scale != 1.0)
        if law is not None:
            found["lifetime_law"], anew = law, anew | (law != base.lifetime_law)
        if found:
            found["lifetime_anew"] = anew.astype(np.int64)
        return found

    def health(self) -> dict[str, FloatArray]:
        """Shares of the health classes, and their factors."""
        fixed, answers = self.arrays.health, self.world.answers
        found: dict[str, FloatArray] = {}
        if not answers.size:
            return found
        churn = self.product("health_churn", fixed.churn.shape)
        rate = self.product("health_rate", fixed.rate.shape)
        hazard = fixed.churn * (1.0 if churn is None else churn)
        if churn is not None:
            found["health_churn"] = hazard
        if rate is not None:
            found["health_rate"] = fixed.rate * rate
        drawn = self.product("answers", answers.shape)
        weights = answers * (1.0 if drawn is None else drawn)
        here, born = np.broadcast_arrays(weights, weights * hazard)
        found["health_shares"] = np.stack([cumulated(here), cumulated(born)], axis=1)
        return found
