"""Comparisons: exact pairing, its statistics, what cannot be compared, tables and documents."""

import csv
import json
from dataclasses import replace
from datetime import date
from itertools import product
from math import comb

import numpy as np
import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.forecast import SERIES, Comparison, Outcome
from salessim.forecast.comparison import paired_share
from salessim.forecast.comparison_summary import CSV_COLUMNS
from salessim.forecast.judge import WILSON_Z
from tests.statistics import assert_mean
from tests.unit import forecast_cube as fc


def outcome(name, cube, **words):
    return Outcome.of(name, fc.forecast(cube, **words))


@pytest.fixture(scope="module")
def noise():
    """A cube and the same with 10 % more bookings, cent by cent."""
    base = fc.random_cube(n=400)
    more = replace(base, bookings=base.bookings + base.bookings // 10)
    return Comparison.of(
        [outcome(n, c, need=20_000) for n, c in (("base", base), ("more", more), ("same", base))]
    )


def test_differences_are_taken_trajectory_by_trajectory(noise):
    difference = noise.differences["more"]
    pair = [noise.outcomes[name].series("bookings") for name in ("base", "more")]
    assert np.array_equal(difference.series("bookings").whole, pair[1].whole - pair[0].whole)
    total = difference.series("bookings").total()
    paired = difference.total("bookings")
    assert paired.mean == pytest.approx(total.mean())
    assert paired.se == pytest.approx(total.std(ddof=1) / 20)
    assert paired.p10 == pytest.approx(np.quantile(total, 0.1))
    assert paired.high - paired.mean == pytest.approx(WILSON_Z * paired.se)
    assert paired.mean - paired.low == pytest.approx(WILSON_Z * paired.se)
    for name in SERIES:
        assert difference.by_period(name).mean.shape == (3,)


def test_variance_ratio_compares_with_independent_runs(noise):
    base, more = (noise.outcomes[name].series("bookings").total() for name in ("base", "more"))
    expected = (base.var(ddof=1) + more.var(ddof=1)) / (more - base).var(ddof=1)
    # a tenth of the first: (1 + 1.1^2) / 0.1^2
    assert noise.differences["more"].total("bookings").variance_ratio == pytest.approx(expected)
    assert expected == pytest.approx(221, rel=1e-3)
    # what does not differ has no ratio, and no error either
    same = noise.differences["same"].total("bookings")
    assert (same.mean, same.se, same.low, same.high) == (0, 0, 0, 0)
    assert np.isnan(same.variance_ratio)


def test_independent_runs_have_a_ratio_of_one():
    cubes = [fc.random_cube(n=4_000, seed=seed) for seed in (1, 2)]
    pair = Comparison.of([outcome(name, c) for name, c in zip("ab", cubes, strict=True)])
    ratio = pair.differences["b"].total("bookings").variance_ratio
    # 1 / ratio = 1 - correlation here: Fisher's z, sd 1 / sqrt(n - 3)
    assert_mean(np.arctanh(1 - 1 / ratio), (4_000 - 3) ** -0.5, 0.0)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_mean(np.arctanh(1 - 1 / (1.1 * ratio)), (4_000 - 3) ** -0.5, 0.0)


def test_wholes_are_kept_and_parts_are_not(noise):
    forecast = fc.forecast(fc.random_cube(n=400))
    for name in SERIES:
        kept = noise.base.series(name)
        assert np.array_equal(kept.whole, forecast.series(name).whole)
        assert kept.whole is kept.cells
        assert list(kept.by("origin")) == ["(all)"]
    with pytest.raises(ValueError, match="no series 'margin'"):
        noise.base.series("margin")


def coverage(n: int, gained: float, lost: float) -> float:
    """Exact probability that the interval holds the difference: all outcomes of the trinomial."""
    held = 0.0
    for b, c in product(range(n + 1), range(n + 1 if lost else 1)):
        if b + c > n:
            continue
        base = np.array([0] * b + [1] * c + [0] * (n - b - c), dtype=bool)
        other = np.array([1] * b + [0] * c + [0] * (n - b - c), dtype=bool)
        share = paired_share(base, other)
        if share.low <= gained - lost <= share.high:
            weight = comb(n, b) * comb(n - b, c)
            held += weight * gained**b * lost**c * (1 - gained - lost) ** (n - b - c)
    return held


@pytest.mark.parametrize(
    ("n", "gained", "lost"),
    [(40, 0.05, 0.05), (40, 0.2, 0.1), (40, 0.3, 0.02), (400, 0.1, 0.0), (400, 0.01, 0.0)],
)
def test_the_interval_of_a_paired_share_holds_the_truth_as_often_as_it_says(n, gained, lost):
    # exact, so no chance of a false alarm; counts are few and whole, so not 95 % to the digit
    assert 0.93 <= coverage(n, gained, lost) <= 0.99


def test_paired_shares_of_the_verdict(noise):
    base, more = (noise.outcomes[name].sustained for name in ("base", "more"))
    share = noise.differences["more"].sustained
    assert share.difference == pytest.approx(more.mean() - base.mean())
    probabilities = [noise.outcomes[name].verdict.probability for name in ("base", "more")]
    assert share.difference == pytest.approx(probabilities[1] - probabilities[0])
    assert (share.gained - share.lost) / 400 == pytest.approx(share.difference)
    assert share.lost == 0 < share.gained
    same = noise.differences["same"].sustained
    assert same.difference == 0
    assert same.low < 0 < same.high  # nothing seen is not nothing there
    swapped = paired_share(more, base)
    assert (swapped.difference, swapped.low) == (-share.difference, -share.high)


def test_without_a_need_there_is_no_share():
    facts = replace(fc.FACTS, run_rate_per_month=0.0)
    pair = [outcome(name, fc.random_cube(n=9), facts=facts) for name in "ab"]
    comparison = Comparison.of(pair)
    assert comparison.differences["b"].sustained is None
    assert comparison.summary()["differences"]["b"]["sustained"] is None


def test_common_periods_are_compared_and_said():
    long, short = (
        outcome(name, fc.random_cube(n=9), line=fc.timeline(periods=periods))
        for name, periods in (("long", 5), ("short", 2))
    )
    comparison = Comparison.of([long, short])
    assert "first 2 periods, common to all, are compared; long goes on" in comparison.notes[0]
    for one in comparison.outcomes.values():
        assert one.series("wins").whole.shape == (9, 2)
    assert len(comparison.summary()["periods"]) == 2
    assert comparison.differences["short"].total("bookings").mean == 0


def test_different_needs_are_said():
    cube = fc.random_cube(n=9)
    facts = replace(fc.FACTS, run_rate_per_month=2_000.0)
    comparison = Comparison.of([outcome("a", cube), outcome("b", cube, facts=facts)])
    assert comparison.notes[0].startswith(
        "the verdicts are measured against different needs a month: a 1,000, b 2,000; state "
    )
    assert Comparison.of([outcome("a", cube), outcome("b", cube)]).notes == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"line": fc.timeline(start=date(2028, 1, 1))}, "start, 2027-01-01, found 2028-01-01"),
        ({"line": fc.timeline(value=30, unit="day")}, "period, 1 month, found 30 day"),
        ({"currency": "EUR"}, "currency, USD, found EUR"),
    ],
)
def test_unlike_plans_are_refused(words, said):
    cube = fc.random_cube(n=9)
    with pytest.raises(SalessimError) as caught:
        Comparison.of([outcome("a", cube), outcome("b", cube, **words)])
    expected = f'"b" cannot be compared with "a": expected the same {said}; change one of them'
    assert caught.value.problems == (expected,)


