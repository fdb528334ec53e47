"""Amounts as exports write them: whatever the style, the number read is the number written."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salessim.errors import SalessimError
from salessim.fit.reading import read_history
from salessim.fit.reading.money import parse_money

CENTS = st.integers(-(10**11), 10**11)


def read(texts, **options):
    return parse_money(pa.chunked_array([pa.array(texts, pa.string())]), **options)


def written(cents, *, thousands, decimal, before="", after=""):
    whole = f"{abs(cents) // 100:,}".replace(",", thousands)
    sign = "-" if cents < 0 else ""
    return f"{sign}{before}{whole}{decimal}{abs(cents) % 100:02d}{after}"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(CENTS, min_size=1, max_size=8),
    st.sampled_from([(",", "."), ("", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ",")]),
    st.sampled_from(
        [
            ("$", ""),
            ("", " EUR"),
            ("\u20ac ", ""),
            ("", "\u20ac"),
            ("US$", ""),
            ("R$ ", ""),
            ("", " kr"),
        ]
    ),
)
def test_what_was_written_is_read(amounts, marks, beside):
    thousands, decimal = marks
    texts = [
        written(cents, thousands=thousands, decimal=decimal, before=beside[0], after=beside[1])
        for cents in amounts
    ]
    money = read(texts)
    assert not money.unread.any()
    np.testing.assert_allclose(money.numbers, np.array(amounts) / 100, rtol=1e-12)
    assert money.currencies == (beside[0].strip() or beside[1].strip(),)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1e12), min_size=2, max_size=8))
def test_plain_floats_come_back_to_the_last_bit(values):
    assert read([repr(value) for value in [*values, 0.25]]).numbers[:-1].tolist() == values


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=20))
def test_no_text_is_a_traceback(text):
    try:
        money = read([text, None])
    except ValueError as error:
        assert "thousands or thousandths" in str(error)  # noqa: PT017
    else:
        assert math.isnan(money.numbers[1])
        assert not money.unread[1]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$22,700.00", 22700.0),
        ("1.234,56 EUR", 1234.56),
        ("(1,200)", -1200.0),
        ("\u2212 3.50", -3.5),
        ("65.0%", 0.65),
        ("12k", 12000.0),
        ("$1.5M", 1.5e6),
        ("2 million", 2e6),
        ("1.234.567", 1234567.0),
        ("12,5", 12.5),
        ("1,234", 1234.0),
        ("0.125", 0.125),
        ("1e5", 1e5),
        ("CHF 1'200.-", 1200.0),
    ],
)
def test_styles_of_real_exports(text, wanted):
    assert read([text]).numbers[0] == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("text", ["n. a.", "TBD", "12 or 13", "1,23,4.5.6", "--", "$"])
def test_what_is_no_amount_is_not_read(text):
    assert read([text]).unread.all()


def test_one_amount_decides_for_its_column():
    assert read(["1.234", "1.234,50"]).numbers.tolist() == [1234.0, 1234.5]
    assert read(["1.234", "7.5"]).numbers.tolist() == [1.234, 7.5]
    assert read(["1,234", "7,5"]).numbers.tolist() == [1.234, 7.5]


def test_thousands_or_thousandths_are_refused_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match="thousands or thousandths"):
        read(["1.234", "5.678"])
    assert read(["1.234"], decimal=",").numbers[0] == 1234.0
    path = tmp_path / "orders.csv"
    path.write_text("customer,date,amount\na,2024-01-31,1.234\nb,2024-02-01,5.678\n")
    with pytest.raises(SalessimError, match=r"orders\.csv: amount: .*--map decimal=\. or --map"):
        read_history([path])
    orders = read_history([path], columns={"decimal": ","}).orders
    assert orders.table["amount"].tolist() == [1234.0, 5678.0]


def test_several_currencies_are_said(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text('customer,date,amount\na,2024-01-31,$12.00\nb,2024-02-01,"\u20ac 5.60"\n')
    reasons = [one.reason for one in read_history([path]).findings]
    assert "amount: several currencies ($, \u20ac): added as they are" in reasons
