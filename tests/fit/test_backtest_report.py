"""What a back-test says of itself: sentences, tables, pictures, the page, the folder."""

import json
import re
from datetime import date

import numpy as np
import pytest
from matplotlib.axes import Axes

from salessim.errors import SalessimError
from salessim.fit.backtest.actuals import Target
from salessim.fit.backtest.evaluation import LEAST_APART
from salessim.fit.backtest.looks import Forecasted, looks
from salessim.fit.backtest.origins import Grid
from salessim.fit.backtest.result import Backtest
from salessim.fit.backtest.scores import Spread
from salessim.model.calendar import Span
from salessim.report.backtest import page, save_backtest
from salessim.report.page import render
from tests.fit.made_up import history

GRID = Grid(period=Span(value=1, unit="month"), periods=2)
EVIL = "<script>alert(1)</script>"


def flat(known, window):
    """Forecast some 18 wins a month of a thousand each, whatever is known."""
    del known, window
    draw = np.random.default_rng(1)
    wins = draw.poisson(18.0 * draw.gamma(50.0, 1 / 50.0, (400, 1)), (400, 2)).astype(float)
    return Forecasted(
        {
            Target("wins", "all"): Spread.of_path(wins),
            Target("bookings", "all"): Spread.of_path(1100.0 * wins),
        },
        ("the records are made up",),
    )


def made(*, origins, title="Made up"):
    windows = [GRID.window(GRID.later(date(2022, 3, 1), number)) for number in range(origins)]
    found = looks(history(seed=21), flat, windows, grid=GRID, seed=1)
    return Backtest(
        title=title, currency="USD", grid=GRID, looks=tuple(found), refit=True, trajectories=400,
        seed=1, notes=("The records are made up.",), files=(("made.csv", "0" * 64),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return made(origins=2 * LEAST_APART)


def test_sentences_say_how_good_and_what_is_not_known(found):
    said = list(found.sentences())
    assert said[0].startswith("10 origins from 2022-02-28 to 2022-11-30, each with 2 months after")
    assert f"{LEAST_APART} of these windows do not overlap" in said[0]
    assert any("95% interval" in sentence for sentence in said)
    assert said[-1] == "The records are made up."
    assert not any("too short" in sentence for sentence in said)
    short = list(made(origins=2).sentences())
    assert any("The history is too short to say how good" in sentence for sentence in short)
    assert any("the origins are too few for an interval" in sentence for sentence in short)
    assert short[0].endswith(
        "all these windows overlap: together they tell little more than one would."
    )
    assert made(origins=2).cautions == tuple(short[-2:])


def test_the_document_is_json_and_holds_all_origins(found):
    document = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert document["backtest"]["horizon"] == "2 months"
    assert len(document["origins"]) == 10
    first = document["origins"][0]
    assert first["periods"] == ["2022-03-01", "2022-04-01", "2022-05-01"]
    bookings = next(t for t in first["targets"] if t["measure"] == "bookings")
    assert len(bookings["quantiles"]["0.5"]) == 2
    assert {"last period", "last span", "trailing mean"} <= set(bookings["rules"])
    totals = [one for one in document["targets"] if one["of"] == "horizon"]
    assert {(one["measure"], one["part"]) for one in totals} == {
        ("bookings", "all"),
        ("wins", "all"),
    }
    verdict = found.verdict("wins")
    assert totals[1]["skill"]["value"] == verdict.skill.value
    with pytest.raises(KeyError):
        found.verdict("wins", "customers")


def test_pictures_show_what_came_true(found):
    figure = found.plot.fans("wins")
    axes = [ax for ax in figure.axes if ax.get_visible()]
    assert len(axes) == 10
    actual = found.looks[0].actual[Target("wins", "all")]
    (line,) = [line for line in axes[0].lines if line.get_label() == "came true"]
    assert np.array_equal(line.get_ydata(), actual)
    ax = found.plot.pit("wins")
    assert isinstance(ax, Axes)
    assert sum(bar.get_height() for bar in ax.patches if bar.get_width() < 0.5) == pytest.approx(1)
    assert "intervals held" in found.plot.coverage("wins").get_title(loc="left")


def test_a_page_holds_everything_and_runs_nothing_that_a_name_brings(found):
    text = render(page(made(origins=1, title=EVIL)))
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert not re.search(r"""\bsrc=|@import|url\(["']?http|<link|href="http""", text)
    text = render(page(found))
    assert text.count("<svg") == 6
    for sentence in found.sentences():
        assert sentence.replace("'", "&#39;") in text


def test_the_folder_is_whole_and_overwrites_nothing(found, tmp_path):
    folder = save_backtest(found, tmp_path / "out", command=["salessim", "backtest"])
    names = {file.name for file in folder.iterdir()}
    assert {"index.html", "backtest.json", "scores.csv", "fans_wins.svg", "manifest.json"} <= names
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["inputs"] == [{"path": "made.csv", "sha256": "0" * 64}]
    assert manifest["files"].keys() == names - {"manifest.json"}
    with pytest.raises(SalessimError, match="exists and is not overwritten"):
        save_backtest(found, folder)
