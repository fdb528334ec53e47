"""Pictures of fits: what they show is what was counted and what was fitted."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from salessim.fit import pictures
from salessim.fit.leads import leads_of
from salessim.fit.order_base import fit_orders
from salessim.fit.pictures.customers import chances
from salessim.fit.pictures.sources import expected
from salessim.fit.pictures.stages import watched
from salessim.fit.pipelines import fit_pipeline
from salessim.fit.sources import MONTH, fit_sources
from salessim.fit.subscription_base import fit_subscriptions
from tests.fit.buyers import LIKE_CDNOW, buyers, orders_of
from tests.fit.made_up import made_up_deals, made_up_orders
from tests.fit.test_contracts import made_up
from tests.unit import pictured


def points(line):
    return np.column_stack([np.asarray(data, dtype=float) for data in line.get_data()])


def named(ax, label):
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return points(line)


def leads(**more):
    return fit_sources([leads_of(made_up_deals(seed=1, **more))])[0]


def test_leads_are_drawn_as_counted_and_nine_of_ten_within_the_band():
    source = leads(days=1500)
    ax = pictures.monthly_leads(source)
    months = source.months
    rate = months.leads * MONTH / months.days
    assert named(ax, "as counted")[:, 1] == pytest.approx(rate[1:-1])
    assert len(named(ax, "part of a month, at its rate")) == 2
    mean, low, high = expected(source, source.fit)
    inside = ((low <= rate) & (rate <= high)).sum()
    # Fitted to the same months: more than nine of ten, if anything.
    assert stats.binom.cdf(inside, len(rate), 0.85) > 1e-6
    assert mean.mean() == pytest.approx(rate.mean(), rel=0.03)
    assert "leads a month at the start" in ax.get_title(loc="left")
    assert pictured.outside(ax) == []


def test_a_level_that_ended_is_drawn_apart():
    deals = made_up_deals(seed=2, days=700)
    kept = (deals.table["created"] < "2021-11-01") | (deals.table.index % 4 == 0)
    part = replace(deals, table=deals.table[kept].reset_index(drop=True))
    (source,) = fit_sources([leads_of(part)])
    assert source.breaks
    ax = pictures.monthly_leads(source)
    assert "a new level" in [line.get_label() for line in ax.get_lines()]
    assert pictured.outside(ax) == []


def test_tracking_ends_where_all_orders_and_all_expectations_do():
    base = fit_orders(made_up_orders(seed=3))
    ax = pictures.tracking(base)
    assert named(ax, "as they came")[-1, 1] == base.summaries["repeats"].sum()
    age = base.summaries["age"].to_numpy(float)
    fitted = named(ax, "fitted")
    assert fitted[-1, 1] == pytest.approx(base.purchases.model.expected_of_new(age).sum())
    assert np.all(np.diff(fitted[:, 1]) >= 0)
    assert pictured.outside(ax) == []


def test_counts_of_orders_have_the_law_of_simulated_customers():
    """20,000 customers, chi-square at 1e-6; a law of everlasting customers is caught."""
    seen = buyers(LIKE_CDNOW, count=20_000, ages=(30.0, 400.0), ahead=1.0, seed=4)
    counts = np.bincount(np.minimum(seen.repeats, 7).astype(int), minlength=8)
    ages, count = np.unique(seen.age, return_counts=True)
    law = chances(LIKE_CDNOW, ages, 7)
    assert law.sum(axis=1) == pytest.approx(np.ones(len(ages)))
    assert stats.chisquare(counts, count @ law).pvalue > 1e-6
    forever = type(LIKE_CDNOW)(r=LIKE_CDNOW.r, alpha=LIKE_CDNOW.alpha, s=0.6, beta=1e7)
    assert stats.chisquare(counts, count @ chances(forever, ages, 7)).pvalue < 1e-6


def test_the_mean_of_the_counts_is_the_expected_number_of_orders():
    most = 400
    law = chances(LIKE_CDNOW, np.array([0.0, 10.0, 365.0, 1500.0]), most)
    mean = law @ np.arange(most + 1)
    truth = LIKE_CDNOW.expected_of_new(np.array([0.0, 10.0, 365.0, 1500.0]))
    assert mean == pytest.approx(truth, rel=1e-5, abs=1e-9)


def test_order_counts_are_drawn():
    base = fit_orders(made_up_orders(seed=5, customers=60))
    ax = pictures.order_counts(base)
    heights = [bar.get_height() for bar in ax.patches]
    assert sum(heights[:8]) == len(base.summaries)
    assert sum(heights[8:]) == pytest.approx(len(base.summaries))
    assert pictured.outside(ax) == []


@pytest.mark.parametrize("months", [0, 12])
def test_lifetimes_are_drawn_by_segment(months):
    base = fit_subscriptions(made_up(600, seed=6, months=months))
    ax = pictures.lifetimes(base)
    assert [line.get_label() for line in ax.get_lines()][1::2] == ["large", "small"]
    seen, fitted = (points(line) for line in ax.get_lines()[:2])
    at = np.searchsorted(fitted[:, 0], seen[-1, 0]) - 1
    # The law was fitted to these 300 stays: it passes within 5 standard errors and rounding.
    assert fitted[at, 1] == pytest.approx(seen[-1, 1], abs=0.15)
    assert "stay a year or longer" in ax.get_title(loc="left")
    assert pictured.outside(ax) == []


def test_nobody_ordered_again():
    told = [(f"c{n}", f"2024-0{1 + n % 5}-03", 10.0) for n in range(30)]
    base = fit_orders(orders_of(told))
    assert "Nobody has ordered again" in pictures.tracking(base).get_title(loc="left")
    assert "100% never" in pictures.order_counts(base).get_title(loc="left")


@pytest.fixture(scope="module")
def pipeline():
    return fit_pipeline(made_up_deals(seed=7, days=300))


def test_a_stage_is_drawn_as_observed_and_as_fitted(pipeline):
    stage = pipeline.stages[0]
    ax = pictures.stage_outcomes(stage)
    seen, fitted = (points(line) for line in ax.get_lines()[:2])
    at = np.searchsorted(fitted[:, 0], seen[:-1, 0]).clip(max=len(fitted) - 1)
    # The fitted family is that of the data, so the curves are close at all ages.
    assert np.abs(fitted[at, 1] - seen[:-1, 1]).max() < 0.05
    assert ax.get_lines()[1].get_label().startswith("advance: ")
    assert "of visits advance, half of them within" in ax.get_title(loc="left")
    assert pictured.outside(ax) == []


def test_a_wrong_law_would_be_seen(pipeline):
    stage = pipeline.stages[0]
    law = stage.law("advance")
    seen = points(pictures.stage_outcomes(stage).get_lines()[0])
    slow = stage.probabilities["advance"] * (1.0 - law.survival(seen[:, 0] / 2.0))
    assert np.abs(slow - seen[:, 1]).max() > 0.05


def test_visits_under_observation_are_counted(pipeline):
    stage = pipeline.stages[0]
    mine = pipeline.visits.where(pipeline.visits.stage == 0)
    assert watched(stage, np.array([0.0]))[0] == len(mine)
    for age in (5.0, 40.0):
        here = (mine.duration >= age).sum()
        # Equal durations were put together: to 1 % of the age.
        near = (np.abs(mine.duration - age) < 0.02 * age).sum()
        assert abs(watched(stage, np.array([age]))[0] - here) <= near
    assert watched(stage, np.array([1e6]))[0] == 0


def test_amounts_are_drawn(pipeline):
    ax = pictures.amounts(pipeline.amount, "EUR")
    seen = points(ax.get_lines()[0])
    assert seen[0, 1] == 1.0
    assert "worth" in ax.get_title(loc="left")
    assert pictured.outside(ax) == []
    nothing = replace(pipeline.amount, won=np.array([]))
    assert "no amount of a deal won is known" in pictures.amounts(nothing, "EUR").get_title(
        loc="left"
    )


def test_a_stage_of_one_open_visit_is_drawn():
    deals = made_up_deals(seed=8, days=300)
    first = deals.moves[deals.moves["deal"] == 0].head(1)
    alone = fit_pipeline(replace(deals, table=deals.table.head(1), moves=first))
    for stage in alone.stages:
        ax = pictures.stage_outcomes(stage)
        assert "no visit has advanced yet" in ax.get_title(loc="left")
        assert pictured.outside(ax) == []
