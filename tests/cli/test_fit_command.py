"""`salessim fit`: what it prints and leaves, and what it says of mistakes."""

import json
import runpy
import shutil
from pathlib import Path

import pytest

from salessim import load_plan
from salessim.cli import render_fit

CONFIGS = Path(__file__).parents[2] / "configs"
AS_OF = ("--as-of", "2024-06-30")


@pytest.fixture
def history(folder):
    """The sample history, beside nothing else."""
    (folder / "acme.toml").unlink()
    shutil.copy(CONFIGS / "history.csv", folder)
    return folder


def test_the_sample_is_what_its_generator_makes(tmp_path):
    shutil.copy(CONFIGS / "make_history.py", tmp_path)
    runpy.run_path(str(tmp_path / "make_history.py"), run_name="__main__")
    made = (tmp_path / "history.csv").read_bytes()
    assert made == (CONFIGS / "history.csv").read_bytes()
    assert len(made) < 60_000


def test_what_was_found_is_printed_and_the_plan_is_valid(call, history):
    result = call("fit", "history.csv", *AS_OF, "-o", "fitted.toml")
    assert result.exit_code == 0, result.stderr
    for text in (
        "history.csv: 1,023 rows read, 1,023 used",
        "As of 2024-06-30",
        "Pipeline deals",
        "Proposal",
        "Web",
        "Written to .: open_deals.csv, fitted.toml.",
        "salessim run fitted.toml",
    ):
        assert text in result.stdout
    assert sorted(file.name for file in history.iterdir()) == [
        "fitted.toml",
        "history.csv",
        "open_deals.csv",
    ]
    assert call("validate", "fitted.toml").exit_code == 0
    # what the generator says
    stages = load_plan("fitted.toml").model.pipelines[0].stages
    for stage, true in zip(stages, (0.60, 0.65, 0.45), strict=True):
        assert stage.conversion == pytest.approx(true, abs=0.12)


def test_without_a_plan_to_write_nothing_is_written(call, history):
    result = call(
        "fit", "history.csv", "--half-life", "180 days", "--stages", "Qualified,Demo,Proposal"
    )
    assert result.exit_code == 0, result.stderr
    assert "No plan is written: -o fitted.toml makes it a plan." in result.stdout
    assert [file.name for file in history.iterdir()] == ["history.csv"]


@pytest.mark.usefixtures("history")
def test_months_that_are_not_those_of_the_calendar_are_said(call):
    said = " ".join(call("fit", "history.csv", "-o", "a.toml").stdout.split())
    assert "Its months begin on day 30, behind the last event on record; --as-of" in said
    Path("open_deals.csv").unlink()
    said = call("fit", "history.csv", "-o", "b.toml", "--as-of", "2024-06-30").stdout
    assert "Its months begin" not in said


def test_a_file_whose_name_no_plan_can_say_is_fitted_all_the_same(call, history):
    try:
        (history / "history.csv").rename(history / "hist\udcff.csv")
    except OSError:
        pytest.skip("this file system has no such names")
    result = call("fit", "hist\udcff.csv", "-o", "fitted.toml", "-q")
    assert result.exit_code == 0, result.stderr
    plan = load_plan("fitted.toml")
    assert plan.model.title.startswith("Forecast from hist .csv")
    assert plan.records is None
    said = " ".join(call("backtest", "fitted.toml").stderr.split())
    assert "give the files after the plan" in said


@pytest.mark.usefixtures("history")
def test_one_document_for_a_program(call):
    result = call("fit", "history.csv", *AS_OF, "--groups", "owner", "--json", "-q")
    found = json.loads(result.stdout)
    assert result.stderr == ""
    assert found["as_of"] == "2024-06-30"
    assert [stage["name"] for stage in found["pipelines"][0]["stages"]] == [
        "Qualified",
        "Demo",
        "Proposal",
    ]
    assert {source["name"] for source in found["sources"]} == {"Web", "Partner"}
    assert found["findings"][0]["count"] == 1023
    assert "owner" in found["groups"]["deals"]


def test_a_page_holds_what_was_found(call, history):
    result = call("fit", "history.csv", *AS_OF, "--groups", "owner", "--report", "page.html", "-q")
    assert result.exit_code == 0, result.stderr
    page = (history / "page.html").read_text(encoding="utf-8")
    for word in ("Proposal", "Web", "owner", "<svg"):
        assert word in page


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.usefixtures("history")
def test_a_terminal_of_any_width(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = call("fit", "history.csv", *AS_OF, "--groups", "source")
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= width
    assert "\u2026" not in result.stdout


def test_columns_of_an_interval_belong_to_the_one_before():
    cells = [("A", "1"), ("90%", "0 to 2"), ("B", "5"), ("90%", "4 to 6")]
    assert render_fit._picked(cells, ("B", "90%", "A")) == ["5", "4 to 6", "1"]
    assert render_fit._picked(cells, ("A", "C", "90%")) == ["1", "", ""]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("nowhere.csv",), 1, "nowhere.csv"),
        (("history.csv", "--as-of", "2030-01-01"), 1, "the records tell nothing after 2024-06-29"),
        (("history.csv", "--as-of", "30.6.2024"), 2, "expected a day such as 2027-01-31"),
        (("history.csv", "--map", "amount"), 2, "expected KEY=COLUMN such as amount=Deal Size"),
        (("history.csv", "--map", "amont=amount"), 1, "unknown key; did you mean `amount`?"),
        (("history.csv", "--half-life", "365"), 2, 'did you mean "365 days"?'),
        (("history.csv", "--half-life", "0 days"), 2, "expected a duration above 0"),
        (("history.csv", "--stages", "a,,b"), 2, "expected names parted by commas"),
        (("history.csv", "--groups", "ownr", "-o", "fitted.toml"), 1, "did you mean `owner`?"),
        (("history.csv", "-o", "history.csv"), 1, "exists and is not overwritten"),
        (("history.csv", "-o", "new/fitted.toml"), 1, "there is no folder new"),
        ((), 2, "Missing argument"),
    ],
)
def test_mistakes_are_said_with_their_remedy(call, history, args, code, said):
    result = call("fit", *args)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert [file.name for file in history.iterdir()] == ["history.csv"]
