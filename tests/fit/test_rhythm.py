"""Months that are quick and slow as those of a quarter are found and told; other months are not."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from salessim.fit import pictures
from salessim.fit.fit import fit_history
from salessim.fit.history import History
from salessim.fit.monthly import Monthly
from salessim.fit.rhythm import rhythm
from salessim.fit.summary import summary
from salessim.report.fit import fit_page
from verification.swing_recovery import STAGES, in_step
from verification.walked_deals import Shaken, record

TOLD = 40.0
"""What each month tells of the speed: as much as 40 deals that advance."""
QUARTER = np.array([-0.2, -0.05, 0.25])
DRAWS = 199


def told(rng, months, *, sd=0.0, persistence=0.0, quarter=None):
    """What months say that swing so, in step with the quarter besides; the first is a January."""
    apart = np.abs(np.subtract.outer(np.arange(months), np.arange(months)))
    effects = rng.multivariate_normal(np.zeros(months), sd**2 * persistence**apart)
    if quarter is not None:
        effects = effects + quarter[np.arange(months) % 3]
    information = TOLD * (np.eye(months) - 1.0 / months)
    noise = rng.standard_normal(months)
    pull = information @ effects + np.sqrt(TOLD) * (noise - noise.mean())
    return Monthly(
        first=600, pull=pull, information=information, weight=np.full(months, 1.0 / months)
    )


def alarms(months, sd, persistence, many=100, quarter=None):
    """How many of so many histories are said to follow the quarter."""
    rng = np.random.default_rng(31)
    some = (told(rng, months, sd=sd, persistence=persistence, quarter=quarter) for _ in range(many))
    return sum(rhythm(one, DRAWS).matters for one in some)


@pytest.mark.parametrize(("months", "sd", "persistence"), [(7, 0.3, 0.0), (24, 0.3, 0.6)])
def test_months_that_swing_otherwise_are_no_rhythm(months, sd, persistence) -> None:
    """At 1%, 10 or more of 100 would be found for nothing less than once in 10^6."""
    assert alarms(months, sd, persistence) < 10


def test_a_rhythm_is_found() -> None:
    """Planted: what the test above is held against."""
    assert alarms(24, 0.1, 0.0, many=30, quarter=QUARTER) >= 10


def test_intervals_hold_the_effects() -> None:
    """Of 30 that hold with 90%, fewer than 16 would less than once in 10^6."""
    rng = np.random.default_rng(32)
    found = [rhythm(told(rng, 24, sd=0.1, persistence=0.3, quarter=QUARTER), 9) for _ in range(30)]
    for nth in range(3):
        off = [abs(one.effects[nth] - QUARTER[nth]) / one.errors[nth] for one in found]
        assert np.sum(np.array(off) < 1.645) >= 16
    # planted: the effects of another month
    other = [abs(one.effects[2] - QUARTER[0]) / one.errors[2] for one in found]
    assert np.sum(np.array(other) < 1.645) < 16


def test_a_shifted_year_shifts_the_months() -> None:
    one = told(np.random.default_rng(33), 24, quarter=QUARTER)
    january, february = rhythm(one, 9), rhythm(replace(one, first=one.first + 1), 9)
    np.testing.assert_allclose(february.effects, np.roll(january.effects, 1), atol=1e-9)
    assert january.factors.mean() == pytest.approx(1.0)
    assert january.effects.sum() == pytest.approx(0.0, abs=1e-12)


def test_what_is_too_far_out_to_be_told_is_not() -> None:
    """Where months pull as they never could by the law, no factor of 10^100 is said of them."""
    one = told(np.random.default_rng(5), 24, quarter=QUARTER)
    assert rhythm(one, DRAWS) is not None
    assert rhythm(replace(one, pull=1e3 * one.pull), DRAWS) is None


@pytest.mark.parametrize("months", [1, 2])
def test_without_a_quarter_nothing_is_told(months) -> None:
    assert rhythm(told(np.random.default_rng(34), months), 9) is None


def test_records_in_step_with_the_quarter_are_told_so() -> None:
    shaken = Shaken(odds=np.ones(24), speed=np.exp(in_step(0.3)))
    deals = record(STAGES, np.random.default_rng(35), deals=1_500, days=730, shaken=shaken)
    fitted = fit_history(History(deals=(deals,)), families=["lognormal"])
    (pipeline,) = fitted.pipelines
    found = pipeline.months.rhythm
    np.testing.assert_allclose(found.effects, [-0.3, 0.0, 0.3], atol=5.0 * found.errors.max())
    assert sum(found.sentence in said for said in fitted.warnings) == 1
    captions = [figure.caption for figure in fit_page(fitted).sections[0].figures]
    assert sum(found.sentence in caption for caption in captions) == 1
    said = json.loads(json.dumps(summary(fitted)))["pipelines"][0]["shared_months"]["quarter"]
    np.testing.assert_allclose(said["factors"], found.factors)
    ax = pictures.shared_months(pipeline.months.pace, "pace", rhythm=found)
    drawn = [line[0, 1] for line in ax.collections[-1].get_segments()]
    np.testing.assert_allclose(drawn[:3], found.factors)
