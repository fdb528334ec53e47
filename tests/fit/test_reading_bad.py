"""What no export should look like: read truthfully, or refused with the remedy."""

import re

import pandas as pd
import pytest

from salessim.errors import SalessimError
from salessim.fit.reading import read_history
from tests.fit import exports

DAY = exports.TODAY.date()


def read(folder, rows, *, name="moves.csv", **options):
    path = folder / name
    path.write_bytes(rows if isinstance(rows, bytes) else "\n".join(rows).encode())
    return read_history([path], today=DAY, **options)


def said(history):
    return {(one.what, one.reason): (one.count, one.rows) for one in history.findings}


def refused(folder, rows, words, **options):
    with pytest.raises(SalessimError, match=words) as error:
        read(folder, rows, **options)
    assert "\n" not in str(error.value) or len(error.value.problems) > 1
    assert str(folder) not in str(error.value)


MOVES = "deal,stage,at"


def test_no_rows_and_no_bytes(tmp_path):
    refused(tmp_path, [""], "moves.csv is empty")
    refused(tmp_path, [MOVES], "moves.csv has a header and no rows")
    refused(tmp_path, [MOVES, ",,", ",,"], "moves.csv has a header and no rows")
    with pytest.raises(SalessimError, match="no file is given"):
        read_history([])
    with pytest.raises(SalessimError, match="no such file"):
        read_history([tmp_path / "none.csv"])


def test_one_row_is_one_open_deal(tmp_path):
    history = read(tmp_path, [MOVES, "a,Offer,2025-05-01"], columns={"won": "Won"})
    (deals,) = history.deals
    assert deals.stages == ("Offer",)
    assert deals.moves.to_numpy().tolist() == [[0, 0, pd.Timestamp("2025-05-01")]]
    assert deals.until == pd.Timestamp("2025-05-02")


def test_all_open_asks_which_stage_would_be_won(tmp_path):
    rows = [MOVES, "a,Offer,2025-05-01", "b,Talk,2025-05-02"]
    refused(tmp_path, rows, r"moves.csv: no stage says that a deal is won; say which: --map won=")
    history = read(tmp_path, rows, columns={"won": "Signed"})
    assert len(history.deals[0].table) == 2
    refused(tmp_path, rows, "no stage `Ofer`; did you mean `Offer`", columns={"won": "Ofer"})


def test_only_wins_are_read_and_it_is_said_that_none_is_lost(tmp_path):
    rows = [f"{at},Offer,2025-05-{at:02}\n{at},Won,2025-06-{at:02}" for at in range(1, 20)]
    history = read(tmp_path, [MOVES, *rows])
    assert ("noted", "no stage says that a deal is lost") in said(history)
    assert history.deals[0].moves["stage"].tolist() == [0, 1] * 19


def test_closings_alone_are_refused(tmp_path):
    refused(tmp_path, [MOVES, "a,Won,2025-05-01", "b,Lost,2025-05-01"], "closed in its first row")


def test_broken_rows_are_dropped_with_their_numbers(tmp_path):
    rows = [
        MOVES,
        "a,Offer,2025-05-01",
        ",Offer,2025-05-01",
        "b,,2025-05-01",
        "c,Offer,",
        "d,Offer,soon",
        "e,Offer",
        "f,Offer,2025-05-01,x",
        "",
        "a,Won,2025-05-03",
        "a,Won,2025-05-03",
        "a,Lost,2027-01-01",
        "",
    ]
    found = said(read(tmp_path, rows))
    assert found["read", "rows"] == (11, ())
    assert found["dropped", "no id of a deal"] == (1, (3,))
    assert found["dropped", "no stage"] == (1, (4,))
    assert found["dropped", "no date"] == (2, (5, 6))
    assert found["dropped", "too few or too many cells"] == (2, (7, 8))
    assert found["dropped", "empty row"] == (1, (9,))
    assert found["dropped", "duplicate of an earlier row"] == (1, (11,))
    assert found["dropped", "dated in the future"] == (1, (12,))
    assert found["noted", 'at: no date: "soon" and the like: taken as empty'] == (1, (6,))


def test_blank_lines_before_the_header_and_notes_below_the_table(tmp_path):
    rows = ["", MOVES, "a,Offer,2025-05-01", "a,Won,2025-05-03", "Grand total", "confidential"]
    history = read(tmp_path, rows)
    assert said(history)["dropped", "too few or too many cells"] == (2, (5, 6))
    assert said(history)["read", "rows"] == (4, ())
    assert len(history.deals[0].moves) == 2
    assert not [reason for what, reason in said(history) if what == "noted" and "date" in reason]


