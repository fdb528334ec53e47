"""Windows, what happened in them, and rules that never see the future."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.backtest.actuals import Ledger, Target
from salessim.fit.backtest.naive import LEAST_ERRORS, RULES, Past, naive_draws
from salessim.fit.backtest.origins import YEAR, Grid, Reach, choose, lacking
from salessim.fit.history import History, Subscriptions
from salessim.model.calendar import Span
from tests.fit.made_up import FIRST, changed_after, history, made_up_orders

MONTH = Span(value=1, unit="month")
QUARTER = Grid(period=MONTH, periods=3)


def span(value, unit):
    return Span(value=value, unit=unit)


def test_windows_follow_the_calendar():
    window = QUARTER.window(date(2022, 1, 31))
    assert window.edges == (
        date(2022, 1, 31), date(2022, 2, 28), date(2022, 3, 31), date(2022, 4, 30),
    )  # fmt: skip
    assert window.origin == date(2022, 1, 30)
    assert (window.start, window.end, window.periods) == (window.edges[0], window.edges[-1], 3)


def test_a_horizon_is_a_whole_number_of_periods():
    assert Grid.of(span(2, "quarter"), MONTH) == Grid(period=MONTH, periods=6)
    assert Grid.of(span(6, "week"), span(1, "week")).periods == 6
    with pytest.raises(SalessimError, match='for example "6 weeks"'):
        Grid.of(span(45, "day"), span(1, "week"))


def test_reach_is_what_all_records_have_in_common():
    deals = history(seed=1, days=400)
    (first,) = deals.deals
    assert Reach.of(deals) == Reach(first=date(2021, 1, 2), end=date(2022, 2, 5))
    cut = replace(first, complete_from=pd.Timestamp("2021-03-01"))
    orders = replace(made_up_orders(seed=2, days=300), known_from=pd.Timestamp("2021-02-01 12:00"))
    assert Reach.of(History(deals=(cut,))).first == date(2021, 3, 1)
    both = Reach.of(History(deals=(first,), orders=orders))
    assert both == Reach(first=date(2021, 2, 2), end=date(2021, 10, 28))
    with pytest.raises(SalessimError, match="no dated records"):
        Reach.of(History())
    late = replace(first, complete_from=pd.Timestamp("2023-01-01"))
    with pytest.raises(SalessimError, match="no day in common"):
        Reach.of(History(deals=(late,)))


def test_origins_leave_enough_past_and_the_whole_horizon():
    reach = Reach(first=date(2021, 1, 2), end=date(2022, 9, 15))
    windows = choose("monthly", reach=reach, grid=QUARTER, past=YEAR)
    assert [window.origin for window in windows] == [
        date(2022, 1, 31), date(2022, 2, 28), date(2022, 3, 31), date(2022, 4, 30),
        date(2022, 5, 31),
    ]  # fmt: skip
    assert choose("2", reach=reach, grid=QUARTER, past=YEAR) == windows[-2:]
    assert list(lacking("2", windows[-2:], grid=QUARTER, past=YEAR)) == []
    (said,) = lacking("99", windows, grid=QUARTER, past=YEAR)
    assert said.startswith(f"Of 99 origins asked for the records leave {len(windows)} with ")
    assert choose("2022-05-31, 2022-04-30", reach=reach, grid=QUARTER, past=YEAR) == windows[-2:]
    weeks = choose("monthly", reach=reach, grid=Grid.of(span(4, "week"), span(7, "day")), past=YEAR)
    assert np.diff([window.start.toordinal() for window in weeks]).tolist() == [7] * 31


@pytest.mark.parametrize(
    ("origins", "said"),
    [
        ("0", "expected 1 or more"),
        ("yearly", "monthly for every month's end"),
        ("2020-12-31", "before the first whole day, 2021-01-02"),
        ("2022-07-31", "the last origin with that horizon is 2022-06-14"),
        ("monthly", "the history is too short: 621 whole days"),
    ],
)
def test_origins_that_cannot_be(origins, said):
    reach = Reach(first=date(2021, 1, 2), end=date(2022, 9, 15))
    past = span(20, "month") if origins == "monthly" else YEAR
    with pytest.raises(SalessimError, match=said):
        choose(origins, reach=reach, grid=QUARTER, past=past)


def test_actuals_are_what_a_count_by_hand_says():
    made = history(seed=3)
    (deals,) = made.deals
    window = QUARTER.window(date(2022, 3, 1))
    path = Ledger.of(made).path(window)
    wins = {part: np.zeros(3) for part in ("all", "open_deals", "new_deals")}
    value = {part: np.zeros(3) for part in wins}
    for deal, moves in deals.moves.groupby("deal"):
        won = moves[moves["stage"] == deals.won]
        if won.empty:
            continue
        at = won["at"].iloc[0]
        period = [at >= pd.Timestamp(edge) for edge in window.edges].count(True) - 1
        if not 0 <= period < 3:
            continue
        old = moves["at"].iloc[0] < pd.Timestamp(window.start)
        amount = deals.amounts.loc[deals.amounts["deal"] == deal, "amount"].iloc[-1]
        for part in ("all", "open_deals" if old else "new_deals"):
            wins[part][period] += 1
            value[part][period] += amount
    assert wins["all"].min() > 10
    for part, counted in wins.items():
        assert np.array_equal(path[Target("wins", part)], counted)
        assert path[Target("bookings", part)] == pytest.approx(value[part])


def test_a_deal_won_twice_counts_once_and_without_amounts_no_bookings():
    made = history(seed=3, days=200)
    (deals,) = made.deals
    won = deals.moves[deals.moves["stage"] == deals.won]
    again = pd.concat(
        [
            deals.moves,
            won.assign(stage=1, at=won["at"] + pd.Timedelta(hours=1)),
            won.assign(at=won["at"] + pd.Timedelta(hours=2)),
        ]
    ).sort_values(["deal", "at"])
    twice = replace(deals, moves=again.reset_index(drop=True), amounts=deals.amounts.iloc[:0])
    ledger = Ledger.of(History(deals=(twice,)))
    assert len(ledger.at) == len(won)
    assert {target.measure for target in ledger.targets} == {"wins"}
    window = Grid(period=MONTH, periods=5).window(date(2021, 1, 1))
    assert ledger.without_value(window) == ledger.path(window)[Target("wins", "all")].sum()


def test_purchases_are_of_customers_known_at_the_origin_or_new():
    table = pd.DataFrame(
        {
            "customer": ["a", "a", "a", "b", "b", "b", "c"],
            "at": pd.to_datetime(
                ["2021-01-05 09:00", "2021-02-03 10:00", "2021-02-03 17:00", "2021-02-10",
                 "2021-03-01", "2021-03-02", "2021-02-20"],
                format="ISO8601",
            ),
            "amount": [10.0, 20.0, 5.0, 40.0, 7.0, -3.0, -2.0],
        }
    )  # fmt: skip
    until = pd.Timestamp("2021-04-01")
    orders = replace(made_up_orders(seed=1, days=2), table=table, until=until)
    path = Ledger.of(History(orders=orders)).path(
        Grid(period=MONTH, periods=2).window(date(2021, 2, 1))
    )
    assert path[Target("wins", "customers")].tolist() == [1.0, 0.0]
    assert path[Target("bookings", "customers")].tolist() == [25.0, 0.0]
    assert path[Target("wins", "new_deals")].tolist() == [1.0, 1.0]
    assert path[Target("bookings", "new_deals")].tolist() == [38.0, 4.0]
    assert path[Target("bookings", "all")].tolist() == [63.0, 4.0]


def test_contracts_run_evenly_over_months_and_who_renews_does_not_leave():
    listed = pd.DataFrame(
        [
            ("a", "2021-01-01", "2021-02-14", 28.0),  # 14 days and a half of February
            ("b", "2020-02-15", "2021-02-14", 28.0),  # and renews
            ("b", "2021-02-15", None, 56.0),
            ("c", "2021-03-01", None, 10.0),
            ("d", "2020-01-01", "2021-01-15", 99.0),  # over before
            ("e", "2021-01-31", None, np.nan),
        ],
        columns=["customer", "start", "end", "revenue"],
    )
    for column in ("start", "end"):
        listed[column] = pd.to_datetime(listed[column])
    ledger = Ledger.of(
        History(subscriptions=Subscriptions(table=listed, until=pd.Timestamp("2021-04-01")))
    )
    path = ledger.path(Grid(period=MONTH, periods=2).window(date(2021, 2, 1)))
    by_hand = {
        ("bookings", "all"): [13.5 + 13.5 + 28.0, 56.0 + 10.0],
        ("bookings", "new_deals"): [0.0, 10.0],
        ("bookings", "customers"): [13.5 + 13.5 + 28.0, 56.0],
        ("new customers", "all"): [0.0, 1.0],
        ("lost customers", "all"): [1.0, 0.0],
        ("lost customers", "customers"): [1.0, 0.0],
    }
    assert path.keys() == by_hand.keys()
    for target, values in by_hand.items():
        assert path[target] == pytest.approx(values), target
    first, _ = ledger.contracts.notes()
    assert first.startswith("Of 1 of 6 contracts the revenue is not known")


def past_of(made):
    return Past(ledger=Ledger.of(made), grid=QUARTER, first=date(2021, 1, 2))


def test_rules_say_what_they_mean():
    made = History(deals=history(seed=4).deals, orders=made_up_orders(seed=5))
    start = date(2022, 7, 1)
    past = past_of(made)
    monthly = Grid(period=MONTH, periods=18).window(date(2021, 1, 1))
    wins = past.ledger.path(monthly)[Target("wins", "all")]
    said = {name: rule(past, start) for name, rule in RULES}
    everything = Target("wins", "all")
    assert said["last period"][everything].tolist() == [wins[17]] * 3
    assert said["last span"][everything].tolist() == wins[15:].tolist()
    assert said["a year ago"][everything].tolist() == wins[6:9].tolist()
    assert said["trailing mean"][everything] == pytest.approx(np.full(3, wins[6:].mean()))
    pipeline = said["weighted pipeline"]
    for measure in ("wins", "bookings"):
        parts = [
            pipeline[Target(measure, part)] for part in ("open_deals", "new_deals", "customers")
        ]
        assert pipeline[Target(measure, "all")] == pytest.approx(sum(parts))
    # each of these lives 20 days in the mean in the stage; three months see nearly all of them
    stood = past.ledger.standing(start)
    expected = 0.3 * (stood.stage == 0).sum() + 0.5 * (stood.stage == 1).sum()
    assert pipeline[Target("wins", "open_deals")].sum() == pytest.approx(0.95 * expected, rel=0.15)


def test_rules_are_spread_by_their_own_past_errors():
    made = history(seed=6)
    start = date(2023, 1, 1)
    past = past_of(made)
    draws = naive_draws(past, QUARTER.window(start))
    assert list(draws) == [name for name, _ in RULES]
    target = Target("wins", "all")
    totals = draws["last span"][target].total
    paths = [
        past.path(QUARTER.window(QUARTER.later(start, -back)))[target].sum()
        for back in range(3, 18)
    ]
    ratios = [after / before for after, before in zip(paths, paths[3:], strict=False)]
    assert sorted(totals) == pytest.approx(sorted(paths[0] * np.array(ratios)))
    soon = QUARTER.window(date(2021, 7, 1))
    assert naive_draws(past, soon) == {}
    few = QUARTER.window(date(2021, 11, 1))
    assert len(naive_draws(past, few)["last period"][target].total) >= LEAST_ERRORS


def test_rules_never_see_the_future_whatever_they_are_given():
    made = history(seed=7)
    start = date(2022, 7, 1)
    window = QUARTER.window(start)
    other = changed_after(made, start)
    told, untold = past_of(made), past_of(other)
    everything = Target("bookings", "all")
    assert untold.path(window)[everything].sum() > 5 * told.path(window)[everything].sum()
    one, two = naive_draws(told, window), naive_draws(untold, window)
    assert one.keys() == two.keys()
    for name, draws in one.items():
        for target, spread in draws.items():
            assert np.array_equal(spread.total, two[name][target].total), (name, target)
            assert np.array_equal(spread.path, two[name][target].path), (name, target)


def test_made_up_histories_grow_as_they_say():
    grown = history(seed=8, growth=1.0).deals[0].table["created"]
    half = FIRST + pd.Timedelta(days=450)
    assert (grown >= half).mean() == pytest.approx(1.75 / 3.0, abs=0.05)
