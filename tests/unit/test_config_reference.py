"""docs/plan-reference.md: it names every key, and its plans are valid."""

import re
from pathlib import Path

import pytest

from salessim.config import json_schema
from salessim.config.values import NUMBER_FORMS
from tests.unit.plan_files import SMALL, load, write

REFERENCE = Path(__file__).parents[2] / "docs" / "plan-reference.md"
TEXT = REFERENCE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
LAWS, NUMBERS = (
    re.findall(r"\| `(\{ \w+ = .*?\})`", TEXT[TEXT.index(f"## {begin}") : TEXT.index(f"## {end}")])
    for begin, end in (("Laws", "Uncertain"), ("Uncertain", "`[sources"))
)

TABLES = {
    "`[forecast]`": {"Forecast"},
    "`[sustainability]`": {"Sustainability"},
    "`[pipelines.NAME]`": {"Pipeline", "Stage"},
    "`[sources.NAME]`": {"Source"},
    "`[[curves]]`": {"Curve"},
    "`[customers]`": {"Customers"},
    "`[customers.segments.NAME]`": {"Segment"},
    "`[customers.health]`": {"HealthClass"},
    "`[open_deals]`": {"OpenDeals"},
    "`[shocks.NAME]`": {"Shock"},
    "`[records]`": {"Records"},
}
COLUMNS = {"alive", "NAME.factor", "NAME.shape"}
"""Rows of the reference that are columns of the customers' file."""

BASE = """\
[forecast]
start = 2027-01-01
horizon = "12 months"
[pipelines.hardware]
amount = { fixed = 1 }
[[pipelines.hardware.stages]]
name = "engaging"
conversion = 0.5
"""
OTHERS = {
    "new_business": "[pipelines.new_business]\namount = { fixed = 1 }\n"
    '[[pipelines.new_business.stages]]\nname = "only"\nconversion = 1\n',
    "customers": '[customers]\ncount = 0\nlifetime = { exponential = { mean = "1 year" } }\n',
}


def test_every_key_of_the_schema_is_in_the_reference():
    schema = json_schema()
    tables = [schema, *schema["$defs"].values()]
    keys = {key for table in tables for key in table["properties"]}
    assert len(keys) > 50
    missing = {key for key in keys if not re.search(rf"`[^`\n]*\b{key}\b[^`\n]*`", TEXT)}
    assert missing == set()


@pytest.mark.parametrize(("title", "tables"), TABLES.items())
def test_every_key_has_a_row_under_its_table_and_every_row_is_a_key(title, tables):
    section = TEXT[TEXT.index(f"\n## {title}") + 1 :].partition("\n## ")[0]
    rows = set(re.findall(r"^\| `([\w.]+)` \|", section, re.MULTILINE))
    definitions = json_schema()["$defs"]
    assert rows - COLUMNS == {key for table in tables for key in definitions[table]["properties"]}


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_is_part_of_a_valid_plan(tmp_path, block):
    write(tmp_path, SMALL.replace("web", "outbound"), "fitted.toml")
    write(tmp_path, "account,first_order\nx,2026-01-01\n", "customers.csv")
    export = "opportunity_id,deal_stage,engage_date,close_date\na,Won,2026-01-01,2027-02-02\n"
    write(tmp_path, export, "crm_export.csv")
    text = block if "[forecast]" in block or "extends" in block else BASE + block
    if 'pipeline = "new_business"' in text and "[pipelines.new_business]" not in text:
        text += OTHERS["new_business"]
    if 'kind = "customer"' in text and "[customers]" not in text:
        text += OTHERS["customers"]
    assert load(tmp_path, text).model.pipelines


@pytest.mark.parametrize("law", LAWS)
def test_every_law_is_valid(tmp_path, law):
    write(tmp_path, "days\n3\n", "times.csv")
    old = "{ fixed = 100 }" if "900" in law else '{ fixed = "10 days" }'
    assert load(tmp_path, SMALL.replace(old, law)).model.pipelines


def test_the_reference_shows_every_law():
    assert {law.split()[1] for law in LAWS} == {
        "fixed", "uniform", "triangular", "pert", "exponential", "lognormal", "gamma", "weibull",
        "loglogistic", "lomax", "burr", "beta_geometric", "empirical", "mixture",
    }  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_every_uncertain_number_is_valid(tmp_path, number):
    write(tmp_path, "value\n0.3\n0.4\n", "draws.csv")
    old = {"month": '"30 per month"', "days": '"10 days"'}
    plain = next((text for unit, text in old.items() if unit in number), "0.5")
    assert load(tmp_path, SMALL.replace(plain, number)).model.uncertain


def test_the_reference_shows_every_uncertain_number():
    assert {number.split()[1] for number in NUMBERS} == NUMBER_FORMS - {"p95"}
