"""Customers that were fitted, simulated: what the plan does is what the fit expects."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import salessim as ss
from salessim.fit.customers import FittedBase
from salessim.fit.history import Orders
from salessim.fit.order_base import fit_orders
from salessim.fit.subscription_base import fit_subscriptions
from salessim.fit.writing import plan_text, publish
from tests.fit.buyers import LIKE_CDNOW, orders_of
from tests.fit.test_contracts import UNTIL, made_up
from tests.statistics import assert_sample_mean


def repeat_orders(*, count: int, seed: int) -> Orders:
    """Return orders of customers as Pareto/NBD has them, who began within 300 days."""
    rng = np.random.default_rng(seed)
    model = LIKE_CDNOW
    told = []
    for name in range(count):
        rate = rng.gamma(model.r, 1.0 / model.alpha)
        life = rng.exponential(1.0) / rng.gamma(model.s, 1.0 / model.beta)
        began = int(rng.integers(0, 300))
        times = rng.uniform(0.0, life, rng.poisson(rate * min(life, 2000.0)))
        days = {began, *(began + times[times < 500 - began].astype(int) + 1)}
        told += [
            (str(name), str((pd.Timestamp("2023-02-17") + pd.Timedelta(day, "D")).date()), 20.0)
            for day in days
            if day < 500
        ]
    return orders_of(told)


def planned(base: FittedBase, folder, start: date, *, alive: float | None = None) -> ss.Plan:
    part = base.part()
    frame = {"forecast": {"start": start, "horizon": "12 months", "period": "month"}}
    customers = base.customers
    if alive is not None:
        customers = customers.assign(alive=alive)
    folder.mkdir(exist_ok=True)
    text = plan_text(replace(part, document=frame | dict(part.document)), header=[])
    publish(folder / "fitted.toml", {"customers.csv": customers, "fitted.toml": text})
    return ss.load_plan(folder / "fitted.toml")


def held(plan: ss.Plan) -> ss.WorldSeeds:
    """Return worlds in which every number is at its middle."""
    model = plan.model
    names = [number.address for number in model.uncertain]
    names += [f"shocks.{shock.name}" for shock in model.shocks]
    return ss.WorldSeeds(held=dict.fromkeys(names, 0.0))


def ordered(plan: ss.Plan, *, trajectories: int) -> np.ndarray:
    forecast = ss.simulate(plan, trajectories=trajectories, seed=4, worlds=held(plan))
    return forecast.wins.samples.sum(axis=1).astype(np.float64)


def test_the_plan_orders_what_the_posterior_expects(tmp_path):
    base = fit_orders(repeat_orders(count=400, seed=2))
    plan = planned(base, tmp_path, date(2024, 7, 1))
    wins = ordered(plan, trajectories=1500)
    seen = [base.summaries[name].to_numpy(float) for name in ("repeats", "last", "age")]
    x, last, age = seen
    model = base.purchases.model
    # a shock at its middle is below its mean; a tenure counts the last day whole, an age does not
    dip = np.exp(-(base.rhythm.swing**2) / 2.0)
    each = model.alive(x, last, age) * model.rate(x, age)[0] * model._stay(age + 1.0, 365.0)
    expected = dip * float(each.sum())
    assert_sample_mean(wins, expected)
    everybody = planned(base, tmp_path / "all", date(2024, 7, 1), alive=1.0)
    with pytest.raises(AssertionError, match="standard errors"):
        assert_sample_mean(ordered(everybody, trajectories=300), expected)


def test_subscribers_pay_each_month_for_as_long_as_they_stay(tmp_path):
    """Segments, lifetimes by tenure and monthly revenue, from a list to money."""
    base = fit_subscriptions(made_up(1500, seed=12))
    plan = planned(base, tmp_path, UNTIL.date())
    forecast = ss.simulate(plan, trajectories=400, seed=5, worlds=held(plan))
    months = (pd.date_range(UNTIL, periods=13, freq="MS") - UNTIL).days.to_numpy(float)
    law = base.lifetimes
    middle = (months[:-1] + months[1:]) / 2.0
    here = base.stays.here
    age = (UNTIL - here["start"]).dt.days.to_numpy(float)[:, None]
    group = here["segment"].map({"large": 0, "small": 1}).to_numpy()
    expected = np.zeros(12)
    for number, at in enumerate(law.parameters):
        own = age[group == number]
        left = law.family.survival(own + middle, at) / law.family.survival(own, at)
        expected += 50.0 * left.sum(axis=0)
    # the middle of a month stands for all of it
    ratio = forecast.bookings.samples.mean(axis=0) / expected
    assert ratio == pytest.approx(np.ones(12), abs=0.02)
