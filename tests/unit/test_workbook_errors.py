# ruff: noqa: E501  (a line for each case)
"""What is wrong with a plan in a workbook is said by sheet and cell, all at once, with a remedy."""

import io
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from salessim.config import PlanError, load_plan, xlsx
from salessim.config.xlsx import MOST_CELLS
from tests.unit.fuzz import damaged_bytes, fuzzed
from tests.unit.workbooks import SHEETS, Formula, book_problems, spoiled, write_book

FIRST = "pipelines.new.stages[0]"


def said(folder, *cells, **sheets) -> list[str]:
    return [
        problem.removeprefix("plan.xlsx: ")
        for problem in book_problems(folder, spoiled(*cells, **sheets))
    ]


@pytest.mark.parametrize(
    ("cell", "typed", "problem"),
    [
        ("Stages!C2", 2, f'{FIRST}.conversion: expected a probability from 0 to 1, found 2; write "2%"?'),
        ("Stages!C2", "0.4", f'{FIRST}.conversion: expected a number, found the text "0.4"; format'),
        ("Stages!C2", "1.234,5", f'{FIRST}.conversion: expected a number, found the text "1.234,5"'),
        ("Stages!C2", None, f"{FIRST}: missing key `conversion`"),
        ("Stages!C2", date(2027, 1, 4), f"{FIRST}.conversion: expected a number, found the date 2027"),
        ("Stages!C2", "0.4 .. 0.5 .. 0.6", f"{FIRST}.conversion: expected two ends such as 58 .. 84"),
        ("Stages!C2", "{ beta = [1", f"{FIRST}.conversion: expected a value such as {{ p05 = 0.4"),
        ("Stages!C2", Formula("=1/0 -> #DIV/0!"), f"{FIRST}.conversion: found the error #DIV/0!; mend"),
        ("Stages!C2", Formula("=A9 -> "), f"{FIRST}.conversion: the formula has no value yet; open"),
        ("Stages!A2", Formula("=X -> #REF!"), "found the error #REF!; mend the formula"),
        ("Stages!A2", "nwe", '"nwe" is not on the sheet Pipelines; did you mean `new`?'),
        ("Stages!A2", None, "no pipeline is named here"),
        ("Stages!B2", date(2027, 1, 4), "expected a text, found the date 2027-01-04; format"),
        ("Stages!D2", "lognorml", f'{FIRST}.cycle_time: unknown law "lognorml"; did you mean `lognormal`'),
        ("Stages!D2", None, f"{FIRST}.cycle_time: no law is named for what stands in Cycle time (days)"),
        ("Stages!E2", None, f"{FIRST}.cycle_time: expected a value, found an empty cell"),
        ("Stages!E2", "10 dayz", f'{FIRST}.cycle_time.fixed: "10 dayz" is not a duration such as'),
        ("Stages!E2", time(5, 3), f"{FIRST}.cycle_time.fixed: expected a number, found the time 05:03"),
        ("Stages!B3", "first", 'pipelines.new.stages[1].name: "first" is the name of stages[0] already'),
        ("Pipelines!A3", "new", "pipelines.new stands in Pipelines!A2 already; take one out"),
        ("Pipelines!D2", 4, "pipelines.new.amount: fixed has no spread; clear this cell"),
        ("Sources!B2", "extrnal", 'sources.web.kind: expected "external" or "customer", found "extrnal"'),
        ("Sources!D2", "often", 'sources.web.rate: expected a rate such as "200 per month"'),
        ("Forecast!B2", "1.2.2027", 'forecast.start: expected a date, found the text "1.2.2027"; format'),
        ("Forecast!B2", 46000, "forecast.start: expected a date, found 46000; format the cell as a date"),
        ("Forecast!B3", None, "forecast: missing key `horizon`"),
        ("Forecast!B4", 40.5, "forecast.trajectories: expected a whole number, found 40.5"),
        ("Stages!C1", "Convrsion", 'unknown column "Convrsion"; did you mean `Conversion`?'),
        ("Stages!C1", "Stage", 'the column "Stage" is there twice; take one out'),
        ("Stages!C1", None, "no header stands above this column; write it, or clear the column"),
        ("Stages!G9", "stray", None),
    ],
)  # fmt: skip
def test_one_mistake_is_one_problem_at_its_cell(tmp_path, cell, typed, problem):
    sheet, _, address = cell.partition("!")
    if problem is None:
        cell, problem = "Stages!G1", "no header stands above this column"
    (only,) = said(tmp_path, (sheet, address, typed))
    assert only.startswith(f"{cell}: {problem}")


@pytest.mark.parametrize(
    ("law", "problem"),
    [
        ("{ fixed = '3 days' }", "Cycle time law says the whole law; clear this cell"),
        ("pert", 'expected three values such as 4 .. 12 .. 50, found "10 days"'),
        ("uniform", 'expected two values such as 90 .. 270, found "10 days"'),
    ],
)
def test_a_law_that_its_value_does_not_fit_is_said_at_the_value(tmp_path, law, problem):
    assert said(tmp_path, ("Stages", "D2", law)) == [f"Stages!E2: {FIRST}.cycle_time: {problem}"]


