"""Whether months are quick and slow as the months of a quarter are.

Months swing, for many reasons (`salessim.fit.swing`). Those of a quarter's end may be quick each
time: then the effects are u = X b + v, b by the month's place in the quarter and adding up to 0, v
a swing as before. Of y = L^(-1/2) U (`swing.standard`) that is a mean L^(1/2) X b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.monthly import Monthly
from salessim.fit.swing import DRAWS, FALSE_ALARMS, PERSISTENCES, SPREADS, lags, standard
from salessim.model.law import floats
from salessim.model.uncertain import NORMAL_P95
from salessim.readable import p_value, times

PLACES = 3
"""Months of a quarter. Whichever of them is the last: fiscal quarters need no saying."""
TRIED = floats([0.0, *SPREADS[7::8]])
"""Spreads of the swing beside the rhythm."""
NAMES = (
    "January, April, July and October",
    "February, May, August and November",
    "March, June, September and December",
)


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How quick the months of a quarter are.

    Attributes
    ----------
    p_value : float
        Against months that swing, but not by the quarter.
    effects : ndarray, shape (3,)
        On the log scale, January's, February's and March's; they add up to 0.
    errors : ndarray, shape (3,)
        Their standard errors.
    """

    p_value: float
    effects: FloatArray
    errors: FloatArray

    @property
    def matters(self) -> bool:
        """Whether it is more than luck."""
        return self.p_value <= FALSE_ALARMS

    @property
    def factors(self) -> FloatArray:
        """Speeds of the three months; their mean is 1."""
        speed = np.exp(self.effects)
        return floats(speed / speed.mean())

    @property
    def sentence(self) -> str:
        """Say which months are quick, and how surely."""
        off = np.exp(NORMAL_P95 * self.errors)
        by_month = "; ".join(
            f"in {months} {times(factor)} (90%: {times(factor / far)} to {times(factor * far)})"
            for months, factor, far in zip(NAMES, self.factors, off, strict=True)
        )
        return (
            "deals advance in step with the quarter, as against months that differ otherwise "
            f"({p_value(self.p_value)}): the speed is, as a factor, {by_month}"
        )


def rhythm(told: Monthly, draws: int = DRAWS) -> Rhythm | None:
    """Return how quick the months of a quarter are; None where nothing credible tells them apart.

    Twice the gain in log-likelihood by the three means, the swing beside them being the likeliest
    with and without, is held against its distribution in histories drawn from the likeliest swing
    without them (a parametric bootstrap): of few months the gain is large by luck alone.

    Parameters
    ----------
    told : Monthly
        What months tell of the speed of all stages.
    draws : int
        Histories drawn.
    """
    seen = standard(told)
    if seen is None:
        return None
    y, bend = seen
    place = (told.first + np.arange(len(told.pull))) % PLACES
    # two contrasts, against the first
    means = floats(np.equal.outer(place, [1, 2])) - floats(place == 0)[:, None]
    if np.linalg.matrix_rank(bend @ means) < PLACES - 1:
        return None
    gain, without, beside = _gain(y[None], bend, means)
    drawn = np.random.default_rng(0).standard_normal((draws, len(y)))
    none, _, _ = _gain(drawn @ np.linalg.cholesky(_covariance(bend, without)).T, bend, means)
    effects, errors = _effects(y, bend @ means, _covariance(bend, beside))
    # So far out the likelihood is not what it was taken for: normal, around months that are alike.
    if max(np.abs(effects).max(), errors.max()) > SPREADS[-1]:
        return None
    return Rhythm(
        p_value=(1.0 + float((none >= gain[0]).sum())) / (1.0 + draws),
        effects=effects,
        errors=errors,
    )


def _effects(y: FloatArray, x: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the three effects, by generalised least squares, and their standard errors."""
    weighted = np.linalg.solve(covariance, x)
    errors = np.linalg.inv(x.T @ weighted)
    all_three = np.vstack([-np.ones(PLACES - 1), np.eye(PLACES - 1)])
    return (
        floats(all_three @ errors @ weighted.T @ y),
        floats(np.sqrt(np.diag(all_three @ errors @ all_three.T))),
    )


def _covariance(bend: FloatArray, of: tuple[float, float]) -> FloatArray:
    """Return that of y, of a swing's spread and persistence."""
    spread, persistence = of
    swings = bend @ persistence ** lags(bend.shape[1]) @ bend.T
    return floats(np.eye(len(bend)) + spread**2 * swings)


def _gain(
    y: FloatArray, bend: FloatArray, means: FloatArray
) -> tuple[FloatArray, tuple[float, float], tuple[float, float]]:
    """Return the gain in log-likelihood by means, for each row of y.

    And the (spread, persistence) that are the likeliest of the first row, without and with means.
    """
    without, beside = np.full((2, len(y)), -np.inf)
    pairs = [(0.0, 0.0), (0.0, 0.0)]
    for persistence in PERSISTENCES:
        rise, turn = np.linalg.eigh(bend @ persistence ** lags(bend.shape[1]) @ bend.T)
        turned, moved = y @ turn, turn.T @ bend @ means
        for spread in TRIED:
            scale = 1.0 / np.sqrt(1.0 + spread**2 * np.maximum(rise, 0.0))
            one = turned * scale
            along = one @ np.linalg.qr(moved * scale[:, None])[0]
            likely = np.log(scale).sum() - 0.5 * (one**2).sum(axis=1)
            told = likely + 0.5 * (along**2).sum(axis=1)
            for k, (best, now) in enumerate(((without, likely), (beside, told))):
                if now[0] > best[0]:
                    pairs[k] = (float(spread), float(persistence))
                np.maximum(best, now, out=best)
    return floats(beside - without), pairs[0], pairs[1]
