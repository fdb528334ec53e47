"""The funnel's bars and lines are its flows."""

import forecast_cube as fc
import numpy as np
import pictured
import pytest
from matplotlib.figure import Figure

from salessim.forecast.funnel import FLOWS

RISING = {"entered": 9, "advanced": 2, "lost": 1, "no_decision": 1, "back": 1, "parked": 1}
"""Deals a period in every stage: three more each."""


def forecast(*, words=None, **flows):
    counts = np.zeros((4, 24, 3, len(FLOWS)), dtype=np.int32)
    for name, number in flows.items():
        counts[..., FLOWS.index(name)] = number
    return fc.forecast(fc.cube(bookings=np.ones((4, 24, 2, 3)), flows=counts), **(words or {}))


def bars(ax):
    return {bar.get_label(): [part.get_width() for part in bar] for bar in ax.containers}


def test_bars_are_what_became_of_all_that_came():
    flows, _ = forecast(**RISING, slipped=5).plot.funnel("new_business")
    # three periods are reported; 5 and 4 deals stood there at the start
    assert bars(flows) == {
        "advanced": [6, 6], "lost": [3, 3], "no decision": [3, 3], "back": [3, 3], "parked": [3, 3],
        "still open": [5 + 27 - 18, 4 + 27 - 18], "slipped (stays)": [15, 15],
    }  # fmt: skip
    assert [text.get_text() for text in flows.get_yticklabels()] == ["qualified", "proposal"]
    title = "new_business: 32 deals come to the first stage, 6 are won"
    assert flows.get_title(loc="left").replace("\n", " ") == title
    assert flows.get_xlabel() == "deals, mean of the whole span"


def test_what_never_happens_has_no_bar():
    flows, _ = forecast(entered=2, advanced=1).plot.funnel("expansion")
    assert set(bars(flows)) == {"advanced", "still open"}


def test_slips_may_be_more_than_all_that_came():
    flows, _ = forecast(entered=1, slipped=9).plot.funnel("expansion")
    assert flows.get_xlim()[1] > 27


def test_lines_are_what_stands_in_the_stages():
    given = forecast(**RISING, slipped=5)
    _, stock = given.plot.funnel("new_business")
    lines = {line.get_label(): list(line.get_ydata()) for line in stock.get_lines()}
    assert lines == {"qualified": [5, 8, 11, 14], "proposal": [4, 7, 10, 13]}
    assert [line[-1] for line in lines.values()] == list(given.funnel.open[0, -1, :2])
    assert stock.get_title(loc="left").replace("\n", " ").endswith("from 9 open deals to 27")


def test_all_pipelines_or_one_on_given_axes():
    given = forecast(**RISING)
    axes = given.plot.funnel()
    assert len(axes) == 4
    assert pictured.outside(axes[0]) == []
    pair = tuple(Figure(layout="constrained").subplots(1, 2))
    assert given.plot.funnel(axes=pair) == pair
    assert pair[0].get_title(loc="left").startswith("new_business")
    with pytest.raises(ValueError, match="there are new_business, expansion"):
        given.plot.funnel("renewal")


@pytest.mark.parametrize("periods", [1, 24])
def test_nothing_is_cut(periods):
    words = {"title": "A $ title that is long " * 9, "line": fc.timeline(periods=periods)}
    axes = forecast(**RISING, slipped=90, words=words).plot.funnel()
    assert pictured.outside(axes[0]) == []
    assert all(ax.get_xlabel() or ax.get_ylabel() for ax in axes)


def test_nothing_flows():
    flows, stock = forecast().plot.funnel("expansion")
    assert flows.get_xlim() == (0, 1)
    assert stock.get_ylim() == (0, 1)
