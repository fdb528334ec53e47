"""The page of a run as a browser lays it out: on a screen and on a phone."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest

import salessim as ss
from salessim.report.page import render
from salessim.report.run import run_page

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")

MEASURE = Path(__file__).with_name("looks.js").read_text(encoding="utf-8")
CONFIGS = Path(__file__).parents[2] / "configs"
PHONE, SCREEN = 390, 1280


@pytest.fixture(scope="module")
def text():
    plan = ss.load_plan(CONFIGS / "saas.toml")
    return render(run_page(ss.Run.of(plan, ss.simulate(plan, trajectories=50, seed=5))))


def seen(text, width, folder):
    """Return what the browser measures of a page in a frame of so many pixels."""
    page = folder / f"{width}.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><iframe style="width:{width}px;height:900px;'
        f'border:0" srcdoc="{escape(text)}"></iframe><pre id="found"></pre>'
        f"<script>{MEASURE}</script>",
        encoding="utf-8",
    )
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    # no name leads anywhere: what a page asks for is noted, not fetched
    closed = ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run(
        [BROWSER, *words, *closed, page.as_uri()], capture_output=True, check=True, timeout=120
    )
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout.decode(), re.DOTALL)
    return json.loads(unescape(found.group(1)))


@pytest.fixture(scope="module", params=[PHONE, SCREEN])
def found(request, text, tmp_path_factory):
    return seen(text, request.param, tmp_path_factory.mktemp("looks"))


def test_the_page_is_never_wider_than_the_window(found):
    assert found["width"] in (PHONE, SCREEN, PHONE - 15, SCREEN - 15)  # with a scroll bar or none
    assert found["overflow"] <= 0


def test_the_browser_asks_for_nothing(found):
    assert found["requests"] == []


def test_words_stand_out(found):
    """At least 4.5 to 1 (WCAG 2.2, 1.4.3), in charts too."""
    assert found["faintest"][0] >= 4.5, found["faintest"]


def test_charts_show_something_and_none_of_their_words_is_cut(found, text):
    assert len(found["charts"]) == text.count("<svg")
    for chart in found["charts"]:
        assert chart["marks"] >= 4
        assert chart["words"] >= 4
        assert chart["width"] > 300
        assert chart["height"] > 120
        assert chart["outside"] == []


def test_what_is_wrong_would_be_seen(tmp_path):
    wrong = (
        '<!doctype html><div style="width:999px">wide</div><p style="color:#999">pale</p>'
        '<img src="http://example.invalid/x.png"><figure><svg viewBox="0 0 90 90" width="300">'
        '<text x="80" y="10">cut off here</text></svg></figure>'
    )
    found = seen(wrong, PHONE, tmp_path)
    assert found["overflow"] > 0
    assert found["faintest"][0] < 4.5
    assert found["requests"] == ["http://example.invalid/x.png"]
    assert found["charts"][0]["marks"] == 0
    assert found["charts"][0]["outside"] == ["cut off here"]
