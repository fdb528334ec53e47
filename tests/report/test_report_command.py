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
    assert "choose another place with -o" in said.output


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


def test_a_library_that_is_missing_is_named_before_anything_is_done(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("salessim.report.documents.find_spec", lambda _: None)
    needs = "interactive: plotly is not installed; `pip install 'salessim[interactive]'` installs"
    said = salessim("report", folder, "--html", "--interactive", "-o", tmp_path / "new")
    assert said.exit_code == 1
    assert needs in said.output
    run = tmp_path / "run"
    said = salessim("run", CONFIGS / "w1.toml", "-n", 20, "--format", "interactive", "-o", run)
    assert said.exit_code == 1
    assert needs in said.output
    assert list(tmp_path.iterdir()) == []


def test_formats_are_known_by_name(folder, tmp_path):
    with pytest.raises(ValueError, match="no format 'docx'; there are html, "):
        ss.save_report(ss.load_run(folder), tmp_path, formats=["docx"])
    said = salessim("run", CONFIGS / "w1.toml", "--format", "csv,docx")
    assert said.exit_code == 2
    assert "'docx' is not one of csv, parquet, svg, png, html" in said.output


def test_a_document_that_fails_leaves_nothing_of_itself(folder, tmp_path, monkeypatch):
    def fail(_run, path):
        path.write_text("half")
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("salessim.report.run.write_html", fail)
    said = salessim("report", folder, "--html", "-o", tmp_path)
    assert said.exit_code == 1
    assert f"{tmp_path / 'report.html'} cannot be written: No space left on device" in said.output
    assert "free some space, or choose another place with -o" in said.output
    assert list(tmp_path.iterdir()) == []
