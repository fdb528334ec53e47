"""Scenarios on common random numbers: the same answers as alone, with a much smaller error."""

from dataclasses import replace

import numpy as np
import pytest

from salessim import api, load_plan, simulate
from salessim.api import comparison as comparing
from salessim.errors import SalessimError
from salessim.forecast import SERIES
from salessim.lowering.renewal import expected
from tests.docs.pages import ROOT
from tests.statistics import assert_mean, assert_sample_mean

W1 = ROOT / "configs" / "w1.toml"
MORE = {"sources.outbound.rate": "220 per 30 days"}
TRAJECTORIES = 400


@pytest.fixture(scope="module")
def plans():
    plan = load_plan(W1)
    return {
        "plan": plan,
        "more": plan.with_(MORE),
        "same": plan.with_({"title": "W1 by another name"}),
        "base": plan.without_external_leads(),
    }


@pytest.fixture(scope="module")
def compared(plans):
    return api.compare(plans, trajectories=TRAJECTORIES, seed=11)


def test_each_scenario_is_what_a_run_of_its_own_gives(plans, compared):
    for name, plan in plans.items():
        alone = simulate(plan, trajectories=TRAJECTORIES, seed=11, threads=1)
        for series in SERIES:
            ours = compared.outcomes[name].series(series).whole
            assert np.array_equal(ours, alone.series(series).whole)
        assert compared.outcomes[name].verdict == alone.verdict
        assert np.array_equal(compared.outcomes[name].sustained, alone.sustained)
        assert alone.sustained.mean() == alone.verdict.probability


def test_paired_differences_have_the_exact_means_within_their_small_error(plans, compared):
    # wins of the first two months are too few for a normal law: fewer than one in ten trajectories
    exact = [expected(plans[name].model).wins.sum(axis=1)[2:] for name in ("plan", "more")]
    samples = compared.differences["more"].series("wins").whole[:, 2:]
    assert_sample_mean(samples, exact[1] - exact[0])
    with pytest.raises(AssertionError, match="standard errors"):
        # a tenth of the effect is a hundredth of the level: independent runs would miss it
        assert_sample_mean(samples.sum(axis=1), 1.1 * (exact[1] - exact[0]).sum())


def test_pairing_is_worth_many_trajectories(compared, plans):
    # SE 4 times smaller: ratio 16. Seen about 31; the logarithm of the ratio of two variances of
    # 400 has a standard deviation below 0.15, so the chance of a false alarm is below 1e-6.
    assert compared.differences["more"].total("bookings").variance_ratio > 16
    other = comparing.compare(plans, trajectories=TRAJECTORIES, seed=12).outcomes["more"]
    independent = replace(compared.differences["more"], other=other)
    # the planted error: a pair of different seeds
    ratio = float(independent.total("bookings").variance_ratio)
    assert_mean(np.arctanh(1 - 1 / ratio), (TRAJECTORIES - 3) ** -0.5, 0.0)


def test_the_base_alone_is_the_part_that_needs_no_leads(compared):
    without = compared.differences["base"]
    assert without.sustained.gained == without.sustained.lost == 0
    assert float(without.total("leads").mean) == -compared.base.series("leads").total().mean()


def test_the_same_program_is_simulated_once(plans, monkeypatch):
    seen = []
    run = comparing.run

    def counting(program, **options):
        seen.append(program.sha256)
        return run(program, **options)

    monkeypatch.setattr(comparing, "run", counting)
    moved = []
    api.compare(plans, trajectories=20, seed=1, progress=lambda *at: moved.append(at))
    *once, rival = seen
    assert len(once) == len(set(once)) == 3
    assert rival == once[0]  # the first once more, with luck of its own
    assert moved[-1] == (80, 80)
    assert moved == sorted(moved)


def test_scenarios_of_any_shape_are_compared(plans):
    other = load_plan(ROOT / "configs" / "saas.toml").with_(
        {"forecast.period": "30 days", "forecast.horizon": "360 days", "targets": {}}
    )
    both = api.compare({"w1": plans["plan"], "saas": other}, trajectories=10, seed=3)
    assert both.differences["saas"].series("bookings").whole.shape == (10, 12)
    assert "first 12 periods" in both.notes[0]


def test_what_cannot_be_compared_or_run_is_said_before_anything_is_simulated(plans, monkeypatch):
    monkeypatch.setattr(comparing, "run", None)
    later = plans["plan"].with_({"forecast.period": "60 days", "currency": "EUR"})
    with pytest.raises(SalessimError) as caught:
        api.compare({"now": plans["plan"], "later": later})
    assert len(caught.value.problems) == 2
    huge = plans["plan"].with_({"sources.outbound.rate": "100_000_000 per month"})
    with pytest.raises(SalessimError, match=r'w1.toml: scenario "huge": a trajectory of this plan'):
        api.compare({"now": plans["plan"], "huge": huge})


def test_an_interrupted_comparison_compares_nothing(plans, monkeypatch):
    run = comparing.run

    def interrupted(program, **options):
        cube = run(program, **options)
        return replace(cube, requested=cube.requested + 1)

    monkeypatch.setattr(comparing, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        api.compare(plans, trajectories=5, seed=1)
