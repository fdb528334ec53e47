"""How long customers stay: laws fitted to lives that began before the records, or still go on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np

from salessim._typing import BoolArray, FloatArray, IntArray
from salessim.fit.estimate import Estimate, maximise
from salessim.fit.incidence import STILL_GOING, Incidence, incidence

LEAST_SHAPE, MOST_SHAPE = 0.05, 20.0
_CONTRADICTED = 1e-4
"""Rate at which a law that is right is called contradicted."""
_ENDS_APIECE = 20
_MOST_PIECES = 12


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


@dataclass(frozen=True, kw_only=True)
class FittedLifetimes:
    """Lifetimes by maximum likelihood.

    Attributes
    ----------
    family : Family
        The one with the least AIC.
    parameters : ndarray, shape (groups, 1 + shapes)
        Location and shapes of each segment; locations are shrunken towards each other.
    covariance : ndarray, shape (groups + shapes, groups + shapes)
        Of the logarithms of the locations and the shapes.
    estimate : Estimate
        As it was before shrinking.
    aic : dict of str to float
        Of all families.
    surprise : float
        Probability of ends that fit the law as badly as these, were it true.
    """

    family: Family
    parameters: FloatArray
    covariance: FloatArray
    estimate: Estimate
    aic: dict[str, float]
    surprise: float

    @property
    def contradicted(self) -> bool:
        """Whether the lives cannot be of this family (false alarm 1e-4)."""
        return self.surprise < _CONTRADICTED

    def written(self) -> tuple[FloatArray, FloatArray]:
        """Return [group, key] values in the plan's terms, and the covariance of their logarithms.

        The covariance is of all of them, in order of group, then of key.
        """
        groups, shapes = len(self.parameters), self.family.shapes
        values, turns = [], []
        for group, at in enumerate(self.parameters):
            value, slopes = self.family.values(at)
            turn = np.zeros((len(value), groups + shapes))
            turn[:, group] = slopes[:, 0]
            turn[:, groups:] = slopes[:, 1:]
            values.append(value)
            turns.append(turn)
        turn = np.vstack(turns)
        return np.array(values), turn @ self.covariance @ turn.T


def fit_lifetimes(lives: Lives, families: tuple[Family, ...] = CONTINUOUS) -> FittedLifetimes:
    """Fit laws of lifetimes, and choose by Akaike's criterion.

    Segments have a location each and share the shapes. Locations are shrunken: what a segment
    tells is weighed by how well it tells it against how much segments differ (variance between
    them by DerSimonian and Laird 1986, Controlled Clinical Trials 7:177).
    """
    fits = {family.name: (family, _fit(family, lives)) for family in families}
    aic = {name: estimate.aic for name, (_, estimate) in fits.items()}
    family, estimate = fits[min(aic, key=lambda name: aic[name])]
    locations, covariance = _shrunken(estimate, lives.groups)
    shapes = np.tile(estimate.parameters[lives.groups :], (lives.groups, 1))
    return FittedLifetimes(
        family=family,
        parameters=np.column_stack([locations, shapes]),
        covariance=covariance,
        estimate=estimate,
        aic=aic,
        surprise=_surprise(family, lives, estimate),
    )


def _fit(family: Family, lives: Lives) -> Estimate:
    low, high = family.edges(lives)
    of_groups = [family.edges(lives.of_group(group)) for group in range(lives.groups)]
    low = np.array([*[edges[0][0] for edges in of_groups], *low[1:]])
    high = np.array([*[edges[1][0] for edges in of_groups], *high[1:]])

    def log_likelihood(at: FloatArray) -> tuple[float, FloatArray]:
        values = np.exp(at)
        location = values[: lives.groups][lives.group]
        rows, by_location, by_shapes = family.rows(lives, location, values[lives.groups :])
        slopes = np.bincount(lives.group, weights=by_location, minlength=lives.groups)
        return float(rows.sum()), np.concatenate([slopes, by_shapes.sum(axis=1)])

    typical = np.full(lives.groups, np.log(family.start(lives)))
    start = np.concatenate([typical, np.zeros(family.shapes)])
    return maximise(
        log_likelihood,
        starts=[np.clip(start, low, high)],
        low=low,
        high=high,
        weight=float(max(len(lives.leave), 1)),
    )


def _shrunken(estimate: Estimate, groups: int) -> tuple[FloatArray, FloatArray]:
    """Return locations of segments drawn together, and the covariance of all logarithms."""
    covariance = estimate.covariance.copy()
    logs = np.log(estimate.parameters[:groups])
    if groups == 1:
        return estimate.parameters[:1], covariance
    own = np.diag(covariance)[:groups]
    weights = 1.0 / own
    mean = float(weights @ logs / weights.sum())
    excess = float(weights @ (logs - mean) ** 2) - (groups - 1)
    between = max(0.0, excess / float(weights.sum() - weights @ weights / weights.sum()))
    keep = between / (between + own)
    weights = 1.0 / (own + between)
    mean = float(weights @ logs / weights.sum())
    # what is kept of each, and what it gets of the others' mean
    pull = np.diag(keep) + np.outer(1.0 - keep, weights / weights.sum())
    turn = np.eye(len(covariance))
    turn[:groups, :groups] = pull
    covariance = turn @ covariance @ turn.T
    covariance[:groups, :groups] += np.diag((1.0 - keep) ** 2 * between)
    return np.exp(pull @ logs), covariance


def _surprise(family: Family, lives: Lives, estimate: Estimate) -> float:
    """Return the p-value of ends by age against those expected, by chi-square.

    Pieces of age with about as many ends each. Of the law with fitted parameters the statistic has
    at most as many degrees of freedom as there are pieces less one (Hjort 1990, International
    Statistical Review 58:181), so it calls out too seldom rather than too often.
    """
    from scipy.stats import chi2

    ends = lives.leave[lives.ended]
    pieces = min(len(ends) // _ENDS_APIECE, _MOST_PIECES)
    cuts = np.unique(np.quantile(ends, np.arange(1, pieces) / pieces)) if pieces > 1 else ends[:0]
    if not len(cuts):
        return 1.0
    bounds = np.concatenate([[0.0], cuts, [np.inf]])
    values, shapes = estimate.parameters, estimate.parameters[lives.groups :]
    expected = np.zeros(len(cuts) + 1)
    for group in range(lives.groups):
        one = lives.of_group(group)
        at = np.concatenate([values[group : group + 1], shapes])
        expected += _expected(family, one, at, bounds)
    # an end at a cut belongs to the piece before it
    seen = np.bincount(np.searchsorted(cuts, ends, side="left"), minlength=len(expected))
    statistic = float(((seen - expected) ** 2 / np.maximum(expected, 1e-9)).sum())
    return float(chi2.sf(statistic, len(cuts)))


def _expected(family: Family, lives: Lives, at: FloatArray, bounds: FloatArray) -> FloatArray:
    """Return how many ends a law expects in each piece of age, given who was there."""

    def hazard(age: FloatArray) -> FloatArray:
        return -np.log(np.maximum(family.survival(age, at), 1e-300))

    pieces = []
    for low, high in pairwise(bounds):
        begin, end = (np.clip(side, low, high) for side in (lives.entry, lives.leave))
        pieces.append(float((hazard(end) - hazard(np.minimum(begin, end))).sum()))
    return np.array(pieces)


def empirical(lives: Lives, family: Family, at: FloatArray, *, values: int = 100) -> dict[str, Any]:
    """Return what Kaplan-Meier saw, and beyond the last end the fitted law given that age.

    Returns
    -------
    dict
        A law in the plan's notation: equally likely values of each part, in days.
    """
    from scipy.optimize import brentq

    curve = lives.kaplan_meier()
    rest, oldest = float(curve.survival[-1]), float(curve.ages[-1])
    shares = (np.arange(values) + 0.5) / values
    body = [curve.age_of(float(share), outcome=0) for share in shares]
    if rest <= 0.0:
        return {"empirical": [round(float(x), 3) for x in body]}
    left = float(family.survival(np.array([oldest]), at)[0])

    def beyond(share: float) -> float:
        def gap(log_age: float) -> float:
            survives = float(family.survival(np.exp(np.array([log_age])), at)[0])
            return survives - left * (1.0 - share)

        high = np.log(oldest) + 1.0
        while gap(high) > 0.0 and high < np.log(1e6):
            high += 1.0
        return 1e6 if gap(high) > 0.0 else float(np.exp(brentq(gap, np.log(oldest), high)))

    tail = [min(beyond(float(share)), 1e6) for share in shares]
    parts = [(1.0 - rest, body), (rest, tail)]
    return {
        "mixture": [
            {"weight": round(weight, 6), "law": {"empirical": [round(float(x), 3) for x in law]}}
            for weight, law in parts
        ]
    }
