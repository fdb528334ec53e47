"""`validate`, `explain`, `schema` and the group: messages, exit codes, light imports."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

import salessim
from salessim import api, explain, load_plan
from salessim.cli.main import COMMANDS, main
from salessim.lowering.renewal import expected

MAIN = "from salessim.cli.main import main; main()"
HEAVY = ("numba", "pandas", "scipy", "matplotlib")


def command(*args, cwd=None, **environment):
    """Run the command as a process of its own."""
    call = [sys.executable, "-c", MAIN, *args]
    return subprocess.run(
        call, capture_output=True, text=True, cwd=cwd, env=os.environ | environment, check=False
    )


def loaded(code):
    """Names of the heavy libraries that a piece of code loads."""
    report = f"import sys\n{code}\nprint([name for name in {HEAVY} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return out.stdout.splitlines()[-1]


def test_help_lists_the_commands_and_loads_nothing_heavy(call):
    result = call("--help")
    for name in COMMANDS:
        assert name in result.stdout
        assert call(name, "--help").exit_code == 0
    assert loaded("import salessim") == "[]"
    invoke = "from salessim.cli.main import main\nmain(['{}'], standalone_mode=False)"
    assert loaded(invoke.format("--help")) == "[]"
    assert loaded("import salessim.cli.main; print('numpy' in sys.modules)") == "[]"


def test_validate_loads_nothing_heavy(folder):
    path = folder / "acme.toml"
    code = f"from salessim.cli.main import main\nmain(['validate', {str(path)!r}], "
    assert loaded(f"{code}standalone_mode=False)") == "[]"


def test_valid_plan(call):
    result = call("validate", "acme.toml")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "acme.toml: valid"


def test_every_error_at_once_on_lines_of_their_own(call, folder):
    plan = folder / "acme.toml"
    text = plan.read_text().replace("conversion = 0.60", "conversion = 1.60")
    plan.write_text(text.replace('rate = "10 per month"', 'rate = "10 per fortnite"'))
    for name in ("validate", "run", "explain"):
        result = call(name, "acme.toml")
        assert result.exit_code == 1
        assert result.stdout == ""
        lines = result.stderr.splitlines()
        assert len(lines) == 2
        assert all(line.startswith("error: acme.toml:") for line in lines)
        assert "conversion" in result.stderr
        assert "rate" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_a_plan_too_large_to_run_is_refused_by_every_command(call):
    change = ("-S", 'sources.outbound.rate="100000000 per month"')
    for name in ("validate", "run", "explain"):
        result = call(name, "acme.toml", *change)
        assert result.exit_code == 1
        assert result.stderr.splitlines()[-1].startswith("error: acme.toml: a trajectory of this")
        assert "stage entries" in result.stderr


@pytest.mark.parametrize("name", ["validate", "explain", "run"])
def test_missing_file(call, name):
    result = call(name, "acne.toml")
    assert result.exit_code == 1
    assert "did you mean acme.toml" in result.stderr


def test_explain_says_the_plan_in_words(call):
    result = call("explain", "acme.toml")
    assert result.exit_code == 0
    said = " ".join(result.stdout.split())
    entries = expected(load_plan("acme.toml").model).entered.sum() + 6
    for part in (
        "6 periods of one month, from 2027-01-01 to 2027-07-01; simulated on to 2029-01-01",
        "40 trajectories, seed 7",
        "60% of the deals that enter are won",
        "Source outbound: 10 per month from outside into new_business",
        "growing by 1% per month, compounded; a win makes a new customer",
        "Source referral: 1 per 360 days from each active customer",
        "50 at the start; lifetime exponential, mean 720 days; 60% of them",
        "Open deals: 6 (6 in new_business.qualified)",
        "Need: 50,000 USD a month, as the plan states",
        "brings 1.20 new customers",
        f"Expected stage entries: {entries:,.0f} a trajectory",
        "lost: the same time",
        "5% stuck for good",
        "no decision",
    ):
        assert part in said
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_explain_of_a_bare_plan(folder):
    path = folder / "bare.toml"
    path.write_text(
        """
