"""Laws of lifetimes: found again from lives cut on both sides, and doubted where they are wrong."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salessim.fit.lifetime_families import CONTINUOUS, Burr, Family, Lives
from salessim.fit.lifetimes import empirical, fit_lifetimes
from salessim.fit.renewals import BetaGeometric
from tests.statistics import assert_mean

DATA = Path(os.environ.get("SALESSIM_DATA", "no data"))
RETENTION = DATA / "cbcv_public_companies" / "2-segment-retention.csv"
BURR = CONTINUOUS[3]
TRUTH = {
    "exponential": [400.0],
    "weibull": [400.0, 1.6],
    "lomax": [300.0, 1.5],
    "burr": [300.0, 1.7, 0.8],
}


def ages_at(family: Family, at: list[float], survival: np.ndarray) -> np.ndarray:
    """Return ages of a family of continuous laws from its closed form."""
    assert isinstance(family, Burr)
    shape = at[1] if family.has_shape else 1.0
    power = -np.log(survival)
    if family.has_tail:
        power = at[-1] * np.expm1(power / at[-1])
    return at[0] * power ** (1.0 / shape)


def lives_of(
    family: Family, at: list[float], *, count: int, seed: int, factors: tuple[float, ...] = (1.0,)
) -> Lives:
    """Return lives begun over 1,200 days, of which only the last 700 were seen."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, len(factors), count)
    age = ages_at(family, at, rng.uniform(size=count)) * np.array(factors)[group]
    seen = rng.uniform(0.0, 1200.0, count)  # age at the end of the records
    entry = np.maximum(seen - 700.0, 0.0)
    there = age > entry
    return Lives(
        entry=entry[there],
        leave=np.minimum(age, seen)[there],
        ended=(age <= seen)[there],
        group=group[there],
        groups=len(factors),
    )


@pytest.mark.parametrize("family", [*CONTINUOUS, BetaGeometric(months=1)], ids=lambda f: f.name)
def test_slopes_by_differences(family):
    lives = lives_of(CONTINUOUS[1], TRUTH["weibull"], count=40, seed=1)
    lives = replace(lives, leave=lives.leave + 31.0)
    at = np.array(
        [300.0 if family.name != "beta_geometric" else 0.4, 1.3, 0.7][: 1 + family.shapes]
    )

    def total(logs: np.ndarray) -> float:
        values = np.exp(logs)
        return float(family.rows(lives, np.full(len(lives.leave), values[0]), values[1:])[0].sum())

    _, by_location, by_shapes = family.rows(lives, np.full(len(lives.leave), at[0]), at[1:])
    slopes = [by_location.sum(), *by_shapes.sum(axis=1)]
    for place, slope in enumerate(slopes):
        step = 1e-6 * np.eye(len(at))[place]
        numeric = (total(np.log(at) + step) - total(np.log(at) - step)) / 2e-6
        assert slope == pytest.approx(numeric, rel=1e-5, abs=1e-5)
    values, turn = family.values(at)
    for place in range(len(at)):
        step = 1e-6 * np.eye(len(at))[place]
        up, down = (np.log(family.values(np.exp(np.log(at) + s))[0]) for s in (step, -step))
        assert turn[:, place] == pytest.approx((up - down) / 2e-6, abs=1e-5)
    assert len(values) == len(family.keys)


@pytest.mark.parametrize("family", CONTINUOUS, ids=lambda f: f.name)
def test_laws_are_found_again_from_lives_cut_on_both_sides(family):
    lives = lives_of(family, TRUTH[family.name], count=6_000, seed=4)
    fit = fit_lifetimes(lives, (family,))
    assert_mean(np.log(fit.parameters[0]), fit.estimate.spread, np.log(TRUTH[family.name]))
    assert not fit.contradicted
    blind = fit_lifetimes(replace(lives, entry=np.zeros_like(lives.entry)), (family,))
    with pytest.raises(AssertionError, match="standard errors"):  # those who left early forgotten
        assert_mean(np.log(blind.parameters[0]), blind.estimate.spread, np.log(TRUTH[family.name]))
    dead = fit_lifetimes(replace(lives, ended=np.ones_like(lives.ended)), (family,))
    with pytest.raises(AssertionError, match="standard errors"):  # those still there taken as lost
        assert_mean(np.log(dead.parameters[0]), dead.estimate.spread, np.log(TRUTH[family.name]))


