"""Pages: they stand alone, show text as it is, and are the same bytes every time."""

import re

import numpy as np
import pandas as pd
import pytest

from salessim.charts import style
from salessim.errors import SalessimError
from salessim.report.page import Figure, Page, Section, Table, render, save_page
from tests.html_reader import Reader

NASTY = '<script src="https://evil.example/x.js">alert(1)</script> & "$x$"'


def drawn(title=NASTY):
    ax = style.new_axes()
    ax.plot([0, 1], [1, 3], marker="o", label=style.plain_label(title))
    style.finish(ax, title=title)
    style.legend(ax)
    return ax


def page():
    frame = pd.DataFrame(
        {
            "name": [NASTY, None],
            "deals": [1234, 5],
            "days": [12.345678, np.nan],
            "ok": [True, False],
        }
    )
    section = Section(
        title=NASTY,
        text=(NASTY,),
        figures=(Figure(drawn=drawn(), caption=NASTY), Figure(drawn=drawn(), caption="again")),
        tables=(Table.of(frame, caption=NASTY),),
    )
    return Page(title=NASTY, subtitle=NASTY, warnings=(NASTY,), sections=(section, section))


def test_text_is_text_and_nothing_is_loaded():
    read = Reader(render(page()))
    assert "script" not in read.tags
    assert not {"img", "link", "iframe", "object", "image"} & set(read.tags)
    assert read.text.count("alert(1)") > 8
    assert read.requests() == []


def test_pictures_share_no_names_and_point_to_their_own():
    text = render(page())
    read = Reader(text)
    assert len(read.ids) == len(set(read.ids))
    pointed = set(re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text))
    assert {a or b for a, b in pointed} <= set(read.ids)


def test_shared_names_would_be_caught():
    text = f"<p>{style.svg(drawn()).split('?>')[1]}</p>"
    ids = re.findall(r'\bid="([^"]+)"', text + text)
    assert len(ids) > len(set(ids))


def test_the_same_page_is_the_same_text():
    assert render(page()) == render(page())


def test_tables_have_separators_few_digits_and_empty_cells():
    table = page().sections[0].tables[0]
    assert table.numbers == (False, True, True, False)
    assert table.rows == ((NASTY, "1,234", "12.35", "True"), ("", "5", "", "False"))
    unbounded = Table.of(pd.DataFrame({"sd": [np.inf]}))
    assert unbounded.rows == (("without bound",),)


def test_a_page_is_written_once(tmp_path):
    path = tmp_path / "page.html"
    save_page(Page(title="A page"), path)
    assert Reader(path.read_text(encoding="utf-8")).text.count("A page") == 2
    with pytest.raises(SalessimError, match=r"page.html: it exists already"):
        save_page(Page(title="A page"), path)
    with pytest.raises(SalessimError, match="cannot be written: No such file"):
        save_page(Page(title="A page"), tmp_path / "no" / "page.html")
