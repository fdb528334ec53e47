"""Studies shown in the workbook of a run: their numbers, their check, thirty scenarios."""

import pytest

import salessim as ss
from salessim.api.added import with_added
from tests.report import office
from tests.report.test_run_added import PLAN

SCENARIOS = 30


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A run with a comparison, a sensitivity and a goal, and its workbook."""
    place = tmp_path_factory.mktemp("studies")
    scenarios = [
        f'[scenarios."=more {rate}"]\n"sources.leads.rate" = "{rate} per month"\n'
        for rate in range(1, SCENARIOS)
    ]
    (place / "plan.toml").write_text(PLAN + "\n".join(scenarios))
    plan = ss.load_plan(place / "plan.toml")
    plans = {"plan": plan, **{name: plan.scenario(name) for name in plan.scenario_names}}
    compared = ss.compare(plans, trajectories=20, seed=3)
    moved = ss.sensitivity(plan, trajectories=8, worlds=8)
    sought = ss.goal(plan, target="bookings.total >= 7e4", vary="leads", trajectories=20, seed=4)
    folders = (
        ss.save_comparison(plans, compared, place / "compared"),
        ss.save_sensitivity(plan, moved, place / "moved"),
        ss.save_goals(plan, [sought], place / "sought"),
    )
    run = with_added(ss.Run.of(plan, ss.simulate(plan)), folders)
    return compared, moved, sought, ss.write_workbook(run, place / "forecast.xlsx")


def below(rows, title):
    """The rows of the table under a section's title, without its header."""
    start = next(at for at, row in enumerate(rows) if row[0] == title)
    start = next(at for at in range(start, len(rows)) if rows[at][1] != "") + 1
    end = next((at for at in range(start, len(rows)) if rows[at][0] == ""), len(rows))
    return rows[start:end]


def test_scenarios_stand_in_it_to_the_cent(studied):
    compared, _, _, path = studied
    rows = office.sheets(path)["Scenarios"]
    levels = below(rows, "Bookings of the whole span")
    assert [row[0] for row in levels] == list(compared.outcomes)
    for row, outcome in zip(levels, compared.outcomes.values(), strict=True):
        total = outcome.series("bookings").total_summary
        assert row[1:6] == pytest.approx([float(value) for value in total], rel=1e-14)
    differences = below(rows, "Minus plan")
    assert len(differences) == SCENARIOS - 1
    for row, one in zip(differences, compared.differences.values(), strict=True):
        total = one.total("bookings")
        expected = [total.mean, total.low, total.high, total.p10, total.p90]
        assert row[1:6] == pytest.approx(list(map(float, expected)), rel=1e-14)
        assert row[6] == pytest.approx(float(one.beats.share))
        assert row[8] == pytest.approx(float(total.mean), abs=0.005)


def test_sensitivities_and_goals_stand_in_it(studied):
    _, moved, sought, path = studied
    sheets = office.sheets(path)
    levers = below(sheets["What moves it"], "What 1% more of each lever brings, in percent")
    assert [row[:2] for row in levers] == [
        [one.lever.name, pytest.approx(one.result.value)] for one in moved.levers
    ]
    (answer,) = sought.answers
    (row,) = below(sheets["Goals"], sought.sentences()[0])
    assert row[2] == answer.text
    assert row[6] == pytest.approx(answer.probability)


def test_scenarios_are_checked(studied, tmp_path):
    *_, path = studied
    wrong = office.changed(path, {"Scenarios": "B9"}, tmp_path / "wrong.xlsx", 1.01)
    results = [
        [row[5] for row in office.sheets(file)["Checks"] if str(row[0]).startswith("Scenarios")]
        for file in office.computed([path, wrong], tmp_path)
    ]
    assert results == [["OK"], ["NOT OK"]]


def test_studies_are_drawn(studied):
    drawn = office.charts(studied[-1])
    assert len(drawn["Bookings of each scenario minus those of plan"]) == SCENARIOS - 1
    assert any(title.startswith("What 1% more of a lever brings") for title in drawn)
    assert all(any(values) for values in drawn.values())
