"""Public records whose next months are known: not far off, and better than a naive rule.

The tables of all, with intervals: `python -m verification.customers` and `... .subscribers`.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salessim.fit.history import Orders
from salessim.fit.order_base import FittedOrders, fit_orders
from salessim.fit.order_months import EVEN
from salessim.fit.orders import order_days
from salessim.fit.purchases import Purchases, fit_pareto_nbd
from verification import customers, subscribers

DATA = Path(os.environ.get("SALESSIM_DATA", "no data"))


def fitted(name: str, *, start: str, one_in: int) -> tuple[FittedOrders, pd.DataFrame]:
    """Return a fit to what was known before a day, of some customers, and all their orders."""
    case = next(case for case in customers.CASES if case.name == name)
    if not (DATA / case.file).exists():
        pytest.skip(f"{name} is not at hand")
    told = case.read(DATA / case.file)
    told = told[pd.factorize(told["customer"])[0] % one_in == 0]
    known = told[told["at"] < start]
    orders = Orders(table=known, until=pd.Timestamp(start), known_from=known["at"].min())
    return fit_orders(orders), told


def came(base: FittedOrders, told: pd.DataFrame, *, start: str, end: str) -> int:
    known = told["customer"].isin(set(base.summaries.index))
    later = told[known & (told["at"] >= start)]
    orders = Orders(table=later, until=pd.Timestamp(end), known_from=pd.Timestamp(start))
    return len(order_days(orders).table)


def expected(base: FittedOrders, *, start: str, end: str) -> float:
    """Return the orders expected between two days, by the clock of the season."""
    begin, until = base.rhythm.clock.days(pd.DatetimeIndex([start, end]))
    seen = [base.summaries[name].to_numpy(float) for name in ("repeats", "last", "age")]
    return float(base.purchases.model.expected(*seen, days=until - begin).sum())


@pytest.mark.parametrize(
    ("name", "start", "end", "one_in", "off"),
    [
        ("Donations", "2002-01-01", "2003-01-01", 4, 0.10),
        ("Online Retail", "2011-06-01", "2011-09-01", 1, 0.10),
    ],
)
def test_customers_order_about_as_expected(name, start, end, one_in, off):
    base, told = fitted(name, start=start, one_in=one_in)
    orders = came(base, told, start=start, end=end)
    assert expected(base, start=start, end=end) == pytest.approx(orders, rel=off)


def test_a_season_that_is_seen_takes_most_of_the_error_away():
    """Madrigal's customers buy before Christmas: at New Year they all seem alive."""
    start, end = "2018-01-01", "2019-01-01"
    base, told = fitted("Madrigal", start=start, one_in=10)
    orders = came(base, told, start=start, end=end)
    known = base.orders.summaries(EVEN.days)
    seen = [known[name].to_numpy(float) for name in ("repeats", "last", "age")]
    without = fit_pareto_nbd(Purchases.of(*seen)).model.expected(*seen, days=365.0).sum()
    error = abs(expected(base, start=start, end=end) / orders - 1.0)
    assert error < 0.10
    assert error < 0.5 * abs(without / orders - 1.0)


@pytest.mark.parametrize(
    ("company", "what"),
    [("dish", "subscribers"), ("dish", "revenue"), ("sirius", "subscribers")],
)
def test_subscribers_are_forecast_better_than_by_their_last_value(company, what, monkeypatch):
    if not (DATA / subscribers.FOLDER).exists():
        pytest.skip("quarterly figures are not at hand")
    monkeypatch.setattr(subscribers, "DRAWS", 300)
    table = subscribers.scores(getattr(subscribers, company)(DATA), what)
    _, error, inside, crps, last, without_growth = table.mean(axis=0)
    assert crps < min(last, without_growth)
    assert error < 0.05
    assert 0.6 < inside < 0.98
    assert np.isfinite(table).all()
