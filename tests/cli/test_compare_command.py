"""`salessim compare`: what it prints and leaves, and what it says of mistakes."""

import csv
import hashlib
import json

import pytest

from salessim import load_plan
from salessim.cli import compare as compare_command

SCENARIOS = """
[scenarios.more]
"sources.outbound.rate" = "20 per month"

[scenarios.loyal]
"customers.lifetime.exponential.mean" = "1500 days"
"""
FILES = {
    "comparison.csv",
    "comparison.json",
    "comparison.png",
    "comparison.svg",
    "manifest.json",
    "plan-00-plan.toml",
    "plan-01-more.toml",
    "plan-02-loyal.toml",
}


@pytest.fixture
def plan(folder):
    path = folder / "acme.toml"
    path.write_text(path.read_text() + SCENARIOS)
    return path


@pytest.mark.usefixtures("plan")
def test_levels_and_differences_are_printed(call):
    result = call("compare", "acme.toml")
    assert result.exit_code == 0, result.stderr
    assert "Acme: 2027 plan: 40 trajectories of each scenario, 2027-01-01" in result.stdout
    for part in ("Minus plan", "Pairing", "Sustained", "2027-06", "Seed 7."):
        assert part in result.stdout
    for name in ("more", "loyal"):
        assert result.stdout.count(name) >= 3  # in each table
    assert max(map(len, result.stdout.splitlines())) <= 80


LONG = "renewals_of_enterprise_customers_in_german_speaking_countries"


