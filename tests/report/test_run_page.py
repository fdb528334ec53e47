"""The page of a run: whole, readable, safe to open, and the same every time."""

import re
from dataclasses import replace
from datetime import date
from html import unescape
from pathlib import Path

import pytest

import salessim as ss
from salessim.readable import between
from salessim.report.page import Figure, Page, Section, render
from salessim.report.run import run_page
from tests.html_reader import Reader

CONFIGS = Path(__file__).parents[2] / "configs"
NASTY = '<script src="https://evil/x">alert(1)</script> & "$x$" 😀'
SMALL = f"""
title = '''{NASTY}'''
currency = "$"
[forecast]
start = 2027-01-15
horizon = "{{horizon}}"
period = "{{period}}"
[sustainability]
need = {{need}}
[pipelines.'{NASTY}']
amount = {{{{ lognormal = {{{{ median = {{amount}}, sigma = 0.5 }}}} }}}}
[[pipelines.'{NASTY}'.stages]]
name = '''{NASTY}'''
conversion = 0.5
cycle_time = {{{{ exponential = {{{{ mean = "20 days" }}}} }}}}
[sources.'{NASTY}']
kind = "external"
pipeline = '''{NASTY}'''
rate = "30 per month"
"""


def run_of(path, *, trajectories=12):
    plan = ss.load_plan(path)
    return ss.Run.of(plan, ss.simulate(plan, trajectories=trajectories, seed=5))


def small(folder, *, trajectories=12, horizon="30 days", period="30 days", amount=100.0, need=9.0):
    text = SMALL.format(horizon=horizon, period=period, amount=amount, need=need)
    (folder / "plan.toml").write_text(text, encoding="utf-8")
    return run_of(folder / "plan.toml", trajectories=trajectories)


@pytest.fixture(scope="module")
def run():
    return run_of(CONFIGS / "saas.toml")


@pytest.fixture(scope="module")
def page(run):
    return run_page(run)


@pytest.fixture(scope="module")
def text(page):
    return render(page)


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    return render(run_page(small(tmp_path_factory.mktemp("nasty"))))


def pictures(text):
    return re.findall(r"<svg.*?</svg>", text, re.DOTALL)


def empty(picture):
    """Whether a picture shows nothing: axes are lines and words, data are shapes beside them."""
    shapes = len(re.findall(r"<(?:path|use|rect) ", picture))
    return shapes < 10 or len(re.findall(r"<text ", picture)) < 4


def test_every_chart_is_there_and_shows_something(page, text):
    drawn = [figure for section in page.sections for figure in section.figures]
    assert len(drawn) == 12
    assert sum(len(figure.panels) for figure in drawn) == len(pictures(text)) == 17
    assert not any(map(empty, pictures(text)))
    said = re.findall(r'role="img" aria-label="([^"]+)"', text)
    assert len(said) == len(drawn)
    assert all(figure.caption in unescape(words) for figure, words in zip(drawn, said, strict=True))


def test_an_empty_chart_would_be_caught():
    from salessim.charts import style

    ax = style.new_axes()
    ax.set_axis_off()
    blank = Page(
        title="x", sections=(Section(title="x", figures=(Figure(drawn=ax, caption="x"),)),)
    )
    assert [empty(picture) for picture in pictures(render(blank))] == [True]


def test_the_answer_comes_first(run, page, text):
    first, second = page.answer
    total, verdict = run.forecast.bookings.total_summary, run.forecast.verdict
    assert f"We expect {float(total.p50) / 1e6:.3g} million USD of bookings" in first
    assert "from January 2027 to December 2028, 8 times in 10 between" in first
    assert "the target 2027 of 12 million USD is reached with" in first
    assert verdict.word in second
    assert "420,000 USD a month that it must from January to December 2028" in second
    read = Reader(text).text
    assert read.index(first) < read.index("The plan in words") < read.index("Monte Carlo error")


def test_nothing_is_loaded(text, nasty):
    for page in (text, nasty):
        read = Reader(page)
        assert read.requests() == []
        assert not {"script", "img", "link", "iframe", "object", "embed", "image"} & set(read.tags)
    assert len(text) < 1_000_000


@pytest.mark.parametrize(
    "loaded",
    [
        '<img src="x.png">',
        '<a href="https://example.org">x</a>',
        "<style>p { background: url(x.png) }</style>",
        '<style>@import "x.css";</style>',
        '<svg><g clip-path="url(x.svg#a)"></g></svg>',
    ],
)
def test_a_request_would_be_caught(loaded):
    assert Reader(loaded).requests()


