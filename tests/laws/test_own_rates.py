"""Customers who differ: own rates, and who is still there, against closed forms.

Orders of a customer with rate lambda in a life that ends after L are Poisson(lambda min(L, H)).
With lambda ~ gamma and L ~ Lomax it is the Pareto/NBD model (Schmittlein, Morrison and Colombo
1987, Management Science 33); its moments follow from those of min(L, H).
"""

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

from salessim.engine import run
from salessim.lowering import lower
from salessim.lowering.renewal import expected
from salessim.model.laws import Burr
from salessim.model.plan import Customers, OwnRates
from tests.laws.small_models import needs_machine_code, per_customer, per_day, sale, stage, timeline
from tests.statistics import assert_binomial, assert_mean

pytestmark = needs_machine_code

DAYS = 120
RATE = 1 / 40
LIFE = Burr(scale=90.0, tail=1.4)
TENURE = 50.0
PEOPLE = 40
"""Alike: each of the trajectories is as many independent customers."""
TRAJECTORIES = 4_000


def model(*, alive=None, factor=None, shape=0.6):
    """Customers of one kind who order; known one by one when there is a factor."""
    own = ()
    if factor is not None:
        own = (
            OwnRates(source="orders", factor=np.full(PEOPLE, factor), shape=np.full(PEOPLE, shape)),
        )
    people = Customers(
        lifetime=LIFE,
        ids=tuple(f"c{k}" for k in range(PEOPLE)),
        tenure_days=np.full(PEOPLE, TENURE),
        alive=None if alive is None else np.full(PEOPLE, alive),
        own_rates=own,
    )
    source = per_customer(
        "orders",
        rate=per_day(RATE),
        buyer_is_new=False,
        rate_shape=None if factor is not None else shape,
    )
    return replace(sale(stage(), sources=[source], time=timeline(1, length=DAYS)), customers=people)


def of_life(power):
    """E[f(min(L, DAYS))] of a life that has lasted for its tenure."""

    def left(x):
        return LIFE.survival(np.array([TENURE + x]))[0] / LIFE.survival(np.array([TENURE]))[0]

    def mean(function, derivative):
        area = integrate.quad(lambda x: derivative(x) * left(x), 0.0, DAYS, epsabs=1e-12)[0]
        return function(0.0) + area

    return mean(*power)


def exact(*, alive, mean, shape):
    """Return mean and variance of a customer's orders, and the probability of none."""
    first = of_life((lambda _: 0.0, lambda _: 1.0))
    second = of_life((lambda _: 0.0, lambda x: 2.0 * x))
    scale = mean / shape
    none = of_life(
        (lambda _: 1.0, lambda x: -mean * (1.0 + scale * x) ** (-shape - 1.0)),
    )
    orders = alive * mean * first
    square = alive * (mean * first + mean**2 * (1.0 + 1.0 / shape) * second)
    return orders, square - orders**2, 1.0 - alive + alive * none


def assert_orders(given, *, alive=1.0, mean=RATE, shape):
    """Check mean, variance and no orders at all; false-alarm rate 1e-6 in all."""
    cube = run(lower(given), trajectories=TRAJECTORIES, seed=5)
    totals = cube.wins.sum(axis=(1, 2, 3)).astype(float)
    orders, variance, none = exact(alive=alive, mean=mean, shape=shape)
    n = len(totals)
    assert_mean(totals.mean(), totals.std(ddof=1) / np.sqrt(n), PEOPLE * orders, tests=3)
    squares = (totals - PEOPLE * orders) ** 2
    assert_mean(squares.mean(), squares.std(ddof=1) / np.sqrt(n), PEOPLE * variance, tests=3)
    assert_binomial((totals == 0).sum(), n, none**PEOPLE, tests=3)


def test_new_customers_draw_their_rates_from_all():
    assert_orders(model(shape=0.6), shape=0.6)


def test_customers_have_rates_of_their_own_and_may_have_left():
    given = model(alive=0.3, factor=0.25, shape=0.55)
    assert_orders(given, alive=0.3, mean=0.25 * RATE, shape=0.55)
    assert expected(given).wins.sum() == pytest.approx(
        PEOPLE * exact(alive=0.3, mean=0.25 * RATE, shape=0.55)[0], rel=1e-4
    )


@pytest.mark.parametrize(
    "wrong",
    [{"alive": 1.0}, {"mean": RATE}, {"shape": 3.0}],
    ids=["everybody is there", "all have the rate of all", "all are more alike"],
)
def test_what_is_wrong_is_found(wrong):
    given = model(alive=0.3, factor=0.25, shape=0.55)
    with pytest.raises(AssertionError):
        assert_orders(given, **{"alive": 0.3, "mean": 0.25 * RATE, "shape": 0.55} | wrong)


def test_means_are_those_of_the_simulation():
    given = model(alive=0.7, factor=1.7, shape=1.2)
    people = replace(given.customers, alive=np.linspace(0.0, 1.0, PEOPLE))
    factors = np.linspace(0.0, 3.0, PEOPLE)
    own = OwnRates(source="orders", factor=factors, shape=np.full(PEOPLE, 1.2))
    friends = per_customer("friends", rate=per_day(1 / 100), rate_shape=0.4)
    given = replace(
        given,
        customers=replace(people, own_rates=(own,)),
        sources=(*given.sources, friends),
    )
    cube = run(lower(given), trajectories=TRAJECTORIES, seed=6)
    wins = cube.wins.sum(axis=(1, 2, 3)).astype(float)
    means = expected(given)
    assert_mean(wins.mean(), wins.std() / TRAJECTORIES**0.5, means.wins.sum(), tests=2)
    lost = cube.lost_customers.sum(axis=(1, 2, 3)).astype(float)
    assert_mean(lost.mean(), lost.std() / TRAJECTORIES**0.5, means.lost_customers.sum(), tests=2)
