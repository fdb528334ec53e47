"""Expected streams of deals through one pipeline: an exact solution of its renewal equations.

Within a cell of the calendar nothing changes, so what enters the states is a system of
convolution equations x = b + K x, loops and all, solved at once by its transform. What is under
way at a cell's end is carried over to the later cells, each at its own speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from salessim._typing import FloatArray
from salessim.lowering.chain import Cells, Move, States, cells_of, outcomes_at
from salessim.lowering.grid import Grid, convolve, mean_survival
from salessim.model.law import Law, floats
from salessim.model.plan import Curve, OpenDeals, Pipeline

ALIASING = 1e-13
"""What a transform of four times the length lets through from beyond its end."""

MOST_COEFFICIENTS = 1 << 21
"""Of the linear systems solved together: 32 MB."""

MOST_POINTS = 64
"""Of a clock, at which those under way are counted, for each step of the calendar."""

# What a stream of deals carries, a row each
DEALS, NEW_BUYERS, KNOWN_MONEY, DRAWN_AMOUNTS = range(4)


class Streams:
    """A pipeline on a grid, ready to move streams of deals."""

    def __init__(self, pipeline: Pipeline, curves: Sequence[Curve], grid: Grid) -> None:
        self.pipeline = pipeline
        self.grid = grid
        self.cells: Cells = cells_of(pipeline, curves, grid.timeline)
        self.states = States(pipeline)
        self.moves = self.states.moves(self.cells)
        self.edges = [day * grid.per_day for day in self.cells.edges]
        self._kernels: dict[tuple[Law, float], FloatArray] = {}

    def opening(self, deals: OpenDeals | None) -> FloatArray:
        """Return what the open deals bring into each state, shape (state, row, step)."""
        into = np.zeros((self.states.count, 4, self.grid.steps))
        if deals is None or not deals.ids:
            return into
        names = np.array(deals.stages)
        known = np.nan_to_num(deals.amounts, nan=0.0)
        rows = np.stack([np.ones(len(names)), deals.buyer_is_new, known, np.isnan(deals.amounts)])
        for index, stage in enumerate(self.pipeline.stages):
            there = names == f"{self.pipeline.name}.{stage.name}"
            for age in np.unique(deals.age_days[there]):
                carried = rows[:, there & (deals.age_days == age)].sum(axis=1)
                odds = float(self.cells.odds[index, 0])
                for name, chance, law in outcomes_at(stage, float(age), odds=odds):
                    target = self.states.target(index, name)
                    if target is not None and law is not None:
                        times = self._from_start(law, float(age), self.cells.pace[index])
                        into[target] += np.outer(carried, chance * times)
        return into

    def _from_start(self, law: Law, age: float, speeds: FloatArray) -> FloatArray:
        """Weights of what is left of a time at the start on the steps."""
        weights = self.grid.kernel(law, age=age, speed=float(speeds[0]))
        end = self.edges[1]
        if end < self.grid.steps:
            entering = np.zeros((1, end))
            entering[0, 0] = 1.0
            weights[end:] = self._carried_over(law, entering, speeds, cell=0, age=age)[0]
        return weights

    def arrivals(self, born: FloatArray, opening: FloatArray | None = None) -> FloatArray:
        """Return what enters each state, shape (state, row, step).

        Parameters
        ----------
        born : ndarray, shape (row, step)
            What enters the first stage from outside.
        opening : ndarray, shape (state, row, step), optional
            What open deals bring into each state.
        """
        into = np.zeros((self.states.count, *born.shape)) if opening is None else opening.copy()
        into[0] += born
        for cell, (begin, end) in enumerate(pairwise(self.edges)):
            into[..., begin:end] = self.solve(into[..., begin:end], cell)
            if end == self.grid.steps:
                break
            for move in self.moves:
                if move.chances[cell] > 0.0:
                    entering = move.chances[cell] * into[move.origin, :, begin:end]
                    carried = self._carried_over(move.law, entering, move.speeds, cell=cell)
                    into[move.target, :, end:] += carried
        return into

    def wins(self, births: FloatArray) -> FloatArray:
        """Return the wins of births in each step, shape (step,) both."""
        if len(self.edges) == 2:
            return self.grid.convolve(births, self._first_to_win)
        return floats(self.arrivals(births[None])[-1, 0])

    @cached_property
    def _first_to_win(self) -> FloatArray:
        birth = np.zeros((1, self.grid.steps))
        birth[0, 0] = 1.0
        return floats(self.arrivals(birth)[-1, 0])

    def _kernel(self, move: Move, cell: int) -> FloatArray:
        speed = float(move.speeds[cell])
        key = (move.law, speed)
        if key not in self._kernels:
            self._kernels[key] = self.grid.kernel(move.law, speed=speed)
        return self._kernels[key]

    def solve(self, given: FloatArray, cell: int, *, backwards: bool = False) -> FloatArray:
        """Solve x = given + K x within a cell, as power series in z, on a circle |z| < 1.

        The circle keeps what the series would have beyond the cell out of it (aliasing).
        ``backwards`` the moves lead from their targets to their origins: with the steps in
        reverse that is the adjoint, which tells what becomes of those who enter.
        """
        ways = [(m.origin, m.target) if backwards else (m.target, m.origin) for m in self.moves]
        states, _, steps = given.shape
        size = 4 << (steps - 1).bit_length()
        damping = ALIASING ** (np.arange(steps) / size)
        kernels = [
            np.fft.rfft(move.chances[cell] * self._kernel(move, cell)[:steps] * damping, size)
            for move in self.moves
        ]
        transformed = np.moveaxis(np.fft.rfft(given * damping, size), -1, 0)
        together = max(1, MOST_COEFFICIENTS // states**2)
        for first in range(0, len(transformed), together):
            part = slice(first, first + together)
            system = np.tile(np.eye(states, dtype=np.complex128), (len(transformed[part]), 1, 1))
            for (into, out_of), kernel in zip(ways, kernels, strict=True):
                system[:, into, out_of] -= kernel[part]
            transformed[part] = np.linalg.solve(system, transformed[part])
        solved = np.fft.irfft(np.moveaxis(transformed, 0, -1), size)[..., :steps] / damping
        # what no move leads to is known, to the bit
        untouched = sorted(set(range(states)) - {into for into, _ in ways})
        solved[untouched] = given[untouched]
        return floats(solved)

    def _carried_over(
        self, law: Law, entering: FloatArray, speeds: FloatArray, *, cell: int, age: float = 0.0
    ) -> FloatArray:
        """Return when those who entered in a cell leave after its end, shape (row, later step).

        A visit entered a time r before the end, as its clock goes, lasts at least a time u more
        with probability S(r + u). The sum over the entries is computed at points u that are as
        close as the steps of the slowest clock, and read off where the later steps end.
        """
        step, later = self.grid.step, speeds[cell + 1 :]
        lengths = np.diff(self.edges)[cell + 1 :]
        clock = np.concatenate([[0.0], np.cumsum(np.repeat(later, lengths) * step)])
        if clock[-1] == 0.0:
            return np.zeros((len(entering), len(clock) - 1))
        passed = float(speeds[cell]) * step * entering.shape[1]
        moving = speeds[cell:][speeds[cell:] > 0.0]
        closest = max(float(moving.min()) * step, clock[-1] / (MOST_POINTS * len(clock)))
        groups = self._groups(passed, entering.shape[1], closest)
        width = passed / groups
        parts = max(1, int(width / closest * (1.0 + 1e-9)))
        spacing = closest if groups == 1 else width / parts
        entered = np.zeros((len(entering), (groups - 1) * parts + 1))
        entered[:, ::parts] = _regrouped(entering, groups)
        first, points = entered.shape[1] - 1, int(np.ceil(clock[-1] / spacing)) + 3
        left = mean_survival(law, width=width, spacing=spacing, count=first + points, age=age)
        under_way = convolve(entered, left)[:, first : first + points]
        same = bool(np.all(later == speeds[cell]))
        read = under_way[:, : len(clock)] if same else _read_off(under_way, spacing, clock)
        return floats(np.maximum(-np.diff(read), 0.0))

    def _groups(self, passed: float, steps: int, closest: float) -> int:
        """Return how many stretches, no shorter than points may be, the steps of a cell make.

        Their lengths halve with the step, as the extrapolation to a step of zero asks for.
        """
        if passed >= closest * steps * (1.0 - 1e-9):
            return steps
        return max(1, self.grid.per_day * int(passed / closest / self.grid.per_day))


def _read_off(rows: FloatArray, spacing: float, at: FloatArray) -> FloatArray:
    """Return rows of values at points of equal distances where they are asked for, from 0 on."""
    from scipy.interpolate import PchipInterpolator

    # only the points near one that is read: often few of all
    near = np.floor(at / spacing).astype(np.int64)[:, None] + np.arange(-1, 3)
    is_near = np.zeros(rows.shape[1], dtype=bool)
    is_near[np.clip(near, 0, rows.shape[1] - 1)] = True
    points = np.flatnonzero(is_near)
    return floats(PchipInterpolator(spacing * points, rows[:, points], axis=1)(at))


def _regrouped(rows: FloatArray, groups: int) -> FloatArray:
    """Sum the last axis over so many stretches of equal length, which may end within a step."""
    steps = rows.shape[1]
    if groups == steps:
        return rows
    totals = np.pad(np.cumsum(rows, axis=1), ((0, 0), (1, 0)))
    ends = np.linspace(0.0, steps, groups + 1)
    return floats(np.diff([np.interp(ends, np.arange(steps + 1), row) for row in totals]))