def test_names_are_shown_as_they_are(nasty):
    read = Reader(nasty)
    assert NASTY in read.text
    assert "alert(1)" not in {value for _, value in read.attributes}
    assert nasty.count("<script") == 0


@pytest.mark.parametrize(("amount", "need"), [(0.02, 0.01), (8e9, 3e11)])
def test_cents_and_billions_read_as_numbers(tmp_path, amount, need):
    page = run_page(small(tmp_path, amount=amount, need=need))
    assert "in no trajectory" in page.answer[1]
    read = Reader(render(page)).text
    assert ("It must book 0.01 $ a month" in read) == (need == 0.01)
    assert not re.search(r"\b(nan|None|inf)\b|e[+-]\d\d|\d{7}", re.sub(r"[0-9a-f]{64}", "", read))


def test_one_trajectory_has_no_error_and_many_periods_are_folded(tmp_path):
    run = small(tmp_path, trajectories=1, horizon="260 weeks", period="week")
    page = run_page(run)
    table = page.sections[1].tables[0]
    assert len(table.rows) == 260
    assert table.folded
    assert {row[table.columns.index("Error")] for row in table.rows} == {"-"}
    text = render(page)
    assert "one trajectory has no error" in Reader(text).text
    assert 'class="printed"><summary>Bookings by period' not in text
    assert len(text) < 1_000_000


def test_a_short_table_is_printed(text):
    assert 'class="printed"><summary>Bookings by period' in text


def test_the_same_run_is_the_same_page(run, text, tmp_path):
    plan = ss.load_plan(CONFIGS / "saas.toml")
    folder = ss.save_run(plan, run.forecast, tmp_path / "run")
    assert render(run_page(ss.load_run(folder))) == text


def test_a_run_without_stage_flows_has_a_page_without_them(run):
    bare = replace(run, forecast=replace(run.forecast, stage_flows=None))
    titles = [section.title for section in run_page(bare).sections]
    assert "Through the stages" not in titles
    assert "Bookings" in titles


def test_an_interrupted_run_says_so_first(run):
    asked = replace(run.forecast.provenance, requested=100)
    page = run_page(replace(run, forecast=replace(run.forecast, provenance=asked)))
    assert page.warnings == ("The run was interrupted: 12 of 100 trajectories were finished.",)


def luminance(colour):
    """Relative luminance of sRGB (WCAG 2.2, definition)."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_words_stand_out_from_what_is_behind_them(text):
    """At least 4.5 to 1, as WCAG 2.2 asks in 1.4.3; a lighter grey would be caught."""
    colours = dict(re.findall(r"--(\w+): (#\w{6});", Reader(text).styles))
    words = set(re.findall(r"[^-]color: (?:var\(--(\w+)\)|#\w+)", Reader(text).styles))
    assert words == {"ink", "quiet", "link"}
    behind = {"#ffffff", *(colours[name] for name in ("pale",))}
    assert min(contrast(colours[name], paper) for name in words for paper in behind) >= 4.5
    assert contrast("#808080", "#ffffff") < 4.5
    # within the charts too: what is written on paper
    written = set(re.findall(r"<text [^>]*fill: (#\w{6})", text)) - {"#ffffff"}
    assert written
    assert min(contrast(colour, "#ffffff") for colour in written) >= 4.5


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2027, 1, 1), date(2028, 12, 31), "from January 2027 to December 2028"),
        (date(2027, 1, 1), date(2027, 12, 31), "from January to December 2027"),
        (date(2027, 1, 1), date(2027, 1, 31), "in January 2027"),
        (date(2027, 1, 4), date(2027, 1, 31), "from 4 January to 31 January 2027"),
        (date(2027, 1, 1), date(2028, 1, 31), "from January 2027 to January 2028"),
    ],
)
def test_spans_read_as_people_say_them(first, last, said):
    assert between(first, last) == said


def test_what_was_searched_for_is_shown(run):
    plan = ss.load_plan(CONFIGS / "saas.toml")
    found = ss.just_enough(plan, trajectories=40, seed=5)
    with_goal = ss.Run.of(plan, run.forecast, [found])
    last, stamp = run_page(with_goal).sections[-2:]
    assert last.title == f"What it takes: {found.words}"
    assert list(last.text) == found.sentences()
    assert stamp.tables
