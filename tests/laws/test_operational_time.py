"""Deals that carry the time of their pipeline's clock do what deals that carry days do.

Both walk the same Program by the same draws, and differ in rounding only: with laws that have no
atoms no two times meet, and every count is equal.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.config.units import LONGEST_DAYS
from salessim.engine import run
from salessim.kernels import state
from salessim.kernels.layout import NUMBER_BITS, PIECE_BIT
from salessim.lowering import lower
from salessim.lowering.pieces import FASTEST_CARRIED
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


@needs_machine_code
def test_what_comes_at_the_very_end_is_nowhere_counted_later(monkeypatch):
    # start + length x u is rounded: here most leads to the end, which is in no piece
    program = lower(replace(paced(), shocks=()))
    lines, end = program.arrays.arrivals, program.arrays.clock.end
    last = np.full_like(lines.start, np.nextafter(end, 0.0))
    at_the_end = lines._replace(start=last, length=end - last)
    program = replace(program, arrays=program.arrays._replace(arrivals=at_the_end))

    def make_work(**sizes):
        # What fresh memory holds is no answer: here it would lead back to the start.
        work = plain(**sizes)
        work.wound[2][:] = 0.0
        return work

    plain = state.make_work
    monkeypatch.setattr(state, "make_work", make_work)
    carried = run(program, trajectories=4, seed=11)
    assert_same_counts(carried, run(by_days(program), trajectories=4, seed=11))
    assert 0 < carried.leads[:, -1].sum() == carried.leads.sum()


@needs_machine_code
def test_visits_that_never_end_are_nowhere_counted():
    # three edges in the summer's standstill share a bucket: so each visit is compared thrice
    program = lower(replace(paced(), shocks=()))
    stages = program.arrays.stages
    for_ever = stages._replace(scale=np.full_like(stages.scale, 1e308))
    program = replace(program, arrays=program.arrays._replace(stages=for_ever))
    endless = run(program, trajectories=4, seed=11)
    assert_same_counts(endless, run(by_days(program), trajectories=4, seed=11))
    assert endless.stage_entries.sum() > 0


def hurried(*factors, together=False):
    """W1 that runs faster for some months of the year: each its own, or all the same one."""
    curves = [
        curve(factor, date(2027, month, 1), date(2027, month + 1, 1), pipeline=pipeline.name)
        for pipeline in w1().pipelines
        for month, factor in enumerate(factors, start=2)
        for month in [2 if together else month]
    ]
    return replace(w1(periods=12), curves=tuple(curves))


@needs_machine_code
def test_a_month_in_which_all_is_over_at_once_moves_no_period(monkeypatch):
    fast, at_once = lower(hurried(FASTEST_CARRIED)), lower(hurried(1e9))
    assert (fast.arrays.pipelines.clock >= 0).all()
    assert_same_counts(*(run(each, trajectories=3, seed=5) for each in (fast, by_days(fast))))
    assert (at_once.arrays.pipelines.clock == -1).all()
    # its clock has 32 digits, and is a week off then: a tenth of the visits would end too late
    monkeypatch.setattr("salessim.lowering.pieces.FASTEST_CARRIED", np.inf)
    carried = lower(hurried(1e9))
    with pytest.raises(AssertionError):
        assert_same_counts(*(run(each, trajectories=3, seed=5) for each in (carried, at_once)))


def test_the_fastest_clock_that_deals_carry_is_right_to_two_minutes_after_ten_years():
    curves = [curve(FASTEST_CARRIED / 3, date(2027, 1, 1), None, pipeline="new_business")]
    arrays = lower(
        replace(w1(periods=122), curves=(*curves, replace(curves[0], factor=3.0)))
    ).arrays
    clock, days = arrays.pieces.clock[0, :-1], arrays.pieces.day
    assert clock[-1] == pytest.approx(FASTEST_CARRIED * 3_660)
    assert np.abs(clock - FASTEST_CARRIED * days).max() < 2 / (24 * 60)


@pytest.mark.parametrize(
    ("factors", "together", "carried"),
    [
        ((100.0, 100.0), False, True),
        ((100.0, 100.0), True, False),
        ((1e4, 0.1), True, True),
        ((1e4, 0.1), False, False),
    ],
)
def test_what_counts_is_the_pace_of_the_fastest_day(factors, together, carried):
    clock = lower(hurried(*factors, together=together)).arrays.pipelines.clock
    assert ((clock >= 0) == carried).all()


def test_there_are_never_more_pieces_than_guides_and_tags_can_number():
    # a piece is a day at least; one number is that of what is beyond the end
    assert LONGEST_DAYS + 1 < 2**NUMBER_BITS < 2 ** (63 - PIECE_BIT)
