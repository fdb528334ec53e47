"""What a plan says beyond its errors: nearest names, notes, a title; and what is too much."""

import tomllib

import pytest

from salessim.config import PlanError, load_plan
from salessim.config.lines import Lines
from tests.unit.plan_files import CONFIGS, SMALL, load, problems, write


def test_a_link_to_nowhere_is_said(tmp_path):
    (tmp_path / "plan.toml").symlink_to(tmp_path / "gone.toml")
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.toml")
    assert str(caught.value) == (
        f"no such file: {tmp_path}/plan.toml; it is a link to {tmp_path}/gone.toml, "
        "which is not there"
    )


def test_another_plan_is_not_taken_for_a_typing_mistake(tmp_path):
    write(tmp_path, SMALL, "deals.toml")
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "nope.toml")
    assert str(caught.value) == f"no such file: {tmp_path}/nope.toml"


def test_the_column_that_is_meant_is_named(tmp_path):
    write(tmp_path, "Customer_ID,since\na,2026-01-01\n", "customers.csv")
    text = SMALL + (
        '[customers]\nfile = "customers.csv"\nlifetime = { exponential = { mean = "1 year" } }\n'
    )
    (said,) = problems(tmp_path, text)
    assert said.endswith(
        "customers.csv has no column `customer_id`; say which it is: "
        'columns = { customer_id = "Customer_ID" }; columns: `Customer_ID`, `since`'
    )


def test_columns_that_a_plan_does_without_are_noted(tmp_path):
    write(tmp_path, "customer_id,Since\na,2026-01-01\n", "customers.csv")
    write(tmp_path, "id,stage,Entered,value\n1,new.first,2026-12-01,5\n", "deals.csv")
    text = SMALL + (
        '[customers]\nfile = "customers.csv"\nlifetime = { exponential = { mean = "1 year" } }\n'
        '[open_deals]\nfile = "deals.csv"\n'
    )
    assert load(tmp_path, text).notes == (
        "customers.csv: 1 row read, 1 customer",
        (
            "customers.csv: no column for since: how long they stayed is unknown; "
            'if `Since` is it, say columns = { since = "Since" }'
        ),
        (
            "deals.csv: no column for entered: all ages are 0; "
            'if `Entered` is it, say columns = { entered = "Entered" }'
        ),
        "deals.csv: no column for amount: all are drawn from their pipeline's law",
        "deals.csv: 1 row read, 1 open",
    )


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("season = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]", "its season is 0 in all months"),
        ("from = 2029-01-01", "it begins after the end (2029-01-01)"),
        ("until = 2027-01-01", "it ends before the start"),
    ],
)
def test_a_source_that_brings_nothing_is_a_note(tmp_path, key, said):
    assert load(tmp_path, f"{SMALL}{key}\n").notes == (f"sources.web: {said}: no deals",)


def test_a_source_of_rate_zero_is_a_note(tmp_path):
    notes = load(tmp_path, SMALL.replace("30 per month", "0 per month")).notes
    assert notes == ("sources.web: its rate is 0: no deals",)
    assert load(tmp_path, f"{SMALL}from = 2028-12-31\n").notes == ()


def test_a_plan_without_a_title_is_called_as_its_file(tmp_path):
    plan = load_plan(write(tmp_path, SMALL, "north.toml"))
    assert plan.model.title == "north"
    # a plan written out keeps it, under any name
    assert load_plan(write(tmp_path, plan.to_toml(), "plan.toml")).model.title == "north"


def test_without_external_leads_other_sources_stay():
    plan = load_plan(CONFIGS / "saas.toml")
    base = plan.without_external_leads()
    assert [source.name for source in base.model.sources] == ["upsell", "renewal", "referral"]
    assert base.model.open_deals is not None
    assert len(base.model.open_deals.ids) == len(plan.model.open_deals.ids)
    assert base.with_({"title": "Base"}).model.sources == base.model.sources
    assert plan.model.sources[0].name == "outbound"


