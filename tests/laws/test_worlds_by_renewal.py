"""W1 in one world, all its inputs held: the means of the renewal equations of that world's plan.

Only luck is left. The world's numbers take their places in the plan; a shock that is held at a
level is a factor on rates, hazards and amounts, and a curve on odds and pace for good.
"""

from dataclasses import replace

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.renewal import expected
from salessim.lowering.seeds import WorldSeeds
from salessim.model.laws import Exponential
from salessim.model.plan import Curve, Shock
from tests.laws.small_models import needs_machine_code
from tests.models import w1
from tests.statistics import assert_sample_mean
from tests.worlds import plain, uncertain

pytestmark = needs_machine_code

EFFECT = 0.2
TRAJECTORIES = 2_000


def in_a_world():
    """W1 with uncertain conversions, rates, medians and means, and a shock on everything."""
    model = uncertain(w1(), sd=0.15, where=(".conversion", ".rate", ".median", ".mean"))
    pipelines = tuple((line.name, EFFECT) for line in model.pipelines)
    shock = Shock(
        name="economy",
        persistence=0.8,
        leads=tuple((source.name, EFFECT) for source in model.sources),
        conversion=pipelines,
        pace=pipelines,
        amount=pipelines,
        churn=(("", EFFECT),),
    )
    return replace(model, shocks=(shock,))


def held(model, seed):
    """Scores of all inputs, none far from the middle."""
    names = [*(number.address for number in model.uncertain), "shocks.economy"]
    scores = np.random.default_rng(seed).uniform(-1.5, 1.5, len(names))
    return dict(zip(names, map(float, scores), strict=True))


def by_hand(model, scores):
    """Return the plan of a world, and the factor on amounts."""
    values = {
        number.address: float(number.at(np.array([scores[number.address]]))[0])
        for number in model.uncertain
    }
    factor = float(np.exp(EFFECT * scores["shocks.economy"] - EFFECT**2 / 2.0))
    bare = plain(model, values)
    curves = tuple(
        Curve(kind=kind, pipeline=line.name, stage=None, starts=model.timeline.start,
              ends=None, factor=factor)
        for kind in ("conversion", "pace")
        for line in model.pipelines
    )  # fmt: skip
    sources = tuple(
        replace(source, rate=replace(source.rate, per_day=factor * source.rate.per_day))
        for source in bare.sources
    )
    lifetime = Exponential(mean=bare.customers.lifetime.mean / factor)
    customers = replace(bare.customers, lifetime=lifetime)
    return replace(bare, curves=curves, sources=sources, customers=customers), factor


def assert_means(model, scores, wanted, factor):
    """Check wins, bookings, entries and customers; false-alarm rate 1e-6 in all."""
    cube = run(lower(model), trajectories=TRAJECTORIES, seed=5, worlds=WorldSeeds(held=scores))
    exact = expected(wanted)
    gone = (cube.new_customers - cube.lost_customers).sum(axis=(2, 3))
    assert_sample_mean(cube.wins.sum(axis=3), exact.wins, tests=4)
    assert_sample_mean(cube.bookings.sum(axis=3) / 100, factor * exact.bookings, tests=4)
    assert_sample_mean(cube.flows[..., 0], exact.entered, tests=4)
    assert_sample_mean(500 + gone.cumsum(axis=1), exact.active_customers, tests=4)


@pytest.mark.parametrize("seed", [1, 2])
def test_means_of_a_world_are_those_of_its_plan(seed):
    model = in_a_world()
    scores = held(model, seed)
    assert_means(model, scores, *by_hand(model, scores))


def test_a_world_a_little_aside_is_seen():
    model = in_a_world()
    scores = held(model, 1)
    name = "pipelines.new_business.stages.demo.conversion"
    with pytest.raises(AssertionError, match="standard errors"):
        assert_means(model, scores | {name: scores[name] + 0.2}, *by_hand(model, scores))
