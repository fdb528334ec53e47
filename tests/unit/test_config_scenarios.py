"""Scenarios: what they change, and every mistake in them with its address and remedy."""

import tomllib

import pytest

from salessim.config import PlanError
from tests.unit.plan_files import SMALL, load, problems, write

CUSTOMERS = """
[sources.upsell]
kind = "customer"
pipeline = "new"
rate = "1 per year"
buyer = "existing"

[customers]
count = 3
lifetime = { exponential = { mean = "1 year" } }
"""
FIRST = SMALL.count("\n") + 2
"""Line of the first key of a scenario that is put at the end of SMALL."""


def scenario(body: str, *, name: str = "more", text: str = SMALL) -> str:
    return f"{text}[scenarios.{name}]\n{body}\n"


def said(folder, body: str, **options) -> list[str]:
    """The problems of one scenario, without the plan's name."""
    found = problems(folder, scenario(body), **options)
    return [problem.removeprefix("plan.toml:") for problem in found]


def test_addresses_set_values_and_stages_have_names(tmp_path):
    plan = load(
        tmp_path,
        scenario(
            '"sources.web.rate" = "60 per month"\n"pipelines.new.stages.second.conversion" = 1'
        ),
    )
    assert plan.scenario_names == ("more",)
    more = plan.scenario("more")
    assert more.model.sources[0].rate.per_month == 60
    assert [stage.conversion for stage in more.model.pipelines[0].stages] == [0.5, 1.0]
    # the plan itself is as it was, and the scenario's plan stands alone
    assert plan.model.sources[0].rate.per_month == 30
    assert [stage.conversion for stage in plan.model.pipelines[0].stages] == [0.5, 0.4]
    assert more.scenario_names == ()
    alone = load(tmp_path, SMALL, changes=dict(plan.document["scenarios"]["more"]))
    assert more.model == alone.model


def test_tables_within_each_other_say_the_same(tmp_path):
    nested = """
[scenarios.more.sources.web]
rate = "60 per month"
[scenarios.more.pipelines.new.stages.second]
conversion = 1
"""
    flat = scenario(
        '"sources.web.rate" = "60 per month"\n"pipelines.new.stages.second.conversion" = 1'
    )
    models = [load(tmp_path, text).scenario("more").model for text in (SMALL + nested, flat)]
    assert models[0] == models[1]


def test_an_address_replaces_a_table_and_nested_keys_add_to_it(tmp_path):
    campaign = SMALL.replace(
        'pipeline = "new"\n', 'pipeline = "new"\nseason = [1,1,1,1,1,1,1,1,1,1,1,2]\n'
    )
    whole = '"sources.web" = { kind = "external", pipeline = "new", rate = "9 per month" }'
    replaced = load(tmp_path, scenario(whole, text=campaign)).scenario("more").model.sources[0]
    assert (replaced.rate.per_month, replaced.season) == (9, ())
    nested = scenario('rate = "9 per month"', name="more.sources.web", text=campaign)
    added = load(tmp_path, nested).scenario("more").model.sources[0]
    assert (added.rate.per_month, added.season[-1]) == (9, 2)


@pytest.mark.parametrize(
    "body",
    [
        '"pipelines.new.stages.first.cycle_time" = { exponential = { mean = "9 days" } }',
        '"pipelines.new.stages.first.cycle_time.exponential.mean" = "9 days"',
        'pipelines.new.stages.first.cycle_time = { exponential = { mean = "9 days" } }',
    ],
)
def test_another_law_takes_the_place_of_the_first(tmp_path, body):
    stage = load(tmp_path, scenario(body)).scenario("more").model.pipelines[0].stages[0]
    assert stage.cycle_time.mean == 9


