"""`salessim run`: what it prints, what it leaves, and what it leaves when it fails."""

import errno
import hashlib
import json
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salessim import Forecast, SalessimError, api, engine, load_plan, save_run, simulate
from salessim.charts import style
from salessim.cli import render, run
from salessim.readable import scale

FILES = {
    "manifest.json",
    "plan.toml",
    "summary.csv",
    "forecast.parquet",
    "funnel.parquet",
    "fan.svg",
    "origins.svg",
    "with_and_without.svg",
    "funnel.svg",
    "process_map.svg",
}


def test_run_directory_is_complete_and_says_what_made_it(call, folder):
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 0, result.stderr
    assert {file.name for file in (folder / "first").iterdir()} == FILES
    assert {file.name for file in folder.iterdir()} == {"acme.toml", "first"}
    manifest = json.loads((folder / "first/manifest.json").read_text())
    assert manifest["command"] == ["salessim", "run", "acme.toml", "-o", "first"]
    assert (manifest["seed"], manifest["trajectories"], manifest["engine"]) == (7, 40, "walk")
    assert set(manifest["files"]) == FILES - {"manifest.json"}
    for name, about in manifest["files"].items():
        content = (folder / "first" / name).read_bytes()
        assert about == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    plan = (folder / "acme.toml").read_bytes()
    assert manifest["inputs"][0]["sha256"] == hashlib.sha256(plan).hexdigest()
    assert manifest["plan"]["toml"] == (folder / "first/plan.toml").read_text()
    assert manifest["monte_carlo_se"]["totals"]["bookings"] > 0
    assert manifest["libraries"]["numpy"]
    assert manifest["timing"]["simulate_seconds"] > 0


