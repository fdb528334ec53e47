"""Whatever a table holds, it is read to a sound history, or what is wrong is said."""

import csv
import io
import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salessim.errors import SalessimError
from salessim.fit.reading import read_history
from salessim.fit.reading.names import NAMES, SETTINGS
from salessim.fit.reading.recognise import plain
from salessim.fit.reading_report import report_lines, report_table

COLUMNS = [
    "deal", "id", "stage", "from", "to", "changed at", "created", "closed", "won date", "amount",
    "owner", "source", "customer", "start", "end", "mrr", "date", "quantity", "unit price",
    "order id", "is deleted", "is won", "is closed", "field", "new value", "old value", "pipeline",
    "stage id", "label", "display order", "merged deal id", "hs_date_entered_a", "_fivetran_start",
]  # fmt: skip
BASES = [
    [],
    ["deal", "stage", "changed at"],
    ["deal", "from", "to", "changed at"],
    ["id", "stage", "created", "closed"],
    ["deal", "created", "won date"],
    ["deal", "field", "new value", "created"],
    ["deal", "created", "hs_date_entered_a", "hs_date_entered_won"],
    ["customer", "date", "amount"],
    ["customer", "start", "end"],
]
CELLS = st.sampled_from(
    [
        *("", " ", "1", "2", "a", "b", "Won", "Lost", "Open", "true", "dealstage", "amount"),
        *("2024-01-31", "2024-02-30", "2024-03-01", "2024-03-02", "31/01/2024", "02/03/2024"),
        *("2024-01-31T10:00:00Z", "1706695200000", "2999-01-01", "0001-01-01", "9999-12-31"),
        *("1.234", "1,5", "$3", "-7", "9e99", "nan", "\u00e9", "9" * 30),
    ]
)


@st.composite
def tables(draw):
    base = draw(st.sampled_from(BASES))
    more = draw(st.lists(st.sampled_from(COLUMNS), max_size=5, unique=True))
    columns = [*base, *(name for name in more if name not in base)] or ["deal"]
    rows = draw(st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=8))
    return [columns, *rows]


OPTIONS = st.dictionaries(
    st.sampled_from(["won", "lost", "dates", "decimal", "complete_from", "amount", "stage"]),
    st.sampled_from(["Won", "a,b", "DMY", ",", ".", "2024-01-01", "none", "amount", "id"]),
    max_size=3,
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(tables(), min_size=1, max_size=3), OPTIONS)
def test_no_table_is_a_traceback(tmp_path, several, options):
    paths = []
    for number, table in enumerate(several):
        text = io.StringIO()
        csv.writer(text).writerows(table)
        paths.append(tmp_path / f"{number}.csv")
        paths[-1].write_text(text.getvalue())
    try:
        history = read_history(paths, columns=options)
    except SalessimError as error:
        said = error.problems
    else:
        said = report_lines(history)
        assert_sound(history)
    assert said
    assert all(line.strip() for line in said)


def assert_sound(history):
    table = report_table(history).set_index("what")["count"]
    assert table["read"].sum() == table["used"].sum() + table.get(["dropped"], table[:0]).sum()
    assert (table[["used"]] >= 0).all()
    for deals in history.deals:
        assert deals.moves["stage"].between(0, deals.lost).all()
        assert deals.moves["deal"].isin(deals.table.index).all()
        assert not deals.moves.isna().to_numpy().any()
        assert not deals.table[["deal", "created"]].isna().to_numpy().any()
        assert (deals.moves.groupby("deal")["at"].diff().dropna().dt.total_seconds() >= 0).all()
        assert (deals.moves["at"] < deals.until).all()
        assert (deals.amounts["amount"] >= 0).all()


def test_every_key_is_explained():
    page = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    keys = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert keys == {*NAMES, *SETTINGS}


def test_every_name_can_be_found():
    for key, names in NAMES.items():
        assert [plain(name) for name in names] == list(names), key
    assert not set(SETTINGS) & set(NAMES)
