"""Data files: CSV, gzipped CSV and Parquet; mapping, reading as of the start, and every mistake."""

import gzip
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.plan_files import SMALL, load, problems

DEALS = """\
[open_deals]
file = "deals.csv"
columns = { id = "deal", stage = "status", entered = "since", amount = "value" }
stages = { Talk = "new.first", Offer = "new.second", Won = "ignore" }
"""
ROWS = """\
deal,status,since,value,owner
a,Talk,2026-12-01,100,"Smith, Jo"
b,Offer,2026-12-31 23:59:59,,Ann
c,Won,,-5,Ann
d,new.first,2026-12-22T08:00:00Z,0.5,
"""
CUSTOMERS = """\
[customers]
file = "customers.csv"
lifetime = { fixed = "9 years" }
"""


def deals(folder, rows=ROWS, table=DEALS, name="deals.csv", **options):
    (folder / name).write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    return load(folder, SMALL + table, **options)


def deal_problems(folder, rows=ROWS, table=DEALS, **options):
    """What is wrong, without the address, which is the same for all."""
    (folder / "deals.csv").write_bytes(rows if isinstance(rows, bytes) else rows.encode())
    found = problems(folder, SMALL + table, **options)
    start = "plan.toml:22: open_deals.file: "
    return [problem.removeprefix(start).removeprefix("deals.csv: ") for problem in found]


def test_open_deals_are_read_by_their_mapping(tmp_path):
    plan = deals(tmp_path)
    opened = plan.model.open_deals
    assert opened.ids == ("a", "b", "d")
    assert opened.stages == ("new.first", "new.second", "new.first")
    assert opened.age_days.tolist() == [31.0, 1.0, 10.0]
    np.testing.assert_array_equal(opened.amounts, [100.0, np.nan, 0.5])
    assert opened.buyer_is_new.all()
    assert plan.notes == ("deals.csv: 4 rows read, 1 ignored (Won 1), 3 open",)
    assert plan.inputs[1].path == tmp_path / "deals.csv"


def test_the_buyer_is_said_for_all_or_by_pipeline(tmp_path):
    assert not deals(
        tmp_path, table=DEALS + 'buyer = "existing"'
    ).model.open_deals.buyer_is_new.any()
    table = DEALS + 'buyer = { new = "existing" }'
    assert not deals(tmp_path, table=table).model.open_deals.buyer_is_new.any()


def parquet(folder, name="deals.csv"):
    table = pa.table(
        {
            "deal": pa.array([7, 8, 9, 10], pa.int64()),
            "status": ["Talk", "Offer", "Won", "new.first"],
            "since": pa.array(
                [datetime(2026, 12, 1), datetime(2026, 12, 31, 23), None, datetime(2026, 12, 22)],  # noqa: DTZ001
                pa.timestamp("ns"),
            ),
            "value": [100.0, float("nan"), -5.0, 0.5],
        }
    )
    pq.write_table(table, folder / name)


def test_gzip_and_parquet_read_the_same(tmp_path):
    expected = deals(tmp_path).model.open_deals
    packed = deals(tmp_path, rows=gzip.compress(ROWS.encode())).model.open_deals
    parquet(tmp_path)
    columns = load(tmp_path, SMALL + DEALS).model.open_deals
    assert packed.ids == expected.ids
    assert columns.ids == ("7", "8", "10")
    for other in (packed, columns):
        assert other.stages == expected.stages
        np.testing.assert_array_equal(other.age_days, expected.age_days)
        np.testing.assert_array_equal(other.amounts, expected.amounts)


def test_parquet_dates_with_a_zone_are_the_days_on_that_clock(tmp_path):
    stamps = pa.array([datetime(2026, 12, 31, 23, 30)], pa.timestamp("us", "+02:00"))  # noqa: DTZ001
    days = pa.array([date(2026, 12, 30)], pa.date32())
    for since, age in ((stamps, 0.0), (days, 2.0)):
        table = pa.table({"deal": ["a"], "status": ["Talk"], "since": since, "value": [1]})
        pq.write_table(table, tmp_path / "deals.csv")
        if age:
            assert load(tmp_path, SMALL + DEALS).model.open_deals.age_days.tolist() == [age]
        else:
            # half past eleven in the evening there is the next day's half past one
            assert "since is not before the start" in problems(tmp_path, SMALL + DEALS)[0]