def test_the_simplest_law_that_does_is_chosen_and_wrong_ones_are_contradicted():
    lives = lives_of(BURR, TRUTH["burr"], count=6_000, seed=5)
    assert fit_lifetimes(lives).family.name == "burr"
    wrong = fit_lifetimes(lives, CONTINUOUS[:1])
    assert wrong.contradicted
    law = empirical(lives, wrong.family, wrong.parameters[0])["mixture"]
    median = float(ages_at(BURR, TRUTH["burr"], np.array([0.5]))[0])
    values = np.concatenate([part["law"]["empirical"] for part in law])
    weights = np.repeat([part["weight"] / 100 for part in law], 100)
    assert weights.sum() == pytest.approx(1.0, abs=1e-5)
    assert weights[values < median].sum() == pytest.approx(0.5, abs=0.03)


def test_segments_are_drawn_together_as_much_as_chance_may_part_them():
    alike = lives_of(CONTINUOUS[1], TRUTH["weibull"], count=1_500, seed=6, factors=(1.0,) * 12)
    fit = fit_lifetimes(alike, CONTINUOUS[1:2])
    apart = np.log(fit.estimate.parameters[:12]).std()
    assert np.log(fit.parameters[:, 0]).std() < 0.5 * apart
    factors = (1.0, 3.0)
    unlike = lives_of(CONTINUOUS[1], TRUTH["weibull"], count=8_000, seed=6, factors=factors)
    fit = fit_lifetimes(unlike, CONTINUOUS[1:2])
    spread = np.sqrt(np.diag(fit.covariance))[:2]
    assert_mean(np.log(fit.parameters[:, 0]), spread, np.log(400.0 * np.array(factors)))


@pytest.mark.parametrize("ended", [[False], [True], [False] * 30, [True] * 30])
def test_lives_that_say_little_give_finite_and_unsure_laws(ended):
    count = len(ended)
    lives = Lives(
        entry=np.zeros(count),
        leave=np.linspace(35.0, 90.0, count),  # a renewal has passed in any case
        ended=np.array(ended),
        group=np.zeros(count, np.int64),
    )
    for family in (*CONTINUOUS, BetaGeometric(months=1)):
        values, covariance = fit_lifetimes(lives, (family,)).written()
        assert np.isfinite(values).all()
        assert (values > 0).all()
        assert (np.diag(covariance) > 1e-4).all()


@pytest.mark.skipif(not RETENTION.exists(), reason="the retention tables are not at hand")
def test_renewals_as_published():
    """Fader and Hardie 2007, from seven renewals: a, b of two kinds of customers."""
    told = pd.read_csv(RETENTION, encoding="utf-8-sig")
    family = BetaGeometric(months=12)
    for kind, published in (("Regular", [0.704, 1.182]), ("High-end", [0.668, 3.806])):
        there = told[kind].to_numpy()[:8]
        lost = -np.diff(there)
        leave = np.concatenate([np.repeat(np.arange(1, 8), lost), np.full(there[-1], 7)])
        ended = np.arange(len(leave)) < lost.sum()
        lives = Lives(
            entry=np.zeros(len(leave)),
            leave=leave * family.days,
            ended=ended,
            group=np.zeros(len(leave), np.int64),
        )
        values, _ = fit_lifetimes(lives, (family,)).written()
        assert values[0] == pytest.approx(published, rel=2e-3)