@pytest.mark.parametrize(
    "text",
    [
        "[a" + ".a" * 3000 + "]\nb = 1\n",
        "a = " + "{a=" * 200 + "1" + "}" * 200 + "\n",
        "a = " + "[" * 200 + "]" * 200 + "\n",
    ],
)
def test_tables_within_tables_without_end_are_refused(tmp_path, text):
    (said,) = problems(tmp_path, f"{SMALL}{text}")
    assert said.endswith(": tables or lists are nested too deeply")


def test_changes_without_end_are_refused(tmp_path):
    (said,) = problems(tmp_path, SMALL, changes=["a" + ".a" * 3000 + "=1"])
    assert said.endswith("expected a dotted key such as sources.outbound.rate")
    (said,) = problems(tmp_path, SMALL, changes=["forecast.seed=" + "[" * 200 + "]" * 200])
    assert "expected a whole number, found" in said


def test_dates_that_do_not_exist_are_said(tmp_path):
    (said,) = problems(tmp_path, SMALL, changes=["forecast.start=2027-02-30"])
    assert said.endswith('expected a date that exists, found "2027-02-30"')


def test_many_mistakes_read_the_plan_once(tmp_path, monkeypatch):
    source = '[sources.s{}]\nkind = "external"\npipeline = "nex"\nrate = "1 per day"\n'
    text = SMALL + "".join(source.format(number) for number in range(300))
    read: list[int] = []
    loads = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda part: read.append(len(part)) or loads(part))
    said = problems(tmp_path, text)
    assert len(said) == 300
    assert said[-1].startswith(f"plan.toml:{text.count(chr(10)) - 1}: sources.s299.pipeline: ")
    assert sum(read) < 3 * len(text)


def test_values_over_several_lines_have_the_line_of_their_key():
    text = 'a = [\n  1,\n  [2],  # ]\n]\nb.c = """\nd = ]\n"""\n'
    text += "[[e.f]]\nx = {y = [1]}\n[e.f.g]\nh = 1\n"
    lines = Lines(text)
    addresses = {
        ("a", 1, 0): 1, ("b", "c"): 5, ("e", "f", 0): 8, ("e", "f", 0, "x", "y", 0): 9,
        ("e", "f", 0, "g"): 10, ("e", "f", 0, "g", "h"): 11,
    }  # fmt: skip
    assert {path: lines.of(path) for path in addresses} == addresses


def test_a_column_that_only_sounds_alike_is_not_suggested(tmp_path):
    write(tmp_path, "id,stage,account\n1,new.first,Acme\n", "deals.csv")
    notes = load(tmp_path, SMALL + '[open_deals]\nfile = "deals.csv"\n').notes
    assert "deals.csv: no column for amount: all are drawn from their pipeline's law" in notes


def test_a_long_list_is_read_once_for_its_line(tmp_path, monkeypatch):
    rows = "".join(f"  [{number}, 1], # ]\n" for number in range(2000))
    text = SMALL.replace('{ fixed = "10 days" }', f"{{ empirical = [\n{rows}]}}") + "wrong = 1\n"
    read: list[int] = []
    loads = tomllib.loads
    monkeypatch.setattr(tomllib, "loads", lambda part: read.append(len(part)) or loads(part))
    assert problems(tmp_path, text)[-1].startswith(f"plan.toml:{text.count(chr(10))}: sources.web")
    assert sum(read) < 3 * len(text)


def test_texts_and_comments_do_not_hide_the_end_of_a_value():
    text = 'a = """x\n"]\n\\""" """"" # [ "\nb = \'\'\'[\n\\\'\'\'\nc = "\\"[{" # \'\nd = \'[\\\'\n'
    lines = Lines(text)
    assert [lines.of((key,)) for key in "abcd"] == [1, 4, 6, 7]
    assert tomllib.loads(text)["a"] == 'x\n"]\n""" ""'
