"""Orders made ready: one a day, returns taken off; and what a fit of them puts into a plan."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.customers import fit_customers
from salessim.fit.history import History, Subscriptions
from salessim.fit.order_amounts import moved
from salessim.fit.order_base import fit_orders
from salessim.fit.order_months import EVEN, Clock
from salessim.fit.orders import order_days
from salessim.fit.spend import GammaGamma, fit_gamma_gamma
from tests.fit.buyers import orders_of
from tests.statistics import assert_mean, assert_sample_mean


def test_one_order_a_day_is_counted():
    ready = order_days(
        orders_of(
            [
                ("b", "2024-03-01 09:00", 10.0),
                ("b", "2024-03-01 18:00", 5.0),
                ("a", "2024-01-01 23:59", 7.0),
                ("b", "2024-05-31", 3.0),
                ("b", "2024-06-30 12:00", 1.0),
                ("b", "2024-07-01", 1000.0),
            ]
        )
    )
    assert list(ready.table["amount"]) == [7.0, 15.0, 3.0, 1.0]
    known = ready.summaries()
    assert list(known.index) == ["a", "b"]
    assert list(known["repeats"]) == [0, 2]
    assert list(known["last"]) == [0.0, 121.0]
    assert list(known["age"]) == [181.0, 121.0]
    assert list(known["spends"]) == [0, 2]
    assert known["spend"].fillna(-1).tolist() == [-1.0, 2.0]
    assert ready.notes[0].startswith("1 of 5 orders")


def naive_returns(amounts: list[float]) -> list[float]:
    """Take each return from the pile of orders before it, last in first out."""
    pile: list[list[float]] = []
    for place, value in enumerate(amounts):
        if value > 0:
            pile.append([place, value])
        while value < 0 and pile:
            taken = min(-value, pile[-1][1])
            pile[-1][1] -= taken
            value += taken  # noqa: PLW2901 - what is left to take
            if pile[-1][1] <= 1e-9:
                pile.pop()
    return [left for _, left in pile]


def test_returns_are_taken_from_the_latest_orders():
    rng = np.random.default_rng(5)
    days = pd.date_range("2024-01-01", periods=40).astype(str)
    told, expected = [], []
    for name in ("a", "b", "c", "d"):
        amounts = rng.integers(-9, 12, 40).astype(float)
        amounts[amounts == 0] = 1.0
        told += list(zip([name] * 40, days, amounts, strict=True))
        expected += naive_returns(list(amounts))
    ready = order_days(orders_of(told))
    assert ready.table["amount"].tolist() == pytest.approx(expected)
    assert "took" in ready.notes[-1]


def test_an_order_cancelled_the_same_day_is_none_but_one_for_nothing_is():
    told = [("a", "2024-01-01", 5.0), ("a", "2024-02-01", 5.0), ("a", "2024-02-01", -5.0)]
    ready = order_days(orders_of([*told, ("a", "2024-03-01", 0.0)]))
    assert ready.table["amount"].tolist() == [5.0, 0.0]


def test_nothing_but_returns_is_said():
    with pytest.raises(SalessimError, match="nothing but returns"):
        order_days(orders_of([("a", "2024-01-01", -5.0)]))
    with pytest.raises(SalessimError, match="no order"):
        order_days(orders_of([("a", "2024-08-01", 5.0)]))


def spenders(model: GammaGamma, *, count: int, seed: int) -> tuple[np.ndarray, ...]:
    """Return number and mean of orders, and the mean of the next hundred."""
    rng = np.random.default_rng(seed)
    scale = 1.0 / rng.gamma(model.q, 1.0 / model.gamma, count)
    spends = rng.integers(1, 6, count).astype(np.float64)
    spend = rng.gamma(model.p * spends, scale) / spends
    return spends, spend, rng.gamma(model.p * 100.0, scale) / 100.0


def test_gamma_gamma_is_found_again_and_predicts():
    model = GammaGamma(p=4.0, q=5.0, gamma=30.0)
    spends, spend, later = spenders(model, count=20_000, seed=2)
    fit = fit_gamma_gamma(spends, spend)
    truth = np.log([model.p, model.q - 1.0, model.mean])
    assert_mean(np.log(fit.estimate.parameters), fit.estimate.spread, truth)
    predicted = fit.model.customer_mean(spends, spend)
    high = predicted > np.quantile(predicted, 0.8)
    assert_sample_mean(later[high] - predicted[high], 0.0)
    with pytest.raises(AssertionError, match="standard errors"):  # no regression to the mean
        assert_sample_mean(later[high] - spend[high], 0.0)
    nobody = fit.model.customer_mean(np.zeros(1), np.full(1, np.nan))
    assert nobody == pytest.approx(fit.model.mean)


@pytest.mark.parametrize(
    "told",
    [
        [("a", "2024-01-01", 5.0)],
        [("a", "2024-01-01", 5.0), ("a", "2024-06-30", 5.0)],
        [(f"{name}", "2024-03-01", np.nan) for name in range(9)],
        [(f"{name}", "2024-03-01", 9.0 + name) for name in range(9)],
    ],
)
def test_little_makes_a_plan_of_finite_numbers_that_warns(told):
    base = fit_customers(History(orders=orders_of(told)))
    assert base is not None
    part = base.part()
    assert "nan" not in str(part.document)
    assert "inf" not in str(part.document)
    assert part.warnings
    assert base.customers["alive"].between(0.0, 1.0).all()
    assert len(base.first_orders) == len(base.customers)


def test_orders_and_subscriptions_are_not_taken_together():
    orders = orders_of([("a", "2024-01-01", 5.0)])
    contracts = Subscriptions(table=orders.table, until=orders.until)
    with pytest.raises(SalessimError, match="give one of them"):
        fit_customers(History(orders=orders, subscriptions=contracts))
    assert fit_customers(History()) is None


def test_the_mean_repeat_order_is_that_of_next_years_revenue():
    """Who spends more orders more often here: a plain mean of customers would be far too low."""
    rng = np.random.default_rng(8)
    typical = 40.0 / rng.gamma(4.0, 1.0, 300)
    told = [
        (str(name), str(pd.Timestamp("2022-01-01") + pd.Timedelta(int(day), "D")), amount)
        for name, mean in enumerate(typical)
        for day in np.cumsum(rng.exponential(1000.0 / mean, 100))
        for amount in [rng.gamma(6.0, mean / 6.0)]
        if day < 900
    ]
    base = fit_customers(History(orders=orders_of(told)))
    assert base is not None
    year = base.next_year
    law = base.part().document["pipelines"]["repeat_order"]["amount"]["lognormal"]
    mean = law["median"]["lognormal"]["median"] * np.exp(law["sigma"] ** 2 / 2)
    revenue = float((year["orders"] * year["spend"]).sum())
    table = base.orders.table[~base.orders.table["first"]]
    spends = year["spend"].to_numpy()[table["customer"]]
    factor, _ = moved(table["day"], table["amount"].to_numpy() / spends)
    assert factor == pytest.approx(1.0, abs=0.05)
    assert mean * year["orders"].sum() == pytest.approx(factor * revenue, rel=1e-4)
    assert mean == pytest.approx((typical**2).sum() / typical.sum(), rel=0.1)
    assert year["spend"].mean() < 0.8 * mean
    assert any("go together" in warning for warning in base.part().warnings)


def seasonal_orders(*, years: int, december: float) -> list[tuple[str, str, float]]:
    """Return orders of customers that come and stay, more of them in December."""
    rng = np.random.default_rng(21)
    begin = pd.Timestamp("2024-07-01") - pd.DateOffset(years=years)
    days = pd.date_range(begin, "2024-06-30")
    factor = np.where(days.month == 12, december, 1.0)
    told = []
    for name in range(1200):
        first = int(rng.integers(0, len(days)))
        chance = rng.gamma(0.8, 1 / 80.0) * factor * (np.arange(len(days)) > first)
        chance *= np.arange(len(days)) < first + rng.exponential(500.0)
        told += [(str(name), str(days[day]), 10.0) for day in (first, *np.flatnonzero(
            rng.uniform(size=len(days)) < chance))]  # fmt: skip
    return told


@pytest.mark.parametrize("december", [1.0, 2.0])
@pytest.mark.parametrize("now", [1.0, 0.7])
def test_amounts_go_on_at_the_level_they_have_come_to(now, december):
    """In the fourth year amounts are other than before; Decembers are large in all of them."""
    rng = np.random.default_rng(31)
    days = pd.Series(pd.date_range("2020-01-01", "2023-12-31", freq="4h"))
    level = np.where(days.dt.year == 2023, now, 1.0)
    season = np.where(days.dt.month == 12, december, 1.0)
    amounts = 50.0 * level * season * rng.gamma(4.0, 0.25, len(days))
    factor, error = moved(days, amounts)
    of_year = days.dt.year == 2023
    expected = (50.0 * now * np.where(days[of_year].dt.month == 12, december, 1.0)).mean()
    assert_mean(np.log(factor), error, np.log(expected / amounts.mean()), freedom=30)
    assert error < 0.25
    if now != 1.0:
        assert abs(np.log(factor)) > 0.15


def test_amounts_of_few_months_or_of_one_price_have_not_moved():
    days = pd.Series(pd.date_range("2024-01-01", periods=300))
    assert moved(days[:100], np.linspace(1.0, 9.0, 100)) == (1.0, 0.0)
    assert moved(days, np.full(300, 9.0)) == pytest.approx((1.0, 0.0), abs=1e-6)


def test_a_season_moves_the_clock_and_the_plan():
    base = fit_orders(orders_of(seasonal_orders(years=4, december=4.0)))
    season = base.rhythm.clock.season
    year = [31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    assert np.average(season, weights=year) == pytest.approx(1.0, abs=1e-9)
    assert season[11] / np.median(season) == pytest.approx(4.0, rel=0.25)
    written = base.part().document["sources"]["repeat"]["season"]
    assert written[11]["lognormal"]["median"] == pytest.approx(season[11], rel=1e-4)
    months = base.rhythm.months
    decembers = months.of_year == 11
    expected = (months.days * season[months.of_year])[decembers].sum()
    assert months.leads[decembers].sum() == pytest.approx(expected, rel=0.1)
    # what the clock is for: who bought in December has not become a better customer
    plain = fit_orders(orders_of(seasonal_orders(years=4, december=1.0)))
    assert plain.rhythm.season() is None
    assert plain.rhythm.swing < base.rhythm.swing + 0.1


def test_a_clock_without_season_counts_days():
    days = pd.Series(pd.to_datetime(["1968-02-29", "1970-01-01", "2024-06-30"]))
    assert EVEN.days(days).tolist() == [-672.0, 0.0, 19904.0]
    clock = Clock(season=np.arange(1.0, 13.0))
    steps = clock.days(pd.Series(pd.to_datetime(["2024-01-31", "2024-02-01", "2024-02-02"])))
    assert np.diff(steps).tolist() == [1.0, 2.0]


def test_dates_that_stand_for_a_year_show_no_season():
    told = [(str(name), f"{year}-07-01", 1.0) for name in range(50) for year in range(2018, 2024)]
    base = fit_orders(orders_of(told))
    assert base.rhythm.fit is None
    assert any("stand for a quarter or a year" in said for said in base.part().warnings)


def test_customers_who_begin_with_the_records_may_be_older():
    rng = np.random.default_rng(4)
    days = pd.date_range("2023-07-01", "2024-06-30").astype(str)

    def warned(first: np.ndarray) -> bool:
        told = [(str(name), days[at], 5.0) for name, at in enumerate(first)]
        told.append(("again", days[0], 5.0))
        part = fit_orders(orders_of([*told, ("again", days[-1], 5.0)])).part()
        return any("only look new" in said for said in part.warnings)

    assert warned(np.concatenate([rng.integers(0, 365, 100), rng.integers(0, 30, 60)]))
    assert not warned(rng.integers(0, 365, 160))