def test_what_a_list_cannot_mean_is_mended_or_dropped(tmp_path):
    rows = [
        "deal,status,created,closed,amount",
        "a,won,2025-05-04,2025-05-01,100",
        "b,lost,2025-05-04,,100",
        "c,open,,2025-05-04,100",
        "d,,2025-05-04,,100",
        "e,won,2025-05-04,2027-05-04,100",
        "f,open,2027-05-04,,100",
        "g,open,2025-05-04,2027-05-04,-100",
        "g,open,2025-05-05,2027-05-04,100",
        "h,won,2025-05-04 15:00:00,2025-05-04,100",
    ]
    history = read(tmp_path, rows)
    found = said(history)
    repaired = [key for key in found if key[0] == "repaired"]
    assert repaired == [("repaired", "closed before it was created: taken as closed on creation")]
    assert found[repaired[0]] == (1, (2,))
    assert found["dropped", "closed, and no date of closing"] == (1, (3,))
    assert found["dropped", "no date of creation"] == (1, (4,))
    assert found["dropped", "no stage"] == (1, (5,))
    assert found["dropped", "closed in the future"] == (1, (6,))
    assert found["dropped", "created in the future"] == (1, (7,))
    assert found["dropped", "the deal's id stands in an earlier row"] == (1, (9,))
    assert found["noted", "an amount below 0: not known"] == (1, (8,))
    (deals,) = history.deals
    assert sorted(deals.table["deal"]) == ["a", "g", "h"]


def test_stages_that_come_back_stay_as_they_are(tmp_path):
    rows = [
        "a,A,2025-05-01",
        "a,B,2025-05-02",
        "a,B,2025-05-03",
        "a,A,2025-05-04",
        "a,Lost,2025-05-05",
        "a,B,2025-05-06",
        "a,Won,2025-05-07",
    ]
    rows += [f"x{at},A,2025-05-01\nx{at},B,2025-05-02" for at in range(9)]
    history = read(tmp_path, [MOVES, *rows])
    (deals,) = history.deals
    mine = int(deals.table.index[deals.table["deal"] == "a"][0])
    assert deals.moves["stage"][deals.moves["deal"] == mine].tolist() == [0, 1, 0, 3, 1, 2]
    found = said(history)
    assert found["noted", "stays in its stage: one visit with the row before"] == (1, (4,))
    assert found["noted", "comes back to an earlier stage: kept as it is"] == (1, (5,))
    assert found["noted", "opened again after its closing: kept as it is"] == (1, (7,))


def test_a_stage_called_lost_that_most_deals_leave_is_none(tmp_path):
    rows = [
        f"{at},Offer,2025-05-01\n{at},Offer cancelled,2025-05-02\n{at},Offer,2025-05-03"
        for at in range(12)
    ]
    rows += [f"{at},{word},2025-05-04" for at, word in enumerate(["Won", "Lost"] * 6)]
    history = read(tmp_path, [MOVES, *rows])
    assert history.deals[0].stages == ("Offer", "Offer cancelled")
    history = read(tmp_path, [MOVES, *rows], columns={"lost": "Lost,Offer cancelled"})
    assert history.deals[0].stages == ("Offer",)


def test_what_cannot_be_understood_is_said_with_the_columns(tmp_path):
    refused(tmp_path, ["x,y", "1,2"], r"say which column is what: .*columns: x, y")
    refused(tmp_path, ["deal,stage,closed", "1,Won,2025-05-01"], r"--map created=COLUMN; columns:")
    refused(tmp_path, ["customer,start,end", "a,soon,2025-05-01"], "dropped: no date of the start")
    many = [MOVES, *(f"{at},Stage {at},2025-05-01" for at in range(99))]
    refused(tmp_path, many, "99 different stages, .* is it the right column")
    rows = [MOVES, "a,Offer,2025-05-01", "a,Won,2025-05-02"]
    refused(tmp_path, rows, "unknown key; did you mean `won`", columns={"wonn": "Won"})
    refused(
        tmp_path, rows, "no file has that column; did you mean `stage`", columns={"stage": "stag"}
    )
    refused(tmp_path, rows, "no open stage `Ofer`; did you mean `Offer`", stages=["Ofer"])
    refused(tmp_path, rows, "expected a date such as", columns={"complete_from": "2025"})
    refused(tmp_path, ["a,a", "1,2"], re.escape("the column `a` stands there twice"))


@pytest.mark.parametrize("start", [b"PK\x03\x04 no book", b"PAR1 no table", b"\x1f\x8b no gzip"])
def test_a_file_that_is_not_what_it_seems(tmp_path, start):
    with pytest.raises(SalessimError, match=r"moves\.csv (is no readable|cannot be unpacked)"):
        read(tmp_path, start)


def test_other_letters_are_read_and_it_is_said(tmp_path):
    history = read(tmp_path, f"{MOVES}\na,Gespräch,2025-05-01\na,Won,2025-05-02".encode("cp1252"))
    assert history.deals[0].stages == ("Gespräch",)
    assert ("noted", "is not UTF-8: read as Windows-1252") in said(history)


def test_two_files_of_one_name_keep_their_accounts(tmp_path):
    paths = []
    for folder, deal in (("one", "a"), ("two", "b")):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "moves.csv")
        paths[-1].write_text(f"{MOVES}\n{deal},Offer,2025-05-01\n{deal},Won,2025-05-02\n")
    history = read_history(paths, today=DAY)
    read_in = [(one.file, one.count) for one in history.findings if one.what == "read"]
    assert read_in == [("moves.csv", 2), ("moves.csv (2)", 2)]
    assert [name for name, _ in history.files] == ["moves.csv", "moves.csv"]


