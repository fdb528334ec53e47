"""Plans on top of other plans."""

from datetime import date

from salessim.model import laws
from salessim.model.plan import Rate
from tests.unit.plan_files import EVERYTHING, SMALL, edited, load, problems, write


def test_a_plan_extends_another(tmp_path):
    (tmp_path / "base").mkdir()
    write(tmp_path / "base", "empirical = 3", "unused.toml")
    write(tmp_path / "base", "days,weight\n3,1\n5,2\n", "times.csv")
    base = edited('{ fixed = "10 days" }', '{ empirical = { file = "times.csv" } }')
    write(tmp_path / "base", base, "base.toml")
    plan = load(
        tmp_path,
        'extends = "base/base.toml"\n'
        '[forecast]\nhorizon = "24 months"\n'
        "[pipelines.new.amount]\nlognormal = { median = 5, sigma = 1 }\n"
        '[sources.web]\nrate = "7 per day"\n',
    )
    assert plan.model.timeline.start == date(2027, 1, 1)
    assert plan.model.timeline.periods == 24
    # a law of another kind replaces the law; a file is found beside the plan that names it
    assert plan.model.pipelines[0].amount == laws.Lognormal(median=5.0, sigma=1.0)
    observed = laws.Empirical(values=(3.0, 5.0), weights=(1.0, 2.0))
    assert plan.model.pipelines[0].stages[0].cycle_time == observed
    assert plan.model.sources[0].rate == Rate(per_day=7.0)
    assert [used.path.name for used in plan.inputs] == ["plan.toml", "base.toml", "times.csv"]
    assert "extends" not in plan.document


def test_lists_are_replaced_not_merged(tmp_path):
    write(tmp_path, SMALL, "base.toml")
    text = 'extends = "base.toml"\n[[pipelines.new.stages]]\nname = "only"\nconversion = 1\n'
    assert [stage.name for stage in load(tmp_path, text).model.pipelines[0].stages] == ["only"]


def test_one_stage_of_a_list_is_changed_otherwise(tmp_path):
    """Only that is said: what names stages would all be wrong too."""
    write(tmp_path, SMALL + '\n[open_deals.count]\n"new.first" = 3\n', "base.toml")
    text = 'extends = "base.toml"\n[pipelines.new.stages.first]\nconversion = 0.7\n'
    (problem,) = problems(tmp_path, text)
    assert problem == (
        "plan.toml:2: pipelines.new.stages: expected a list, found a table (first); write all "
        "stages, each below [[pipelines.new.stages]], or change one of them in a scenario "
        '("pipelines.new.stages.first.conversion" = ...) or by '
        "-S pipelines.new.stages.first.conversion=..."
    )


def test_a_mistake_is_addressed_to_the_file_that_holds_the_key(tmp_path):
    write(tmp_path, edited("conversion = 0.4", "conversion = 4"), "base.toml")
    text = 'extends = "base.toml"\n[sources.web]\nrate = 3\n\n[sources.more]\nkind = "external"\n'
    assert [problem.split(": ")[:2] for problem in problems(tmp_path, text)] == [
        ["plan.toml:3", "sources.web.rate"],
        ["plan.toml:5", "sources.more"],
        ["plan.toml:5", "sources.more"],
        ["base.toml:15", "pipelines.new.stages[1].conversion"],
    ]


def test_what_cannot_be_extended_is_said(tmp_path):
    text = '# a comment\nextends = "base.toml"\n'
    write(tmp_path, SMALL, "bose.toml")
    assert problems(tmp_path, text) == [
        "plan.toml:2: extends: no such file: base.toml; did you mean bose.toml?"
    ]
    assert problems(tmp_path, "extends = 3") == [
        "plan.toml:1: extends: expected a plan's file name, found 3"
    ]
    write(tmp_path, 'extends = "plan.toml"', "base.toml")
    assert problems(tmp_path, text) == [
        (
            "base.toml:1: extends: the plans extend each other in a circle: "
            "plan.toml -> base.toml -> plan.toml; take one `extends` out"
        )
    ]
    write(tmp_path, "a = b c", "base.toml")
    assert problems(tmp_path, text)[0].startswith("base.toml:1: not TOML: ")


def test_a_name_that_is_also_a_law_replaces_no_other(tmp_path):
    """Sources, pipelines and segments may be called `uniform` and `gamma`."""
    write(tmp_path, edited("[sources.web]", "[sources.uniform]"), "base.toml")
    source = '[sources.gamma]\nkind = "external"\npipeline = "new"\nrate = "1 per day"\n'
    above = load(tmp_path, f'extends = "base.toml"\n{source}')
    assert [source.name for source in above.model.sources] == ["uniform", "gamma"]
    segment = "customers.segments.gamma"
    text = EVERYTHING[: EVERYTHING.index("[customers.segments.small]")].replace("small", "uniform")
    text = text.replace('segment = "large"\n', "") + "[customers.segments.uniform]\ncount = 3\n"
    changed = load(tmp_path, text, changes={f"{segment}.count": 2})
    assert [segment.name for segment in changed.model.customers.segments] == ["uniform", "gamma"]
