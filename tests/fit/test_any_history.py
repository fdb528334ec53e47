"""Whatever deals did, a fit is a plan: finite numbers, inside their ranges."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from salessim.fit.pipelines import fit_pipeline
from tests.fit.records import deals_of
from tests.fit.test_pipelines import plan_of


@pytest.mark.parametrize("seed", range(8))
def test_random_walks_become_plans(seed: int, tmp_path: Path) -> None:
    """Deals that jump anywhere, at times that may be equal, with amounts that may be nothing."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2024-01-01T00:00:00")
    told, amounts = {}, {}
    seconds = 86_400 if seed % 2 else 1
    for number in range(int(rng.integers(1, 60))):
        steps = int(rng.integers(1, 6))
        gaps = rng.integers(0, 30 * 86_400, steps) * (rng.random(steps) < 0.8)
        times = start + (np.cumsum(gaps) // seconds * seconds).astype("timedelta64[s]")
        stages = rng.integers(0, 5, steps)
        name = f"D{number}"
        told[name] = [(str(at), int(stage)) for at, stage in zip(times, stages, strict=True)]
        amounts[name] = [(str(times[0]), float(rng.choice([0.0, 99.0, 12_345.67])))]
    begin = "2024-02-01" if seed % 3 == 0 else None
    deals = deals_of(told, until="2024-07-01", complete_from=begin, amounts=amounts)
    part = fit_pipeline(deals).part()
    plan = plan_of(part, tmp_path)
    assert len(plan.model.pipeline("new").stages) == 3
    numbers = [number for number in plan.model.uncertain if "pipelines" in number.address]
    ends = np.array([number.at(np.array([-5.0, 5.0])) for number in numbers])
    assert np.all(np.isfinite(ends))
    assert np.all(ends[:, 0] < ends[:, 1])
