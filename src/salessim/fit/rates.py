"""How many leads a month brings: level, growth, season and over-dispersion, from counts by month.

The model is the simulator's own: in calendar month m the count is Poisson, its mean
level x days x (1 + growth)^m x season x G, with G gamma of mean 1 and variance v: a negative
binomial count (Cameron and Trivedi 2013, Regression Analysis of Count Data, section 3.3.1, NB2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.model.law import floats

GROWTH_SD = math.log(2.0) / 1.959963984540054 / 12.0
"""Prior of growth, by month on the log scale: halved or doubled in a year are its 95 % limits."""
SPREAD_RATE = math.log(100.0)
"""Prior of the standard deviation of G: exponential, above 1 in one of 100 sources (a penalised
complexity prior: Simpson et al. 2017, Statistical Science 32, section 3.3)."""
FALSE_ALARMS = 0.01
"""Of sources without a break, or a season, at most so many get one."""
SEASON_MONTHS = 24
"""A season is looked for where each month of the year was there twice."""
MOST_SPREAD = 2.0
_SPREADS = floats(MOST_SPREAD * (np.arange(1, 201) / 200.0) ** 2)
_FEW_SPREADS = _SPREADS[::10]
_SEASON_SPREADS = floats([0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2])
_AT_ONCE = 200
"""Sets of breaks: arrays stay some megabytes small."""
_FLAT = 1e-9
"""Precision of a level's prior: none, but no division by zero where a segment holds no lead."""


class Months(NamedTuple):
    """Counts of one source by calendar month; the first and the last may be partial."""

    leads: IntArray
    days: FloatArray
    """Of the month, as far as they were counted; above 0."""
    number: FloatArray
    """0 for the month in which the plan starts, -1 for the one before, ..."""
    of_year: IntArray
    """0 for January."""


class Normal(NamedTuple):
    """What is known of a number: mean and standard deviation."""

    mean: float
    sd: float


@dataclass(frozen=True, kw_only=True)
class RateFit:
    """What the counts say about the months to come."""

    level: Normal
    """Logarithm of the leads per day in the month of the start, season aside."""
    growth: Normal
    """Logarithm of the growth factor from month to month."""
    level_with_growth: float
    """Their correlation."""
    variance: Normal
    """Of G."""
    season: tuple[Normal, ...]
    """Logarithms of the factors of the twelve months; empty = no season seen."""
    breaks: tuple[int, ...]
    """Indices of the months with which a new level began."""
    levels: tuple[float, ...]
    """Leads per day between the breaks, as counted."""

    @property
    def counted_from(self) -> int:
        """Index of the first month that the level rests on."""
        return self.breaks[-1] if self.breaks else 0


def fit_rate(months: Months, breaks: tuple[int, ...] = ()) -> RateFit:
    """Fit one source.

    The level after the last break is what goes on, with the growth since; the months before it
    only tell over-dispersion and season.

    Parameters
    ----------
    months : Months
        At least one lead, also after the last break.
    breaks : tuple of int
        What `find_breaks` found.
    """
    posterior = _posterior(months, breaks, _season_spread(months, breaks))
    levels = tuple(
        float(months.leads[piece].sum() / months.days[piece].sum())
        for piece in _pieces(len(months.leads), breaks)
    )
    return _told(posterior, breaks, levels)


def find_breaks(months: Months, *, suspected: tuple[int, ...] | None = None) -> tuple[int, ...]:
    """Return the months with which the level changed by more than chance and growth explain.

    One by one, the likeliest first; two at once where neither shows without the other. Twice the
    gain in log likelihood, over all places there might be, is held against chi-square with 1 (2)
    degrees of freedom at `FALSE_ALARMS` divided by the number of tests and of places (Bonferroni:
    the chance of a false alarm is no larger, however neighbouring places go together). The gain is
    multiplied by (n - p) / n, which a spread estimated from n months with p parameters asks for.

    Parameters
    ----------
    months : Months
    suspected : tuple of int, optional
        Of one source among several: where all of them together broke. These months are looked at
        first; that only two at once show a change was found there.
    """
    everywhere = tuple(range(1, len(months.leads)))
    found: tuple[int, ...] = ()
    for places, together in (
        (suspected or (), (1, 2)),
        (everywhere, (1, 2) if suspected is None else (1,)),
    ):
        while more := _next_breaks(months, found, places, together):
            found = tuple(sorted((*found, *more)))
    return found


def _next_breaks(
    months: Months, found: tuple[int, ...], places: tuple[int, ...], together: tuple[int, ...]
) -> tuple[int, ...]:
    """Return the next break, or breaks; none where chance explains what is seen."""
    from scipy.stats import chi2

    size = len(months.leads)
    free = [at for at in places if at not in found]
    before = _best(months, [found]) if free else floats([])
    for many in together:
        sets = list(combinations(free, many))
        left = size - len(found) - many - 2
        if not sets or left <= 0:
            continue
        tops = _best(months, [tuple(sorted((*found, *more))) for more in sets])
        gains = 2.0 * (tops - before) * left / size
        at = int(np.argmax(gains))
        if gains[at] > chi2.isf(FALSE_ALARMS / (2 * len(together) * len(sets)), many):
            return sets[at]
    return ()


