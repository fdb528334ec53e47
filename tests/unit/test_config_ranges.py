"""Ranges and lists of values for a key: units, counts, what is no range."""

import numpy as np
import pytest
from hypothesis import given, strategies

from salessim.config.problems import PlanError
from salessim.config.ranges import read_axes
from tests.examples import examples


def only(text, **more):
    (axis,), fixed = read_axes([text], **more)
    assert fixed == []
    return axis


def texts(axis):
    return [value.text for value in axis.values]


def numbers(axis):
    return [value.number for value in axis.values]


@pytest.mark.parametrize(
    ("text", "expected", "written"),
    [
        ("a.rate=100 per month:400 per month:4",
         ["100 per month", "200 per month", "300 per month", "400 per month"], "{} per month"),
        ("a.b=0.2:0.6:5", ["0.2", "0.3", "0.4", "0.5", "0.6"], "{}"),
        ("a.b=20%:60%:3", ["20%", "40%", "60%"], "{}%"),
        ("a.b= 1 day : 3 days : 3", ["1 days", "2 days", "3 days"], "{} days"),
        ("a.b=1 per 180 days:1 per 360 days:3",
         ["1 per 180 days", "1 per 270 days", "1 per 360 days"], "1 per {} days"),
        ("a.growth=-1% per month:1% per month:3",
         ["-1% per month", "0% per month", "1% per month"], "{}% per month"),
        ("a.b=1_000:2_000:2", ["1000", "2000"], "{}"),
        ("a.b=3:1:3", ["3", "2", "1"], "{}"),
        ("customers.count=100:200:4", ["100", "133", "167", "200"], "{}"),
        ('open_deals.count."a.b"=1:2:5', ["1", "2"], "{}"),
    ],
)  # fmt: skip
def test_a_range_takes_as_many_values_with_their_unit(text, expected, written):
    axis = only(text)
    assert texts(axis) == expected
    assert axis.written == written
    assert [written.replace("{}", f"{number:g}") for number in numbers(axis)] == expected


def test_what_is_typed_again_is_the_same_number():
    # 0.1 + 2 * 0.1 is not 0.3: what is set is what is written
    axis = only("a.b=0.1:0.5:5")
    assert (
        [float(value.text) for value in axis.values] == numbers(axis) == [0.1, 0.2, 0.3, 0.4, 0.5]
    )


@pytest.mark.parametrize(
    ("text", "expected", "number"),
    [
        ("a.b=x,y", ["x", "y"], None),
        ("a.b=0.1, 0.25", ["0.1", "0.25"], 0.25),
        ("a.rate=1 per day,1 per week", ["1 per day", "1 per week"], None),
        ("a.from=2027-01-01,2027-03-01", ["2027-01-01", "2027-03-01"], None),
        ("a.b=1 day,2 days,4 days", ["1 day", "2 days", "4 days"], 4.0),
    ],
)
def test_a_list_is_taken_as_it_is(text, expected, number):
    axis = only(text)
    assert texts(axis) == expected
    assert axis.values[-1].number == number


@pytest.mark.parametrize(
    "text",
    [
        "a.b=1",
        'title="Acme, Inc."',
        "a.season=[1, 2]",
        "a.lifetime={ exponential = { mean = '3 days' } }",
        "file=C:\\x.csv",
        "a.b=x:y",
    ],
)
def test_a_single_value_is_set_everywhere(text):
    axes, fixed = read_axes([text, "z.z=1,2"])
    assert [axis.key for axis in axes] == ["z.z"]
    assert fixed == [text]


def test_keys_of_a_script():
    given = {"a.b": np.linspace(0.2, 0.4, 3), "a.c": ("x", "y"), "a.d": "1:2:2", "a.e": 5}
    axes, fixed = read_axes(given)
    assert [texts(axis) for axis in axes] == [["0.2", "0.30000000000000004", "0.4"], ["x", "y"],
                                              ["1", "2"]]  # fmt: skip
    assert fixed == ["a.e=5"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["a.b=1 day:1 week:3"], "two different numbers of one unit, found 1 day:1 week:3"),
        (["a.b=1:1:3"], "two different numbers"),
        (["a.b=2027-01-01:2027-03-01:3"], "give the values one by one"),
        (["a.b=1:2"], "found no number of values"),
        (["a.b=1:2:1"], "from 2 to 10,000 of them, found 1"),
        (["a.b=1:2:x"], "found x"),
        (["a.b=1:2:3:4"], "found 1:2:3:4"),
        (["a.b=1::3"], "found 1::3"),
        (["a.b=1,1"], "two or more different values, found 1, 1"),
        (["a.b=1,"], "two or more different values"),
        (["forecast.seed=1,2"], "forecast is the same at all points"),
        (["currency=USD,EUR"], "currency is the same at all points"),
        (["a.b=1,2", 'a."b"=3,4'], "given twice"),
        (["a..b=1,2"], "expected a dotted key"),
        (["a.b=1"], "nothing varies"),
        ({"a.b": [True, False]}, "expected a number or a text, found true"),
        ({"a.b": [{"x": 1}]}, "expected a number or a text, found a table"),
    ],
)
def test_what_is_no_range_is_said(given, said):
    with pytest.raises(PlanError) as refused:
        read_axes(given)
    assert said in str(refused.value)


def test_all_mistakes_are_said_at_once():
    with pytest.raises(PlanError) as refused:
        read_axes(["a.b=1:2", "a.c=1:x:3", "a.d=1,2"])
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "-S a.b=1", "-S a.c=1",
    ]  # fmt: skip


def test_points_between_need_no_steps():
    axis = only("a.rate=100 per month:400 per month", between=True)
    assert axis.at(0.0).text == "100 per month"
    assert axis.at(0.5) == ("250 per month", 250.0)
    assert axis.at(1 / 3) == ("200 per month", 200.0)
    whole = only("customers.count=10:20", between=True)
    assert [whole.at(share).text for share in (0.0, 0.33, 0.99)] == ["10", "13", "20"]
    words = only("a.b=x,y,z", between=True)
    assert [words.at(share).text for share in (0.0, 0.34, 0.999)] == ["x", "y", "z"]
    few = only("a.b=1,2,4", between=True)
    assert [few.at(share).number for share in (0.0, 0.5, 0.9)] == [1.0, 2.0, 4.0]


@examples(300)
@given(strategies.text("0123456789.:,-+eE_% permonthx\"'[]{}=a", max_size=24))
def test_whatever_is_typed_is_a_value_an_axis_or_a_mistake(text):
    try:
        axes, fixed = read_axes([f"a.b={text}", "z.z=1,2"], between=True)
    except PlanError:
        return
    assert len(axes) + len(fixed) == 2
    for axis in axes:
        assert len(axis.values) > 1 or axis.whole
        for share in (0.0, 0.5, 0.999):
            value = axis.at(share)
            assert (value.number is None) == (axis.written == "")
            assert value.number is None or np.isfinite(value.number)


@examples(200)
@given(
    strategies.floats(-1e9, 1e9, allow_nan=False),
    strategies.floats(-1e9, 1e9, allow_nan=False),
    strategies.integers(2, 9),
)
def test_a_range_goes_from_end_to_end_in_order(first, last, count):
    if first == last:
        return
    axis = only(f"a.b={first!r} days:{last!r} days:{count}")
    found = numbers(axis)
    assert found == sorted(found, reverse=first > last)
    assert (found[0], found[-1]) == (first, last)
    assert [float(text.removesuffix(" days")) for text in texts(axis)] == found
