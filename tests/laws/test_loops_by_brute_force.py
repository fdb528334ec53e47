"""Exact means with loops and curves against deals moved one visit at a time in plain NumPy.

Times of every shape, drawn by NumPy's own generators; the visits of old open deals are drawn anew
until one lasts longer than the age. Nothing of the package is used but the dataclasses of a model.
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from salessim.lowering.renewal import expected
from salessim.model.laws import Empirical, Exponential, Fixed, Gamma, Lognormal, Uniform, Weibull
from salessim.model.plan import Back, Curve, NoDecision, Parked, Slip
from tests.laws.small_models import external, open_deals, per_day, sale, stage, timeline
from tests.statistics import assert_sample_mean

START = date(2027, 1, 1)
DEALS = 60_000
PERIODS, LENGTH = 8, 30
END = PERIODS * LENGTH
ROOMS = ["first", "second"]


def draw(law, n, random):
    match law:
        case Exponential():
            times = random.exponential(law.mean, n)
        case Lognormal():
            times = random.lognormal(np.log(law.median), law.sigma, n)
        case Gamma():
            times = random.gamma(law.shape, law.mean / law.shape, n)
        case Weibull():
            times = law.scale * random.weibull(law.shape, n)
        case Uniform():
            times = random.uniform(law.low, law.high, n)
        case Empirical():
            weights = np.divide(law.weights, sum(law.weights))
            times = random.choice(law.values, n, p=weights)
        case _:
            times = np.full(n, law.value)
    return times


def looping(**changes):
    first = stage(
        "first",
        conversion=0.55,
        cycle_time=Lognormal(median=12.0, sigma=0.8),
        loss_time=Weibull(scale=30.0, shape=1.4),
        slip=Slip(probability=0.25, by=Uniform(low=10.0, high=40.0)),
        parked=Parked(
            share=0.3, to="first", after=Fixed(value=6.25), rest=Uniform(low=20.0, high=100.0)
        ),
    )
    second = stage(
        "second",
        conversion=0.45,
        cycle_time=Gamma(mean=18.0, shape=2.5),
        loss_time=Exponential(mean=25.0),
        no_decision=NoDecision(share=0.2, after=Exponential(mean=60.0)),
        back=Back(share=0.35, to="first", after=Empirical(values=(3.5, 9.5), weights=(2.0, 1.0))),
        parked=Parked(
            share=0.2, to="second", after=Lognormal(median=5.0, sigma=1.0), rest=Fixed(value=45.5)
        ),
        slip=Slip(probability=0.3, by=Lognormal(median=20.0, sigma=0.4)),
        stuck_share=0.1,
    )
    model = sale(first, second, time=timeline(PERIODS, length=LENGTH), **changes)
    return replace(model, curves=CURVES)


def curve(kind, begin, end, factor, room=None):
    days = [None if k is None else START + timedelta(days=k) for k in (begin, end)]
    return Curve(
        kind=kind, pipeline="sale", stage=room, starts=days[0], ends=days[1], factor=factor
    )


CURVES = (
    curve("conversion", -5, 100, 1.6),
    curve("conversion", 60, 170, 0.5, "second"),
    curve("pace", 40, 90, 1.7),
    curve("pace", 75, 130, 0.3, "first"),
    curve("pace", 140, 150, 0.0),
)


class BruteForce:
    """Moves deals through the stages and counts what each does in each period."""

    def __init__(self, model, random, n):
        self.stages = model.pipelines[0].stages
        self.random = random
        self.odds, self.clock = {}, {}
        for room in self.stages:
            factor = {"conversion": np.ones(END), "pace": np.ones(END)}
            for each in model.curves:
                if each.stage in {None, room.name}:
                    begin = max(0, (each.starts - START).days)
                    end = END if each.ends is None else (each.ends - START).days
                    factor[each.kind][begin:end] *= each.factor
            self.odds[room.name] = factor["conversion"]
            self.clock[room.name] = np.concatenate([[0.0], np.cumsum(factor["pace"])])
        kinds = ["won", *(kind + room.name for kind in ("entered ", "slipped ")
                          for room in self.stages)]  # fmt: skip
        self.counts = {kind: np.zeros((n, PERIODS)) for kind in kinds}

    def count(self, kind, deal, time):
        within = time < END
        periods = (time[within] // LENGTH).astype(int)
        np.add.at(self.counts[kind], (deal[within], periods), 1.0)

    def outcomes(self, room, time):
        """Draw the outcome and the time of visits."""
        n = len(time)
        odds = self.odds[room.name][time.astype(int)]
        p = odds * room.conversion / (1 - room.conversion + odds * room.conversion)
        ends = [
            ("lost", room.lost_share, room.loss_time),
            ("stuck", room.stuck_share, Fixed(value=np.inf)),
            *([("undecided", room.no_decision.share, room.no_decision.after)]
              if room.no_decision else []),
            *([("back", room.back.share, room.back.after)] if room.back else []),
            *([("parked", room.parked.share, room.parked.after)] if room.parked else []),
        ]  # fmt: skip
        shares = np.array([share for _, share, _ in ends])
        failed = self.random.choice(len(ends), n, p=shares / shares.sum())
        outcome = np.array([name for name, _, _ in ends], dtype="<U9")[failed]
        days = np.choose(failed, [draw(law, n, self.random) for _, _, law in ends])
        advances = self.random.random(n) < p
        outcome[advances] = "advance"
        days = np.where(advances, draw(room.cycle_time, n, self.random), days)
        slips = self.random.random(n) < room.slip.probability
        outcome[slips] = "slip"
        return outcome, np.where(slips, draw(room.slip.by, n, self.random), days)

    def passed(self, room, time, days):
        """When a visit that takes so many days of the stage's clock is over."""
        clock = self.clock[room.name]
        target = np.interp(time, np.arange(END + 1), clock) + days
        # the first day whose end is reached; within it the clock goes evenly
        day = np.minimum(np.searchsorted(clock, target, side="left"), END)
        speed = np.maximum(clock[day] - clock[np.maximum(day - 1, 0)], 1e-300)
        end = day - (clock[day] - target) / speed
        return np.where(target > clock[-1], np.inf, np.where(days == 0.0, time, end))

    def enter(self, deal, index, time, *, kind="entered "):
        within = time < END
        deal, time = deal[within], time[within]
        if deal.size:
            room = self.stages[index]
            self.count(kind + room.name, deal, time)
            outcome, days = self.outcomes(room, time)
            self.leave(deal, index, outcome, self.passed(room, time, days))

    def leave(self, deal, index, outcome, end):
        room, names = self.stages[index], [room.name for room in self.stages]
        gone = {name: (deal[outcome == name], end[outcome == name]) for name in np.unique(outcome)}
        for name, (those, time) in gone.items():
            if name == "slip":
                self.enter(those, index, time, kind="slipped ")
            elif name == "back":
                self.enter(those, names.index(room.back.to), time)
            elif name == "parked":
                rest = draw(room.parked.rest, len(those), self.random)
                self.enter(those, names.index(room.parked.to), time + rest)
            elif name == "advance" and index + 1 < len(names):
                self.enter(those, index + 1, time)
            elif name == "advance":
                self.count("won", those, time)

    def open_deals(self, index, age):
        """Deals that have been in a stage for some days: visits that last longer, brute force."""
        room, n = self.stages[index], len(self.counts["won"])
        outcome, days = self.outcomes(room, np.zeros(n))
        while np.any(days <= age):
            short = days <= age
            outcome[short], days[short] = self.outcomes(room, np.zeros(short.sum()))
        self.leave(np.arange(n), index, outcome, self.passed(room, np.zeros(n), days - age))


