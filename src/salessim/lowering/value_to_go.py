"""What becomes of a deal, by the state that it enters and when: the renewal equations backwards.

`Streams` moves expected deals forwards; its adjoint moves what they will come to backwards, from
the end of time to the start (Kolmogorov's backward equations of a semi-Markov process; Cinlar,
Introduction to Stochastic Processes, ch. 10). Computed once, it answers for every deal there is:
what a deal comes to is the mean of the values that it may move on to.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.lowering.chain import Move, outcomes
from salessim.lowering.grid import convolve, mean_survival, survival_between
from salessim.lowering.streams import Streams
from salessim.model.law import Law, floats

# What becomes of a deal, a row each
WON_IN_TIME, WON, NEVER_CLOSED = range(3)
MOST_STRETCHES = 1 << 17
"""That a clock is cut into, however fast it runs."""
LONGEST_CLOCK = 4.0
"""Times as long as the calendar: beyond, equal stretches of a clock are too many."""
FORGOTTEN = 1e-10
"""Share of the visits that may last longer than is looked at."""
WINDOW = 256
"""Ages looked at together: 25 MB on the finest grid of two years."""
LONGEST_TABLE = 1 << 20
"""Steps in a table of what is left at any age."""


class ValueToGo:
    """Probabilities of what becomes of the deals of a pipeline.

    Parameters
    ----------
    streams : Streams
    horizon : int
        Step from which on a win is too late.

    Attributes
    ----------
    steps : ndarray, shape (state, row, step)
        By the state entered and the step in which it is.
    ever : ndarray, shape (state, row)
        By the state entered after the simulated time. The conversions of its last cell hold on;
        every visit comes to an end in time.
    """

    def __init__(self, streams: Streams, *, horizon: int) -> None:
        self._streams = streams
        self._stuck = self._stuck_chances()
        self.ever = self._ever()
        self.steps = self._steps(horizon)

    def _stuck_chances(self) -> FloatArray:
        """Probability to be stuck in each state, by the cell in which it is entered."""
        states, odds = self._streams.states, self._streams.cells.odds
        chances = np.zeros((states.count, odds.shape[1]))
        for i, stage in enumerate(states.stages):
            stuck = [outcomes(stage, odds=float(each))[-1].probability for each in odds[i]]
            chances[[i, states.anew.get(i, i)]] = stuck
        return chances

    def _ever(self) -> FloatArray:
        """Solve v = r + P v, the chain without its times."""
        states = self._streams.states
        system, rewards = np.eye(states.count), np.zeros((states.count, 3))
        for move in self._streams.moves:
            system[move.origin, move.target] -= move.chances[-1]
        rewards[states.won, WON] = 1.0
        rewards[:, NEVER_CLOSED] = self._stuck[:, -1]
        return floats(np.linalg.solve(system, rewards))

    def _steps(self, horizon: int) -> FloatArray:
        """Go through the cells from the last to the first."""
        streams, won = self._streams, self._streams.states.won
        value = np.zeros((streams.states.count, 3, streams.grid.steps))
        last = len(streams.edges) - 2
        for cell, (begin, end) in reversed(list(enumerate(pairwise(streams.edges)))):
            given = np.zeros((*value.shape[:2], end - begin))
            given[won, WON_IN_TIME, : max(0, horizon - begin)] = 1.0
            given[won, WON] = 1.0
            given[:, NEVER_CLOSED] = self._stuck[:, cell, None]
            if cell < last:
                for move in streams.moves:
                    if move.chances[cell] > 0.0:
                        given[move.origin] += move.chances[cell] * self._later(move, cell, value)
                now = streams.solve(given[..., ::-1], cell, backwards=True)
            else:
                # nothing changes any more: only what must be in time depends on the step
                now = np.repeat(self.ever[..., None], end - begin, axis=-1)
                in_time = given[:, [WON_IN_TIME], ::-1]
                now[:, [WON_IN_TIME]] = streams.solve(in_time, cell, backwards=True)
            value[..., begin:end] = now[..., ::-1]
        return value

    def _later(self, move: Move, cell: int, value: FloatArray) -> FloatArray:
        """Return what those who move on after a cell come to, by their step of entry in it.

        The clock of the visit is cut into stretches as long as a step of the cell, and the values
        moved on to are averaged over each.
        """
        begin, end = self._streams.edges[cell : cell + 2]
        step, later = self._streams.grid.step, move.speeds[cell + 1 :]
        clock = _clock(later, np.diff(self._streams.edges)[cell + 1 :], step)
        passed, groups = float(move.speeds[cell]) * step * (end - begin), end - begin
        # however fast the clock runs later, no visit lasts longer
        reach = min(float(clock[-1]), float(move.law.isf(floats([FORGOTTEN]))[0]))
        if reach > 0.0:
            groups = max(1, min(groups, int(passed / reach * MOST_STRETCHES)))
        width = passed / groups
        spacing = max(width, reach / MOST_STRETCHES)
        points = _stretches(reach, spacing)
        means = _averaged(value[move.target][:, end:], clock, points, self.ever[move.target])
        many = len(points) - 1
        left = mean_survival(move.law, width=width, spacing=spacing, count=groups + many)
        # sum of (left[r + k] - left[r + k + 1]) means[k], by parts
        found = means[:, :1] * left[:groups]
        if many:
            changes = np.diff(means)[:, ::-1]
            found += convolve(changes, left)[:, many : many + groups]
        return _spread(found[:, ::-1], end - begin)

    def after(self, law: Law, ages: FloatArray, *, stage: int, target: int) -> FloatArray:
        """Return what becomes of open deals that will move on to a state, shape (age, row).

        Parameters
        ----------
        law : Law
            Of the whole visit; it must survive the ages.
        ages : ndarray
            Days that each visit has lasted at the start.
        stage : int
            Position of the stage, by whose pace time passes.
        target : int
            The state.
        """
        streams, step = self._streams, self._streams.grid.step
        clock = _clock(streams.cells.pace[stage], np.diff(streams.edges), step)
        if clock[-1] <= LONGEST_CLOCK * step * (len(clock) - 1):
            # whole steps, of which ages are multiples
            points = _stretches(float(clock[-1]), step)
            means = _averaged(self.steps[target], clock, points, self.ever[target])
        else:
            points, means = clock, np.column_stack([self.steps[target], self.ever[target]])
        if len(points) == 1:
            return np.tile(means[:, 0], (len(ages), 1))
        left = _left(law, ages, points)
        parts = np.array_split(np.arange(len(ages)), max(1, len(ages) // WINDOW))
        changes = np.diff(means).T
        return floats(means[:, 0] + np.concatenate([left(part) @ changes for part in parts]))


def _left(law: Law, ages: FloatArray, points: FloatArray) -> Callable[[IntArray], FloatArray]:
    """Return a function that tells the shares still there after some of the ages.

    They are means from point to point. Where these are at equal distances, of which the ages are
    multiples, all read one table.
    """
    ages = np.zeros_like(ages) if law.is_memoryless else ages
    # at age 0 nothing is known, not even that an instant time is over
    alive = np.where(ages > 0.0, np.exp(law.log_survival(ages)), 1.0)[:, None]
    many, width = len(points) - 1, float(points[1])
    if width > 0.0 and np.array_equal(points, width * np.arange(many + 1)):
        first = np.rint(ages / width)
        if np.all(first * width == ages) and first.max() < LONGEST_TABLE:
            table = survival_between(law, width * np.arange(first.max() + many + 1))
            windows = np.lib.stride_tricks.sliding_window_view(table, many)
            return lambda part: floats(windows[first[part].astype(np.int64)] / alive[part])
    return lambda part: floats(survival_between(law, ages[part, None] + points) / alive[part])


def _clock(speeds: FloatArray, lengths: IntArray, step: float) -> FloatArray:
    """Return what a clock shows at the edges of the steps of cells, from 0."""
    return np.concatenate([[0.0], np.cumsum(np.repeat(speeds, lengths) * step)])


def _stretches(length: float, spacing: float) -> FloatArray:
    """Return points of equal distances that reach a length; 0 alone where it is 0."""
    many = int(np.ceil(length / spacing * (1.0 - 1e-12))) if length > 0.0 else 0
    return floats(spacing * np.arange(many + 1))


def _averaged(
    values: FloatArray, clock: FloatArray, points: FloatArray, beyond: FloatArray
) -> FloatArray:
    """Average values on the stretches of a clock over those between points; beyond it they hold."""
    after = np.maximum(points - clock[-1], 0.0)
    sums = np.pad(np.cumsum(values * np.diff(clock), axis=1), ((0, 0), (1, 0)))
    read = np.stack([np.interp(points, clock, row) for row in sums]) + np.outer(beyond, after)
    return floats(np.column_stack([np.diff(read) / points[1:2], beyond]))


def _spread(groups: FloatArray, steps: int) -> FloatArray:
    """Return means over steps from those over fewer stretches of equal length."""
    from scipy.interpolate import PchipInterpolator

    if groups.shape[1] == steps:
        return groups
    ends = np.linspace(0.0, steps, groups.shape[1] + 1)
    sums = np.pad(np.cumsum(groups, axis=1) * ends[1], ((0, 0), (1, 0)))
    return floats(np.diff(PchipInterpolator(ends, sums, axis=1)(np.arange(steps + 1))))