@pytest.mark.parametrize("width", [50, 60, 80, 120, 200])
def test_long_names_of_scenarios_are_said_whole(call, plan, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    plan.write_text(plan.read_text().replace("scenarios.more", f"scenarios.{LONG}"))
    result = call("compare", "acme.toml", "-n", "5")
    assert result.exit_code == 0, result.stderr
    levels, changes, periods = result.stdout.split("Minus plan")[0], *result.stdout.split(" Month")
    assert "\u2026" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= width
    # in lines below each other, but for a wide terminal
    for table in (levels, changes):
        first = (line[:25].strip() for line in table.splitlines())
        assert LONG in "".join(first) or LONG in table
    assert (LONG in levels) == (width >= 120)
    assert periods.count("2027-0") == 6


@pytest.mark.usefixtures("plan")
@pytest.mark.parametrize("width", [40, 50, 80])
def test_only_columns_that_are_shown_are_explained(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    levels = call("compare", "acme.toml", "-n", "5").stdout.partition("Minus plan")[0]
    head, _, caption = levels.partition("\u2500 \n")
    for column, words in (("P10", "P10"), ("Wins", "wins"), ("Active", "active"), ("P50", "P50")):
        assert (column in head) == (words in caption)


@pytest.mark.usefixtures("plan")
def test_without_customers_nobody_is_active(call, folder):
    plan = (folder / "acme.toml").read_text()
    head, customers = plan.split("[sources.referral]")[0], plan.split("[open_deals]")[1]
    changed = head + "[open_deals]" + customers.split("[scenarios.loyal]")[0]
    (folder / "acme.toml").write_text(changed)
    for command in (("run", "-o", "a"), ("compare",)):
        result = call(command[0], "acme.toml", *command[1:], "-n", "5")
        assert result.exit_code == 0, result.stderr
        assert "Wins" in result.stdout
        assert "active" not in result.stdout.lower()


@pytest.mark.usefixtures("plan")
def test_the_folder_is_whole_and_says_what_made_it(call, folder):
    result = call("compare", "acme.toml", "-o", "out/c", "-n", "15", "--seed", "3")
    assert result.exit_code == 0, result.stderr
    made = folder / "out" / "c"
    assert {file.name for file in made.iterdir()} == FILES
    assert [file.name for file in (folder / "out").iterdir()] == ["c"]
    manifest = json.loads((made / "manifest.json").read_text())
    assert manifest["command"][:3] == ["salessim", "compare", "acme.toml"]
    assert (manifest["seed"], manifest["trajectories"]) == (3, 15)
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    for name, about in manifest["files"].items():
        assert about["sha256"] == hashlib.sha256((made / name).read_bytes()).hexdigest()
    assert list(manifest["scenarios"]) == ["plan", "more", "loyal"]
    # each plan is there as it was run, and the first repeats the whole comparison
    more = load_plan(made / manifest["scenarios"]["more"]["plan"])
    assert more.model.sources[0].rate.per_month == 20
    assert (more.trajectories, more.seed) == (15, 3)
    again = call("compare", made / "plan-00-plan.toml", "--json", "-q")
    assert json.loads(again.stdout) == json.loads((made / "comparison.json").read_text())
    with (made / "comparison.csv").open() as file:
        assert {row["scenario"] for row in csv.DictReader(file)} == {"plan", "more", "loyal"}


@pytest.mark.usefixtures("plan")
def test_json_is_one_document_on_stdout(call):
    result = call("compare", "acme.toml", "--json", "--scenario", "loyal", "-S", "title=Other")
    document = json.loads(result.stdout)
    assert list(document["scenarios"]) == ["plan", "loyal"]
    assert list(document["differences"]) == ["loyal"]
    assert "Other: 40 trajectories" in result.stderr
    quiet = call("compare", "acme.toml", "--json", "--scenario", "loyal", "-q")
    assert quiet.stderr == ""
    assert json.loads(quiet.stdout) == document
    nothing = call("compare", "acme.toml", "-q")
    assert (nothing.exit_code, nothing.output) == (0, "")


@pytest.mark.usefixtures("plan")
def test_unknown_scenarios_are_all_said(call):
    result = call("compare", "acme.toml", "--scenario", "mor", "--scenario", "x")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        'error: acme.toml: no scenario "mor"; did you mean `more`?',
        'error: acme.toml: no scenario "x"; scenarios: `more`, `loyal`',
    ]


def test_a_plan_without_scenarios_is_told_how_to_write_one(call):
    result = call("compare", "acme.toml")
    assert result.exit_code == 1
    assert "[scenarios.more]" in result.stderr


def test_mistakes_in_scenarios_are_found_by_every_command(call, plan):
    line = plan.read_text().count("\n") - 3
    plan.write_text(plan.read_text().replace("sources.outbound.rate", "sources.outbond.rate"))
    for name in ("validate", "run", "explain", "compare"):
        result = call(name, "acme.toml")
        assert result.exit_code == 1
        assert result.stderr == (
            f'error: acme.toml:{line}: scenarios.more."sources.outbond.rate": the plan has no '
            "sources.outbond; did you mean `outbound`?\n"
        )


def test_scenarios_too_large_to_run_are_refused_by_name(call, plan):
    plan.write_text(plan.read_text().replace('"20 per month"', '"1e9 per month"'))
    for name in ("validate", "compare"):
        result = call(name, "acme.toml")
        assert result.exit_code == 1
        assert 'error: acme.toml: scenario "more": a trajectory of this plan' in result.stderr
    assert call("compare", "acme.toml", "--scenario", "more", "-q").exit_code == 1


def test_notes_of_scenarios_say_whose_they_are(call, plan):
    plan.write_text(plan.read_text().replace('"20 per month"', '"0 per month"'))
    notes = call("validate", "acme.toml").stdout.splitlines()
    assert "note: scenarios.more: sources.outbound: its rate is 0: no deals" in notes


@pytest.mark.usefixtures("plan")
def test_a_folder_that_exists_is_refused_before_anything_is_simulated(call, folder, monkeypatch):
    (folder / "there").mkdir()
    monkeypatch.setattr(compare_command, "_simulate", None)
    result = call("compare", "acme.toml", "-o", "there")
    assert result.exit_code == 1
    assert "there exists and is not overwritten" in result.stderr


@pytest.mark.usefixtures("plan")
def test_an_interrupted_comparison_leaves_nothing(call, folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(compare_command, "_simulate", interrupted)
    result = call("compare", "acme.toml", "-o", "out")
    assert result.exit_code == 130
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


@pytest.mark.usefixtures("plan")
def test_run_takes_a_scenario(call, folder):
    result = call("run", "acme.toml", "--scenario", "more", "-o", "r", "-q", "-n", "3")
    assert result.exit_code == 0, result.stderr
    again = load_plan(folder / "r" / "plan.toml")
    assert again.model.sources[0].rate.per_month == 20
    assert again.scenario_names == ()
    assert call("run", "acme.toml", "--scenario", "les").exit_code == 1
