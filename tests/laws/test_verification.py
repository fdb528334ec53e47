"""A quick leg of the verification suite: what it checks holds, and what is wrong it catches."""

from dataclasses import replace

import pytest

from tests.laws.small_models import needs_machine_code
from verification import report, suite
from verification.budget import Budget
from verification.checks import birth_death, renewal
from verification.findings import FALSE_ALARM, MOST_FINDINGS, Finding, chance_agrees

pytestmark = needs_machine_code


@pytest.fixture
def budget(tmp_path):
    return Budget(quick=True, folder=tmp_path)


def test_loops_curves_and_segments_have_the_means_of_a_markov_chain(budget):
    chapter = suite.run("Loops, phases", budget)
    assert chapter.passed
    assert sum(bool(finding.planted) for finding in chapter.findings) >= 5
    text = report.markdown([chapter], quick=True)
    assert "NOT CAUGHT" not in text
    assert "FAILED" not in text


def test_deals_that_rest_half_as_long_are_caught(budget, monkeypatch):
    def simulate(model, **sizes):
        line, *others = model.pipelines
        qualified, proposal, contract = line.stages
        parked = replace(proposal.parked, rest=replace(proposal.parked.rest, mean=30.0))
        wrong = replace(line, stages=(qualified, replace(proposal, parked=parked), contract))
        return right(replace(model, pipelines=(wrong, *others)), **sizes)

    right = renewal.simulate
    monkeypatch.setattr(renewal, "simulate", simulate)
    chapter = suite.run("Loops, phases", budget)
    assert not chapter.passed
    assert "FAILED" in report.markdown([chapter], quick=True)


def test_customers_are_a_birth_death_process(budget, monkeypatch):
    monkeypatch.setattr(birth_death, "CASES", {"growing": birth_death.CASES["growing"]})
    assert suite.run("Customer base", budget).passed


def test_a_finding_turns_round_when_an_error_is_planted():
    finding = chance_agrees("heads", 500, 1000, 0.5)
    assert finding.passed
    assert not finding.catching("a fair coin").passed
    assert chance_agrees("heads", 600, 1000, 0.5).catching("a loaded coin").passed


def test_a_suite_has_no_more_findings_than_its_false_alarm_rate_was_divided_by():
    finding = Finding(what="", statistic="", observed=0.0, threshold=FALSE_ALARM)
    chapter = suite.Chapter(
        title="",
        about="",
        findings=(finding,) * (MOST_FINDINGS + 1),
        notes=(),
        seconds=0.0,
        processor_seconds=0.0,
    )
    with pytest.raises(ValueError, match=f"{MOST_FINDINGS + 1} findings"):
        suite.chances([chapter])
