"""Sources: halves add up to the whole in law, and rates follow the calendar."""

from datetime import date

import numpy as np
import pytest

from salessim.model.laws import Exponential, Fixed, Lognormal
from tests.laws.small_models import (
    customers,
    external,
    needs_machine_code,
    per_customer,
    per_day,
    per_month,
    sale,
    simulate,
    stage,
)
from tests.laws.small_models import timeline as of
from tests.statistics import assert_poisson, assert_same_distribution, assert_uncorrelated

pytestmark = needs_machine_code

NEVER_LEAVES = Fixed(value=1e9)


def business(levels):
    """A whole business whose leads come from sources of these levels (per month)."""
    only = stage(conversion=0.4, cycle_time=Lognormal(median=20.0, sigma=0.8))
    sources = [
        external(f"leads {k}", rate=per_month(level), growth_per_month=0.02)
        for k, level in enumerate(levels)
    ]
    return sale(
        only,
        time=of(8, length=1, unit="month"),
        amount=Lognormal(median=900.0, sigma=0.8),
        sources=[*sources, per_customer(rate=per_day(1 / 90))],
        base=customers(20, lifetime=Exponential(mean=200.0)),
    )


def outcomes(levels, *, seed):
    cube = simulate(business(levels), trajectories=20_000, seed=seed)
    leads = cube.leads.sum(axis=2)
    return (
        leads[:, 0],
        leads.sum(axis=1),
        cube.wins.sum(axis=(2, 3))[:, 3],
        cube.wins.sum(axis=(1, 2, 3)),
        cube.bookings.sum(axis=(1, 2, 3)),
        cube.stage_entries,
        leads[:, 2] - leads[:, 1],  # sees dependence between months too
    )


def assert_same_in_law(some, others):
    """Compare seven results; false-alarm rate 1e-6 in all."""
    for x, y in zip(some, others, strict=True):
        assert_same_distribution(x, y, tests=len(some))


def test_two_half_rate_sources_are_one_source_in_law():
    assert_same_in_law(outcomes([40.0], seed=21), outcomes([20.0, 20.0], seed=22))


def test_halves_that_are_not_halves_are_caught():
    with pytest.raises(AssertionError, match="KS distance"):
        assert_same_in_law(outcomes([40.0], seed=21), outcomes([20.0, 20.8], seed=22))


def leads(source, *, periods, seed, **time):
    model = sale(stage(), sources=[source], time=of(periods, **time))
    return simulate(model, trajectories=2000, seed=seed).leads[:, :, 0]


def assert_poisson_by_period(counts, means):
    """Check all periods, and neighbours for independence; false-alarm rate 1e-6 in all."""
    assert counts.shape[1] == len(means)
    for period, mean in enumerate(means):
        if mean == 0.0:
            assert not counts[:, period].any()
        else:
            assert_poisson(counts[:, period], mean, tests=2 * len(means))
    for a, b in zip(counts.T[:-1], counts.T[1:], strict=True):
        if a.any() and b.any():
            assert_uncorrelated(a, b, tests=2 * len(means))


SEASON = (1.0, 0.5, 2.0, 1.5, *[1.0] * 8)

# What the calendar of 2027 makes of 62 leads a month that grow by 10 % a month, from the 20th of
# January until the 5th of May: factors of season and growth, days of the source in each period
SEASONAL_LEADS = (
    62 * 12 / 31 + 62 * 1.1 * 0.5 * 19 / 28,
    62 * 1.1 * 0.5 * 9 / 28 + 62 * 1.21 * 2.0 * 19 / 31,
    62 * 1.21 * 2.0 * 12 / 31 + 62 * 1.331 * 1.5 * 19 / 30,
    62 * 1.331 * 1.5 * 11 / 30 + 62 * 1.4641 * 1.0 * 4 / 31,
    0.0,
)


def seasonal(**changes):
    told = {"season": SEASON, "growth_per_month": 0.1, "ends": date(2027, 5, 5)}
    return external(rate=per_month(62.0), **(told | changes))


def test_growth_season_and_dates_give_the_expected_leads():
    counts = leads(seasonal(), periods=5, seed=23, length=1, unit="month", start=date(2027, 1, 20))
    assert_poisson_by_period(counts, SEASONAL_LEADS)


@pytest.mark.parametrize(
    "changes",
    [{"season": SEASON[1:] + SEASON[:1]}, {"growth_per_month": 0.09}, {"ends": date(2027, 5, 4)}],
    ids=["season of the next month", "slower growth", "a day less"],
)
def test_planted_errors_of_the_calendar_are_caught(changes):
    wrong = seasonal(**changes)
    counts = leads(wrong, periods=5, seed=23, length=1, unit="month", start=date(2027, 1, 20))
    with pytest.raises(AssertionError, match="the counts sum to"):
        assert_poisson_by_period(counts, SEASONAL_LEADS)


def test_a_source_that_starts_late_starts_on_its_day():
    source = external(rate=per_day(1.5), starts=date(2027, 2, 10))
    counts = leads(source, periods=3, seed=24)
    # 30-day periods: until January 30, March 1, March 31
    assert_poisson_by_period(counts, (0.0, 1.5 * 20, 1.5 * 30))


def test_a_rate_per_calendar_month_gives_the_same_mean_in_february_and_march():
    by_month = leads(external(rate=per_month(50.0)), periods=3, seed=25, length=1, unit="month")
    assert_poisson_by_period(by_month, (50.0, 50.0, 50.0))
    # and a rate per day does not: three days more in March
    by_day = leads(external(rate=per_day(50 / 29.5)), periods=3, seed=25, length=1, unit="month")
    assert_poisson_by_period(by_day, [50 / 29.5 * days for days in (31, 28, 31)])
    with pytest.raises(AssertionError, match="the counts sum to"):
        assert_poisson_by_period(by_day, (50.0, 50.0, 50.0))


def births(source, *, periods, seed):
    """Deals that ten customers start, who never leave."""
    model = sale(
        stage(),
        sources=[source],
        base=customers(10, lifetime=NEVER_LEAVES),
        time=of(periods, length=1, unit="month", start=date(2027, 1, 20)),
    )
    return simulate(model, trajectories=2000, seed=seed).flows[:, :, 0, 0]


def test_deals_of_customers_follow_the_same_calendar():
    source = per_customer(
        rate=per_month(6.2),
        buyer_is_new=False,
        season=SEASON,
        growth_per_month=0.1,
        ends=date(2027, 5, 5),
    )
    assert_poisson_by_period(births(source, periods=5, seed=26), SEASONAL_LEADS)
    flat = per_customer(rate=per_month(6.2), buyer_is_new=False, growth_per_month=0.1)
    with pytest.raises(AssertionError, match="the counts sum to"):
        assert_poisson_by_period(births(flat, periods=5, seed=26), SEASONAL_LEADS)


def test_leads_are_uniform_within_a_month():
    # one count a day: given their number, arrival times are independent and uniform
    counts = leads(external(rate=per_month(62 * 31)), periods=31, seed=27, length=1)
    assert_poisson_by_period(counts, np.full(31, 62.0))
