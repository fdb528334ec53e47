"""Charts say what the forecast says, and are the same bytes for the same forecast."""

import subprocess
import sys
from dataclasses import replace
from xml.dom import minidom

import forecast_cube as fc
import numpy as np
import pictured
import pytest
from matplotlib.figure import Figure

from salessim.charts import style
from salessim.forecast import SERIES, plot
from salessim.readable import percent


@pytest.fixture(scope="module")
def noise():
    return fc.forecast(fc.random_cube(), title="Acme: $10 to $20 plan", need=20_000)


@pytest.mark.parametrize("series", SERIES)
def test_fan_shows_medians_and_bands(noise, series):
    ax = Figure().add_subplot()
    assert noise.plot.fan(series, ax) is ax
    lines = {line.get_label(): line for line in ax.get_lines()}
    shown = noise.series(series)
    assert np.array_equal(lines["P50"].get_ydata(), shown.summary.p50)
    widest, band = (area.get_datalim(ax.transData) for area in ax.collections)
    assert band.y1 == pytest.approx(shown.summary.p90.max())
    assert widest.y1 == pytest.approx(np.quantile(shown.samples, 0.95, axis=0).max())
    if series == "leads":
        assert "P50 without external leads" not in lines
    else:
        base = noise.without_external_leads().series(series)
        drawn = lines["P50 without external leads"].get_ydata()
        assert np.array_equal(drawn, base.summary.p50)
    assert ("need" in lines) == (series == "bookings")


def test_origins_stack_to_the_mean(noise):
    ax = noise.plot.origins()
    tops = [bar.get_y() + bar.get_height() for bar in ax.containers[-1]]
    assert tops == pytest.approx(noise.bookings.summary.mean)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["outbound", "customers", "open deals", "need"]


def test_thousands_are_separated_and_periods_are_dates(noise):
    ax = noise.plot.fan("bookings")
    ax.figure.canvas.draw()
    assert "20,000" in [text.get_text() for text in ax.get_yticklabels()]
    assert "Feb" in [text.get_text() for text in ax.get_xticklabels()]
    assert ax.get_ylabel() == "USD per month"
    days = fc.timeline(periods=3, value=30, unit="day")
    assert plot.fan(fc.forecast(fc.random_cube(n=5), line=days)).get_ylabel() == "USD per 30 days"


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_same_forecast_same_bytes(noise, tmp_path, suffix):
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        style.save(noise.plot.fan("bookings"), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    # A dollar sign is money here, not mathematics.
    if suffix == "svg":
        assert "$10 to $20 plan" in paths[0].read_text()


def test_no_need_no_line():
    facts = fc.Facts(
        stage_entries=1,
        run_rate_per_month=0,
        reproduction_number=None,
        logo_retention=None,
        stuck_open_deals=0,
    )
    ax = fc.forecast(fc.random_cube(n=5), facts=facts).plot.fan()
    assert "need" not in [line.get_label() for line in ax.get_lines()]


def test_nothing_at_all_is_drawn_on_an_axis_of_its_own():
    given = fc.forecast(fc.cube(bookings=np.zeros((4, 24, 2, 3))), need=0.0)
    assert given.plot.fan().get_ylim() == given.plot.origins().get_ylim() == (0, 1)


def test_what_is_below_nothing_is_not_cut_off():
    cents = -np.random.default_rng(1).lognormal(18.0, 0.5, (40, 24, 2, 3))
    given = fc.forecast(fc.cube(bookings=cents), need=1_000)
    low = float(given.bookings.summary.p10.min())
    ax = given.plot.fan()
    assert ax.get_ylim()[0] < low < 0
    assert ax.get_ylabel().startswith("million USD")
    left, right = given.plot.with_and_without()
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] < low


def test_long_names_and_many_sources_leave_room_for_the_chart(tmp_path):
    sources = tuple(f"{number} {'long name ' * 20}" for number in range(9))
    counts = np.zeros((4, 24, 2, 11))
    counts[..., 2:] = 100 * np.arange(1, 10)
    given = fc.forecast(fc.cube(bookings=counts))
    assert given.labels.external_sources  # the cube's own
    names = {"origins": (*given.labels.origins[:2], *sources), "external_sources": sources}
    given = replace(given, labels=replace(given.labels, title="long " * 99, **names))
    ax = given.plot.origins()
    shown = [container.get_label() for container in ax.containers]
    hatches = [container[0].get_hatch() for container in ax.containers]
    assert len(set(hatches[1:])) == 7  # told apart without colours; open deals are the darkest
    # the five that book most, in the order of the plan; the other four together
    assert [label[:2].strip() for label in shown[2:-1]] == ["4", "5", "6", "7", "8"]
    assert shown[-1] == "4 more sources"
    rest = [bar.get_height() for bar in ax.containers[-1]]
    assert rest == pytest.approx([2 * (1 + 2 + 3 + 4)] * len(rest))
    style.save(ax, tmp_path / "origins.png")  # a warning, were there no room, is an error here
    assert ax.get_position().width > 0.5