def test_runs_that_are_not_paired_are_refused():
    a = outcome("a", fc.random_cube(n=9))
    with pytest.raises(SalessimError, match="two scenarios or more"):
        Comparison.of([a])
    for other in (fc.random_cube(n=8), replace(fc.random_cube(n=9), seed=8)):
        with pytest.raises(SalessimError, match="one seed and number"):
            Comparison.of([a, outcome("b", other)])


def test_the_document_holds_levels_and_differences(noise):
    document = json.loads(json.dumps(noise.summary(), allow_nan=False))
    assert set(document) == {
        "run", "base", "periods", "scenarios", "differences", "variance_ratio", "notes",
    }  # fmt: skip
    assert document["base"] == "base"
    assert list(document["scenarios"]) == ["base", "more", "same"]
    level = document["scenarios"]["more"]
    assert level["totals"]["bookings"]["mean"] == pytest.approx(
        float(noise.outcomes["more"].series("bookings").total_summary.mean)
    )
    assert level["verdict"]["word"]
    assert len(level["series"]["wins"]["p90"]) == 3
    assert list(document["differences"]) == ["more", "same"]
    more = document["differences"]["more"]
    for key in ("mean", "se", "p10", "p50", "p90", "low", "high", "variance_ratio"):
        assert more[key] == more["totals"]["bookings"][key]
    assert set(more["series"]) == set(SERIES)
    assert more["series"]["wins"]["variance_ratio"] == [None] * 3
    assert document["variance_ratio"] == {"more": more["variance_ratio"], "same": None}
    assert more["sustained"]["gained"] > 0