def assert_means(counts, found, *, deals):
    """Compare wins, entries and slips by period; false-alarm rate 1e-6 in all."""
    samples = [counts["won"], *(counts["entered " + room] for room in ROOMS)]
    samples += [counts["slipped " + room] for room in ROOMS]
    exact = np.hstack([found.wins, found.entered, found.slipped]).T / deals
    assert_sample_mean(np.stack(samples, axis=1), exact)


@pytest.fixture(scope="module")
def counts():
    """What new deals do, each born at some time of the simulated."""
    random = np.random.default_rng(1)
    simulation = BruteForce(looping(), random, DEALS)
    simulation.enter(np.arange(DEALS), 0, random.uniform(0.0, END, DEALS))
    return simulation.counts


def test_new_deals(counts):
    model = looping(sources=[external(rate=per_day(2.0))])
    assert_means(counts, expected(model), deals=2.0 * END)


@pytest.mark.parametrize(("index", "age"), [(0, 21.3), (1, 8.1), (1, 60.0)])
def test_open_deals(index, age):
    model = looping(deals=open_deals(1, age=age, room=ROOMS[index]))
    simulation = BruteForce(model, np.random.default_rng([2, index]), DEALS)
    simulation.open_deals(index, age)
    assert_means(simulation.counts, expected(model), deals=1.0)


@pytest.mark.parametrize("error", ["slip", "share", "rest", "pace", "odds"])
def test_planted_errors_are_caught(error, counts):
    model = looping(sources=[external(rate=per_day(2.0))])
    first, second = model.pipelines[0].stages
    if error == "slip":
        first = replace(first, slip=replace(first.slip, probability=0.27))
    elif error == "share":
        second = replace(second, back=replace(second.back, share=0.43), stuck_share=0.02)
    elif error == "rest":
        first = replace(first, parked=replace(first.parked, rest=Uniform(low=5.0, high=40.0)))
    else:
        more = {"pace": curve("pace", 0, 40, 1.3), "odds": curve("conversion", 170, 240, 1.3)}
        model = replace(model, curves=(*CURVES, more[error]))
    pipeline = replace(model.pipelines[0], stages=(first, second))
    wrong = expected(replace(model, pipelines=(pipeline,)))
    with pytest.raises(AssertionError, match="standard errors"):
        assert_means(counts, wrong, deals=2.0 * END)