def test_all_mistakes_are_said_at_once_in_their_order(tmp_path):
    mistakes = [
        ("Sources", "D2", "often"),
        ("Stages", "C3", Formula("=1/0 -> #DIV/0!")),
        ("Stages", "C2", 2),
        ("Forecast", "B3", None),
    ]
    found = said(tmp_path, *mistakes)
    assert [line.partition(":")[0] for line in found] == [
        *("Forecast!B3", "Stages!C2", "Stages!C3", "Sources!D2")
    ]


@pytest.mark.parametrize(
    ("sheets", "problems"),
    [
        ({"Stagess": [["x"]]}, ['unknown sheet "Stagess"; did you mean `Stages`?; a sheet of']),
        (
            {"Returns": [["Pipeline", "Stage", "Way"], ["new", "frist", "back"], ["new", "first", "bck"]]},
            [
                'Returns!B2: unknown stage "frist" of new; did you mean `first`?',
                'Returns!C3: unknown way "bck"; did you mean `back`?',
            ],
        ),
        (
            {"Returns": [["Pipeline", "Way", "Share"], ["new", "back", 0.1]]},
            ['Returns!A1: there is no column "Stage", which each row needs'],
        ),
        (
            {
                "More": [
                    ["Key", "Value"],
                    ["sources.web.rat", 3],
                    ["pipelines.new.stages.thrid.conversion", 0.3],
                    ["sources.web.rate", 3],
                    ["a b", 3],
                    ["extends", "x"],
                    [None, 3],
                    ["currency", None],
                ]
            },
            [
                "More!B2: sources.web.rat: unknown key; did you mean `rate`?",
                "More!A3: unknown stage `thrid`; known: `first`, `second`",
                "More!A4: sources.web.rate is said by another sheet already; take one out",
                "More!A5: expected a dotted key such as sources.outbound.rate",
                "More!A6: `extends` is a setting of the sheet Forecast: write it there",
                "More!A7: a value without a key, such as sources.web.rate",
                "More!B8: currency: expected a value, found an empty cell",
            ],
        ),
        (
            {
                "Scenarios": [
                    ["Scenario", "Key", "Value"],
                    ["a", "sources.wb.rate", "3 per month"],
                    ["b", "pipelines.new.stages.first.conversion", 1.2],
                ]
            },
            [
                'Scenarios!C2: scenarios.a."sources.wb.rate": the plan has no sources.wb; did you',
                'Scenarios!C3: scenarios.b."pipelines.new.stages.first.conversion": expected a pro',
            ],
        ),
        (
            {"Targets": [["Span", "Bookings"], [2027, 9], [date(2027, 3, 1), 5], ["2027Q9", 4]]},
            ["Targets!B4: targets.2027Q9: expected a year (2027), a quarter (2027Q2), a month"],
        ),
        (
            {
                "Customers": [["Segment", "Lifetime law", "Lifetime (days)"], [None, "fixed", 9]],
                "Customer list": [["customer_id", "since"], ["a", "nope"], [], ["a", None]],
            },
            [
                "Customer list!A1: customers.file: plan.xlsx#Customer list: row 4: since is empty",
                "Customer list!A1: customers.file: plan.xlsx#Customer list: row 4: customer_id is a",
                "Customer list!A1: customers.file: plan.xlsx#Customer list: row 2: since: expected a",
            ],
        ),
        (
            {"Sources": [
                ["Source", "Kind", "Pipeline", "Rate (per month)", "Jan", "Feb"],
                ["web", "external", "new", 3, 1, 1],
            ]},
            ["Sources!A2: sources.web.season: the season needs all twelve months, or none; fill"],
        ),
        ({"Forecast": [["Setting", "Value"], ["Strat", 1]]}, [
            "Forecast!A1: missing key `forecast`",
            'Forecast!A2: unknown setting "Strat"; did you mean `Start`?; other keys go to the',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_sheet_is_said(tmp_path, sheets, problems):
    found = said(tmp_path, **sheets)
    assert len(found) == len(problems), found
    for line, problem in zip(found, problems, strict=True):
        assert line.startswith(problem)


def test_merged_cells_are_refused(tmp_path):
    path = tmp_path / "plan.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Stages")
        sheet.write_row(0, 0, ["Pipeline", "Stage"])
        sheet.merge_range(1, 0, 2, 0, "new")
    with pytest.raises(PlanError, match=r"Stages!A2: merged with the cells up to A3; unmerge them"):
        load_plan(path)


def changed(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """A workbook with a text in one of its files replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(file, "w") as other:
        for name in book.namelist():
            text = book.read(name)
            if name == part:
                assert old in text
                text = text.replace(old, new)
            other.writestr(name, text)
    return file.getvalue()


def archive(*names: str, content: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name in names:
            book.writestr(name, content)
    return file.getvalue()


ENCRYPTED = b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le")
SHEET1 = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda _: b"", 'is no workbook: it begins with ""; save it as .xlsx'),
        (lambda _: b"title = 1", 'is no workbook: it begins with "title = 1"; save it as .xlsx'),
        (lambda _: ENCRYPTED, "is protected by a password; save it without one"),
        (lambda _: ENCRYPTED[:9], "is a workbook of the old kind (.xls); save it as .xlsx"),
        (lambda _: archive("content.xml"), "is an OpenDocument file; save it as .xlsx from"),
        (lambda _: archive("xl/workbook.bin"), "is a binary workbook; save it as .xlsx from"),
        (lambda _: archive("a.txt"), "is a ZIP archive; save it as .xlsx from"),
        (lambda content: content[:-200], "is damaged ("),
        (lambda content: content[:900] + b"\0\0\0\0" + content[904:], "is damaged ("),
        (
            lambda content: changed(content, SHEET1, b'r="B3"', b'r="XFD1048576"'),
            f"is too large: sheet Forecast goes to XFD1048576; delete what lies far off (more than {MOST_CELLS:,} cells",
        ),
        (
            lambda content: changed(
                changed(content, SHEET1, b'<c r="B3"', b"<c"), SHEET1, b'<row r="3"', b'<row r="9999999"'
            ),
            "is too large: sheet Forecast goes to D9999999; delete what lies far off",
        ),
        (
            lambda content: changed(content, "xl/workbook.xml", b"<workbook ", b"<!DOCTYPE x><workbook "),
            "is damaged (xl/workbook.xml declares a document type)",
        ),
    ],
)  # fmt: skip
def test_what_is_no_workbook_is_said_with_the_remedy(tmp_path, spoil, problem):
    path = write_book(tmp_path / "plan.xlsx", SHEETS)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    (only,) = caught.value.problems
    assert only.startswith(f"{path} {problem}")


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "LARGEST_UNPACKED", 2_000_000)
    path = tmp_path / "plan.xlsx"
    path.write_bytes(archive("xl/workbook.xml", "a", content=bytes(1_000_001)))
    assert path.stat().st_size < 10_000
    with pytest.raises(PlanError, match="unpacks to more than 2 MB; is it the right file"):
        load_plan(path)


@pytest.mark.parametrize("ending", [".xls", ".ods", ".csv"])
def test_other_files_of_spreadsheets_are_refused(tmp_path, ending):
    path = tmp_path / f"plan{ending}"
    path.write_bytes(b"anything")
    with pytest.raises(PlanError, match=r"plans are TOML files or workbooks \(.xlsx\), found"):
        load_plan(path)


def test_a_workbook_named_toml_is_said(tmp_path):
    path = write_book(tmp_path / "plan.xlsx", SHEETS).rename(tmp_path / "plan.toml")
    with pytest.raises(PlanError, match=r"if it is a workbook, name it .xlsx"):
        load_plan(path)


def test_any_other_workbook_is_no_plan(tmp_path):
    path = write_book(tmp_path / "sums.xlsx", {"Sheet1": [[1]]})
    with pytest.raises(PlanError, match=r"holds no sheet of a plan .*salessim init --excel"):
        load_plan(path)


TYPED = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(date(1905, 1, 1)),
    st.just(datetime(2027, 1, 1, 5)),  # noqa: DTZ001  (as cells have it)
    st.sampled_from(["", " ", "..", "1 ..", "1 .. 2", "0.1 .. x", "..5", "{", "[", "[]", "{}"]),
    st.sampled_from(["{ p05 = 1, p95 = 2 }", "[1, 2", "'", "=1+1", "nan", "inf", "1e999", "x" * 9_000]),
    st.sampled_from(["lognormal", "pert", "new", "first", "extends", "Extends", "a.b", '"a"."b"']),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=8),
)  # fmt: skip
PLACES = [
    (name, f"{chr(ord('A') + column)}{row}")
    for name, rows in SHEETS.items()
    for row in range(1, len(rows) + 2)
    for column in range(len(rows[0]))
]


def outcome(path) -> tuple[str, ...]:
    """The problems of a plan; none when it loads. Any other exception fails the test."""
    try:
        load_plan(path)
    except PlanError as error:
        return error.problems
    return ()


@fuzzed(40)
@given(st.dictionaries(st.sampled_from(PLACES), TYPED, min_size=1, max_size=4))
def test_whatever_cells_hold_there_is_a_plan_or_an_address(tmp_path_factory, typed):
    path = tmp_path_factory.mktemp("typed") / "plan.xlsx"
    write_book(path, spoiled(*((*place, value) for place, value in typed.items())))
    assert all(problem.startswith(f"{path}: ") for problem in outcome(path))


@fuzzed(60)
@given(st.data())
def test_whatever_bytes_are_damaged_there_is_a_plan_or_the_file(tmp_path_factory, data):
    path = write_book(tmp_path_factory.mktemp("damaged") / "plan.xlsx", SHEETS)
    path.write_bytes(damaged_bytes(data.draw, path.read_bytes()))
    assert all(str(path) in problem for problem in outcome(path))
