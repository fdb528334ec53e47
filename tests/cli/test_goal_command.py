"""`salessim goal`: what it prints and leaves, and what it says of mistakes."""

import json

import pytest

from salessim import goal, load_plan

GOAL = ("--target", "bookings.total >= 950000")
RATE = ("--vary", "sources.outbound.rate", "--range", "5 per month:40 per month")


def test_one_key_is_answered_in_sentences(call):
    result = call("goal", "acme.toml", *GOAL, *RATE, "--prob", "70%")
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stdout.split())
    assert (
        "bookings over the whole horizon: at least 950,000 USD, with a probability of 70%" in said
    )
    assert "As the plan is:" in said
    assert "on 10 per month; 95% interval" in said
    assert "runs of 40 trajectories, all on the same random numbers" in said
    assert "Seed 7." in said
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("width", [50, 80, 120])
def test_levers_are_ranked_in_a_table_that_fits(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = call("goal", "acme.toml", *GOAL)
    assert result.exit_code == 0, result.stderr
    assert "\u2026" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= width
    assert "leads" in result.stdout
    assert "Not enough alone" in result.stdout
    assert ("95% interval " in result.stdout.split("Vary")[1]) == (width >= 80)


def test_the_document_is_what_a_script_gets(call, folder):
    result = call("goal", "acme.toml", *GOAL, *RATE, "--json", "-q")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    found = goal(
        load_plan(folder / "acme.toml"),
        target="bookings.total >= 9.5e5",
        vary={"sources.outbound.rate": "5 per month:40 per month"},
    )
    assert json.loads(result.stdout) == {"goals": [json.loads(json.dumps(found.summary()))]}


def test_a_folder_is_written_whole(call, folder):
    result = call("goal", "acme.toml", *GOAL, *RATE, "-o", "out/goal")
    assert result.exit_code == 0, result.stderr
    assert "goals.csv" in result.stdout
    manifest = json.loads((folder / "out/goal/manifest.json").read_text())
    assert manifest["command"][1:3] == ["goal", "acme.toml"]
    again = call("goal", "acme.toml", *GOAL, *RATE, "-o", "out/goal")
    assert again.exit_code == 1
    assert "exists and is not overwritten" in again.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--vary", "leeds"), "did you mean `leads`"),
        (("--vary", "sources.outbound.rate"), "expected a lever, or a key with its range"),
        (("--vary", "leads", "--range", "2:1"), "expected two rising factors"),
        ((*RATE[:3], "40 per month:5 per month"), "the range is inverted"),
    ],
)
def test_mistakes_are_said_with_the_remedy(call, options, said):
    result = call("goal", "acme.toml", *GOAL, *options)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--prob", "0"), "expected a share"),
        (("--prob", "80"), "expected a share"),
        (("--vary", "leads", "--vary", "leads"), "names a key twice"),
        (("--vary", "leads", "--vary", "churn", "--range", "1:2"), "2 x --vary and 1 x --range"),
    ],
)
def test_wrong_usage_exits_with_2(call, options, said):
    result = call("goal", "acme.toml", *GOAL, *options)
    assert result.exit_code == 2
    assert said in result.stderr


def test_without_a_target_the_plan_must_have_some(call):
    result = call("goal", "acme.toml")
    assert result.exit_code == 1
    assert "the plan has no targets; name one" in result.stderr
