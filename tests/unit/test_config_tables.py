"""What data files may look like, and what is said of those that are not what they seem."""

import gzip
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from salessim.config import tables
from tests.unit.plan_files import SMALL, load, problems

TIMES = SMALL.replace('{ fixed = "10 days" }', '{ empirical = { file = "NAME" } }')


def times(folder, content, name="times.csv"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(folder, TIMES.replace("NAME", name))


def said_of(folder, content, name="times.csv"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (said,) = problems(folder, TIMES.replace("NAME", name))
    return said.removeprefix("plan.toml:11: pipelines.new.stages[0].cycle_time.empirical.file: ")


def law_of(plan):
    law = plan.model.pipelines[0].stages[0].cycle_time
    return law.values, law.weights


@pytest.mark.parametrize(
    ("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "upright lines")]
)
def test_other_separators_are_read_and_noted(tmp_path, mark, name):
    rows = 'days,weight,what\n3,1,"a, b"\n8,3,c\n'
    expected = times(tmp_path, rows)
    assert expected.notes == ()
    # a comma within quotes is none, in the header as in the rows
    other = rows.replace(",", mark).replace(f"a{mark} b", "a, b").replace("what", '"so, what, so"')
    plan = times(tmp_path, other)
    assert law_of(plan) == law_of(expected)
    assert plan.notes == (f"times.csv: its cells are separated by {name}",)
    ragged = said_of(tmp_path, other + f"1{mark}2\n")
    mark_name = name.removesuffix("s")
    assert ragged.startswith("times.csv: row 4: 2 cells instead of 3; a quote or ")
    assert ragged.endswith(f"a quote or {mark_name} is missing?")


def test_one_column_needs_no_separator(tmp_path):
    assert times(tmp_path, "days\n3\n8\n").notes == ()


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_any_line_end_is_read_and_counted(tmp_path, end):
    assert law_of(times(tmp_path, f"days{end}3{end}8{end}"))[0] == (3.0, 8.0)
    assert "times.csv: row 3: days: " in said_of(tmp_path, f"days{end}3{end}x{end}")


def test_all_ragged_rows_are_counted(tmp_path):
    rows = "days,weight\n" + "1,2\n1,2,3,4\n\n1\n" * 4
    assert said_of(tmp_path, rows) == (
        "times.csv: rows 3, 5, 7, 9, 11 and 3 more: 1 to 4 cells instead of 2; "
        "a quote or comma is missing?"
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("times.csv.gz", b"days\n3\n", 'is no gzip file: it begins with "days\\n3\\n"; '),
        ("TIMES.GZ", b"PAR1", 'is no gzip file: it begins with "PAR1"; '),
        ("times.parquet", b"days\n3\n", 'is no Parquet file: it begins with "days\\n3\\n"; '),
        ("times.pq", b"\x1f\x8b\x08", 'is no Parquet file: it begins with "\\x1f\\x8b\\x08"; '),
        ("times.parquet", b"PAR1PAR1", "is no readable Parquet file: "),
        ("times.csv.gz", b"\x1f\x8b\x08", "cannot be unpacked: "),
    ],
)
def test_a_file_is_what_its_name_says(tmp_path, name, content, said):
    assert said_of(tmp_path, content, name).startswith(f"{name} {said}")


def test_a_name_that_says_what_a_file_is_does_no_harm(tmp_path):
    assert law_of(times(tmp_path, gzip.compress(b"days\n3\n"), "times.csv.gz"))[0] == (3.0,)
    pq.write_table(pa.table({"days": [3.0]}), tmp_path / "times.parquet")
    assert law_of(load(tmp_path, TIMES.replace("NAME", "times.parquet")))[0] == (3.0,)


def test_what_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LARGEST_FILE", 1_000_000)
    rows = "days\n" + "3\n" * 499_997
    assert law_of(times(tmp_path, rows))[0][0] == 3.0
    assert said_of(tmp_path, rows + "33").endswith("holds more than 1 MB; is it the right file?")
    small = gzip.compress((rows + "33").encode())
    assert len(small) < 10_000
    assert said_of(tmp_path, small) == (
        "times.csv unpacks to more than 1 MB; is it the right file?"
    )


def test_a_parquet_file_of_too_many_rows_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    pq.write_table(pa.table({"days": [3.0, 4.0, 5.0]}), tmp_path / "times.parquet")
    (said,) = problems(tmp_path, TIMES.replace("NAME", "times.parquet"))
    assert "times.parquet has 3 rows, more than 2;" in said


def test_no_device_and_no_pipe_is_waited_for(tmp_path):
    assert "zero holds more than 256 MB" in "".join(
        problems(tmp_path, TIMES.replace("NAME", "/dev/zero"))
    )
    os.mkfifo(tmp_path / "pipe.csv")
    assert "pipe.csv is empty" in "".join(problems(tmp_path, TIMES.replace("NAME", "pipe.csv")))


def test_a_cell_that_swallows_the_rest_is_said(tmp_path):
    rows = 'days,weight\n3,"1\n' + "4,1\n" * 50_000
    assert said_of(tmp_path, rows) == (
        "times.csv: row 2: field larger than field limit (131072); is the closing quote of a cell "
        "missing?"
    )


DEALS = '[open_deals]\nfile = "deals.csv"\nstages = { Won = "ignore" }\n'


@pytest.mark.parametrize(
    ("stage", "near"),
    [
        ("FIRST", "new.first"),
        (" Second", "new.second"),
        ("WON", "Won"),
        ("NEW.SECOND", "new.second"),
    ],
)
def test_the_nearest_stage_is_found_whatever_its_capitals(tmp_path, stage, near):
    (tmp_path / "deals.csv").write_text(f"id,stage\n1,{stage}\n")
    (said,) = problems(tmp_path, SMALL + DEALS)
    assert f"which is not mapped; did you mean `{near}`?" in said


def test_empty_texts_in_parquet_are_empty_cells(tmp_path):
    table = pa.table({"id": ["1", "2"], "stage": ["new.first"] * 2, "amount": ["", "5"]})
    pq.write_table(table, tmp_path / "deals.csv")
    amounts = load(tmp_path, SMALL + DEALS).model.open_deals.amounts
    assert [str(amount) for amount in amounts] == ["nan", "5.0"]


def test_what_is_said_is_one_line_that_a_terminal_can_show(tmp_path):
    said = said_of(tmp_path, '"\x1b[31m\n",' + "x" * 5000 + "\n3,4\n")
    assert said.startswith("times.csv has no column `days`; columns: `\\x1b[31m\\n`, `xxx")
    assert len(said) < 1500
    assert " ... " in said
