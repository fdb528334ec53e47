"""Loops of a pipeline: those without a way out are found, and a win takes the time it takes."""

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from salessim.model.laws import Exponential, Fixed, LogLogistic, Uniform
from salessim.model.loops import endless_loops, mean_days_to_win, on_day
from salessim.model.plan import Back, Curve, Parked, Pipeline, Slip, Stage, expected_visits
from tests.statistics import assert_sample_mean

NOW = Fixed(value=0.0)


def stage(name: str, conversion: float, days: float = 0.0, **outcomes) -> Stage:
    time = Exponential(mean=days) if days else NOW
    return Stage(
        name=name, conversion=conversion, cycle_time=time, loss_time=Fixed(value=99.0), **outcomes
    )


def back(share: float, to: str, days: float = 0.0) -> Back:
    return Back(share=share, to=to, after=Fixed(value=days))


def pipeline(*stages: Stage) -> Pipeline:
    return Pipeline(name="new", stages=stages, amount=Fixed(value=1.0))


def loops(*stages: Stage) -> list[tuple[tuple[int, ...], int, float]]:
    return [(loop.stages, loop.busiest, loop.visits) for loop in endless_loops(pipeline(*stages))]


def test_a_loop_without_exit_is_found():
    ring = loops(stage("a", 1.0), stage("b", 1.0), stage("c", 0.0, back=back(1.0, "a")))
    assert [found[0] for found in ring] == [(0, 1, 2, 0)]
    assert ring[0][2] == math.inf
    slip = Slip(probability=1.0, by=NOW)
    assert loops(stage("a", 0.5), stage("b", 0.5, slip=slip)) == [((1, 1), 1, math.inf)]
    parked = Parked(share=1.0, to="b", after=NOW, rest=NOW)
    assert loops(stage("a", 0.5), stage("b", 0.0, parked=parked)) == [((1, 1), 1, math.inf)]


def test_two_loops_are_told_apart_and_nested_ones_are_one():
    slip = Slip(probability=1.0, by=NOW)
    apart = loops(stage("a", 0.5, slip=slip), stage("b", 0.5, slip=slip))
    assert [found[0] for found in apart] == [(0, 0), (1, 1)]
    nested = loops(
        stage("a", 1.0),
        stage("b", 0.9999, back=back(1.0, "a")),
        stage("c", 0.0, back=back(1.0, "b")),
    )
    # of the two ways round, the likelier is named
    assert [found[0] for found in nested] == [(1, 2, 1)]


@pytest.mark.parametrize(("probability", "endless"), [(0.998, False), (0.9991, True)])
def test_the_bound_is_a_thousand_visits(probability, endless):
    slip = Slip(probability=probability, by=NOW)
    found = loops(stage("a", 0.5, slip=slip))
    assert bool(found) is endless
    if endless:
        assert found[0][2] == pytest.approx(1 / (1 - probability), rel=1e-6)


def test_the_bound_is_on_expected_visits():
    line = pipeline(stage("a", 0.9), stage("b", 0.01, back=back(0.999, "a")), stage("c", 0.5))
    visits = expected_visits(line).max()
    assert visits == pytest.approx(9.02, abs=0.1)
    assert endless_loops(line) == []


def test_a_curve_moves_conversions_on_the_odds_within_its_dates():
    line = pipeline(stage("a", 0.5), stage("b", 0.6), stage("c", 1.0), stage("d", 0.0))
    one = {"kind": "conversion", "pipeline": "new", "starts": date(2027, 3, 1)}
    curves = [
        Curve(**one, stage=None, ends=date(2027, 5, 1), factor=2.0),
        Curve(**one, stage="b", ends=None, factor=0.25),
        Curve(**one | {"kind": "pace"}, stage="b", ends=None, factor=9.0),
        Curve(**one | {"pipeline": "other"}, stage="b", ends=None, factor=9.0),
    ]

    def conversions(day):
        return [stage.conversion for stage in on_day(line, curves, day).stages]

    assert on_day(line, curves, date(2027, 2, 28)) == line
    both = 0.5 * 1.5 / (1 + 0.5 * 1.5)
    assert conversions(date(2027, 3, 1)) == pytest.approx([2 / 3, both, 1.0, 0.0])
    alone = 0.25 * 1.5 / (1 + 0.25 * 1.5)
    assert conversions(date(2027, 5, 1)) == pytest.approx([0.5, alone, 1.0, 0.0])


