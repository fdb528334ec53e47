"""Charts of a sensitivity say what it says, and fit their figure."""

import numpy as np
import pictured
import pytest

from salessim.charts import style
from salessim.forecast.elasticity import Elasticity, Estimate
from salessim.forecast.quantity import Quantity
from salessim.forecast.sensitivity import PARTS, Sensitivity, Swing
from salessim.forecast.variance import Interval, VarianceShare, VarianceSplit
from salessim.model.levers import Lever
from tests.unit import forecast_cube as fc

LONG = "pipelines.enterprise new business in Germany.stages.proof of concept.conversion"


def estimates(count, scale=1.0):
    return [Estimate(scale * (-0.8) ** k, 0.1 * scale) for k in range(count)]


def study(*, rows, mean=28.4e6, names=LONG):
    """A sensitivity of so many rows in each part, made by hand."""
    named = [f"{names} {k}" if k else names for k in range(rows)]
    levers = tuple(
        Elasticity(
            lever=Lever(name=name, kind="conversion", sentence="what it is", targets=("a", "b")),
            result=one,
            base=Estimate(np.nan, np.nan),
            sustained=None,
        )
        for name, one in zip(named, estimates(rows), strict=True)
    )
    swings = tuple(
        Swing(
            address=name,
            values=(0.1, 0.2),
            words=("10%", "20%"),
            means=(Estimate(mean - one.value, one.se), Estimate(mean + one.value, one.se)),
            changes=(Estimate(-one.value, one.se), one),
        )
        for name, one in zip(named, estimates(rows, 1e6), strict=True)
    )
    shares = tuple(
        VarianceShare(
            inputs=(name, "shocks.economy"),
            first=Interval(0.5 / (k + 1), 0.4 / (k + 1), 0.7 / (k + 1)),
            total=Interval(1.02 / (k + 1), -0.02, 1.1),
        )
        for k, name in enumerate(named)
    )
    return Sensitivity(
        title="A plan with $ in it",
        currency="USD",
        of=Quantity.named("bookings.total", fc.timeline()),
        mean=Estimate(mean, 1e4),
        sustained=None,
        levers=levers,
        tornado=swings,
        shares=shares,
        split=VarianceSplit(
            variance=1e12,
            parameters=Estimate(0.71, 0.02),
            shocks=Estimate(-0.002, 0.01),
            luck=Estimate(0.292, 0.02),
        ),
        trajectories=1024,
        worlds=1024,
        seed=7,
    )


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("rows", [0, 1, 7, 40])
def test_charts_fit_whatever_the_plan(part, rows):
    ax = study(rows=rows).plot.part(part)
    assert pictured.outside(ax) == []
    figure, written = pictured.texts(ax)
    assert pictured.overlapping(written) == []
    assert max(figure.get_size_inches()) < 20


def test_rows_that_are_left_out_are_counted():
    ax = study(rows=40).plot.levers()
    said = [text for text, _ in pictured.texts(ax)[1]]
    assert any("15 more move it less" in text for text in said)
    assert len(ax.get_yticks()) == 25


def test_bars_end_where_the_numbers_are():
    given = study(rows=3)
    low, high = given.plot.tornado().containers[0::2]
    for bars, end in ((low, 0), (high, 1)):
        ends = [bar.get_x() + bar.get_width() for bar in bars]
        assert ends == pytest.approx([one.means[end].value for one in given.tornado])
    first, total = given.plot.shares().containers[0::2]
    assert [bar.get_width() for bar in first] == [one.first.value for one in given.shares]
    assert [bar.get_width() for bar in total] == [one.total.value for one in given.shares]


def test_same_study_same_bytes(tmp_path):
    for name in "ab":
        style.save(study(rows=4).plot.tornado(), tmp_path / f"{name}.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_unknown_parts_are_refused():
    with pytest.raises(ValueError, match="no part 'swing'; there are levers, tornado"):
        study(rows=1).plot.part("swing")
    with pytest.raises(ValueError, match="no part"):
        study(rows=1).to_frame("swing")


def test_tables_have_what_was_found():
    given = study(rows=2)
    assert list(given.to_frame("tornado")["input"]) == [one.address for one in given.tornado]
    assert given.to_frame("split")["share_of_variance"].sum() == pytest.approx(1)
    assert given.summary()["levers"][0]["base_elasticity"] is None
    assert given.weakest_link is given.levers[0]
    assert given.weakest_link_of_base is None