title = "Bare"
currency = "EUR"
[forecast]
start = 2027-01-01
horizon = "60 days"
period = "30 days"
trajectories = 10
[pipelines.direct]
amount = { fixed = 100 }
[[pipelines.direct.stages]]
name = "sale"
conversion = 1.0
[sources.walk_in]
kind = "external"
pipeline = "direct"
rate = "2 per day"
season = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
from = 2027-01-10
until = 2027-02-01
buyer = "existing"
"""
    )
    explanation = explain(load_plan(path))
    said = " ".join(explanation.sentences)
    for part in (
        "periods of 30 days",
        "a seed drawn anew",
        "2 per day from outside",
        "by season x 1 to x 2, from 2027-01-10, until 2027-02-01; the buyer is a customer",
        "Customers: none",
        "Open deals: none",
        "Need: none stated; the run rate at the start",
    ):
        assert part in said
    assert explanation.stages[0].otherwise == ("all advance",)
    none = load_plan(path, changes={"sources.walk_in.rate": "0 per day"})
    assert any("no deals from outside" in line for line in explain(none).sentences)
    past = load_plan(path, changes={"sustainability.past": [100.0] * 12})
    assert any("mean of the past twelve" in line for line in explain(past).sentences)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"forecast.horizon": "1 month"}, "Time: 1 period of one month"),
        ({"forecast.trajectories": 1}, "; 1 trajectory, seed 7."),
        ({"sources.outbound.rate": "20 per quarter"}, "outbound: 20 per quarter from outside"),
        ({"sources.outbound.season": [0] * 12}, "outbound: no deals from outside"),
        ({"sources.referral.rate": "0 per day"}, "R: 0; customers bring no new customers."),
        ({"customers.lifetime.exponential.mean": "1 day"}, "< 0.1% of them are still there"),
        ({"pipelines.new_business.amount": {"fixed": 0}}, "a won deal books nothing."),
        ({"pipelines.new_business.amount": {"fixed": 9}}, "a won deal books always 9 USD."),
        ({"pipelines.new_business.stages.qualified.conversion": 1e-9}, ": < 0.1% of the deals"),
        (
            {
                "pipelines.new_business.stages.qualified.cycle_time": {
                    "loglogistic": {"median": "9 days", "shape": 0.9}
                }
            },
            "are won, after a time without a mean; a won deal",
        ),
        ({"pipelines.new_business.stages.qualified.cycle_time": {"fixed": "0 days"}}, "at once;"),
    ],
)
def test_explain_says_what_is_odd_in_plain_words(folder, change, said):
    explanation = explain(load_plan(folder / "acme.toml", changes=change))
    assert said in " ".join(explanation.sentences)


def test_explain_knows_that_customers_without_a_lifetime_stay(folder):
    text = (folder / "acme.toml").read_text()
    start, end = text.index("[sources.referral]"), text.index("[open_deals]")
    (folder / "acme.toml").write_text(text[:start] + text[end:])
    assert "whoever is won stays" in " ".join(explain(load_plan("acme.toml")).sentences)


def test_explain_says_loops_curves_campaigns_and_segments():
    path = Path(__file__).parents[1] / "unit" / "everything.toml"
    explanation = explain(load_plan(path))
    said = " ".join(explanation.sentences)
    for part in (
        (
            "Pipeline new: 21.28% of the deals that enter are won, after 58 days on average; a won "
            "deal books always 100 USD; its new customers are of the segment small."
        ),
        (
            "Loops of new: visits of a deal that enters, on average: 1.18 to qualified, 0.66 to "
            "proposal (a slip starts another visit)."
        ),
        (
            "Curve: conversion of new.proposal, from 2027-03-01 until 2027-06-01: odds of "
            "advancing x 1.3 (40% becomes 46.43%)."
        ),
        (
            "Curve: pace of all stages of new, from 2027-08-01 until 2027-09-01: everything "
            "takes 2 times as long."
        ),
        (
            "Curve: conversion of all stages of expansion, from 2027-08-01 on: odds of advancing "
            "x 1.5 (the win rate of 30% becomes 39.13%)."
        ),
        (
            "into new, campaign x 1.5 from 2027-03-01, x 1 from 2027-05-01, each month's rate "
            "varying by 32% (over-dispersion);"
        ),
        "1 per year from each active customer of the segment large into expansion,",
        (
            "Customers: 220 at the start: 200 small, lifetime exponential, mean 900 days; 20 "
            "large, lifetime Weibull, scale 2,000 days, shape 1.5; 69% of all are still there a "
            "year later."
        ),
        "their number is multiplied by 0.38 (in the long run, all segments together).",
    ):
        assert part in said
    _, proposal, offer = explanation.stages
    assert (proposal.slips, offer.slips) == ("20%: lognormal, median 30 days, sigma 0.5", "")
    assert proposal.otherwise == (
        "35% lost: the same time",
        "40% no decision: exponential, mean 90 days",
        "10% back to qualified: always 7 days",
        "10% parked: always 30 days; rest uniform, 90 to 270 days; then to qualified",
        "5% stuck for good",
    )
    still = load_plan(
        path, changes={"curves.2.factor": 0, "curves.3.target": "pipelines.expansion.pace"}
    )
    said = " ".join(explain(still).sentences)
    assert "until 2027-09-01: everything stands still." in said
    assert "from 2027-08-01 on: everything goes 1.5 times as fast." in said


def test_schema_is_json(call):
    document = json.loads(call("schema").stdout)
    assert "pipelines" in document["properties"]


def test_unknown_command_is_usage(call):
    result = call("simulate")
    assert result.exit_code == 2
    assert "simulate" in result.stderr
    with click.Context(main) as context:
        offered = main.list_commands(context)
    listed = call("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert offered == [line.split()[0] for line in listed if line[2] != " "]


def test_nowhere_to_print_is_said():
    with Path("/dev/full").open("w") as full:
        out = subprocess.run(
            [sys.executable, "-c", MAIN, "schema"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert out.returncode != 0
    assert b"cannot write: No space left on device" in out.stderr
    assert b"Traceback" not in out.stderr


def test_version(call):
    assert call("--version").stdout.strip() == "salessim, version 0.1.0"


def test_processes_end_with_the_documented_codes(folder):
    good = command("validate", "acme.toml", cwd=folder)
    assert (good.returncode, good.stderr) == (0, "")
    bad = command("validate", "none.toml", cwd=folder)
    assert bad.returncode == 1
    assert "Traceback" not in bad.stderr
    usage = command("run", "acme.toml", "-n", "0", cwd=folder)
    assert usage.returncode == 2
    assert "Traceback" not in usage.stderr


def test_ascii_terminals_survive_any_name(folder):
    change = 'title="Käse\u2192AG"'
    result = command(
        "run", "acme.toml", "-n", "2", "-o", "r", "-S", change, cwd=folder, PYTHONIOENCODING="ascii"
    )
    assert result.returncode == 0, result.stderr
    assert "K?se?AG" in result.stdout


def test_names_are_found_on_first_use():
    for name in salessim.__all__:
        assert getattr(salessim, name) is not None
    assert dir(salessim) == salessim.__all__
    for module in (salessim, api):
        with pytest.raises(AttributeError, match="nonsense"):
            _ = module.nonsense


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("runn", "did you mean `run`?"), ("forecast", "known: `init`, `fit`, `run`, `compare`")],
)
def test_an_unknown_command_is_told_the_nearest(call, name, remedy):
    result = call(name, "acme.toml")
    assert result.exit_code == 2
    assert f'there is no command "{name}"; {remedy}' in result.stderr


def test_what_is_no_number_is_said_in_plain_words(call):
    assert "'ten' is not a valid integer." in call("run", "acme.toml", "-n", "ten").stderr


def test_an_explanation_is_printed_by_a_script(folder):
    said = str(explain(load_plan(folder / "acme.toml")))
    assert said.startswith("Acme: 2027 plan\nTime: 6 periods of one month")
    assert "Stage new_business.qualified: 60% advance: lognormal, median 14 days" in said
    assert said.endswith("40% no decision: exponential, mean 90 days; 5% stuck for good.")


@pytest.mark.parametrize(("width", "is_table"), [(40, False), (80, True)])
def test_stages_are_sentences_where_a_table_has_no_room(call, monkeypatch, width, is_table):
    monkeypatch.setenv("COLUMNS", str(width))
    result = call("explain", "acme.toml")
    assert result.exit_code == 0, result.stderr
    assert ("Cycle time" in result.stdout) == is_table
    words = " ".join(result.stdout.split())
    assert ("- Stage new_business.qualified: 60% advance" in words) != is_table
    assert max(map(len, result.stdout.splitlines())) <= width


def test_nothing_is_explained_when_it_cannot_be_drawn(call):
    result = call("explain", "acme.toml", "-o", ".")
    assert (result.exit_code, result.stdout) == (1, "")
