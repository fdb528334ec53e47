"""The plan's laws once more, from scipy and from phases: nothing here comes from salessim's own.

`Tabled` serves the time-stepping answer, `Phases` the one by matrix exponentials, `draw` the
walk in NumPy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import interpolate, linalg, stats

from salessim._typing import FloatArray
from salessim.model import laws
from salessim.model.law import Law, floats

QUADRATURE = np.polynomial.legendre.leggauss(8)


def distribution(law: Law) -> Any:
    """Return scipy's frozen distribution of a law; TypeError when it is none of scipy's."""
    found: Any
    match law:
        case laws.Exponential():
            found = stats.expon(scale=law.mean)
        case laws.Gamma():
            found = stats.gamma(law.shape, scale=law.mean / law.shape)
        case laws.Lognormal():
            found = stats.lognorm(law.sigma, scale=law.median)
        case laws.Weibull():
            found = stats.weibull_min(law.shape, scale=law.scale)
        case laws.LogLogistic():
            found = stats.fisk(law.shape, scale=law.median)
        case laws.Burr():
            found = stats.burr12(law.shape, law.tail, scale=law.scale)
        case laws.Uniform():
            found = stats.uniform(law.low, law.high - law.low)
        case laws.Mixture():
            found = Blend(law.weights, [distribution(part) for part in law.laws])
        case _:
            raise TypeError(f"no scipy distribution for {law!r}")
    return found


class Blend:
    """A mixture of distributions, with the three of scipy's methods that are used here."""

    def __init__(self, weights: tuple[float, ...], parts: list[Any]) -> None:
        self._weights = np.array(weights) / sum(weights)
        self._parts = parts

    def sf(self, x: FloatArray) -> FloatArray:
        """P(X > x)."""
        pairs = zip(self._weights, self._parts, strict=True)
        return np.asarray(sum(weight * part.sf(x) for weight, part in pairs))

    def mean(self) -> float:
        """Weighted mean."""
        return float(self._weights @ [part.mean() for part in self._parts])

    def rvs(self, size: int, random_state: np.random.Generator) -> FloatArray:
        """Independent values."""
        which = random_state.choice(len(self._parts), size, p=self._weights)
        return np.choose(which, [part.rvs(size, random_state=random_state) for part in self._parts])


def mean(law: Law) -> float:
    """Return the mean, as scipy has it."""
    return law.value if isinstance(law, laws.Fixed) else float(distribution(law).mean())


def draw(law: Law, size: int, random: np.random.Generator) -> FloatArray:
    """Return independent values."""
    if isinstance(law, laws.Fixed):
        return np.full(size, law.value)
    return np.asarray(distribution(law).rvs(size, random_state=random))


class Tabled:
    """F and its integral, at any time from 0 to a longest one.

    Parameters
    ----------
    law : Law
        One of scipy's, or a fixed time.
    step, longest : float
        Days between the nodes of the table, and its length.
    age : float
        Days the law has been running: what is tabled is the law of what is left.
    """

    def __init__(self, law: Law, *, step: float, longest: float, age: float = 0.0) -> None:
        self._fixed = law.value - age if isinstance(law, laws.Fixed) else None
        if self._fixed is not None:
            self.survival_at_age = float(self._fixed > 0.0 or age == 0.0)
            return
        frozen = distribution(law)
        self.survival_at_age = float(frozen.sf(age))
        edges = np.arange(0.0, longest + 2.0 * step, step)
        nodes = edges[:-1, None] + step * (QUADRATURE[0] + 1.0) / 2.0
        pieces = self._left(frozen, nodes, age) @ QUADRATURE[1] * step / 2.0
        integral = np.concatenate([[0.0], np.cumsum(pieces)])
        self._frozen, self._age = frozen, age
        at_edges = self._left(frozen, edges, age)
        self._integral = interpolate.CubicHermiteSpline(edges, integral, at_edges)

    def _left(self, frozen: Any, x: FloatArray, age: float) -> FloatArray:
        return np.asarray(1.0 - frozen.sf(age + x) / self.survival_at_age)

    def cdf(self, x: FloatArray) -> FloatArray:
        """P(what is left < x)."""
        if self._fixed is not None:
            return np.asarray(x > self._fixed, float)
        return self._left(self._frozen, np.maximum(x, 0.0), self._age)

    def integral(self, x: FloatArray) -> FloatArray:
        """Integral of `cdf` from 0 to x; 0 below."""
        if self._fixed is not None:
            return np.maximum(x - max(self._fixed, 0.0), 0.0)
        return np.asarray(self._integral(np.maximum(x, 0.0)))


@dataclass(frozen=True)
class Phases:
    """A law as the time to absorption of a Markov chain (Neuts 1981, chapter 2).

    Attributes
    ----------
    start : ndarray, shape (phase,)
        Probabilities of the first phase.
    moves : ndarray, shape (phase, phase)
        Generator among the phases, events per day; what a row lacks to 0 is absorption.
    """

    start: FloatArray
    moves: FloatArray

    @property
    def exits(self) -> FloatArray:
        """Absorption from each phase, events per day."""
        return floats(-self.moves.sum(axis=1))

    def at_age(self, age: float) -> tuple[float, FloatArray]:
        """Return P(longer than the age), and where the phases then stand."""
        left = self.start @ linalg.expm(self.moves * age)
        return float(left.sum()), left / left.sum()


def phases(law: Law) -> Phases:
    """Return the phases of an exponential, Erlang or hyperexponential law; TypeError of others."""
    match law:
        case laws.Exponential():
            return Phases(np.ones(1), np.array([[-1.0 / law.mean]]))
        case laws.Gamma() if law.shape == round(law.shape):
            count = round(law.shape)
            rate = law.shape / law.mean
            moves = rate * (np.eye(count, k=1) - np.eye(count))
            return Phases(np.eye(count)[0], moves)
        case laws.Mixture():
            parts = [phases(part) for part in law.laws]
            weights = np.array(law.weights) / sum(law.weights)
            start = [w * part.start for w, part in zip(weights, parts, strict=True)]
            return Phases(np.concatenate(start), linalg.block_diag(*(p.moves for p in parts)))
    raise TypeError(f"no phases for {law!r}")
