"""From a history to a plan: what is in it, what it is made of, and that it runs."""

import math
import tomllib
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from salessim.api import load_plan, validate
from salessim.errors import SalessimError
from salessim.fit.at_start import open_deals, past_bookings
from salessim.fit.fit import fit_history, last_day
from salessim.fit.history import Finding, History
from salessim.fit.known import known_on
from tests.fit.made_up import FIRST, made_up_deals, made_up_orders

AS_OF = date(2023, 3, 31)
"""Day 820 of the made-up records."""


@pytest.fixture(scope="module")
def history() -> History:
    found = Finding(file="deals.csv", what="read", reason="rows", count=1800)
    return History(
        deals=(made_up_deals(seed=1),), findings=(found,), files=(("deals.csv", "0" * 64),)
    )


@pytest.fixture(scope="module")
def fitted(history):
    return fit_history(history, as_of=AS_OF)


@pytest.fixture(scope="module")
def plan(fitted):
    return fitted.plan()


def test_the_plan_says_what_made_the_records(plan):
    model = plan.model
    (pipeline,) = model.pipelines
    first, second = (stage.conversion for stage in pipeline.stages)
    assert first == pytest.approx(0.6, abs=0.05)
    assert second == pytest.approx(0.5, abs=0.07)
    (source,) = model.sources
    assert source.rate.per_day == pytest.approx(2.0, rel=0.1)
    assert model.timeline.start == date(2023, 4, 1)
    addresses = {number.address for number in model.uncertain}
    assert {
        "pipelines.new.stages.first.conversion",
        "sources.leads.rate",
        "sources.leads.growth",
        "sources.leads.over_dispersion",
    } <= addresses
    assert model.correlations


def test_open_deals_are_those_there_were_on_the_day(history, fitted, plan):
    full = history.deals[0]
    night = pd.Timestamp("2023-04-01")
    last = full.moves[full.moves["at"] < night].drop_duplicates("deal", keep="last")
    there = last[last["stage"] < 2]
    ids = full.table["deal"].to_numpy()[there["deal"]]
    assert set(fitted.open_deals["id"]) == set(ids)
    assert set(plan.model.open_deals.ids) == set(ids)
    ages = (night - there["at"].dt.floor("D")).dt.days.to_numpy()
    order = np.argsort(np.argsort(ids))
    assert plan.model.open_deals.age_days[np.argsort(plan.model.open_deals.ids)][order] == (
        pytest.approx(ages)
    )


def test_nothing_from_after_the_day_is_in_the_plan(history, fitted):
    later = known_on(history, AS_OF)
    assert (
        fit_history(later, as_of=AS_OF).files("x.toml")["x.toml"]
        == fitted.files("x.toml")["x.toml"]
    )


