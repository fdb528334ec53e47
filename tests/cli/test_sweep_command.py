"""`salessim sweep`: what it prints and leaves, and what it says of mistakes."""

import hashlib
import json

import pandas as pd
import pytest

from salessim import load_plan
from salessim.cli import sweep as sweep_command

RATE, CONVERSION = "sources.outbound.rate", "pipelines.new_business.stages.qualified.conversion"
TWO = ("-S", f"{RATE}=10 per month:30 per month:3", "-S", f"{CONVERSION}=0.5,0.7")
FILES = {"manifest.json", "plan.toml", "points.csv", "sweep.parquet", "sweep.png", "sweep.svg"}


def test_a_row_per_point_is_printed(call):
    result = call("sweep", "acme.toml", *TWO)
    assert result.exit_code == 0, result.stderr
    assert "Acme: 2027 plan: 40 trajectories of each point, 2027-01-01 to 2027-06-30" in (
        result.stdout
    )
    table = result.stdout.partition("\u2500 \n")[2].partition("\n\n")[0]
    assert [line.split()[:2] for line in table.splitlines() if line.strip()][:6] == [
        [rate, conversion] for rate in ("10", "20", "30") for conversion in ("0.5", "0.7")
    ]
    for word in ("outbound.", "rate", "per month", "qualified.", "conversion", "Sustained"):
        assert word in result.stdout
    assert "Seed 7." in result.stdout


def test_many_points_are_cut_in_the_middle(call):
    result = call("sweep", "acme.toml", "-S", f"{CONVERSION}=0.2:0.8:61", "-n", "1")
    assert "1 point in the middle is left out: -o DIR writes all." in result.stdout
    lines = result.stdout.splitlines()
    assert sum(line.strip().startswith("0.") for line in lines) == 60
    whole = call("sweep", "acme.toml", "-S", f"{CONVERSION}=0.2:0.8:60", "-n", "1").stdout
    assert "left out" not in whole


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_terminal_of_any_width(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = call("sweep", "acme.toml", *TWO, "-n", "3")
    assert max(map(len, result.stdout.splitlines())) <= width
    assert "\u2026" not in result.stdout
    head, _, caption = result.stdout.partition("\u2500 \n")
    for column, word in (("+/-", "+/-:"), ("Base", "base:"), ("Wins", "wins:"), (" R \n", "R:")):
        assert (column in head) == (word in caption)


def test_the_folder_is_whole_and_says_what_made_it(call, folder):
    once = ("-S", "sustainability.need=40_000")
    result = call("sweep", "acme.toml", *TWO, *once, "-o", "out/s", "-n", "15", "--seed", "3")
    assert result.exit_code == 0, result.stderr
    made = folder / "out" / "s"
    assert {file.name for file in made.iterdir()} == FILES
    assert [file.name for file in (folder / "out").iterdir()] == ["s"]
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["command"][:3] == ["salessim", "sweep", "acme.toml"]
    assert (manifest["seed"], manifest["trajectories"], manifest["requested"]) == (3, 15, 6)
    assert manifest["fixed"] == ["sustainability.need=40_000"]
    assert manifest["points"][5]["values"] == ["30 per month", "0.7"]
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    for name, about in manifest["files"].items():
        assert about["sha256"] == hashlib.sha256((made / name).read_bytes()).hexdigest()
    plan = load_plan(made / "plan.toml")
    assert (plan.trajectories, plan.seed, plan.model.sources[0].rate.per_month) == (15, 3, 10)


def test_a_point_is_what_run_prints_of_its_values(call, folder):
    assert call("sweep", "acme.toml", *TWO, "-o", "s", "-q").exit_code == 0
    typed = ("-S", f"{RATE}=20 per month", "-S", f"{CONVERSION}=0.7")
    document = json.loads(call("run", "acme.toml", *typed, "--json", "-q", "-o", "r").stdout)
    table = pd.read_parquet(folder / "s" / "sweep.parquet")
    point = table[(table[RATE] == 20.0) & (table[CONVERSION] == 0.7)]
    for statistic, values in document["series"]["bookings"].items():
        assert point[f"bookings_{statistic}"].tolist() == values
    base = document["without_external_leads"]["series"]["bookings"]
    assert point.base_bookings_mean.tolist() == base["mean"]
    assert set(point.p_sustained) == {document["verdict"]["probability"]}
    # planted: the neighbour is another run
    other = table[(table[RATE] == 30.0) & (table[CONVERSION] == 0.7)]
    assert other.bookings_mean.tolist() != document["series"]["bookings"]["mean"]


def test_json_is_one_document_on_stdout(call):
    result = call("sweep", "acme.toml", *TWO, "--json", "-n", "4")
    document = json.loads(result.stdout)
    assert document["keys"] == [RATE, CONVERSION]
    assert len(document["points"]) == 6
    assert "4 trajectories of each point" in result.stderr
    quiet = call("sweep", "acme.toml", *TWO, "--json", "-n", "4", "-q")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout) == document


def test_sobol_points(call):
    ranges = ("-S", f"{RATE}=10 per month:30 per month", "-S", f"{CONVERSION}=0.5:0.7")
    result = call("sweep", "acme.toml", *ranges, "--sobol", "4", "--json", "-q", "-n", "3")
    assert len(json.loads(result.stdout)["points"]) == 4
    for many in ("0", "5000", "x"):
        assert call("sweep", "acme.toml", *ranges, "--sobol", many).exit_code == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ((), "error: nothing varies: give a key a range or a list of values"),
        (("-S", "sources.outbond.rate=1 per day,2 per day"), "did you mean `outbound`?"),
        (("-S", f"{CONVERSION}=0.9:1.1:3"), "found 1.1"),
        (("-S", "forecast.seed=1,2"), "set it once: -S forecast.seed=VALUE"),
    ],
)
def test_mistakes_are_said_before_anything_runs(call, folder, monkeypatch, typed, said):
    monkeypatch.setattr("salessim.api.sweeps.run", None)
    result = call("sweep", "acme.toml", *typed, "-o", "s")
    assert result.exit_code == 1
    assert said in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_a_folder_that_exists_is_refused_before_anything_is_simulated(call, folder, monkeypatch):
    (folder / "there").mkdir()
    monkeypatch.setattr(sweep_command, "_simulate", None)
    result = call("sweep", "acme.toml", *TWO, "-o", "there")
    assert result.exit_code == 1
    assert "there exists and is not overwritten" in result.stderr


def interrupt_after(monkeypatch, points):
    """Let Ctrl-C come when so many points are finished."""
    from salessim.api import sweeps

    run, done = sweeps.run, []

    def interrupted(*arguments, **named):
        if len(done) == points:
            raise KeyboardInterrupt
        done.append(run(*arguments, **named))
        return done[-1]

    monkeypatch.setattr(sweeps, "run", interrupted)


def test_an_interruption_keeps_the_points_that_are_finished(call, folder, monkeypatch):
    interrupt_after(monkeypatch, 2)
    result = call("sweep", "acme.toml", *TWO, "-o", "s")
    assert result.exit_code == 130
    assert "interrupted: 2 of 6 points are finished and kept in s.partial" in result.stderr
    assert {file.name for file in (folder / "s.partial").iterdir()} == FILES
    assert not (folder / "s").exists()
    assert pd.read_parquet(folder / "s.partial" / "sweep.parquet").point.nunique() == 2


def test_an_interruption_before_the_first_point_leaves_nothing(call, folder, monkeypatch):
    interrupt_after(monkeypatch, 0)
    result = call("sweep", "acme.toml", *TWO, "-o", "s")
    assert result.exit_code == 130
    assert "nothing is written" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]
