"""The joint likelihood: its gradient, what it finds, and errors that it must not make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import surpyval

from salessim.fit.competing import Competing, covariance, gradient, maximise
from salessim.fit.durations import GOING, Durations, gather
from salessim.fit.families import FAMILIES, Family
from salessim.fit.incidence import incidence
from salessim.model.laws import Lognormal, Weibull
from tests.statistics import assert_mean

BY_NAME = {family.name: family for family in FAMILIES}
TICK = 1.0 / 86_400.0
CYCLE, LOSS = Lognormal(median=20.0, sigma=0.7), Weibull(scale=40.0, shape=1.4)
ADVANCE, STUCK = 0.5, 0.15
TRUTH = [0.0, np.log(STUCK / (1.0 - ADVANCE - STUCK))] + [
    float(np.log(value)) for value in (CYCLE.median, CYCLE.sigma, LOSS.scale, LOSS.shape)
]
MODEL = Competing(
    families=(BY_NAME["lognormal"], BY_NAME["weibull"]),
    instant=(False, False),
    stuck=True,
    middle=3.0,
)


def drawn(count: int, *, seed: int, tick: float = TICK, late: float = 0.3) -> Durations:
    """Visits with ends of two kinds, some stuck, censored evenly, a share of them entered late."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(3, count, p=[ADVANCE, 1.0 - ADVANCE - STUCK, STUCK])
    share = rng.random(count)
    ends = np.select([kind == 0, kind == 1], [CYCLE.isf(share), LOSS.isf(share)], np.inf)
    censored = rng.uniform(0.0, 200.0, count)
    entry = np.where(rng.random(count) < late, rng.uniform(0.0, 60.0, count), 0.0)
    lasted = np.minimum(ends, censored)
    outcome = np.where(ends <= censored, kind, GOING)
    # a clock that tells whole ticks, started anywhere between two of them
    began = rng.random(count) * tick
    lasted = np.floor((lasted + began) / tick) * tick
    entry = np.floor(entry / tick) * tick
    seen = lasted > entry
    ones = np.ones(int(seen.sum()))
    return gather(outcome[seen], lasted[seen], entry[seen], count=ones, recency=ones, tick=tick)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_the_gradient_is_the_slope(family: Family) -> None:
    data = drawn(2_000, seed=1, tick=1.0)
    model = MODEL.with_law(0, family, instant=True).with_law(1, family, instant=False)
    theta = model.start(data) + 0.1
    step = 1e-5
    slopes = [
        (gradient(model, theta + row, data)[0] - gradient(model, theta - row, data)[0])
        / (2.0 * step)
        for row in np.eye(model.size) * step
    ]
    np.testing.assert_allclose(gradient(model, theta, data)[1], slopes, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("tick", [TICK, 1.0], ids=["seconds", "days"])
def test_what_was_drawn_is_found(tick: float) -> None:
    data = drawn(20_000, seed=2, tick=tick)
    fit = maximise(MODEL, data)
    se = np.sqrt(np.diag(covariance(fit, data)))
    # a day is 5 % of the median: rounding may hide a tenth of a standard error of so many visits
    assert_mean(fit.theta, se * (1.0 if tick < 1.0 else 1.1), np.array(TRUTH))
    assert np.all(se < 0.06)


def test_ignoring_the_late_entry_is_caught() -> None:
    data = drawn(20_000, seed=2)
    wrong = replace(data, entry=np.zeros(len(data)))
    fit = maximise(MODEL, wrong)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_mean(fit.theta, np.sqrt(np.diag(covariance(fit, wrong))), np.array(TRUTH))


def test_leaving_out_who_is_stuck_is_caught() -> None:
    data = drawn(20_000, seed=2)
    fit = maximise(replace(MODEL, stuck=False), data)
    se = np.sqrt(np.diag(covariance(fit, data)))
    with pytest.raises(AssertionError, match="standard errors"):
        assert_mean(fit.theta[1:], se[1:], np.array(TRUTH[2:]))


@pytest.mark.parametrize("name", ["weibull", "lognormal"])
def test_one_outcome_is_fitted_as_a_library_does(name: str) -> None:
    """Censored and entered late, nothing stuck: surpyval's maximum, but for what was rounded."""
    rng = np.random.default_rng(5)
    law = LOSS if name == "weibull" else CYCLE
    ends, entry = law.isf(rng.random(4_000)), rng.uniform(0.0, 20.0, 4_000)
    limit = rng.uniform(20.0, 100.0, 4_000)
    seen = np.minimum(ends, limit) > entry
    lasted, entry, open_ = np.minimum(ends, limit)[seen], entry[seen], (ends > limit)[seen]
    ones = np.ones(len(lasted))
    outcome = np.where(open_, GOING, 0)
    data = gather(outcome, lasted, entry, count=ones, recency=ones, tick=TICK)
    model = Competing(families=(BY_NAME[name],), instant=(False,), stuck=False, middle=3.0)
    fit = maximise(model, data)
    library = surpyval.Weibull if name == "weibull" else surpyval.LogNormal
    theirs = library.fit(lasted, c=open_.astype(int), tl=entry).params
    expected = np.log(theirs) if name == "weibull" else [theirs[0], np.log(theirs[1])]
    se = np.sqrt(np.diag(covariance(fit, data)))
    assert np.abs((fit.theta - expected) / se).max() < 0.05


def test_shares_by_age_are_those_of_aalen_and_johansen() -> None:
    """Without any law, from the same visits: within what chance allows at a few ages."""
    data = drawn(20_000, seed=3)
    fit = maximise(MODEL, data)
    seen = incidence(data.entry, data.middle, data.outcome, data.weight, outcomes=2)
    ages = np.array([5.0, 10.0, 20.0, 40.0, 80.0])
    p = fit.model.probabilities(fit.theta)[0]
    for k, law in enumerate((CYCLE, LOSS)):
        fitted = p[k] * fit.model.families[k].tails(ages, fit.theta[fit.model.place(k)])[0]
        exact = (ADVANCE, 1.0 - ADVANCE - STUCK)[k] * (1.0 - law.survival(ages))
        se = np.sqrt(exact * (1.0 - exact) / 8_000.0)
        assert_mean(seen.ended_by(ages, outcome=k), se, exact, tests=3)
        assert_mean(fitted, se, exact, tests=3)
        # the fit knows more than the curve: they differ by less than the curve's own error
        assert_mean(seen.ended_by(ages, outcome=k), se, fitted, tests=3)


def test_weights_count_as_so_many_visits() -> None:
    once = drawn(3_000, seed=4)
    whole = replace(
        once, weight=3.0 * once.weight, square=3.0 * once.square, count=3.0 * once.count
    )
    one, three = maximise(MODEL, once), maximise(MODEL, whole)
    np.testing.assert_allclose(one.theta, three.theta, atol=0.02)
    ratio = np.diag(covariance(one, once)) / np.diag(covariance(three, whole))
    np.testing.assert_allclose(ratio, 3.0, rtol=0.05)


def test_a_weight_for_recency_is_no_count() -> None:
    """Half of the visits at weight 2, the others at nearly 0: known as by half of the visits."""
    data = drawn(6_000, seed=6)
    rng = np.random.default_rng(7)
    recent = rng.random(len(data)) < 0.5
    weight = np.where(recent, 2.0, 1e-6)
    weighted = replace(
        data, weight=data.count * weight, square=data.count * weight**2, count=data.count
    )
    half = replace(
        data,
        weight=data.count * recent,
        square=data.count * recent,
        count=data.count * recent,
    )
    said, true = (np.diag(covariance(maximise(MODEL, one), one)) for one in (weighted, half))
    np.testing.assert_allclose(said / true, 1.0, rtol=0.2)


@pytest.mark.parametrize("ends", [(0, 0), (1, 0), (0, 1), (3, 0)])
@pytest.mark.parametrize("open_visits", [0, 1, 5])
def test_with_next_to_nothing_it_is_wide_and_finite(ends, open_visits) -> None:
    outcome = np.array([0] * ends[0] + [1] * ends[1] + [GOING] * open_visits, dtype=np.int64)
    ones = np.ones(len(outcome))
    data = gather(outcome, 10.0 * ones, 0.0 * ones, count=ones, recency=ones, tick=1.0)
    fit = maximise(MODEL, data)
    cov = covariance(fit, data)
    assert np.all(np.isfinite(fit.theta))
    assert np.all(np.isfinite(cov))
    sd = np.sqrt(np.diag(cov))
    assert sd[0] > 1.0  # of a log odds: 90 % from 16 % to 84 % or wider
    assert np.all(sd[2:] > 0.05)
    assert np.all(sd < 10.0)
