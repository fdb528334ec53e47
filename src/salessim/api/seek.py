"""Find the value at which a share of trajectories is reached, on common random numbers.

Every value meets the same luck, so the share of the trajectories that reach a target is a function
of the value alone: a staircase with steps of 1 / n, whose crossing of the share asked for is found
by Brent's method.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np

from salessim._typing import BoolArray

Response: TypeAlias = Callable[[float], BoolArray]
"""Says for each trajectory whether a value reaches the target; always of the same trajectories."""
Status: TypeAlias = Literal["found", "always", "never"]

CONFIDENCE = 0.95
CLOSE = 0.1
"""Share of the Monte Carlo error to which a crossing is found: more would be noise."""
FINEST = 1e-4
"""Share of the range to which a value is found."""
LOOKS_FOR_PEAK = 6
SURPRISE = 4.0
"""Standard errors by which a share must fall against its direction to be noticed."""


@dataclass(frozen=True, eq=False)
class Look:
    """A value and the trajectories that reach the target with it."""

    value: float
    hits: BoolArray

    @cached_property
    def count(self) -> int:
        """Trajectories that reach the target."""
        return int(self.hits.sum())

    @property
    def share(self) -> float:
        """Share of the trajectories that reach the target."""
        return self.count / len(self.hits)


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What came of a search.

    Attributes
    ----------
    status : str
        ``found``; ``always``: every value looked at gives the share asked for; ``never``: none
        does.
    look : Look
        The answer: with the share asked for, but for the closeness of the search. Of ``always`` the
        value that gives least, of ``never`` the one that gives most.
    interval : (float or None, float or None)
        Of the value where the share is what was asked for: those at which a share would not be
        told from it. None on a side where that is beyond the range, and unless found.
    looks : tuple of Look
        All values looked at, in their order.
    turn : (Look, Look) or None
        Two of them between which the share clearly moves against its direction.
    """

    status: Status
    look: Look
    interval: tuple[float | None, float | None]
    looks: tuple[Look, ...]
    turn: tuple[Look, Look] | None


def seek(
    response: Response,
    points: Sequence[float],
    *,
    probability: float,
    whole: bool = False,
    thorough: bool = True,
    ends: bool = True,
    confidence: float = CONFIDENCE,
) -> Sought:
    """Find the value at which a share of the trajectories reaches the target.

    The interval inverts the test of the share: it holds the values whose number of hits lies
    within the binomial quantiles of n and the probability. When no trajectory loses the target as
    the value rises, it is the interval of a quantile by order statistics, which assumes nothing of
    their distribution (Woodruff 1952, JASA 47, 635-646, of quantiles).

    Parameters
    ----------
    response : callable
    points : sequence of float
        Where to look first, at least two; the least and the greatest are the range. Of several
        crossings the one nearest to the first point is taken.
    probability : float
        In (0, 1).
    whole : bool
        Whether only whole numbers make sense.
    thorough : bool
        Whether to look at all points before searching between two of them, so that a share that
        rises and falls is noticed; else until the share asked for is crossed.
    ends : bool
        Whether to search for the ends of the interval too, else they are interpolated.
    confidence : float
        Of the interval, in (0, 1).
    """
    search = _Search(response, points, probability, whole=whole, ends=ends, confidence=confidence)
    return search.found(thorough=thorough)


