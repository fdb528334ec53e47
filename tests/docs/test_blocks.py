"""Every block of the README and the documentation is carried out, and prints what it says."""

from __future__ import annotations

import os
import re
import shlex
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from salessim import load_plan
from tests.docs.pages import ROOT, Block, Session, blocks, is_set_up, rewritten, same_text

# What these reach other tests reach too, and to trace it takes a third of their time.
pytestmark = pytest.mark.no_cover

REWRITE = "SALESSIM_REWRITE_DOCS"
"""When set, outputs that are no longer true are replaced in the pages instead of failing."""
CRM = ROOT / "docs" / "crm-export.md"
REFERENCE = ROOT / "docs" / "plan-reference.md"  # has tests of its own
PAGES = sorted({ROOT / "README.md", *ROOT.glob("docs/*.md")} - {CRM, REFERENCE})
DATA = Path(os.environ.get("SALESSIM_DATA", ROOT.parent / "shared" / "data"))
EXPORT = DATA / "maven_crm_opportunities" / "sales_pipeline.csv"
LINK = re.compile(r"\]\(([^)#:]+)(?:#([^)]+))?\)")


@pytest.fixture
def session(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return Session(tmp_path)


def carry_out(page: Path, session: Session, *, compare: bool = True) -> None:
    """Do the blocks of a page in order; with `compare`, outputs must be what was printed."""
    text = page.read_text(encoding="utf-8")
    wrong: list[tuple[Block, str]] = []
    for block in blocks(text):
        if is_set_up(block):
            continue
        if block.language != "text":
            session.do(block)
        elif compare and not same_text(block.text, session.printed):
            wrong.append((block, session.printed))
    if wrong and os.environ.get(REWRITE):
        page.write_text(rewritten(text, wrong), encoding="utf-8")
        return
    shown = "\n".join(f"shown:\n{block.text}\nprinted:\n{printed}" for block, printed in wrong)
    assert not wrong, f"{page.name} is out of date (set {REWRITE}=1 to rewrite it)\n{shown}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_does_what_it_says(page, session):
    carry_out(page, session)


def generated_export(path: Path, *, deals: int) -> int:
    """Write an export of the layout that the page is about; return how many deals are open."""
    draw = np.random.default_rng(3)
    start, still_open = date(2017, 10, 1), 0
    lines = ["opportunity_id,sales_agent,deal_stage,engage_date,close_date,close_value"]
    for number in range(deals):
        engaged = start + timedelta(weeks=int(draw.integers(-28, 8)))  # few ages: quickly lowered
        closed = engaged + timedelta(days=int(draw.integers(1, 120)))
        stage = str(draw.choice(["Prospecting", "Engaging", "Won", "Lost"]))
        over = stage in ("Won", "Lost")
        value = draw.integers(50, 5000) if stage == "Won" else 0
        opened = "" if stage == "Prospecting" else engaged
        lines.append(f"D{number},,{stage},{opened}," + (f"{closed},{value}" if over else ","))
        there = stage != "Prospecting" and engaged < start
        still_open += there and not (over and closed < start)
    path.write_text("\n".join(lines) + "\n")
    return still_open


def test_the_page_on_crm_exports_with_a_generated_export(session):
    still_open = generated_export(session.folder / "sales_pipeline.csv", deals=400)
    carry_out(CRM, session, compare=False)
    assert 100 < still_open == len(load_plan("crm.toml").model.open_deals.ids)


@pytest.mark.skipif(not EXPORT.exists(), reason="needs the real export: see the page")
def test_the_page_on_crm_exports_with_the_real_export(session):
    (session.folder / "sales_pipeline.csv").symlink_to(EXPORT)
    carry_out(CRM, session)
    assert len(load_plan("crm.toml").model.open_deals.ids) == 2409


def test_the_two_commands_of_the_readme_are_those_that_ci_runs():
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    job, tests = (shlex.split(block.text) for block in blocks(page) if is_set_up(block))
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert job[-3:] == [".venv/bin/salessim", "run", "configs/saas.toml"]
    assert '/salessim" run configs/saas.toml' in ci
    assert tests[-3:] == [".venv/bin/python", "-m", "pytest"]
    assert '/python" -m pytest -n 2' in ci


@pytest.mark.parametrize("page", [*PAGES, CRM, REFERENCE], ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        there = page.parent / target
        assert there.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in slugs


@pytest.mark.parametrize("page", [*PAGES, CRM], ids=lambda page: page.name)
def test_the_text_before_a_plan_says_in_which_file_it_stands(page):
    text = page.read_text(encoding="utf-8")
    for block in blocks(text):
        if name := block.options.get("file", block.options.get("append")):
            fence = text.rindex("```", 0, block.span[0])
            assert f"`{name}`" in text[:fence].rpartition("```")[2]


def test_the_changes_in_the_reference_can_be_made():
    text = REFERENCE.read_text(encoding="utf-8")
    changes = re.findall(r"^-S (.*)$", text, re.MULTILINE)
    assert len(changes) == 7
    for change in changes:
        plan = "w1.toml" if "count" in change else "saas.toml"
        (key,) = shlex.split(change)
        assert load_plan(ROOT / "configs" / plan, changes=[key])


@pytest.mark.parametrize(
    ("printed", "same"),
    [
        ("Won 12.4 of 1,000 deals\nto out/x-20270101-101112", True),
        ("Won 12.4  of 1,001\ndeals to out/x-20280101-101112", True),
        ("Won 12.9 of 1,000 deals to out/x-20270101-101112", False),
        ("Won 12.4 of 1,050 deals to out/x-20270101-101112", False),
        ("Lost 12.4 of 1,000 deals to out/x-20270101-101112", False),
        ("Won 12.4 of 1,000 deals to out/x-20270101-101112 and more", False),
    ],
)
def test_outputs_are_compared(printed, same):
    assert same_text("Won 12.4 of 1,000 deals to out/x-20270101-101112", printed) is same


@pytest.mark.parametrize(
    ("shown", "same"),
    [
        ("a 1\n...\nf 6", True),
        ("a 1\n...\nc 3\n...\ne 5 f 6", True),
        ("...\nf 6", True),
        ("a 1\n...\ng 6", False),
        ("a 1\n...\nd 9\n...\nf 6", False),
        ("a 30\n...\nf 6", False),
    ],
)
def test_what_is_left_out_of_an_output(shown, same):
    assert same_text(shown, "a 1\nb 2\nc 3\nd 4\ne 5\nf 6") is same


def test_outputs_are_rewritten_and_what_was_left_out_stays_out():
    page = "```bash\nsalessim\n```\n\n```text\nWon 1\n...\nLost 3 of\nten deals\n...\n```\nend\n"
    printed = "Won 7\nnew\nLost 4 of\nnine\nten deals\nmore\n"
    page = rewritten(page, [(blocks(page)[1], printed)])
    assert blocks(page)[1].text == "Won 7\n...\nLost 4 of\nnine\nten deals\n...\n"
    assert page.endswith("```\nend\n")