def test_labels_are_shown_as_they_are():
    assert style.plain_label("_hidden").startswith(" _")
    assert style.plain_label("a$b$") == r"a\$b\$"
    assert style.plain_label("a\x1b[31m\nb") == "a [31m b"


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_any_name_makes_a_chart(tmp_path, suffix):
    name = "\x1b[31m <b>&\n$_{ \u6f22\u5b57 \U0001f600 =1+1"
    given = fc.forecast(fc.random_cube(n=5))
    given = replace(given, labels=replace(given.labels, title=name, currency=name))
    path = tmp_path / f"fan.{suffix}"
    style.save(given.plot.fan(), path)
    if suffix == "svg":
        # what a browser refuses, this parser refuses
        assert "\u6f22\u5b57" in minidom.parse(str(path)).toxml()  # noqa: S318 - our own
    else:
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("chart", ["fan", "origins", "with_and_without"])
@pytest.mark.parametrize("periods", [1, 2, 24])
def test_charts_are_whole_and_have_units(chart, periods):
    given = fc.forecast(
        fc.random_cube(n=9), title="A $ title that is long " * 9, currency="doubloon " * 9,
        line=fc.timeline(periods=periods),
    )  # fmt: skip
    drawn = getattr(given.plot, chart)()
    axes = drawn if isinstance(drawn, tuple) else (drawn,)
    assert pictured.outside(axes[0]) == []
    for ax in axes:
        assert ax.get_title(loc="left")
        assert ax.has_data()
        assert ax.get_xlabel() or ax.get_ylabel() or ax is axes[1]


def test_target_is_one_number_or_one_a_period(noise):
    for target, expected in ((7_000, [7_000] * 3), ([1, 2, 3], [1, 2, 3])):
        lines = {line.get_label(): line for line in noise.plot.fan(target=target).get_lines()}
        assert list(lines["target"].get_ydata()) == expected
    with pytest.raises(ValueError, match="broadcast"):
        noise.plot.fan(target=[1, 2])


def test_one_period_is_drawn_as_wide_as_can_be_seen():
    given = fc.forecast(fc.random_cube(n=9), line=fc.timeline(periods=1))
    for series in ("bookings", "active_customers"):
        ax = given.plot.fan(series)
        band = ax.collections[0].get_datalim(ax.transData)
        left, right = ax.get_xlim()
        assert left < band.x0 < band.x1 < right
        assert band.width > 0.2 * (right - left)


def test_with_and_without_share_a_scale_and_say_the_verdict(noise):
    left, right = noise.plot.with_and_without()
    assert left.get_ylim() == right.get_ylim()
    for ax in (left, right):
        ax.figure.canvas.draw()
    ticks = [[text.get_text() for text in ax.get_yticklabels()] for ax in (left, right)]
    assert ticks[0] == ticks[1]
    medians = [ax.get_lines()[0].get_ydata() for ax in (left, right)]
    assert np.array_equal(medians[0], noise.bookings.summary.p50)
    base = noise.without_external_leads().bookings.summary.p50
    assert np.array_equal(medians[1], base)
    headline = left.figure.get_suptitle().replace("\n", " ")
    share = percent(noise.verdict.probability)
    assert headline.endswith(f"met in {share} of the trajectories: {noise.verdict.word}")
    given = Figure().subplots(1, 2)
    assert noise.plot.with_and_without(tuple(given)) == tuple(given)
    assert given[0].figure.get_suptitle() == ""


def test_the_title_of_origins_adds_up():
    bookings = np.zeros((4, 24, 2, 3))
    bookings[..., 0, :] = (100, 300, 600)
    title = fc.forecast(fc.cube(bookings=bookings)).plot.origins().get_title(loc="left")
    shares = "60% from external leads, 30% from customers, 10% from open deals"
    assert title.replace("\n", " ") == f"Of all bookings, {shares}"


def test_matplotlib_is_loaded_only_for_charts():
    code = "import salessim.forecast, sys; print('matplotlib' in sys.modules)"
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
