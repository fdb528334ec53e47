"""`salessim init`: plans to begin with, their made-up data, and folders it cannot write to."""

import shlex
import signal
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest

from salessim import init, load_plan, simulate, validate
from salessim.api import template_data, templates
from salessim.api.templates import TEMPLATES, template_files
from salessim.lowering import lower
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.model.laws import Exponential, Fixed
from tests.statistics import assert_sample_mean

CONFIGS = Path(__file__).parents[2] / "configs"
WRITTEN = {"plan.toml", "customers.csv", "open_deals.csv"}
VERDICTS = {
    "saas": "fragile",
    "distributor": "self-sustaining",
    "agency": "dependent on external leads",
}


def draws(seed):
    return Random(seed)  # noqa: S311  (no secret hangs on it)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_runs_at_once(call, folder, name):
    result = call("init", "demo", "--template", name)
    assert result.exit_code == 0, result.stderr
    assert {file.name for file in (folder / "demo").iterdir()} == WRITTEN
    assert all(file in result.stdout for file in WRITTEN)
    for line in result.stdout.partition("Next:\n")[2].splitlines():
        typed = shlex.split(line, comments=True)
        more = {"run": ("-n", "2", "-o", "first"), "compare": ("-n", "2")}.get(typed[1], ())
        assert call(*typed[1:], *more).exit_code == 0
    assert sorted(folder.iterdir()) == [folder / name for name in ("acme.toml", "demo", "first")]


@pytest.mark.parametrize(("name", "word"), VERDICTS.items())
def test_the_verdict_of_a_template_is_that_of_its_business(folder, name, word):
    forecast = simulate(load_plan(init(folder / name, template=name)), trajectories=400, seed=1)
    assert forecast.sustainability().word == word


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_in_balance_with_its_data(folder, name):
    plan = load_plan(init(folder / name, template=name))
    assert not any("too old" in note for note in validate(plan))
    model = plan.model
    assert len(model.customers.ids) == TEMPLATES[name].customers
    everywhere = {f"{p.name}.{stage.name}" for p in model.pipelines for stage in p.stages}
    assert set(model.open_deals.stages) == everywhere
    known = model.open_deals.amounts[~np.isnan(model.open_deals.amounts)]
    assert 0.7 < len(known) / len(model.open_deals.ids) < 0.95
    assert known.min() > 0


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_scenario_of_a_template_is_another_future(folder, name):
    plan = load_plan(init(folder / name, template=name))
    assert len(plan.scenario_names) == 3
    plans = [plan, *map(plan.scenario, plan.scenario_names)]
    assert len({lower(each.model).sha256 for each in plans}) == 4


def test_ages_are_those_of_visits_that_go_on():
    # 0.5 x exponential + 0.5 that never leave: within a year both parts of the density are seen.
    outcomes = [(0.5, Exponential(mean=40.0)), (0.5, None)]
    weights = template_data._survivals(outcomes, days=365)
    days = np.arange(1, 366) - 0.5
    density = 0.5 * np.exp(-days / 40.0) + 0.5
    np.testing.assert_allclose(weights, density, rtol=1e-12)
    draw = draws(3)
    ages = [template_data._ages(weights, 1, draw)[0] for _ in range(20_000)]
    mean = float((np.arange(1, 366) * density).sum() / density.sum())
    assert_sample_mean(np.array(ages, dtype=float), mean)
    with pytest.raises(AssertionError):
        assert_sample_mean(np.array(ages, dtype=float), 183.0)  # as if all ages were equally likely


def test_few_ages_are_no_odd_lot():
    weights = np.ones(300)
    for seed in range(50):
        assert np.mean(template_data._ages(weights, 30, draws(seed))) == pytest.approx(150, abs=9)
    assert template_data._ages(weights, 0, draws(1)) == []


def test_amounts_are_written_as_people_do():
    amounts = template_data._amounts(Fixed(value=12_345.0), 4_000, draws(5))
    count = Counter(amounts)
    assert set(count) == {"", "12300"}
    assert_sample_mean(
        np.array([not amount for amount in amounts], dtype=float), template_data.UNKNOWN
    )


