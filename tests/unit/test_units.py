import math
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.config import units
from salessim.model.calendar import Span


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("14 days", 14.0),
        ("1 day", 1.0),
        ("2 weeks", 14.0),
        ("3 months", 91.3125),
        ("1 quarter", 91.3125),
        ("1.5 years", 547.875),
        ("0 days", 0.0),
        ("1_000 days", 1000.0),
        (" 1e2  Days ", 100.0),
    ],
)
def test_durations_are_days(text, days):
    assert units.parse_duration(text) == days


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (30, 'found the bare number 30; write "30 days"?'),
        ("30 dayz", '"30 dayz" is not a duration such as "14 days"; did you mean "30 days"?'),
        ("1 wek", 'did you mean "1 week"?'),
        ("30d", 'did you mean "30 days"?'),
        ("30", 'did you mean "30 days"?'),
        ("30 parsecs", "units: days, weeks, months, quarters, years"),
        ("soon", 'expected a duration such as "14 days", found "soon"'),
        ("-3 days", "from 0 to 1e6 days"),
        ("2e6 days", "from 0 to 1e6 days"),
        ("1e999 days", "expected a finite number"),
        ("1.2.3 days", "1.2.3 is not a number"),
        (True, "found true"),
        (["14 days"], "found a list of 1"),
        ("nan days", 'expected a duration such as "14 days"'),
    ],
)
def test_what_is_no_duration_is_said(value, said):
    with pytest.raises(ValueError, match=r".") as caught:
        units.parse_duration(value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("parse", "value", "said"),
    [
        (units.parse_span, 24, 'write "24 months"?'),
        (units.parse_span, 1, 'write "1 month"?'),
        (units.parse_rate, 5, 'found 5; write "5 per month"?'),
        (units.parse_amount, "420k", 'found "420k"; write 420_000?'),
        (units.parse_amount, "1.25M", "write 1_250_000?"),
        (units.parse_amount, "12,000.50 EUR", "write 12_000.5?"),
        (units.parse_amount, "$ 1 200 000", "write 1_200_000?"),
        (units.parse_positive, "0.7", "write 0.7?"),
    ],
)
def test_a_number_without_its_unit_or_in_words_is_told_how_to_be_written(parse, value, said):
    with pytest.raises(ValueError, match=r".") as caught:
        parse(value)
    assert str(caught.value).endswith(said)


@pytest.mark.parametrize("number", [10**400, -(10**400), float("nan"), float("inf")])
def test_a_number_beyond_all_bounds_is_told_nothing_to_write(number):
    with pytest.raises(ValueError, match="expected a rate") as caught:
        units.parse_rate(number)
    assert "write" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["", "much", "1.200.000", "1,5", "12,00", "1e5", "3 to 4", "-5"])
def test_a_text_that_may_mean_anything_gets_no_number(text):
    with pytest.raises(ValueError, match="expected a number, found") as caught:
        units.parse_number(text)
    assert "write" not in str(caught.value)


@given(st.floats(min_value=0, max_value=1e5), st.sampled_from(units.UNITS))
def test_a_duration_written_is_the_duration_read(number, unit):
    days = Span(value=number, unit=unit.removesuffix("s")).days
    if days > units.LONGEST_DAYS:
        return
    assert units.parse_duration(f"{number!r} {unit}") == days


@pytest.mark.parametrize(
    ("text", "per_day", "per_month"),
    [
        ("200 per month", 0.0, 200.0),
        ("30 per quarter", 0.0, 10.0),
        ("12 per year", 0.0, 1.0),
        ("12 per 2 months", 0.0, 6.0),
        ("1 per 180 days", 1 / 180, 0.0),
        ("200 per 30 days", 200 / 30, 0.0),
        ("5 per week", 5 / 7, 0.0),
        ("0 per day", 0.0, 0.0),
    ],
)
def test_rates_keep_calendar_months_apart_from_days(text, per_day, per_month):
    rate = units.parse_rate(text)
    assert rate.per_day == pytest.approx(per_day, rel=1e-15)
    assert rate.per_month == pytest.approx(per_month, rel=1e-15)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (200, "found 200"),
        ("200", 'found "200"'),
        ("200 per monht", 'did you mean "200 per month"?'),
        ("200 per 30 dais", 'did you mean "200 per 30 days"?'),
        ("-1 per day", "none of it negative"),
        ("1 per 0 days", "none of it negative"),
        ("1e12 per day", "up to 1e9 per day"),
    ],
)
def test_what_is_no_rate_is_said(value, said):
    with pytest.raises(ValueError, match=r".") as caught:
        units.parse_rate(value)
    assert 'such as "200 per month"' in str(caught.value) or "up to" in said
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["1% per month", "-2.5% per month", "0 % per month"])
def test_growth_per_month_is_as_written(text):
    written = float(text.partition("%")[0]) / 100
    assert units.parse_growth(text) == pytest.approx(written, abs=1e-15)


