"""Pictures in a page are as small as they can be, and look as they did."""

import re

import numpy as np
import pytest

from salessim.charts import style
from salessim.report.inline import inline_svg


def bars(*, color=style.BLUE, alpha=None):
    ax = style.new_axes()
    ax.bar(np.arange(260), np.linspace(1, 2, 260), color=color, linewidth=0, alpha=alpha)
    return ax


def corners(svg):
    """Where closed shapes have their corners, to a tenth of a point."""
    found = re.findall(r' d="([^"]*z)', svg)
    return [round(float(x), 1) for path in found for x in re.findall(r"[\d.]+", path)]


def test_bars_alike_are_one_shape_with_all_their_corners():
    drawn = bars()
    small, whole = inline_svg(drawn, name="x"), style.svg(drawn)
    assert len(small) < len(whole) / 2
    assert small.count("z M") == 259
    joined = whole.replace("\n", " ")
    kept = corners(small)
    assert len(kept) == len(corners(joined)) > 260 * 8
    assert np.abs(np.subtract(kept, corners(joined))).max() < 0.11


@pytest.mark.parametrize("look", [{"alpha": 0.5}, {"color": ["red", "blue"] * 130}])
def test_bars_that_are_not_alike_or_see_through_stay_apart(look):
    assert "z M" not in inline_svg(bars(**look), name="x")


def test_words_keep_their_spaces():
    ax = bars()
    ax.text(0, 0, "two words > one, 1.23456")
    assert ">two words &gt; one, 1.23456<" in inline_svg(ax, name="x")
