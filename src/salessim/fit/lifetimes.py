"""How long customers stay: laws fitted to lives that began before the records, or still go on."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.estimate import Estimate, maximise
from salessim.fit.lifetime_families import CONTINUOUS, Family, Lives

_CONTRADICTED = 1e-4
"""Rate at which a law that is right is called contradicted."""
_ENDS_APIECE = 20
_MOST_PIECES = 12


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
    at most as many degrees of freedom as there are pieces less one (Hjort 1990, Annals of
    Statistics 18, 1221-1258), so it calls out too seldom rather than too often.
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
