"""Uncertain numbers in plans: how they are read, what they are called, what is refused."""

import copy
import pickle
import subprocess
import sys
from statistics import NormalDist

import numpy as np
import pytest

from salessim.config import load_plan
from salessim.model.law import floats
from salessim.model.uncertain import Between, Uncertain
from tests.unit.plan_files import SMALL, edited, load, problems, write

CONVERSION = "pipelines.new.stages.first.conversion"
RATE = "sources.web.rate"
DAYS = "pipelines.new.stages.first.cycle_time.fixed"
P95 = NormalDist().inv_cdf(0.95)
SAMPLES = "value\n0.3\n40%\n0.5\n"


def number(folder, key: str, value: str, *, many: int = 1) -> Uncertain:
    """The one uncertain number of a plan with a change."""
    numbers = load(folder, SMALL, changes=[f"{key}={value}"]).model.uncertain
    assert len(numbers) == many
    return numbers[0]


def said(folder, *changes: str) -> list[str]:
    """Problems without the label of the change."""
    return [p.partition("}: ")[2] or p for p in problems(folder, SMALL, changes=changes)]


@pytest.mark.parametrize(
    ("key", "value", "ends", "middle"),
    [
        (CONVERSION, '{ p05 = 0.2, p95 = "50%" }', (0.2, 0.5), 1 / 3),
        (RATE, '{ p05 = "10 per month", p95 = "40 per month" }', (10, 40), 20),
        (RATE, '{ p05 = "2 per week", p95 = "8 per week" }', (2 / 7, 8 / 7), 4 / 7),
        (DAYS, '{ p05 = "1 week", p95 = "28 days" }', (7, 28), 14),
        ("sources.web.growth", '{ p05 = "0% per month", p95 = "21% per month" }', (0, 0.21), 0.1),
        ("sources.web.over_dispersion", "{ p05 = 0.1, p95 = 0.4 }", (0.1, 0.4), 0.2),
        ("sustainability.need", "{ p05 = 100, p95 = 400 }", (100, 400), 200),
    ],
)
def test_an_interval_holds_90_percent_around_its_middle(tmp_path, key, value, ends, middle):
    found = number(tmp_path, key, value)
    assert found.at(floats([-P95, P95])) == pytest.approx(ends)
    assert float(found) == pytest.approx(middle)
    assert found.address == key


@pytest.mark.parametrize(
    ("key", "value", "at", "expected"),
    [
        (CONVERSION, "{ beta = [2, 1] }", 0.0, 0.5**0.5),
        (CONVERSION, '{ normal = ["50%", "2%"] }', 1.0, 0.52),
        (CONVERSION, "{ triangular = [0.2, 0.4, 0.6] }", 0.0, 0.4),
        (CONVERSION, "{ pert = [0.2, 0.4, 0.6] }", 0.0, 0.4),
        (CONVERSION, '{ samples = "samples.csv" }', -1.0, 0.3),
        (DAYS, '{ lognormal = { median = "2 weeks", sigma = 0.5 } }', 2.0, 14 * np.e),
        (RATE, '{ triangular = ["0 per month", "5 per month", "10 per month"] }', 0.0, 5.0),
        ("sources.web.growth", '{ normal = ["1% per month", "0.5% per month"] }', 1.0, 0.015),
    ],
)
def test_every_way_to_say_a_number(tmp_path, key, value, at, expected):
    write(tmp_path, SAMPLES, "samples.csv")
    assert number(tmp_path, key, value).at(floats([at]))[0] == pytest.approx(expected)


