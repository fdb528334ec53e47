"""`salessim report`: what it writes, what it refuses, and that `run --format` writes the same."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import salessim as ss
from salessim.cli.main import main
from salessim.readable import file_size
from tests.html_reader import Reader

CONFIGS = Path(__file__).parents[2] / "configs"


def salessim(*words):
    return CliRunner().invoke(main, list(map(str, words)), prog_name="salessim")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    plan = ss.load_plan(CONFIGS / "w1.toml")
    forecast = ss.simulate(plan, trajectories=20, seed=5)
    return ss.save_run(plan, forecast, tmp_path_factory.mktemp("runs") / "run")


def test_a_report_is_written_once_unless_forced(folder, tmp_path):
    place = tmp_path / "new" / "place"
    first = salessim("report", folder, "--html", "-o", place)
    assert first.exit_code == 0, first.output
    assert f"Written: {place / 'report.html'}" in first.output
    again = salessim("report", folder, "--html", "-o", place)
    assert again.exit_code == 1
    assert "report.html exists and is not overwritten; --force replaces it" in again.output
    before = (place / "report.html").read_bytes()
    (place / "report.html").write_text("mine")
    assert salessim("report", folder, "--html", "-o", place, "--force").exit_code == 0
    assert (place / "report.html").read_bytes() == before
    assert [file.name for file in place.iterdir()] == ["report.html"]


def test_run_writes_the_same_page(tmp_path):
    run = tmp_path / "run"
    formats = ["--format", "parquet,html"]
    done = salessim("run", CONFIGS / "w1.toml", "-n", 20, "--seed", 5, "-q", "-o", run, *formats)
    assert done.exit_code == 0, done.output
    assert "report.html" in json.loads((run / "manifest.json").read_text())["files"]
    assert salessim("report", run, "--html", "-o", tmp_path, "-q").output == ""
    assert (tmp_path / "report.html").read_bytes() == (run / "report.html").read_bytes()
    assert "Bookings" in Reader((run / "report.html").read_text(encoding="utf-8")).text


def test_a_folder_that_cannot_be_written_is_named(folder, tmp_path):
    (tmp_path / "file").write_text("")
    said = salessim("report", folder, "--html", "-o", tmp_path / "file")
    assert said.exit_code == 1
    assert f"{tmp_path / 'file'} cannot be written: " in said.output
    assert "choose another folder with -o" in said.output


def test_what_is_no_run_is_refused(tmp_path):
    said = salessim("report", tmp_path)
    assert said.exit_code == 1
    assert "is no run directory" in said.output


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 kB"), (49_300, "49 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (2e9, "2,000.0 MB")],
)
def test_files_have_sizes_that_say_something(count, said):
    assert file_size(int(count)) == said
