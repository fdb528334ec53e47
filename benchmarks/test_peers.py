"""The peers give W1's published means: a faster wrong answer would be worthless."""

import numpy as np
import pytest

from benchmarks.peers import numpy_w1
from tests import w1_published
from tests.statistics import assert_sample_mean


def assert_right(answer):
    """Check a peer's answer; false-alarm rate 1e-6 in all."""
    assert_sample_mean(answer["bookings"], w1_published.A.bookings, tests=4)
    assert_sample_mean(answer["wins"], w1_published.A.wins, tests=4)
    assert_sample_mean(answer["active"], w1_published.A.active_customers, tests=4)
    assert_sample_mean(answer["stage_entries"], w1_published.A.stage_entries, tests=4)


@pytest.mark.parametrize("funnel", [True, False])
def test_numpy(funnel):
    answer = numpy_w1.simulate(2000, seed=1, funnel=funnel)
    assert_right(answer)
    # and the check would notice one stage entry in a hundred left out
    with pytest.raises(AssertionError, match="standard errors"):
        assert_right(answer | {"stage_entries": 0.99 * answer["stage_entries"]})


def test_numpy_does_not_depend_on_its_batches():
    assert_right(numpy_w1.simulate(500, seed=2, batch=500))


def test_flows_of_numpy():
    answer = numpy_w1.simulate(500, seed=4)
    entered, advanced, lost = answer["flows"].sum(axis=3).transpose(2, 0, 1)
    # the current visits of 300 open deals are no entries
    np.testing.assert_array_equal(entered.sum(axis=1) + 300, answer["stage_entries"])
    np.testing.assert_array_equal(advanced[:, [0, 1, 2, 3, 5]], entered[:, [1, 2, 3, 4, 6]])
    np.testing.assert_array_equal(advanced[:, [4, 6]].sum(axis=1), answer["wins"].sum(axis=1))
    assert np.all(advanced + lost <= entered + np.array([60, 60, 60, 60, 60, 0, 0]))


def test_simpy():
    pytest.importorskip("simpy")
    from benchmarks.peers import simpy_w1

    assert_right(simpy_w1.simulate(40, seed=3))
