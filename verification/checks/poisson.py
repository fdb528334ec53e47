"""Counts of direct wins: thinned Poisson, or a gamma mixture of it when over-dispersed.

Deals of a Poisson source that move independently of each other, through whatever loops and
curves, are won as independent Poisson counts per period. With over-dispersion v every month's
rate has a gamma factor of mean one and variance v: a whole month's leads are negative binomial
with variance m + v m^2, and wins have the covariances [i = j] m_i + v x sum over months c of
m_ic m_jc, where m_ic are the mean wins in period i from the leads of month c.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
from scipy import stats

from salessim._typing import FloatArray
from salessim.model.calendar import add_months
from salessim.model.plan import Model
from verification import plans, volterra
from verification.budget import Budget
from verification.counts import simulate
from verification.findings import Finding, covariances_agree, means_agree, shares_agree

MONTHS = 6
OVER_DISPERSION = 0.3


def _plan(over_dispersion: float) -> Model:
    """One pipeline with loops and curves, one source; the campaign begins within a month."""
    model = plans.peers(customers=False)
    (source,) = model.sources
    source = replace(source, over_dispersion=over_dispersion, campaign=((date(2027, 3, 11), 1.5),))
    time = plans.months(MONTHS)
    return replace(model, timeline=time, sources=(source,), curves=plans.curves())


def _counts(over_dispersion: float, budget: Budget, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return leads and wins, shape (trajectory, month)."""
    trajectories = budget.of(200_000, quick=20_000)
    cube = simulate(_plan(over_dispersion), trajectories=trajectories, seed=seed)
    return cube.leads[..., 0].astype(float), cube.wins.sum(axis=(2, 3)).astype(float)


def wins_by_month_of_lead() -> FloatArray:
    """Return mean wins, shape (month of the win, month of the lead)."""
    model = _plan(0.0)
    (source,) = model.sources
    columns = []
    for month in range(MONTHS):
        starts, ends = (add_months(plans.START, month + k) for k in (0, 1))
        only = replace(model, sources=(replace(source, starts=starts, ends=ends),))
        columns.append(volterra.means(only, steps_per_day=2)[0].wins[:, 0])
    return np.stack(columns, axis=1)


def _leads_of_months() -> FloatArray:
    days = np.array([31, 28, 31, 30, 31, 30])
    boosted = np.array([0, 0, 21, 30, 31, 30])
    return np.asarray(0.5 * (days + 0.5 * boosted))


def _classes(counts: FloatArray, law: object, what: str) -> Finding:
    most = int(counts.max()) + 1
    chances = law.pmf(np.arange(most))  # type: ignore[attr-defined]
    chances = np.append(chances, law.sf(most - 1))  # type: ignore[attr-defined]
    return shares_agree(what, np.bincount(counts.astype(int), minlength=most + 1), chances)


def _covariances(what: str, wins: FloatArray, expected: FloatArray) -> Finding:
    i, j = np.triu_indices(MONTHS)
    return covariances_agree(what, wins[:, i], wins[:, j], expected[i, j])


def thinned(budget: Budget) -> Iterator[Finding]:
    """Compare leads and direct wins per month with independent Poisson counts."""
    leads, wins = _counts(0.0, budget, seed=301)
    by_lead = wins_by_month_of_lead()
    mean = by_lead.sum(axis=1)
    yield means_agree("leads per month", leads, _leads_of_months())
    yield means_agree("wins per month", wins, mean)
    yield _covariances("wins: variance = mean, months uncorrelated", wins, np.diag(mean))
    for month in (1, 5):
        yield _classes(leads[:, month], stats.poisson(_leads_of_months()[month]),
                       f"leads of month {month + 1}: whole Poisson law")  # fmt: skip
        yield _classes(wins[:, month], stats.poisson(mean[month]),
                       f"wins of month {month + 1}: whole Poisson law")  # fmt: skip
    _, mixed = _counts(0.1, budget, seed=302)
    yield _covariances("wins: variance = mean", mixed, np.diag(mean)).catching(
        "monthly factor of variance 0.1"
    )


def over_dispersed(budget: Budget) -> Iterator[Finding]:
    """Compare over-dispersed leads and wins per month with negative binomial ones."""
    leads, wins = _counts(OVER_DISPERSION, budget, seed=303)
    by_lead = wins_by_month_of_lead()
    mean, expected = by_lead.sum(axis=1), _leads_of_months()
    yield means_agree("leads per month", leads, expected)
    yield means_agree("wins per month", wins, mean)
    shape = 1.0 / OVER_DISPERSION
    for month in (2, 5):
        law = stats.nbinom(shape, shape / (shape + expected[month]))
        what = f"leads of month {month + 1}: whole negative binomial law"
        yield _classes(leads[:, month], law, what)
    variances = expected + OVER_DISPERSION * expected**2
    yield _covariances("leads: m + v m^2, months uncorrelated", leads, np.diag(variances))
    spread = np.diag(mean) + OVER_DISPERSION * by_lead @ by_lead.T
    yield _covariances("wins: covariances of all months", wins, spread)
    wrong = np.diag(mean) + 1.3 * OVER_DISPERSION * by_lead @ by_lead.T
    yield _covariances("wins: covariances", wins, wrong).catching("over-dispersion 30 % too large")
