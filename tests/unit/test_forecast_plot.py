"""Charts say what the forecast says, and are the same bytes for the same forecast."""

import subprocess
import sys
from dataclasses import replace
from xml.dom import minidom

import forecast_cube as fc
import numpy as np
import pytest
from matplotlib.figure import Figure

from salessim.charts import style
from salessim.forecast import SERIES, plot


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


def test_matplotlib_is_loaded_only_for_charts():
    code = "import salessim.forecast, sys; print('matplotlib' in sys.modules)"
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
