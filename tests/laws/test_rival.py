"""P(A beats B): exact where Poisson counts are compared; on shared luck it is another."""

import math

import numpy as np
import pytest
from scipy import stats

import salessim as ss
from salessim.forecast.judge import wilson
from salessim.forecast.rival import odds
from salessim.readable import percent
from tests.statistics import assert_binomial

N = 4_000
PLAN = """
currency = "USD"

[forecast]
start = 2027-01-01
horizon = "3 months"
period = "month"
seed = 11

[pipelines.one]
amount = { fixed = 100 }

[[pipelines.one.stages]]
name = "sure"
conversion = 1.0

[sources.web]
kind = "external"
pipeline = "one"
rate = "10 per month"

[scenarios.more]
"sources.web.rate" = "12 per month"

[scenarios.same]
"sources.web.rate" = "120 per year"
"""
RATE, MORE, MONTHS = 10.0, 12.0, 3


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("rival") / "poisson.toml"
    path.write_text(PLAN)
    return ss.load_plan(path)


@pytest.fixture(scope="module")
def compared(plan):
    plans = {"plan": plan, **{name: plan.scenario(name) for name in plan.scenario_names}}
    return ss.compare(plans, trajectories=N)


def assert_poisson_odds(found, more, base, *, tests):
    """Check how often one Poisson count is above another, and equal: Skellam's law."""
    difference = stats.skellam(more, base)
    for value, probability in ((found.share, difference.sf(0)), (found.tied, difference.pmf(0))):
        assert_binomial(round(float(value) * N), N, probability, tests=2 * tests)


@pytest.mark.parametrize(("name", "rate"), [("more", MORE), ("same", RATE)])
def test_it_is_that_of_independent_poisson_counts(compared, name, rate):
    difference = compared.differences[name]
    assert_poisson_odds(difference.beats, MONTHS * rate, MONTHS * RATE, tests=2)
    for month in range(MONTHS):
        found = odds(compared.rival.bookings.whole[:, month],
                     difference.other.series("bookings").whole[:, month])  # fmt: skip
        assert_poisson_odds(found, rate, RATE, tests=2 * MONTHS)
        assert [values[month] for values in difference.beats_by_period] == list(found)


def test_on_the_same_luck_it_would_be_another_answer(compared):
    """Planted: the first scenario itself as its rival, on common random numbers."""
    more = compared.outcomes["more"].series("bookings").whole.sum(axis=1)
    shared = odds(compared.base.series("bookings").whole.sum(axis=1), more)
    with pytest.raises(AssertionError, match="too many"):
        assert_poisson_odds(shared, MONTHS * MORE, MONTHS * RATE, tests=1)
    # with more leads on the same luck nothing is ever lost
    assert shared.share + shared.tied == 1.0
    # and the sure gain on average is no contradiction to it
    paired = compared.differences["more"].total("bookings")
    assert paired.low > 0
    assert float(compared.differences["more"].beats.share) < 0.8


MIDDLE, SPREAD = 20.0, math.log(4.0) / (2 * stats.norm.ppf(0.95))
FACTOR = 1.2


def unsure(plan, factor=1.0):
    rates = {p: f"{factor * rate:g} per month" for p, rate in (("p05", 10), ("p95", 40))}
    return plan.with_({"sources.web.rate": rates})


def exact_odds_in_shared_worlds():
    """Return how often the Poisson count of 1.2 times a lognormal rate is above one of the rate."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    rates = MONTHS * MIDDLE * np.exp(SPREAD * nodes)
    return float(stats.skellam.sf(0, FACTOR * rates, rates) @ weights / weights.sum())


def test_both_live_in_the_same_worlds(plan):
    plans = {"plan": unsure(plan), "more": unsure(plan, FACTOR)}
    compared = ss.compare(plans, trajectories=N)
    exact = exact_odds_in_shared_worlds()
    found = compared.differences["more"].beats
    assert_binomial(round(float(found.share) * N), N, exact, tests=2)
    # planted: in worlds of its own the rival is beaten less often
    elsewhere = ss.simulate(unsure(plan), trajectories=N, seed=compared.rival.seed).bookings
    more = compared.outcomes["more"].series("bookings").whole.sum(axis=1)
    apart = odds(elsewhere.whole.sum(axis=1), more)
    with pytest.raises(AssertionError, match="too few"):
        assert_binomial(round(float(apart.share) * N), N, exact, tests=2)


def test_the_rival_is_a_run_of_the_first_plan_with_its_own_seed(plan, compared):
    rival = compared.rival
    alone = ss.simulate(plan, trajectories=N, seed=rival.seed)
    assert np.array_equal(rival.bookings.whole, alone.bookings.whole)
    assert rival.seed != compared.base.provenance.seed
    again = ss.compare({"plan": plan, "more": plan.scenario("more")}, trajectories=N)
    assert again.rival.seed == rival.seed
    top = ss.compare({"a": plan, "b": plan.scenario("more")}, trajectories=2, seed=2**64 - 1)
    assert 0 <= top.rival.seed < 2**64


@pytest.mark.parametrize("probability", [0.02, 0.3, 0.5, 0.9])
def test_the_interval_holds_the_truth_as_often_as_it_says(probability):
    # exact, so no chance of a false alarm; counts are few and whole, so not 95 % to the digit
    counts = np.arange(61)
    law = stats.binom(60, probability)
    rival = np.zeros(60)
    held = 0.0
    for count in counts:
        found = odds(rival, (np.arange(60) < count).astype(float))
        assert (found.low, found.high) == wilson(count / 60, 60)
        held += law.pmf(count) * (found.low <= probability <= found.high)
    assert 0.93 <= held <= 0.99


def test_ties_are_told_from_losses():
    found = odds(np.array([0, 0, 5, 5]), np.array([0, 1, 4, 5]))
    assert (float(found.share), float(found.tied)) == (0.25, 0.5)


def test_documents_say_it(compared, tmp_path):
    document = compared.summary()
    assert document["run"]["rival_seed"] == compared.rival.seed
    said = document["differences"]["more"]["beats"]
    found = compared.differences["more"].beats
    assert said["share"] == float(found.share)
    assert (said["low"], said["high"]) == (float(found.low), float(found.high))
    assert len(said["series"]["share"]) == MONTHS
    rows = compared.to_frame().query("what == 'beats'")
    assert rows.scenario.tolist() == ["more"] * 4 + ["same"] * 4
    assert rows["mean"].tolist()[:4] == [said["share"], *said["series"]["share"]]
    compared.to_csv(tmp_path / "c.csv")
    assert f"more,beats,bookings,share,(whole span),{said['share']:.4f},,,,," in (
        (tmp_path / "c.csv").read_text()
    )


def test_the_chart_says_it_beside_the_mean(compared, tmp_path):
    from salessim.charts import style

    ax = compared.plot.totals()
    (beside,) = ax.child_axes
    shown = [label.get_text() for label in beside.get_yticklabels()]
    assert shown == [percent(float(d.beats.share)) for d in compared.differences.values()]
    assert "of futures\nbook more" in [text.get_text() for text in ax.texts]
    assert compared.plot.totals("wins").child_axes == []  # it is of bookings only
    style.save(compared.plot.both(), tmp_path / "c.svg")
