"""Plans in workbooks on the command line: begin, check, run, run again."""

import json

import pytest

from salessim import load_plan, load_run, save_plan_workbook
from tests.unit.workbooks import SHEETS, Formula, spoiled, write_book


def test_a_workbook_is_written_checked_and_run(call, folder):
    begun = call("init", "--excel", "plan.xlsx", "--template", "agency")
    assert begun.exit_code == 0, begun.stderr
    assert "salessim run plan.xlsx" in begun.stdout
    checked = call("validate", "plan.xlsx")
    assert (checked.exit_code, checked.stdout.splitlines()[-1]) == (0, "plan.xlsx: valid")
    ran = call("run", "plan.xlsx", "-n", "4", "-o", "first", "--format", "csv,parquet", "-q")
    assert ran.exit_code == 0, ran.stderr
    manifest = json.loads((folder / "first" / "manifest.json").read_text())
    assert manifest["plan"]["path"] == "plan.xlsx"
    assert [item["path"].rpartition("/")[2] for item in manifest["inputs"]] == [
        *("plan.xlsx", "plan.xlsx#Customer list", "plan.xlsx#Deal list")
    ]
    assert call("rerun", "first").exit_code == 0
    # the workbook goes on being edited; the run is about its lists as they were
    (folder / "plan.xlsx").rename(folder / "before.xlsx")
    plan = load_plan("before.xlsx", changes=["forecast.seed=99"])
    save_plan_workbook(plan, "plan.xlsx")
    assert load_run("first").forecast.trajectories == 4
    (folder / "plan.xlsx").unlink()
    gone = call("rerun", "first")
    assert gone.exit_code == 1
    assert "no such file" in gone.stderr
    assert "plan.xlsx" in gone.stderr


def test_mistakes_in_cells_end_with_1_and_a_line_each(call, folder):
    write_book(
        folder / "plan.xlsx",
        spoiled(("Stages", "C2", Formula("=1/0 -> #DIV/0!")), ("Sources", "B2", "extrnal")),
    )
    for verb in ("validate", "explain", "run", "compare", "sensitivity"):
        result = call(verb, "plan.xlsx")
        assert result.exit_code == 1
        assert [line.partition(" pip")[0][:34] for line in result.stderr.splitlines()] == [
            *("error: plan.xlsx: Stages!C2:", "error: plan.xlsx: Sources!B2: sour")
        ]


def test_a_small_workbook_runs_like_its_toml(call, folder):
    write_book(folder / "small.xlsx", SHEETS)
    (folder / "small.toml").write_text(load_plan("small.xlsx").to_toml())
    one, other = (
        call("run", f"small.{kind}", "--json", "-o", kind, "--format", "csv").stdout
        for kind in ("xlsx", "toml")
    )
    assert json.loads(one)["totals"] == json.loads(other)["totals"]


def test_a_plan_is_written_as_a_workbook(call):
    result = call("init", "--excel", "acme.xlsx", "--plan", "acme.toml")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("acme.xlsx: the plan of acme.toml\n")
    assert load_plan("acme.xlsx").document == load_plan("acme.toml").document


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("plan.xlsx",), 2, "plan.xlsx would be a folder; add --excel to write a workbook"),
        (("plan", "--plan", "acme.toml"), 2, "--plan is written as a workbook only; add --excel"),
        (("plan.xlsx", "--excel", "--plan", "acne.toml"), 1, "did you mean acme.toml?"),
        (("plan", "--excel"), 1, "plan: expected a name that ends in .xlsx"),
        (("there.xlsx", "--excel"), 1, "there.xlsx exists and is not overwritten; name another"),
        (("no/plan.xlsx", "--excel"), 1, "no/plan.xlsx cannot be written: "),
        (("plan.xlsx", "--excel", "--template", "sas"), 1, "did you mean `saas`?"),
    ],
)
def test_what_cannot_be_begun_is_said(call, folder, arguments, code, said):
    (folder / "there.xlsx").write_bytes(b"mine")
    result = call("init", *arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert (folder / "there.xlsx").read_bytes() == b"mine"
    assert not (folder / "plan.xlsx").exists()
