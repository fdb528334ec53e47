"""Whatever is done to a plan or its data, the answer is a Plan or a PlanError."""

import copy
import shutil
import tomllib
from datetime import date

import pytest
import tomlkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salessim.config import Plan, PlanError, load_plan
from tests.unit.plan_files import CONFIGS, EVERYTHING

NAMES = ("saas", "w1", "w1_base_only")
DOCUMENTS = {
    name: tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8")) for name in NAMES
} | {"everything": tomllib.loads(EVERYTHING)}
KEYS = st.sampled_from(
    [
        "name",
        "fixed",
        "lognormal",
        "mixture",
        "empirical",
        "file",
        "count",
        "stuck",
        "slip",
        "parked",
        "to",
        "segment",
        "curves",
        "2027-03-01",
        "a.b",
        "",
    ]
)
VALUES = st.recursive(
    st.sampled_from([0, 1, -1, 3, 2**63 - 1, 0.5, -0.0, 1e308, float("nan"), float("inf")])
    | st.sampled_from(["", "14 days", "1 per day", "40%", "1% per month", "new", "ignore", "x.csv"])
    | st.sampled_from(["new_business", "new_business.demo", "saas_customers.csv", ".", "\0", "é"])
    | st.sampled_from(["qualified", "small", "pipelines.new.pace", "pipelines.new.conversion"])
    | st.sampled_from([True, date(2027, 1, 1), date(1, 1, 1), date(9999, 12, 31)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
)
SLOW_DISK = settings(
    deadline=None,
    max_examples=120,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def outcome(path, **options) -> Plan | PlanError:
    """The plan or why there is none; any other exception fails the test."""
    try:
        return load_plan(path, **options)
    except PlanError as error:
        return error


def loads_or_says_why(path) -> None:
    result = outcome(path)
    if isinstance(result, Plan):
        assert result.model.pipelines
    else:
        assert result.problems
        # one line each, each with the address of the file
        assert all("\n" not in problem for problem in result.problems)
        assert all(problem.startswith(str(path)) for problem in result.problems)


def places(value, path=()):
    """Every path of a document."""
    yield path
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(child, (*path, key))


@pytest.fixture
def folder(tmp_path):
    for file in CONFIGS.glob("*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


@SLOW_DISK
@given(data=st.data())
def test_any_value_anywhere(folder, data):
    document = copy.deepcopy(DOCUMENTS[data.draw(st.sampled_from(sorted(DOCUMENTS)))])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([path for path in places(document) if path]))
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        match data.draw(st.sampled_from(["set", "delete", "add", "rename"])):
            case "set":
                parent[path[-1]] = data.draw(VALUES)
            case "delete":
                del parent[path[-1]]
            case "add" if isinstance(parent, dict):
                parent[data.draw(KEYS)] = data.draw(VALUES)
            case "rename" if isinstance(parent, dict):
                parent[f"{path[-1]}s"] = parent.pop(path[-1])
    plan = folder / "plan.toml"
    plan.write_text(tomlkit.dumps(document), encoding="utf-8")
    loads_or_says_why(plan)


def damaged(data, content: bytes) -> bytes:
    """Cut, double or overwrite a few pieces."""
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 40)))
        piece = data.draw(
            st.sampled_from([b"", content[start:end] * 2, b'"', b"[", b",", b"\n", b"=", b"\xff"])
            | st.binary(max_size=4)
        )
        content = content[:start] + piece + content[end:]
    return content


@SLOW_DISK
@given(data=st.data())
def test_any_damage_to_the_text(folder, data):
    name = data.draw(st.sampled_from(NAMES))
    plan = folder / "plan.toml"
    plan.write_bytes(damaged(data, (CONFIGS / f"{name}.toml").read_bytes()))
    loads_or_says_why(plan)


@SLOW_DISK
@given(data=st.data())
def test_any_damage_to_the_data(folder, data):
    name = data.draw(st.sampled_from(["saas_customers.csv", "saas_open_deals.csv"]))
    (folder / name).write_bytes(damaged(data, (CONFIGS / name).read_bytes()))
    plan = folder / "plan.toml"
    shutil.copy(CONFIGS / "saas.toml", plan)
    loads_or_says_why(plan)


@SLOW_DISK
@given(key=st.sampled_from(sorted({".".join(map(str, p)) for p in places(DOCUMENTS["w1"]) if p}))
       | st.text(max_size=12), value=st.text(max_size=12) | VALUES.map(str))  # fmt: skip
def test_any_change(key, value):
    result = outcome(CONFIGS / "w1.toml", changes=[f"{key}={value}"])
    assert result.model.pipelines if isinstance(result, Plan) else result.problems