def test_a_stage_holds_what_enters_it_times_how_long_it_stays(folder):
    model = load_plan(init(folder / "demo", template="distributor")).model
    flows = template_data._visits_per_day(model)
    customers = TEMPLATES["distributor"].customers
    quotes = customers / 21 * np.mean(model.sources[0].season)
    assert flows["repeat_order.quote"] == pytest.approx(quotes)
    slips = 0.08
    orders = 0.78 * quotes / (1 - slips)  # a slip is a visit, too
    assert flows["repeat_order.order"] == pytest.approx(orders)
    leads = (9 + 12) / DAYS_PER_MONTH + customers / (4 * 365.25)
    assert flows["new_account.enquiry"] == pytest.approx(leads)
    order = model.pipelines[0].stages[1]
    stays = slips * order.slip.by.mean + (1 - slips) * order.cycle_time.mean
    assert model.open_deals.stages.count("repeat_order.order") == round(orders * stays)


def test_the_same_template_gives_the_same_bytes(folder):
    for name in ("a", "b"):
        init(folder / name, template="agency")
    for file in (folder / "a").iterdir():
        assert file.read_bytes() == (folder / "b" / file.name).read_bytes()


def test_the_distributor_among_the_configs_is_the_template():
    files = template_files("distributor")
    plan = files.pop("plan.toml").replace('\nfile = "', '\nfile = "distributor_')
    assert (CONFIGS / "distributor.toml").read_text(encoding="utf-8") == plan
    for name, text in files.items():
        assert (CONFIGS / f"distributor_{name}").read_text(encoding="utf-8") == text


def test_an_empty_folder_is_filled(call, folder, monkeypatch):
    (folder / "mine").mkdir()
    monkeypatch.chdir(folder / "mine")
    assert call("init", ".").exit_code == 0
    assert {file.name for file in Path().iterdir()} == WRITTEN


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("init", "demo", "--template", "agensy"), "did you mean `agency`?"),
        (("init", "demo", "--template", "bakery"), "`saas`, `distributor`, `agency`"),
        (("init", "full"), "full is not empty (it holds a.txt and 1 more)"),
        (("init", "acme.toml"), "acme.toml is a file, not a folder"),
        (("init", "acme.toml/demo"), "there is no folder acme.toml"),
        (("init", "none/demo"), "there is no folder none; make that first"),
        (("init", "link"), "link cannot be written"),
        (("init", "x" * 300), "cannot be written: File name too long"),
        (("init", "/proc/demo"), "/proc/demo cannot be written"),
        (("init", ""), "is not empty"),
    ],
)
def test_where_nothing_can_be_written(call, folder, args, said):
    (folder / "full").mkdir()
    for name in ("a.txt", "b.txt"):
        (folder / "full" / name).touch()
    (folder / "link").symlink_to("nowhere")
    before = sorted(folder.rglob("*"))
    result = call(*args)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("failing", ["write_text", "rename"])
def test_nothing_half_written_is_left(folder, monkeypatch, there, failing):
    target = folder / "demo"
    if there:
        target.mkdir()
    before = sorted(folder.rglob("*"))
    real, calls = getattr(Path, failing), []

    def full_disk(self, *args, **options):
        calls.append(self)
        if len(calls) == (2 if there or failing == "write_text" else 1):
            raise OSError(28, "No space left on device")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, failing, full_disk)
    with pytest.raises(templates.SalessimError, match="demo cannot be written: No space left"):
        init(target)
    assert calls
    assert sorted(folder.rglob("*")) == before


KILLED = """
import os, signal
from pathlib import Path
import salessim
Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
salessim.init("demo")
"""


@pytest.mark.parametrize("there", [True, False])
def test_what_a_killed_init_left_goes_with_the_next(call, folder, there):
    if there:
        (folder / "demo").mkdir()
    killed = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert any(file.name.startswith(".") for file in folder.rglob("*"))
    result = call("init", "demo")
    assert result.exit_code == 0, result.stderr
    assert sorted(folder.iterdir()) == [folder / "acme.toml", folder / "demo"]
    assert {file.name for file in (folder / "demo").iterdir()} == WRITTEN


def test_the_folder_is_open_to_whom_the_umask_lets(folder):
    init(folder / "demo")
    (folder / "other").mkdir()
    modes = [stat.S_IMODE((folder / name).stat().st_mode) for name in ("demo", "other")]
    assert modes[0] == modes[1]