@pytest.mark.parametrize(("unit", "months"), [("quarter", 3), ("year", 12)])
def test_growth_compounds_to_what_was_written(unit, months):
    growth = units.parse_growth(f"10% per {unit}")
    assert (1 + growth) ** months == pytest.approx(1.10, rel=1e-14)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.01, "found 0.01"),
        ("1 per month", "the % sign is missing"),
        ("1% per week", "per month, quarter or year"),
        ("-100% per month", "above -100%"),
        ("1%", "expected a growth"),
    ],
)
def test_what_is_no_growth_is_said(value, said):
    with pytest.raises(ValueError, match=r".") as caught:
        units.parse_growth(value)
    assert said in str(caught.value)


@pytest.mark.parametrize(("value", "share"), [(0.4, 0.4), ("40%", 0.4), (0, 0), (1, 1), ("0 %", 0)])
def test_probabilities_are_numbers_or_percentages(value, share):
    assert units.parse_probability(value) == pytest.approx(share, abs=1e-15)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.2, "from 0 to 1, found 1.2"),
        (40, 'write "40%"?'),
        ("140%", 'found "140%"'),
        (-0.1, "found -0.1"),
        (math.nan, "expected a finite number, found nan"),
        (math.inf, "expected a finite number, found inf"),
        ("0.4", 'such as 0.4 or "40%"'),
        (True, "found true"),
    ],
)
def test_what_is_no_probability_is_said(value, said):
    with pytest.raises(ValueError, match=r".") as caught:
        units.parse_probability(value)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("week", 1, "week"),
        ("month", 1, "month"),
        ("1 month", 1, "month"),
        ("quarter", 1, "quarter"),
        ("day", 1, "day"),
        ("30 days", 30, "day"),
        ("2 weeks", 14, "day"),
    ],
)
def test_periods(text, value, unit):
    assert units.parse_period(text) == Span(value=float(value), unit=unit)


@pytest.mark.parametrize("value", ["year", "2 months", "1.5 days", "0 days", "moon", 30, "1 wekk"])
def test_what_is_no_period_is_said(value):
    with pytest.raises(ValueError, match='"quarter" or whole days such as "30 days", found'):
        units.parse_period(value)


def test_numbers_are_finite_and_no_texts():
    assert units.parse_number(3) == 3.0
    for value, said in [("3", 'found "3"'), (False, "found false"), (10**400, "finite")]:
        with pytest.raises(ValueError, match=said):
            units.parse_number(value)
    for parse, value in [
        (units.parse_amount, -1),
        (units.parse_amount, 2e12),
        (units.parse_positive, 0),
        (units.parse_count, -1),
        (units.parse_count, 10**8),
        (units.parse_count, 1.0),
        (units.parse_count, {"a": 1}),
        (units.parse_span, "0 days"),
        (units.parse_date, datetime(2027, 1, 1)),  # noqa: DTZ001
        (units.parse_date, "2027-01-01"),
    ]:
        with pytest.raises(ValueError, match="expected"):
            parse(value)
    assert units.parse_date(date(2027, 1, 1)) == date(2027, 1, 1)


def test_a_share_where_a_number_is_expected_is_written_as_one():
    with pytest.raises(ValueError, match=r"expected a number, found .*; write 0\.4\?"):
        units.parse_number("40%")


def test_a_rate_that_is_no_number_gets_no_remedy_with_it():
    with pytest.raises(ValueError, match=r"found nan$"):
        units.parse_rate(float("nan"))
