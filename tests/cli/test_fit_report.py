"""`salessim fit --groups --report`: the table and the sentence on the terminal, the page beside."""

import json
import re
import tomllib

import numpy as np
import pandas as pd
import pytest

from salessim import load_plan


@pytest.fixture
def moves(tmp_path):
    """Two owners: of 75 deals each, Ann wins three of four and Bob one of four, after a week."""
    rng = np.random.default_rng(1)
    created = pd.Timestamp("2026-01-05") + pd.to_timedelta(rng.integers(0, 150, 150), unit="D")
    ann = np.arange(150) % 2 == 0
    won = rng.random(150) < np.where(ann, 0.75, 0.25)
    after = created + pd.to_timedelta(rng.integers(1, 14, 150), unit="D")
    rows = pd.DataFrame({"deal id": np.tile(np.arange(150), 2), "owner": np.tile(np.where(
        ann, "Ann", "Bob"), 2)}).assign(
        stage=np.concatenate((np.full(150, "offer"), np.where(won, "won", "lost"))),
        entered=np.concatenate((created, after)),
        amount=np.tile(np.round(1e3 * np.exp(rng.standard_normal(150)), 2), 2),
    )  # fmt: skip
    rows = rows[rows["entered"] <= "2026-05-31"]
    path = tmp_path / "moves.csv"
    rows.to_csv(path, index=False)
    return path


def test_groups_and_page(call, moves, tmp_path):
    page = tmp_path / "page.html"
    done = call("fit", moves, "--groups", "owner", "--report", page, "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)["groups"]
    assert "The win rate by owner differs more than chance allows" in next(iter(said.values()))
    assert "The page:" in done.stderr
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 5  # the stage, amounts, leads, and owners by wins and by times
    assert "One process or many? By owner" in text
    again = call("fit", moves, "--report", page)
    assert again.exit_code == 1
    assert "page.html" in again.stderr


def test_a_column_that_is_none_is_named(call, moves):
    done = call("fit", moves, "--groups", "ownr")
    assert done.exit_code == 1
    assert "did you mean `owner`?" in done.stderr


def test_a_table_larger_than_memory_gives_the_same_plan(call, moves, tmp_path):
    """Open deals, stages and rates; the law of amounts, too, as all of them fit."""
    ends = ("--map", "won=won", "--map", "lost=lost", "--stages", "offer", "-q")
    small, whole = tmp_path / "small", tmp_path / "whole"
    for folder, more in ((small, ["--on-disk"]), (whole, [])):
        folder.mkdir()
        done = call("fit", moves, *ends, *more, "-o", folder / "fitted.toml")
        assert done.exit_code == 0, done.output
    ours, theirs = (
        sorted((folder / "open_deals.csv").read_text().splitlines()) for folder in (small, whole)
    )
    assert ours == theirs
    ours, theirs = (load_plan(folder / "fitted.toml").records for folder in (small, whole))
    assert ours == theirs
    assert ours.stages == ("offer",)
    ours, theirs = (plan_numbers(folder / "fitted.toml") for folder in (small, whole))
    assert ours == pytest.approx(theirs, rel=1e-3)


def plan_numbers(path):
    """All numbers of a plan's stages, amounts and sources, in order."""
    plan = tomllib.loads(path.read_text(encoding="utf-8"))
    pipeline, source = (next(iter(plan[key].values())) for key in ("pipelines", "sources"))
    text = json.dumps([pipeline, source], default=str)
    return [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)]


@pytest.mark.parametrize("more", [[], ["--stages", "offer", "--groups", "owner"]])
def test_what_cannot_be_done_on_disk_is_said(call, moves, more):
    done = call("fit", moves, "--on-disk", *more)
    assert done.exit_code == 2
    assert "--on-disk takes one file and --stages" in done.stderr
