"""The Aalen-Johansen estimate against counts by hand, a known law, and its own bookkeeping."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim.fit.incidence import STILL_GOING, incidence
from tests.statistics import assert_binomial


def estimate(rows, *, outcomes=2):
    entry, exit_, outcome = (np.array(column) for column in zip(*rows, strict=True))
    ones = np.ones(len(rows))
    return incidence(entry.astype(float), exit_.astype(float), outcome, ones, outcomes=outcomes)


def test_by_hand():
    # at 2 one of four ends, at 5 one of two, at 9 the last
    rows = [(0, 2, 0), (0, 3, STILL_GOING), (0, 5, 1), (0, 9, 0)]
    found = estimate(rows)
    assert found.ages.tolist() == [2, 5, 9]
    assert found.at_risk.tolist() == [4, 2, 1]
    assert found.survival == pytest.approx([3 / 4, 3 / 8, 0])
    assert found.ended[0] == pytest.approx([1 / 4, 1 / 4, 5 / 8])
    assert found.ended[1] == pytest.approx([0, 3 / 8, 3 / 8])
    assert found.ended_by(np.array([0, 2, 6]), outcome=0) == pytest.approx([0, 1 / 4, 1 / 4])
    assert found.ended_before(np.array([2, 9.0]), outcome=0) == pytest.approx([0, 1 / 4])
    assert found.survives(np.array([1.9, 2, 100])) == pytest.approx([1, 3 / 4, 0])
    assert found.risk(np.array([0, 2, 2.1, 9, 9.1])).tolist() == [4, 4, 2, 1, 0]
    assert [found.age_of(share, outcome=0) for share in (0.3, 0.5, 1.0)] == [2, 9, 9]


def test_who_came_late_is_at_risk_from_then_on():
    rows = [(0, 1, 0), (0, 4, 0), (2, 4, STILL_GOING), (4, 6, 0), (3, 3, 0)]
    found = estimate(rows, outcomes=1)
    assert found.at_risk.tolist() == [2, 2, 1]
    assert found.survival == pytest.approx([1 / 2, 1 / 4, 0])


def test_visits_of_no_length_count():
    found = estimate([(0, 0, 0), (0, 0, 1), (0, 7, STILL_GOING), (0, 8, STILL_GOING)])
    assert found.ages.tolist() == [0]
    assert found.survival == pytest.approx([1 / 2])


def test_nothing_ended():
    found = estimate([(0, 3, STILL_GOING)])
    assert found.survives(np.array([0.0, 9.0])).tolist() == [1, 1]
    assert np.isnan(found.age_of(0.5, outcome=0))


visit = st.tuples(
    st.integers(0, 4), st.integers(0, 9), st.sampled_from([STILL_GOING, 0, 1]), st.integers(0, 3)
)


@given(st.lists(visit, min_size=1, max_size=30))
def test_shares_add_up_and_weights_are_counts(rows):
    entry, exit_, outcome, weight = (np.array(column) for column in zip(*rows, strict=True))
    exit_ = entry + exit_
    weighted = incidence(entry * 1.0, exit_ * 1.0, outcome, weight * 1.0, outcomes=2)
    total = weighted.survival + weighted.ended.sum(axis=0)
    assert total == pytest.approx(np.ones(len(total)))
    assert np.all(np.diff(weighted.ended, axis=1) >= 0)
    again = np.repeat(np.arange(len(rows)), weight)
    counted = incidence(
        entry[again] * 1.0, exit_[again] * 1.0, outcome[again], np.ones(len(again)), outcomes=2
    )
    assert counted.ages.tolist() == weighted.ages.tolist()
    assert counted.ended == pytest.approx(weighted.ended)


def test_truncation_and_censoring_do_not_bias():
    """60 % end in the first way after Exp(10), the others after Exp(30); truth at 20 days."""
    rng = np.random.default_rng(1)
    count = 40_000
    first = rng.random(count) < 0.6
    length = rng.exponential(np.where(first, 10.0, 30.0))
    late, seen = rng.exponential(8.0, count) * (rng.random(count) < 0.5), rng.exponential(40, count)
    kept = (length > late) & (seen > late)
    outcome = np.where(length <= seen, np.where(first, 0, 1), STILL_GOING)[kept]
    entry, exit_ = late[kept], np.minimum(length, seen)[kept]
    weight = np.ones(kept.sum())
    truth = 0.6 * (1 - np.exp(-2.0))

    def share(entry):
        found = incidence(entry, exit_, outcome, weight, outcomes=2)
        return float(found.ended_by(np.array([20.0]), outcome=0)[0])

    # No more is known than from 8,000 whole visits: a bound on the safe side.
    assert_binomial(round(8000 * share(entry)), 8000, truth)
    with pytest.raises(AssertionError):
        assert_binomial(round(8000 * share(np.zeros(len(entry)))), 8000, truth)
