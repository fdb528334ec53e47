"""Scenarios on common random numbers: what pairing is worth, and the time of a comparison."""

from pathlib import Path

import numpy as np
import pytest

from salessim import compare, load_plan, simulate
from salessim.forecast import Comparison

CONFIGS = Path(__file__).parents[1] / "configs"
TRAJECTORIES = 10_000
MORE = {"sources.outbound.rate": "220 per 30 days"}
"""A tenth more than W1's."""


@pytest.mark.benchmark(group="compare")
def test_pairing_on_w1(benchmark, report):
    plan = load_plan(CONFIGS / "w1.toml")
    plans = {"plan": plan, "more": plan.with_(MORE)}
    paired = benchmark.pedantic(
        compare, args=(plans,), kwargs={"trajectories": TRAJECTORIES, "seed": 1}, rounds=1
    )
    total = paired.differences["more"].total("bookings")
    # the same by two runs of different seeds, whose errors add up
    base, more = (
        simulate(plan, trajectories=TRAJECTORIES, seed=seed).bookings.total_summary
        for plan, seed in zip(plans.values(), (2, 3), strict=True)
    )
    independent = float(np.hypot(base.se, more.se))
    assert abs(more.mean - base.mean - total.mean) < 5.5 * np.hypot(independent, total.se)
    report(
        difference=float(total.mean),
        paired_se=float(total.se),
        independent_se=independent,
        se_times_smaller=independent / float(total.se),
        variance_ratio=(independent / float(total.se)) ** 2,
        variance_ratio_as_reported=float(total.variance_ratio),
    )


@pytest.mark.benchmark(group="compare")
def test_five_scenarios_of_saas(benchmark, report):
    plan = load_plan(CONFIGS / "saas.toml")
    plans = {"plan": plan, **{name: plan.scenario(name) for name in plan.scenario_names}}
    assert len(plans) == 5
    compare(plans, trajectories=10)  # loads the machine code
    given = {"trajectories": TRAJECTORIES}
    comparison = benchmark.pedantic(compare, args=(plans,), kwargs=given, rounds=3)
    assert_right(comparison)
    seconds = np.array(benchmark.stats.stats.data)
    report(seconds_best=float(seconds.min()), seconds_median=float(np.median(seconds)))
    seconds = sum(o.provenance.seconds for o in comparison.outcomes.values())
    report(of_which_simulation_in_the_last_round=seconds)


def assert_right(comparison: Comparison):
    """The base is what the scenario without new leads is alone, so its verdict cannot differ."""
    without = comparison.differences["no_new_leads"]
    assert without.sustained.gained == without.sustained.lost == 0
    alone = comparison.outcomes["no_new_leads"]
    assert alone.series("leads").whole.sum() == 0


@pytest.mark.benchmark(group="compare")
def test_the_document_and_the_chart(benchmark, report, tmp_path):
    from salessim.charts import style

    plan = load_plan(CONFIGS / "saas.toml")
    plans = {"plan": plan, **{name: plan.scenario(name) for name in plan.scenario_names}}
    comparison = compare(plans, trajectories=TRAJECTORIES)

    def write():
        comparison.summary()
        comparison.to_csv(tmp_path / "c.csv")
        style.save(comparison.plot.both(), tmp_path / "c.svg")

    benchmark.pedantic(write, rounds=1)
    report(seconds=float(benchmark.stats.stats.min))
