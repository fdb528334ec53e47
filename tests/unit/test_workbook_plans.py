"""A plan in a workbook is the plan that TOML says: round trips, and what cells may hold."""

from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest
import xlsxwriter

from salessim import SalessimError, init_workbook, load_plan, save_plan_workbook
from salessim.api.templates import TEMPLATES, init
from salessim.lowering import lower
from tests.fit import exports
from tests.unit.fuzz import prepare
from tests.unit.plan_files import CONFIGS, EVERYTHING, SMALL, load, write
from tests.unit.workbooks import SHEETS, spoiled, write_book


def program(plan) -> str:
    return lower(plan.model).sha256


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_the_same_plan_in_a_workbook(tmp_path, name):
    toml = load_plan(init(tmp_path / "demo", template=name))
    book = init_workbook(tmp_path / "plan.xlsx", template=name)
    assert program(load_plan(book)) == program(toml)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["plan.xlsx"]


@pytest.mark.parametrize("name", ["saas", "distributor", "w1", "w1_base_only"])
def test_every_plan_comes_back_from_its_workbook(tmp_path, name):
    plan = load_plan(CONFIGS / f"{name}.toml")
    again = load_plan(save_plan_workbook(plan, tmp_path / "plan.xlsx"))
    assert program(again) == program(plan)
    assert again.scenario_names == plan.scenario_names
    for scenario in plan.scenario_names:
        assert program(again.scenario(scenario)) == program(plan.scenario(scenario))


def test_every_key_comes_back_from_a_workbook(tmp_path):
    prepare(tmp_path)
    write(tmp_path, EVERYTHING, "everything.toml")
    for name in ("full", "worlds", "everything"):
        plan = load_plan(tmp_path / f"{name}.toml")
        book = save_plan_workbook(plan, tmp_path / f"{name}.xlsx")
        again = load_plan(book)
        assert program(again) == program(plan)
        assert again.document.keys() == plan.document.keys()


def test_a_workbook_says_what_toml_says(tmp_path):
    book = load_plan(write_book(tmp_path / "plan.xlsx", SHEETS))
    toml = load(tmp_path, SMALL)
    assert program(book) == program(toml)
    assert (book.trajectories, book.seed) == (40, 7)
    said = dict(toml.document)
    said["forecast"] = {**said["forecast"], "trajectories": 40, "seed": 7}
    assert book.document == said


def test_the_same_plan_gives_the_same_bytes(tmp_path):
    plan = load_plan(CONFIGS / "saas.toml")
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        save_plan_workbook(plan, tmp_path / folder / "plan.xlsx")
    one, other = (tmp_path / folder / "plan.xlsx" for folder in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("sheet", "cell", "typed", "path", "said"),
    [
        ("Stages", "C2", "50%", ("stages", 0, "conversion"), "50%"),
        ("Stages", "C2", " 0.4 .. 0.6 ", ("stages", 0, "conversion"), {"p05": 0.4, "p95": 0.6}),
        ("Stages", "C2", "40 .. 60%", ("stages", 0, "conversion"), {"p05": "40%", "p95": "60%"}),
        ("Stages", "C2", "{ beta = [3, 4] }", ("stages", 0, "conversion"), {"beta": [3, 4]}),
        ("Stages", "E2", "2 weeks", ("stages", 0, "cycle_time"), {"fixed": "2 weeks"}),
        ("Stages", "E2", 1.5, ("stages", 0, "cycle_time"), {"fixed": "1.5 days"}),
        (
            *("Stages", "E2", "9..12", ("stages", 0, "cycle_time")),
            {"fixed": {"p05": "9 days", "p95": "12 days"}},
        ),
        ("Stages", "D2", "FIXED", ("stages", 0, "cycle_time"), {"fixed": "10 days"}),
        ("Pipelines", "C2", "90 .. 120", ("amount",), {"fixed": {"p05": 90, "p95": 120}}),
    ],
)
def test_what_a_cell_may_hold(tmp_path, sheet, cell, typed, path, said):
    plan = load_plan(write_book(tmp_path / "plan.xlsx", spoiled((sheet, cell, typed))))
    found = plan.document["pipelines"]["new"]
    for part in path:
        found = found[part]
    assert found == said


