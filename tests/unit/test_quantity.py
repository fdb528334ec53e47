"""Spans and numbers of a forecast by their names."""

from datetime import date

import numpy as np
import pytest

from salessim.errors import SalessimError
from salessim.forecast.quantity import Quantity
from salessim.model.calendar import Span, Timeline
from salessim.model.spans import named_span, periods_of
from tests.unit import forecast_cube as fc


def line(value=1, unit="month", *, periods=24, judged=24, start=date(2027, 1, 1)):
    return Timeline(
        start=start, period=Span(value=value, unit=unit), periods=periods, judged=judged
    )


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("2027", date(2027, 1, 1), date(2028, 1, 1)),
        ("2027Q2", date(2027, 4, 1), date(2027, 7, 1)),
        ("2028-02", date(2028, 2, 1), date(2028, 3, 1)),
        ("2027-W01", date(2027, 1, 4), date(2027, 1, 11)),
        ("2027-W53", None, None),
        ("2027-03-01", date(2027, 3, 1), date(2027, 4, 1)),
        ("2027-03-02", None, None),
        ("2027-13", None, None),
        ("2027Q5", None, None),
        ("0000", None, None),
        ("9999", None, None),
        ("next year", None, None),
        ("total", date(2027, 1, 1), date(2029, 1, 1)),
    ],
)
def test_spans_have_their_days(name, first, after):
    start = date(2027, 1, 1)
    if first is None:
        with pytest.raises(ValueError, match="expected a"):
            named_span(name, line())
    else:
        days = (first - start).days, (after - start).days
        assert named_span(name, line()) == days


@pytest.mark.parametrize("name", ["2026", "2026Q4", "2029-01", "2026-W53"])
def test_spans_lie_inside_the_horizon(name):
    with pytest.raises(ValueError, match="inside the horizon, 2027-01-01 to 2028-12-31, found"):
        named_span(name, line(judged=36))


def test_spans_are_made_of_whole_periods():
    assert periods_of("2027Q2", line()) == slice(3, 6)
    assert periods_of("2028", line(value=1, unit="quarter", periods=8, judged=8)) == slice(4, 8)
    assert periods_of("2027-W05", line(1, "week", start=date(2027, 1, 4))) == slice(4, 5)
    assert periods_of("2027-01-31", line(30, "day")) == slice(1, 2)
    with pytest.raises(ValueError, match="2027-02-01 is within a period of 1 quarter"):
        periods_of("2027-01", line(1, "quarter", periods=8, judged=8))


def test_quantities_are_sums_of_the_cube():
    cube = fc.random_cube(n=5, periods=24)
    time = fc.timeline(periods=3)
    quarter = cube.bookings[:, :3].sum(axis=(1, 2, 3)) / 100
    np.testing.assert_array_equal(Quantity.named("bookings.total", time).samples(cube), quarter)
    np.testing.assert_array_equal(Quantity.named("bookings.2027Q1", time).samples(cube), quarter)
    wins = Quantity.named("wins.2027-02", time)
    np.testing.assert_array_equal(wins.samples(cube), cube.wins[:, 1].sum(axis=(1, 2)))
    base = Quantity.named("base.window", time)
    expected = cube.bookings[:, 12:24, :, :2].sum(axis=(1, 2, 3)) / 100
    np.testing.assert_array_equal(base.samples(cube), expected)
    assert base.describe() == "bookings without new external leads in the verdict's twelve months"
    assert (base.unit("USD"), wins.unit("USD")) == ("USD", "wins")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("bookings", 'expected bookings, wins or base .*, found "bookings"'),
        ("booking.total", "expected bookings, wins or base"),
        ("bookings.2029", "bookings.2029: expected a span inside the horizon"),
        ("wins.soon", 'wins.soon: expected a year .*, found "soon"'),
    ],
)
def test_names_that_mean_nothing_are_refused(name, said):
    with pytest.raises(SalessimError, match=said):
        Quantity.named(name, line())