class _Search:
    def __init__(
        self,
        response: Response,
        points: Sequence[float],
        probability: float,
        *,
        whole: bool,
        ends: bool,
        confidence: float,
    ) -> None:
        self.response, self.points = response, points
        self.whole, self.ends = whole, ends
        self.looks: dict[float, Look] = {}
        n = self.n = len(self.at(points[0]).hits)
        self.level = probability * n
        self.error = math.sqrt(n * probability * (1.0 - probability))
        self.close = max(0.5, CLOSE * self.error)
        self.bounds = _binomial_bounds(n, probability, confidence)
        self.xtol = 0.5 if whole else FINEST * (max(points) - min(points))

    def at(self, value: float) -> Look:
        """Look at a value, once."""
        value = float(round(value)) if self.whole else float(value)
        if value not in self.looks:
            self.looks[value] = Look(value, self.response(value))
        return self.looks[value]

    @property
    def sorted(self) -> list[Look]:
        return [self.looks[value] for value in sorted(self.looks)]

    def found(self, *, thorough: bool) -> Sought:
        crossing = None
        for point in self.points:
            self.at(point)
            crossing = self._crossing(self.level, near=self.points[0])
            if crossing and not thorough:
                break
        if crossing is None and thorough:
            self._peak()
            crossing = self._crossing(self.level, near=self.points[0])
        if crossing is None:
            return self._unreached()
        look = self._settled(*crossing)
        rises = crossing[1].count > crossing[0].count
        interval = (
            self._bound(look, up=False, few=rises),
            self._bound(look, up=True, few=not rises),
        )
        return self._sought("found", look, interval=interval, rises=rises)

    def _crossing(self, level: float, *, near: float) -> tuple[Look, Look] | None:
        """Return the neighbours between which a level is crossed, nearest to a value."""
        looks = self.sorted
        pairs = [(a, b) for a, b in pairwise(looks) if (a.count >= level) != (b.count >= level)]
        off = [max(a.value - near, near - b.value, 0.0) for a, b in pairs]
        return pairs[int(np.argmin(off))] if pairs else None

    def _root(self, low: Look, high: Look, level: float) -> Look:
        """Find where a level is crossed between two looks."""
        from scipy.optimize import brentq

        def beyond(value: float) -> float:
            count = self.at(value).count
            # as normal scores shares are nearer to a straight line, which takes fewer steps
            return 0.0 if abs(count - level) <= self.close else self._score(count, level)

        ends = [look for look in (low, high) if beyond(look.value) == 0.0]
        return ends[0] if ends else self.at(brentq(beyond, low.value, high.value, xtol=self.xtol))

    def _score(self, count: int, level: float) -> float:
        from scipy.special import ndtri

        shares = (np.array([count, level]) + 0.5) / (self.n + 1.0)
        score: float = np.subtract(*ndtri(shares))
        return score

    def _settled(self, low: Look, high: Look) -> Look:
        """Return the crossing of the share asked for; where it jumps, the side that gives it."""
        look = self._root(low, high, self.level)
        if look.count >= self.level - self.close:
            return look
        rises = high.count > low.count
        if self.whole:
            self.at(look.value + (1.0 if rises else -1.0))
        good = [one for one in self.sorted if one.count >= self.level - self.close]
        return min(good, key=lambda one: abs(one.value - look.value))

    def _bound(self, look: Look, *, up: bool, few: bool) -> float | None:
        """Return where, going up or down, a share is too low or high to be the one asked for."""
        level = self.bounds[0] if few else self.bounds[1]

        def outside(one: Look) -> bool:
            return one.count < level if few else one.count >= level

        if outside(look):  # it jumps there
            return look.value
        for point in [look.value, *(point for point in self.points if (point > look.value) == up)]:
            self.at(point)
            side = [one for one in self.sorted if one is look or (one.value > look.value) == up]
            for near, far in pairwise(side if up else side[::-1]):
                if outside(far):
                    if self.ends:
                        return self._root(near, far, level).value
                    return self._between(near, far, level)
        return None

    def _between(self, near: Look, far: Look, level: float) -> float:
        """Return about where a level is crossed: normal scores of shares taken as straight."""
        here, there = self._score(near.count, level), self._score(far.count, level)
        return near.value + (far.value - near.value) * here / (here - there)

    def _peak(self) -> None:
        """Look for more between the points than at them: the share may rise and fall."""
        from scipy.optimize import minimize_scalar

        looks = self.sorted
        short = looks[0].count < self.level
        sign = -1 if short else 1
        best = min(range(len(looks)), key=lambda i: sign * looks[i].count)
        if not 0 < best < len(looks) - 1:
            return
        minimize_scalar(
            lambda value: sign * self.at(value).count,
            bounds=(looks[best - 1].value, looks[best + 1].value),
            method="bounded",
            options={"maxiter": LOOKS_FOR_PEAK},
        )

    def _unreached(self) -> Sought:
        looks = self.sorted
        if looks[0].count >= self.level:
            least = min(looks, key=lambda look: look.count)
            return self._sought("always", least, rises=looks[-1].count >= looks[0].count)
        most = max(looks, key=lambda look: (look.count, look.value))
        return self._sought("never", most, rises=looks[-1].count >= looks[0].count)

    def _sought(
        self,
        status: Status,
        look: Look,
        *,
        rises: bool,
        interval: tuple[float | None, float | None] = (None, None),
    ) -> Sought:
        looks = self.sorted
        turns = [pair for pair in pairwise(looks) if _falls(*(pair if rises else pair[::-1]))]
        return Sought(
            status=status,
            look=look,
            interval=interval,
            looks=tuple(looks),
            turn=turns[0] if turns else None,
        )


def _binomial_bounds(n: int, probability: float, confidence: float) -> tuple[float, float]:
    """Return numbers of hits outside of which the probability would be refused."""
    from scipy.stats import binom

    tail = (1.0 - confidence) / 2.0
    low, high = (binom.ppf(q, n, probability) for q in (tail, 1.0 - tail))
    return float(low), float(high) + 1.0


def _falls(first: Look, second: Look) -> bool:
    """Whether clearly fewer trajectories reach the target than before (McNemar's test)."""
    lost = int((first.hits & ~second.hits).sum())
    gained = int((second.hits & ~first.hits).sum())
    return lost - gained > SURPRISE * math.sqrt(max(1, lost + gained))
