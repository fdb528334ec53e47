"""A trajectory in its world is that of the plan with the world's numbers written in.

The world is drawn and written in by `tests.reference_world`, which shares nothing with the folding
of worlds but the identities of the draws.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.seeds import WorldSeeds
from salessim.lowering.worlds import make_worlds
from salessim.model.plan import Correlation, OpenDeals
from tests.reference import Trajectory
from tests.reference_world import arrays_of, draw
from tests.worlds import certain, everything, in_world, shocked, uncertain

SEED = 7
LONGEST = 1e5
"""Days; times beyond are not compared."""


def clock(arrays, row):
    """What a clock shows on every day; the day itself on the calendar."""
    days = np.arange(arrays.clock.end)
    if row < 0:
        return days
    clocks = arrays.speed_clocks
    cell = clocks.day_cell[row, :-1]
    since = days - clocks.edges[row, cell]
    return clocks.cumulative[row, cell] + clocks.speed[row, cell] * since


def ends(tables):
    """Both ends of each cell; a law without a mean is cut at another place when it is scaled."""
    low, width = np.moveaxis(tables, -1, 0)
    return np.minimum(np.stack([low, low + width]), LONGEST)


def said(arrays):
    """What arrays say, in whatever rows it stands."""
    stages, pipelines, base = arrays.stages, arrays.pipelines, arrays.base
    tables = arrays.tables.full
    amounts = pipelines.amount_factor[:, :, None, None] * tables[pipelines.amount_law][:, None]
    return {
        "conversion": stages.conversion,
        "shares": stages.shares,
        "slip": stages.slip,
        "times": ends(stages.scale[..., None, None] * tables[stages.law]),
        "rests": ends(stages.rest_scale[:, None, None] * tables[stages.rest_law]),
        "amounts": amounts,
        "leads": arrays.arrivals.mean,
        "over-dispersion": tables[arrays.arrivals.factor_law],
        "births": np.array([clock(arrays, j) for j in range(arrays.customer_sources.entity.size)]),
        "paces": np.array([clock(arrays, row) for row in stages.pace]),
        "lives": np.array([clock(arrays, row) for row in base.clock]),
        "lifetimes": base.lifetime_scale[:, None, None] * tables[base.lifetime_law],
        "shares of health": arrays.health.shares,
        "churn of health": arrays.health.churn,
        "rates of health": arrays.health.rate,
    }


def assert_written(model, *, trajectories, worlds=None, told=None):
    """Check the arrays of worlds, and that trajectories differ in rounding only.

    What is left of a law at an age is read from the whole law's table where the plan so written
    has one of its own: now and then a deal falls into another period, or is won, and its buyer
    brings others. So at most a tenth of any trajectory differs, and of every other one 0.2 %.
    ``told`` is what is written in, where it is another model.
    """
    told = told or model
    program, seeds = lower(model), worlds or WorldSeeds()
    folded = make_worlds(program, SEED, 0, trajectories, seeds)
    cube = run(program, trajectories=trajectories, seed=SEED, threads=1, worlds=worlds)
    moved = np.zeros(trajectories)
    for i in range(trajectories):
        by_hand = arrays_of(told, draw(told, seed=SEED, trajectory=i, worlds=worlds))
        found, wanted = said(in_world(program.arrays, folded, i)), said(by_hand)
        for name, values in wanted.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-6, atol=1e-12, err_msg=name)
        slow = Trajectory(program, seed=SEED, trajectory=i, world=by_hand)
        moved[i] = np.abs(cube.flows[i] - slow.flows).sum() / slow.flows.sum()
    assert moved.max() <= 0.1
    assert np.quantile(moved, 0.5, method="lower") <= 0.002


def open_deals_only(model):
    """Many deals of every age in stages where deals slip, and nothing else."""
    deals = OpenDeals(
        ids=tuple(f"deal {k}" for k in range(3_000)),
        stages=("sale.first", "sale.last") * 1_500,
        age_days=np.repeat([0.0, 15.0, 70.0], 1_000),
        amounts=np.full(3_000, np.nan),
        buyer_is_new=np.zeros(3_000, bool),
    )
    return replace(model, sources=(), open_deals=deals)


def test_open_deals_of_any_age_know_their_world():
    # a deal of an age that slips seldom advances less often than its odds say
    model = open_deals_only(certain())
    assert_written(uncertain(model, sd=1.0, where=(".conversion",)), trajectories=1)
    assert_written(uncertain(model, sd=0.5, where=("slip.by", ".cycle_time")), trajectories=1)


def test_the_world_of_everything_is_written_in():
    assert_written(everything(), trajectories=4)


KINDS = {
    "conversions": (".conversion",),
    "shares": (".share",),
    "slips": ("slip.probability",),
    "scales": (".median", ".mean", ".scale"),
    "shapes": (".sigma", ".shape", ".low", ".mode", ".high"),
    "leads": ("sources",),
    "health": ("health",),
    "curves": ("curves",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_world_of_one_kind_of_number_is_written_in(kind):
    assert_written(uncertain(certain(), sd=0.5, where=KINDS[kind]), trajectories=4)


def test_the_world_of_shocks_is_written_in():
    assert_written(shocked(certain(), size=0.5), trajectories=4)


def test_worlds_of_other_seeds_and_held_inputs_are_written_in():
    worlds = WorldSeeds(
        seed=99,
        redrawn={"sources.events.rate.per_month": 3, "shocks.economy": 4, "customers.health": 5},
        held={"pipelines.sale.stages.first.conversion": 1.645, "shocks.fashion": -1.0},
    )
    assert_written(everything(), trajectories=4, worlds=worlds)


def correlated():
    """Three numbers of which two go together."""
    model = uncertain(certain(), sd=0.5, where=(".conversion",))
    first, second, _ = (number.address for number in model.uncertain)
    return replace(model, correlations=(Correlation(first=second, second=first, value=0.8),))


def test_the_world_of_correlated_numbers_is_written_in():
    assert_written(correlated(), trajectories=4)


@pytest.mark.parametrize(
    ("model", "name"),
    [(correlated, "conversion"), (everything, "amounts")],
    ids=["two numbers", "two shocks"],
)
def test_correlations_that_are_left_out_are_seen(model, name):
    with pytest.raises(AssertionError, match=name):
        assert_written(model(), trajectories=2, told=replace(model(), correlations=()))


def test_a_survey_of_other_answers_is_seen():
    model = everything()
    promoters, *others = model.customers.health
    classes = (replace(promoters, answers=promoters.answers + 1), *others)
    told = replace(model, customers=replace(model.customers, health=classes))
    with pytest.raises(AssertionError, match="shares of health"):
        assert_written(model, trajectories=1, told=told)
