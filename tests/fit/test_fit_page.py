"""The page of a fit holds what was measured, whatever people called it."""

import re
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from salessim.fit.customers import fit_customers
from salessim.fit.fit import Fitted, fit_history
from salessim.fit.groups import compare_groups
from salessim.fit.history import History
from salessim.report.fit import MOST_SOURCES, fit_page
from salessim.report.page import render
from tests.fit.made_up import made_up_deals, made_up_orders
from tests.fit.test_contracts import made_up
from tests.fit.test_page import NASTY, Reader


@pytest.fixture(scope="module")
def fitted():
    deals = made_up_deals(seed=1, days=200)
    many = MOST_SOURCES + 2
    table = deals.table.assign(
        source=pd.Categorical([f"source {n % many}" for n in range(len(deals.table))]),
        owner=pd.Categorical(["Ann", NASTY, "Bob"][n % 3] for n in range(len(deals.table))),
    )
    deals = replace(deals, table=table, stages=(NASTY, "second"))
    orders = made_up_orders(seed=2, days=200, customers=50)
    return fit_history(History(deals=(deals,), orders=orders, files=((NASTY, "0" * 64),)))


def test_everything_measured_is_on_the_page(fitted):
    (deals,) = fitted.history.deals
    page = fit_page(fitted, {deals.pipeline: compare_groups(deals)})
    titles = [section.title for section in page.sections]
    assert titles == [
        "Pipeline new",
        "Where deals come from",
        "Customers",
        "One process or many? By owner",
        "What was read",
    ]
    figures = [len(section.figures) for section in page.sections]
    assert figures == [3, MOST_SOURCES, 2, 2, 0]
    assert "too many: source" in page.sections[1].text[0]
    read = Reader(render(page))
    assert read.tags.count("svg") == sum(figures)
    assert "script" not in read.tags
    assert NASTY.split(" & ")[0] in read.text
    assert len(read.ids) == len(set(read.ids))
    for warning in fitted.warnings:
        assert warning in read.text


def test_subscribers_alone_make_a_page():
    listed = made_up(120, seed=3)
    history = History(subscriptions=listed)
    fitted = Fitted(
        history=history, as_of=date(2024, 6, 30), horizon="1 year", currency="EUR", pipelines=(),
        sources=(), customers=fit_customers(history), remarks=(),
    )  # fmt: skip
    page = fit_page(fitted)
    assert [section.title for section in page.sections][-2:] == ["Customers", "What was read"]
    assert "stay a year or longer" in Reader(render(page)).text


@pytest.mark.parametrize("kept", ["one", "only wins"])
def test_odd_histories_make_a_page(kept):
    deals = made_up_deals(seed=4, days=120)
    last = deals.moves.drop_duplicates("deal", keep="last")
    chosen = last["deal"][last["stage"] == 2] if kept == "only wins" else last["deal"].head(1)
    place = {deal: n for n, deal in enumerate(chosen)}
    moves, amounts = (
        rows[rows["deal"].isin(chosen)].assign(deal=lambda rows: rows["deal"].map(place))
        for rows in (deals.moves, deals.amounts)
    )
    table = deals.table.iloc[chosen].reset_index(drop=True).assign(owner=pd.Categorical(["A"])[0])
    deals = replace(deals, table=table, moves=moves.reset_index(drop=True), amounts=amounts)
    fitted = fit_history(History(deals=(deals,)))
    groups = {deals.pipeline: compare_groups(fitted.history.deals[0])}
    read = Reader(render(fit_page(fitted, groups)))
    assert "cannot be compared" in read.text
    assert "nan" not in re.findall(r"[a-z]+", read.text.lower())