def test_what_is_written_is_what_a_script_gets(call, folder):
    assert call("run", "acme.toml", "-o", "first", "-q").exit_code == 0
    forecast = simulate(load_plan("acme.toml"))
    assert Forecast.from_parquet(folder / "first/forecast.parquet") == forecast
    funnel = pd.read_parquet(folder / "first/funnel.parquet")
    assert funnel["entered"].sum() == forecast.funnel.flows[..., 0].sum()
    save_run(load_plan("acme.toml"), forecast, folder / "second", command=["script"])
    for name in FILES - {"manifest.json"}:
        ours, theirs = (folder / run / name for run in ("first", "second"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_resolved_plan_runs_to_the_same_bits(call, folder):
    assert call("run", "acme.toml", "-S", "customers.count=60", "-o", "a", "-q").exit_code == 0
    assert call("run", "a/plan.toml", "-o", "b", "-q", "--threads", "1").exit_code == 0
    ours, theirs = (Forecast.from_parquet(folder / x / "forecast.parquet") for x in "ab")
    assert ours == theirs
    assert ours.labels.starting_customers == 60


def test_the_plan_of_a_run_repeats_it_with_the_options_it_had(call, folder):
    assert call("run", "acme.toml", "-n", "12", "--seed", "99", "-o", "first", "-q").exit_code == 0
    assert call("run", "first/plan.toml", "-o", "again", "-q").exit_code == 0
    first, again = folder / "first/forecast.parquet", folder / "again/forecast.parquet"
    assert first.read_bytes() == again.read_bytes()


def test_options_override_the_plan(call, folder):
    call("run", "acme.toml", "-o", "a", "-q", "-n", "11", "--seed", "99")
    forecast = Forecast.from_parquet(folder / "a/forecast.parquet")
    assert (forecast.trajectories, forecast.provenance.seed) == (11, 99)


def test_a_seed_not_given_is_drawn_and_recorded(call, folder):
    plan = folder / "acme.toml"
    plan.write_text(plan.read_text().replace("seed = 7", ""))
    for name in "ab":
        assert call("run", "acme.toml", "-o", name, "-q").exit_code == 0
    a, b = (json.loads((folder / name / "manifest.json").read_text())["seed"] for name in "ab")
    assert a != b
    assert call("run", "acme.toml", "-o", "c", "-q", "--seed", a).exit_code == 0
    again, first = (Forecast.from_parquet(folder / x / "forecast.parquet") for x in "ca")
    assert again == first


def test_terminal_report(call, folder):
    result = call("run", "acme.toml", "-o", "first")
    out = result.stdout
    for part in ("Bookings", "P10", "P50", "P90", "w/o", "2027-06", "Wins", "Active"):
        assert part in out
    assert "Acme: 2027 plan: 40 trajectories, 2027-01-01 to 2027-06-30" in out
    assert "The business is dependent on external leads.\nIt must book" in out
    assert "50,000 USD a month (stated in the plan)" in re.sub(r"\s+", " ", out)
    assert "Seed 7. Written to first" in out
    assert "\x1b" not in result.output
    assert max(map(len, out.splitlines())) <= 80
    total = simulate(load_plan("acme.toml")).bookings.total_summary.mean
    assert f"{total:,.0f}" in out
    assert folder.joinpath("first").exists()


def test_wide_terminals_show_more_and_names_are_no_styles(call, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    result = call("run", "acme.toml", "-o", "a", "-S", 'title="[red]Acme[/red]"')
    assert "[red]Acme[/red]" in result.stdout
    header = next(line for line in result.stdout.splitlines() if line.strip().startswith("Month"))
    assert header.count("w/o") == 3


@pytest.mark.parametrize("width", [40, 50, 60, 80, 100])
def test_no_number_is_cut_on_narrow_terminals(call, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    result = call("run", "acme.toml", "-o", "a", "-S", "pipelines.new_business.amount.fixed=1e9")
    assert "\u2026" not in result.stdout
    table = result.stdout.split("Whole span")[0].splitlines()
    rows = [line.split() for line in table if line.startswith(" 2027-")]
    assert len(rows) == 6
    assert len({len(row) for row in rows}) == 1
    assert all(len(row) >= 5 for row in rows)
    assert max(map(len, table)) <= width


def test_numbers_are_scaled_and_rounded_sensibly():
    assert scale(99_999, digits=5) == (1, "")
    assert scale(100_000, digits=5) == (1_000, "thousand ")
    assert scale(1e18, digits=5) == (10**12, "trillion ")
    shown = [render.amount(x) for x in (1234.5, 12.5, 7.15, 7.0, -0.2, 0.0)]
    assert shown == ["1,234", "12", "7.2", "7", "-0.2", "0"]


def test_long_tables_are_cut_in_the_middle(call):
    changes = ("-S", 'forecast.period="week"', "-S", 'forecast.horizon="100 weeks"')
    result = call("run", "acme.toml", "-n", "5", "-o", "a", *changes)
    assert result.exit_code == 0, result.stderr
    rows = [line for line in result.stdout.splitlines() if re.match(r" 20\d\d-\d\d-\d\d ", line)]
    assert len(rows) == 60
    assert any(line.strip() == "..." for line in result.stdout.splitlines())


def test_a_bar_on_terminals_only(call, monkeypatch):
    assert call("run", "acme.toml", "-o", "a", "-n", "500").stderr.count("trajectories") == 0
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "trajectories" in call("run", "acme.toml", "-o", "b", "-n", "500").stderr
    quiet = call("run", "acme.toml", "-o", "c", "-n", "500", "--no-progress")
    assert "trajectories" not in quiet.stderr


def test_one_trajectory_is_reported_without_errors(call, folder):
    result = call("run", "acme.toml", "-o", "a", "-n", "1")
    assert result.exit_code == 0, result.stderr
    row = next(line for line in result.stdout.splitlines() if "Bookings," in line)
    assert row.split()[3] == "-"
    manifest = json.loads((folder / "a/manifest.json").read_text())
    assert manifest["monte_carlo_se"]["totals"]["bookings"] is None
    rows = pd.read_csv(folder / "a/summary.csv")
    assert rows["se"].isna().all()


def test_stuck_open_deals_are_said(call):
    stage = "pipelines.new_business.stages.qualified"
    changes = (
        'open_deals.age="9 days"',
        stage + '.cycle_time={ fixed = "1 day" }',
        stage + '.no_decision.after={ fixed = "1 day" }',
        stage + ".stuck.share=0",
    )
    options = [part for change in changes for part in ("-S", change)]
    result = call("run", "acme.toml", "-o", "a", "-n", "3", *options)
    assert result.exit_code == 0, result.stderr
    assert "Note: open deals older than any deal" in result.stdout
    assert "taken as stuck for good: 6" in " ".join(result.stdout.split())


def test_json_is_all_there_is_on_stdout(call):
    result = call("run", "acme.toml", "-o", "first", "--json")
    document = json.loads(result.stdout)
    assert document["run"]["trajectories"] == 40
    assert document["verdict"]["need_per_month"] == 50_000
    assert "Written to first" in result.stderr
    expected = simulate(load_plan("acme.toml")).summary()
    for name in ("periods", "series", "totals", "without_external_leads", "verdict", "notes"):
        assert document[name] == json.loads(json.dumps(expected[name]))


def test_quiet_says_nothing(call):
    assert call("run", "acme.toml", "-o", "first", "--quiet").output == ""


@pytest.mark.parametrize("compiled", [True, False])
def test_compiling_is_said_before_it_starts(call, monkeypatch, compiled):
    monkeypatch.setattr(engine, "is_compiled", lambda: compiled)
    result = call("run", "acme.toml", "-o", "first")
    assert ("compiling machine code" in result.stderr) != compiled


def test_dry_run_leaves_nothing(call, folder, monkeypatch):
    monkeypatch.setattr(api, "simulate", None)
    result = call("run", "acme.toml", "--dry-run", "-n", "1000")
    assert result.exit_code == 0
    assert "would simulate 1,000 trajectories with seed 7" in result.stdout
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]
    assert call("run", "acme.toml", "--dry-run", "-q").output == ""


def test_default_directory_is_named_after_the_plan(call, folder):
    for _ in range(2):
        assert call("run", "acme.toml", "-q").exit_code == 0
    names = [file.name for file in (folder / "out").iterdir()]
    assert len(names) == 2
    assert all(re.fullmatch(r"acme-\d{8}-\d{6}(-2)?", name) for name in names)


def test_existing_directory_is_refused_before_simulating(call, folder, monkeypatch):
    (folder / "first").mkdir()
    monkeypatch.setattr(api, "simulate", None)
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: first exists and is not overwritten")
    assert not list((folder / "first").iterdir())


def test_unwritable_place_is_refused_before_simulating(call, folder, monkeypatch):
    monkeypatch.setattr(api, "simulate", None)
    result = call("run", "acme.toml", "-o", "acme.toml/run")
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_full_disk_leaves_nothing(call, folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        result = call("run", "acme.toml", "-o", "deep/down/first")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1
    assert "deep/down/first cannot be written: File too large" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_failure_in_the_last_file_leaves_nothing(call, folder, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(style, "save", full)
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert "free some space, or choose another place with -o" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_a_directory_that_appears_meanwhile_is_not_overwritten(folder):
    plan = load_plan("acme.toml")
    forecast = simulate(plan, trajectories=2)
    with api.RunDirectory(folder / "first") as directory:
        (folder / "first").mkdir()
        with pytest.raises(SalessimError, match="appeared"):
            directory.publish()
    assert sorted(file.name for file in folder.iterdir()) == ["acme.toml", "first"]
    with pytest.raises(SalessimError, match="exists"):
        save_run(plan, forecast, folder / "first")


def stop_after(monkeypatch, trajectories):
    """Press Ctrl-C once in each run, when that many trajectories are finished."""

    @contextmanager
    def progress(*, shown):
        pressed = []

        def press(done, _):
            if done >= trajectories and not pressed:
                pressed.append(done)
                raise KeyboardInterrupt

        assert shown
        yield press

    monkeypatch.setattr(run, "progress_bar", progress)


def test_interrupted_run_keeps_what_is_finished(call, folder, monkeypatch):
    stop_after(monkeypatch, 1)
    for name in ("first.partial", "first.partial-2"):
        result = call("run", "acme.toml", "-o", "first", "-n", "5000", "--threads", "1")
        assert result.exit_code == 130
        assert "trajectories are finished and kept in" in result.stderr
        assert name in result.stderr
        forecast = Forecast.from_parquet(folder / name / "forecast.parquet")
        assert 1 <= forecast.trajectories < 5000
        assert forecast.interrupted
    assert not (folder / "first").exists()
    whole = simulate(load_plan("acme.toml"), trajectories=forecast.trajectories)
    assert (whole.bookings.samples == forecast.bookings.samples).all()


def test_stopped_before_any_trajectory_is_an_interrupt(folder, monkeypatch):
    whole = engine.run

    def stopped(*args, **options):
        cube = whole(*args, **options)
        arrays = {name: a[:0] for name, a in vars(cube).items() if isinstance(a, np.ndarray)}
        return replace(cube, **arrays)

    monkeypatch.setattr(engine, "run", stopped)
    plan = load_plan(folder / "acme.toml")
    with pytest.raises(KeyboardInterrupt):
        simulate(plan, trajectories=2)


def test_interrupted_at_once_leaves_nothing(call, folder, monkeypatch):
    def never(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "simulate", never)
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 130
    assert "interrupted: nothing is written" in result.stderr
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_process_in_order(folder, number):
    code = "from salessim.cli.main import main; main()"
    args = ("run", "acme.toml", "-o", "first", "-n", "3000000")
    with subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while not any(file.name.startswith(".first.tmp") for file in folder.iterdir()):
            time.sleep(0.05)
        time.sleep(1.0)
        process.send_signal(number)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    # Nothing when the signal came before the first trajectory, else what was finished.
    names = {file.name for file in folder.iterdir()}
    assert names in ({"acme.toml"}, {"acme.toml", "first.partial"})


@pytest.mark.parametrize(
    "args",
    [
        ("-n", "0"),
        ("-n", "many"),
        ("--seed", "-1"),
        ("--seed", 2**64),
        ("--threads", "0"),
        ("--format", "csv,docx"),
        ("-o", ""),
        ("-o", " "),
        ("--nonsense",),
    ],
)
def test_wrong_usage_is_exit_code_2(call, folder, args):
    result = call("run", "acme.toml", *args)
    assert result.exit_code == 2
    assert "Error" in result.stderr
    assert result.stdout == ""
    assert [file.name for file in folder.iterdir()] == ["acme.toml"]


def test_not_enough_memory_is_said(call, monkeypatch):
    def greedy(*_, **__):
        raise MemoryError

    monkeypatch.setattr(api, "simulate", greedy)
    result = call("run", "acme.toml", "-o", "first")
    assert result.exit_code == 1
    assert "ask for fewer with -n" in result.stderr
