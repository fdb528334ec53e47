"""One truth, exported in every shape, reads back to the same deals."""

import csv
import gzip
import io

import pandas as pd
import pytest
import xlsxwriter

from salessim.errors import SalessimError
from salessim.fit.reading import read_history
from salessim.fit.reading_report import report_lines, report_table
from tests.fit import exports
from tests.fit.exports import LOST, STAGES, TODAY, WON

DAY = TODAY.date()


@pytest.fixture(scope="module")
def true():
    return exports.truth()


def read(paths, **options):
    history = read_history(paths, today=DAY, **options)
    assert_accounts(history)
    (deals,) = history.deals
    kinds = {"deal": "int64", "stage": "int64", "at": "datetime64[us]"}
    assert deals.moves.dtypes.astype(str).to_dict() == kinds
    kinds = {"deal": "int64", "at": "datetime64[us]", "amount": "float64"}
    assert deals.amounts.dtypes.astype(str).to_dict() == kinds
    return history, deals


def assert_accounts(history):
    """Read = used + dropped in every file, and no finding counts more than the file has."""
    table = report_table(history).pivot_table(
        index="file", columns="what", values="count", aggfunc="sum", fill_value=0
    )
    dropped = table.get("dropped", 0)
    assert (table["read"] == table["used"] + dropped).all()
    assert (table["used"] >= 0).all()
    rows = {one.file: one.count for one in history.findings if one.what == "read"}
    assert all(one.count <= max(rows[one.file], 20) for one in history.findings)


def found(history, reason):
    return [one for one in history.findings if reason in one.reason]


@pytest.mark.parametrize("shape", exports.HISTORIES)
def test_every_shape_of_a_history_reads_back_to_the_truth(true, shape, tmp_path):
    _, deals = read(exports.write(tmp_path, shape(true)))
    assert deals.stages == STAGES
    pd.testing.assert_frame_equal(exports.told(deals), exports.expected(true), check_dtype=False)
    created = deals.table.set_index("deal")["created"]
    wanted = true.deals.set_index("deal")["created"].reindex(created.index)
    pd.testing.assert_series_equal(created, wanted, check_dtype=False)
    assert deals.table["created"].is_monotonic_increasing
    assert deals.complete_from is None


@pytest.mark.parametrize(
    "shape",
    [
        exports.salesforce_history,
        exports.hubspot_wide,
        exports.hubspot_properties,
        exports.fivetran,
    ],
)
def test_amounts_are_known_from_creation_where_the_records_have_them_then(true, shape, tmp_path):
    _, deals = read(exports.write(tmp_path, shape(true)))
    wanted = true.deals.set_index("deal")
    names = deals.table["deal"].to_numpy()[deals.amounts["deal"]]
    assert sorted(names) == sorted(wanted.index)
    assert (deals.amounts["amount"].to_numpy() == wanted["amount"].reindex(names)).all()
    assert (deals.amounts["at"].to_numpy() == wanted["created"].reindex(names)).all()


def test_a_list_of_deals_has_one_stage(true, tmp_path):
    _, deals = read(exports.write(tmp_path, {"Opportunity.csv": exports.opportunity(true)}))
    now = exports.closings(true).set_index("deal")
    assert deals.stages == ("open",)
    assert deals.table["owner"].cat.categories.tolist() == ["Ann", "Bob", "Cleo"]
    ended = deals.moves[deals.moves["stage"] > 0]
    names = deals.table["deal"].to_numpy()[ended["deal"]]
    assert sorted(names) == sorted(now.index[now["closed"].notna()])
    assert (ended["at"].to_numpy() == now["closed"].reindex(names)).all()
    won = now["last_stage"].reindex(names) == WON
    assert (ended["stage"].to_numpy() == won.map({True: 1, False: 2})).all()


def test_amounts_that_no_open_deal_has_are_known_from_the_closing_only(true, tmp_path):
    table = exports.opportunity(true)
    table["Amount"] = table["Amount"].where(table["IsWon"], None)
    table.loc[table["IsClosed"] & ~table["IsWon"], "Amount"] = "0"
    history, deals = read(exports.write(tmp_path, {"deals.csv": table}))
    won = deals.moves[deals.moves["stage"] == deals.won].set_index("deal")["at"]
    assert deals.amounts.set_index("deal")["at"].to_dict() == won.to_dict()
    assert found(history, "an amount of 0, as all lost deals have")


