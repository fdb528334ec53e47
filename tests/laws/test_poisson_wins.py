"""Direct wins per period are Poisson and independent across periods; so are losses beside them."""

from itertools import combinations

import numpy as np
import pytest

from salessim.lowering.renewal import expected
from salessim.model.laws import Exponential, Lognormal, Weibull
from salessim.model.plan import NoDecision
from tests.laws.small_models import external, needs_machine_code, per_day, sale, simulate, stage
from tests.laws.small_models import timeline as of
from tests.statistics import assert_poisson, assert_uncorrelated

pytestmark = needs_machine_code

TRAJECTORIES = 20_000
PERIODS = 6
SEASON = (1.0, 0.6, 1.4, 1.0, 1.2, 0.8, *[1.0] * 6)


def leads_through_two_stages(*, level=2.0):
    """Two stages with every outcome; wins start nothing, so all of them are direct."""
    first = stage(
        "first",
        conversion=0.5,
        cycle_time=Lognormal(median=12.0, sigma=0.7),
        loss_time=Weibull(scale=20.0, shape=1.5),
        no_decision=NoDecision(share=0.3, after=Exponential(mean=40.0)),
        stuck_share=0.1,
    )
    last = stage(
        "last",
        conversion=0.7,
        cycle_time=Weibull(scale=15.0, shape=0.8),
        loss_time=Lognormal(median=25.0, sigma=0.5),
    )
    source = external(rate=per_day(level), season=SEASON, growth_per_month=0.05)
    return sale(first, last, sources=[source], time=of(PERIODS))


def assert_poisson_and_independent(wins, means):
    """Check every period and every pair of periods; false-alarm rate 1e-6 in all."""
    pairs = list(combinations(range(PERIODS), 2))
    for period, mean in enumerate(means):
        assert_poisson(wins[:, period], mean, tests=2 * PERIODS)
    for a, b in pairs:
        assert_uncorrelated(wins[:, a], wins[:, b], tests=2 * len(pairs))


def test_direct_wins_are_poisson_and_independent_across_periods():
    model = leads_through_two_stages()
    wins = simulate(model, trajectories=TRAJECTORIES, seed=11).wins.sum(axis=(2, 3))
    assert_poisson_and_independent(wins, expected(model).wins.sum(axis=1))


def assert_wins_and_losses_independent(flows):
    """Check each period but the first; false-alarm rate 1e-6 in all."""
    for period in range(1, PERIODS):
        won, lost = flows[:, period, 1, 1], flows[:, period, 1, 2]
        assert_uncorrelated(won, lost, tests=PERIODS - 1)


def test_wins_and_losses_of_one_period_are_independent():
    # thinning splits a Poisson stream into independent ones
    flows = simulate(leads_through_two_stages(), trajectories=TRAJECTORIES, seed=12).flows
    assert_wins_and_losses_independent(flows)


def test_a_rate_that_differs_between_trajectories_is_caught():
    # 10 % up in one half, down in the other: the means stay, what is shared does not average out
    means = expected(leads_through_two_stages()).wins.sum(axis=1)
    halves = [
        simulate(leads_through_two_stages(level=level), trajectories=TRAJECTORIES // 2, seed=seed)
        for level, seed in ((2.2, 13), (1.8, 14))
    ]
    wins = np.concatenate([cube.wins.sum(axis=(2, 3)) for cube in halves])
    with pytest.raises(AssertionError, match="variance / mean"):
        assert_poisson_and_independent(wins, means)
    with pytest.raises(AssertionError, match="correlation"):
        assert_uncorrelated(wins[:, 3], wins[:, 4])
    with pytest.raises(AssertionError, match="correlation"):
        assert_wins_and_losses_independent(np.concatenate([cube.flows for cube in halves]))
