"""Where the spread of a plan comes from, against closed forms.

Leads of a Poisson source pass one stage at once; the rate r, the conversion c, the median m of the
lognormal amounts and the level of a shock on the leads are not known. Given the world a year's
bookings are a compound Poisson sum, with mean and variance

    f = 12 r c m exp(s^2 / 2) S    and    12 r c S m^2 exp(2 s^2),

where S is the mean of the shock's factors. f is a product of independent factors. With v the
squared coefficient of variation of a factor,

    Var f = (prod(1 + v) - 1) E[f]^2,  S_i = v_i / (prod(1 + v) - 1),  T_i = S_i prod(1 + v_j),

the last product over all j but i (Sobol 2001, Mathematics and Computers in Simulation 55).
"""

import math

import numpy as np
import pytest

import salessim as ss
from salessim.forecast.judge import WILSON_Z
from salessim.model.uncertain import NORMAL_P95
from tests.laws.small_models import needs_machine_code

pytestmark = [needs_machine_code, pytest.mark.slow]

SIGMA, PERSISTENCE, EFFECT = 0.5, 0.8, 0.15
PLAN = f"""
title = "a product"
currency = "USD"

[forecast]
start = 2027-01-01
horizon = "12 months"
period = "month"
trajectories = 100
seed = 7

[pipelines.sale]
amount = {{ lognormal = {{ median = {{ p05 = 8_000, p95 = 12_000 }}, sigma = {SIGMA} }} }}

[[pipelines.sale.stages]]
name = "offer"
conversion = {{ p05 = 0.3, p95 = 0.6 }}

[sources.leads]
kind = "external"
pipeline = "sale"
rate = {{ p05 = "3 per month", p95 = "7 per month" }}

[shocks.economy]
persistence = {PERSISTENCE}
leads = {EFFECT}
"""
NAMES = {
    "r": "sources.leads.rate",
    "c": "pipelines.sale.stages.offer.conversion",
    "m": "pipelines.sale.amount.lognormal.median",
    "S": "shocks.economy",
}
WORLDS = 4096
ALLOWED = 4.9
"""Standard errors: a single figure is off by more for nothing once in a million times."""


