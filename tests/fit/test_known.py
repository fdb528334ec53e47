"""What was known on a day, and nothing that was written later."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.history import History, Orders, Subscriptions
from salessim.fit.known import known_on
from salessim.fit.visits import OPEN, visits
from tests.fit.records import WON, deals_of

TOLD = {
    "early": [("2024-01-01", 0), ("2024-01-05 10:00", 1), ("2024-01-31 23:59:59", WON)],
    "later": [("2024-02-01", 0), ("2024-02-20", 1)],
    "under way": [("2024-01-20", 0), ("2024-02-01", 1), ("2024-02-03", WON)],
}
AMOUNTS = {
    "early": [("2024-01-31 23:59:59", 900.0)],
    "later": [("2024-02-01", 500.0)],
    "under way": [("2024-01-25", 100.0), ("2024-02-03", 700.0)],
}


def history() -> History:
    at = pd.to_datetime(pd.Series(["2024-01-31", "2024-02-01"]))
    orders = pd.DataFrame({"customer": ["a", "a"], "at": at, "amount": [1.0, 2.0]})
    contracts = pd.DataFrame(
        {
            "customer": ["a", "b", "c"],
            "start": pd.to_datetime(["2023-05-01", "2024-01-01", "2024-02-01"]),
            "end": pd.to_datetime(["2024-01-31", "2024-02-01", None]),
            "revenue": [10.0, 20.0, 30.0],
        }
    )
    until = pd.Timestamp("2024-03-01")
    return History(
        deals=(deals_of(TOLD, until="2024-03-01", amounts=AMOUNTS),),
        orders=Orders(table=orders, until=until, known_from=pd.Timestamp("2023-01-01")),
        subscriptions=Subscriptions(table=contracts, until=until),
    )


def test_what_came_later_is_cut_away() -> None:
    known = known_on(history(), date(2024, 1, 31))
    (deals,) = known.deals
    assert deals.until == pd.Timestamp("2024-02-01")
    assert list(deals.table["deal"]) == ["early", "under way"]
    assert list(deals.moves["deal"]) == [0, 0, 0, 1]
    assert list(deals.moves["stage"]) == [0, 1, WON, 0]
    assert list(deals.amounts["amount"]) == [900.0, 100.0]
    assert list(deals.amounts["deal"]) == [0, 1]
    assert known.orders is not None
    assert list(known.orders.table["amount"]) == [1.0]
    assert known.subscriptions is not None
    assert list(known.subscriptions.table["customer"]) == ["a", "b"]
    assert list(known.subscriptions.table["end"].isna()) == [False, True]


def test_what_is_known_does_not_depend_on_what_came_later() -> None:
    """Whatever is changed after the day changes nothing."""
    before = history()
    (deals,) = before.deals
    later = deals.moves["at"] >= "2024-02-01"
    other = replace(
        deals,
        moves=deals.moves[~later].reset_index(drop=True),
        amounts=deals.amounts[deals.amounts["at"] < "2024-02-01"].reset_index(drop=True),
    )
    one, two = (
        known_on(replace(before, deals=(d,)), date(2024, 1, 31)).deals[0] for d in (deals, other)
    )
    for name in ("table", "moves", "amounts"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


def test_on_the_last_day_all_is_known() -> None:
    known = known_on(history(), date(2024, 2, 29))
    pd.testing.assert_frame_equal(known.deals[0].moves, history().deals[0].moves)


def test_open_deals_have_their_age_at_the_end_of_the_day() -> None:
    found = visits(known_on(history(), date(2024, 1, 31)).deals[0])
    open_ones = found.where(found.outcome == OPEN)
    assert list(open_ones.duration) == [12.0]  # since January 20, midnight


def test_a_day_after_the_month_of_the_last_event_is_refused() -> None:
    with pytest.raises(SalessimError, match=r"as of 2024-03-01: .* nothing after 2024-02-29"):
        known_on(history(), date(2024, 3, 1))


def test_the_end_of_its_month_may_be_after_the_last_event() -> None:
    (deals,) = history().deals
    early = History(deals=(replace(deals, until=pd.Timestamp("2024-02-24")),))
    known = known_on(early, date(2024, 2, 29))
    assert known.deals[0].until == pd.Timestamp("2024-03-01")
    said = r"nothing after 2024-02-23; .* or 2024-02-29, the end of that month"
    with pytest.raises(SalessimError, match=said):
        known_on(early, date(2024, 3, 1))


def test_a_day_before_the_records_leaves_nothing() -> None:
    known = known_on(history(), date(2020, 1, 1))
    assert len(known.deals[0].table) == len(known.deals[0].moves) == 0
    assert len(visits(known.deals[0])) == 0
