"""Lives of customers as they were seen, and the laws that they may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from salessim._typing import BoolArray, FloatArray, IntArray
from salessim.fit.incidence import STILL_GOING, Incidence, incidence

LEAST_SHAPE, MOST_SHAPE = 0.05, 20.0


@dataclass(frozen=True, kw_only=True)
class Lives:
    """Lives of customers, as far as they were seen.

    Attributes
    ----------
    entry : ndarray, shape (lives,)
        Age in days from which on a life was seen (left truncation); 0 = from its beginning.
    leave : ndarray, shape (lives,)
        Age in days at its end, or when it was last seen.
    ended : ndarray of bool, shape (lives,)
    group : ndarray of int, shape (lives,)
        Segment of the customer, from 0.
    groups : int
        How many segments there are.
    """

    entry: FloatArray
    leave: FloatArray
    ended: BoolArray
    group: IntArray
    groups: int = 1

    def of_group(self, group: int) -> Lives:
        """Return the lives of one segment."""
        there = self.group == group
        return Lives(
            entry=self.entry[there],
            leave=self.leave[there],
            ended=self.ended[there],
            group=np.zeros(int(there.sum()), np.int64),
        )

    def kaplan_meier(self) -> Incidence:
        """Return what survives by age, without a law: Kaplan-Meier with delayed entry."""
        outcome = np.where(self.ended, 0, STILL_GOING)
        return incidence(self.entry, self.leave, outcome, np.ones(len(outcome)), outcomes=1)


Rows = tuple[FloatArray, FloatArray, FloatArray]
"""Log-likelihood of each life; its slope in the logarithm of the location; and, [shape, life], in
those of the shapes."""


class Family(Protocol):
    """A kind of law: a location for each segment, and shapes that all share."""

    @property
    def name(self) -> str:
        """What the plan calls it."""

    @property
    def shapes(self) -> int:
        """How many shapes it has."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Return the law's keys in a plan."""

    def edges(self, lives: Lives) -> tuple[FloatArray, FloatArray]:
        """Return logarithms between which location and shapes of a segment can be told."""

    def start(self, lives: Lives) -> float:
        """Return a location from which to search."""

    def rows(self, lives: Lives, location: FloatArray, shapes: FloatArray) -> Rows:
        """Return the likelihood of lives; `location` of each, `shapes` of all."""

    def values(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the values of the keys, and slopes of their logarithms in those of `at`."""

    def survival(self, age: FloatArray, at: FloatArray) -> FloatArray:
        """P(still a customer after an age in days)."""


@dataclass(frozen=True, kw_only=True)
class Burr(Family):
    """Weibull lifetimes with hazards that are gamma over customers, and their special cases.

    The cumulative hazard is tail ln(1 + (t / location)^shape / tail): Burr XII (as the
    "Weibull-gamma" of Fader and Hardie); without `has_tail` Weibull, without `has_shape` Pareto II
    ("lomax"), without both exponential.
    """

    has_shape: bool
    has_tail: bool

    @property
    def name(self) -> str:
        """Return the plan's word."""
        names = {(False, False): "exponential", (True, False): "weibull", (False, True): "lomax"}
        return names.get((self.has_shape, self.has_tail), "burr")

    @property
    def shapes(self) -> int:
        """Return 0 to 2."""
        return self.has_shape + self.has_tail

    @property
    def keys(self) -> tuple[str, ...]:
        """Return what the plan's law holds."""
        return {
            "exponential": ("mean",),
            "weibull": ("scale", "shape"),
            "lomax": ("scale", "shape"),
            "burr": ("scale", "shape", "tail"),
        }[self.name]

    def edges(self, lives: Lives) -> tuple[FloatArray, FloatArray]:
        """Return half a day to twice the time seen (half an end in it); shapes 0.05 to 20."""
        time = float((lives.leave - lives.entry).sum())
        low = np.log([0.5, *[LEAST_SHAPE] * self.shapes])
        return low, np.log([2.0 * max(time, 1.0), *[MOST_SHAPE] * self.shapes])

    def start(self, lives: Lives) -> float:
        """Return the time seen for each end."""
        return float((lives.leave - lives.entry).sum()) / max(float(lives.ended.sum()), 0.5)

    def _split(self, shapes: FloatArray) -> tuple[float, float]:
        shape = float(shapes[0]) if self.has_shape else 1.0
        return shape, float(shapes[-1]) if self.has_tail else np.inf

    def rows(self, lives: Lives, location: FloatArray, shapes: FloatArray) -> Rows:
        """Return ln hazard(end) - cumulative hazard(leave) + cumulative hazard(entry)."""
        shape, tail = self._split(shapes)
        leave, entry = (_Hazard.at(x, location, shape, tail) for x in (lives.leave, lives.entry))
        ended = lives.ended.astype(np.float64)
        above = leave.u / tail * leave.q
        log_hazard = np.log(shape) + shape * leave.v - np.log(lives.leave) + np.log(leave.q)
        value = ended * log_hazard - leave.total + entry.total
        by_location = shape * (ended * (above - 1.0) + leave.u * leave.q - entry.u * entry.q)
        slopes = []
        if self.has_shape:
            by_log = ended * (1.0 + shape * leave.v * (1.0 - above))
            slopes.append(by_log - shape * (leave.v * leave.u * leave.q - entry.v_u * entry.q))
        if self.has_tail:
            bent = [one.total - one.u * one.q for one in (leave, entry)]
            slopes.append(ended * above - bent[0] + bent[1])
        return value, by_location, np.array(slopes).reshape(self.shapes, len(value))

    def values(self, at: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return scale = location tail^(1/shape), and the shapes as they are."""
        shape, tail = self._split(at[1:])
        slopes = np.eye(len(at))
        if not self.has_tail:
            return at, slopes
        slopes[0, -1] = 1.0 / shape
        if self.has_shape:
            slopes[0, 1] = -np.log(tail) / shape
        return np.array([at[0] * tail ** (1.0 / shape), *at[1:]]), slopes

    def survival(self, age: FloatArray, at: FloatArray) -> FloatArray:
        """exp(-cumulative hazard)."""
        shape, tail = self._split(at[1:])
        return np.exp(-_Hazard.at(age, at[:1], shape, tail).total)


@dataclass(frozen=True, kw_only=True)
class _Hazard:
    """The cumulative hazard at an age, and what its slopes are made of."""

    v: FloatArray
    """ln(t / location)."""
    u: FloatArray
    """(t / location)^shape."""
    q: FloatArray
    """1 / (1 + u / tail)."""
    total: FloatArray

    @classmethod
    def at(cls, age: FloatArray, location: FloatArray, shape: float, tail: float) -> _Hazard:
        # the least float: at age 0 the power is 0, and 0 ln 0 is 0
        v = np.log(np.maximum(age, 1e-300) / location)
        u = np.where(age > 0.0, np.exp(np.minimum(shape * v, 600.0)), 0.0)
        total = u if np.isinf(tail) else tail * np.log1p(u / tail)
        return cls(v=v, u=u, q=1.0 / (1.0 + u / tail), total=total)

    @property
    def v_u(self) -> FloatArray:
        return self.v * self.u


CONTINUOUS: tuple[Family, ...] = (
    Burr(has_shape=False, has_tail=False),
    Burr(has_shape=True, has_tail=False),
    Burr(has_shape=False, has_tail=True),
    Burr(has_shape=True, has_tail=True),
)
"""Laws of lifetimes that may end on any day."""
