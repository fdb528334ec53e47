"""The open deals in a run's page."""

from pathlib import Path

import pytest

import salessim as ss
from salessim.report.page import Page, render
from salessim.report.run import run_page
from salessim.report.run_deals import MOST_ROWS, deals_section

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def ranked():
    return ss.open_deals(ss.load_plan(CONFIGS / "distributor.toml"))


def test_tables_show_the_first_deals_of_both_rankings(ranked):
    by_amount, by_risk = deals_section(ranked).tables
    assert len(by_amount.rows) == len(by_risk.rows) == MOST_ROWS
    frame = ranked.frame
    assert [row[0] for row in by_amount.rows] == frame["deal"].head(MOST_ROWS).tolist()
    oldest = frame.sort_values("outlived", ascending=False)
    shown = frame.set_index("deal").loc[[row[0] for row in by_risk.rows], "outlived"]
    assert shown.tolist() == oldest["outlived"].head(MOST_ROWS).tolist()
    adds = [float(row[-1].replace(",", "")) for row in by_amount.rows]
    assert adds == pytest.approx(frame["bookings"].head(MOST_ROWS).tolist(), abs=0.5)


def test_an_amount_that_is_not_known_is_said_to_be_about(ranked):
    _, by_risk = deals_section(ranked).tables
    known = ranked.frame.set_index("deal")["amount_known"]
    amounts = {row[0]: row[by_risk.columns.index("Amount")] for row in by_risk.rows}
    assert {said.startswith("about ") for said in amounts.values()} == {True, False}
    assert all(said.startswith("about ") != known[deal] for deal, said in amounts.items())


def test_groups_without_an_age_have_one_table():
    section = deals_section(ss.open_deals(ss.load_plan(CONFIGS / "w1.toml")))
    (only,) = section.tables
    assert [row[0] for row in only.rows] == ["60 deals"] * 5
    assert "groups of deals" in only.caption


def test_names_are_never_markup(tmp_path):
    text = (CONFIGS / "w1.toml").read_text()
    head, _, _ = text.partition("[open_deals]")
    (tmp_path / "deals.csv").write_text("id,stage\n<b>$x$ & co</b>,new_business.lead\n")
    (tmp_path / "plan.toml").write_text(f'{head}[open_deals]\nfile = "deals.csv"\n')
    ranked = ss.open_deals(ss.load_plan(tmp_path / "plan.toml"))
    page = render(Page(title="Deals", sections=(deals_section(ranked),)))
    assert "<b>" not in page
    assert "&lt;b&gt;$x$ &amp; co&lt;/b&gt;" in page


@pytest.mark.parametrize("there", [True, False])
def test_the_page_of_a_run_has_them_where_there_are_some(there):
    plan = ss.load_plan(CONFIGS / "w1.toml")
    if not there:
        plan = plan.with_({"open_deals.count": {"new_business.lead": 0}})
    run = ss.Run.of(plan, ss.simulate(plan, trajectories=5, seed=1))
    titles = [section.title for section in run_page(run).sections]
    assert ("Open deals" in titles) is there