def test_the_number_stands_where_the_plain_one_would(tmp_path):
    text = edited(
        'rate = "30 per month"',
        """\
rate = { p05 = "10 per month", p95 = "40 per month" }
season = [1, 1, 1, { p05 = 0.5, p95 = 2 }, 1, 1, 1, 1, 1, 1, 1, 1]
campaign = { 2027-03-01 = { p05 = 1, p95 = 4 } }
[[curves]]
target = "pipelines.new.pace"
from = 2027-02-01
factor = { p05 = 0.5, p95 = 2 }
""",
    )
    text = edited(
        "amount = { fixed = 100 }",
        """\
amount = { gamma = { mean = { p05 = 50, p95 = 200 }, shape = { p05 = 1, p95 = 4 } } }""",
        text,
    )
    text = edited(
        "conversion = 0.4",
        """\
conversion = 0.4
slip = { probability = { beta = [1, 9] }, by = { fixed = "2 days" } }
stuck = { share = { beta = [1, 9] } }""",
        text,
    )
    model = load(tmp_path, text).model
    (source,), (pipeline,), (curve,) = model.sources, model.pipelines, model.curves
    places = {
        "curves.0.factor": curve.factor,
        "pipelines.new.amount.gamma.mean": pipeline.amount.mean,
        "pipelines.new.amount.gamma.shape": pipeline.amount.shape,
        "pipelines.new.stages.second.slip.probability": pipeline.stages[1].slip.probability,
        "pipelines.new.stages.second.stuck.share": pipeline.stages[1].stuck_share,
        "sources.web.campaign.2027-03-01": source.campaign[0][1],
        "sources.web.rate": source.rate.per_month,
        "sources.web.season.3": source.season[3],
    }
    assert [found.address for found in model.uncertain] == list(places)
    for found in model.uncertain:
        assert places[found.address] is found


def test_addresses_are_those_of_changes(tmp_path):
    text = edited('name = "first"', 'name = "first call"').replace(
        "[sources.web]", '[sources."a b"]'
    )
    first = 'pipelines.new.stages."first call".conversion'
    given = {first: {"p05": 0.2, "p95": 0.4}, 'sources."a b".rate': {
        "normal": ["30 per month", "2 per month"]}}  # fmt: skip
    model = load(tmp_path, text, changes=given).model
    assert [found.address for found in model.uncertain] == list(given)
    assert not load(
        tmp_path, text, changes={**given, **dict.fromkeys([first], 0.3)}
    ).model.uncertain[1:]


def test_a_number_without_variance_is_a_plain_one(tmp_path):
    write(tmp_path, "value\n0.3\n0.3\n", "one.csv")
    plain = load(tmp_path, SMALL, changes={CONVERSION: 0.3}).model
    for value in (
        "{ p05 = 0.3, p95 = 0.3 }",
        "{ normal = [0.3, 0] }",
        "{ triangular = [0.3, 0.3, 0.3] }",
        '{ samples = "one.csv" }',
    ):
        assert load(tmp_path, SMALL, changes=[f"{CONVERSION}={value}"]).model == plain
    rate = '{ p05 = "30 per month", p95 = "30 per month" }'
    assert load(tmp_path, SMALL, changes=[f"{RATE}={rate}"]).model == load(tmp_path, SMALL).model


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("{ p05 = 0.5, p95 = 0.3 }", "expected p05 below p95, found 0.5, 0.3; swap them"),
        (
            "{ p05 = 0, p95 = 0.3 }",
            (
                "expected p05 above 0 and p95 below 1 (on the odds scale), found 0 and 0.3; "
                "move the end inwards, or write { triangular = [...] }"
            ),
        ),
        ("{ p05 = 0.1 }", "missing key `p95`: an interval has two ends, p05 and p95"),
        (
            "{ p05 = 0.1, p95 = 1.2 }",
            "pipelines.new.stages[0].conversion.p95: expected a probability from 0 to 1, found 1.2",
        ),
        (
            "{ p5 = 0.1, p95 = 0.2 }",
            "pipelines.new.stages[0].conversion.p5: unknown key; did you mean `p95`?",
        ),
        (
            "{}",
            (
                "expected one way to say what the number may be, found a table (empty); "
                "write { p05 = ..., p95 = ... }"
            ),
        ),
        (
            "{ p05 = 0.1, p95 = 0.3, beta = [1, 2] }",
            (
                "expected one way to say what the number may be, found a table (p05, p95, beta); "
                "take one of them out"
            ),
        ),
        (
            "{ beta = [0, 8] }",
            "pipelines.new.stages[0].conversion.beta[0]: expected a number above 0, found 0",
        ),
        (
            "{ lognormal = { median = 0.3, sigma = 0.2 } }",
            (
                "lognormal is for positive quantities, and this number is bounded; write "
                "{ p05 = ..., p95 = ... }, found a table (lognormal)"
            ),
        ),
        (
            "{ normal = [0.5, 0.2] }",
            (
                "expected what stays from 0 to 1 within 5 standard deviations, found -0.5 to 1.5; "
                "narrow it, or write { p05 = ..., p95 = ... }, which stays inside"
            ),
        ),
        (
            "{ triangular = [0.5, 0.3, 0.6] }",
            "triangular: expected values from low to high, found 0.5, 0.3, 0.6; order them",
        ),
        (
            "{ p05 = nan, p95 = 0.4 }",
            "pipelines.new.stages[0].conversion.p05: expected a finite number, found nan",
        ),
        (
            "{ p05 = { beta = [1, 2] }, p95 = 0.4 }",
            (
                "pipelines.new.stages[0].conversion.p05: this value cannot be uncertain, found a "
                "table (beta); write one known value"
            ),
        ),
    ],
)
def test_what_is_no_uncertain_probability(tmp_path, change, problem):
    (found,) = problems(tmp_path, SMALL, changes=[f"{CONVERSION}={change}"])
    assert found == f"-S {CONVERSION}={change}: {problem}"