def moments(low, high, scale):
    """Mean and squared coefficient of variation of a number by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    ends = np.array([low, high], dtype=float)
    ends = np.log(ends / (1 - ends)) if scale == "odds" else np.log(ends)
    z = ends.mean() + nodes * (ends[1] - ends[0]) / (2 * NORMAL_P95)
    x = 1 / (1 + np.exp(-z)) if scale == "odds" else np.exp(z)
    first, second = (weights @ x**k / weights.sum() for k in (1, 2))
    return first, second / first**2 - 1


def exact():
    """Means and squared coefficients of variation, by letter."""
    found = {
        "r": moments(3, 7, "log"),
        "c": moments(0.3, 0.6, "odds"),
        "m": moments(8_000, 12_000, "log"),
    }
    gaps = np.abs(np.subtract.outer(range(12), range(12)))
    found["S"] = 1.0, np.exp(EFFECT**2 * PERSISTENCE**gaps).mean() - 1
    return {k: mean for k, (mean, _) in found.items()}, {k: v for k, (_, v) in found.items()}


MEANS, V = exact()
BETWEEN = math.prod(1 + v for v in V.values()) - 1
KNOWN = math.prod(1 + V[k] for k in "rcm") - 1
LUCK = math.exp(SIGMA**2) * (1 + V["m"]) / (12 * MEANS["r"] * MEANS["c"])
MEAN = 12 * MEANS["r"] * MEANS["c"] * MEANS["m"] * math.exp(SIGMA**2 / 2)


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "product.toml"
    path.write_text(PLAN)
    return ss.load_plan(path)


@pytest.fixture(scope="module")
def found(plan):
    return ss.sensitivity(plan, trajectories=WORLDS, worlds=WORLDS, seed=11)


def off(estimate, expected):
    return abs(estimate.value - expected) / estimate.se


def test_the_mean_is_that_of_the_worlds(found):
    assert off(found.mean, MEAN) < ALLOWED
    assert off(found.mean, 1.08 * MEAN) > ALLOWED


@pytest.mark.parametrize(
    ("part", "variance"), [("parameters", KNOWN), ("shocks", BETWEEN - KNOWN), ("luck", LUCK)]
)
def test_shares_of_the_variance(found, part, variance):
    share = getattr(found.split, part)
    assert off(share, variance / (BETWEEN + LUCK)) < ALLOWED
    # what the other parts have would be caught
    others = (BETWEEN + LUCK - variance) / (BETWEEN + LUCK)
    assert off(share, others) > ALLOWED


def test_the_variance_is_that_of_worlds_and_luck(found):
    # a lognormal product: heavier than normal, so the relative error is some sqrt(6 / worlds)
    assert found.split.variance == pytest.approx((BETWEEN + LUCK) * MEAN**2, rel=5 * 0.04)


@pytest.mark.parametrize("letter", list(NAMES))
def test_sobol_indices_of_a_product(found, letter):
    share = next(one for one in found.shares if one.inputs == (NAMES[letter],))
    first = V[letter] / BETWEEN
    total = first * (1 + BETWEEN) / (1 + V[letter])
    for interval, expected in ((share.first, first), (share.total, total)):
        reach = (interval.high - interval.low) / 2
        assert reach < 0.1
        # stated at 95 %, tested at one false alarm in a million
        assert abs(interval.value - expected) < ALLOWED / WILSON_Z * reach


def test_indices_that_luck_is_part_of_would_be_caught(found):
    share = next(one for one in found.shares if one.inputs == (NAMES["r"],))
    reach = (share.total.high - share.total.low) / 2
    # as shares of the variance of single trajectories, whose luck the plan makes large enough
    total = V["r"] / BETWEEN * (1 + BETWEEN) / (1 + V["r"]) * BETWEEN / (BETWEEN + LUCK)
    assert abs(share.total.value - total) > ALLOWED / WILSON_Z * reach


def test_shares_are_ranked(found):
    totals = [share.total.value for share in found.shares]
    assert totals == sorted(totals, reverse=True)
    assert {share.inputs for share in found.shares} == {(name,) for name in NAMES.values()}


@pytest.mark.parametrize(
    ("letter", "ends"), [("r", (3, 7)), ("c", (0.3, 0.6)), ("m", (8_000, 12_000))]
)
def test_tornado_holds_a_number_at_its_ends(found, letter, ends):
    swing = next(one for one in found.tornado if one.address == NAMES[letter])
    assert swing.values == pytest.approx(ends)
    for end, at, change in zip(ends, swing.means, swing.changes, strict=True):
        expected = MEAN * end / MEANS[letter]
        assert off(at, expected) < ALLOWED
        assert off(change, expected - MEAN) < ALLOWED
        assert off(change, -(expected - MEAN)) > ALLOWED
        # paired: the difference is known better than both means
        assert change.se < at.se + found.mean.se
    assert [one.reach for one in found.tornado] == sorted(
        (one.reach for one in found.tornado), reverse=True
    )


def test_correlated_numbers_vary_together(plan):
    together = plan.with_({"correlation": {NAMES["r"]: {NAMES["c"]: 0.8}}, "shocks": {}})
    found = ss.sensitivity(together, trajectories=64, worlds=512, seed=3)
    assert {frozenset(one.inputs) for one in found.shares} == {
        frozenset({NAMES["r"], NAMES["c"]}),
        frozenset({NAMES["m"]}),
    }


def test_the_same_seed_gives_the_same_answer(plan):
    one, two = (ss.sensitivity(plan, trajectories=64, worlds=64, seed=5) for _ in range(2))
    assert {**one.summary()} == {**two.summary()}
