"""Everything of worlds at once, against a simulation in plain NumPy that knows only the words.

Segments with tenures, classes of health, uncertain lives, times, rates and curves, shocks that
persist and go together: each customer and deal is drawn by NumPy's own generators, its clocks are
sums over days. Nothing of lowering or of the kernels is used.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from salessim.engine import run
from salessim.lowering import lower
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import Exponential, Fixed, Lognormal, Weibull
from salessim.model.plan import (
    Correlation,
    Curve,
    Customers,
    HealthClass,
    Model,
    OpenDeals,
    Pipeline,
    Rate,
    Segment,
    Shock,
    Source,
    Stage,
)
from salessim.model.uncertain import Between, Uncertain
from salessim.model.uncertain import Lognormal as LognormalNumber
from tests.laws.small_models import needs_machine_code
from tests.statistics import assert_same_distribution

pytestmark = needs_machine_code

START = date(2027, 1, 15)
FROM, UNTIL = date(2027, 2, 20), date(2027, 4, 3)
TIME = Timeline(start=START, period=Span(value=1, unit="month"), periods=6, judged=6)
DAYS = TIME.edges[-1]
TENURES = np.array([0, 50, 100, 400, 900, 30, 10, 60, 300, 20, 700, 5], float)
AGES = np.array([0, 1, 2, 10, 20, 40, 2.5, 5], float)
TRAJECTORIES = 12_000
COUNTED = ("customers lost", "sales", "money of sales", "up-sells")


def spread(median, sigma, address):
    marginal = LognormalNumber(median=median, sigma=sigma)
    return Uncertain(marginal, scale="log", address=address)


def plan():
    """Return the plan that `Brute` knows by heart; the segment b has up-sells, sales make an a."""
    reach = 0.6 * 1.6448536269514722
    ends = [1.0 / (1.0 + np.exp(-end)) for end in (-reach, reach)]
    conversion = Uncertain(
        Between(p05=ends[0], p95=ends[1], scale="odds"), scale="odds", address="conversion"
    )
    days, amount = spread(12.0, 0.5, "days"), spread(100.0, 0.2, "amount")
    rate, referral = spread(0.006, 0.3, "rate"), spread(1.5, 0.2, "referral")
    life_a, life_b = spread(200.0, 0.4, "life a"), spread(120.0, 0.3, "life b")
    churn, bend = spread(2.0, 0.3, "churn"), spread(0.6, 0.3, "bend")
    sale = Stage(
        name="only",
        conversion=conversion,
        cycle_time=Exponential(mean=days),
        loss_time=Fixed(value=3.0),
    )
    more = Stage(
        name="only", conversion=0.7, cycle_time=Fixed(value=0.0), loss_time=Fixed(value=0.0)
    )
    model = Model(
        title="all at once",
        currency="EUR",
        timeline=TIME,
        pipelines=(
            Pipeline(
                name="sale",
                stages=(sale,),
                amount=Lognormal(median=amount, sigma=0.5),
                segment="a",
            ),
            Pipeline(name="more", stages=(more,), amount=Fixed(value=10.0), segment="b"),
        ),
        sources=(
            Source(
                name="friends",
                kind="customer",
                pipeline="sale",
                rate=Rate(per_day=rate),
                buyer_is_new=True,
            ),
            Source(
                name="up",
                kind="customer",
                pipeline="more",
                rate=Rate(per_month=0.5),
                buyer_is_new=False,
                segment="b",
                season=(1.0, 2.0, 1.0, 0.5, *(1.0,) * 8),
                growth_per_month=-0.1,
            ),
        ),
        customers=Customers(
            lifetime=Exponential(mean=1.0),
            ids=tuple(map(str, range(len(TENURES)))),
            tenure_days=TENURES,
            segments=(
                Segment(name="a", lifetime=Weibull(scale=life_a, shape=0.8)),
                Segment(name="b", lifetime=Exponential(mean=life_b)),
            ),
            segment_of=np.arange(len(TENURES)) % 2,
            health=(
                HealthClass(name="promoter", answers=10, churn=0.5, up_sell=1.5, referral=referral),
                HealthClass(name="passive", answers=6),
                HealthClass(name="detractor", answers=4, churn=churn, up_sell=0.5, referral=0.0),
            ),
        ),
        open_deals=OpenDeals(
            ids=tuple(map(str, range(len(AGES)))),
            stages=("sale.only",) * len(AGES),
            age_days=AGES,
            amounts=np.full(len(AGES), np.nan),
            buyer_is_new=np.ones(len(AGES), bool),
        ),
        curves=(
            Curve(kind="pace", pipeline="sale", stage=None, starts=FROM, ends=UNTIL, factor=bend),
        ),
        shocks=(
            Shock(
                name="x",
                persistence=0.7,
                leads=(("friends", 0.4),),
                conversion=(("sale", 0.5),),
                pace=(("sale", 0.3),),
                amount=(("sale", 0.3),),
                churn=(("a", 0.5),),
            ),
            Shock(
                name="y",
                persistence=0.3,
                leads=(("up", 0.5),),
                churn=(("b", -0.4), ("a", 0.2)),
            ),
        ),
        correlations=(
            Correlation(first="shocks.x", second="shocks.y", value=0.5),
            Correlation(first="conversion", second="rate", value=-0.6),
        ),
    )
    numbers = (conversion, days, amount, rate, referral, life_a, life_b, churn, bend)
    return replace(model, uncertain=tuple(sorted(numbers, key=lambda number: number.address)))


class Brute:
    """One trajectory after another."""

    def __init__(self, *, seed):
        self.random = np.random.default_rng(seed)
        days = [START + timedelta(days=k) for k in range(DAYS)]
        self.month = np.array([12 * (d.year - START.year) + d.month - START.month for d in days])
        last = np.array([(d.replace(day=28) + timedelta(days=4)).replace(day=1) for d in days])
        lengths = np.array([(end - timedelta(days=1)).day for end in last])
        seasons = np.array([1.0, 2.0, 1.0, 0.5, *(1.0,) * 8])[[d.month - 1 for d in days]]
        self.up_rate = 0.5 / lengths * seasons * 0.9**self.month
        self.bent = np.array([FROM <= d < UNTIL for d in days])

    def shocks(self):
        """Draw the factors of a shock on each day: a function of the effect and of which shock."""
        together, kept = np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([0.7, 0.3])
        new = together * (1.0 - np.outer(kept, kept))
        levels = [self.random.multivariate_normal([0.0, 0.0], together)]
        for _ in range(self.month[-1]):
            levels.append(kept * levels[-1] + self.random.multivariate_normal([0.0, 0.0], new))
        by_day = np.array(levels)[self.month]
        return lambda effect, which: np.exp(effect * by_day[:, which] - effect**2 / 2)

    def draw_world(self):
        z = self.random.normal(size=9)
        factor = self.shocks()
        self.days, self.amount = 12.0 * np.exp(0.5 * z[0]), 100.0 * np.exp(0.2 * z[1])
        rate = 0.006 * np.exp(0.3 * (-0.6 * z[2] + 0.8 * z[3]))
        self.life_a, self.life_b = 200.0 * np.exp(0.4 * z[4]), 120.0 * np.exp(0.3 * z[5])
        self.churn = np.array([0.5, 1.0, 2.0 * np.exp(0.3 * z[6])])
        self.referral = np.array([1.5 * np.exp(0.2 * z[7]), 1.0, 0.0])
        pace = np.where(self.bent, 0.6 * np.exp(0.3 * z[8]), 1.0)
        odds = np.exp(0.6 * z[2]) * factor(0.5, 0)
        self.conversion, self.prices = odds / (1.0 + odds), factor(0.3, 0)
        self.shares = self.random.dirichlet([10.5, 6.5, 4.5])
        self.clocks = {
            name: np.append(0.0, np.cumsum(speed))
            for name, speed in {
                "a": factor(0.5, 0) * factor(0.2, 1),
                "b": factor(-0.4, 1),
                "friends": rate * factor(0.4, 0),
                "up": self.up_rate * factor(0.5, 1),
                "sale": pace * factor(0.3, 0),
            }.items()
        }

    def later(self, name, day, passed):
        clock = self.clocks[name]
        at = np.interp(day, np.arange(DAYS + 1), clock) + passed
        return np.inf if at >= clock[-1] else np.interp(at, clock, np.arange(DAYS + 1))

    def events(self, name, begin, end, factor):
        clock = self.clocks[name]
        low, high = np.interp([begin, min(end, DAYS)], np.arange(DAYS + 1), clock)
        count = self.random.poisson(factor * (high - low))
        return np.interp(self.random.uniform(low, high, count), clock, np.arange(DAYS + 1))

    def customer(self, day, segment, shares, tenure=0.0):
        feels = self.random.choice(3, p=shares)
        drawn = self.random.exponential()
        life = drawn * self.life_b
        if segment == "a":
            life = self.life_a * (drawn + (tenure / self.life_a) ** 0.8) ** 1.25 - tenure
        end = self.later(segment, day, life / self.churn[feels])
        self.counts["customers lost"] += end < DAYS
        for begun in self.events("friends", day, end, self.referral[feels]):
            if self.random.random() < self.conversion[int(begun)]:
                self.close(begun)
        if segment == "b":
            asked = len(self.events("up", day, end, (1.5, 1.0, 0.5)[feels]))
            self.counts["up-sells"] += self.random.binomial(asked, 0.7)

    def close(self, begun):
        day = self.later("sale", begun, self.random.exponential(self.days))
        if day < DAYS:
            self.counts["sales"] += 1
            price = self.amount * np.exp(0.5 * self.random.normal()) * self.prices[int(day)]
            self.counts["money of sales"] += price
            self.new.append(day)

    def trajectory(self):
        self.counts, self.new = dict.fromkeys(COUNTED, 0.0), []
        self.draw_world()
        for k, tenure in enumerate(TENURES):
            self.customer(0.0, "ab"[k % 2], self.shares, tenure)
        for age in AGES:
            advances = self.conversion[0] * np.exp(-age / self.days)
            lost = (1.0 - self.conversion[0]) * (age < 3.0)
            if self.random.random() < advances / (advances + lost):
                self.close(0.0)
        among = self.shares * self.churn
        while self.new:
            self.customer(self.new.pop(), "a", among / among.sum())
        return [self.counts[name] for name in COUNTED]


def simulated(model):
    cube = run(lower(model), trajectories=TRAJECTORIES, seed=11)
    wins, money = cube.wins.sum(axis=(1, 3)), cube.bookings.sum(axis=(1, 3)) / 100
    lost = cube.lost_customers.sum(axis=(1, 2, 3))
    return np.stack([lost, wins[:, 0], money[:, 0], wins[:, 1]], axis=1).astype(float)


def test_all_at_once_is_as_brute_force_has_it():
    force = Brute(seed=5)
    found = np.array([force.trajectory() for _ in range(TRAJECTORIES)])
    right = simulated(plan())
    for k in range(len(COUNTED)):
        assert_same_distribution(right[:, k], found[:, k], tests=len(COUNTED))
    # shocks that are left out are seen in the law of each
    wrong = simulated(replace(plan(), shocks=(), correlations=()))
    for k in range(len(COUNTED)):
        with pytest.raises(AssertionError):
            assert_same_distribution(wrong[:, k], found[:, k])