@pytest.mark.parametrize(
    ("key", "change", "problem"),
    [
        (
            RATE,
            '{ p05 = "10 per month", p95 = "1 per day" }',
            (
                "expected rates that are alike, found some per month, quarter or year "
                "(calendar) and some per day or week; write all of them per month, or all per day"
            ),
        ),
        (
            RATE,
            '{ p05 = "9 per month", p95 = "1 per month" }',
            "expected p05 below p95, found 9 per month, 1 per month; swap them",
        ),
        (
            RATE,
            "{ beta = [1, 2] }",
            ("beta is for probabilities; write { p05 = ..., p95 = ... }, found a table (beta)"),
        ),
        (
            DAYS,
            '{ p05 = "0 days", p95 = "9 days" }',
            (
                "expected p05 above 0 (on the log scale), found 0; raise it, or write "
                "{ triangular = [...] }"
            ),
        ),
        (
            "pipelines.new.stages.first.cycle_time",
            '{ p05 = "10 days", p95 = "20 days" }',
            (
                "expected a law, found a table (p05, p95); it is the law's own values that may be "
                "uncertain, as in { exponential = { mean = { p05 = ..., p95 = ... } } }"
            ),
        ),
        (
            "pipelines.new.amount",
            "{ exponential = { mean = { triangular = [0, 4, 5] } } }",
            (
                "pipelines.new.amount.exponential.mean: expected a value above 0, found 0; as "
                "low as that it may be"
            ),
        ),
        (
            "pipelines.new.amount",
            "{ uniform = [{ p05 = 4, p95 = 8 }, 9] }",
            (
                "pipelines.new.amount.uniform: expected values from low to high in all worlds, "
                "found uncertain ones around [5.65685, 9] that may cross; bound them by "
                "{ triangular = [...] }"
            ),
        ),
        (
            "sources.web.growth",
            '{ normal = ["1% per month", "-1% per month"] }',
            "normal: expected a standard deviation of 0 or more, found one below",
        ),
        (
            "pipelines.new.amount",
            "{ lognormal = { median = 9, sigma = { p05 = 1e-300, p95 = 1e300 } } }",
            (
                "pipelines.new.amount.lognormal.sigma: expected what stays from 0 to "
                "1,000,000,000,000 within 5 standard deviations, found 0 to inf; narrow it, or "
                "write { p05 = ..., p95 = ... }, which stays inside"
            ),
        ),
        (
            "sources.web.campaign",
            "{ 2027-03-15 = { p05 = 1, p95 = 2 } }",
            (
                "sources.web.campaign.2027-03-15: expected the first day of a month, where an "
                "uncertain factor begins or ends, found 2027-03-15; write 2027-03-01?"
            ),
        ),
        (
            "sustainability.fragile",
            "{ p05 = 0.3, p95 = 0.5 }",
            "this value cannot be uncertain, found a table (p05, p95); write one known value",
        ),
    ],
)
def test_what_is_no_uncertain_quantity(tmp_path, key, change, problem):
    (found,) = problems(tmp_path, SMALL, changes=[f"{key}={change}"])
    assert found == f"-S {key}={change}: {problem}"


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("value\n0.3\nnan\n", ": bad.csv: row 3: value is empty or NaN"),
        (
            "value\n0.3\n1.4\n2\n",
            (': bad.csv: rows 3, 4: value: expected a probability from 0 to 1, found "1.4"'),
        ),
        (
            "value\n0\n0\n1\n",
            (
                ": expected a probability inside 0 to 1 in most of the worlds, found 0 in half of "
                "them or more"
            ),
        ),
        ("value\n", ".samples: bad.csv has a header and no rows; take it out of the plan"),
        ("valu\n0.3\n", ": bad.csv has no column `value`; did you mean `valu`?"),
    ],
)
def test_what_is_wrong_with_samples(tmp_path, rows, problem):
    write(tmp_path, rows, "bad.csv")
    text = edited("conversion = 0.5", 'conversion = { samples = "bad.csv" }')
    assert problems(tmp_path, text) == [
        f"plan.toml:10: pipelines.new.stages[0].conversion{problem}"
    ]


