"""Names of spans of time, by the calendar."""

from datetime import date

import pytest

from salessim.model.calendar import Span, Timeline
from salessim.model.period_names import named_span


def line(*, start: date = date(2027, 1, 1), unit: str = "month", value: float = 1, periods=24):
    return Timeline(
        start=start, period=Span(value=value, unit=unit), periods=periods, judged=periods
    )


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("total", date(2027, 1, 1), date(2029, 1, 1)),
        ("2027", date(2027, 1, 1), date(2028, 1, 1)),
        ("2028", date(2028, 1, 1), date(2029, 1, 1)),
        ("2027Q1", date(2027, 1, 1), date(2027, 4, 1)),
        ("2028Q4", date(2028, 10, 1), date(2029, 1, 1)),
        ("2028-02", date(2028, 2, 1), date(2028, 3, 1)),
        ("2028-12", date(2028, 12, 1), date(2029, 1, 1)),
    ],
)
def test_months_quarters_and_years(name, first, after):
    start = date(2027, 1, 1)
    assert named_span(name, line()) == ((first - start).days, (after - start).days)


def test_weeks_begin_on_monday_and_belong_to_the_year_of_their_thursday():
    weeks = line(start=date(2026, 12, 28), unit="week", periods=60)
    assert named_span("2026-W53", weeks) == (0, 7)
    assert named_span("2027-W01", weeks) == (7, 14)
    assert named_span("total", weeks) == (0, 420)
    days = line(start=date(2027, 1, 1), unit="day", periods=365)
    assert named_span("2027-W05", days) == (31, 38)


def test_a_span_is_the_same_by_month_and_by_quarter():
    quarters = line(unit="quarter", periods=8)
    assert named_span("2028Q3", quarters) == named_span("2028Q3", line())
    assert named_span("2028", quarters) == named_span("2028", line())


@pytest.mark.parametrize(
    "name", ["", "2027Q5", "2027Q0", "2027-13", "2027-00", "2027-W54", "2027-W00", "27", "Total"]
)
def test_what_is_no_name_is_refused_with_those_there_are(name):
    with pytest.raises(ValueError, match="expected a year 2027, a quarter 2027Q2"):
        named_span(name, line())


@pytest.mark.parametrize("name", ["2026Q4", "2029", "2029-01", "2030-W01"])
def test_what_is_not_within_the_horizon_is_refused(name):
    said = "within the forecast, 2027-01-01 to 2028-12-31, found"
    with pytest.raises(ValueError, match=said):
        named_span(name, line())


def test_what_cuts_a_period_is_refused():
    said = r"2027-02 \(2027-02-01 to 2027-02-28\) cannot be told .* holds 2027-02-01"
    with pytest.raises(ValueError, match=said):
        named_span("2027-02", line(unit="quarter", periods=8))
    with pytest.raises(ValueError, match=r"holds 2027-02-01"):
        named_span("2027-W05", line(unit="week", periods=100, start=date(2027, 1, 1)))