def test_columns_have_default_names(tmp_path):
    rows = "id,stage,amount\na,new.first,3\n"
    plan = deals(tmp_path, rows, '[open_deals]\nfile = "deals.csv"')
    assert plan.model.open_deals.age_days.tolist() == [0.0]
    assert plan.model.open_deals.amounts.tolist() == [3.0]
    assert plan.notes == (
        "deals.csv: no column for entered: all ages are 0",
        "deals.csv: 1 row read, 1 open",
    )


AS_OF = """\
deal,status,since,value,closed
gone,Won,2026-10-01,1,2026-12-31
won on the day,Won,2026-11-01,2,2027-01-01
won later,Won,2026-12-02,3,2027-02-01
open,Talk,2026-12-03,4,
not yet,Talk,2027-01-01,5,
not yet and closed,Won,2027-01-03,6,2027-01-05
gone without a date,Won,,7,2026-05-05
ignored,Draft,,x,never
"""
AS_OF_TABLE = DEALS.replace('value" }', 'value", closed = "closed" }').replace(
    'Won = "ignore" }', 'Won = "new.second", Draft = "ignore" }'
)


def test_with_a_closing_date_the_file_is_read_as_of_the_start(tmp_path):
    plan = deals(tmp_path, AS_OF, AS_OF_TABLE)
    assert plan.model.open_deals.ids == ("won on the day", "won later", "open")
    assert plan.model.open_deals.age_days.tolist() == [61.0, 30.0, 29.0]
    assert plan.notes == (
        (
            "deals.csv: 8 rows read, 1 ignored (Draft 1), 2 closed before 2027-01-01, "
            "2 entered later, 3 open"
        ),
    )
    later = plan.with_({"forecast.start": date(2027, 1, 4)})
    assert later.model.open_deals.ids == ("won later", "open", "not yet", "not yet and closed")


