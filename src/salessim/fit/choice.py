"""Which family fits each outcome, and what to do when the data contradict all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.competing import Competing, Fit, covariance, maximise
from salessim.fit.durations import GOING, Durations
from salessim.fit.families import FAMILIES, Family, Known
from salessim.fit.incidence import Incidence, incidence
from salessim.model.law import Law, floats
from salessim.model.laws import Empirical

LEVEL = 1e-3
"""How often a family that is right is contradicted at most."""
MATERIAL = 0.02
"""How far the fitted and the observed shares by age must be apart to matter."""
CLOSE = 10.0
"""Families whose criterion is worse by less may be better once other outcomes have theirs."""
LEAST_EXPECTED = 10.0
"""Ends expected in each interval of the chi-square test."""
LEAST_CELLS, MOST_CELLS = 2, 40
LEAST_ENDS = 100.0
"""An empirical law is made of so many ends or more: fewer say less than a family does."""
LEAST_AT_RISK = 20.0
"""Visits still under observation where an empirical law gives way to the tail of a family."""
VALUES = 200
"""Values of an empirical law, equally likely."""


@dataclass(frozen=True, kw_only=True)
class Contradiction:
    """How far an outcome's fitted law is from what was observed.

    Attributes
    ----------
    p_value : float
        Of the chi-square test; 1 where there are too few ends for one.
    distance : float
        Largest distance between the observed and the fitted share that has ended so by an age,
        of the share that ends so at all.
    """

    p_value: float
    distance: float

    @property
    def matters(self) -> bool:
        """Whether the law is contradicted, and by more than what hardly matters."""
        return self.p_value < LEVEL and self.distance > MATERIAL


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """What was fitted to the durations of a stage.

    Attributes
    ----------
    fit : Fit
    covariance : ndarray, shape (parameter, parameter)
    best : tuple of Family
        Of each outcome, by Akaike's criterion: where the fit has an empirical law, too.
    contradictions : tuple of Contradiction
        Of each outcome, of the best family.
    observed : Incidence
        Without any law assumed.
    """

    fit: Fit
    covariance: FloatArray
    best: tuple[Family, ...]
    contradictions: tuple[Contradiction, ...]
    observed: Incidence


def choose(
    data: Durations,
    *,
    outcomes: int,
    stuck: bool,
    middle: float,
    families: Sequence[Family] = FAMILIES,
    empirical: bool = True,
) -> Chosen:
    """Fit durations with the families that suit them.

    The family of each outcome is the one of the lowest Akaike criterion given those of the others,
    until none changes; so is whether a share takes no time at all. A family that the data
    contradict (`contradiction`) is replaced by the empirical law.

    Parameters
    ----------
    data : Durations
    outcomes : int
        In how many ways visits end.
    stuck : bool
        Whether some may never end.
    middle : float
        Logarithm of a duration, where none was seen.
    families : sequence of Family
        To choose from.
    empirical : bool
        Whether an empirical law may replace a family.
    """
    first = families[0]
    model = Competing(
        families=(first,) * outcomes, instant=(False,) * outcomes, stuck=stuck, middle=middle
    )
    seen = observed(data, outcomes)
    best, against = list(model.families), [Contradiction(p_value=1.0, distance=0.0)] * outcomes
    fit, fitted = maximise(model, data), list(range(outcomes))
    by_families: FloatArray | None = None
    while True:
        fit = _best(fit, data, families, fitted)
        for k in fitted:
            best[k], against[k] = fit.model.families[k], contradiction(fit, data, k, seen)
        wrong = [k for k in fitted if against[k].matters]
        if not (wrong and empirical):
            break
        # one at a time, the worst: a wrong law of one outcome bends those of the others
        worst = max(wrong, key=lambda k: against[k].distance)
        if by_families is None:
            by_families = covariance(fit, data)
        fit = _refit(fit, data, worst, Known(_empirical(fit, data, worst, seen)), instant=False)
        fitted.remove(worst)
    return Chosen(
        fit=fit,
        covariance=_as_unsure(covariance(fit, data), by_families, model.shares),
        best=tuple(best),
        contradictions=tuple(against),
        observed=seen,
    )


def _as_unsure(found: FloatArray, by_families: FloatArray | None, shares: int) -> FloatArray:
    """Return a covariance where shares are known no better than with families.

    An empirical law is taken as known, and with it what becomes of all that still goes on.
    """
    if by_families is None:
        return found
    factor = np.ones(len(found))
    before, after = (np.diag(one)[:shares] for one in (by_families, found))
    factor[:shares] = np.sqrt(np.maximum(before / after, 1.0))
    return found * np.outer(factor, factor)


def _best(fit: Fit, data: Durations, families: Sequence[Family], outcomes: Sequence[int]) -> Fit:
    """Return the fit with the best family for each of some outcomes."""
    choices: dict[int, list[tuple[Family, bool]]] = {}
    for k in outcomes:
        ends = data.outcome == k
        at_once = data.low[ends] == 0.0
        zeros = [False, True] if at_once.any() else [False]
        choices[k] = [(f, once) for f in families for once in zeros]
        if at_once.all():
            # no time was seen to choose a family by; and where all take no time, a law of less
            # than a tick would say so, too, but as if it were known
            choices[k] = [(families[0], True)] if ends.any() else []
    for _ in range(3):
        before = fit.model
        for k, open_ones in choices.items():
            now = (fit.model.families[k], fit.model.instant[k])
            tried = {
                pair: _refit(fit, data, k, pair[0], instant=pair[1]) if pair != now else fit
                for pair in open_ones
            }
            fit = min(tried.values(), key=lambda one: one.aic, default=fit)
            choices[k] = [pair for pair, one in tried.items() if one.aic < fit.aic + CLOSE]
        if fit.model == before:
            break
    return fit


def _refit(fit: Fit, data: Durations, outcome: int, family: Family, *, instant: bool) -> Fit:
    """Return the fit with another family for an outcome, begun where the fit is."""
    model = fit.model.with_law(outcome, family, instant=instant)
    start = model.start(data)
    start[: model.shares] = fit.theta[: model.shares]
    for k in range(len(model.families)):
        if k != outcome:
            start[model.all_of(k)] = fit.theta[fit.model.all_of(k)]
    return maximise(model, data, start=start)


def observed(data: Durations, outcomes: int) -> Incidence:
    """Return what became of visits without any law; what took less than half a tick took none."""
    exits = np.where((data.outcome != GOING) & (data.low == 0.0), 0.0, data.middle)
    return incidence(data.entry, exits, data.outcome, data.weight, outcomes=outcomes)


def contradiction(fit: Fit, data: Durations, outcome: int, seen: Incidence) -> Contradiction:
    """Hold the fitted law of an outcome against what was observed.

    A chi-square test on intervals of age: ends against those expected of the visits then under
    observation, given how they had got there (Hjort 1990, Annals of Statistics 18, 1221-1258).
    Since the law was fitted to the same visits, it rejects a right one less often than it says.

    Parameters
    ----------
    fit : Fit
    data : Durations
    outcome : int
    seen : Incidence
        Of the same data.
    """
    from scipy.stats import chi2

    if data.count[data.outcome == outcome].sum() < LEAST_ENDS:
        return Contradiction(p_value=1.0, distance=0.0)
    ends, expected = _counts(fit, data, outcome)
    least = max(LEAST_EXPECTED, expected.sum() / MOST_CELLS)
    cell = np.floor(np.cumsum(expected) / least).astype(np.int64)
    # what is left behind the last whole interval belongs to it
    cell = np.minimum(cell, max(int(expected.sum() / least) - 1, 0))
    cell = np.unique(cell, return_inverse=True)[1]
    o, e = (np.bincount(cell, counts) for counts in (ends, expected))
    if len(o) < LEAST_CELLS:
        return Contradiction(p_value=1.0, distance=0.0)
    statistic = float(((o - e) ** 2 / e).sum())
    p = fit.model.probabilities(fit.theta)[0][outcome]
    ages = seen.ages
    # shares by age jump at the ages at which visits end: compared behind each jump
    after = np.append((ages[1:] + ages[:-1]) / 2.0, np.inf)
    fitted = _ended_by(fit, outcome, after)
    share = seen.ended[outcome] / max(p, 1e-12)
    enough = seen.at_risk >= LEAST_AT_RISK
    distance = float(np.abs(share - fitted)[enough].max(initial=0.0))
    return Contradiction(p_value=float(chi2.sf(statistic, max(len(o) - 1, 1))), distance=distance)


def _ended_by(fit: Fit, outcome: int, ages: FloatArray) -> FloatArray:
    """Return the fitted share of an outcome that has ended by ages > 0."""
    family, at = fit.model.families[outcome], fit.theta[fit.model.place(outcome)]
    once = fit.model.at_once(outcome, fit.theta)
    return once + (1.0 - once) * family.tails(ages, at)[0]


def _counts(fit: Fit, data: Durations, outcome: int) -> tuple[FloatArray, FloatArray]:
    """Return the ends in each interval between two ages, and those expected there.

    Weights for recency are scaled to the number of visits that would say as much (Kish 1965).
    """
    ends = data.outcome != GOING
    grid = np.unique(np.concatenate(([0.0], data.low[ends], data.high[ends])))
    worth = data.weight * (data.weight.sum() / data.square.sum())
    # who ended in an interval was there at its beginning; who goes on, up to where it was seen
    last = np.searchsorted(grid, np.where(ends, data.high, data.low), side="left")
    first = np.searchsorted(grid, data.entry, side="left")
    last = np.maximum(last, first)
    change = np.bincount(first, worth, len(grid) + 1) - np.bincount(last, worth, len(grid) + 1)
    at_risk = np.cumsum(change)[:-1]
    mine = data.outcome == outcome
    seen = np.bincount(np.searchsorted(grid, data.low[mine]), worth[mine], len(grid))
    inner = np.maximum(grid, 1e-9)
    left = np.where(grid > 0.0, fit.model.remaining(inner, fit.theta)[0], 1.0)
    p = fit.model.probabilities(fit.theta)[0][outcome]
    by = np.where(grid > 0.0, _ended_by(fit, outcome, inner), 0.0)
    within = np.append(by[1:], 1.0) - by
    within[-1] = 0.0  # beyond the last end nothing is compared
    return floats(seen), at_risk * p * within / np.maximum(left, 1e-300)


def _empirical(fit: Fit, data: Durations, outcome: int, seen: Incidence) -> Law:
    """Return the observed law of an outcome, with the fitted tail where too few were left.

    What then still went on ends as the fit says, so much of it in this way and so late; but less,
    where more visits went on for long after than the fit expects.
    """
    family, at = fit.model.families[outcome], fit.theta[fit.model.place(outcome)]
    steps = np.diff(seen.ended[outcome], prepend=0.0)
    thick = np.flatnonzero((seen.at_risk >= LEAST_AT_RISK) & (steps > 0.0))
    until = int(thick[-1]) + 1
    last = seen.ages[until - 1]
    ahead = floats([max(last, 1e-9)])
    p = fit.model.probabilities(fit.theta)[0][outcome]
    later = p * (1.0 - _ended_by(fit, outcome, ahead)) / fit.model.remaining(ahead, fit.theta)[0]
    tail = float(seen.survival[until - 1] * later[0]) * _tail_seen(fit, data, outcome, last)
    nth = (np.arange(VALUES) + 0.5) / VALUES
    beyond = family.law(at).isf(nth * family.tails(ahead, at)[1])
    ages = np.concatenate((seen.ages[:until], beyond))
    weights = np.concatenate((steps[:until], np.full(VALUES, tail / VALUES)))
    return in_few_values(ages, weights)


def _tail_seen(fit: Fit, data: Durations, outcome: int, age: float) -> float:
    """Return which share of the ends that a fit expects after an age were seen, at most 1.

    With half an end more of both (Jeffreys): where none was to be expected, the fit stands.
    """
    beyond = data.low > age
    ages = np.append(max(age, 1e-9), data.low[beyond & (data.outcome == GOING)])
    ended = _ended_by(fit, outcome, ages)
    left = fit.model.remaining(ages[:1], fit.theta)[0]
    p = fit.model.probabilities(fit.theta)[0][outcome]
    weight = data.weight[beyond & (data.outcome == GOING)]
    seen = float(data.weight[beyond & (data.outcome == outcome)].sum())
    # what ended has used up its chances: each counts as the end that it is
    expected = float(weight @ (ended[1:] - ended[0]) * p / left[0]) + seen
    return min(1.0, (seen + 0.5) / (expected + 0.5))


def in_few_values(values: FloatArray, weights: FloatArray) -> Law:
    """Return an empirical law of `VALUES` values, each the mean of an equal share of the weight."""
    keep = weights > 0.0
    whole = Empirical(values=tuple(values[keep]), weights=tuple(weights[keep]))
    means = VALUES * np.diff(whole.tail_mean(np.linspace(0.0, 1.0, VALUES + 1)))
    rounded = [float(f"{max(value, 0.0):.4g}") for value in means[::-1]]
    return Empirical(values=tuple(rounded), weights=(1.0,) * VALUES)
