"""The distribution of all bookings and the chances of targets are those of the forecast."""

from dataclasses import replace
from itertools import pairwise

import forecast_cube as fc
import numpy as np
import pictured
import pytest

from salessim.errors import SalessimError
from salessim.forecast import Forecast
from salessim.forecast.total_plot import bins
from salessim.model.plan import Target
from salessim.readable import percent, rounded

YEAR = Target(name="total", start=0, end=90, amount=170_000.0)
MONTHS = tuple(
    Target(name=f"2027-0{month + 1}", start=start, end=end, amount=100.0 * (month + 1))
    for month, (start, end) in enumerate(((0, 31), (31, 59), (59, 90)))
)


def forecast(*targets, counts=None, **words):
    counts = counts or fc.random_cube(n=400)
    model = replace(fc.model(counts, line=fc.timeline(), **words), targets=targets)
    return Forecast.from_cube(counts, program=fc.program(), model=model)


def lines(ax):
    """Where each vertical line stands, by the first word of its name."""
    return {line.get_label().split(":")[0]: float(line.get_xdata()[0]) for line in ax.get_lines()}


def test_bars_hold_every_trajectory():
    given = forecast(need=1_000)
    ax = given.plot.total()
    values, edges, _ = ax.patches[0].get_data()
    total = given.bookings.total()
    assert values.sum() == pytest.approx(1.0)
    for share, low, high in zip(values, edges[:-1], edges[1:], strict=True):
        assert share == pytest.approx(((total >= low) & (total < high)).mean())
    found = lines(ax)
    p10, p50, p90 = given.bookings.total_summary[2:]
    assert (found["P10"], found["P50"], found["P90"]) == (p10, p50, p90)


def test_what_is_aimed_at_stands_there_with_its_chance():
    given = forecast(*MONTHS, YEAR, need=1_000)
    ax = given.plot.total()
    assert lines(ax)["target total"] == YEAR.amount
    chance = next(one for one in given.targets if one.name == "total").probability
    assert 0.0 < chance < 1.0
    said = f"170,000 USD in all: booked in {percent(chance)} of the trajectories"
    assert ax.get_title(loc="left").replace("\n", " ").endswith(said)
    assert "need" not in lines(ax)


def test_targets_that_fill_the_span_count_together():
    ax = forecast(*MONTHS, need=1_000).plot.total()
    assert ax.get_lines()[-1].get_label().startswith("3 targets together: 600,")
    holed = forecast(MONTHS[0], MONTHS[2], need=50_000)
    ax = holed.plot.total()
    assert lines(ax)["need"] == 3 * 50_000
    share = (holed.bookings.total() >= 150_000).mean()
    assert f"booked in {percent(share)}" in ax.get_lines()[-1].get_label()


def test_what_is_far_away_is_said_and_not_drawn():
    given = forecast(replace(YEAR, amount=1e12))
    ax = given.plot.total()
    assert np.isnan(lines(ax)["target total"])
    assert "booked in 0% (off the chart)" in ax.get_lines()[-1].get_label()
    assert ax.get_xlim()[1] < 1e8


@pytest.mark.parametrize("step", [1, 100, 12_345])
def test_values_on_a_lattice_make_no_comb(step):
    cents = step * np.random.default_rng(3).poisson(60.0, 5_000)
    edges = bins(cents)
    points = [len(np.arange(np.ceil(a / step), np.ceil(b / step))) for a, b in pairwise(edges)]
    assert len(set(points)) == 1
    assert np.histogram(cents, edges)[0].sum() == 5_000
    assert 10 < len(points) <= 2 * 5_000 ** (1 / 3) + 1


def test_far_outliers_do_not_press_the_rest_together():
    cents = np.append(np.arange(1_000), 10**15)
    assert bins(cents)[-1] < 2_000
    # but where nearly all are alike, what differs is shown
    few = np.append(np.zeros(99, dtype=int), 10**6)
    assert bins(few)[-1] > 10**6


@pytest.mark.parametrize("value", [0, -5, 10**17])
def test_one_value_alone_is_one_bar(value):
    edges = bins(np.full(7, value))
    assert len(edges) == 2
    assert edges[0] < value < edges[1]


@pytest.mark.parametrize("scale", [-3_000_000, 0, 1, 10**13])
@pytest.mark.parametrize("count", [1, 300])
def test_any_amounts_make_a_whole_chart(scale, count):
    rng = np.random.default_rng(2)
    cents = (scale * rng.lognormal(0.0, 1.5, (count, 24, 2, 3))).astype(np.int64)
    ax = fc.forecast(fc.cube(bookings=cents), title="A $ title " * 30, need=10.0).plot.total()
    assert pictured.outside(ax) == []
    assert ax.patches[0].get_data().values.sum() > 0.7
    assert ax.get_xlabel().endswith("USD in all")


def test_without_a_need_the_title_is_the_forecast():
    facts = replace(fc.FACTS, run_rate_per_month=0.0)
    given = fc.forecast(fc.random_cube(n=20), facts=facts)
    ax = given.plot.total()
    p50 = rounded(float(given.bookings.total_summary.p50))
    assert ax.get_title(loc="left").startswith(f"Bookings: {p50} USD in all")
    assert set(lines(ax)) == {"P10", "P50", "P90"}


def test_chances_of_targets_are_theirs():
    given = forecast(*MONTHS, YEAR)
    ax = given.plot.targets()
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == [outcome.probability for outcome in given.targets]
    base = next(line for line in ax.get_lines() if line.get_label() == "without\nexternal leads")
    assert list(base.get_xdata()) == [one.without_external_leads for one in given.targets]
    ends = ax.containers[1].lines[2][0].get_segments()
    found = [(low, high) for (low, _), (high, _) in ends]
    assert np.allclose(found, [outcome.interval for outcome in given.targets])
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names[0] == "2027-01: 100 USD"
    assert pictured.outside(ax) == []


def test_of_many_targets_the_least_likely_are_drawn():
    many = tuple(replace(YEAR, name=f"t{index}", amount=1e4 * index) for index in range(60))
    ax = forecast(*many).plot.targets()
    names = [text.get_text().split(":")[0] for text in ax.get_yticklabels()]
    assert len(names) == 40
    assert names[-1] == "t59"
    assert "40 least likely of 60" in ax.texts[0].get_text().replace("\n", " ")


def test_a_plan_without_targets_says_where_they_are_stated():
    with pytest.raises(SalessimError, match=r"no targets to draw: state some in \[targets\]"):
        forecast().plot.targets()


def test_the_fan_shows_targets_period_by_period():
    quarter = replace(YEAR, amount=900.0)
    drawn = forecast(quarter, MONTHS[1]).plot.fan().patches[0]
    # what is aimed at in February, and in the others a third of the quarter
    assert list(drawn.get_data().values) == [300.0, 200.0, 300.0]
    assert drawn.get_label() == "target, per month"
    alone = forecast(MONTHS[1]).plot.fan().patches[0]
    assert np.isnan(alone.get_data().values).tolist() == [True, False, True]
    assert alone.get_label() == "target"
    assert not forecast(quarter).plot.fan("wins").patches