def _pieces(size: int, breaks: tuple[int, ...]) -> list[slice]:
    return [slice(a, b) for a, b in zip((0, *breaks), (*breaks, size), strict=True)]


def _design(many: Sequence[tuple[int, ...]], months: Months) -> FloatArray:
    """Return regressors (sets of breaks, months, pieces + 1): a level each, and one growth."""
    size = len(months.leads)
    design = np.zeros((len(many), size, len(many[0]) + 2))
    for k, breaks in enumerate(many):
        for piece, rows in enumerate(_pieces(size, breaks)):
            design[k, rows, piece] = 1.0
    design[:, :, -1] = months.number
    return design


def _best(months: Months, sets: Sequence[tuple[int, ...]]) -> FloatArray:
    """Return the log likelihood with each set of breaks, its spread the best."""
    prior = np.full(len(sets[0]) + 2, _FLAT)
    prior[-1] = GROWTH_SD**-2
    tops = [
        _climb(months, _design(some, months)[:, None], _FEW_SPREADS**2, prior).height.max(axis=-1)
        for some in (sets[k : k + _AT_ONCE] for k in range(0, len(sets), _AT_ONCE))
    ]
    return floats(np.concatenate(tops))


class Climbed(NamedTuple):
    """The top of the log posterior given v, for every design and v."""

    beta: FloatArray
    information: FloatArray
    """Minus its second derivative there."""
    height: FloatArray
    """Log likelihood, plus log prior but for its constant."""


def _climb(months: Months, design: FloatArray, v: FloatArray, prior: FloatArray) -> Climbed:
    """Return the most probable coefficients by Newton's method; it is concave for a known v.

    Parameters
    ----------
    months : Months
    design : ndarray
        Shape (..., months, p); the first columns are levels that add up to 1.
    v : ndarray
        Shape that goes with (...): variances of G.
    prior : ndarray
        Shape (..., p): precisions; all are centred at 0.
    """
    count, spread = months.leads, v[..., None]
    shape = np.broadcast_shapes(design.shape[:-2], v.shape, prior.shape[:-1])
    beta = np.zeros((*shape, design.shape[-1]))
    levels = np.isin(design, (0.0, 1.0)).all(axis=-2) & (prior <= _FLAT)
    beta += levels * math.log((count.sum() + 0.5) / months.days.sum())
    across = np.swapaxes(design, -1, -2)
    for _ in range(100):
        mean = months.days * np.exp((design @ beta[..., None])[..., 0])
        pull = ((count - mean) / (1.0 + spread * mean))[..., None]
        weight = mean * (1.0 + spread * count) / (1.0 + spread * mean) ** 2
        information = (across * weight[..., None, :]) @ design + _diagonal(prior)
        slope = (across @ pull)[..., 0] - prior * beta
        step = np.linalg.solve(information, slope[..., None])[..., 0]
        # far from the top the parabola lies: no month's mean moves by more than e at once
        moved = np.abs((design @ step[..., None])[..., 0]).max(axis=-1, keepdims=True)
        beta = beta + step / np.maximum(moved, 1.0)
        if moved.max() < 1e-7:
            break
    height = _log_likelihood(count, mean, spread).sum(axis=-1)
    height = height - 0.5 * (prior * (prior > _FLAT) * beta**2).sum(axis=-1)
    return Climbed(beta, information, floats(height))


def _diagonal(values: FloatArray) -> FloatArray:
    return floats(values[..., None] * np.eye(values.shape[-1]))


