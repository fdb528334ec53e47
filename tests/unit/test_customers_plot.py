"""Charts of customers and of the runway are the forecast's and the verdict's numbers."""

from dataclasses import replace

import forecast_cube as fc
import numpy as np
import pictured
import pytest

from salessim.errors import SalessimError
from salessim.forecast import Forecast, Verdict


@pytest.fixture(scope="module")
def noise():
    return fc.forecast(fc.random_cube(), need=34_500)


def heights(ax):
    return {bar.get_label(): np.array([part.get_height() for part in bar]) for bar in ax.containers}


def test_bars_are_who_came_and_who_went(noise):
    active, moves = noise.plot.customers()
    bars = heights(moves)
    base = noise.without_external_leads().new_customers.summary.mean
    assert bars["gained by customers and open deals"] == pytest.approx(base)
    gained = bars["gained by customers and open deals"] + bars["gained by external leads"]
    assert gained == pytest.approx(noise.new_customers.summary.mean)
    assert -bars["lost"] == pytest.approx(noise.lost_customers.summary.mean)
    net = moves.get_lines()[-1].get_ydata()
    assert net == pytest.approx(gained + bars["lost"])
    # what comes and goes is how the level moves
    level = next(line for line in active.get_lines() if line.get_label() == "P50")
    assert np.array_equal(level.get_ydata(), noise.active_customers.summary.p50)
    mean = noise.active_customers.summary.mean
    assert np.diff(mean) == pytest.approx(net[1:])


def test_without_external_leads_nobody_is_gained_by_them(noise):
    _, moves = noise.without_external_leads().plot.customers()
    assert list(heights(moves)) == ["gained", "lost"]


@pytest.mark.parametrize("periods", [1, 260])
@pytest.mark.parametrize("customers", [None, fc.CUSTOMERS])
def test_customers_are_drawn_whole(periods, customers):
    counts = fc.random_cube(n=5, periods=max(24, periods))
    line = fc.timeline(periods=periods, simulated=counts.bookings.shape[1], unit="week")
    given = fc.forecast(counts, line=line, customers=customers, title="long $ name " * 9)
    axes = given.plot.customers()
    assert pictured.outside(axes[0]) == []
    assert all(ax.has_data() and ax.get_title(loc="left") for ax in axes)


def test_nobody_at_all_has_axes_of_its_own():
    given = fc.forecast(fc.cube(bookings=np.zeros((4, 24, 2, 3))))
    _, moves = given.plot.customers()
    assert moves.get_title(loc="left") == "No customer comes or goes"
    assert moves.get_ylim() == (-1.0, 1.0)


def test_runway_comes_to_the_verdict(noise):
    verdict = noise.verdict
    assert 0.0 < verdict.never_short < verdict.probability < 1.0
    lines = noise.plot.runway().get_lines()
    met, lasting = (line.get_ydata() for line in lines)
    assert len(met) == len(lasting) == noise.labels.timeline.judged
    assert met[-1] == pytest.approx(verdict.probability)
    assert lasting[-1] == pytest.approx(verdict.never_short)
    assert (np.diff(lasting) <= 0).all()
    assert (np.asarray(lasting) <= met).all()


def test_runway_is_what_a_plain_loop_finds():
    base = np.array(
        [
            [900.0] * 24,
            [2_000.0] * 6 + [0.0] * 18,
            [0.0] * 3 + [3_000.0] * 21,
            [1_500.0] * 9 + [600.0] * 15,
        ]
    )
    cents = np.zeros((4, 24, 2, 3))
    cents[:, :, 0, 1] = 100 * base
    verdict = fc.forecast(fc.cube(bookings=cents), need=1_000.0).verdict
    met, lasting = [], []
    short_so_far = np.zeros(4, dtype=bool)
    for month in range(24):
        first = max(0, month - 11)
        enough = base[:, first : month + 1].sum(axis=1) >= 1_000.0 * (month + 1 - first)
        short_so_far |= ~enough
        met.append(enough.mean())
        lasting.append((~short_so_far).mean())
    assert verdict.need_met == pytest.approx(met)
    assert verdict.never_yet_short == pytest.approx(lasting)
    assert len(set(met)) > 2


def test_runway_says_when_half_have_fallen_short():
    falling = np.where(np.arange(24) < 3, 2_000.0, 0.0)
    cents = np.zeros((4, 24, 2, 3))
    cents[:, :, 0, 1] = 100 * falling
    ax = fc.forecast(fc.cube(bookings=cents), need=1_000.0).plot.runway()
    assert ax.get_title(loc="left").endswith("by the period from 2027-07-01")
    assert pictured.outside(ax) == []


def test_a_forecast_from_a_file_draws_the_same(noise, tmp_path):
    noise.to_parquet(tmp_path / "f.parquet")
    read = Forecast.from_parquet(tmp_path / "f.parquet")
    for chart in ("runway", "total"):
        ours, theirs = (getattr(one.plot, chart)().get_lines() for one in (noise, read))
        assert len(ours) == len(theirs) > 0
        for one, other in zip(ours, theirs, strict=True):
            assert np.array_equal(one.get_xydata(), other.get_xydata(), equal_nan=True)


def test_a_runway_that_cannot_be_drawn_says_why(noise):
    facts = replace(fc.FACTS, run_rate_per_month=0.0)
    with pytest.raises(SalessimError, match="no runway to draw: no need is stated"):
        fc.forecast(fc.random_cube(n=5), facts=facts).plot.runway()
    raw = noise.verdict.to_dict()
    del raw["need_met"], raw["never_yet_short"]
    old = replace(noise, verdict=Verdict.from_dict(raw))
    with pytest.raises(SalessimError, match="an older version wrote this run"):
        old.plot.runway()
