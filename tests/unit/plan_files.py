"""Small plans for the tests of `salessim.config`."""

from pathlib import Path

import pytest

from salessim.config import Plan, PlanError, load_plan

CONFIGS = Path(__file__).parents[2] / "configs"

EVERYTHING = (Path(__file__).parent / "everything.toml").read_text(encoding="utf-8")
"""A plan with every way a deal moves, curves, campaigns and segments."""

WORLDS = (Path(__file__).parent / "worlds.toml").read_text(encoding="utf-8")
"""A plan with everything that is uncertain, by every way to say it; it reads `samples.csv`."""

SMALL = """\
[forecast]
start = 2027-01-01
horizon = "12 months"

[pipelines.new]
amount = { fixed = 100 }

[[pipelines.new.stages]]
name = "first"
conversion = 0.5
cycle_time = { fixed = "10 days" }

[[pipelines.new.stages]]
name = "second"
conversion = 0.4

[sources.web]
kind = "external"
pipeline = "new"
rate = "30 per month"
"""


def write(folder: Path, text: str, name: str = "plan.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(folder: Path, text: str, **options) -> Plan:
    return load_plan(write(folder, text), **options)


def problems(folder: Path, text: str, **options) -> list[str]:
    """The problems of a plan; the folder is cut off, so that addresses read `plan.toml:3: ...`."""
    with pytest.raises(PlanError) as caught:
        load(folder, text, **options)
    return [problem.replace(f"{folder}/", "") for problem in caught.value.problems]


def edited(old: str, new: str, text: str = SMALL) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)
