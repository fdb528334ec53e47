"""How many of n independent things fell into each class: chi-squared tests of two kinds.

``false_alarm`` is the probability that a call fails although nothing is wrong, as in
`tests.statistics`. The chi-squared law is asymptotic: fewer than 25 expected in a class are
refused, where at these tails it would be off by more than a small factor.
"""

import numpy as np
from scipy import stats

from tests.statistics import FALSE_ALARM

FEWEST = 25.0


def assert_shares(counts, probabilities, *, tests=1, false_alarm=FALSE_ALARM):
    """Check counts per class against exact probabilities, which sum to 1 (Pearson)."""
    counts, probabilities = np.asarray(counts), np.asarray(probabilities)
    assert np.isclose(probabilities.sum(), 1.0, rtol=0.0, atol=1e-9), "not a partition"
    wanted = counts.sum() * probabilities
    _assert_close(counts, wanted, freedom=counts.size - 1, alpha=false_alarm / tests)


def assert_same_shares(x, y, *, tests=1, false_alarm=FALSE_ALARM):
    """Check that two independent samples fall into classes alike (homogeneity)."""
    both = np.stack([x, y])
    wanted = np.outer(both.sum(axis=1), both.sum(axis=0)) / both.sum()
    _assert_close(both, wanted, freedom=both.shape[1] - 1, alpha=false_alarm / tests)


def _assert_close(counts, wanted, *, freedom, alpha):
    assert wanted.min() >= FEWEST, "too few expected in a class for the chi-squared law"
    found = float(((counts - wanted) ** 2 / wanted).sum())
    allowed = stats.chi2.isf(alpha, freedom)
    assert found <= allowed, f"chi-squared {found:.1f} of {freedom} freedoms, allowed {allowed:.1f}"