def test_without_a_closing_date_no_deal_is_entered_after_the_start(tmp_path):
    rows = ROWS + "".join(f"x{i},Talk,2027-01-0{i},,\n" for i in range(1, 8))
    assert deal_problems(tmp_path, rows) == [
        (
            "rows 6, 7, 8, 9, 10 and 2 more: since is not before the start (2027-01-01); map the "
            'closing date (columns = { closed = "..." }) to read the file as of the start, '
            "or take the rows out"
        )
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,Talk,2026-02-30,,", ('row 6: since: expected a date that exists, such as 2027-01-31, '
         'found "2026-02-30"')),
        ("x,Talk,03/04/2026,,", ("row 6: since: expected a date such as 2027-01-31 or say "
         'date_format = "%d/%m/%Y" or "%m/%d/%Y", found "03/04/2026"')),
        ("x,Talk,soon,,", 'row 6: since: expected a date such as 2027-01-31, found "soon"'),
        ("x,Talk,,,", "row 6: since is empty; fill it in or take the row out"),
        (",Talk,2026-01-01,,", "row 6: deal is empty; fill it in or take the row out"),
        ("x,Talk,2026-01-01,-3,", 'row 6: value: expected an amount from 0 to 1e12, found "-3"'),
        ("x,Talk,2026-01-01,3 EUR,", ("row 6: value: expected a plain number such as 1200.50, "
         'found "3 EUR"')),
        ("x,Talk,2026-01-01,infinity,", ("row 6: value: expected an amount from 0 to 1e12, "
         'found "infinity"')),
        ("a,Talk,2026-01-01,,", 'row 6: deal is a duplicate (the first: "a"); each id stands once'),
        ("x,Takl,2026-01-01,,", ('1 row with the stage "Takl", which is not mapped; did you mean '
         '`Talk`?; or add it: stages = { "Takl" = "pipeline.stage" or "ignore" }')),
        ("x,,2026-01-01,,", ("1 row with the stage an empty text, which is not mapped; stages: "
         '`Talk`, `Offer`, `Won`, `new.first`, `new.second`; or add it: stages = { "" = '
         '"pipeline.stage" or "ignore" }')),
        ("x,Talk,2026-01-01", "row 6: 3 cells instead of 5; a quote or comma is missing?"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_row_is_said_with_the_row(tmp_path, row, said):
    assert deal_problems(tmp_path, ROWS + row + "\n") == [said]


def test_rows_are_lines_of_the_file(tmp_path):
    rows = ROWS.replace('"Smith, Jo"', '"Smith\nand Jo"') + "\n\nx,Talk,soon,,\ny,Talk,soon,,\n"
    assert deal_problems(tmp_path, rows) == [
        'rows 9, 10: since: expected a date such as 2027-01-31, found "soon"'
    ]


def test_all_mistakes_of_a_file_are_said_at_once(tmp_path):
    rows = ROWS + "x,Talk,soon,-1,\nx,Talk,,,\ny,Huh,bad,bad,bad\n"
    assert [problem.partition(":")[0] for problem in deal_problems(tmp_path, rows)] == [
        '1 row with the stage "Huh", which is not mapped; stages',
        "row 6",
        "row 7",
        "row 7",
        "row 6",
    ]


def test_a_date_format_is_followed(tmp_path):
    rows = ROWS.replace("2026-12-01", "01/12/2026").replace("2026-12-31 23:59:59", "31/12/2026")
    rows = rows.replace("2026-12-22T08:00:00Z", "22/12/2026")
    plan = deals(tmp_path, rows, DEALS + 'date_format = "%d/%m/%Y"')
    assert plan.model.open_deals.age_days.tolist() == [31.0, 1.0, 10.0]
    assert deal_problems(tmp_path, table=DEALS + 'date_format = "%d/%m/%Y"')[0] == (
        'rows 2, 3, 5: since: expected a date like "%d/%m/%Y", found "2026-12-01"'
    )
    wrong = deal_problems(tmp_path, table=DEALS + 'date_format = "%d/%m"')
    assert wrong[0].startswith(
        "plan.toml:25: open_deals.date_format: expected a date format with year, month and day"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "deals.csv is empty; expected a header and rows"),
        (b"\n\n", "empty; expected a header and rows"),
        (b"deal,status,since\n", "deals.csv has a header and no rows; take it out of the plan"),
        (b"deal,deal\n1,2\n", "the column `deal` stands there twice; rename one"),
        ("deal\nMüller\n".encode("latin-1"), "row 2: expected UTF-8 text, found the byte 0xfc"),
        (ROWS.encode("utf-16"), "row 1: expected UTF-8 text, found the byte 0xff"),
        (ROWS.encode("utf-16-le"), "deals.csv holds zero bytes: it is neither CSV"),
        (b"PK\x03\x04 and so on", "deals.csv is a spreadsheet; name its sheet, as in file = "),
        (b"PAR1 and so on", "deals.csv is no readable Parquet file: "),
        (b"\x1f\x8b and so on", "deals.csv cannot be unpacked: "),
        (gzip.compress(ROWS.encode())[:-9], "deals.csv cannot be unpacked: "),
        (ROWS.replace("since", "sinse").encode(), ("deals.csv has no column `since`; "
         "did you mean `sinse`?")),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_said(tmp_path, content, said):
    assert said in deal_problems(tmp_path, content)[0]


def test_a_missing_file_names_the_nearest(tmp_path):
    (tmp_path / "deal.csv").write_text(ROWS)
    assert problems(tmp_path, SMALL + DEALS) == [
        "plan.toml:22: open_deals.file: no such file: deals.csv; did you mean deal.csv?"
    ]
    (tmp_path / "deals.csv").mkdir()
    assert "expected a data file, found a folder" in problems(tmp_path, SMALL + DEALS)[0]


def test_columns_that_are_needed_are_asked_for(tmp_path):
    found = deal_problems(tmp_path, table='[open_deals]\nfile = "deals.csv"')
    assert found == [
        f'deals.csv has no column `{role}`; say which it is: columns = {{ {role} = "..." }}; '
        "columns: `deal`, `status`, `since`, `value`, `owner`"
        for role in ("id", "stage")
    ]


def test_wrong_targets_are_addressed_to_the_plan(tmp_path):
    table = DEALS.replace('"new.second"', '"new.secnd"') + 'buyer = { nw = "new" }'
    assert deal_problems(tmp_path, table=table) == [
        (
            'plan.toml:24: open_deals.stages.Offer: expected "pipeline.stage" or "ignore", found '
            '"new.secnd"; did you mean `new.second`?'
        ),
        (
            "plan.toml:25: open_deals.buyer.nw: expected a pipeline of this plan, found "
            '"nw"; did you mean `new`?'
        ),
    ]


def customer_problems(folder, rows, table=CUSTOMERS):
    (folder / "customers.csv").write_text(rows)
    found = problems(folder, SMALL + table)
    start = "plan.toml:22: customers.file: "
    return [problem.removeprefix(start).removeprefix("customers.csv: ") for problem in found]


def test_customers_have_tenures_by_their_dates(tmp_path):
    (tmp_path / "customers.csv").write_text("customer_id,since\nx,2026-12-31\ny,2027-01-01\n")
    plan = load(tmp_path, SMALL + CUSTOMERS)
    assert plan.model.customers.ids == ("x", "y")
    assert plan.model.customers.tenure_days.tolist() == [1.0, 0.0]
    assert plan.notes == ("customers.csv: 2 rows read, 2 customers",)
    renamed = CUSTOMERS + 'columns = { customer_id = "who", since = "first" }\n'
    renamed += 'date_format = "%d.%m.%Y"'
    (tmp_path / "customers.csv").write_text("who,first\nx,31.12.2026\n")
    assert load(tmp_path, SMALL + renamed).model.customers.tenure_days.tolist() == [1.0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            "customer_id,since\nx,2027-01-02\n",
            "row 2: since is after the start (2027-01-01); take the rows out or start later",
        ),
        (
            "customer_id,since\nx,\n,2026-01-01\n",
            (
                "row 3: customer_id is empty; fill it in or take the row out\n"
                "row 2: since is empty; fill it in or take the row out"
            ),
        ),
        (
            "customer_id,since\nx,2026-01-01\nx,soon\n",
            (
                'row 3: customer_id is a duplicate (the first: "x"); each id stands once\n'
                'row 3: since: expected a date such as 2027-01-31, found "soon"'
            ),
        ),
        (
            "name,since\nx,2026-01-01\n",
            (
                "customers.csv has no column `customer_id`; say which it is: "
                'columns = { customer_id = "..." }; columns: `name`, `since`'
            ),
        ),
        (
            "customer_id\nx\n",
            (
                "plan.toml:23: customers.lifetime: only an exponential lifetime does without the "
                "customers' tenure: how long they will stay depends on how long they have; "
                "give the file a column `since`"
            ),
        ),
    ],
)
def test_a_mistake_in_the_customers_is_said(tmp_path, rows, said):
    assert "\n".join(customer_problems(tmp_path, rows)) == said