def test_a_scenario_may_bring_a_source_and_a_pipeline(tmp_path):
    body = """
"sources.fair" = { kind = "external", pipeline = "direct", rate = "2 per month" }
[scenarios.more.pipelines.direct]
amount = { fixed = 5 }
stages = [{ name = "only", conversion = 1 }]
"""
    model = load(tmp_path, scenario(body)).scenario("more").model
    assert [source.name for source in model.sources] == ["web", "fair"]
    assert [pipeline.name for pipeline in model.pipelines] == ["new", "direct"]


def test_unknown_scenario(tmp_path):
    plan = load(tmp_path, scenario('title = "x"'))
    with pytest.raises(PlanError, match=r'no scenario "mor"; did you mean `more`\?$'):
        plan.scenario("mor")
    with pytest.raises(PlanError, match="the plan has no scenarios; write one"):
        load(tmp_path, SMALL).scenario("more")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            '"sources.webb.rate" = "60 per month"',
            (
                'scenarios.more."sources.webb.rate": the plan has no sources.webb; '
                "did you mean `web`?"
            ),
        ),
        (
            '"sources.web.rat" = "60 per month"',
            'scenarios.more."sources.web.rat": unknown key; did you mean `rate`?',
        ),
        (
            '"source.web.rate" = "60 per month"',
            'scenarios.more."source.web.rate": source: unknown key; did you mean `sources`?',
        ),
        (
            '"pipelines.nwe.stages.first.conversion" = 0.2',
            (
                'scenarios.more."pipelines.nwe.stages.first.conversion": the plan has no '
                "pipelines.nwe; did you mean `new`?"
            ),
        ),
        (
            '"pipelines.new.stages.secnd.conversion" = 0.2',
            (
                'scenarios.more."pipelines.new.stages.secnd.conversion": unknown stage `secnd`; '
                "did you mean `second`?"
            ),
        ),
        (
            '"sources.web.rate.day" = 1',
            (
                'scenarios.more."sources.web.rate.day": `sources.web.rate` is no table, '
                'found "30 per month"'
            ),
        ),
        (
            '"sources.web.rate" = 60',
            (
                'scenarios.more."sources.web.rate": expected a rate such as '
                '"200 per month" or "1 per 180 days", found 60; write "60 per month"?'
            ),
        ),
        (
            '"pipelines.new.amount" = { fixd = 60 }',
            (
                'scenarios.more."pipelines.new.amount": pipelines.new.amount.fixd: unknown key; '
                "did you mean `fixed`?"
            ),
        ),
        (
            '"pipelines.new.stages.first.conversion" = 0',
            (
                "scenarios.more: pipelines.new.stages[1].name: no deal can reach the stage "
                '"second": the conversion of "first" is 0 and no open deal stands behind it; raise '
                "the conversion or take the stage out"
            ),
        ),
        (
            "sources.web = {}",
            (
                "scenarios.more.sources.web: an empty table changes nothing; say what differs, for "
                'example "sources.NAME.rate" = "0 per month", or take it out'
            ),
        ),
        (
            '"forecast.start" = 2028-01-01',
            (
                'scenarios.more."forecast.start": scenarios are compared from one start on; take '
                "it out, or write a plan of its own with `extends`"
            ),
        ),
        (
            'currency = "EUR"',
            (
                "scenarios.more.currency: scenarios are compared in one currency; take it out, or "
                "write a plan of its own with `extends`"
            ),
        ),
        (
            'sources.fair.kind = "external"',
            "scenarios.more.sources.fair: sources.fair: missing key `pipeline`",
        ),
    ],
)
def test_mistakes_have_the_address_of_the_scenarios_key(tmp_path, body, expected):
    # what no key of the scenario says is a problem of its table, a line above
    line = FIRST - expected.startswith("scenarios.more:")
    assert said(tmp_path, body)[0] == f"{line}: {expected}"


