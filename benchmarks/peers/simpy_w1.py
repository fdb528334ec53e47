"""Workload W1, scenario A, as SimPy's documentation teaches: a process a deal."""

from math import log
from random import Random

import numpy as np
import simpy

DAYS, BINS, BIN_DAYS = 720, 24, 30

# (probability to advance, median and sigma when it does, median and sigma when it is lost)
NEW_BUSINESS = (
    (0.40, 7, 0.8, 10, 1.0),
    (0.60, 14, 0.7, 21, 0.9),
    (0.65, 14, 0.6, 28, 0.9),
    (0.60, 21, 0.7, 35, 0.9),
    (0.80, 14, 0.6, 21, 0.8),
)
EXPANSION = ((0.50, 10, 0.6, 14, 0.8), (0.70, 14, 0.6, 14, 0.8))


class Company:
    """One trajectory."""

    def __init__(self, random):
        self.env = simpy.Environment()
        self.random = random
        self.bookings = np.zeros(BINS)
        self.wins = np.zeros(BINS)
        self.active = np.zeros(BINS)
        self.customers = 0
        self.stage_entries = 0

    def run(self):
        """Start what is there at the start, and run to the end."""
        self.env.process(self.leads())
        self.env.process(self.count_customers())
        for stage in range(len(NEW_BUSINESS)):
            for _ in range(60):
                self.env.process(self.new_business(first_stage=stage))
        for _ in range(500):
            self.env.process(self.customer())
        self.env.run(until=DAYS)
        # the run stops before the events of its last instant
        self.active[-1] = self.customers

    def leads(self):
        while True:
            yield self.env.timeout(self.random.expovariate(200 / 30))
            self.env.process(self.new_business())

    def pipeline(self, stages):
        """Walk through stages; True when the deal is won."""
        for chance, median, sigma, loss_median, loss_sigma in stages:
            self.stage_entries += 1
            if self.random.random() >= chance:
                yield self.env.timeout(self.random.lognormvariate(log(loss_median), loss_sigma))
                return False
            yield self.env.timeout(self.random.lognormvariate(log(median), sigma))
        return True

    def book(self, median, sigma):
        period = int(self.env.now // BIN_DAYS)
        self.wins[period] += 1
        self.bookings[period] += self.random.lognormvariate(log(median), sigma)

    def new_business(self, first_stage=0):
        won = yield from self.pipeline(NEW_BUSINESS[first_stage:])
        if won:
            self.book(12_000, 0.9)
            self.env.process(self.customer())

    def expansion(self):
        won = yield from self.pipeline(EXPANSION)
        if won:
            self.book(4_000, 0.7)

    def customer(self):
        self.customers += 1
        end = self.env.now + self.random.expovariate(1 / 720)
        self.env.process(self.start_deals(self.expansion, 1 / 180, end))
        self.env.process(self.start_deals(self.new_business, 1 / 360, end))
        yield self.env.timeout(end - self.env.now)
        self.customers -= 1

    def start_deals(self, deal, rate, end):
        while True:
            gap = self.random.expovariate(rate)
            if self.env.now + gap >= end:
                return
            yield self.env.timeout(gap)
            self.env.process(deal())

    def count_customers(self):
        for period in range(BINS - 1):
            yield self.env.timeout(BIN_DAYS)
            self.active[period] = self.customers


def simulate(trajectories, seed):
    """Simulate W1 A; the same answer as `benchmarks.peers.numpy_w1.simulate`."""
    random = Random(seed)  # noqa: S311 -- no secrets here
    companies = [Company(random) for _ in range(trajectories)]
    for company in companies:
        company.run()
        # a finished environment still holds every process that had not ended
        company.env = None
    return {
        "bookings": np.array([company.bookings for company in companies]),
        "wins": np.array([company.wins for company in companies]),
        "active": np.array([company.active for company in companies]),
        "stage_entries": np.array([company.stage_entries for company in companies]),
    }
