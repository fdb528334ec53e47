"""`salessim sensitivity`: what it prints and leaves, and what it says of mistakes."""

import csv
import hashlib
import json

import pytest

import salessim as ss
from salessim.cli import sensitivity as sensitivity_command

FILES = {"levers.csv", "levers.png", "levers.svg", "manifest.json", "plan.toml", "sensitivity.json"}


def test_levers_are_ranked_and_the_weakest_link_is_named(call):
    result = call("sensitivity", "acme.toml", "-n", "64")
    assert result.exit_code == 0, result.stderr
    assert "Acme: 2027 plan: what moves bookings over the whole horizon" in result.stdout
    for part in ("leads", "churn", "Sustained", "Weakest link: conversion.new_business", "Seed 7."):
        assert part in result.stdout
    assert "Without new external leads: conversion.new_business.qualified" in result.stdout
    assert "nothing in the plan is uncertain" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("width", [40, 60, 120])
def test_columns_give_way_in_a_narrow_terminal(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = call("sensitivity", "acme.toml", "-n", "8")
    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= width
    assert ("now: the share" in result.stdout) == (width == 120)
    assert "\u2026" not in result.stdout


def test_the_folder_is_whole_and_says_what_made_it(call, folder):
    result = call("sensitivity", "acme.toml", "-o", "out/s", "-n", "16", "--of", "wins.2027Q2")
    assert result.exit_code == 0, result.stderr
    made = folder / "out" / "s"
    assert {file.name for file in made.iterdir()} == FILES
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["command"][:3] == ["salessim", "sensitivity", "acme.toml"]
    assert (manifest["of"], manifest["seed"], manifest["trajectories"]) == ("wins.2027Q2", 7, 16)
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    for name, about in manifest["files"].items():
        assert about["sha256"] == hashlib.sha256((made / name).read_bytes()).hexdigest()
    document = json.loads((made / "sensitivity.json").read_text())
    with (made / "levers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["lever"] for row in rows] == [one["lever"] for one in document["levers"]]
    sizes = [abs(float(row["elasticity"])) for row in rows]
    assert sizes == sorted(sizes, reverse=True)
    # the plan that is left repeats it
    again = call(
        "sensitivity", made / "plan.toml", "-n", "16", "--of", "wins.2027Q2", "--json", "-q"
    )
    assert json.loads(again.stdout) == document


def test_json_is_one_document_on_stdout(call, folder):
    result = call("sensitivity", "acme.toml", "-n", "16", "--json", "-S", "title=Other")
    document = json.loads(result.stdout)
    assert document["of"] == "bookings.total"
    assert document["unit"] == "USD"
    assert document["tornado"] == document["shares"] == []
    assert [one["share_of_variance"] for one in document["split"]] == [0, 0, 1]
    assert "Other: what moves" in result.stderr
    # the first run is that of `run` with as many trajectories
    forecast = ss.simulate(ss.load_plan(folder / "acme.toml"), trajectories=16)
    assert document["mean"] == pytest.approx(forecast.bookings.total().mean(), rel=1e-12)
    assert call("sensitivity", "acme.toml", "-n", "16", "-q").output == ""


UNSURE = """
[sources.outbound]
kind = "external"
pipeline = "new_business"
rate = { p05 = "5 per month", p95 = "20 per month" }

[shocks.economy]
conversion = 0.3
leads = 0.2
"""


@pytest.fixture
def unsure(folder):
    path = folder / "acme.toml"
    before, _, rest = path.read_text().partition("[sources.outbound]")
    path.write_text(f"{before}{UNSURE}{rest[rest.index('[sources.referral]') - 1 :]}")
    return path


@pytest.mark.usefixtures("unsure")
def test_what_is_not_known_has_its_tables_and_charts(call, folder):
    words = ("-n", "64", "--worlds", "256", "-o", "s")
    result = call("sensitivity", "acme.toml", *words)
    assert result.exit_code == 0, result.stderr
    for part in ("5 per month", "20 per month", "shocks.economy", "256 worlds", "of the variance"):
        assert part in result.stdout
    assert "shocks are paths" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    parts = ("levers", "tornado", "shares", "split")
    files = {f"{part}.{kind}" for part in parts for kind in ("csv", "svg", "png")}
    assert {file.name for file in (folder / "s").iterdir()} == FILES | files
    document = json.loads((folder / "s" / "sensitivity.json").read_text())
    assert document["shares"][0]["inputs"] == "sources.outbound.rate"
    assert sum(one["share_of_variance"] for one in document["split"]) == pytest.approx(1)


def test_progress_counts_the_worlds_too(unsure):
    seen = []
    ss.sensitivity(
        ss.load_plan(unsure),
        trajectories=16,
        worlds=64,
        progress=lambda done, asked: seen.append((done, asked)),
    )
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == seen[-1][1]


def test_worlds_that_differ_too_little_have_no_shares(folder):
    plan = ss.load_plan(folder / "acme.toml")
    rate = {"p05": "9.99 per month", "p95": "10.01 per month"}
    found = ss.sensitivity(plan.with_({"sources.outbound.rate": rate}), trajectories=8, worlds=64)
    assert found.shares == ()
    assert "too little to be told from luck with 64 worlds" in found.notes[0]
    assert found.parts == ("levers", "tornado", "split")


@pytest.mark.usefixtures("unsure")
def test_what_never_happens_is_moved_by_nothing(call, folder):
    slow = 'pipelines.new_business.stages.qualified.cycle_time={ fixed = "60 days" }'
    words = ("-n", "8", "--worlds", "32", "--of", "wins.2027-01", "-S", slow, "-o", "s", "--json")
    result = call("sensitivity", "acme.toml", *words)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["mean"], document["sd"], document["weakest_link"]) == (0, 0, None)
    assert {one["elasticity"] for one in document["levers"]} == {None}
    assert {one["share_of_variance"] for one in document["split"]} == {None}
    assert "nan" not in result.stderr
    assert not (folder / "s" / "split.svg").exists()


def test_a_single_input_has_all_of_the_variance_between_worlds(folder):
    plan = ss.load_plan(folder / "acme.toml")
    rate = {"p05": "5 per month", "p95": "20 per month"}
    found = ss.sensitivity(plan.with_({"sources.outbound.rate": rate}), trajectories=8, worlds=256)
    assert [one.total for one in found.shares] == [(1, 1, 1)]
    assert found.split.shocks == (0, 0)


@pytest.mark.parametrize("worlds", ["100", "1"])
def test_worlds_are_a_power_of_two(call, folder, worlds):
    result = call("sensitivity", "acme.toml", "--worlds", worlds)
    assert result.exit_code == 2
    assert worlds == "1" or "expected a power of two, 64 or 128" in result.stderr
    with pytest.raises(ValueError, match="power of two"):
        ss.sensitivity(ss.load_plan(folder / "acme.toml"), worlds=int(worlds))


def test_wins_do_not_depend_on_amounts(folder):
    found = ss.sensitivity(ss.load_plan(folder / "acme.toml"), of="wins.total", trajectories=64)
    levers = {one.lever.name: one for one in found.levers}
    assert levers["amount.new_business"].result == (0, 0)
    assert levers["amount.new_business"].base.value == pytest.approx(1, abs=1e-4)
    assert levers["leads"].base == (0, 0)
    frame = found.to_frame("levers").set_index("lever")
    assert frame.loc["leads", "elasticity"] == levers["leads"].result.value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--of", "bookings"), "error: of: expected bookings, wins or base"),
        (("--of", "bookings.2029"), "error: of: bookings.2029: expected a span inside the horizon"),
    ],
)
def test_results_that_are_none_are_refused(call, words, said):
    result = call("sensitivity", "acme.toml", *words)
    assert result.exit_code == 1
    errors = [line for line in result.stderr.splitlines() if line.startswith("error")]
    assert len(errors) == 1
    assert errors[0].startswith(said)


def test_a_single_trajectory_is_wrong_usage(call, folder):
    assert call("sensitivity", "acme.toml", "-n", "1").exit_code == 2
    with pytest.raises(ValueError, match="2 or more"):
        ss.sensitivity(ss.load_plan(folder / "acme.toml"), trajectories=1)


def test_a_folder_that_exists_is_refused_before_anything_is_simulated(call, folder, monkeypatch):
    (folder / "there").mkdir()
    monkeypatch.setattr(sensitivity_command, "_simulate", None)
    result = call("sensitivity", "acme.toml", "-o", "there")
    assert result.exit_code == 1
    assert "there exists and is not overwritten" in result.stderr


def test_an_interrupted_study_leaves_nothing(call, folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sensitivity_command, "_simulate", interrupted)
    assert call("sensitivity", "acme.toml", "-o", "out").exit_code == 130
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_progress_counts_every_run(folder):
    seen = []
    plan = ss.load_plan(folder / "acme.toml")
    ss.sensitivity(plan, trajectories=8, progress=lambda done, asked: seen.append((done, asked)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 8
