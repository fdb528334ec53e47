"""Studies shown with a run: read back to the number, drawn anew, refused when they do not fit."""

import json
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

import salessim as ss
from salessim.cli.main import main
from salessim.forecast.forecast import SERIES
from salessim.report.page import Page, render
from salessim.report.run import run_page
from salessim.report.run_added import added_sections
from salessim.report.workbook import write_workbook

PLAN = """
title = "Small"
currency = "EUR"

[forecast]
start = 2027-01-01
horizon = "6 months"
seed = 3
trajectories = 40

[pipelines.sale]
amount = { fixed = 1000 }

[[pipelines.sale.stages]]
name = "offer"
conversion = { p05 = 0.4, p95 = 0.6 }
cycle_time = { exponential = { mean = "20 days" } }

[sources.leads]
kind = "external"
pipeline = "sale"
rate = "20 per month"

[shocks.economy]
persistence = 0.5
leads = 0.1

[open_deals]
count = { "sale.offer" = 20 }
"""
SCENARIOS = 30


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plans") / "plan.toml"
    scenarios = [
        f'[scenarios."many more leads <i>than</i> <b>{k}</b>"]\n'
        f'"sources.leads.rate" = "{k} per month"\n'
        for k in range(1, SCENARIOS)
    ]
    path.write_text(PLAN + "\n".join(scenarios))
    return ss.load_plan(path)


@pytest.fixture(scope="module")
def run(plan):
    return ss.Run.of(plan, ss.simulate(plan))


@pytest.fixture(scope="module")
def comparison(plan):
    plans = {"plan": plan, **{name: plan.scenario(name) for name in plan.scenario_names}}
    return plans, ss.compare(plans, trajectories=20, seed=3)


@pytest.fixture(scope="module")
def sensitivity(plan):
    return ss.sensitivity(plan, trajectories=8, worlds=8)


@pytest.fixture(scope="module")
def goals(plan):
    return ss.goal(plan, target="bookings.total >= 7e4", vary="leads", trajectories=20, seed=4)


@pytest.fixture(scope="module")
def folders(plan, comparison, sensitivity, goals, tmp_path_factory):
    place = tmp_path_factory.mktemp("studies")
    return {
        "compare": ss.save_comparison(*comparison, place / "compared"),
        "sensitivity": ss.save_sensitivity(plan, sensitivity, place / "moved"),
        "goal": ss.save_goals(plan, [goals], place / "sought"),
    }


def study(run, folder):
    (added,) = run.with_added(folder).added
    return added


def test_a_comparison_comes_back_to_the_number(run, folders, comparison):
    read, made = study(run, folders["compare"]).study, comparison[1]
    assert list(read.levels) == list(made.outcomes)
    assert (read.base.name, read.trajectories, read.seed) == ("plan", 20, 3)
    for name, difference in made.differences.items():
        for series in SERIES:
            np.testing.assert_array_equal(
                read.differences[name].total(series), difference.total(series)
            )
            np.testing.assert_array_equal(
                read.differences[name].by_period(series), difference.by_period(series)
            )
        np.testing.assert_array_equal(read.differences[name].beats, difference.beats)
        assert read.differences[name].sustained == difference.sustained
    for name, outcome in made.outcomes.items():
        bookings = outcome.series("bookings").total_summary
        np.testing.assert_array_equal(read.levels[name].totals["bookings"], bookings)
        assert read.levels[name].probability == outcome.verdict.probability


def test_a_sensitivity_comes_back_to_the_number(run, folders, sensitivity):
    read = study(run, folders["sensitivity"]).study
    assert read.summary() == sensitivity.summary()
    assert read.sentences() == sensitivity.sentences()
    assert read.parts == sensitivity.parts


def test_goals_come_back_to_the_number(run, folders, goals):
    added = study(run, folders["goal"])
    assert added.study == goals
    assert added.notes == (
        "Simulated with the seed 4, the run with 3: their numbers differ by Monte Carlo errors.",
    )


def test_all_are_shown_and_no_name_is_markup(run, folders):
    shown = run.with_added(*folders.values())
    sections = list(added_sections(shown))
    titles = [section.title for section in sections]
    assert titles[:2] == ["Scenarios", "What moves the result"]
    assert titles[2].startswith("What it takes: ")
    assert [t for t in (s.title for s in run_page(shown).sections) if t in titles] == titles
    levels, differences = sections[0].tables
    assert (len(levels.rows), len(differences.rows)) == (SCENARIOS, SCENARIOS - 1)
    text = render(Page(title="Studies", sections=sections))
    assert "<b>" not in text
    assert "&lt;b&gt;7&lt;/b&gt;" in text
    assert text == render(Page(title="Studies", sections=list(added_sections(shown))))


def test_thirty_scenarios_have_room(run, folders):
    ax = study(run, folders["compare"]).study.plot.totals()
    assert len(ax.get_yticks()) == SCENARIOS - 1
    assert len({label.get_text() for label in ax.get_yticklabels()}) == SCENARIOS - 1
    figure = ax.figure
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert not any(one.overlaps(two) for one, two in pairwise(boxes))


def test_two_of_a_kind_are_told_apart(run, folders):
    shown = run.with_added(folders["sensitivity"], folders["compare"], folders["sensitivity"])
    titles = [section.title for section in added_sections(shown)]
    assert titles == ["What moves the result (moved)", "Scenarios", "What moves the result (moved)"]


