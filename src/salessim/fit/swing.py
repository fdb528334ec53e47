"""How far months swing beyond chance, and how long a swing lasts.

The months' effects u are a stationary series of first order, cov(u_i, u_j) = s^2 r^|i-j| = s^2 R: a
shock of a plan. What is observed of them is normal (`Monthly`): a slope U of information L. So
y = L^(-1/2) U has the covariance 1 + s^2 L^(1/2) R L^(1/2), a linear mixed model with one variance.
An effect that all months have is no part of L: the likelihood is the restricted one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.monthly import Monthly
from salessim.fit.rates import SPREAD_RATE
from salessim.model.law import floats

FALSE_ALARMS = 0.01
"""How often months that do not swing are said to."""
DRAWS = 1_999
"""Histories without a swing that the test is held against."""
SPREADS = floats(2.0 * (np.arange(1, 81) / 80.0) ** 2)
"""Standard deviations that are tried: close where they are small."""
PERSISTENCES = floats([*np.arange(0.0, 0.85, 0.1), 0.9, 0.95])
"""Closer to 1, a swing within a few years is not told from another level."""
YEAR = 12
"""Months ahead for which a level is taken."""
OWN_SPREADS = floats([0.0, 0.1, 0.2, 0.3, 0.45, 0.7, 1.0])
"""Of one stage alone, beside what all share."""
NOTHING = 1e-9
"""Of the most that is told of any effect: what tells less tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Swing:
    """How far months swing.

    Attributes
    ----------
    p_value : float
        Against months that do not swing at all.
    likely : ndarray, shape (persistence, spread)
        How likely each pair of `PERSISTENCES` and `SPREADS` is; adds up to 1.
    monthly : Monthly
        What it was found in.
    """

    p_value: float
    likely: FloatArray
    monthly: Monthly

    @property
    def matters(self) -> bool:
        """Whether it is more than luck."""
        return self.p_value <= FALSE_ALARMS

    @cached_property
    def persistence(self) -> float:
        """Of the shock that differs as much from month to month, and from the mean of a year.

        The mean squares of both differences are matched. They are what is told: a level that the
        months seen have in common is in the plan's other numbers.
        """
        near, far = self._differences
        tried = np.linspace(PERSISTENCES[0], PERSISTENCES[-1], 96)
        ratio = (1.0 - _mean_correlation(tried)) / (1.0 - tried)
        return float(tried[np.argmin(np.abs(ratio - far / near))])

    @cached_property
    def effect(self) -> float:
        """Standard deviation of the shock."""
        near, _ = self._differences
        return math.sqrt(near / (1.0 - self.persistence))

    @property
    def _differences(self) -> tuple[float, float]:
        """Half the mean square of the difference between neighbours, and the variance in a year."""
        variance = self.likely @ SPREADS**2
        return (
            float(variance @ (1.0 - PERSISTENCES)),
            float(variance @ (1.0 - _mean_correlation(PERSISTENCES))),
        )

    @property
    def interval(self) -> tuple[float, float]:
        """In it the spread is with 90 %."""
        below = np.cumsum(self.likely.sum(axis=0))
        low, high = np.interp([0.05, 0.95], below, SPREADS)
        return float(low), float(high)

    def covariance(self, ahead: int = 0) -> FloatArray:
        """Return the mean covariance of the effects of the months seen, and of those ahead."""
        apart = lags(len(self.monthly.pull) + ahead)
        variance = self.likely @ SPREADS**2
        return floats(np.tensordot(variance, PERSISTENCES[:, None, None] ** apart, axes=1))

    @property
    def months(self) -> FloatArray:
        """What the effects of the months seen were, shrunken towards none."""
        covariance, told = self.covariance(), self.monthly.information
        shrunken = np.eye(len(told)) + covariance @ told
        return floats(np.linalg.solve(shrunken, covariance @ self.monthly.pull))

    @property
    def errors(self) -> FloatArray:
        """Standard deviations of the effects of the months seen, given what was observed."""
        covariance, told = self.covariance(), self.monthly.information
        left = np.linalg.solve(np.eye(len(told)) + covariance @ told, covariance)
        return floats(np.sqrt(np.maximum(np.diag(left), 0.0)))

    def level(self, weight: FloatArray) -> FloatArray:
        """Return what is not known of the mean of the next year, but for the shock.

        What was fitted is the mean of the months seen, w'u. That of the year ahead differs from it
        by a'u, of covariance A C A'. The shock brings the part of it that it has itself.

        Parameters
        ----------
        weight : ndarray, shape (months,)
            How much each month counts in what was fitted; adds up to 1.

        Returns
        -------
        ndarray, shape (months + year,)
            Loadings a F, with C = F F': of two things fitted to the same months, the product is
            the covariance.
        """
        values, vectors = np.linalg.eigh(self.covariance(YEAR))
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        differs = np.concatenate((-weight, np.full(YEAR, 1.0 / YEAR))) @ root
        shock = self.effect**2 * float(_mean_correlation(floats([self.persistence]))[0])
        return floats(differs * math.sqrt(max(0.0, 1.0 - shock / float(differs @ differs))))


