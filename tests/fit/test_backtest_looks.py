"""Looking back from origins: forecasters are given what was known then, and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from salessim.fit.backtest import backtest
from salessim.fit.backtest.actuals import Ledger, Target
from salessim.fit.backtest.evaluation import OURS
from salessim.fit.backtest.looks import FAN, Forecasted, looks
from salessim.fit.backtest.origins import Grid
from salessim.fit.backtest.scores import Spread
from salessim.fit.history import History
from salessim.model.calendar import Span
from tests.fit.made_up import changed_after, history, made_up_orders
from tests.fit.test_contracts import made_up

GRID = Grid(period=Span(value=1, unit="month"), periods=3)
ORIGINS = [GRID.window(date(2022, month, 1)) for month in (4, 7, 10)]


def simple(known, window):
    """Forecast as many wins a day as ever, with luck; and say what is known."""
    ledger = Ledger.of(known)
    first = known.deals[0].moves["at"].min()
    rate = len(ledger.at) / (known.deals[0].until - first).days
    days = np.diff([edge.toordinal() for edge in window.edges])
    path = np.random.default_rng(1).poisson(rate * days, (200, 3)).astype(float)
    return Forecasted({Target("wins", "all"): Spread.of_path(path)}, (f"until {ledger.at.max()}",))


def test_every_origin_is_forecast_from_what_was_known_then():
    made = history(seed=11)
    found = list(looks(made, simple, ORIGINS, grid=GRID, seed=3))
    assert [look.window for look in found] == ORIGINS
    for look, window in zip(found, ORIGINS, strict=True):
        (said,) = look.warnings
        assert pd.Timestamp(said.removeprefix("until ")) < pd.Timestamp(window.start)
        assert look.fans[Target("wins", "all")].shape == (len(FAN), 3)
        rules = {row["by"] for row in look.rows}
        assert {OURS, "last period", "last span", "weighted pipeline"} <= rules
        ours = [row for row in look.rows if row["by"] == OURS]
        assert [row["period"] for row in ours] == [0, 1, 2, 3]
        assert ours[0]["actual"] == sum(row["actual"] for row in ours[1:])


def test_another_future_changes_actuals_and_no_forecast():
    made = history(seed=12)
    day = ORIGINS[0].start
    one, two = (
        next(iter(looks(which, simple, ORIGINS[:1], grid=GRID, seed=3)))
        for which in (made, changed_after(made, day))
    )
    target = Target("wins", "all")
    assert two.actual[target].sum() > 3 * one.actual[target].sum()
    assert np.array_equal(one.fans[target], two.fans[target])
    assert one.warnings == two.warnings
    for here, there in zip(one.rows, two.rows, strict=True):
        assert (here["by"], here["median"]) == (there["by"], there["median"])
        assert here["crps"] != there["crps"]


def test_an_executor_changes_nothing():
    made = history(seed=13)
    steps = []
    alone = list(looks(made, simple, ORIGINS, grid=GRID, seed=3))
    with ThreadPoolExecutor(2) as pool:
        together = list(
            looks(made, simple, ORIGINS, grid=GRID, seed=3, executor=pool,
                  progress=lambda *step: steps.append(step))
        )  # fmt: skip
    assert [look.rows for look in alone] == [look.rows for look in together]
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_existing_customers_and_new_ones_are_fitted_and_compared():
    """Orders of customers who buy every 40 days, and as many new ones a month as ever."""
    made = History(orders=made_up_orders(seed=14, days=700))
    found = backtest(
        made, origins=[date(2022, 6, 30)], horizon="3 months", trajectories=200, seed=1
    )
    assert {target.part for target in found.targets} == {"all", "new_deals", "customers"}
    for part in ("all", "customers"):
        verdict = found.verdict("wins", part)
        assert verdict.coverages[-1].held == 1.0, part
        assert abs(verdict.errors.bias) < 0.2, part


@pytest.fixture(scope="module")
def contracts():
    """1,500 subscribers who leave after 600 days on average; the list is whole up to 30 June."""
    return made_up(1_500, seed=3)


def looked_back(listed):
    """The half year after 2023, forecast from what was known then."""
    return backtest(
        History(subscriptions=listed),
        origins=[date(2023, 12, 31)],
        horizon="6 months",
        trajectories=100,
        seed=1,
    )


def test_subscribers_are_forecast_and_those_who_leave_counted(contracts):
    """Some 115 leave, 10% of luck; false alarm below 1e-6 at five times that."""
    found = looked_back(contracts)
    assert {target.measure for target in found.targets} == {
        "bookings",
        "new customers",
        "lost customers",
    }
    for measure, most in (("bookings", 0.1), ("new customers", 0.6), ("lost customers", 0.5)):
        assert abs(found.verdict(measure).errors.bias) < most, measure
    ledger = Ledger.of(History(subscriptions=contracts))
    for target, values in ledger.path(found.windows[0]).items():
        assert found.looks[0].actual[target].tolist() == values.tolist()
    assert "pays once a month on average" in found.notes[0]


def test_subscribers_who_leave_as_none_did_before_are_seen(contracts):
    """The planted error: nine in ten of those who were there leave in the spring."""
    table = contracts.table
    stayed = (table["start"] < "2024-01-01") & ~(table["end"] < "2024-04-01")
    leave = stayed & (np.arange(len(table)) % 10 > 0)
    other = replace(
        contracts, table=table.assign(end=table["end"].mask(leave, pd.Timestamp("2024-04-10")))
    )
    found = looked_back(other)
    assert found.verdict("lost customers", "customers").errors.bias < -0.6
    assert found.verdict("bookings", "customers").errors.bias > 0.3