def test_a_column_filled_in_later_makes_no_group(true, tmp_path):
    table = exports.opportunity(true)
    table["AccountId"] = ["acme"] * len(table)
    table["LeadSource"] = table["LeadSource"].where(table["IsClosed"], None)
    paths = exports.write(tmp_path, {"deals.csv": table})
    history, deals = read(paths)
    assert "source" not in deals.table
    assert {"customer", "owner"} <= set(deals.table)
    (said,) = found(history, "filled in later")
    assert said.count == int((~table["IsClosed"]).sum())
    _, deals = read(paths, columns={"source": "LeadSource"})
    assert "source" in deals.table


def test_shuffled_rows_in_other_files_give_the_same_deals(true, tmp_path):
    log = exports.generic(true)["moves.csv"]
    shuffled = log.sample(frac=1.0, random_state=3)
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir(), two.mkdir()
    _, whole = read(exports.write(one, {"moves.csv": log}))
    history, mixed = read(
        exports.write(two, {"a.csv": shuffled.iloc[::2], "b.csv": shuffled.iloc[1::2]})
    )
    pd.testing.assert_frame_equal(whole.moves, mixed.moves)
    pd.testing.assert_frame_equal(whole.table, mixed.table)
    assert found(history, "out of the order of time")


def test_duplicates_are_dropped_and_counted(true, tmp_path):
    log = exports.generic(true)["moves.csv"]
    _, once = read(exports.write(tmp_path, {"moves.csv": log}))
    history, twice = read(exports.write(tmp_path, {"moves.csv": pd.concat([log, log.iloc[:9]])}))
    (said,) = found(history, "duplicate of an earlier row")
    assert (said.what, said.count, said.rows[0]) == ("dropped", 9, len(log) + 2)
    pd.testing.assert_frame_equal(once.moves, twice.moves)


def test_files_of_other_kinds_read_alike(true, tmp_path):
    log = exports.generic(true)["moves.csv"]
    log.to_parquet(tmp_path / "moves.parquet")
    (tmp_path / "moves.csv.gz").write_bytes(gzip.compress(log.to_csv(index=False).encode()))
    log.to_csv(tmp_path / "semicolons.csv", index=False, sep=";", encoding="utf-16")
    rows = [["", "", ""], list(log), *log.astype(str).to_numpy().tolist(), [""] * 3, [""] * 3]
    exports.write_workbook(tmp_path / "moves.xlsx", {"Sheet1": rows})
    wanted = exports.expected(true)
    for name in ("moves.parquet", "moves.csv.gz", "semicolons.csv", "moves.xlsx"):
        history, deals = read([tmp_path / name])
        pd.testing.assert_frame_equal(exports.told(deals), wanted, check_dtype=False)
    (said,) = found(history, "empty row at the end")
    assert (said.count, said.rows) == (2, (len(log) + 3, len(log) + 4))


def test_sheets_of_one_workbook_are_tables_of_their_own(true, tmp_path):
    tables = exports.change_log(true)
    sheets = {
        name: list(csv.reader(io.StringIO(table.to_csv(index=False))))
        for name, table in tables.items()
    }
    sheets["Notes"] = [["hello", "world"], ["nothing", "here"]]
    exports.write_workbook(tmp_path / "crm.xlsx", sheets)
    history, deals = read([tmp_path / "crm.xlsx"])
    pd.testing.assert_frame_equal(exports.told(deals), exports.expected(true), check_dtype=False)
    assert "owner" in deals.table
    (left,) = found(history, "tells of no deals, orders")
    assert left.file == "crm.xlsx [Notes]"


def test_stages_asked_for_leave_the_others_out(true, tmp_path):
    paths = exports.write(tmp_path, exports.generic(true))
    history, deals = read(paths, stages=["qualification", "Negotiation"])
    assert deals.stages == ("Qualification", "Negotiation")
    (said,) = found(history, "not among those asked for")
    assert said.count == int((true.moves["stage"] == "Proposal").sum())


def test_a_history_is_believed_and_a_list_that_differs_is_noted(true, tmp_path):
    tables = exports.salesforce_history(true)
    stage = tables["Opportunity.csv"]["StageName"]
    one = int(stage.eq(WON).idxmax())
    tables["Opportunity.csv"]["StageName"] = stage.where(stage.index != one, "Proposal")
    history, deals = read(exports.write(tmp_path, tables))
    (said,) = found(history, "names another stage than its history ends with")
    assert (said.file, said.rows) == ("Opportunity.csv", (one + 2,))
    pd.testing.assert_frame_equal(exports.told(deals), exports.expected(true), check_dtype=False)


