"""Families are chosen by what the data say, and given up when the data contradict them."""

from __future__ import annotations

import numpy as np
import pytest

from salessim.fit.choice import LEVEL, choose, in_few_values
from salessim.fit.durations import GOING, Durations, gather
from salessim.fit.families import FAMILIES
from salessim.model.law import Law
from salessim.model.laws import Exponential, Gamma, LogLogistic, Lognormal, Mixture, Weibull

BY_NAME = {family.name: family for family in FAMILIES}


def drawn(law: Law, count: int, *, seed: int) -> Durations:
    """Half advance after times of the law, half are lost after others; censored and cut off."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, count)
    share = rng.random(count)
    ends = np.where(kind == 0, law.isf(share), Lognormal(median=30.0, sigma=0.6).isf(share))
    limit = rng.uniform(0.0, 150.0, count)
    entry = np.where(rng.random(count) < 0.2, rng.uniform(0.0, 30.0, count), 0.0)
    lasted, outcome = np.minimum(ends, limit), np.where(ends <= limit, kind, GOING)
    seen = lasted > entry
    ones = np.ones(int(seen.sum()))
    return gather(outcome[seen], lasted[seen], entry[seen], count=ones, recency=ones, tick=1 / 1440)


@pytest.mark.parametrize(
    "law",
    [
        Lognormal(median=15.0, sigma=0.9),
        Weibull(scale=20.0, shape=2.0),
        Gamma(mean=20.0, shape=4.0),
        LogLogistic(median=15.0, shape=2.5),
        Exponential(mean=20.0),
    ],
    ids=lambda law: type(law).__name__.lower(),
)
def test_the_right_family_wins(law: Law) -> None:
    chosen = choose(drawn(law, 20_000, seed=1), outcomes=2, stuck=True, middle=3.0)
    assert [family.name for family in chosen.best] == [type(law).__name__.lower(), "lognormal"]
    assert not any(one.matters for one in chosen.contradictions)


def test_a_right_family_is_hardly_ever_contradicted() -> None:
    """Of 80 tests at the level 1e-3, 5 or more would fail for nothing once in 10^8."""
    against = [
        one.p_value
        for seed in range(40)
        for one in choose(
            drawn(Lognormal(median=15.0, sigma=0.9), 1_500, seed=seed),
            outcomes=2,
            stuck=True,
            middle=3.0,
            families=[BY_NAME["lognormal"]],
        ).contradictions
    ]
    assert np.sum(np.array(against) < LEVEL) < 5
    # and the test is one: p-values are all over the place
    assert np.min(against) < 0.2
    assert np.max(against) > 0.8


def test_two_humps_contradict_all_families() -> None:
    law = Mixture(
        weights=(0.5, 0.5),
        laws=(Lognormal(median=4.0, sigma=0.4), Lognormal(median=70.0, sigma=0.2)),
    )
    chosen = choose(drawn(law, 4_000, seed=2), outcomes=2, stuck=True, middle=3.0)
    assert [one.matters for one in chosen.contradictions] == [True, False]
    fitted = chosen.fit.model.families[0].law(np.zeros(0))
    ages = np.array([2.0, 4.0, 8.0, 30.0, 60.0, 70.0, 90.0])
    np.testing.assert_allclose(fitted.survival(ages), law.survival(ages), atol=0.04)
    # half advance, whatever the law of the time
    assert chosen.fit.model.probabilities(chosen.fit.theta)[0][0] == pytest.approx(0.5, abs=0.03)


def test_few_values_keep_mean_and_spikes() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate((np.full(700, 30.0), rng.exponential(20.0, 1_000)))
    law = in_few_values(values, np.ones(len(values)))
    assert law.mean == pytest.approx(values.mean(), rel=1e-3)
    at_spike = law.survival(np.array([29.99, 30.01]))
    assert at_spike[0] - at_spike[1] == pytest.approx(700 / 1_700, abs=0.01)
