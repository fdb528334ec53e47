"""What it takes to start: commands in processes of their own, as a user types them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

SALESSIM = Path(sys.executable).with_name("salessim")
W1 = Path(__file__).parents[1] / "configs" / "w1.toml"

SMALLEST = """
title = "the smallest plan"
currency = "EUR"

[forecast]
start = 2027-01-01
horizon = "3 months"
trajectories = 100
seed = 7

[pipelines.sale]
amount = { fixed = 100 }

[[pipelines.sale.stages]]
name = "only"
conversion = 1.0

[sources.leads]
kind = "external"
pipeline = "sale"
rate = "10 per month"
buyer = "existing"

[sustainability]
need = 500
"""


@pytest.fixture
def call(tmp_path):
    """Return a function that runs salessim with a cache folder and returns its output."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def command(*arguments, cache=tmp_path):
        folders = {"NUMBA_CACHE_DIR": str(cache), "MPLCONFIGDIR": str(cache)}
        done = subprocess.run(  # noqa: S603 -- our own command
            [SALESSIM, *arguments],
            env=inherited | folders,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    return command


@pytest.fixture
def run_smallest(call, tmp_path):
    """Return a function that runs the smallest plan, each time into a new run directory."""
    plan = tmp_path / "smallest.toml"
    plan.write_text(SMALLEST)
    runs = iter(range(1000))

    def command(cache=tmp_path):
        folder = tmp_path / f"run {next(runs)}"
        printed = call("run", plan, "-o", folder, "--json", cache=cache)
        assert (folder / "manifest.json").exists()
        return json.loads(printed)

    return command


def report_seconds(benchmark, report):
    seconds = np.array(benchmark.stats.stats.data)
    report(seconds_best=float(seconds.min()), seconds_median=float(np.median(seconds)))


def assert_right(document):
    """Check the mean of 3,000 expected wins: Poisson, 5 standard errors, false-alarm rate 6e-7."""
    assert abs(document["totals"]["wins"]["mean"] - 30.0) < 5 * (30.0 / 100) ** 0.5
    bookings, wins = (document["totals"][name]["mean"] for name in ("bookings", "wins"))
    assert bookings == pytest.approx(100 * wins)


@pytest.mark.benchmark(group="start-up")
def test_help(benchmark, report, call):
    assert "Usage: salessim" in call("--help")
    benchmark.pedantic(call, args=("--help",), rounds=10)
    report_seconds(benchmark, report)


@pytest.mark.benchmark(group="start-up")
def test_validate(benchmark, report, call):
    assert "w1.toml" in call("validate", W1)
    benchmark.pedantic(call, args=("validate", W1), rounds=10)
    report_seconds(benchmark, report)


@pytest.mark.benchmark(group="start-up")
def test_run_with_cached_machine_code(benchmark, report, run_smallest):
    assert_right(run_smallest())
    benchmark.pedantic(run_smallest, rounds=5)
    report_seconds(benchmark, report)


@pytest.mark.benchmark(group="first run")
def test_first_run_ever(benchmark, report, run_smallest, tmp_path):
    empty = iter(range(1000))

    def new_folder():
        folder = tmp_path / f"cache {next(empty)}"
        folder.mkdir()
        return (folder,), {}

    # also the first of matplotlib, whose list of fonts is built; only Python's own cache is warm
    document = benchmark.pedantic(run_smallest, setup=new_folder, rounds=2)
    assert_right(document)
    report_seconds(benchmark, report)
