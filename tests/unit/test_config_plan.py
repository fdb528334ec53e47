"""Plans as a whole: the model they resolve to, `extends`, changes, and writing them out again."""

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from datetime import date

import numpy as np
import pytest

from salessim.config import PlanError, json_schema, load_plan
from salessim.model import laws
from salessim.model.calendar import Span, Timeline
from salessim.model.plan import Rate, Source
from tests.unit.plan_files import CONFIGS, SMALL, edited, load, problems, write


def test_a_plan_resolves_to_its_model(tmp_path):
    plan = load(
        tmp_path,
        SMALL
        + """\
growth = "1% per month"
season = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
from = 2027-02-01
until = 2027-09-01
buyer = "existing"

[sustainability]
past = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

[customers]
count = 2
tenure = "30 days"
lifetime = { fixed = "2 years" }

[open_deals]
count = { "new.second" = 2, "new.first" = 1 }
age = "1 week"
""",
    )
    model = plan.model
    month = Span(value=1.0, unit="month")
    assert model.timeline == Timeline(start=date(2027, 1, 1), period=month, periods=12, judged=24)
    first, second = model.pipelines[0].stages
    assert (first.name, first.conversion, first.stuck_share) == ("first", 0.5, 0.0)
    assert first.cycle_time == first.loss_time == laws.Fixed(value=10.0)
    assert second.cycle_time == laws.Fixed(value=0.0)
    assert model.sources == (
        Source(
            name="web",
            kind="external",
            pipeline="new",
            rate=Rate(per_month=30.0),
            buyer_is_new=False,
            growth_per_month=pytest.approx(0.01, abs=1e-15),
            season=(1.0,) * 11 + (2.0,),
            starts=date(2027, 2, 1),
            ends=date(2027, 9, 1),
        ),
    )
    assert model.sustainability.past == tuple(range(1, 13))
    assert model.customers.ids == ("customer 1", "customer 2")
    assert model.customers.tenure_days.tolist() == [30.0, 30.0]
    assert model.open_deals.ids == ("new.second 1", "new.second 2", "new.first 1")
    assert model.open_deals.stages == ("new.second", "new.second", "new.first")
    assert model.open_deals.age_days.tolist() == [7.0] * 3
    assert np.isnan(model.open_deals.amounts).all()
    assert model.open_deals.buyer_is_new.tolist() == [True] * 3
    assert (plan.trajectories, plan.seed) == (10_000, None)


TIME_LAWS = {
    '{ fixed = "2 weeks" }': laws.Fixed(value=14.0),
    '{ uniform = ["1 day", "3 days"] }': laws.Uniform(low=1.0, high=3.0),
    '{ uniform = ["2 days", "2 days"] }': laws.Fixed(value=2.0),
    '{ triangular = ["1 day", "2 days", "4 days"] }': laws.Triangular(low=1.0, mode=2.0, high=4.0),
    '{ pert = ["1 day", "2 days", "4 days"] }': laws.Pert(low=1.0, mode=2.0, high=4.0),
    '{ exponential = { mean = "9 days" } }': laws.Exponential(mean=9.0),
    '{ lognormal = { median = "9 days", sigma = 0.5 } }': laws.Lognormal(median=9.0, sigma=0.5),
    '{ gamma = { mean = "9 days", shape = 2 } }': laws.Gamma(mean=9.0, shape=2.0),
    '{ weibull = { scale = "9 days", shape = 2 } }': laws.Weibull(scale=9.0, shape=2.0),
    '{ loglogistic = { median = "9 days", shape = 0.8 } }': laws.LogLogistic(median=9.0, shape=0.8),
    '{ lomax = { scale = "9 days", shape = 0.8 } }': laws.Burr(scale=9.0, tail=0.8),
    '{ burr = { scale = "9 days", shape = 2, tail = 0.8 } }': laws.Burr(
        scale=9.0, shape=2.0, tail=0.8
    ),
    '{ beta_geometric = { a = 0.7, b = 1.2, period = "1 year" } }': laws.BetaGeometric(
        a=0.7, b=1.2, period=365.25
    ),
    "{ empirical = [3, 4.5] }": laws.Empirical(values=(3.0, 4.5), weights=(1.0, 1.0)),
    '{ mixture = [{ weight = 1, law = { fixed = "1 day" } },'
    " { weight = 3, law = { empirical = [5] } }] }": laws.Mixture(
        weights=(1.0, 3.0),
        laws=(laws.Fixed(value=1.0), laws.Empirical(values=(5.0,), weights=(1.0,))),
    ),
}


