"""Forecasters that are right, too sure, off or cheating, and what the scores say of them.

All of them forecast numbers whose law is known, at origins whose windows do not overlap, so that
a calibrated one has a flat PIT and its coverage is binomial. False alarms: 1e-6 a test.
"""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from salessim.fit.backtest.actuals import Target
from salessim.fit.backtest.evaluation import (
    LEAST_APART,
    OURS,
    apart,
    coverages,
    errors,
    pooled,
    skill,
)
from salessim.fit.backtest.origins import Grid
from salessim.fit.backtest.scores import LEVELS, Spread, score, score_draws
from salessim.model.calendar import Span
from tests.statistics import assert_binomial, assert_mean

WINS = Target("wins", "all")
TARGET = {"measure": "wins", "part": "all"}
ORIGINS, SAMPLES = 400, 300
FALSE_ALARM = 1e-6
GRID = Grid(period=Span(value=1, unit="month"), periods=2)


def table_of(forecasters, *, seed, origins=ORIGINS, step=2):
    """Score forecasters of Poisson counts of known means at many origins, `step` periods apart."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(origins):
        window = GRID.window(GRID.later(date(1900, 1, 1), step * number))
        mean = draw.gamma(4.0, 5.0, size=2)
        truth = draw.poisson(mean).astype(float)
        for by, forecaster in forecasters.items():
            path = forecaster(draw, mean, truth).astype(float)
            rows += score_draws(
                {WINS: Spread.of_path(path)}, {WINS: truth}, by=by, window=window, seed=number
            )
    return pd.DataFrame(rows)


def calibrated(draw, mean, truth):
    del truth
    return draw.poisson(mean, (SAMPLES, 2))


def too_sure(draw, mean, truth):
    return mean + (calibrated(draw, mean, truth) - mean) / 2.0


def biased(draw, mean, truth):
    return calibrated(draw, 1.15 * mean, truth)


def leaked(draw, mean, truth):
    return truth + (calibrated(draw, mean, truth) - mean) / 4.0


def ignorant(draw, mean, truth):
    del mean, truth
    return draw.poisson(draw.gamma(4.0, 5.0, (SAMPLES, 2)))


def test_a_calibrated_forecaster_has_nominal_coverage_and_a_flat_pit():
    table = table_of({OURS: calibrated}, seed=1)
    for one in coverages(table, **TARGET, total=True):
        assert (one.count, one.apart) == (ORIGINS, ORIGINS)
        # an interval of whole numbers holds a little more than it promises
        assert_binomial(ORIGINS - round(one.held * ORIGINS), ORIGINS, 1 - one.level - 0.02, tests=3)
        assert one.interval[0] < one.held < one.interval[1]
    said = errors(table, **TARGET, total=True)
    assert said.flat > FALSE_ALARM
    pit = table.loc[table["period"] > 0, "pit"]
    counts = np.histogram(pit, bins=10, range=(0.0, 1.0))[0]
    assert stats.chisquare(counts).pvalue > FALSE_ALARM


@pytest.mark.parametrize(
    ("forecaster", "held"), [(too_sure, "few"), (biased, "few"), (leaked, "all")]
)
def test_what_is_too_sure_biased_or_cheating_is_caught(forecaster, held):
    table = table_of({OURS: forecaster}, seed=2)
    assert errors(table, **TARGET, total=True).flat < FALSE_ALARM
    for one in coverages(table, **TARGET, total=True):
        if held == "all":
            assert one.held > 0.98
            assert one.level == LEVELS[-1] or one.interval[0] > one.level
        elif one.level < LEVELS[-1] or forecaster is too_sure:
            assert one.interval[1] < one.level


def test_bias_is_measured():
    said = errors(table_of({OURS: biased}, seed=3), **TARGET, total=False)
    assert said.bias == pytest.approx(0.15, abs=0.02)
    assert said.relative is None  # now and then nothing at all came true
    fair = errors(table_of({OURS: calibrated}, seed=3), **TARGET, total=False)
    assert fair.bias == pytest.approx(0.0, abs=0.02)
    totals = [
        errors(table_of({OURS: one}, seed=3), **TARGET, total=True) for one in (calibrated, biased)
    ]
    assert 0.05 < totals[0].relative < totals[1].relative < 0.5
    assert fair.crps < said.crps
    assert fair.pinball["pinball90"] < said.pinball["pinball90"]


def test_skill_is_against_the_best_rule_and_has_an_interval():
    table = table_of({OURS: calibrated, "blind": ignorant, "off": biased}, seed=4)
    found = skill(table, **TARGET, total=False)
    assert found.rule == "off"
    assert set(found.each) == {"blind", "off"}
    low, high = found.interval
    assert 0.0 < low < found.value < high < found.each["blind"]
    same = skill(table_of({OURS: calibrated, "same": calibrated}, seed=5), **TARGET, total=False)
    assert same.interval[0] < 0.0 < same.interval[1]
    none = skill(table_of({OURS: calibrated}, seed=6, origins=9), **TARGET, total=False)
    assert (none.rule, none.value, none.interval, none.origins) == (None, None, None, 9)


def test_a_rule_that_could_speak_only_once_does_not_decide():
    table = table_of({OURS: calibrated, "blind": ignorant, "lucky": leaked}, seed=7, origins=20)
    once = table[(table["by"] != "lucky") | (table["origin"] == table["origin"].min())]
    assert skill(once, **TARGET, total=True).rule == "blind"
    assert skill(table, **TARGET, total=True).rule == "lucky"


def test_overlapping_windows_count_once():
    table = table_of({OURS: calibrated, "blind": ignorant}, seed=8, origins=2 * LEAST_APART, step=1)
    found = skill(table, **TARGET, total=True)
    assert (found.origins, found.apart) == (2 * LEAST_APART, LEAST_APART)
    assert found.interval is not None
    few = table[table["origin"] < sorted(table["origin"].unique())[-2]]
    assert skill(few, **TARGET, total=True).interval is None
    assert errors(few, **TARGET, total=True).flat is None
    (one, *_) = coverages(table, **TARGET, total=True)
    assert (one.count, one.apart) == (2 * LEAST_APART, LEAST_APART)
    path = coverages(table, **TARGET, total=False)[0]
    assert (path.count, path.apart) == (4 * LEAST_APART, 2 * LEAST_APART + 1)


def test_blocks_widen_the_interval_of_a_skill_that_hangs_together():
    """Scores of ten origins in a row are the same: as much is known as of a tenth of them."""
    table = table_of({OURS: calibrated, "blind": ignorant}, seed=9, origins=30)
    # thirty origins, each ten times: windows of ten periods a period apart
    wide = Grid(period=Span(value=1, unit="month"), periods=20)
    parts = []
    for number, (_, rows) in enumerate(table.groupby("origin")):
        for copy in range(10):
            window = wide.window(GRID.later(date(1800, 1, 1), 20 * number + 2 * copy))
            moved = rows.assign(origin=window.origin, start=window.start, end=window.end)
            parts.append(moved)
    repeated = skill(pd.concat(parts), **TARGET, total=True)
    plain = skill(table, **TARGET, total=True)
    assert repeated.value == pytest.approx(plain.value)
    width, simple = np.diff(repeated.interval)[0], np.diff(plain.interval)[0]
    assert width == pytest.approx(simple, rel=0.35)


def test_coverage_is_pooled_by_what_each_data_set_knows():
    many = coverages(table_of({OURS: calibrated}, seed=10), **TARGET, total=True)[1]
    few = coverages(table_of({OURS: too_sure}, seed=11, origins=10, step=1), **TARGET, total=True)[
        1
    ]
    both = pooled([many, few])
    assert both.apart == ORIGINS + 5
    assert both.held == pytest.approx((many.held * ORIGINS + few.held * 5) / (ORIGINS + 5))
    with pytest.raises(ValueError, match="one level"):
        pooled([])


def test_crps_is_fair_to_few_samples():
    """The mean CRPS of ensembles of three equals that of the law itself (normal: 1/sqrt(pi))."""
    draw = np.random.default_rng(12)
    samples, actual = draw.standard_normal((3, 4000)), draw.standard_normal(4000)
    scores = score(samples, actual, uniform=np.zeros(4000))["crps"]
    assert_mean(np.mean(scores), np.std(scores) / np.sqrt(4000), 1 / np.sqrt(np.pi), freedom=3999)


def test_a_score_by_hand():
    samples = np.tile(np.arange(1.0, 12.0)[:, None], 2)
    got = score(samples, np.array([4.0, 3.0]), uniform=np.array([0.5, 0.25]))
    assert got["median"].tolist() == [6.0, 6.0]
    assert got["error"].tolist() == [2.0, 3.0]
    assert got["pinball90"] == pytest.approx([(10.0 - 4.0) * 0.1, (10.0 - 3.0) * 0.1])
    assert got["pinball10"] == pytest.approx([(4.0 - 2.0) * 0.1, (3.0 - 2.0) * 0.1])
    assert got["inside50"].tolist() == [1.0, 0.0]
    assert got["inside80"].tolist() == [1.0, 1.0]
    assert got["pit"] == pytest.approx([(3 + 0.5 * 2) / 12, (2 + 0.25 * 2) / 12])


def test_windows_apart_are_as_many_as_can_be():
    spans = [(1, 9), (2, 4), (4, 6), (5, 7), (6, 8)]
    assert apart(spans) == [1, 2, 4]