def test_rates_and_growth_are_per_month_unless_they_say_else(tmp_path):
    sources = [
        ["Source", "Kind", "Pipeline", "Rate (per month)", "Growth (per month)", "From"],
        ["a", "external", "new", 30, 0.07, date(2027, 3, 1)],
        ["b", "external", "new", "2 per week", "10% per year", "2027-03-01"],
        ["c", "external", "new", "58 .. 84", "-1% .. 2% per month", None],
    ]
    document = load_plan(write_book(tmp_path / "plan.xlsx", spoiled(Sources=sources))).document[
        "sources"
    ]
    assert document["a"]["rate"] == "30 per month"
    assert document["a"]["growth"] == "7% per month"
    assert document["a"]["from"] == date(2027, 3, 1)
    assert document["b"]["rate"] == "2 per week"
    assert document["b"]["growth"] == "10% per year"
    assert document["b"]["from"] == date(2027, 3, 1)
    assert document["c"]["rate"] == {"p05": "58 per month", "p95": "84 per month"}
    assert document["c"]["growth"] == {"p05": "-1% per month", "p95": "2% per month"}


def test_what_no_sheet_has_goes_to_the_sheet_more(tmp_path):
    more = [
        ["Key", "Value"],
        ["sustainability.past", "[" + ", ".join(["90"] * 12) + "]"],
        ["pipelines.new.stages.second.stuck.share", 0.05],
    ]
    document = load_plan(write_book(tmp_path / "plan.xlsx", spoiled(More=more))).document
    assert document["sustainability"] == {"past": [90] * 12}
    assert document["pipelines"]["new"]["stages"][1]["stuck"] == {"share": 0.05}


def test_lists_on_sheets_are_the_plan_s_data_files(tmp_path):
    sheets = spoiled(
        **{
            "Customers": [["Segment", "Lifetime law", "Lifetime (days)"], [None, "fixed", 900]],
            "Customer list": [
                ["customer_id", "since"],
                [1001, date(2026, 5, 1)],
                [],
                ["C7", "2026-06-01"],
            ],
            "Deal list": [
                ["id", "stage", "entered", "amount"],
                ["D1", "new.first", date(2026, 12, 1), 250.5],
                ["D2", "Second", date(2026, 12, 2), None],
            ],
            "Deal stages": [["In the list", "Stage"], ["Second", "new.second"]],
        }
    )
    plan = load_plan(write_book(tmp_path / "plan.xlsx", sheets))
    assert plan.model.customers.ids == ("1001", "C7")
    assert plan.model.open_deals.stages == ("new.first", "new.second")
    assert plan.model.open_deals.age_days.tolist() == [31.0, 30.0]
    assert [item.path.name for item in plan.inputs] == [
        *("plan.xlsx", "plan.xlsx#Customer list", "plan.xlsx#Deal list")
    ]
    # the plan of a run names the lists, and still knows them when other sheets change
    toml = write(tmp_path, plan.to_toml(), "again.toml")
    write_book(tmp_path / "plan.xlsx", sheets | {"About": [["other words"]]})
    again = load_plan(toml)
    assert program(again) == program(plan)
    assert again.inputs[1:] == plan.inputs[1:]