def swing(parts: Sequence[Monthly]) -> Swing | None:
    """Return how far the months swing that some stages share; None where nothing tells.

    The likelihood is integrated over a grid, with the prior that lead rates have, too: the spread
    is exponential, above 1 in one of 100 pipelines (Simpson et al. 2017, Statistical Science 32,
    section 3.3), and any persistence is as likely as another.

    Against no swing at all: twice the gain in log-likelihood at the best pair, held against its
    distribution with no swing, which is drawn, since a variance of 0 lies at the end of its range
    and then there is no persistence (Crainiceanu and Ruppert 2004, J. R. Stat. Soc. B 66, 165-185,
    section 4).

    Parameters
    ----------
    parts : sequence of Monthly
        Of stages, with the same months.
    """
    whole = added_up(parts)
    seen = standard(whole)
    if seen is None:
        return None
    y, bend = seen
    drawn = np.random.default_rng(0).standard_normal((DRAWS, len(y)))
    gains, none = [], np.zeros(DRAWS)
    for rise, turn in _turns(bend):
        gains.append(_gain(y @ turn, rise))
        none = np.maximum(none, _gain(drawn @ turn, rise).max(axis=1))
    most = max(0.0, float(np.max(gains)))
    return Swing(
        p_value=(1.0 + float((none >= most).sum())) / (1.0 + DRAWS),
        likely=_likely(floats(gains)),
        monthly=whole,
    )


def shared(found: Swing, parts: Sequence[Monthly]) -> Swing:
    """Return the swing that stages share, where each may have one of its own besides.

    A stage's effect is u + v, of the same persistence, u of all and v of it alone. With v out of
    the way, its months tell less of u: of covariance C of v, information (1 + L C)^-1 L and slope
    (1 + L C)^-1 U. What v may be is integrated over, with the prior of u.

    Parameters
    ----------
    found : Swing
        Its test is kept.
    parts : sequence of Monthly
        Of stages; of only one, all is shared.
    """
    owns = OWN_SPREADS if len(parts) > 1 else OWN_SPREADS[:1]
    apart = lags(len(found.monthly.pull))
    gains = np.empty((len(PERSISTENCES), len(owns), len(SPREADS)))
    for i, persistence in enumerate(PERSISTENCES):
        for j, own in enumerate(owns):
            covariance = own**2 * persistence**apart
            rest = _gain_of(added_up([_less(part, covariance) for part in parts]), persistence)
            alone = sum(_gain_of(part, persistence, floats([own]))[0] for part in parts)
            gains[i, j] = alone - SPREAD_RATE * own + rest
    log = gains - SPREAD_RATE * SPREADS + 0.5 * np.log(SPREADS)
    likely = np.exp(log - log.max())
    likely /= likely.sum()
    by_persistence = likely.sum(axis=2) @ owns**2
    own = floats(np.tensordot(by_persistence, PERSISTENCES[:, None, None] ** apart, axes=1))
    return replace(
        found,
        likely=floats(likely.sum(axis=1)),
        monthly=added_up([_less(part, own) for part in parts]),
    )


def _less(part: Monthly, covariance: FloatArray) -> Monthly:
    """Return what a stage tells of a shared effect when it has one of its own of a covariance."""
    kept = np.linalg.inv(np.eye(len(part.pull)) + part.information @ covariance)
    return replace(part, pull=floats(kept @ part.pull), information=floats(kept @ part.information))


def _gain_of(told: Monthly, persistence: float, spreads: FloatArray = SPREADS) -> FloatArray:
    """Return the gain in log-likelihood over no swing, for each spread."""
    seen = standard(told)
    if seen is None:
        return np.zeros(len(spreads))
    y, bend = seen
    rise, turn = np.linalg.eigh(bend @ persistence ** lags(bend.shape[1]) @ bend.T)
    return _gain(y @ turn, floats(np.maximum(rise, 0.0)), spreads)


def added_up(parts: Sequence[Monthly]) -> Monthly:
    """Return what stages say together of the months that they share."""
    return Monthly(
        first=parts[0].first,
        pull=floats(np.sum([part.pull for part in parts], axis=0)),
        information=floats(np.sum([part.information for part in parts], axis=0)),
        weight=floats(np.mean([part.weight for part in parts], axis=0)),
    )


def standard(told: Monthly) -> tuple[FloatArray, FloatArray] | None:
    """Return y and L^(1/2), without the directions in which nothing is told; None = in all."""
    values, vectors = np.linalg.eigh(told.information)
    kept = values > NOTHING * max(float(values[-1]), 1.0)
    if not kept.any():
        return None
    root, axes = np.sqrt(values[kept]), vectors.T[kept]
    return floats((axes @ told.pull) / root), floats(root[:, None] * axes)


def _turns(bend: FloatArray) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield for each persistence the variances that s^2 adds, where they are independent of y."""
    apart = lags(bend.shape[1])
    for persistence in PERSISTENCES:
        rise, turn = np.linalg.eigh(bend @ persistence**apart @ bend.T)
        yield floats(np.maximum(rise, 0.0)), floats(turn)


def _likely(gains: FloatArray) -> FloatArray:
    """Return how likely each pair of persistence and spread is."""
    # spreads lie apart as their roots do
    log = gains - SPREAD_RATE * SPREADS + 0.5 * np.log(SPREADS)
    likely = np.exp(log - log.max())
    return floats(likely / likely.sum())


def _gain(y: FloatArray, rise: FloatArray, spreads: FloatArray = SPREADS) -> FloatArray:
    """Return the gain in log-likelihood over no swing, shape (..., spread), for each row of y."""
    added = spreads[:, None] ** 2 * rise
    return floats(0.5 * (y**2 @ (added / (1.0 + added)).T - np.log1p(added).sum(axis=1)))


def _mean_correlation(persistence: FloatArray) -> FloatArray:
    """Return the mean correlation of two months of a year, themselves among them."""
    return floats((persistence[:, None, None] ** lags(YEAR)).mean(axis=(1, 2)))


def lags(months: int) -> FloatArray:
    """Return how many months lie between any two."""
    return floats(np.abs(np.subtract.outer(np.arange(months), np.arange(months))))
