"""`salessim goal`: what it prints and leaves, and what it says of mistakes."""

import json

import pytest

from salessim import goal, just_enough, load_plan

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
    found = result.stdout.split("Vary")[1].split("Not enough")[0]
    assert "95% interval" in found
    assert ("That is" in found) == (width >= 80)


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
    assert "the plan has no targets; write [targets]" in result.stderr


def test_run_says_how_many_leads_are_just_enough(call, folder):
    result = call("run", "acme.toml", "--just-enough", "--json", "-q", "-o", "out/run")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads(result.stdout)["goals"]
    assert found["goal"] == "bookings.window >= need"
    assert found == json.loads(
        json.dumps(just_enough(load_plan(folder / "acme.toml")).summary(), allow_nan=False)
    )
    assert json.loads((folder / "out/run/manifest.json").read_text())["goals"] == [found]
    assert json.loads(call("run", "acme.toml", "--json", "-q").stdout)["goals"] == []
    shown = call("run", "acme.toml", "--just-enough")
    assert "leads a month (now 1" in " ".join(shown.stdout.split())


def test_a_search_with_nothing_to_search_for_is_refused_first(call, folder):
    gap = call("run", "acme.toml", "--fill-gap", "-o", "out/run")
    assert gap.exit_code == 1
    assert "the plan has no targets" in gap.stderr
    path = folder / "acme.toml"
    path.write_text(path.read_text().replace('kind = "external"', 'kind = "customer"'))
    path.write_text(path.read_text().replace('rate = "10 per month"', 'rate = "1 per year"'))
    path.write_text(path.read_text().replace('growth = "1% per month"', 'buyer = "existing"'))
    enough = call("run", "acme.toml", "--just-enough", "-o", "out/run")
    assert enough.exit_code == 1
    assert "no external source" in enough.stderr
    assert not (folder / "out").exists()


def test_a_stopped_search_keeps_the_forecast(call, folder, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("salessim.api.goals.just_enough", stopped)
    result = call("run", "acme.toml", "--just-enough", "-o", "out/run")
    assert result.exit_code == 130
    assert "the search is given up, the forecast is kept" in result.stderr
    assert (folder / "out/run/manifest.json").exists()