@pytest.mark.parametrize(("text", "law"), TIME_LAWS.items())
def test_laws_of_durations(tmp_path, text, law):
    plan = load(tmp_path, edited('{ fixed = "10 days" }', text))
    assert plan.model.pipelines[0].stages[0].cycle_time == law


def test_laws_of_amounts_are_plain_numbers(tmp_path):
    plan = load(tmp_path, edited("{ fixed = 100 }", "{ pert = [1_000, 2_000, 5_000] }"))
    assert plan.model.pipelines[0].amount == laws.Pert(low=1000.0, mode=2000.0, high=5000.0)


@pytest.mark.parametrize(
    ("horizon", "period", "periods", "simulated"),
    [
        ("24 months", "month", 24, 24),
        ("2 years", "quarter", 8, 8),
        ("720 days", "30 days", 24, 24),
        ("52 weeks", "week", 52, 104),
        ("360 days", "90 days", 4, 8),
        ("36 months", "month", 36, 36),
    ],
)
def test_the_horizon_is_a_whole_number_of_periods(tmp_path, horizon, period, periods, simulated):
    text = edited('"12 months"', f'"{horizon}"\nperiod = "{period}"')
    timeline = load(tmp_path, text).model.timeline
    assert (timeline.periods, timeline.simulated) == (periods, simulated)


def test_a_longer_span_is_simulated(tmp_path):
    plan = load(tmp_path, SMALL + '[sustainability]\nspan = "3 years"')
    assert (plan.model.timeline.periods, plan.model.timeline.simulated) == (12, 36)


def test_workload_w1_is_what_its_description_says():
    model = load_plan(CONFIGS / "w1.toml").model
    new, expansion = model.pipelines
    assert [stage.conversion for stage in new.stages] == [0.40, 0.60, 0.65, 0.60, 0.80]
    assert [stage.conversion for stage in expansion.stages] == [0.50, 0.70]
    assert new.amount == laws.Lognormal(median=12_000.0, sigma=0.9)
    assert expansion.amount == laws.Lognormal(median=4_000.0, sigma=0.7)
    times = [(stage.cycle_time, stage.loss_time) for stage in (*new.stages, *expansion.stages)]
    assert [(law.median, law.sigma, loss.median, loss.sigma) for law, loss in times] == [
        (7, 0.8, 10, 1.0),
        (14, 0.7, 21, 0.9),
        (14, 0.6, 28, 0.9),
        (21, 0.7, 35, 0.9),
        (14, 0.6, 21, 0.8),
        (10, 0.6, 14, 0.8),
        (14, 0.6, 14, 0.8),
    ]
    rates = {source.name: source.rate.per_day for source in model.sources}
    assert rates == {"outbound": 200 / 30, "upsell": 1 / 180, "referral": 1 / 360}
    assert {s.name: s.buyer_is_new for s in model.sources} == {
        "outbound": True,
        "upsell": False,
        "referral": True,
    }
    assert len(model.customers.ids) == 500
    assert model.customers.lifetime == laws.Exponential(mean=720.0)
    assert len(set(model.open_deals.ids)) == 300
    assert model.timeline.edges[-1] == 720
    base = load_plan(CONFIGS / "w1_base_only.toml")
    assert [source.name for source in base.model.sources] == ["upsell", "referral"]
    assert base.model.pipelines == model.pipelines


def test_the_example_reads_its_files():
    plan = load_plan(CONFIGS / "saas.toml")
    assert plan.notes == (
        "saas_customers.csv: 300 rows read, 300 customers",
        "saas_open_deals.csv: 142 rows read, 14 ignored (Closed Won 9, Closed Lost 5), 128 open",
    )
    assert [used.path.name for used in plan.inputs] == [
        "saas.toml",
        "saas_customers.csv",
        "saas_open_deals.csv",
    ]
    for used in plan.inputs:
        assert used.sha256 == hashlib.sha256(used.path.read_bytes()).hexdigest()
    assert (plan.model.open_deals.age_days >= 1).all()
    is_new = dict(
        zip(plan.model.open_deals.stages, plan.model.open_deals.buyer_is_new, strict=True)
    )
    assert not is_new["expansion.offer"]
    assert is_new["new_business.contract"]


