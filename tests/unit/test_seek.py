"""The search for a share on staircases that are known exactly."""

import numpy as np
import pytest
from scipy import stats

from salessim.api.seek import CLOSE, seek

N = 2_000
POINTS = (0.0, 25.0, 50.0, 75.0, 100.0)


def staircase(seed=1, *, n=N, loc=50.0, scale=10.0):
    """Trajectory i reaches the target from its own normal threshold on."""
    thresholds = stats.norm(loc, scale).rvs(n, random_state=seed)
    return thresholds, lambda value: thresholds <= value


@pytest.mark.parametrize("probability", [0.02, 0.3, 0.5, 0.9, 0.99])
def test_the_root_is_the_quantile_of_the_thresholds(probability):
    thresholds, response = staircase()
    found = seek(response, POINTS, probability=probability)
    assert found.status == "found"
    assert found.turn is None
    off = abs(found.look.count - probability * N)
    assert off <= max(0.5, CLOSE * np.sqrt(N * probability * (1 - probability)))
    low, high = found.interval
    order = np.sort(thresholds)
    few, many = (int(k) for k in stats.binom(N, probability).ppf([0.025, 0.975]))
    near = 0.1 * (order[many] - order[few])
    assert low == pytest.approx(order[few - 1], abs=near)
    assert high == pytest.approx(order[many], abs=near)
    assert len(found.looks) <= 25


def test_a_falling_share_is_crossed_too():
    thresholds, response = staircase()
    found = seek(lambda value: ~response(value), POINTS, probability=0.8)
    assert found.look.value == pytest.approx(np.quantile(thresholds, 0.2), abs=0.1)
    low, high = found.interval
    assert low < found.look.value < high


def test_the_interval_holds_the_truth_as_often_as_it_says():
    # 400 searches at confidence 0.9; fewer than 330 or more than 385 hits have P < 1e-6.
    truth = stats.norm(50, 10).ppf(0.7)
    held = 0
    for seed in range(400):
        _, response = staircase(seed, n=500)
        low, high = seek(response, POINTS, probability=0.7, confidence=0.9).interval
        held += low <= truth <= high
    allowed = stats.binom(400, 0.9).interval(1 - 1e-6)
    assert allowed[0] <= held <= allowed[1]
    # A planted error: of a share that is 5 points off the truth is mostly not within.
    wrong = stats.norm(50, 10).ppf(0.76)
    missed = 0
    for seed in range(400):
        _, response = staircase(seed, n=500)
        low, high = seek(response, POINTS, probability=0.7, confidence=0.9).interval
        missed += not low <= wrong <= high
    assert 400 - missed < allowed[0]


def test_what_no_value_gives_is_said_with_the_most_it_gives():
    _, response = staircase(loc=110.0)
    found = seek(response, POINTS, probability=0.5)
    assert (found.status, found.look.value) == ("never", 100.0)
    assert found.look.share == pytest.approx(0.16, abs=0.03)
    assert found.interval == (None, None)


def test_what_every_value_gives_is_said_with_the_least():
    _, response = staircase(loc=-30.0)
    found = seek(response, POINTS, probability=0.5)
    assert (found.status, found.look.value) == ("always", 0.0)


def hump(n=N):
    thresholds = np.random.default_rng(3).uniform(0.0, 1.0, n)
    return lambda value: thresholds <= np.exp(-(((value - 37.0) / 25.0) ** 2))


def test_the_most_may_lie_between_the_ends_and_a_turn_is_noticed():
    found = seek(hump(), POINTS, probability=0.9995)
    assert found.status in {"never", "found"}
    assert found.look.value == pytest.approx(37.0, abs=2.0)
    assert found.turn is not None
    first, second = found.turn
    assert first.value < second.value
    # on the whole the share falls
    assert first.count < second.count


def test_of_several_crossings_the_one_nearest_to_the_first_point_is_taken():
    right = seek(hump(), (100.0, 75.0, 50.0, 25.0, 0.0), probability=0.5)
    left = seek(hump(), POINTS, probability=0.5)
    half = 25.0 * np.sqrt(np.log(2.0))
    assert left.look.value == pytest.approx(37.0 - half, abs=1.5)
    assert right.look.value == pytest.approx(37.0 + half, abs=1.5)


def test_a_jump_is_answered_on_the_side_that_reaches():
    found = seek(lambda value: np.full(100, value >= 33.0), POINTS, probability=0.8)
    assert 33.0 <= found.look.value <= 33.02
    assert found.look.share == 1.0
    low, high = found.interval
    assert low == pytest.approx(33.0, abs=0.02)
    assert high == found.look.value


def test_whole_numbers_stay_whole_and_are_the_least_that_do():
    thresholds = np.arange(1.0, 101.0)
    looked = []

    def response(value):
        looked.append(value)
        return thresholds <= value

    found = seek(response, (0.0, 50.0, 100.0), probability=0.805, whole=True)
    assert found.look.value in {80.0, 81.0}
    assert all(value.is_integer() for value in looked)
    assert len(looked) == len(set(looked))
    jump = seek(lambda v: np.full(9, v >= 42), (0.0, 100.0), probability=0.5, whole=True)
    assert jump.look.value == 42.0


def test_a_quick_search_looks_no_further_than_it_must():
    looked = []
    _, response = staircase()

    def seen(value):
        looked.append(value)
        return response(value)

    found = seek(seen, (40.0, 80.0, 20.0), probability=0.5, thorough=False)
    assert found.status == "found"
    assert 20.0 not in looked
    assert seek(response, (49.9, 80.0), probability=0.5, thorough=False).interval[0] is None


@pytest.mark.parametrize("probability", [0.3, 0.5, 0.8])
def test_the_interval_of_a_quick_search_is_that_of_a_thorough_one_about(probability):
    _, response = staircase(scale=20.0)
    points = (45.0, 90.0, 20.0)
    quick = seek(response, points, probability=probability, thorough=False, ends=False)
    exact = seek(response, POINTS, probability=probability)
    width = exact.interval[1] - exact.interval[0]
    assert len(quick.looks) < len(exact.looks)
    assert quick.interval == pytest.approx(exact.interval, abs=0.3 * width)
