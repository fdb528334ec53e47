"""The documentation as Sphinx builds it, and what its pages must list."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import pytest

import salessim
from tests.docs.pages import ROOT

DOCS = ROOT / "docs"
INDEX = DOCS / "index.md"
PAGES = sorted(page.stem for page in DOCS.glob("*.md") if page != INDEX)
BROWSER = shutil.which("chromium")
PHONE = 390
MEASURE = """
window.onload = () => {
  const frames = [...document.querySelectorAll("iframe")];
  const widths = frames.map((frame) => frame.contentDocument.documentElement.scrollWidth);
  document.querySelector("pre").textContent = widths.join(" ");
};
"""
FROM_ELSEWHERE = re.compile(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^>]*>")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("sphinx", reason="pip install -e '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-d", out / "read"]
    done = subprocess.run(
        [*command, DOCS, out / "html"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out / "html"


def test_every_page_is_listed_once_in_one_of_the_four_parts():
    first, *parts = re.split(r"^## ", INDEX.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [part.splitlines()[0] for part in parts] == [
        "Tutorial",
        "How-to",
        "Reference",
        "Explanation",
    ]
    row = re.compile(r"^\| \[[^]]+\]\(([\w-]+)\.md\) \| \S", re.MULTILINE)
    assert not row.findall(first)
    assert sorted(page for part in parts for page in row.findall(part)) == PAGES


def test_all_public_names_are_in_the_reference():
    text = (DOCS / "api.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\.\. auto(?:function|class|exception):: (\w+)$", text, re.MULTILINE)
    assert sorted(entries) == sorted(set(salessim.__all__) - {"__version__"})
    summaries = re.findall(r"^   (\w+)$", text, re.MULTILINE)
    assert sorted(summaries) == sorted(entries)


def test_the_site_is_built_without_a_warning_and_asks_nobody_for_anything(site):
    for page in ["index", *PAGES]:
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        assert not FROM_ELSEWHERE.findall(text)
        assert all(f'href="{other}.html"' in text for other in PAGES if other != page)


def test_what_asks_somebody_is_found():
    asked = '<script async src="https://cdn.example.org/mathjax.js">'
    assert FROM_ELSEWHERE.findall(asked) == [asked]
    assert not FROM_ELSEWHERE.findall('<a href="https://example.org"><script src="_static/a.js">')


def widths(pages, folder):
    """Return how wide each page is, in pixels, on a screen as narrow as a phone's."""
    frames = "".join(f'<iframe src="{page.as_uri()}" width="{PHONE}"></iframe>' for page in pages)
    frame = folder / "frames.html"
    frame.write_text(f"<body>{frames}<pre></pre><script>{MEASURE}</script></body>")
    command = [BROWSER, "--headless", "--no-sandbox", "--allow-file-access-from-files"]
    done = subprocess.run(
        [*command, "--dump-dom", frame.as_uri()], capture_output=True, text=True, check=True
    )
    measured = re.findall(r"<pre>(.*?)</pre>", done.stdout)[-1]
    return [int(width) for width in measured.split()]


@pytest.mark.skipif(BROWSER is None, reason="needs chromium")
def test_no_page_is_wider_than_a_phone(site, tmp_path):
    pages = [site / f"{page}.html" for page in ["index", *PAGES]]
    wide = tmp_path / "wide.html"
    wide.write_text(f'<body><div style="width: {PHONE + 50}px">x</div></body>')
    *found, planted = widths([*pages, wide], tmp_path)
    assert dict(zip(pages, found, strict=True)) == dict.fromkeys(pages, found[0])
    assert found[0] <= PHONE < planted


def test_formulas_need_no_script(site):
    for page in ("model", "verdict"):
        text = (site / f"{page}.html").read_text(encoding="utf-8")
        source = (DOCS / f"{page}.md").read_text(encoding="utf-8")
        assert text.count('<div class="math"><math') == source.count("\n$$\n") / 2 > 5
        assert "$$" not in text


def test_docstrings_are_in_the_site(site):
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in ("simulate", "Forecast.bookings", "Verdict"):
        assert f'id="salessim.{name}"' in text
