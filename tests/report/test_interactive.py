"""Charts that answer the mouse are the same charts: their points, colours and words."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import salessim as ss
from salessim.charts import style
from salessim.cli.main import main
from salessim.readable import percent, rounded
from salessim.report.interactive import charts
from salessim.report.page import Figure, Page, Section, render
from salessim.report.run import run_page
from tests.html_reader import Reader
from tests.unit import forecast_cube as fc

CONFIGS = Path(__file__).parents[2] / "configs"
NASTY = '</script><b onclick="x">alert(1)</b> & $x$'


@pytest.fixture(scope="module")
def noise():
    return fc.forecast(fc.random_cube(n=300), need=34_500, title="A plan")


def only(drawn):
    (chart,) = charts(drawn).charts
    return chart


def traces(chart):
    """Traces by name; what has no name stands under its kind."""
    return {trace.get("name") or trace["type"]: trace for trace in chart.spec["data"]}


def valid(chart):
    """Whether plotly knows every property: it raises where it does not."""
    from plotly.graph_objects import Figure as Plot

    return bool(Plot(chart.spec).data)


def test_lines_and_bands_of_the_fan_are_its_quantiles(noise):
    chart = only(noise.plot.fan())
    found = traces(chart)
    assert found["P50"]["y"] == list(noise.bookings.summary.p50)
    assert found["P50"]["hovertext"][1] == f"P50: {rounded(noise.bookings.summary.p50[1])}"
    p10, p90 = noise.bookings.summary.p10, noise.bookings.summary.p90
    assert found["P10 to P90"]["y"] == pytest.approx(p90)
    below = chart.spec["data"][chart.spec["data"].index(found["P10 to P90"]) - 1]
    assert below["y"] == pytest.approx(p10)
    said = f"P10 to P90: {rounded(p10[0])} to {rounded(p90[0])}"
    assert found["P10 to P90"]["hovertext"][0] == said
    base = noise.without_external_leads().bookings.summary.p50
    assert found["P50 without external leads"]["y"] == list(base)
    assert found["P50 without external leads"]["line"]["dash"] == "dash"
    assert found["need"]["y"] == pytest.approx([34_500] * 5)
    assert chart.unit == "USD per month"
    assert valid(chart)


def test_levels_stand_at_the_end_of_their_period(noise):
    """Pointing at a level of January must not say February; the last of the span is in March."""
    chart = only(noise.plot.fan("active_customers"))
    days = traces(chart)["P50"]["x"]
    assert days[0] == "2027-01-31 23:59:59"
    assert [day[:7] for day in days] == ["2027-01", "2027-02", "2027-03"]
    assert chart.spec["layout"]["xaxis"]["hoverformat"] == "%b %Y"
    weeks = fc.forecast(fc.random_cube(n=5), line=fc.timeline(unit="week"))
    assert only(weeks.plot.fan()).spec["layout"]["xaxis"]["hoverformat"] == "%-d %b %Y"


def test_bars_stack_to_the_mean(noise):
    chart = only(noise.plot.origins())
    bars = [trace for trace in chart.spec["data"] if trace["type"] == "bar"]
    assert [bar["name"] for bar in bars] == ["open deals", "customers", "outbound"]
    assert np.sum([bar["y"] for bar in bars], axis=0) == pytest.approx(noise.bookings.summary.mean)
    tops = np.add(bars[1]["base"], bars[1]["y"])
    assert tops == pytest.approx(bars[2]["base"])
    assert bars[2]["marker"]["pattern"]["shape"] == "/"
    width = timedelta(milliseconds=bars[0]["width"][0])
    first, second = (datetime.fromisoformat(day) for day in bars[0]["x"][:2])
    assert width < second - first < 1.3 * width
    assert valid(chart)


def test_the_histogram_says_how_often(noise):
    chart = only(noise.plot.total())
    bars = traces(chart)["bar"]
    assert sum(bars["y"]) == pytest.approx(1.0)
    assert not bars["showlegend"]
    assert bars["hovertext"][0].endswith(f": {percent(bars['y'][0])}")
    low, high = (bars["x"][0] + sign * bars["width"][0] / 2 for sign in (-1, 1))
    assert bars["hovertext"][0].startswith(f"{rounded(low)} to {rounded(high)}")
    p50 = float(noise.bookings.total_summary.p50)
    assert traces(chart)[f"P50: {rounded(p50)}"]["x"] == [p50, p50]
    assert chart.spec["layout"]["yaxis"]["tickformat"] == ".1~%"
    assert valid(chart)


def test_a_pair_has_a_chart_for_each_and_one_headline(noise):
    drawn = style.figure_of(noise.plot.with_and_without()[0])
    both = charts(drawn)
    ranges = [chart.spec["layout"]["yaxis"]["range"] for chart in both.charts]
    assert len(ranges) == 2
    assert ranges[0] == ranges[1]
    assert both.headline.startswith("Without new external leads the need is met in")


def test_funnels_and_customers_are_told_by_name(noise):
    flows, stock, *_ = charts(style.figure_of(noise.plot.funnel()[0])).charts
    assert flows.spec["layout"]["yaxis"]["ticktext"] == ["qualified", "proposal"]
    assert flows.spec["layout"]["hovermode"] == "y unified"
    sums = noise.funnel.flows.mean(axis=0).sum(axis=0)
    assert traces(flows)["advanced"]["x"] == pytest.approx(sums[:2, 1])
    level = noise.funnel.open.mean(axis=0)[:, 0]
    assert traces(stock)["qualified"]["y"][1:] == pytest.approx(level)
    _, moves = charts(style.figure_of(noise.plot.customers()[0])).charts
    lost = noise.lost_customers.summary.mean
    assert traces(moves)["lost"]["y"] == pytest.approx(-lost)
    for chart in (flows, stock, moves, only(noise.plot.runway())):
        assert valid(chart)


@pytest.mark.parametrize("periods", [1, 260])
@pytest.mark.parametrize("scale", [0, 10**13])
def test_any_forecast_makes_charts(periods, scale):
    rng = np.random.default_rng(4)
    simulated = max(24, periods)
    cents = (scale * rng.random((1, simulated, 2, 3))).astype(np.int64)
    line = fc.timeline(periods=periods, simulated=simulated, unit="week")
    given = fc.forecast(fc.cube(bookings=cents), line=line, need=0.1)
    for name in ("fan", "origins", "total", "runway"):
        chart = only(getattr(given.plot, name)())
        assert "NaN" not in json.dumps(chart.spec)
        assert valid(chart)


def test_what_is_no_chart_of_lines_and_bars_stays_a_picture():
    plan = ss.load_plan(CONFIGS / "saas.toml")
    assert charts(plan.plot.process_map()).charts == ()
    ax = style.new_axes()
    ax.plot([1.0, 2.0], [1.0, 2.0])
    assert len(charts(ax).charts) == 1
    ax.scatter([1.0], [2.0])
    assert charts(ax).charts == ()


def test_colours_of_single_bars_and_their_key_are_kept():
    from matplotlib.patches import Patch

    ax = style.new_axes()
    bars = ax.barh([0, 1], [3.0, 4.0], color=[style.GREEN, style.ORANGE])
    bars[1].set_hatch("///")
    ax.set_yticks([0, 1], ["a", "b"])
    style.legend(ax, handles=[Patch(facecolor=style.ORANGE, hatch="///", label="late")])
    chart = only(ax)
    data, key = chart.spec["data"]
    assert data["marker"]["color"] == ["rgba(0,158,115,1)", "rgba(230,159,0,1)"]
    assert data["marker"]["pattern"]["shape"] == ["", "/"]
    assert data["hovertext"] == ["3", "4"]
    assert (key["name"], key["marker"]["color"]) == ("late", "rgba(230,159,0,1)")
    assert valid(chart)


def test_a_logarithmic_axis_stays_one():
    ax = style.new_axes()
    ax.plot([0.1, 1.0, 100.0], [1.0, 2.0, 3.0])
    style.factor_axis(ax, str)
    axis = only(ax).spec["layout"]["xaxis"]
    assert axis["type"] == "log"
    assert axis["range"][0] < -1.0 < 2.0 < axis["range"][1] < 3.0


@pytest.fixture(scope="module")
def page():
    plan = ss.load_plan(CONFIGS / "saas.toml")
    return run_page(ss.Run.of(plan, ss.simulate(plan, trajectories=12, seed=5)))


@pytest.fixture(scope="module")
def text(page):
    return render(page, interactive=True)


def specs(text):
    found = re.findall(r'<script type="application/json">(.*?)</script>', text, re.DOTALL)
    return [json.loads(each) for each in found]


def test_the_page_holds_all_it_needs_and_keeps_it(page, text):
    """No request, no upload, and every picture still there for paper and for no scripts."""
    from plotly.offline import get_plotlyjs

    read = Reader(text)
    assert read.requests() == []
    assert text.count(get_plotlyjs()) == 1
    assert "showSendToCloud: false" in text
    assert 'plotlyServerURL: ""' in text
    still = render(page)
    assert "<script" not in still
    # and the browser holds both pages to it
    assert "default-src 'none'; form-action 'none'" in text
    assert "default-src 'none'; form-action 'none'" in still
    assert "script-src" not in still
    assert text.count("<svg") - get_plotlyjs().count("<svg") == still.count("<svg")
    figures = [figure for section in page.sections for figure in section.figures]
    drawn = [panel for figure in figures for panel in figure.panels]
    shown = [len(charts(each).charts) for each in drawn]
    assert len(specs(text)) == text.count('<div class="plot">') == sum(shown)
    assert shown.count(0) == 1  # the process map


def test_names_are_neither_html_nor_the_end_of_a_script(noise):
    ax = noise.plot.fan()
    ax.set_title(style.plain_label(NASTY), loc="left")
    ax.get_lines()[0].set_label(style.plain_label(NASTY))
    drawn = Page(
        title="x", sections=(Section(title="x", figures=(Figure(drawn=ax, caption="x"),)),)
    )
    shown = render(drawn, interactive=True)
    assert NASTY not in shown
    assert "b" not in Reader(shown).tags
    (spec,) = specs(shown)
    names = [trace["name"] for trace in spec["data"] if "name" in trace]
    # plotly.js takes some tags for such, so a name may hold none
    assert '&lt;/script&gt;&lt;b onclick="x"&gt;alert(1)&lt;/b&gt; &amp; $x$' in names


def salessim(*words):
    return CliRunner().invoke(main, list(map(str, words)), prog_name="salessim")


def test_the_command_writes_it_beside_the_still_page(tmp_path):
    plan = ss.load_plan(CONFIGS / "w1.toml")
    run = ss.save_run(plan, ss.simulate(plan, trajectories=5, seed=5), tmp_path / "run")
    done = salessim("report", run, "--interactive")
    assert done.exit_code == 0, done.output
    assert not (run / "report.html").exists()
    assert len(specs((run / "interactive.html").read_text(encoding="utf-8"))) > 8


def test_without_plotly_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("salessim.report.documents.find_spec", lambda _: None)
    said = salessim("report", tmp_path, "--interactive")
    assert said.exit_code == 1
    assert "interactive: plotly is not installed; `pip install 'salessim[interactive]'`" in (
        said.output
    )