def test_orders_leave_returns_out_and_add_lines_up(tmp_path):
    rows = [
        "CustomerID,InvoiceDate,Quantity,UnitPrice",
        "1,2025-05-01 10:00,2,3.50",
        "1,2025-05-01 10:00,1,1.00",
        "1,2025-05-02 10:00,-1,1.00",
        ",2025-05-02 10:00,1,1.00",
        "2,2025-05-03 11:00,4,2.50",
    ]
    history = read(tmp_path, rows, name="orders.csv")
    assert history.orders.table.to_numpy().tolist() == [
        ["1", pd.Timestamp("2025-05-01 10:00"), 8.0],
        ["2", pd.Timestamp("2025-05-03 11:00"), 10.0],
    ]
    found = said(history)
    assert found["dropped", "no customer"] == (1, (5,))
    assert found["dropped", "a return (in all 1, 5.6% of the purchases): no purchase"] == (1, (4,))
    assert history.orders.known_from == pd.Timestamp("2025-05-01")


def test_dates_that_stand_for_none_are_none(tmp_path):
    rows = [
        "customer,start,end",
        "a,2025-01-01,0001-01-01",
        "b,2025-01-02,1900-01-01",
        "c,2025-01-02,9999-12-31",
        "d,2025-01-02,2025-02-01",
    ]
    history = read(tmp_path, rows, name="contracts.csv")
    assert history.subscriptions.table["end"].dt.year.dropna().tolist() == [9999, 2025]
    assert history.subscriptions.until == pd.Timestamp("2025-02-02")
    assert said(history)["noted", "end: a date before 1950, which stands for none"] == (2, (2, 3))


def test_columns_of_lists_or_bytes_are_left_aside(tmp_path):
    moments = [pd.Timestamp("2025-05-01"), pd.Timestamp("2025-05-02")]
    pd.DataFrame(
        {
            "deal": ["a", "a"],
            "stage": ["Offer", "Won"],
            "at": moments,
            "to": [[1], [2]],
            "amount": [b"1", b"2"],
            "owner": [{"name": "Ann"}] * 2,
        }
    ).to_parquet(tmp_path / "moves.parquet")
    (deals,) = read_history([tmp_path / "moves.parquet"], today=DAY).deals
    assert list(deals.table) == ["deal", "created"]
    assert deals.moves["stage"].tolist() == [0, 1]


def test_of_two_ids_the_one_that_all_rows_have_is_the_deals(tmp_path):
    rows = [
        "lead_id,opportunity_id,stage,at",
        "a,,Lead,2025-05-01",
        "a,7,Offer,2025-05-02",
        "b,,Lead,2025-05-03",
        "b,8,Won,2025-05-04",
    ]
    (deals,) = read(tmp_path, rows).deals
    assert deals.table["deal"].tolist() == ["a", "b"]


def test_moves_of_one_day_follow_the_stages_where_rows_are_in_no_order(tmp_path):
    rows = [
        f"{at},{stage},2025-05-{day:02}"
        for at in range(9)
        for stage, day in (("Talk", at + 1), ("Offer", at + 3), ("Won", at + 5))
    ]
    tied = [
        "x,Won,2025-05-20",
        "x,Talk,2025-05-20",
        "y,Won,2025-05-21",
        "y,Talk,2025-05-20",
        "x,Offer,2025-05-20",
    ]
    (deals,) = read(tmp_path, [MOVES, *rows, *tied]).deals
    mine = deals.moves["deal"] == deals.table["deal"].tolist().index("x")
    assert deals.moves["stage"][mine].tolist() == [0, 1, 2]
    assert deals.stages == ("Talk", "Offer")


@pytest.mark.parametrize("end", [",end", ""])
def test_subscriptions_of_which_none_has_ended(tmp_path, end):
    rows = [f"c{n},2024-0{n}-05,{n}0{',' * bool(end)}" for n in range(1, 6)]
    history = read(tmp_path, [f"customer,start,mrr{end}", *rows])
    assert len(history.subscriptions.table) == 5
    assert history.subscriptions.table["end"].isna().all()
    assert ("noted", "no column says when subscriptions ended: all go on") in said(history)


def test_subscriptions_keep_what_still_runs(tmp_path):
    rows = [
        "customer,start,end,mrr,segment",
        "a,2025-01-01,,10,small",
        "b,2025-01-02,2025-03-01,20,large",
        "c,2025-05-02,2025-03-01,20,large",
    ]
    history = read(tmp_path, rows, name="contracts.csv")
    table = history.subscriptions.table
    assert table["end"].isna().tolist() == [True, False]
    assert table["revenue"].tolist() == [10.0, 20.0]
    assert table["segment"].tolist() == ["small", "large"]
    assert said(history)["dropped", "ends before it starts"] == (1, (4,))
    assert history.subscriptions.until == pd.Timestamp("2025-03-02")
