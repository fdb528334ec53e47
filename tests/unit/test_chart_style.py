"""The style that charts share: colours for every eye, text that fits, the same bytes."""

import math
from datetime import date

import colour_vision
import pictured
import pytest
from matplotlib.figure import Figure

from salessim.charts import style
from salessim.forecast.plot import COLOURS
from salessim.readable import broken, few_digits, rounded, scale


@pytest.mark.parametrize("vision", colour_vision.VISIONS)
@pytest.mark.parametrize("colours", [COLOURS, tuple(style.FLOW_COLOURS.values())], ids=str)
def test_colours_are_told_apart_with_any_colour_vision(colours, vision):
    assert colour_vision.nearest(colours, vision) > 15


def test_the_usual_red_and_green_would_be_caught():
    red_and_green = ("#D62728", "#2CA02C")
    assert colour_vision.nearest(red_and_green, "normal") > 100
    assert colour_vision.nearest(red_and_green, "no green cones") < 10


def test_a_fan_is_read_in_grey():
    lightness = [colour_vision.lab(colour)[0] for colour in (style.BLUE, style.BLACK)]
    assert abs(lightness[0] - lightness[1]) > 40


@pytest.mark.parametrize("size", [8.0, 12.0])
def test_wrapped_text_fits_and_what_does_not_is_marked(size):
    words = "Bookings of the whole span are higher than anyone ever thought they could be"
    broken = style.wrap(words, size, 220.0, weight="bold", lines=9)
    assert broken.replace("\n", " ") == words
    lines = broken.split("\n")
    assert len(lines) > 1
    assert all(style.text_width(line, size, weight="bold") <= 220 for line in lines)
    cut = style.wrap(words, size, 220.0, weight="bold", lines=1)
    assert cut.endswith("...")
    assert style.text_width(cut, size, weight="bold") <= 220
    assert style.wrap("", size, 100.0) == ""


def test_width_of_text_is_what_is_drawn():
    ax = style.new_axes()
    words = "Of all bookings, 57%"
    drawn = ax.text(0, 0, words, fontsize=11, fontweight="bold")
    figure = style.figure_of(ax)
    figure.draw_without_rendering()
    box = drawn.get_window_extent(figure.canvas.get_renderer())
    points = box.width * 72 / figure.dpi
    assert style.text_width(words, 11, weight="bold") == pytest.approx(points, 0.05)


@pytest.mark.parametrize(
    ("largest", "unit", "tick"),
    [(0.2, "EUR", "0.05"), (900_000, "EUR", "200,000"), (2.4e6, "million EUR", "0.5"),
     (8e12, "trillion EUR", "2"), (9e18, "trillion EUR", "2,000,000")],
)  # fmt: skip
def test_numbers_have_units_and_separators(largest, unit, tick):
    ax = style.new_axes()
    ax.plot([0, 1], [0, largest])
    style.number_axis(ax, "EUR")
    style.figure_of(ax).draw_without_rendering()
    assert ax.get_ylabel() == unit
    assert tick in [text.get_text() for text in ax.get_yticklabels()]
    assert ax.get_ylim()[0] == 0
    assert ax.get_ylim()[1] > largest


def test_dates_and_nothing_at_all():
    ax = style.new_axes()
    style.date_axis(ax, date(2027, 1, 1), date(2029, 1, 1))
    style.number_axis(ax, "deals")
    style.share_axis(ax, "share", which="y")
    style.legend(ax)
    style.figure_of(ax).draw_without_rendering()
    assert "2028" in [text.get_text() for text in ax.get_xticklabels()]
    assert "100%" in [text.get_text() for text in ax.get_yticklabels()]
    assert ax.get_legend() is None


def test_titles_wrap_to_their_axes_and_stay_in_the_figure():
    figure = style.new_figure(width=9, height=4)
    for index, ax in enumerate(figure.subplots(1, 2)):
        ax.plot([0, index])
        style.finish(
            ax, title="A message of many words " * 4, subtitle="of what, and how many " * 4
        )
    assert pictured.outside(figure) == []
    assert "\n" in figure.axes[0].get_title(loc="left")


def test_text_outside_would_be_caught():
    ax = style.new_axes()
    ax.set_title("far too long for any figure " * 9, loc="left")
    assert len(pictured.outside(ax)) == 1
    assert pictured.overlapping([("a", ax.bbox), ("b", ax.bbox)]) == [("a", "b")]


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_saved_pictures_are_the_same_bytes(tmp_path, suffix):
    for name in "ab":
        ax = style.new_axes()
        ax.plot([0, 1], [1, 3], marker="o", label="x")
        style.finish(ax, title="Title")
        style.legend(ax)
        style.save(ax, tmp_path / f"{name}.{suffix}")
    first, second = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab")
    assert first == second


def test_a_very_tall_figure_is_still_an_image(tmp_path):
    style.save(Figure(figsize=(0.2, 500)), tmp_path / "tall.png")  # 75,000 pixels at 150 an inch
    assert (tmp_path / "tall.png").read_bytes().startswith(b"\x89PNG")


def test_axes_without_a_figure_are_refused():
    ax = style.new_axes()
    ax.remove()
    with pytest.raises(ValueError, match="no figure"):
        style.figure_of(ax)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.05, "0.05"), (999.4, "999"), (1234.5, "1,230"), (999_400, "999,000"),
     (999_600, "1 million"), (13.24e6, "13.2 million"), (-4.5e9, "-4.5 billion"),
     (2e15, "2,000 trillion")],
)  # fmt: skip
def test_numbers_are_rounded_to_three_digits(value, shown):
    assert rounded(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0.044, "0.044"), (9.64, "9.6"), (9.96, "10"), (31.5, "32"), (0.0, "0")]
)
def test_few_digits(value, shown):
    assert few_digits(value) == shown


def test_scales_reach_as_far_as_they_go():
    assert scale(math.inf, digits=3) == (10**12, "trillion ")


@pytest.mark.parametrize("letters", [1, 25])
def test_titles_beside_each_other_keep_apart(letters):
    left, right = style.new_pair()
    left.set_yticks([0, 1], ["m" * letters, "m"])
    for ax in (left, right):
        style.finish(ax, title="Bookings of the whole span are higher than anyone thought " * 2)
    _, written = pictured.texts(left)
    assert pictured.overlapping(written) == []
    (first, second) = (box for said, box in written if said.startswith("Bookings"))
    assert first.x1 < second.x0 - 10  # pixels


def test_addresses_are_broken_behind_their_dots():
    address = "pipelines.new business.stages.proposal.conversion"
    assert broken(address, 100) == [address]
    lines = broken(address, 24)
    assert lines == ["pipelines.new business.", "stages.proposal.", "conversion"]
    assert "".join(broken(address, 7)) == address
    assert max(map(len, broken(address, 7))) <= 7
    assert broken("", 5) == [""]
