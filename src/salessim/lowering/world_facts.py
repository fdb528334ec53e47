"""What is known of each world without simulating: how many customers a customer brings in it."""

from __future__ import annotations

import numpy as np

from salessim._typing import FloatArray
from salessim.kernels.arrays import Arrays, Worlds
from salessim.lowering.customer_means import customer_classes, has_source
from salessim.lowering.facts import rate_at_start
from salessim.lowering.program import Program
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.sources import customer_sources
from salessim.lowering.worlds import make_worlds
from salessim.model.plan import Model

MOST_WORLDS = 1000
"""Worlds looked at: enough for a mean and its error, and soon done."""


def reproduction_numbers(
    program: Program, model: Model, *, seed: int, trajectories: int, seeds: WorldSeeds
) -> FloatArray | None:
    """Return the reproduction number in each of the first worlds, as it is at the start.

    Parameters
    ----------
    program, model : Program and Model
        The one lowered from the other.
    seed, trajectories, seeds : int, int, WorldSeeds
        As of the run; `MOST_WORLDS` worlds at most.

    Returns
    -------
    ndarray, shape (world,), or None
        None when nothing is uncertain, or the number has no value.
    """
    if (
        program.world is None
        or program.facts.reproduction_number is None
        or model.customers is None
    ):
        return None
    worlds = make_worlds(program, seed, 0, min(trajectories, MOST_WORLDS), seeds)
    arrays = program.arrays
    kinds = customer_classes(model.customers)
    names = [kind.name for kind in kinds]
    pipelines = [pipeline.name for pipeline in model.pipelines]
    lives = _mean_lives(arrays, worlds)
    brought = np.zeros((1, len(kinds), len(kinds)))
    for j, source in enumerate(customer_sources(model)[0]):
        if not source.buyer_is_new:
            continue
        p = pipelines.index(source.pipeline)
        to = names.index(model.pipelines[p].segment)
        rates = rate_at_start(source, model) * _rate_factor(arrays, worlds, j)
        each = rates * _win_rates(arrays, worlds, p) * _health_factor(worlds, j)
        having = np.array([has_source(kind, source) for kind in kinds])
        more = np.zeros((len(each * lives[:, 0]), len(kinds), len(kinds)))
        more[:, having, to] = (each[:, None] * lives)[:, having]
        brought = brought + more
    radius: FloatArray = np.abs(np.linalg.eigvals(brought)).max(axis=1)
    return radius


def _rate_factor(arrays: Arrays, worlds: Worlds, j: int) -> FloatArray:
    """Return the factor on a customer source's rate on the first day."""
    plain = arrays.speed_clocks.speed[j, 0]
    return np.asarray(worlds.speed[:, j, 0] / plain if plain > 0.0 else np.ones(len(worlds.speed)))


def _win_rates(arrays: Arrays, worlds: Worlds, p: int) -> FloatArray:
    """Return the win rate of a pipeline by the probabilities of the first day."""
    first, last = arrays.pipelines.first_stage[p], arrays.pipelines.first_stage[p + 1]
    conversion = worlds.conversion[:, first:last, 0]
    shares = np.minimum(worlds.shares[:, first:last], 1.0)
    slip = worlds.slip[:, first:last, 0]
    size = last - first
    stays = (1.0 - slip) * (1.0 - conversion)
    among = np.zeros((len(stays), size, size))
    stage = np.arange(size)
    among[:, stage, stage] += slip
    advance = (1.0 - slip) * conversion * np.ones((len(stays), 1))
    among[:, stage[:-1], stage[1:]] += advance[:, :-1]
    for outcome, share in (
        (3, shares[:, :, 2] - shares[:, :, 1]),
        (4, shares[:, :, 3] - shares[:, :, 2]),
    ):
        target = arrays.stages.target[first:last, outcome] - first
        back = np.flatnonzero(arrays.stages.returns[first:last])
        among[:, back, np.maximum(target[back], 0)] += (stays * share)[:, back]
    won = np.zeros((len(stays), size, 1))
    won[:, -1, 0] = advance[:, -1]
    return np.asarray(np.linalg.solve(np.eye(size) - among, won)[:, 0, 0])


def _mean_lives(arrays: Arrays, worlds: Worlds) -> FloatArray:
    """Return the mean lifetime by segment, the hazard of the first day held; shape (w, g)."""
    tables = arrays.tables.full
    weights = np.full(tables.shape[1], 2.0 ** (-20))
    weights[: 2**10 - 1] = 2.0 ** (-10)
    means = (tables[:, :, 0] + tables[:, :, 1] / 2) @ weights
    lives = means[worlds.lifetime_law] * worlds.lifetime_scale
    for g, row in enumerate(arrays.base.clock):
        if row >= 0:
            lives = lives * np.ones((len(worlds.speed), 1))
            lives[:, g] /= worlds.speed[:, row, 0]
    return np.asarray(lives)


def _health_factor(worlds: Worlds, j: int) -> FloatArray:
    """Return what the health of new customers does to their deals through a source, on average."""
    shares = np.diff(worlds.health_shares[:, 1], axis=1, prepend=0.0)
    return np.asarray((shares * worlds.health_rate[:, j] / worlds.health_churn).sum(axis=1))
