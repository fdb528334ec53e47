"""`salessim backtest`: from an export to scores, on laws fitted anew and on a plan's own."""

import json
from datetime import date

import pytest
from click.testing import CliRunner

import salessim as ss
from salessim.cli.main import main
from salessim.fit.backtest.actuals import Ledger, Target
from salessim.fit.backtest.origins import Grid
from salessim.model.calendar import Span
from tests.fit.made_up import history, write_csv

PLAN = """
title = "Made up"
currency = "EUR"

[forecast]
start = 2022-12-01
horizon = "2 months"
seed = 5

[pipelines.deals]
amount = { lognormal = { median = 1_000, sigma = 0.5 } }

[[pipelines.deals.stages]]
name = "first"
conversion = 0.6
cycle_time = { exponential = { mean = "20 days" } }

[[pipelines.deals.stages]]
name = "second"
conversion = 0.5
cycle_time = { exponential = { mean = "20 days" } }

[sources.leads]
kind = "external"
pipeline = "deals"
rate = "61 per month"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    there = tmp_path_factory.mktemp("backtest")
    write_csv(history(seed=31, days=700), there / "moves.csv")
    (there / "plan.toml").write_text(PLAN)
    return there


def called(folder, *words):
    arguments = ["backtest", folder / "plan.toml", folder / "moves.csv", *words]
    return CliRunner().invoke(main, list(map(str, arguments)), env={"COLUMNS": "80"})


def test_laws_are_fitted_anew_at_each_origin(folder):
    out = folder / "out"
    result = called(folder, "--origins", "2", "-n", "60", "--no-progress", "-o", out, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document == json.loads((out / "backtest.json").read_text())
    about = document["backtest"]
    assert (about["refit"], about["trajectories"], about["currency"]) == (True, 60, "EUR")
    assert [one["origin"] for one in document["origins"]] == ["2022-08-31", "2022-09-30"]
    ledger = Ledger.of(history(seed=31, days=700))
    window = Grid(period=Span(value=1, unit="month"), periods=2).window(date(2022, 9, 1))
    for target in document["origins"][0]["targets"]:
        actual = ledger.path(window)[Target(target["measure"], target["part"])]
        assert target["actual"] == pytest.approx(actual.tolist())
    for one in document["targets"]:
        assert -0.5 < one["errors"]["bias"] < 0.5, one
    assert {"index.html", "scores.csv", "manifest.json"} <= {file.name for file in out.iterdir()}
    assert "fitted anew at each origin" in result.stderr
    assert "The history is too short to say how good" in " ".join(result.stderr.split())


def test_a_plan_forecasts_with_its_own_laws_from_what_was_open_then(folder):
    """The records were made by the plan's laws: it is calibrated; one too hopeful is caught.

    False alarm 1e-6, by Kolmogorov and Smirnov on windows that do not overlap.
    """
    every = ("--no-refit", "--past", "2 months", "-n", "200", "--json", "-q")
    result = called(folder, *every)
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["said"][-1].startswith("The plan starts on 2022-12-01")
    result = called(folder, *every, "-S", "pipelines.deals.stages.first.conversion=0.95",
                    "-S", "pipelines.deals.stages.second.conversion=0.95")  # fmt: skip
    hopeful = json.loads(result.stdout)
    for right, wrong in zip(document["targets"], hopeful["targets"], strict=True):
        if right["of"] == "horizon" and right["part"] in ("all", "open_deals"):
            assert abs(right["errors"]["bias"]) < 0.15
            assert wrong["errors"]["bias"] > 0.5
            assert right["errors"]["flat"] > 1e-6 > wrong["errors"]["flat"]
            assert right["skill"]["value"] > wrong["skill"]["value"]


def test_until_when_the_records_are_whole_may_be_said(folder):
    origins = []
    for words in ((), ("--as-of", "2022-12-31")):
        result = called(folder, "--no-refit", "--origins", "1", "-n", "5", "--json", "-q", *words)
        origins.append(json.loads(result.stdout)["origins"][0]["origin"])
    assert origins == ["2022-09-30", "2022-10-31"]


def test_another_executor_and_another_order_of_origins_change_nothing(folder):
    from concurrent.futures import ThreadPoolExecutor

    plan, records = ss.load_plan(folder / "plan.toml"), ss.read_history([folder / "moves.csv"])
    words = {"refit": False, "trajectories": 50}
    days = [date(2022, 3, 31), date(2022, 6, 30)]
    alone = ss.backtest(records, plan, origins=days, **words)
    with ThreadPoolExecutor(2) as pool:
        together = ss.backtest(records, plan, origins=days[::-1], executor=pool, **words)
    assert alone.table.equals(together.table)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--origins", "2030-01-01"), "the records do not reach to the end of the horizon"),
        (("--origins", "soon"), "monthly for every month's end"),
        (("--horizon", "3 parsecs"), 'horizon: "3 parsecs" is not a length of time'),
        (("--horizon", "10 weeks"), "horizon: 10 weeks are 2.30 periods of 1 month;"),
        (("--past", "20 years"), "origins: the history is too short"),
        (("--past", "a lot"), "past: expected"),
        (("--stages", "first,second,third"), "third"),
    ],
)
def test_what_cannot_be_is_said_and_why(folder, words, said):
    result = called(folder, *words)
    assert result.exit_code == 1, result.output
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_plan_whose_stages_are_others_is_told_so(folder):
    other = folder / "other.toml"
    other.write_text(PLAN.replace('name = "first"', 'name = "begin"'))
    result = CliRunner().invoke(
        main, ["backtest", str(other), str(folder / "moves.csv"), "--no-refit", "--origins", "1"]
    )
    assert result.exit_code == 1
    assert "deals.first" in result.output


def test_customers_of_an_earlier_day_only_a_fit_can_tell(folder):
    other = folder / "customers.toml"
    other.write_text(
        f'{PLAN}\n[customers]\ncount = 5\nlifetime = {{ exponential = {{ mean = "2 years" }} }}\n'
    )
    result = CliRunner().invoke(
        main, ["backtest", str(other), str(folder / "moves.csv"), "--no-refit", "--origins", "1"]
    )
    assert result.exit_code == 1
    assert "only a fit can tell" in result.output
