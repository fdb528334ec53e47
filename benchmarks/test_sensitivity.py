"""Sensitivity: how long all of its runs take on the example plan, and how sharp they are."""

from pathlib import Path

import pytest

from salessim import load_plan, sensitivity, simulate

SAAS = Path(__file__).parents[1] / "configs" / "saas.toml"


@pytest.mark.benchmark(group="sensitivity")
def test_all_of_a_plan(benchmark, report):
    plan = load_plan(SAAS)
    sensitivity(plan, trajectories=2, worlds=2)  # loads the machine code
    found = benchmark.pedantic(sensitivity, args=(plan,), rounds=1)
    # the first run is that of the plan, to the cent
    run = simulate(plan, trajectories=found.worlds)
    assert found.mean.value == pytest.approx(run.bookings.total().mean(), rel=1e-12)
    assert found.split.has_worlds
    seconds = benchmark.stats.stats.data[0]
    report(
        seconds=seconds,
        share_in_simulation=found.seconds / seconds,
        levers=len(found.levers),
        largest_error_of_an_elasticity=max(one.result.se for one in found.levers),
        largest_interval_of_a_share=max(one.total.high - one.total.low for one in found.shares),
    )