@pytest.mark.parametrize(
    ("body", "first", "second", "what"),
    [
        (
            (
                '"sources.web" = { kind = "external", pipeline = "new", rate = "9 per month" }\n'
                '"sources.web.rate" = "60 per month"'
            ),
            'scenarios.more."sources.web"',
            'scenarios.more."sources.web.rate"',
            "sources.web",
        ),
        (
            '"sources.web.rate" = "60 per month"\nsources.web.rate = "70 per month"',
            'scenarios.more."sources.web.rate"',
            "scenarios.more.sources.web.rate",
            "sources.web.rate",
        ),
        (
            (
                '"pipelines.new.stages.0.conversion" = 0.2\n'
                '"pipelines.new.stages.first.conversion" = 0.3'
            ),
            'scenarios.more."pipelines.new.stages.0.conversion"',
            'scenarios.more."pipelines.new.stages.first.conversion"',
            "pipelines.new.stages[0].conversion",
        ),
        (
            '"pipelines.new.amount.exponential.mean" = 1\n"pipelines.new.amount.fixed" = 3',
            'scenarios.more."pipelines.new.amount.exponential.mean"',
            'scenarios.more."pipelines.new.amount.fixed"',
            "the same law",
        ),
    ],
)
def test_conflicting_keys(tmp_path, body, first, second, what):
    assert said(tmp_path, body) == [
        f"{FIRST + 1}: {second}: {first} sets {what} too; take one of them out"
    ]


def test_sources_named_after_laws_are_no_conflict(tmp_path):
    laws = ("gamma", "fixed")
    table = '{ kind = "external", pipeline = "new", rate = "1 per month" }'
    text = SMALL + "".join(
        f"[sources.{law}]\n{table[2:-2].replace(', ', chr(10))}\n" for law in laws
    )
    body = "\n".join(f'"sources.{law}.rate" = "2 per month"' for law in laws)
    assert load(tmp_path, scenario(body, text=text)).scenario_names == ("more",)


def test_all_errors_of_all_scenarios_and_of_the_plan_at_once(tmp_path):
    text = SMALL.replace('rate = "30 per month"', "rate = 30")
    text = scenario('"sources.web.growth" = "x"\n"sources.wob.rate" = "1 per day"', text=text)
    text = scenario('"forecast.horizon" = "13 weeks"', name="less", text=text)
    found = problems(tmp_path, text)
    assert [line.partition(": ")[0] for line in found] == [
        f"plan.toml:{line}" for line in (FIRST - 2, FIRST, FIRST + 1, FIRST + 3)
    ]
    # what is wrong with the plan is said of the plan alone
    assert sum("found 30" in line for line in found) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("scenarios = 3\n" + SMALL, "1: scenarios: expected a table, found 3"),
        ("scenarios.more = 3\n" + SMALL, "1: scenarios.more: expected a table, found 3"),
        (
            scenario('title = "x"', name="plan"),
            (
                f"{FIRST - 1}: scenarios.plan: the name plan is taken: it is the plan itself; "
                "rename it"
            ),
        ),
        (
            scenario('title = "x"', name='"a.b"'),
            f'{FIRST - 1}: scenarios."a.b": expected a name without dots, found "a.b"; rename it',
        ),
        (
            scenario(""),
            (
                f"{FIRST - 1}: scenarios.more: an empty table changes nothing; say what differs, "
                'for example "sources.NAME.rate" = "0 per month", or take it out'
            ),
        ),
    ],
)
def test_scenarios_that_are_none(tmp_path, text, expected):
    assert problems(tmp_path, text) == [f"plan.toml:{expected}"]