@pytest.mark.parametrize("sure", [0.0, 1.0])
def test_no_odds_move_what_is_sure(sure):
    # 10^-400 is 0 in floating point: the odds of 1 would be nothing through nothing
    line = pipeline(stage("a", sure))
    told = {"kind": "conversion", "pipeline": "new", "starts": date(2027, 3, 1), "ends": None}
    curves = [Curve(**told, stage=name, factor=1e-200) for name in (None, "a")]
    assert on_day(line, curves, date(2027, 3, 1)) == line


LOOPED = pipeline(
    stage("qualified", 0.5, 10.0, slip=Slip(probability=0.1, by=Exponential(mean=5.0))),
    stage(
        "proposal",
        0.4,
        20.0,
        slip=Slip(probability=0.2, by=Uniform(low=10.0, high=50.0)),
        back=back(0.3, "qualified", 7.0),
        parked=Parked(
            share=0.3, to="proposal", after=Exponential(mean=4.0), rest=Fixed(value=90.0)
        ),
    ),
    stage("contract", 0.8, 3.0, back=back(0.5, "qualified", 2.0)),
)


def walked(line: Pipeline, deals: int, seed: int) -> np.ndarray:
    """Days to the win of the deals that are won, walked one visit at a time."""
    rng = np.random.default_rng(seed)

    def draw(law):
        return float(law.isf(np.array([rng.random()]))[0])

    names = [stage.name for stage in line.stages]
    won = []
    for _ in range(deals):
        at, days = 0, 0.0
        while 0 <= at < len(names):
            here = line.stages[at]
            if here.slip and rng.random() < here.slip.probability:
                days += draw(here.slip.by)
            elif rng.random() < here.conversion:
                days += draw(here.cycle_time)
                at += 1
            else:
                share = rng.random()
                sent = here.back.share if here.back else 0.0
                if share < sent:
                    days += draw(here.back.after)
                    at = names.index(here.back.to)
                elif here.parked and share < sent + here.parked.share:
                    days += draw(here.parked.after) + draw(here.parked.rest)
                    at = names.index(here.parked.to)
                else:
                    at = -1
        if at == len(names):
            won.append(days)
    return np.array(won)


def test_the_mean_time_to_a_win_is_that_of_the_deals_won():
    sample = walked(LOOPED, 20_000, seed=3)
    mean = mean_days_to_win(LOOPED)
    assert_sample_mean(sample, mean)
    # planted: the stages alone; rests that take no time; 10 % off
    unrested = replace(LOOPED.stages[1].parked, rest=NOW)
    stages = (LOOPED.stages[0], replace(LOOPED.stages[1], parked=unrested), LOOPED.stages[2])
    for wrong in (33.0, mean_days_to_win(pipeline(*stages)), 0.9 * mean):
        with pytest.raises(AssertionError):
            assert_sample_mean(sample, wrong)


def test_slips_alone_have_a_closed_form():
    slip = Slip(probability=0.25, by=Fixed(value=30.0))
    line = pipeline(stage("a", 0.5, 10.0, slip=slip), stage("b", 0.5, 6.0))
    # a geometric number of slips, 1/3 on average
    assert mean_days_to_win(line) == pytest.approx(10.0 + 30.0 / 3.0 + 6.0, rel=1e-12)


def test_the_mean_time_to_a_win_without_loops_is_the_sum_of_the_stages():
    assert mean_days_to_win(pipeline(stage("a", 0.5, 10.0), stage("b", 0.1, 6.0))) == 16.0
    assert math.isnan(mean_days_to_win(pipeline(stage("a", 0.5, 10.0), stage("b", 0.0, 6.0))))


def test_a_time_without_a_mean_counts_only_where_deals_pass():
    endless = LogLogistic(median=9.0, shape=0.9)
    on_the_way = Slip(probability=0.1, by=endless)
    never = Slip(probability=0.0, by=endless)
    assert mean_days_to_win(pipeline(stage("a", 0.5, 1.0, slip=on_the_way))) == math.inf
    assert mean_days_to_win(pipeline(stage("a", 0.5, 1.0, slip=never))) == 1.0