def changed(folder, place, name, change):
    """Return a copy of a folder with one document changed."""
    shutil.copytree(folder, place)
    raw = json.loads((place / name).read_text())
    change(raw)
    (place / name).write_text(json.dumps(raw))
    return place


def lose_a_period(raw):
    raw["differences"]["many more leads <i>than</i> <b>1</b>"]["series"]["wins"]["se"].pop()


@pytest.mark.parametrize(
    ("kind", "name", "change", "said"),
    [
        ("compare", "comparison.json", lambda raw: raw.pop("run"), "run: field required"),
        ("compare", "comparison.json", lambda raw: raw.update(base="x"), "none of the scenarios"),
        ("compare", "comparison.json", lose_a_period, "not as many numbers as there are periods"),
        (
            "compare",
            "comparison.json",
            lambda raw: raw["periods"].reverse(),
            "periods: not those of the run",
        ),
        (
            "sensitivity",
            "sensitivity.json",
            lambda raw: raw["levers"][0].update(elasticity="<svg>"),
            "levers.0.elasticity: input should be a valid number",
        ),
        ("sensitivity", "sensitivity.json", lambda raw: raw.update(of="x"), "of: expected book"),
        (
            "sensitivity",
            "sensitivity.json",
            lambda raw: raw.update(mean=float("inf")),
            "Infinity is no number",
        ),
        (
            "goal",
            "goals.json",
            lambda raw: raw["goals"][0]["answers"][0].update(status="fine"),
            "goals.0.answers.0.status: ",
        ),
        (
            "goal",
            "goals.json",
            lambda raw: raw["goals"][0]["run"].update(program_sha256="0" * 64),
            "it is about another plan than the run",
        ),
    ],
)
def test_a_document_that_was_touched_is_refused(run, folders, tmp_path, kind, name, change, said):
    folder = changed(folders[kind], tmp_path / "copy", name, change)
    with pytest.raises(ss.SalessimError, match=str(folder)) as refused:
        run.with_added(folder)
    assert said in str(refused.value)
    assert f"salessim {kind}" in str(refused.value)


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"goals": 1e999}', "null", "\xff"])
def test_what_is_no_document_is_refused(run, tmp_path, text):
    (tmp_path / "goals.json").write_text(text, encoding="latin-1")
    with pytest.raises(ss.SalessimError, match=r"goals\.json: "):
        run.with_added(tmp_path)


def test_a_sweep_is_said_not_to_be_shown(run, plan, tmp_path):
    swept = ss.sweep(plan, ["sources.leads.rate=1 per month,2 per month"], trajectories=5)
    folder = ss.save_sweep(plan, swept, tmp_path / "swept")
    with pytest.raises(ss.SalessimError, match="a sweep is not shown with a run"):
        run.with_added(folder)


def test_studies_of_another_plan_are_refused_all_at_once(run, folders, tmp_path):
    origin = replace(run.forecast.provenance, program_sha256="f" * 64)
    other = replace(run, forecast=replace(run.forecast, provenance=origin))
    with pytest.raises(ss.SalessimError) as refused:
        other.with_added(*folders.values(), tmp_path)
    assert len(refused.value.problems) == 4
    assert all("another plan" in said for said in refused.value.problems[:3])
    assert "holds none of comparison.json" in refused.value.problems[3]


def test_the_command_shows_them(plan, run, folders, tmp_path):
    folder = ss.save_run(plan, run.forecast, tmp_path / "run")
    words = ["report", folder, "--html", "-q", "--add", folders["compare"], "--add"]
    done = CliRunner().invoke(main, [*map(str, words), str(folders["goal"])])
    assert done.exit_code == 0, done.output
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<h2>Scenarios</h2>" in page
    refused = CliRunner().invoke(main, ["report", str(folder), "--add", str(tmp_path)])
    assert refused.exit_code == 1
    assert "name a folder that `salessim compare -o`" in refused.output


def test_the_workbook_shows_their_numbers(run, folders, comparison, sensitivity, tmp_path):
    path = write_workbook(run.with_added(*folders.values()), tmp_path / "forecast.xlsx")
    book = CalamineWorkbook.from_path(path)
    assert {"Scenarios", "What moves it", "Goals"} <= set(book.sheet_names)
    rows = book.get_sheet_by_name("Scenarios").to_python()
    # each scenario stands once among the levels and once among the differences
    named = {row[0]: row for row in rows if str(row[0]).startswith("many more leads")}
    for name, difference in comparison[1].differences.items():
        total = difference.total("bookings")
        numbers = (total.mean, total.low, total.high, total.p10, total.p90)
        assert named[name][1:6] == pytest.approx([float(x) for x in numbers])
        assert named[name][6] == pytest.approx(float(difference.beats.share))
    levers = {row[0]: row for row in book.get_sheet_by_name("What moves it").to_python()}
    for one in sensitivity.levers:
        assert levers[one.lever.name][1] == pytest.approx(one.result.value)


def test_a_workbook_without_studies_has_no_sheets_for_them(run, tmp_path):
    book = CalamineWorkbook.from_path(write_workbook(run, tmp_path / "forecast.xlsx"))
    assert not {"Scenarios", "What moves it", "Goals"} & set(book.sheet_names)