def test_changes_reach_the_plan_and_its_scenarios(tmp_path):
    text = scenario('"sources.web.rate" = "60 per month"')
    changes = [
        "pipelines.new.stages.first.conversion=0.1",
        "scenarios.more.sources.web.rate=90 per month",
        "scenarios.less.sources.web.rate=3 per month",
    ]
    plan = load(tmp_path, text, changes=changes)
    assert plan.scenario_names == ("more", "less")
    assert [plan.scenario(name).model.sources[0].rate.per_month for name in ("more", "less")] == [
        90,
        3,
    ]
    assert plan.scenario("less").model.pipelines[0].stages[0].conversion == 0.1
    again = plan.scenario("less").with_({"sources.web.rate": "4 per month"})
    assert again.model.sources[0].rate.per_month == 4
    wrong = problems(tmp_path, text, changes=["scenarios.more.sources.web.rate=9"])
    assert len(wrong) == 1
    assert wrong[0].startswith("-S scenarios.more.sources.web.rate=9: ")


def test_the_plan_without_external_leads_has_no_scenarios(tmp_path):
    plan = load(tmp_path, scenario('"sources.web.rate" = "60 per month"', text=SMALL + CUSTOMERS))
    base = plan.without_external_leads()
    assert base.scenario_names == ()
    assert [source.name for source in base.model.sources] == ["upsell"]


def test_files_are_found_beside_the_plan_that_names_them(tmp_path):
    below = tmp_path / "base"
    below.mkdir()
    write(below, "days\n7\n", "times.csv")
    law = '{ empirical = { file = "times.csv" } }'
    body = f'"pipelines.new.stages.first.cycle_time" = {law}'
    write(below, scenario(body), "below.toml")
    plan = load(tmp_path, 'extends = "base/below.toml"\n')
    changed = plan.scenario("more")
    assert changed.model.pipelines[0].stages[0].cycle_time.mean == 7
    # what is written loads again, from any folder, scenarios included
    for text, names in ((plan.to_toml(), ("more",)), (changed.to_toml(), ())):
        other = tmp_path / "other"
        other.mkdir(exist_ok=True)
        again = load(other, text)
        assert again.scenario_names == names
        model = again.scenario("more").model if names else again.model
        assert model == changed.model


@pytest.mark.parametrize("address", ["customers.file", "customers.'file'"])
def test_a_file_by_its_address_is_written_with_its_folder(tmp_path, address):
    text = SMALL + CUSTOMERS.replace("count = 3", 'file = "a.csv"')
    for name in ("a.csv", "b.csv"):
        write(tmp_path, f"customer_id,since\n{name},2026-01-01\n", name)
    plan = load(tmp_path, scenario(f'"{address}" = "b.csv"', text=text))
    assert plan.scenario("more").model.customers.ids == ("b.csv",)
    written = tomllib.loads(plan.to_toml())["scenarios"]["more"][address]
    assert written == (tmp_path / "b.csv").resolve().as_posix()
    missing = problems(tmp_path, scenario(f'"{address}" = "c.csv"', text=text))
    assert len(missing) == 1
    assert f'scenarios.more."{address}"' in missing[0].replace("customers.file", address)


def test_a_data_file_is_read_once_for_a_plan_and_its_scenarios(tmp_path, monkeypatch):
    from salessim.config import build

    read, seen = build.read_table, []
    monkeypatch.setattr(build, "read_table", lambda path: seen.append(path.name) or read(path))
    text = SMALL + CUSTOMERS.replace("count = 3", 'file = "a.csv"')
    for name, since in (("a.csv", "2026-01-01"), ("b.csv", "2026-07-01")):
        write(tmp_path, f"customer_id,since,joined\nx,{since},2025-01-01\n", name)
    text = scenario('"sources.web.rate" = "60 per month"', text=text)
    text = scenario('"customers.file" = "b.csv"', name="others", text=text)
    text = scenario('"customers.columns.since" = "joined"', name="older", text=text)
    plan = load(tmp_path, text)
    assert seen == ["a.csv", "b.csv"]
    # and what it says depends on how it is read
    models = [plan.model, *(plan.scenario(name).model for name in plan.scenario_names)]
    assert [float(model.customers.tenure_days[0]) for model in models] == [365, 365, 184, 730]
    assert all(plan.scenario(name).inputs[-1].sha256 for name in plan.scenario_names)
