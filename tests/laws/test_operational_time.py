"""Deals that carry the time of their pipeline's clock do what deals that carry days do.

Both walk the same Program by the same draws, and differ in rounding only: with laws that have no
atoms no two times meet, and every count is equal.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.model.laws import Fixed
from salessim.model.plan import Curve, Shock
from tests.laws.small_models import needs_machine_code
from tests.models import w1

COUNTS = ("bookings", "wins", "new_customers", "lost_customers", "leads", "flows", "by_health")


def curve(factor, starts, ends, *, stage=None, pipeline="new"):
    return Curve(
        kind="pace", pipeline=pipeline, stage=stage, starts=starts, ends=ends, factor=factor
    )


def paced(model=None):
    """W1 that stands still in a summer, crawls in a winter and runs in a spring; a shock on top."""
    model = model or w1()
    curves = [
        curve(factor, starts, ends, pipeline=pipeline.name)
        for pipeline in model.pipelines
        for factor, starts, ends in (
            (0.0, date(2027, 6, 15), date(2027, 8, 2)),
            (0.02, date(2027, 12, 20), date(2028, 1, 9)),
            (3.0, date(2028, 3, 1), date(2028, 4, 20)),
        )
    ]
    everywhere = tuple((pipeline.name, 0.3) for pipeline in model.pipelines)
    shock = Shock(name="economy", persistence=0.8, pace=everywhere, conversion=everywhere)
    return replace(model, curves=tuple(curves), shocks=(shock,))


def by_days(program):
    """The same Program, all of whose deals carry days."""
    pipelines = program.arrays.pipelines
    none = pipelines._replace(clock=np.full_like(pipelines.clock, -1))
    return replace(program, arrays=program.arrays._replace(pipelines=none))


def first_stage(model, **changes):
    """Change the first stage of the first pipeline."""
    pipeline, *others = model.pipelines
    stage, *more = pipeline.stages
    changed = replace(pipeline, stages=(replace(stage, **changes), *more))
    return replace(model, pipelines=(changed, *others))


def assert_same_counts(one, other):
    for name in COUNTS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), name)
    np.testing.assert_array_equal(one.stage_entries, other.stage_entries)


@needs_machine_code
@pytest.mark.parametrize("at_once", [False, True], ids=["all take time", "the first takes none"])
def test_all_counts_are_those_of_a_walk_by_days(at_once):
    model = paced()
    if at_once:
        model = first_stage(model, cycle_time=Fixed(value=0.0))
    program = lower(model)
    assert (program.arrays.pipelines.clock >= 0).all()
    carried = run(program, trajectories=20, seed=11)
    assert_same_counts(carried, run(by_days(program), trajectories=20, seed=11))
    assert carried.wins.sum() > 10_000


@needs_machine_code
def test_a_period_that_begins_late_is_caught():
    program = lower(replace(paced(), shocks=()))
    pieces = program.arrays.pieces
    clock = pieces.clock.copy()
    clock[:, np.flatnonzero(pieces.period)[0]] += 0.1
    late = program.arrays._replace(pieces=pieces._replace(clock=clock))
    with pytest.raises(AssertionError):
        assert_same_counts(
            run(replace(program, arrays=late), trajectories=20, seed=11),
            run(by_days(program), trajectories=20, seed=11),
        )


def test_deals_carry_days_where_stages_differ_or_deals_return_or_nothing_takes_time():
    model = paced()
    name, stages = model.pipelines[0].name, model.pipelines[0].stages
    one = curve(0.5, date(2027, 5, 1), None, stage=stages[0].name, pipeline=name)
    all_at_once = tuple(replace(stage, cycle_time=Fixed(value=0.0)) for stage in stages)
    others = model.pipelines[1:]
    instant = replace(model.pipelines[0], stages=all_at_once)
    for changed in (
        replace(model, curves=(*model.curves, one)),
        replace(model, pipelines=(instant, *others)),
        w1(),
    ):
        assert lower(changed).arrays.pipelines.clock[0] == -1
    assert lower(model).arrays.pipelines.clock[0] == 0
