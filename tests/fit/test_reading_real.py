"""Real and demo exports: what the report says of them is what is in them."""

import os
from pathlib import Path

import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.reading import read_history

DATA = Path(os.environ.get("SALESSIM_DATA", "nowhere"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no data sets at hand")


def read(*names, **options):
    history = read_history([DATA / name for name in names], **options)
    for file in {one.file for one in history.findings}:
        mine = [one for one in history.findings if one.file == file]
        dropped = sum(one.count for one in mine if one.what == "dropped")
        assert 0 <= dropped <= next(one.count for one in mine if one.what == "read")
    return history


def said(history):
    return {(one.what, one.reason): one.count for one in history.findings}


def ends(deals):
    return [int((deals.moves["stage"] == stage).sum()) for stage in (deals.won, deals.lost)]


def test_maven():
    history = read("maven_crm_opportunities/sales_pipeline.csv")
    (deals,) = history.deals
    assert (len(deals.table), ends(deals)) == (8300, [4238, 2473])
    assert deals.stages == ("Engaging",)
    assert said(history)["dropped", "no date of creation"] == 500
    assert deals.complete_from == pd.Timestamp("2017-03-01")
    assert deals.until == pd.Timestamp("2018-01-01")
    assert "customer" not in deals.table
    assert {"owner", "product"} <= set(deals.table)
    won = deals.moves[deals.moves["stage"] == deals.won].set_index("deal")["at"]
    assert (deals.amounts["at"].to_numpy() == won.reindex(deals.amounts["deal"])).all()


def test_leadforge():
    folder = "leadforge_world_a/public/"
    names = ("leads", "lead_stage_history", "opportunities")
    history = read(*(f"{folder}{name}.csv.gz" for name in names))
    (deals,) = history.deals
    assert deals.stages == (
        "mql",
        "sal",
        "sql",
        "demo_scheduled",
        "demo_completed",
        "proposal_sent",
        "negotiation",
    )
    assert (len(deals.table), len(deals.moves), ends(deals)) == (8957, 60588, [3544, 3644])
    assert not [one for one in history.findings if one.what in ("dropped", "repaired")]
    assert deals.complete_from is None
    # amounts are known from the day the opportunity was made, after the lead
    first = deals.amounts.set_index("deal")["at"] - deals.table["created"]
    assert len(deals.amounts) == 8003
    assert first.dropna().gt(pd.Timedelta(0)).mean() > 0.5


def test_bpic():
    columns = {"won": "A_APPROVED,A_REGISTERED,A_ACTIVATED", "lost": "A_DECLINED,A_CANCELLED"}
    (deals,) = read("bpic2012_loan_pipeline/stage_events.parquet", columns=columns).deals
    first = deals.moves[deals.moves["stage"] >= deals.won].drop_duplicates("deal")
    assert len(deals.table) == 13087
    assert first["stage"].value_counts().sort_index().tolist() == [2246, 7635 + 2807]
    assert deals.stages[:4] == ("A_SUBMITTED", "A_PARTLYSUBMITTED", "A_PREACCEPTED", "A_ACCEPTED")


@pytest.mark.parametrize("folder", ["", "raw_ddmmyyyy/"])
def test_olist_is_a_list_in_two_files(folder):
    names = ("marketing_qualified_leads", "closed_deals")
    history = read(*(f"olist_marketing_funnel/{folder}olist_{name}_dataset.csv" for name in names))
    (deals,) = history.deals
    assert (len(deals.table), ends(deals)) == (8000, [842, 0])
    assert deals.complete_from == pd.Timestamp("2017-12-05")
    assert [one.count for one in history.findings if one.what == "repaired"] == [1]
    assert not {"segment", "type"} & set(deals.table)
    assert deals.table["source"].notna().sum() == 7940


def test_orders_of_customers():
    cdnow = read("cdnow/cdnow_master.parquet").orders
    assert (len(cdnow.table), cdnow.table["customer"].nunique()) == (69659, 23570)
    assert (cdnow.known_from, cdnow.until) == (
        pd.Timestamp("1997-01-01"),
        pd.Timestamp("1998-07-01"),
    )
    history = read("uci_online_retail/online_retail.parquet")
    assert said(history)["dropped", "no customer"] == 135_080
    assert history.orders.table["customer"].str.fullmatch(r"\d{5}").all()


def test_salesforce_developer_edition():
    folder = "crm_export_samples/salesforce_dev_edition/"
    history = read(f"{folder}Opportunity.csv", f"{folder}OpportunityHistory.csv")
    (deals,) = history.deals
    assert (len(deals.table), len(deals.moves)) == (36, 48)
    found = said(history)
    assert found["repaired", "out of the order of time: sorted"] == 4
    assert found["noted", "closed in its first row: the way there is not on record"] == 18
    (alone,) = read(f"{folder}Opportunity.csv").deals
    assert ends(alone) == [12, 8]


def test_zoho():
    (deals,) = read("crm_export_samples/zoho_crm_demo/Potentials.csv").deals
    assert (len(deals.table), ends(deals), len(deals.amounts)) == (3632, [1425, 485], 3632)
    first = deals.amounts[deals.amounts["deal"] == deals.table["deal"].tolist().index("row 2")]
    assert first["amount"].tolist() == [22700.0]
    assert first["at"].tolist() == [pd.Timestamp("2021-04-15 00:02")]
    invoices = read("crm_export_samples/zoho_crm_demo/Invoices.csv").orders
    assert len(invoices.table) == 1300
    with pytest.raises(SalessimError, match="say which column is what"):
        read("crm_export_samples/zoho_crm_demo/Sales_Orders.csv")


def test_the_excel_tracker():
    history = read("crm_export_samples/excel_pipeline_tracker/sales_pipeline.csv")
    (deals,) = history.deals
    found = said(history)
    assert (len(deals.table), ends(deals)) == (1000, [53, 33])
    assert found["read", "rows"] == 5841
    assert found["dropped", "empty row"] + found["dropped", "empty row at the end"] == 4840


def test_warehouse_seeds_of_hubspot():
    folder = "crm_export_samples/fivetran_hubspot/"
    names = ("deal", "deal_stage", "deal_pipeline_stage", "deal_pipeline", "merged_deal")
    paths = [f"{folder}{name}_data.csv" for name in names]
    with pytest.raises(SalessimError, match="no stage says that a deal is won"):
        read(*paths)
    history = read(*paths, columns={"won": "f66ca9bc5a02c2f1513ce83f0a0e117d"})
    assert ends(history.deals[0]) == [6, 0]
    # the seeds do not join: none of these deals is in the history
    assert said(history)["dropped", "no column holds the ids of the other files"] == 44
    with pytest.raises(SalessimError, match="no row tells of a stage"):
        read(f"{folder}deal_property_history_data.csv")


def test_warehouse_seeds_of_salesforce_are_all_deleted():
    folder = "crm_export_samples/fivetran_salesforce/"
    for name in ("sf_opportunity", "sf_opportunity_history"):
        with pytest.raises(SalessimError, match=r"10 rows dropped: deleted in the CRM"):
            read(f"{folder}{name}_data.csv")


def test_a_list_without_creation_says_so():
    with pytest.raises(SalessimError, match="no column tells when deals were created"):
        read("crm_export_samples/sample_sales_crm/Opportunity.csv")
