"""A run on paper: a few whole sheets, the same every time, whatever things are called."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import salessim as ss
from salessim.errors import SalessimError
from salessim.report import documents
from salessim.report.page import Page, Section, Table
from salessim.report.pdf import print_page, write_pdf
from tests.visual.pictures import PLANS

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def run():
    plan = ss.load_plan(CONFIGS / "saas.toml")
    return ss.Run.of(plan, ss.simulate(plan, trajectories=12, seed=5))


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "report.pdf"
    write_pdf(run, path)
    return path


def sheets(content):
    return len(re.findall(rb"/Type /Page\b", content))


def sheets_of(path):
    """What is written on each sheet, as another program reads it."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed")
    said = subprocess.run([program, "-layout", path, "-"], capture_output=True, check=True)
    return said.stdout.decode().split("\f")[:-1]


def words_of(path):
    """All that is written."""
    return " ".join(" ".join(sheets_of(path)).split())


def page_of(*rows, columns=("Name", "Value"), title="x"):
    table = Table(columns=columns, rows=rows, numbers=(False, *(True for _ in columns[1:])))
    return Page(title=title, sections=(Section(title="Of names", tables=(table,)),))


def test_a_plan_takes_three_to_six_sheets(written):
    content = written.read_bytes()
    assert 3 <= sheets(content) <= 6
    assert len(content) < 2_000_000


def test_the_same_run_is_the_same_file(run, written, tmp_path):
    write_pdf(run, tmp_path / "again.pdf")
    assert (tmp_path / "again.pdf").read_bytes() == written.read_bytes()


def test_it_says_what_the_page_says(run, written):
    from salessim.report.run import run_page

    page, said = run_page(run), words_of(written)
    for sentence in page.answer:
        assert sentence in said
    for section in page.sections:
        assert (section.title in said) == (not section.folded)
    assert f"seed 5, 12 trajectories, plan {run.plan_sha256[:12]}" in said
    assert re.search(r"\b1 ?of ?[3-6]\b", said)


def test_any_letters_and_any_length_are_printed(tmp_path):
    """Cyrillic and the rouble are shown, what the font lacks is a square, no cell is cut off."""
    names = ("Сделка \N{RUBLE SIGN}", "\N{CJK UNIFIED IDEOGRAPH-4E00}a", "\x07bell", "word " * 60)
    rows = [(name, "1,000", "-") for name in (*names, "w" * 500)]
    path = tmp_path / "x.pdf"
    columns = ("Name", "A" * 80, "B")
    path.write_bytes(print_page(page_of(*rows, columns=columns, title="t" * 300), foot="f" * 300))
    said = words_of(path)
    assert names[0] in said
    assert "\N{WHITE SQUARE}a" in said
    assert "bell" in said


def test_long_tables_are_cut_and_it_is_said(tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(print_page(page_of(*((f"n{i}.", "1") for i in range(2_000))), foot=""))
    said = words_of(path)
    assert "n39." in said
    assert "n40." not in said
    assert "1,960 more rows are not shown." in said
    # the heading of the table stands on each of its sheets
    assert sheets(path.read_bytes()) == said.count("Value")


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr(documents, "find_spec", lambda _: None)
    with pytest.raises(SalessimError, match=r"pdf: fpdf is not installed; `pip install 'salessim"):
        documents.chosen(["pdf"])


def test_a_heading_never_stands_alone_and_a_short_table_is_whole(tmp_path):
    """Wherever on a sheet the second section comes to begin, its heading has its table with it."""
    rows = tuple((f"row {i}", "1") for i in range(9))
    last = Table(columns=("Last", "Value"), rows=rows, numbers=(False, True))
    for lines in range(60, 100, 8):
        first = Section(title="First", text=("word",) * lines)
        page = Page(title="x", sections=(first, Section(title="Second", tables=(last,))))
        path = tmp_path / f"{lines}.pdf"
        path.write_bytes(print_page(page, foot=""))
        (sheet,) = [text for text in sheets_of(path) if "Second" in text]
        assert "row 0" in sheet
        assert "row 8" in sheet


@pytest.mark.parametrize("name", list(PLANS))
def test_the_plans_that_pictures_are_taken_of_are_plans(name, tmp_path):
    given = PLANS[name]
    path = CONFIGS / given if isinstance(given, str) else tmp_path / "plan.toml"
    if not isinstance(given, str):
        path.write_text(given(), encoding="utf-8")
    assert ss.load_plan(path).document["pipelines"]