def _log_likelihood(count: IntArray, mean: FloatArray, v: FloatArray) -> FloatArray:
    """Return the negative binomial log probability of counts."""
    from scipy.special import gammaln

    shape = 1.0 / v
    rising = gammaln(count + shape) - gammaln(shape) - gammaln(count + 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = np.where(count > 0, count * np.log(v * mean / (1.0 + v * mean)), 0.0)
    return floats(rising + drawn - shape * np.log1p(v * mean))


class Posterior(NamedTuple):
    """Coefficients given the spread of G, and how probable each spread is."""

    beta: FloatArray
    """[spread, coefficient]: levels of the pieces, growth of each piece, twelve months if any."""
    covariance: FloatArray
    weight: FloatArray
    pieces: int
    seasonal: bool


def _posterior(months: Months, breaks: tuple[int, ...], tau: float) -> Posterior:
    """Integrate over the spread of G: Laplace's approximation at each of 200 spreads.

    Tierney and Kadane 1986 (JASA 81), equation 4.1. The spreads lie close where they are small.
    """
    fitted = _given_spreads(months, breaks, floats([tau]), _SPREADS)
    log_weight = _evidence(fitted)[0] + np.log(_SPREADS) / 2.0 - SPREAD_RATE * _SPREADS
    weight = np.exp(log_weight - log_weight.max())
    return Posterior(
        beta=fitted.beta[0],
        covariance=floats(np.linalg.inv(fitted.information[0])),
        weight=floats(weight / weight.sum()),
        pieces=len(breaks) + 1,
        seasonal=tau > 0.0,
    )


def _given_spreads(
    months: Months, breaks: tuple[int, ...], taus: FloatArray, spreads: FloatArray
) -> Climbed:
    """Return the fits [tau, spread] with a level and a growth for each piece, and a season."""
    size, pieces = len(months.leads), _pieces(len(months.leads), breaks)
    seasonal = bool((taus > 0.0).all())
    design = np.zeros((size, 2 * len(pieces) + 12 * seasonal))
    prior = np.full((len(taus), design.shape[-1]), _FLAT)
    for k, rows in enumerate(pieces):
        design[rows, k] = 1.0
        design[rows, len(pieces) + k] = months.number[rows]
    prior[:, len(pieces) : 2 * len(pieces)] = GROWTH_SD**-2
    if seasonal:
        design[np.arange(size), 2 * len(pieces) + months.of_year] = 1.0
        prior[:, 2 * len(pieces) :] = taus[:, None] ** -2.0
    return _climb(months, design, spreads**2, prior[:, None, :])


def _evidence(fitted: Climbed) -> FloatArray:
    """Return the log of the likelihood integrated over coefficients, but for a constant."""
    return floats(fitted.height - 0.5 * np.linalg.slogdet(fitted.information).logabsdet)


def _season_spread(months: Months, breaks: tuple[int, ...]) -> float:
    """Return the spread of the log factors of the twelve months; 0 where none is seen.

    Twice the gain in log likelihood is half the time 0, else chi-square with 1 degree of freedom,
    where there is none: a spread lies at the end of its range (Self and Liang 1987, JASA 82,
    case 5).
    """
    from scipy.stats import chi2

    if len(months.leads) < SEASON_MONTHS:
        return 0.0
    none = _evidence(_given_spreads(months, breaks, floats([0.0]), _FEW_SPREADS)).max()
    some = _evidence(_given_spreads(months, breaks, _SEASON_SPREADS, _FEW_SPREADS)).max(axis=-1)
    # the density of the twelve factors, which a comparison across spreads needs
    some = some - 12.0 * np.log(_SEASON_SPREADS)
    best = int(np.argmax(some))
    seen = 2.0 * (some[best] - none) > chi2.isf(2.0 * FALSE_ALARMS, 1)
    return float(_SEASON_SPREADS[best]) if seen else 0.0


def _told(posterior: Posterior, breaks: tuple[int, ...], levels: tuple[float, ...]) -> RateFit:
    """Return mean and spread of what goes on after the last piece."""
    weight = posterior.weight
    mean = weight @ posterior.beta
    off = posterior.beta - mean
    covariance = np.einsum("s,sij->ij", weight, posterior.covariance)
    covariance += np.einsum("s,si,sj->ij", weight, off, off)
    level, growth = posterior.pieces - 1, 2 * posterior.pieces - 1
    months = np.arange(12) + 2 * posterior.pieces
    season: tuple[Normal, ...] = ()
    at, of_level = mean[level], covariance[level, level]
    with_growth = covariance[level, growth]
    if posterior.seasonal:
        at, of_level, with_growth, season = _split(mean, covariance, level, growth, months)
    sd_level, sd_growth = math.sqrt(of_level), math.sqrt(covariance[growth, growth])
    variance = _SPREADS**2
    mean_variance = float(weight @ variance)
    return RateFit(
        level=Normal(float(at), sd_level),
        growth=Normal(float(mean[growth]), sd_growth),
        level_with_growth=float(np.clip(with_growth / (sd_level * sd_growth), -0.999, 0.999)),
        variance=Normal(mean_variance, math.sqrt(float(weight @ (variance - mean_variance) ** 2))),
        season=season,
        breaks=breaks,
        levels=levels,
    )


def _split(
    mean: FloatArray, covariance: FloatArray, level: int, growth: int, months: IntArray
) -> tuple[float, float, float, tuple[Normal, ...]]:
    """Split level + season into a part that all months share and factors that are independent.

    What the twelve have in common in their covariance is the level's, the rest of each variance
    its own: so nothing is counted twice, and no month need be correlated with another.
    """
    pick = np.zeros((12, len(mean)))
    pick[:, level] = 1.0
    pick[np.arange(12), months] = 1.0
    logs, spread = pick @ mean, pick @ covariance @ pick.T
    shared = (spread.sum() - np.trace(spread)) / 132.0
    shared = float(np.clip(shared, 1e-12, np.diag(spread).min()))
    own = np.sqrt(np.maximum(np.diag(spread) - shared, 0.0))
    middle = math.log(np.exp(logs).mean())
    season = tuple(Normal(float(a - middle), float(b)) for a, b in zip(logs, own, strict=True))
    return middle, shared, float((pick @ covariance[:, growth]).mean()), season