def test_unknown_customer_columns_are_said(tmp_path):
    table = CUSTOMERS + 'columns = { since = "sinse" }'
    assert customer_problems(tmp_path, "customer_id,since\nx,2026-01-01\n", table) == [
        "customers.csv has no column `sinse`; did you mean `since`?"
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("day\n3\n", "times.csv has no column `days`; did you mean `day`?"),
        ("days\n3\nx\n", ("times.csv: row 3: days: expected a plain number such as 1200.50, "
         'found "x"')),
        ("days,weight\n3,0\n", "times.csv: expected a weight above 0, found none"),
        ("days,weight\n3,\n", "times.csv: row 2: weight is empty"),
        ("", "times.csv is empty; expected a header and rows"),
    ],
)  # fmt: skip
def test_a_mistake_in_observed_times_is_said(tmp_path, rows, said):
    (tmp_path / "times.csv").write_text(rows)
    text = SMALL.replace('{ fixed = "10 days" }', '{ empirical = { file = "times.csv" } }')
    assert problems(tmp_path, text) == [
        f"plan.toml:11: pipelines.new.stages[0].cycle_time.empirical.file: {said}"
    ]


def test_observed_amounts_are_in_a_column_of_that_name(tmp_path):
    (tmp_path / "sizes.csv").write_text("amount\n3\n4\n")
    text = SMALL.replace("{ fixed = 100 }", '{ empirical = { file = "sizes.csv" } }')
    assert load(tmp_path, text).model.pipelines[0].amount.values == (3.0, 4.0)