def test_a_valid_plan_loads_no_heavy_library():
    code = (
        "import sys; from salessim.config import load_plan; load_plan(sys.argv[1]);"
        "print(*{'numba', 'pandas', 'scipy', 'matplotlib', 'tomlkit'} & set(sys.modules))"
    )
    for name in ("saas", "w1"):
        command = [sys.executable, "-c", code, str(CONFIGS / f"{name}.toml")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "\n"


CHANGES = [
    "sources.web.rate=260 per month",
    "pipelines.new.stages.second.conversion=65%",
    'pipelines.new.stages.first.cycle_time={ exponential = { mean = "4 days" } }',
    "forecast.trajectories=1_000",
    "sustainability.need = 500",
    "open_deals.count.new.first=4",
    'open_deals.count."new.second"=5',
    "title=a plain text",
]


def test_changes_are_toml_values_or_plain_text(tmp_path):
    plan = load(tmp_path, SMALL, changes=CHANGES)
    assert plan.model.sources[0].rate == Rate(per_month=260.0)
    assert plan.model.pipelines[0].stages[1].conversion == pytest.approx(0.65, abs=1e-15)
    assert plan.model.pipelines[0].stages[0].cycle_time == laws.Exponential(mean=4.0)
    assert plan.trajectories == 1_000
    assert plan.model.sustainability.need == 500.0
    assert plan.model.open_deals.stages == ("new.first",) * 4 + ("new.second",) * 5
    assert plan.model.title == "a plain text"


def test_changes_by_mapping_and_with_leave_the_plan_as_it_was(tmp_path):
    plan = load(tmp_path, SMALL)
    changed = plan.with_({"sources.web.rate": "1 per day", "forecast.start": date(2028, 1, 1)})
    again = changed.with_(["pipelines.new.stages.1.conversion=1"])
    assert plan.model.sources[0].rate == Rate(per_month=30.0)
    assert again.model.sources[0].rate == changed.model.sources[0].rate == Rate(per_day=1.0)
    assert again.model.timeline.start == date(2028, 1, 1)
    assert [p.model.pipelines[0].win_rate for p in (plan, changed, again)] == [0.2, 0.2, 0.5]
    assert plan != changed
    assert plan == load_plan(plan.path)
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.seed = 3


def test_a_law_of_another_kind_replaces_the_law(tmp_path):
    plan = load(tmp_path, SMALL, changes=["pipelines.new.amount.exponential.mean=7"])
    assert plan.model.pipelines[0].amount == laws.Exponential(mean=7.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("seed", "expected key=value"),
        ("=3", "expected key=value"),
        ("a b=3", "expected a dotted key such as sources.outbound.rate"),
        ("extends=x.toml", "extends cannot be changed; write it in the plan"),
        (
            "pipelines.new.stages.secnd.conversion=1",
            "unknown stage `secnd`; did you mean `second`?",
        ),
        ("sources.web.rate.x=1", '`sources.web.rate` is no table, found "30 per month"'),
        (
            "forecast.horizn=1",
            "unknown key; did you mean `horizon`?",
        ),
        (
            "pipelines.new.stages.first.cycle_time.fixed=10",
            (
                'expected a duration with its unit such as "14 days", found the bare number 10; '
                'write "10 days"?'
            ),
        ),
        (
            "sources.web={}",
            "missing key `kind`",
        ),
        (
            "sources.web={kind=3}",
            'sources.web.kind: expected "external" or "customer", found 3',
        ),
        (
            "sources.upsell.kind=customer",
            "missing key `pipeline` (there was no sources.upsell before; sources: `web`)",
        ),
        (
            "sources.wen.rate=1 per day",
            "missing key `kind` (there was no sources.wen before; did you mean `web`?)",
        ),
        (
            "pipelines.nev.stages.first.conversion=0.4",
            "missing key `amount` (there was no pipelines.nev before; did you mean `new`?)",
        ),
    ],
)
def test_a_wrong_change_is_addressed_by_what_was_typed(tmp_path, change, said):
    assert f"-S {change}: {said}" in problems(tmp_path, SMALL, changes=[change])


def test_wrong_changes_are_said_all_at_once(tmp_path):
    found = problems(tmp_path, SMALL, changes=["a", "pipelines.new.stages.x.name=y"])
    assert [problem.partition(": ")[0] for problem in found] == [
        "-S a",
        "-S pipelines.new.stages.x.name=y",
    ]
    plan = load(tmp_path, SMALL)
    with pytest.raises(PlanError, match=r"^sources\.web\.rate=3: expected a rate"):
        plan.with_({"sources.web.rate": 3})


