"""Open deals ranked: rows, ranks, risks, words, chart and file."""

import csv
from dataclasses import replace

import numpy as np
import pytest

import salessim as ss
from salessim.forecast.ranked_deals import COLUMNS, OLD, RISKS, STUCK
from tests.unit.plan_files import CONFIGS

PLAN = """
currency = "EUR"

[forecast]
start = 2027-01-01
horizon = "12 months"

[pipelines.sale]
amount = { fixed = 1000 }

[[pipelines.sale.stages]]
name = "offer"
conversion = 0.5
cycle_time = { exponential = { mean = "20 days" } }
stuck = { share = 0.02 }

[open_deals]
"""


def plan(folder, deals):
    path = folder / "plan.toml"
    path.write_text(PLAN + deals)
    return ss.load_plan(path)


def listed(folder, *rows):
    lines = ["id,stage,entered,amount", *(",".join(row) for row in rows)]
    (folder / "deals.csv").write_text("\n".join(lines) + "\n")
    return plan(folder, 'file = "deals.csv"\nstages = { Offer = "sale.offer" }\n')


def test_deals_are_ranked_by_what_they_add_and_by_their_age(tmp_path):
    ranked = ss.open_deals(
        listed(
            tmp_path,
            ("small", "Offer", "2026-12-30", "100"),
            ("=large", "Offer", "2026-11-22", "90000"),
            ("no amount", "Offer", "2026-12-20", ""),
            ("ancient", "Offer", "2026-01-01", "500000"),
        )
    )
    frame = ranked.frame.set_index("deal")
    assert list(ranked.frame.columns) == list(COLUMNS)
    assert ranked.frame["rank"].tolist() == [1, 2, 3, 4]
    assert list(frame.index) == ["=large", "no amount", "small", "ancient"]
    assert frame["risk_rank"].to_dict() == {"ancient": 1, "=large": 2, "no amount": 3, "small": 4}
    assert frame["risk"].to_dict() == {
        "ancient": RISKS[2], "=large": RISKS[0], "no amount": RISKS[0], "small": RISKS[0]
    }  # fmt: skip
    assert frame.loc["no amount", "amount"] == 1000.0
    assert frame["amount_known"].tolist() == [True, False, True, True]
    expected = frame["won_in_time"] * frame["amount"]
    np.testing.assert_allclose(frame["bookings"], expected)
    assert frame["share"].sum() == pytest.approx(1.0)
    assert ranked.bookings == pytest.approx(expected.sum())
    assert ranked.count == 4
    assert "4 open deals: expected to book" in ranked.sentences()[0]
    assert ranked.sentences()[1].startswith("1 of them never close")
    # nothing that a spreadsheet would compute
    ranked.to_csv(tmp_path / "deals_ranked.csv")
    with (tmp_path / "deals_ranked.csv").open() as file:
        assert next(csv.DictReader(file))["deal"] == "'=large"


def test_an_old_deal_is_said_to_be_old(tmp_path):
    deals = listed(
        tmp_path, ("old", "Offer", "2026-10-20", "5"), ("new", "Offer", "2026-12-30", "5")
    )
    old = ss.open_deals(deals).frame.set_index("deal").loc["old"]
    assert old["risk"] == RISKS[1]
    assert old["outlived"] >= OLD
    assert old["never_closed"] < STUCK


def test_deals_given_as_a_count_are_ranked_in_groups(tmp_path):
    ranked = ss.open_deals(plan(tmp_path, 'count = { "sale.offer" = 60 }\nage = "20 days"\n'))
    assert ranked.frame["deal"].tolist() == ["60 deals"]
    row = ranked.frame.iloc[0]
    assert row["deals"] == ranked.count == 60
    assert row["bookings"] == pytest.approx(60 * row["won_in_time"] * 1000.0)
    assert "group" in ranked.plot().get_title(loc="left")


def test_no_open_deals_are_no_rows(tmp_path):
    ranked = ss.open_deals(plan(tmp_path, "count = {}\n"))
    assert not len(ranked.frame)
    assert ranked.sentences() == ["No deal is open at the start."]
    assert ranked.plot().get_title(loc="left") == "No deal is open at the start"


def test_notes_say_what_is_not_in_the_ranking():
    later, worlds = ss.open_deals(ss.load_plan(CONFIGS / "saas.toml")).notes
    assert "buy or bring later is not counted here" in later
    assert "middle values" in worlds
    fixed = ss.open_deals(ss.load_plan(CONFIGS / "w1.toml")).notes
    assert not any("middle values" in note for note in fixed)


def test_the_chart_shows_the_first_fifteen_with_their_risk():
    ranked = ss.open_deals(ss.load_plan(CONFIGS / "distributor.toml"))
    ax = ranked.plot()
    assert len(ax.patches) == 15
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, ranked.frame["bookings"].head(15))
    assert "15 of 251 open deals" in ax.get_title(loc="left")
    risky = replace(ranked, frame=ranked.frame.sort_values("risk_rank"))
    colours = {bar.get_facecolor() for bar in risky.plot().patches}
    assert colours.isdisjoint({bar.get_facecolor() for bar in ax.patches})
