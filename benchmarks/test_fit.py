"""Fitting a million visits to stages: seconds, and the most memory that it takes."""

import resource

import numpy as np

from salessim.fit.pipelines import fit_pipeline
from salessim.fit.visits import visits
from salessim.model.laws import Lognormal, Weibull
from verification.walked_deals import TrueStage, record

VISITS = 1_000_000
STAGES = tuple(
    TrueStage(
        conversion=conversion,
        cycle_time=Lognormal(median=12.0 + nth, sigma=0.8),
        loss_time=Weibull(scale=30.0, shape=1.3),
        stuck=0.15,
        back=0.2 if nth else 0.0,
        back_time=Lognormal(median=5.0, sigma=0.6) if nth else None,
    )
    for nth, conversion in enumerate((0.7, 0.6, 0.6, 0.5))
)


def test_a_million_visits_are_fitted_in_a_minute(benchmark):
    rng = np.random.default_rng(1)
    deals = record(STAGES, rng, deals=500_000, days=1_460, complete_from=365)
    count = len(visits(deals))
    assert count >= VISITS
    before = _peak_mebibytes()
    fitted = benchmark.pedantic(fit_pipeline, args=(deals,), rounds=1)
    benchmark.extra_info["visits"] = count
    benchmark.extra_info["deals"] = len(deals.table)
    benchmark.extra_info["distinct durations"] = sum(len(stage.data) for stage in fitted.stages)
    benchmark.extra_info["peak MiB, records of it"] = [_peak_mebibytes(), before]
    for stage, true in zip(fitted.stages, STAGES, strict=True):
        assert abs(stage.probabilities["advance"] - true.conversion) < 0.01


def _peak_mebibytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
