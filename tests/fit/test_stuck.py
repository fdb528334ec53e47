"""Who never leaves: how many, how surely, and when a history is too short to tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from salessim.fit.competing import covariance, maximise
from salessim.fit.pipelines import fit_pipeline
from salessim.fit.stuck import how_many_are_stuck
from salessim.model.laws import Lognormal
from tests.fit.test_competing import ADVANCE, MODEL, STUCK, drawn
from verification.walked_deals import TrueStage, record

SLOW = TrueStage(
    conversion=0.5,
    cycle_time=Lognormal(median=60.0, sigma=0.8),
    loss_time=Lognormal(median=90.0, sigma=0.8),
    stuck=0.4,
)


def test_where_much_is_known_the_profile_is_the_normal_interval() -> None:
    data = drawn(10_000, seed=1)
    fit = maximise(MODEL, data)
    stuck = how_many_are_stuck(fit, data)
    sd = np.sqrt(covariance(fit, data)[1, 1])
    ends = [1.0 / (1.0 + np.exp(-(fit.theta[1] + side * 1.645 * sd))) for side in (-1.0, 1.0)]
    assert [stuck.low, stuck.high] == pytest.approx(ends, abs=0.002)
    assert stuck.share == pytest.approx(STUCK / (1.0 - ADVANCE), abs=0.03)
    assert stuck.p_value < 1e-9


def test_where_nobody_is_stuck_the_interval_says_so() -> None:
    stage = replace(SLOW, stuck=0.0)
    seen = record([stage], np.random.default_rng(4), deals=2_000, days=1_500)
    fitted = fit_pipeline(seen, families=["lognormal"]).stages[0]
    stuck = how_many_are_stuck(fitted.chosen.fit, fitted.data)
    assert stuck.p_value > 1e-3
    assert stuck.low < 0.01
    assert stuck.high < 0.1


@pytest.mark.parametrize(("days", "is_long"), [(120, False), (2_000, True)])
def test_a_history_says_whether_it_is_long_enough(days: int, *, is_long: bool) -> None:
    seen = record([SLOW], np.random.default_rng(2), deals=1_500, days=days)
    fitted = fit_pipeline(seen, families=["lognormal"]).stages[0]
    stuck = fitted.stuck
    assert stuck is not None
    # the truth is inside, in a short history since the interval is wide
    assert stuck.low < SLOW.stuck < stuck.high
    assert (stuck.high - stuck.low > 0.5) is not is_long
    said = fitted.warnings()
    assert bool(said) is not is_long
    if said:
        assert "the history is too short to tell how many are stuck for good" in said[0]
