"""`salessim rerun`: a run repeated from its directory, and all that can have changed since."""

import json
import shutil
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from salessim import SalessimError, api, rerun, save_run, simulate
from salessim.api import repeat
from tests.cli.conftest import PLAN

RUN = ("run", "acme.toml", "-q", "-n", "12", "--seed", "99", "-o", "first")


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """The directory of a run with options of its own."""
    folder = tmp_path_factory.mktemp("once")
    (folder / "acme.toml").write_text(PLAN)
    plan = api.load_plan(folder / "acme.toml")
    return save_run(plan, simulate(plan, trajectories=12, seed=99), folder / "first")


@pytest.fixture
def first(once, folder):
    """A copy of it in the working directory, to be spoiled."""
    return shutil.copytree(once, folder / "first")


def edit(manifest, **changes):
    text = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(text | changes))


def test_the_bits_of_a_run_agree(call, first):
    before = {file: file.read_bytes() for file in first.iterdir()}
    result = call("rerun", "first", "--threads", "1")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "first: 12 trajectories with seed 99, repeated.",
        "  summary.csv: same bits",
        "  forecast.parquet: same bits",
        "  funnel.parquet: same bits",
        "The bits agree.",
    ]
    assert {file: file.read_bytes() for file in first.iterdir()} == before
    assert call("rerun", "first", "-q").output == ""


def test_what_the_plan_became_since_does_not_matter(call, folder):
    assert call(*RUN).exit_code == 0
    (folder / "acme.toml").unlink()
    shutil.move("first", "elsewhere")
    assert call("rerun", "elsewhere", "-q").exit_code == 0


def test_an_interrupted_run_is_repeated_as_far_as_it_came(folder):
    plan = api.load_plan(folder / "acme.toml")
    forecast = simulate(plan, trajectories=7)
    origin = replace(forecast.provenance, requested=30)
    kept = save_run(plan, replace(forecast, provenance=origin), folder / "cut")
    assert kept.name == "cut.partial"
    again = rerun(kept)
    assert (again.trajectories, set(again.tables.values())) == (7, {"same bits"})


def test_only_what_the_run_left_is_compared(call):
    assert call(*RUN, "--format", "csv").exit_code == 0
    assert rerun("first").tables == {"summary.csv": "same bits"}


@pytest.mark.parametrize("wrong", [{"seed": 98}, {"trajectories": 11}])
def test_other_numbers_do_not_agree(call, first, wrong):
    edit(first / "manifest.json", **wrong)
    result = call("rerun", "first")
    assert result.exit_code == 3
    assert "  forecast.parquet: differs" in result.stdout
    assert "The bits do not agree.\nVersions and inputs are what they were" in result.stdout
    assert call("rerun", "first", "-q").exit_code == 3


def test_other_versions_are_named(first):
    libraries = json.loads((first / "manifest.json").read_text())["libraries"]
    changed = libraries | {"numpy": "1.0", "python": "3.0.0", "abacus": "7"}
    edit(first / "manifest.json", version="0.0.9", libraries=changed)
    again = rerun(first)
    assert again.agrees
    assert [change.split()[:2] for change in again.changed] == [
        ["salessim", "0.0.9"],
        ["python", "3.0.0"],
        ["numpy", "1.0"],
        ["abacus", "7"],
    ]
    assert again.changed[-1] == "abacus 7 is now not installed"
    assert again.sentences()[-1].startswith("Changed since the run: salessim 0.0.9 is now")


def test_another_writer_of_the_same_numbers_agrees(first):
    table = first / "forecast.parquet"
    pq.write_table(pq.read_table(table), table, compression="none")
    known = json.loads((first / "manifest.json").read_text())["files"]
    known["forecast.parquet"]["sha256"] = repeat.file_hash(table)
    edit(first / "manifest.json", files=known)
    again = rerun(first)
    assert again.tables["forecast.parquet"] == "same numbers, other bytes"
    assert again.agrees


def test_damaged_files_are_named_and_do_not_matter(call, first):
    (first / "forecast.parquet").write_bytes(b"PAR1 no more")
    (first / "fan.svg").unlink()
    result = call("rerun", "first")
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert last.startswith("No longer what the run wrote: ")
    assert set(last.partition(": ")[2].strip(".").split(", ")) == {"fan.svg", "forecast.parquet"}


def test_a_table_that_no_reader_reads_differs(first):
    (first / "funnel.parquet").write_bytes(b"none")
    known = json.loads((first / "manifest.json").read_text())["files"]
    known["funnel.parquet"]["sha256"] = repeat.file_hash(first / "funnel.parquet")
    edit(first / "manifest.json", files=known)
    assert rerun(first).tables["funnel.parquet"] == "differs"


def spoiled(first, what):
    manifest = first / "manifest.json"
    match what:
        case "gone":
            shutil.rmtree(first)
        case "empty":
            manifest.unlink()
        case "text":
            manifest.write_text("{")
        case "list":
            manifest.write_text("[]")
        case "seed":
            edit(manifest, seed=-1)
        case "another":
            kept = json.loads(manifest.read_text())
            del kept["requested"]
            manifest.write_text(json.dumps(kept))
        case "no tables":
            edit(manifest, files={})
        case "no plan":
            (first / "plan.toml").unlink()
        case "plan":
            text = (first / "plan.toml").read_text().replace("count = 50", "count = 51")
            (first / "plan.toml").write_text(text)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("gone", "no such folder: first"),
        ("empty", "first is no run directory: it holds no manifest.json; name the folder"),
        ("text", "first/manifest.json: not the manifest of a run: the file: invalid json"),
        ("list", "first/manifest.json: not the manifest of a run: the file: input should be"),
        ("another", "not the manifest of a run: it says no `requested`: another command wrote it"),
        ("seed", "not the manifest of a run: seed: input should be greater than or equal to 0"),
        ("no tables", "first: the run left no table to compare"),
        ("no plan", "no such file: first/plan.toml"),
        ("plan", "first/plan.toml was changed after the run"),
    ],
)
def test_what_cannot_be_repeated_is_said(call, first, what, said):
    spoiled(first, what)
    result = call("rerun", "first")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {said}") or said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_file_is_no_run_directory(call, first):
    assert first.exists()
    result = call("rerun", "first/manifest.json")
    assert result.exit_code == 1
    assert "name the run directory" in result.stderr


def test_data_that_changed_since_is_named(call, folder):
    (folder / "deals.csv").write_text("id,stage\n1,new_business.qualified\n")
    change = ("-S", 'open_deals={file="deals.csv"}')
    assert call(*RUN, *change).exit_code == 0
    assert call("rerun", "first", "-q").exit_code == 0
    (folder / "deals.csv").write_text("id,stage\n2,new_business.qualified\n")
    result = call("rerun", "first")
    assert result.exit_code == 1
    assert "deals.csv was changed after the run" in result.stderr
    (folder / "deals.csv").unlink()
    result = call("rerun", "first")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: first/plan.toml:")
    assert "deals.csv" in result.stderr


def test_no_place_for_temporary_files_is_said(first, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(repeat, "_write", full)
    with pytest.raises(SalessimError, match="No space left on device; free some space"):
        rerun(first)


def test_ctrl_c_is_no_answer(call, first, monkeypatch):
    part = simulate(api.load_plan(first / "plan.toml"), trajectories=3)
    cut = replace(part, provenance=replace(part.provenance, requested=12))
    monkeypatch.setattr(api, "simulate", lambda *_, **__: cut)
    assert call("rerun", "first").exit_code == 130
