"""Whatever is done to a plan or its data, the answer is a Plan or a PlanError."""

import copy
import tomllib
from datetime import date

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from salessim.config import Plan, PlanError, load_plan
from tests.unit.fuzz import fuzzed, prepare
from tests.unit.plan_files import CONFIGS, EVERYTHING, WORLDS

NAMES = ("saas", "w1", "w1_base_only")
DOCUMENTS = {
    name: tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8")) for name in NAMES
} | {"everything": tomllib.loads(EVERYTHING), "worlds": tomllib.loads(WORLDS)}
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
        "p05",
        "p95",
        "beta",
        "normal",
        "samples",
        "shocks",
        "leads",
        "health",
        "targets",
        "correlation",
        "sources.web.rate",
        "shocks.economy",
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
    | st.sampled_from([{"p05": 0.2, "p95": 0.4}, {"samples": "samples.csv"}]).map(copy.deepcopy)
    | st.sampled_from([{"p05": "1 per day", "p95": "9 per day"}, {"lognormal": {}}]).map(
        copy.deepcopy
    )
    | st.sampled_from([True, date(2027, 1, 1), date(1, 1, 1), date(9999, 12, 31)]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=4,
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("mutations")
    prepare(path)
    return path


@fuzzed(120)
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


@fuzzed(120)
@given(key=st.sampled_from(sorted({".".join(map(str, p)) for p in places(DOCUMENTS["w1"]) if p}))
       | st.text(max_size=12), value=st.text(max_size=12) | VALUES.map(str))  # fmt: skip
def test_any_change(key, value):
    result = outcome(CONFIGS / "w1.toml", changes=[f"{key}={value}"])
    assert result.model.pipelines if isinstance(result, Plan) else result.problems
