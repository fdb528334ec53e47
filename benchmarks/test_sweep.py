"""Sweeps: points and trajectories a second, and what a point costs beside its simulation."""

from pathlib import Path

import numpy as np
import pytest

from salessim import load_plan, simulate, sweep
from salessim.forecast import Sweep

CONFIGS = Path(__file__).parents[1] / "configs"
RATE, MEAN = "sources.outbound.rate", "customers.lifetime.exponential.mean"
RANGES = {
    "w1": {RATE: "100 per 30 days:300 per 30 days:3", MEAN: "600 days:900 days:3"},
    "saas": {RATE: "40 per month:80 per month:3", MEAN: "600 days:1200 days:3"},
}
POINTS = 9


def assert_right(found: Sweep, name: str, trajectories: int):
    """A point is the run of its values, bit for bit."""
    point = found.points[-1]
    typed = dict(zip((key.name for key in found.keys), point.typed, strict=True))
    run = simulate(load_plan(CONFIGS / f"{name}.toml").with_(typed), trajectories=trajectories)
    assert point.totals["bookings"] == run.bookings.total_summary
    assert point.verdict == run.verdict


@pytest.mark.benchmark(group="sweep")
@pytest.mark.parametrize(
    ("name", "trajectories", "rounds"), [("w1", 1_000, 3), ("saas", 1_000, 3), ("saas", 10_000, 1)]
)
def test_a_grid_of_nine_points(benchmark, report, name, trajectories, rounds):
    plan = load_plan(CONFIGS / f"{name}.toml")
    sweep(plan, RANGES[name], trajectories=10)  # loads the machine code
    given = {"trajectories": trajectories}
    found = benchmark.pedantic(sweep, args=(plan, RANGES[name]), kwargs=given, rounds=rounds)
    assert_right(found, name, trajectories)
    seconds = benchmark.stats.stats.data
    median = float(np.median(seconds))
    report(
        seconds_a_point=median / POINTS,
        trajectories_a_second=POINTS * trajectories / median,
        share_of_the_last_round_in_simulation=sum(p.seconds for p in found.points) / seconds[-1],
    )


@pytest.mark.benchmark(group="sweep")
def test_refusing_a_bad_point_of_many(benchmark, report):
    """All points are read before the first is simulated: how long that takes."""
    from salessim.errors import SalessimError

    plan = load_plan(CONFIGS / "saas.toml")
    bad = {"pipelines.renewal.stages.notice.conversion": "0.8:1.01:100"}

    def refused():
        with pytest.raises(SalessimError, match=r"found 1.0"):
            sweep(plan, bad)

    benchmark.pedantic(refused, rounds=3)
    report(milliseconds_a_point=10.0 * float(np.median(benchmark.stats.stats.data)))