def test_one_trajectory_has_no_errors_and_still_a_document():
    cubes = [fc.random_cube(n=1, seed=seed) for seed in (1, 2)]
    pair = Comparison.of([outcome(name, c) for name, c in zip("ab", cubes, strict=True)])
    found = json.loads(json.dumps(pair.summary(), allow_nan=False))["differences"]["b"]
    assert found["se"] is found["low"] is found["variance_ratio"] is None
    assert found["mean"] == found["p50"]


def test_the_table_and_the_file_say_the_same(noise, tmp_path):
    noise.to_csv(tmp_path / "c.csv")
    with (tmp_path / "c.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(CSV_COLUMNS)
    frame = noise.to_frame()
    assert len(frame) == len(rows) - 1 == (3 + 2) * len(SERIES) * (1 + 3)
    read = pd.read_csv(tmp_path / "c.csv")
    more = read.query("scenario == 'more' and what == 'difference' and series == 'bookings'")
    total = noise.differences["more"].total("bookings")
    assert more.iloc[0]["period"] == "(whole span)"
    assert more.iloc[0]["mean"] == pytest.approx(float(total.mean), abs=0.01)
    assert list(more["period"][1:]) == ["2027-01-01", "2027-02-01", "2027-03-01"]
    levels = read.query("what == 'level'")
    assert levels["variance_ratio"].isna().all()


def test_charts_show_the_differences(noise):
    for series in ("bookings", "active_customers"):
        ax = noise.plot.totals(series)
        assert [label.get_text() for label in ax.get_yticklabels()] == ["more", "same"]
        bar = ax.patches[0].get_bbox()
        total = noise.differences["more"].total(series)
        assert (bar.x0, bar.x1) == pytest.approx((float(total.p10), float(total.p90)))
        lines = {line.get_label(): line for line in noise.plot.periods(series).get_lines()}
        mean = noise.differences["more"].by_period(series).mean
        assert np.array_equal(lines["more"].get_ydata(), mean)
    assert noise.plot.totals().get_title("left").startswith("more: bookings")
    assert noise.plot.totals("leads").get_title("left") == "No scenario changes external leads"
    assert len(noise.plot.both().axes) == 2


def test_many_scenarios_leave_room(tmp_path):
    from salessim.charts import style

    base = fc.random_cube(n=5)
    cubes = [replace(base, bookings=base.bookings * k) for k in range(1, 14)]
    names = [f"{'long $name ' * 9}{k}" for k in range(13)]
    many = Comparison.of([outcome(name, c) for name, c in zip(names, cubes, strict=True)])
    ax = many.plot.periods()
    assert "the 7 that differ most" in " ".join(text.get_text() for text in ax.texts)
    assert len([line for line in ax.get_lines() if "name" in str(line.get_label())]) == 7
    for suffix in ("svg", "png"):  # a warning, were there no room, is an error here
        style.save(many.plot.both(), tmp_path / f"c.{suffix}")