@pytest.mark.parametrize("name", ["saas", "w1", "w1_base_only"])
def test_a_plan_written_out_loads_again_elsewhere(tmp_path, name, monkeypatch):
    plan = load_plan(os.path.relpath(CONFIGS / f"{name}.toml"), changes=["forecast.seed=3"])
    again = load_plan(write(tmp_path, plan.to_toml()))
    monkeypatch.chdir(tmp_path)
    assert load_plan("plan.toml").document == again.document
    assert again.model.pipelines == plan.model.pipelines
    assert again.model.sources == plan.model.sources
    assert again.model.timeline == plan.model.timeline
    assert again.model.open_deals.ids == plan.model.open_deals.ids
    assert again.notes == plan.notes
    assert again.seed == 3
    assert again.to_toml() == plan.to_toml()


def test_legal_oddities_are_notes(tmp_path):
    plan = load(
        tmp_path,
        SMALL
        + "until = 2026-01-01\n"
        + SMALL[SMALL.index("[pipelines.new]") : SMALL.index("[sources")].replace("new", "idle"),
        changes=["open_deals.count.new.first=1"],
    )
    assert plan.notes == (
        "pipelines.idle: no source and no open deal feeds it",
        "sources.web: it ends before the start: no deals",
        "open_deals: no age given: all are taken as fresh",
    )


def test_open_deals_behind_a_closed_stage_make_it_reachable(tmp_path):
    text = (
        edited("conversion = 0.5", "conversion = 0") + '[open_deals]\ncount = { "new.second" = 1 }'
    )
    assert load(tmp_path, text).model.pipelines[0].win_rate == 0.0
    assert "no deal can reach" in problems(tmp_path, text.replace("= 1 }", "= 0 }"))[0]


def test_the_json_schema_knows_every_key():
    schema = json_schema()
    json.dumps(schema)
    text = json.dumps(schema)
    assert "salessim__" not in text
    definitions = schema["$defs"]
    assert definitions["TimeLaw"]["additionalProperties"] is False
    assert "Annotated" not in text
    assert len(definitions) == text.count('"additionalProperties": false') - 1
    median = definitions["TimeLognormal"]["properties"]["median"]["oneOf"]
    assert median[0]["type"] == "string"
    assert median[1] == {"$ref": "#/$defs/UncertainQuantityOfDuration"}
    assert definitions["AmountLognormal"]["properties"]["median"]["oneOf"][0]["type"] == "number"
    assert "lognormal" not in definitions["UncertainProbability"]["properties"]
    assert set(definitions["Source"]["properties"]) == {
        "kind", "pipeline", "rate", "growth", "season", "from", "until", "buyer", "campaign",
        "over_dispersion", "segment", "rate_shape",
    }  # fmt: skip
    assert schema["properties"]["pipelines"]["additionalProperties"] == {"$ref": "#/$defs/Pipeline"}


@pytest.mark.parametrize(("family", "kind"), [("Time", "string"), ("Amount", "number")])
def test_the_json_schema_tells_durations_from_amounts(family, kind):
    definitions = json_schema()["$defs"]
    law = definitions[f"{family}Law"]["properties"]
    assert law["fixed"]["anyOf"][0]["oneOf"][0]["type"] == kind
    assert law["uniform"]["anyOf"][0]["items"]["oneOf"][0]["type"] == kind
    assert law["exponential"]["anyOf"][0] == {"$ref": f"#/$defs/{family}Exponential"}
    weighted = law["mixture"]["anyOf"][0]["items"]
    assert weighted == {"$ref": f"#/$defs/{family}WeightedLaw"}
    plain = definitions[f"{family}WeightedLaw"]["properties"]["law"]
    assert plain == {"$ref": f"#/$defs/{family}PlainLaw"}
    assert (
        definitions[f"{family}PlainLaw"]["properties"]["fixed"]["anyOf"][0]["oneOf"][0]["type"]
        == kind
    )


def test_the_recipe_in_the_example_makes_its_files(tmp_path, monkeypatch):
    text = (CONFIGS / "saas.toml").read_text()
    recipe = text[text.index("#   import") :].replace("\n#   ", "\n").removeprefix("#   ")
    monkeypatch.chdir(tmp_path)
    exec(recipe, {})  # noqa: S102 - the plan's own comment
    for name in ("saas_customers.csv", "saas_open_deals.csv"):
        assert (tmp_path / name).read_bytes() == (CONFIGS / name).read_bytes()


def test_the_schema_lets_a_plan_leave_to_another_what_it_extends():
    whole, overlay = json_schema()["anyOf"]
    assert set(whole["required"]) >= {"forecast", "pipelines"}
    assert overlay == {"required": ["extends"]}
