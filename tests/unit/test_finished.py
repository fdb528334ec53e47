"""Reading a run directory gives the run."""

import json
from pathlib import Path

import numpy as np
import pytest

import salessim as ss
from salessim.lowering import lower

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    plan = ss.load_plan(CONFIGS / "saas.toml")
    forecast = ss.simulate(plan, trajectories=12, seed=5)
    folder = ss.save_run(plan, forecast, tmp_path_factory.mktemp("runs") / "run")
    return plan, forecast, folder


def test_what_is_read_is_the_run(run):
    plan, forecast, folder = run
    found = ss.load_run(folder)
    assert found.forecast == forecast
    assert found.forecast.funnel.stages == forecast.funnel.stages
    assert np.array_equal(found.forecast.funnel.flows, forecast.funnel.flows)
    assert np.array_equal(found.forecast.funnel.open_at_start, forecast.funnel.open_at_start)
    at_once = ss.Run.of(plan, forecast)
    assert found.plan_sha256 == at_once.plan_sha256
    assert found.plan.document == at_once.plan.document
    assert (found.plan.trajectories, found.plan.seed) == (12, 5)
    assert (at_once.plan.trajectories, at_once.plan.seed) == (12, 5)
    assert lower(found.plan.model).sha256 == forecast.provenance.program_sha256


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda run: (run / "manifest.json").unlink(), "is no run directory: it holds no manifest"),
        (lambda run: (run / "forecast.parquet").unlink(), "forecast.parquet cannot be read; run"),
        (lambda run: (run / "funnel.parquet").write_bytes(b"x"), "is not what the run wrote; run"),
        (lambda run: (run / "plan.toml").write_text("title = 1"), "plan.toml"),
    ],
)
def test_a_directory_that_is_not_whole_is_refused(run, tmp_path, wrong, said):
    plan, forecast, _ = run
    folder = ss.save_run(plan, forecast, tmp_path / "run")
    wrong(folder)
    with pytest.raises(ss.SalessimError, match=said):
        ss.load_run(folder)


def test_tables_of_another_form_are_refused(run, tmp_path, monkeypatch):
    plan, forecast, _ = run
    monkeypatch.setattr("salessim.forecast.parquet.FORMAT", 1)
    folder = ss.save_run(plan, forecast, tmp_path / "run")
    monkeypatch.undo()
    with pytest.raises(ss.SalessimError, match=r"written in form 1 by another version .* form 2"):
        ss.load_run(folder)


def test_a_run_without_trajectories_says_how_to_get_them(run, tmp_path):
    _, _, whole = run
    folder = tmp_path / "run"
    folder.mkdir()
    document = json.loads((whole / "manifest.json").read_text())
    del document["files"]["forecast.parquet"]
    (folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(ss.SalessimError, match=r"left no forecast.parquet.*--format"):
        ss.load_run(folder)
