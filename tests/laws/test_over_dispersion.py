"""Over-dispersed months: negative binomial counts, whatever campaigns make of a month's days."""

from datetime import date

import numpy as np
import pytest
from scipy import stats

from salessim.engine import run
from salessim.lowering import lower
from tests.laws.shares import FEWEST, assert_shares
from tests.laws.small_models import external, needs_machine_code, per_day, sale, stage, timeline
from tests.statistics import assert_binomial, assert_uncorrelated

pytestmark = needs_machine_code

TRAJECTORIES = 20_000
VARIANCE = 0.4
CAMPAIGN = ((date(2027, 2, 11), 3.0), (date(2027, 2, 21), 2.0), (date(2027, 3, 1), 1.0))
# 0.25 a day: January as it is; February 10 days, 10 days at 3 times, 8 days at twice; March
PARTS = {"january": [31], "february": [10, 10 * 3, 8 * 2], "march": [31]}
MEANS = [0.25 * sum(days) for days in PARTS.values()]
EDGES = [0, 31, 41, 51, 59, 90]


def program(**changes):
    told = {"over_dispersion": VARIANCE, "campaign": CAMPAIGN} | changes
    source = external(rate=per_day(0.25), **told)
    other = external("other", rate=per_day(0.25), over_dispersion=VARIANCE)
    model = sale(stage(), sources=[source, other], time=timeline(90, length=1))
    return lower(model)


def parts(program):
    """Leads between the edges, [trajectory, part, source]."""
    leads = run(program, trajectories=TRAJECTORIES, seed=31).leads
    return np.add.reduceat(leads, EDGES[:-1], axis=1)


def months(counts):
    return np.stack([counts[:, 0], counts[:, 1:4].sum(axis=1), counts[:, 4]], axis=1)


def assert_negative_binomial(counts, mean, *, tests):
    """Poisson of a gamma factor with mean 1 and the variance: by its probabilities, exactly."""
    law = stats.nbinom(1 / VARIANCE, 1 / (1 + VARIANCE * mean))
    usual = np.flatnonzero(law.pmf(range(200)) * len(counts) >= FEWEST)
    low, high = usual[0], usual[-1]
    probabilities = [law.cdf(low), *law.pmf(range(low + 1, high)), law.sf(high - 1)]
    assert_shares(np.bincount(np.clip(counts, low, high) - low), probabilities, tests=tests)


def assert_over_dispersed(counts):
    """Check months and what is between them; false-alarm rate 1e-6 in all."""
    whole = months(counts)
    for month, mean in enumerate(MEANS):
        assert_negative_binomial(whole[:, month, 0], mean, tests=9)
    for a, b in [(0, 1), (1, 2)]:
        assert_uncorrelated(whole[:, a, 0], whole[:, b, 0], tests=9)
    assert_uncorrelated(whole[:, 1, 0], whole[:, 1, 1], tests=9)
    february = counts[:, 1:4, 0].sum(axis=0)
    for part, weight in zip(february, PARTS["february"], strict=True):
        # one factor for the whole month leaves the days their shares
        share = weight / sum(PARTS["february"])
        assert_binomial(int(part), int(february.sum()), share, tests=9)


def test_months_are_negative_binomial_and_independent():
    assert_over_dispersed(parts(program()))


@pytest.mark.parametrize(
    "changes",
    [{"over_dispersion": 0.36}, {"campaign": (CAMPAIGN[0], (date(2027, 2, 22), 2.0))}],
    ids=["variance", "a day more"],
)
def test_planted_errors_are_caught(changes):
    with pytest.raises(AssertionError, match=r"chi-squared|too (few|many)"):
        assert_over_dispersed(parts(program(**changes)))


@pytest.mark.parametrize("error", ["a factor for each line", "a factor for both sources"])
def test_factors_of_other_entities_are_caught(error):
    wrong = program()
    lines = wrong.arrays.arrivals
    if error == "a factor for each line":
        lines.month[:] = lines.entity
    else:
        first, second = lines.first_line[0], lines.first_line[1]
        of_february = np.flatnonzero(lines.start[second:] == 31.0)
        lines.month[second + of_february] = lines.month[first + 1]
    with pytest.raises(AssertionError, match=r"chi-squared|correlation"):
        assert_over_dispersed(parts(wrong))


@pytest.mark.parametrize("variance", [1e-13, 1e-310])
def test_a_variance_that_nobody_can_see_is_none(variance):
    assert program(over_dispersion=variance).sha256 == program(over_dispersion=0.0).sha256
    assert program(over_dispersion=1e-9).sha256 != program(over_dispersion=0.0).sha256
