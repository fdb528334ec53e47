"""Curves of a plan: what they are on, how long they hold, and what is refused."""

from datetime import date

import pytest

from salessim.model.plan import Curve
from tests.unit.plan_files import SMALL, load, problems


def curve(target: str, starts: str, factor: float, until: str = "") -> str:
    ends = f"until = {until}\n" if until else ""
    return f'[[curves]]\ntarget = "{target}"\nfrom = {starts}\n{ends}factor = {factor}\n'


STAGE = "pipelines.new.stages.first.conversion"


def said(folder, *curves: str) -> list[str]:
    """Problems without file and line: the address and what is wrong."""
    found = problems(folder, SMALL + "".join(curves))
    return [problem.partition(": ")[2] for problem in found]


def test_a_curve_holds_until_the_next_one_of_its_target(tmp_path):
    text = SMALL + "".join(
        [
            curve(STAGE, "2027-06-01", 0.8),
            curve(STAGE, "2026-03-01", 1.2),
            curve(STAGE, "2027-09-01", 0.9, until="2027-10-01"),
            curve('pipelines.\\"new\\".conversion', "2027-07-01", 2),
            curve("pipelines.new.stages.first.pace", "2027-07-01", 0, until="2027-08-01"),
        ]
    )
    first = {"kind": "conversion", "pipeline": "new", "stage": "first"}
    assert load(tmp_path, text).model.curves == (
        Curve(**first, starts=date(2027, 6, 1), ends=date(2027, 9, 1), factor=0.8),
        Curve(**first, starts=date(2026, 3, 1), ends=date(2027, 6, 1), factor=1.2),
        Curve(**first, starts=date(2027, 9, 1), ends=date(2027, 10, 1), factor=0.9),
        Curve(**first | {"stage": None}, starts=date(2027, 7, 1), ends=None, factor=2.0),
        Curve(
            **first | {"kind": "pace"},
            starts=date(2027, 7, 1),
            ends=date(2027, 8, 1),
            factor=0.0,
        ),
    )


def test_a_curve_can_be_changed_by_its_position(tmp_path):
    text = SMALL + curve(STAGE, "2027-06-01", 0.8)
    assert load(tmp_path, text, changes=["curves.0.factor=1.1"]).model.curves[0].factor == 1.1


def test_a_curve_that_changes_nothing_is_worth_a_note(tmp_path):
    text = SMALL.replace("conversion = 0.4", "conversion = 1") + "".join(
        [
            curve(STAGE, "2026-01-01", 0.8, until="2027-01-01"),
            curve(STAGE, "2027-03-01", 1.0),
            curve("pipelines.new.stages.second.conversion", "2027-03-01", 2),
            curve("pipelines.new.conversion", "2027-03-01", 2),
            curve("pipelines.new.stages.second.pace", "2027-03-01", 2),
        ]
    )
    assert load(tmp_path, text).notes == (
        "curves[0]: it ends before the start: it changes nothing",
        "curves[1]: its factor is 1: it changes nothing",
        "curves[2]: no odds move a conversion of 100%: it changes nothing",
    )


@pytest.mark.parametrize(
    ("curves", "problem"),
    [
        (
            [curve("pipelines.new.stages.frist.conversion", "2027-02-01", 2)],
            (
                "curves[0].target: expected the conversion or pace of a pipeline or stage, found "
                '"pipelines.new.stages.frist.conversion"; did you mean '
                "`pipelines.new.stages.first.conversion`?"
            ),
        ),
        (
            [curve("???", "2027-02-01", 2)],
            (
                "curves[0].target: expected the conversion or pace of a pipeline or stage, found "
                '"???"; targets: `pipelines.new.conversion`, `pipelines.new.pace`, '
                "`pipelines.new.stages.first.conversion`, `pipelines.new.stages.first.pace`, "
                "`pipelines.new.stages.second.conversion`, `pipelines.new.stages.second.pace`"
            ),
        ),
        (
            [curve(STAGE, "2027-02-01", 0)],
            (
                "curves[0].factor: expected a factor above 0 on the odds of advancing, found 0; "
                "to stop a pipeline for a while, set its pace to 0"
            ),
        ),
        (
            [curve(STAGE, "2027-02-01", 2, until="2027-02-01")],
            ("curves[0].until: expected a date after from (2027-02-01), found the date 2027-02-01"),
        ),
        (
            # the forecast ends after 12 months, the simulation after 24
            [curve(STAGE, "2028-12-31", 2), curve("pipelines.new.pace", "2029-01-01", 2)],
            (
                "curves[1].from: expected a date before the end of the simulated time "
                "(2029-01-01), found the date 2029-01-01; begin earlier, take the curve out, or "
                "forecast longer"
            ),
        ),
        (
            [
                curve(STAGE, "2027-02-01", 2, until="2027-12-01"),
                curve(STAGE, "2027-03-01", 3, until="2027-04-01"),
                curve(STAGE, "2027-06-01", 4),
            ],
            (
                "curves[1].from: overlaps curves[0] (from 2027-02-01 until 2027-12-01) of the "
                "same target; end that one by 2027-03-01\n"
                "curves[2].from: overlaps curves[0] (from 2027-02-01 until 2027-12-01) of the "
                "same target; end that one by 2027-06-01"
            ),
        ),
        (
            [curve(STAGE, "2027-02-01", 2), curve(STAGE, "2027-02-01", 3)],
            (
                "curves[1].from: overlaps curves[0] (from 2027-02-01) of the same target; take "
                "one of them out"
            ),
        ),
        (
            ['[[curves]]\ntarget = 3\nfrom = "2027"\nfaktor = 2\n'],
            (
                "curves[0]: missing key `factor`; is `faktor` meant?\n"
                "curves[0].target: expected a text in quotes, found 3\n"
                "curves[0].from: expected a date such as 2027-01-31 (no quotes, no time), "
                'found "2027"\n'
                "curves[0].faktor: unknown key; did you mean `factor`?"
            ),
        ),
    ],
)
def test_a_mistake_is_addressed(tmp_path, curves, problem):
    assert "\n".join(said(tmp_path, *curves)) == problem


def test_curves_that_follow_each_other_or_are_on_other_things_do_not_overlap(tmp_path):
    text = SMALL + "".join(
        [
            curve(STAGE, "2027-02-01", 2, until="2027-03-01"),
            curve(STAGE, "2027-03-01", 2),
            curve("pipelines.new.conversion", "2027-02-01", 2),
            curve("pipelines.new.stages.second.conversion", "2027-02-01", 2),
            curve("pipelines.new.stages.first.pace", "2027-02-01", 2),
        ]
    )
    assert len(load(tmp_path, text).model.curves) == 5
