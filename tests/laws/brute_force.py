"""Deals moved one visit at a time in plain NumPy, straight from the dataclasses of a model.

Times of every shape, drawn by NumPy's own generators; the visits of old open deals are drawn anew
until one lasts longer than the age. Nothing else of the package is used, so that an error in
lowering a model to arrays does not pass unseen.
"""

import numpy as np

from salessim.model.laws import Empirical, Exponential, Gamma, Lognormal, Uniform, Weibull

KINDS = ("entered", "advance", "lost", "no_decision", "back", "parked", "slip")
"""What is counted of each stage, in the order of the flows."""


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


def mean(law):
    match law:
        case Lognormal():
            return law.median * np.exp(law.sigma**2 / 2)
        case Exponential() | Gamma():
            return law.mean
        case _:
            return law.value


class BruteForce:
    """Moves deals through one pipeline and counts what each does in each period.

    ``flows`` is [deal, period, stage, kind], ``won`` and ``slipped`` are [deal, period]; the last
    are slips by which the expected close left the period.
    """

    def __init__(self, model, random, n):
        self.stages = model.pipelines[0].stages
        self.random = random
        self.edges = np.array(model.timeline.edges)
        self.end = int(self.edges[-1])
        self.odds, self.clock = {}, {}
        for room in self.stages:
            factor = {"conversion": np.ones(self.end), "pace": np.ones(self.end)}
            for each in model.curves:
                if each.stage in {None, room.name}:
                    begin = max(0, (each.starts - model.timeline.start).days)
                    end = each.ends and max(0, (each.ends - model.timeline.start).days)
                    factor[each.kind][begin:end] *= each.factor
            self.odds[room.name] = factor["conversion"]
            self.clock[room.name] = np.concatenate([[0.0], np.cumsum(factor["pace"])])
        periods = len(self.edges) - 1
        self.flows = np.zeros((n, periods, len(self.stages), len(KINDS)), np.int16)
        self.won, self.slipped = np.zeros((2, n, periods), np.int16)

    def period(self, time):
        return np.searchsorted(self.edges, time, side="right") - 1

    def count(self, counts, deal, time):
        within = time < self.end
        np.add.at(counts, (deal[within], self.period(time[within])), 1)

    def outcomes(self, room, time):
        """Draw the outcome and the time of visits."""
        n = len(time)
        odds = self.odds[room.name][time.astype(int)]
        p = odds * room.conversion / (1 - room.conversion + odds * room.conversion)
        ends = [
            ("lost", room.lost_share, draw(room.loss_time, n, self.random)),
            ("stuck", room.stuck_share, np.full(n, np.inf)),
        ]
        for name in ("no_decision", "back", "parked"):
            other = getattr(room, name)
            if other:
                ends.append((name, other.share, draw(other.after, n, self.random)))
        shares = np.array([share for _, share, _ in ends])
        failed = self.random.choice(len(ends), n, p=shares / shares.sum())
        outcome = np.array([name for name, _, _ in ends], dtype="<U11")[failed]
        days = np.choose(failed, [times for _, _, times in ends])
        advances = self.random.random(n) < p
        outcome[advances] = "advance"
        days = np.where(advances, draw(room.cycle_time, n, self.random), days)
        if room.slip:
            slips = self.random.random(n) < room.slip.probability
            outcome[slips] = "slip"
            days = np.where(slips, draw(room.slip.by, n, self.random), days)
        return outcome, days

    def passed(self, room, time, days):
        """When a visit that takes so many days of the stage's clock is over."""
        clock = self.clock[room.name]
        target = np.interp(time, np.arange(self.end + 1), clock) + days
        # the first day whose end is reached; within it the clock goes evenly
        day = np.minimum(np.searchsorted(clock, target, side="left"), self.end)
        speed = np.maximum(clock[day] - clock[np.maximum(day - 1, 0)], 1e-300)
        end = day - (clock[day] - target) / speed
        return np.where(target > clock[-1], np.inf, np.where(days == 0.0, time, end))

    def enter(self, deal, index, time):
        within = time < self.end
        self.count(self.flows[:, :, index, 0], deal[within], time[within])
        self.visit(deal[within], index, time[within])

    def visit(self, deal, index, time):
        if deal.size:
            room = self.stages[index]
            outcome, days = self.outcomes(room, time)
            self.leave(deal, index, outcome, begun=time, end=self.passed(room, time, days))

    def leave(self, deal, index, outcome, *, begun, end):
        room, names = self.stages[index], [room.name for room in self.stages]
        for kind, name in enumerate(KINDS[1:], start=1):
            those = outcome == name
            who, time = deal[those], end[those]
            self.count(self.flows[:, :, index, kind], who, time)
            if name == "slip":
                self.slip(who, index, begun[those], time)
                within = time < self.end
                self.visit(who[within], index, time[within])
            elif name == "back" and room.back:
                self.enter(who, names.index(room.back.to), time)
            elif name == "parked" and room.parked:
                rest = draw(room.parked.rest, len(who), self.random)
                self.enter(who, names.index(room.parked.to), time + rest)
            elif name == "advance" and index + 1 < len(names):
                self.enter(who, index + 1, time)
            elif name == "advance":
                self.count(self.won, who, time)

    def slip(self, deal, index, begun, anew):
        """Count the deals that were expected to close in one period and now are in a later one."""
        to_win = sum(mean(room.cycle_time) for room in self.stages[index:])
        before, after = np.maximum(begun + to_win, 0.0), anew + to_win
        later = self.period(np.minimum(after, self.end)) > self.period(np.minimum(before, self.end))
        self.count(self.slipped, deal[later], before[later])

    def open_deals(self, index, age):
        """Deals that have been in a stage for some days: visits that last longer, brute force."""
        room, n = self.stages[index], len(self.flows)
        outcome, days = self.outcomes(room, np.zeros(n))
        # at age 0 nothing is known, not even that an instant visit is over
        while age > 0 and np.any(days <= age):
            short = days <= age
            outcome[short], days[short] = self.outcomes(room, np.zeros(short.sum()))
        end = self.passed(room, np.zeros(n), days - age)
        self.leave(np.arange(n), index, outcome, begun=np.full(n, -age), end=end)
