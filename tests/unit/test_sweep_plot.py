"""Charts of sweeps: what is drawn where, for one key, two, and more."""

import numpy as np
import pytest

import salessim as ss
from salessim.charts import style
from tests.cli.conftest import PLAN

RATE, CONVERSION = "sources.outbound.rate", "pipelines.new_business.stages.qualified.conversion"
MEAN = "customers.lifetime.exponential.mean"


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "acme.toml"
    path.write_text(PLAN)
    return ss.load_plan(path)


@pytest.fixture(scope="module")
def one(plan):
    return ss.sweep(plan, [f"{RATE}=30 per month,10 per month,20 per month"])


@pytest.fixture(scope="module")
def two(plan):
    return ss.sweep(plan, [f"{RATE}=10 per month:30 per month:3", f"{CONVERSION}=0.5,0.7"])


def words(ax):
    return " ".join(text.get_text() for text in ax.texts) + ax.get_title(loc="left")


def test_a_line_goes_up_the_key_with_its_bands(one):
    ax = one.plot.line()
    mean, base = ax.get_lines()
    assert mean.get_xdata().tolist() == [10, 20, 30]
    totals = {p.numbers[0]: p.totals for p in one.points}
    assert mean.get_ydata().tolist() == [float(totals[x]["bookings"].mean) for x in (10, 20, 30)]
    assert base.get_ydata().tolist() == [
        float(totals[x]["base_bookings"].mean) for x in (10, 20, 30)
    ]
    (band,) = ax.collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].max() == pytest.approx(float(totals[30]["bookings"].p90))
    assert corners[:, 1].min() == pytest.approx(float(totals[10]["bookings"].p10))
    assert "rate, per month" in ax.get_xlabel()
    assert "most at rate 30 per month" in words(ax).replace("\n", " ")
    share = one.plot.line("sustained")
    assert share.get_lines()[0].get_ydata().tolist() == [
        p.verdict.probability for p in sorted(one.points, key=lambda p: p.numbers)
    ]


def test_a_map_has_a_cell_for_each_point(two):
    ax = two.plot.heat()
    (image,) = ax.get_images()
    cells = np.asarray(image.get_array())
    means = np.array([float(p.totals["bookings"].mean) for p in two.points]).reshape(3, 2)
    np.testing.assert_allclose(cells / cells[0, 0], means / means[0, 0])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["10", "20", "30"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.5", "0.7"]
    written = [text.get_text() for text in ax.texts[:6]]
    assert written == [f"{value:.3g}" for value in cells.ravel()]
    # the largest is the brightest, and what is written on it is dark
    assert ax.texts[int(cells.argmax())].get_color() == style.BLACK
    assert ax.texts[int(cells.argmin())].get_color() == "white"


def test_points_not_finished_are_blank(plan):
    def stop(done, _):
        if done > 130:
            raise KeyboardInterrupt

    cut = ss.sweep(plan, [f"{RATE}=10 per month:30 per month:3", f"{CONVERSION}=0.5,0.7"],
                   progress=stop)  # fmt: skip
    ax = cut.plot.heat()
    blank = np.ma.getmaskarray(ax.get_images()[0].get_array())
    assert blank.ravel().tolist() == [False] * 3 + [True] * 3
    assert "3 of 6 points" in words(ax)


def test_many_keys_are_drawn_beside_each_other(plan, tmp_path):
    ranges = [f"{RATE}=10 per month:30 per month", f"{CONVERSION}=0.5:0.7",
              f"{MEAN}=300 days:900 days"]  # fmt: skip
    sweep = ss.sweep(plan, ranges, sobol=4, trajectories=5)
    figure = sweep.plot.both()
    assert len(figure.axes) == 6
    for index, ax in enumerate(figure.axes[:3]):
        assert ax.get_lines()[0].get_xdata().tolist() == [p.numbers[index] for p in sweep.points]
    for kind in ("svg", "png"):  # a warning, were there no room, is an error here
        style.save(figure, tmp_path / f"s.{kind}")
    with pytest.raises(ValueError, match="no key 'rate'"):
        sweep.plot.dots(key="rate")
    with pytest.raises(ValueError, match="a grid of two keys"):
        sweep.plot.heat()


@pytest.mark.parametrize("name", ["one", "two"])
def test_both_measures_stand_side_by_side(request, tmp_path, name):
    sweep = request.getfixturevalue(name)
    for kind in ("svg", "png"):
        style.save(sweep.plot.both(), tmp_path / f"s.{kind}")
    with pytest.raises(ValueError, match="no measure 'wins'"):
        (sweep.plot.line if name == "one" else sweep.plot.heat)("wins")


def test_words_and_money_signs_are_drawn_as_they_are(plan, tmp_path):
    priced = plan.with_({"currency": "US$"})
    sweep = ss.sweep(priced, {"sources.referral.buyer": ["new", "existing"]}, trajectories=5)
    ax = sweep.plot.line()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["new", "existing"]
    assert "US\\$" in ax.get_ylabel()
    style.save(sweep.plot.both(), tmp_path / "s.svg")


def test_without_a_need_nothing_is_sustained(tmp_path):
    text = PLAN.replace("need = 50_000", "").replace(
        'rate = "1 per 360 days"', 'rate = "0 per day"'
    )
    path = tmp_path / "none.toml"
    path.write_text(text.replace('rate = "10 per month"', 'rate = "0 per month"'))
    sweep = ss.sweep(ss.load_plan(path), [f"{CONVERSION}=0.5,0.7"], trajectories=5)
    assert sweep.points[0].verdict.probability is None
    assert "No need is stated" in words(sweep.plot.line("sustained"))
    style.save(sweep.plot.both(), tmp_path / "s.svg")
    assert sweep.to_frame().p_sustained.isna().all()