def test_a_plan_extends_a_workbook_and_the_other_way_round(tmp_path):
    write_book(tmp_path / "base.xlsx", SHEETS)
    toml = load(tmp_path, 'extends = "base.xlsx"\n[sources.web]\nrate = "9 per month"\n')
    assert toml.document["sources"]["web"]["rate"] == "9 per month"
    write(tmp_path, SMALL, "base.toml")
    sheets = {
        "Forecast": [["Setting", "Value"], ["Extends", "base.toml"]],
        "Sources": [["Source", "Rate (per month)"], ["web", 9]],
        "_own sums": [["anything"]],
    }
    book = load_plan(write_book(tmp_path / "plan.xlsx", sheets))
    assert program(book) == program(toml)
    assert [Path(item.path).name for item in book.inputs] == ["plan.xlsx", "base.toml"]


def test_texts_that_look_like_formulas_stay_texts(tmp_path):
    evil = '=HYPERLINK("http://a.b","x")'
    text = SMALL.replace('name = "first"', "name = '@SUM(A1)'")
    plan = load(tmp_path, f"title = '{evil}'\n{text}")
    path = save_plan_workbook(plan, tmp_path / "evil.xlsx")
    with ZipFile(path) as book:
        sheets = [book.read(name) for name in book.namelist() if "worksheets/sheet" in name]
    assert sheets
    assert not any(b"<f>" in sheet or b"hyperlink" in sheet for sheet in sheets)
    again = load_plan(path)
    assert again.document["title"] == evil
    assert program(again) == program(plan)


def test_comments_become_notes_and_stay(tmp_path):
    text = SMALL.replace('rate = "30 per month"', 'rate = "30 per month"  # as last year')
    plan = load(tmp_path, text.replace("conversion = 0.5", "conversion = 0.5 # counted"))
    book = load_plan(save_plan_workbook(plan, tmp_path / "one.xlsx"))
    notes = {
        ("pipelines", "new", "stages", 0): "Conversion: counted",
        ("sources", "web"): "Rate (per month): as last year",
    }
    assert book.comments == notes
    assert load_plan(save_plan_workbook(book, tmp_path / "other.xlsx")).comments == notes


def test_what_does_not_fit_into_a_cell_is_said(tmp_path):
    days = ", ".join(["12.25"] * 6_000)
    text = SMALL.replace('{ fixed = "10 days" }', f"{{ empirical = [{days}] }}")
    with pytest.raises(SalessimError, match="Cycle time law on the sheet Stages would have 42,"):
        save_plan_workbook(load(tmp_path, text), tmp_path / "plan.xlsx")
    assert not (tmp_path / "plan.xlsx").exists()


def test_numbers_keep_all_of_their_digits(tmp_path):
    text = SMALL.replace("conversion = 0.5", f"conversion = {0.1 + 0.2}")
    text = text.replace("fixed = 100 }", f"fixed = {100 / 7} }}").replace(
        '"30 per', f'"{1 / 7} per'
    )
    plan = load(tmp_path, text, changes=[f"forecast.seed={2**64 - 1}"])
    book = load_plan(save_plan_workbook(plan, tmp_path / "plan.xlsx"))
    assert book.seed == 2**64 - 1
    assert program(book) == program(plan)


def test_days_of_old_macs_are_the_same_days(tmp_path):
    path = tmp_path / "plan.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        for name, rows in SHEETS.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, [None if isinstance(c, date) else c for c in row])
            if name == "Forecast":
                day = book.add_format({"num_format": "yyyy-mm-dd"})
                sheet.write_datetime(1, 1, SHEETS["Forecast"][1][1], day)
    assert load_plan(path).document["forecast"]["start"] == date(2027, 1, 1)


def test_cells_without_addresses_stand_one_behind_the_other(tmp_path):
    rows = {
        name: [[cell for cell in row if cell is not None] for row in sheet]
        for name, sheet in SHEETS.items()
    }
    rows["Forecast"][1][1] = "2027-01-01"
    rows["Stages"] = [row[:3] for row in rows["Stages"]]
    rows["Stages"].pop()
    plan = load_plan(exports.write_workbook(tmp_path / "plan.xlsx", rows))
    assert plan.document["sources"]["web"]["rate"] == "30 per month"
    assert plan.document["forecast"]["start"] == date(2027, 1, 1)
