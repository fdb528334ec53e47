"""A conversion that changed is found, said, and makes the plan unsure; luck is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salessim.fit.drift import allowing_for, drift
from salessim.fit.history import Deals
from salessim.fit.monthly import span
from salessim.fit.pipelines import fit_pipeline
from salessim.model.laws import Lognormal
from verification.walked_deals import TrueStage, record

STAGE = TrueStage(
    conversion=0.5,
    cycle_time=Lognormal(median=15.0, sigma=0.8),
    loss_time=Lognormal(median=20.0, sigma=0.6),
    stuck=0.1,
)
ODDS = np.array([0.6, -0.6, 0.4, -0.5, 0.2])
CHANGED = (1.0 / (1.0 + np.exp(-ODDS))).tolist()


def quarters(conversions: list[float], *, seed: int, deals: int = 500) -> Deals:
    """Deals of quarters whose conversions differ; the last ones are still open."""
    rng = np.random.default_rng(seed)
    tables, moves, before, begin = [], [], 0, pd.Timestamp("2020-01-01")
    for conversion in conversions:
        span = pd.Timestamp(begin) + pd.DateOffset(months=3) - begin
        one = record([replace(STAGE, conversion=conversion)], rng, deals=deals, days=3_000)
        # births are spread over the days of the record: brought into the quarter
        born = one.moves.groupby("deal")["at"].transform("min")
        later = (born - pd.Timestamp("2020-01-01")) * (span / pd.Timedelta(days=3_000))
        at = (begin + later + (one.moves["at"] - born)).dt.floor("s")
        moves.append(one.moves.assign(deal=one.moves["deal"] + before, at=at))
        tables.append(one.table)
        before += len(one.table)
        begin += span
    moved = pd.concat(moves, ignore_index=True)
    table = pd.concat(tables, ignore_index=True)
    created = moved.drop_duplicates("deal")["at"].reset_index(drop=True)
    return replace(
        one,
        table=table.assign(created=created),
        moves=moved[moved["at"] < begin].reset_index(drop=True),
        until=begin,
    )


def test_luck_is_no_change() -> None:
    """Of 20 tests at the level 1e-3, 4 would fail for nothing once in 10^8; so would none."""
    found = [
        fit_pipeline(quarters([0.5] * 5, seed=seed, deals=200), families=["lognormal"]).drifts[0]
        for seed in range(20)
    ]
    p = np.array([one.p_value for one in found if one is not None])
    assert len(p) == 20
    assert np.sum(p < 1e-3) < 4
    assert p.min() < 0.35
    assert p.max() > 0.65


def test_a_change_is_found_with_its_size_and_widens_the_stage() -> None:
    fitted = fit_pipeline(quarters(CHANGED, seed=3), families=["lognormal"])
    stage, seen = replace(fitted.stages[0], alike=None, swing=0.0), fitted.visits
    found = drift(stage, seen, span(seen, np.datetime64("2021-04-01", "us")))
    assert found is not None
    assert found.matters
    assert found.sd == pytest.approx(ODDS.std(ddof=1), rel=0.4)
    np.testing.assert_allclose(found.conversion[:4], CHANGED[:4], atol=0.07)
    assert allowing_for(stage, found).numbers[0][0].sd > 0.9 * found.sd


def test_a_change_that_all_stages_share_is_said_once_as_a_swing() -> None:
    """Of the only stage there is: the swing explains it, and no change is left."""
    fitted = fit_pipeline(quarters(CHANGED, seed=3), families=["lognormal"])
    found, left = fitted.months.conversion, fitted.drifts[0]
    assert found is not None
    assert found.p_value < 1e-3
    assert found.interval[0] < ODDS.std(ddof=1) < found.interval[1]
    assert left is not None
    assert not left.matters
    np.testing.assert_allclose(left.conversion[:4], CHANGED[:4], atol=0.07)
    assert any("months differ" in said for said in fitted.part().warnings)
    assert not any("the conversion changed" in said for said in fitted.part().warnings)


def test_with_a_half_life_recent_visits_say_it_and_nothing_is_widened() -> None:
    fitted = fit_pipeline(quarters([0.6, 0.3], seed=4), families=["lognormal"], half_life=100.0)
    assert fitted.drifts == (None,)


def test_one_quarter_tells_nothing() -> None:
    deals = record([STAGE], np.random.default_rng(5), deals=300, days=80)
    assert fit_pipeline(deals, families=["lognormal"]).drifts == (None,)