def test_a_saved_plan_runs_and_another_one_extends_it(fitted, tmp_path):
    path = fitted.save(tmp_path / "fitted.toml", command=["salessim", "fit", "deals.csv"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["fitted.toml", "open_deals.csv"]
    text = path.read_text(encoding="utf-8")
    assert "# Command: salessim fit deals.csv" in text
    assert "1,800 rows read" in text
    assert str(tmp_path) not in text
    validate(load_plan(path))
    (tmp_path / "mine.toml").write_text(
        'extends = "fitted.toml"\n'
        "[forecast]\nhorizon = '24 months'\n"
        "[sources.events]\nkind = 'external'\npipeline = 'new'\nrate = '5 per month'\n"
        "[sources.leads]\ngrowth = '0% per month'\n",
        encoding="utf-8",
    )
    mine = load_plan(tmp_path / "mine.toml")
    validate(mine)
    assert {source.name for source in mine.model.sources} == {"events", "leads"}
    assert len(mine.model.open_deals.ids) == len(fitted.open_deals)
    with pytest.raises(SalessimError, match="exists and is not overwritten"):
        fitted.save(path)
    assert path.read_text(encoding="utf-8") == text


def test_a_plan_in_memory_can_be_changed(plan):
    changed = plan.with_({"forecast.horizon": "3 months"})
    assert len(changed.model.open_deals.ids) == len(plan.model.open_deals.ids)
    folder = plan.path.parent
    assert folder.is_dir()


def test_past_bookings_are_there_where_the_records_hold_a_year(history, fitted):
    full = history.deals[0]
    past = fitted.part.document["sustainability"]["past"]
    wins = full.moves[(full.moves["stage"] == 2) & (full.moves["at"] < "2023-04-01")]
    amount = full.amounts.drop_duplicates("deal", keep="last").set_index("deal")["amount"]
    worth = amount[wins["deal"]].to_numpy()
    march = wins["at"] >= "2023-03-01"
    assert past[-1] == pytest.approx(worth[march].sum(), abs=0.01)
    assert sum(past) == pytest.approx(worth[wins["at"] >= "2022-04-01"].sum(), abs=0.1)
    early = known_on(history, date(2021, 11, 30))
    assert past_bookings(early, date(2021, 12, 1)) is None
    truncated = replace(full, complete_from=pd.Timestamp("2022-06-01"))
    assert past_bookings(History(deals=(truncated,)), date(2023, 4, 1)) is None
    unknown = replace(full, amounts=full.amounts[full.amounts["deal"] != wins["deal"].iloc[-1]])
    assert past_bookings(History(deals=(unknown,)), date(2023, 4, 1)) is None


def test_amounts_of_open_deals_become_what_they_are_won_for(history):
    deals = known_on(history, AS_OF).deals[0]
    plain = open_deals([deals], won_to_quoted={})
    less = open_deals([deals], won_to_quoted={"new": 0.5})
    assert plain["amount"].notna().any()
    assert less["amount"].to_numpy() == pytest.approx(
        plain["amount"].to_numpy() / 2, abs=0.006, nan_ok=True
    )
    two = open_deals([deals, replace(deals, pipeline="other")], won_to_quoted={})
    assert two["id"].is_unique
    assert len(two) == 2 * len(plain)


def test_names_of_the_records_become_addresses():
    deals = made_up_deals(seed=2, days=300)
    odd = replace(deals, pipeline="New. Biz", stages=('1. "Talk"', "won't say"))
    fitted = fit_history(History(deals=(odd,)))
    (pipeline,) = fitted.plan().model.pipelines
    assert pipeline.name == "New Biz"
    assert [stage.name for stage in pipeline.stages] == ["1 Talk", "won t say"]


def test_orders_alone_make_a_plan():
    fitted = fit_history(History(orders=made_up_orders(seed=3)), as_of=AS_OF)
    files = fitted.files("fitted.toml")
    assert list(files) == ["customers.csv", "fitted.toml"]
    document = tomllib.loads(files["fitted.toml"])
    assert document["sources"]["new customers"]["kind"] == "external"
    assert len(document["sustainability"]["past"]) == 12
    validate(fitted.plan())


def test_deals_and_orders_together_count_no_buyer_twice(history):
    both = replace(history, orders=made_up_orders(seed=3))
    fitted = fit_history(both, as_of=AS_OF)
    assert {source.pipeline for source in fitted.sources} == {"new"}
    assert "sustainability" not in fitted.part.document
    validate(fitted.plan())


def test_the_last_day_is_the_last_whole_one(history):
    assert last_day(history) == (FIRST + pd.Timedelta(days=899)).date()
    assert fit_history(history).as_of == last_day(history)
    with pytest.raises(SalessimError, match="no deals, orders or subscriptions"):
        fit_history(History())


def test_a_day_before_all_records_is_refused(history):
    with pytest.raises(SalessimError, match="no deal"):
        fit_history(history, as_of=date(2020, 12, 31))


def test_every_number_of_the_summary_is_finite(fitted):
    from salessim.fit.summary import summary

    def check(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                check(item)
        if isinstance(value, float):
            assert math.isfinite(value)

    found = summary(fitted)
    check(found)
    first = found["pipelines"][0]["stages"][0]
    assert first["conversion"]["low"] < 0.6 < first["conversion"]["high"]
    # exponential of mean 20
    assert first["days_to_advance"]["low"] < 20 * math.log(2) < first["days_to_advance"]["high"]
