"""Customers who differ: rates of their own, and who is still there, from the plan and its file."""

import numpy as np
import pytest

from salessim.model.plan import OwnRates
from tests.unit.plan_files import SMALL, load, problems, write

MORE = """
[sources.again]
kind = "customer"
pipeline = "new"
rate = "1 per 90 days"
buyer = "existing"
rate_shape = 0.55
[customers]
file = "customers.csv"
lifetime = { lomax = { scale = "300 days", shape = 0.6 } }
"""
ROWS = """\
customer_id,since,alive,again.factor,again.shape
a,2026-12-02,0.25,2.5,3.55
b,2026-12-31,1,0,0.55
"""


def plan():
    name = SMALL[SMALL.index("[pipelines.") + len("[pipelines.") :].split("]")[0]
    return SMALL + MORE.replace('pipeline = "new"', f'pipeline = "{name}"')


def said(folder, text: str = "", rows: str = ROWS) -> str:
    write(folder, rows, "customers.csv")
    return "\n".join(problems(folder, text or plan()))


def test_rates_and_who_is_there_are_read(tmp_path):
    write(tmp_path, ROWS, "customers.csv")
    model = load(tmp_path, plan()).model
    (own,) = model.customers.own_rates
    assert isinstance(own, OwnRates)
    assert own.source == "again"
    assert own.factor.tolist() == [2.5, 0.0]
    assert own.shape.tolist() == [3.55, 0.55]
    assert model.customers.alive.tolist() == [0.25, 1.0]
    assert next(s for s in model.sources if s.name == "again").rate_shape == 0.55


def test_the_column_may_have_another_name(tmp_path):
    write(tmp_path, ROWS.replace("alive", "p_alive"), "customers.csv")
    text = plan() + 'columns = { alive = "p_alive" }\n'
    assert np.array_equal(load(tmp_path, text).model.customers.alive, [0.25, 1.0])


def test_a_file_that_says_nothing_leaves_all_there(tmp_path):
    write(tmp_path, "customer_id,since\na,2026-12-02\n", "customers.csv")
    customers = load(tmp_path, plan()).model.customers
    assert customers.alive is None
    assert customers.own_rates == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0.25", "1.25", 'row 2: alive: expected a probability from 0 to 1, found "1.25"'),
        ("0.25", "nan", "alive"),
        ("0.25", "", "alive"),
        (",2.5", ",-1", 'again.factor: expected a factor from 0 to 1e6, found "-1"'),
        ("3.55", "0", 'again.shape: expected a gamma shape from 0.01 to 1e+06, found "0"'),
        ("again.shape", "shape", "no column `again.shape`: a customer's own rate needs both"),
    ],
)
def test_what_is_wrong_in_the_file_is_said_with_its_row(tmp_path, old, new, problem):
    assert problem in said(tmp_path, rows=ROWS.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("rate_shape = 0.55", "rate_shape = 0", "expected a shape from 0.01"),
        ("rate_shape = 0.55", "rate_shape = { p05 = 1, p95 = 2 }", "rate_shape"),
        ('kind = "external"', 'kind = "external"\nrate_shape = 2', "goes with customer sources"),
        ("lomax = { scale", "lomax = { median", "lomax"),
    ],
)
def test_what_is_wrong_in_the_plan_is_said(tmp_path, old, new, problem):
    text = plan()
    assert old in text
    assert problem in said(tmp_path, text.replace(old, new, 1))
