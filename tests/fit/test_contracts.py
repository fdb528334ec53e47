"""From subscription lists to the customers of a plan."""

from __future__ import annotations

import tomllib
from unittest.mock import ANY

import numpy as np
import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.contracts import stays
from salessim.fit.customers import fit_customers
from salessim.fit.history import History, Subscriptions
from salessim.fit.renewals import renewal_months
from salessim.fit.subscription_base import fit_subscriptions
from salessim.fit.writing import plan_text

UNTIL = pd.Timestamp("2024-07-01")
BEGAN = pd.Timestamp("2019-01-01")


def listed(told: list[tuple], *, until: pd.Timestamp = UNTIL) -> Subscriptions:
    table = pd.DataFrame(told, columns=["customer", "start", "end", "revenue"])
    for column in ("start", "end"):
        table[column] = pd.to_datetime(table[column])
    return Subscriptions(table=table, until=until)


def made_up(
    count: int, *, seed: int, seen_from: str | None = None, months: int = 0, mean: float = 600.0
) -> Subscriptions:
    """Return subscriptions with exponential lives, or with renewals of so many months."""
    rng = np.random.default_rng(seed)
    start = BEGAN + pd.to_timedelta(rng.integers(0, (UNTIL - BEGAN).days, count), unit="D")
    if months:
        lost = rng.geometric(rng.beta(1.2, 3.0, count)).clip(max=100)
        end = pd.Series(
            [
                day + pd.DateOffset(months=int(months * n))
                for day, n in zip(start, lost, strict=True)
            ]
        )
    else:
        end = pd.Series(start + pd.to_timedelta(np.floor(rng.exponential(mean, count)), unit="D"))
    table = pd.DataFrame({"customer": np.arange(count).astype(str), "start": start})
    table["end"] = end.where(end < UNTIL)
    table["revenue"] = 50.0
    table["segment"] = pd.Categorical(np.where(rng.uniform(size=count) < 0.5, "small", "large"))
    if seen_from:
        table = table[~(table["end"] < pd.Timestamp(seen_from))]
    return Subscriptions(table=table, until=UNTIL)


def test_contracts_that_follow_each_other_are_one_stay():
    ready = stays(
        listed(
            [
                ("a", "2023-01-01", "2023-12-31", 10.0),
                ("a", "2024-01-01", None, 12.0),
                ("b", "2023-01-01", "2023-03-31", 10.0),
                ("b", "2023-06-01", "2023-09-01", 10.0),
                ("c", "2023-01-01", None, 10.0),
                ("c", "2023-02-01", None, 5.0),
                ("c", "2023-03-01", "2023-04-01", 99.0),
                ("d", "2024-07-01", None, 1.0),
            ]
        )
    )
    rows = [tuple(row) for row in ready.table[["customer", "revenue"]].itertuples(index=False)]
    assert rows == [("a", 12.0), ("b", 10.0), ("b", 10.0), ("c", 15.0)]
    assert list(ready.here["customer"]) == ["a", "c"]
    assert list(ready.table["start"].astype(str)) == [
        "2023-01-01", "2023-01-01", "2023-06-01", "2023-01-01",
    ]  # fmt: skip
    assert ready.notes[0].startswith("7 subscriptions are 4 stays")


def test_what_ended_before_the_list_began_is_noticed():
    """Taken as complete, these lives would seem far longer than they are."""
    cut = fit_subscriptions(made_up(4_000, seed=1, seen_from="2022-01-01"))
    assert str(cut.stays.seen_from)[:7] == "2022-01"
    whole = fit_subscriptions(made_up(4_000, seed=1))
    assert whole.stays.seen_from is None
    for fit in (cut, whole):
        law = fit.lifetimes
        assert law.family.survival(np.array([600.0]), law.parameters[0]) == pytest.approx(
            np.exp(-1.0), abs=0.03
        )
    assert cut.first_orders["at"].min() >= cut.stays.seen_from
    assert len(whole.first_orders) == 4_000


@pytest.mark.parametrize(("months", "name"), [(12, "1 year"), (1, "1 month"), (0, None)])
def test_renewals_are_recognised(months, name):
    table = made_up(400, seed=3, months=months).table
    ended = table[table["end"].notna()]
    found = renewal_months(ended["start"], ended["end"])
    assert (found and found[0]) == name
    moved = ended["end"] + pd.to_timedelta(np.arange(len(ended)) % 29, unit="D")
    assert renewal_months(ended["start"], moved) is None


def test_yearly_contracts_are_beta_geometric():
    fit = fit_subscriptions(made_up(3_000, seed=7, months=12))
    assert fit.stays.seen_from is None  # nothing can end in the first year
    cut = fit_subscriptions(made_up(3_000, seed=7, months=12, seen_from="2022-06-01"))
    assert str(cut.stays.seen_from)[:7] == "2022-06"
    assert cut.lifetimes.parameters[0, 0] == pytest.approx(fit.lifetimes.parameters[0, 0], rel=0.2)
    law = fit.part().document["customers"]["segments"]["large"]["lifetime"]["beta_geometric"]
    assert law["period"] == "1 year"
    a, b = (law[key]["lognormal"]["median"] for key in ("a", "b"))
    sigma = law["a"]["lognormal"]["sigma"]
    assert abs(np.log(a / 1.2)) < 5 * sigma
    assert a / (a + b) == pytest.approx(1.2 / 4.2, abs=0.04)


def test_segments_have_laws_pipelines_and_sources_of_their_own():
    base = fit_customers(History(subscriptions=made_up(3_000, seed=9)))
    assert base is not None
    part = base.part()
    assert set(part.document["customers"]["segments"]) == {"small", "large"}
    assert part.document["pipelines"]["subscription_small"]["amount"] == {"fixed": 50.0}
    assert part.document["sources"]["subscription_large"]["segment"] == "large"
    assert set(base.first_orders["pipeline"]) == {
        "new_subscription_small", "new_subscription_large"
    }  # fmt: skip
    assert list(base.customers.columns) == ["customer_id", "since", "segment"]


@pytest.mark.parametrize(
    "told",
    [
        [("a", "2024-06-30", None, None)],
        [("a", "2024-01-01", "2024-01-01", 5.0)],
        [(str(name), "2024-01-01", None, 5.0) for name in range(20)],
        [(str(name), "2023-01-01", "2024-01-01", 5.0) for name in range(20)],
        [("a", "2024-03-01", "2024-02-01", 5.0), ("b", "2024-03-01", None, 5.0)],
    ],
)
def test_little_makes_a_plan_of_finite_numbers(told):
    part = fit_subscriptions(listed(told)).part()
    assert "nan" not in str(part.document)
    assert "inf" not in str(part.document)


def test_a_list_of_nobody_is_said():
    with pytest.raises(SalessimError, match="none that began"):
        stays(listed([("a", "2025-01-01", None, 5.0)]))


def test_segments_are_tables_of_their_own_in_a_plan():
    part = fit_subscriptions(made_up(300, seed=2)).part()
    text = plan_text(part, header=[])
    assert "[customers.segments.large]\nlifetime = { " in text
    assert tomllib.loads(text) == {**part.document, "correlation": ANY}