def test_samples_keep_their_place_and_are_inputs(tmp_path):
    write(tmp_path, SAMPLES, "samples.csv")
    plan = load(tmp_path, edited("conversion = 0.5", 'conversion = { samples = "samples.csv" }'))
    assert [found.path.name for found in plan.inputs] == ["plan.toml", "samples.csv"]
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    again = load(elsewhere, plan.to_toml())
    assert again.model.uncertain[0].marginal == plan.model.uncertain[0].marginal


def test_all_errors_at_once(tmp_path):
    text = edited("conversion = 0.5", "conversion = { p05 = 0.5, p95 = 0.2 }")
    text = edited('"30 per month"', '{ p05 = "30 per month" }', text)
    text = edited("conversion = 0.4", "conversion = 1.4", text)
    assert [problem.split(": ")[0] for problem in problems(tmp_path, text)] == [
        "plan.toml:10", "plan.toml:15", "plan.toml:20",
    ]  # fmt: skip


def test_another_way_replaces_the_first(tmp_path):
    write(
        tmp_path, edited("conversion = 0.5", "conversion = { p05 = 0.2, p95 = 0.4 }"), "base.toml"
    )
    top = 'extends = "base.toml"\n[scenarios.s]\n"sources.web.rate" = { p05 = "9 per month", '
    top += 'p95 = "19 per month" }\n[scenarios.t.sources.web]\nrate.p05 = "9 per month"\n'
    top += 'rate.p95 = "19 per month"\n'
    plan = load(tmp_path, top)
    (found,) = plan.model.uncertain
    assert found.marginal == Between(p05=0.2, p95=0.4, scale="odds")
    narrower = plan.with_([f"{CONVERSION}.p95=0.3"])
    assert narrower.model.uncertain[0].marginal == Between(p05=0.2, p95=0.3, scale="odds")
    for way in (f"{CONVERSION}.beta=[2, 1]", f"{CONVERSION}={{ beta = [2, 1] }}"):
        assert float(plan.with_([way]).model.uncertain[0]) == pytest.approx(0.5**0.5)
    assert [plan.scenario(name).model.uncertain[1].address for name in "st"] == [RATE, RATE]
    assert not plan.with_({CONVERSION: 0.5}).model.uncertain


def test_copies_know_what_they_are(tmp_path):
    found = number(tmp_path, CONVERSION, "{ p05 = 0.2, p95 = 0.4 }")
    for twin in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):  # noqa: S301
        assert (twin, twin.marginal, twin.address) == (found, found.marginal, found.address)


def test_intervals_load_no_scipy(tmp_path):
    path = write(tmp_path, edited("conversion = 0.5", "conversion = { p05 = 0.2, p95 = 0.4 }"))
    code = (
        "import sys; from salessim.config import load_plan; "
        f"load_plan({str(path)!r}); sys.exit('scipy' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert load_plan(path).model.uncertain