def test_pipelines_are_parted(true, tmp_path):
    tables = exports.change_log(true)
    half = true.deals["deal"].isin(true.deals["deal"].iloc[::2])
    tables["leads.csv"]["pipeline"] = half.map({True: "new", False: "renewal"}).to_numpy()
    history = read_history(exports.write(tmp_path, tables), today=DAY)
    assert_accounts(history)
    assert [deals.pipeline for deals in history.deals] == ["new", "renewal"]
    assert [len(deals.table) for deals in history.deals] == [200, 200]
    both = pd.concat([exports.told(deals) for deals in history.deals])
    pd.testing.assert_frame_equal(
        both.sort_values(["deal", "at"], ignore_index=True),
        exports.expected(true),
        check_dtype=False,
    )


def test_pipelines_have_the_names_of_their_table(true, tmp_path):
    tables = exports.change_log(true)
    leads = tables["leads.csv"]
    leads["pipeline_id"] = ["p1", "p2"] * (len(leads) // 2)
    tables["pipelines.csv"] = pd.DataFrame({"pipeline_id": ["p1", "p2"], "label": ["New", "Old"]})
    history = read_history(exports.write(tmp_path, tables), today=DAY)
    assert [deals.pipeline for deals in history.deals] == ["New", "Old"]


def test_a_history_may_say_in_each_row_whose_deal_it_is(true, tmp_path):
    rows = true.moves.merge(true.deals, on="deal")
    # deals are handed over when they are won: what was known at the beginning counts
    rows["owner"] = rows["owner"].where(rows["stage"] != WON, "Finance")
    _, deals = read(exports.write(tmp_path, {"log.csv": rows}))
    wanted = true.deals.set_index("deal").reindex(deals.table["deal"])
    assert deals.table["owner"].tolist() == wanted["owner"].tolist()
    assert deals.table["source"].tolist() == wanted["source"].tolist()
    assert len(deals.amounts) == len(true.deals)


def test_flags_beside_the_stages_say_what_names_do_not(true, tmp_path):
    hidden = {WON: "9b", LOST: "7c"}
    table = exports.opportunity(true).replace({"StageName": hidden})
    _, deals = read(exports.write(tmp_path, {"deals.csv": table}))
    assert int((deals.moves["stage"] == deals.won).sum()) == int(table["IsWon"].sum())


def test_absent_early_closings_are_found_and_a_late_first_one_is_not(true, tmp_path):
    table = exports.opportunity(true)
    now = exports.closings(true)
    cut = pd.Timestamp("2024-10-01")
    kept = table[(now["closed"].isna() | (now["closed"] >= cut)).to_numpy()]
    history, deals = read(exports.write(tmp_path, {"deals.csv": kept}))
    assert deals.complete_from == now["closed"][now["closed"] >= cut].min().normalize()
    assert found(history, "taken as absent from the export")
    _, deals = read(exports.write(tmp_path, {"deals.csv": kept}), columns={"complete_from": "none"})
    assert deals.complete_from is None
    _, deals = read(
        exports.write(tmp_path, {"deals.csv": table}), columns={"complete_from": "2024-06-01"}
    )
    assert deals.complete_from == pd.Timestamp("2024-06-01")


def test_the_report_says_it_in_lines(true, tmp_path):
    history, _ = read(exports.write(tmp_path, exports.field_history(true)))
    lines = report_lines(history)
    assert lines[0] == "Opportunity.csv: 400 rows read, 400 used"
    assert any("dropped" in line and "tells neither of a stage" in line for line in lines)
    assert not any(str(tmp_path) in line for line in lines)


def test_a_workbook_with_a_cell_far_off_is_refused_before_it_fills_the_memory(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "crm.xlsx") as book:
        sheet = book.add_worksheet("Deals")
        sheet.write_row(0, 0, ["deal_id", "stage", "created"])
        sheet.write_number(1_048_575, 300, 1)
    with pytest.raises(
        SalessimError, match=r"crm.xlsx is too large: sheet Deals goes to KO1048576"
    ):
        read_history([tmp_path / "crm.xlsx"])
