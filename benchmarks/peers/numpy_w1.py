"""Workload W1, scenario A, as a good analyst writes it in NumPy.

Many trajectories at once, deals as flat arrays with the trajectory they belong to, moved stage by
stage: outcome, then the time of that outcome, then compress. Customers and what they start come
generation by generation.

With ``funnel`` it does the whole work that the workload states and the walk always does: the time
of every visit, lost deals too, and the flows of every stage. Without, nothing is drawn that
bookings, wins and customers do not need, and the losers' times, most of all, are left out.
"""

import numpy as np

DAYS, BINS, BIN_DAYS = 720.0, 24, 30.0
LEADS_PER_DAY, CUSTOMERS, OPEN_PER_STAGE = 200 / 30, 500, 60
MEAN_LIFETIME, DAYS_PER_UPSELL, DAYS_PER_REFERRAL = 720.0, 180.0, 360.0

ENTERED, ADVANCED, LOST = range(3)

# (first row of the flows, stages, amount): a stage is its probability to advance, then median days
# and sigma of those that advance and of those that are lost; an amount is median and sigma
NEW_BUSINESS = (
    0,
    (
        (0.40, (7.0, 0.8), (10.0, 1.0)),
        (0.60, (14.0, 0.7), (21.0, 0.9)),
        (0.65, (14.0, 0.6), (28.0, 0.9)),
        (0.60, (21.0, 0.7), (35.0, 0.9)),
        (0.80, (14.0, 0.6), (21.0, 0.8)),
    ),
    (12_000.0, 0.9),
)
EXPANSION = (
    5,
    ((0.50, (10.0, 0.6), (14.0, 0.8)), (0.70, (14.0, 0.6), (14.0, 0.8))),
    (4_000.0, 0.7),
)
STAGES = 7


class Batch:
    """Trajectories side by side, and what they count."""

    def __init__(self, trajectories, rng, *, funnel):
        self.n = trajectories
        self.funnel = funnel
        self.flows = np.zeros((STAGES, 3, trajectories * BINS), dtype=np.int64)
        self.rng = rng
        self.bookings = np.zeros(trajectories * BINS)
        self.wins = np.zeros(trajectories * BINS)
        self.change = np.zeros(trajectories * BINS)
        self.stage_entries = np.zeros(trajectories, dtype=np.int64)

    def walk(self, pipeline, time, owner, *, open_deals=0):
        """Move deals through a pipeline, book what is won, return the winners' time and owner."""
        first, stages, amount = pipeline
        for row, (chance, advance_time, loss_time) in enumerate(stages, first):
            self.stage_entries += np.bincount(owner, minlength=self.n) + open_deals
            if self.funnel:
                self.count(self.flows[row, ENTERED], time, owner)
            if open_deals:
                time = np.concatenate((time, np.zeros(self.n * open_deals)))
                owner = np.concatenate((owner, np.repeat(np.arange(self.n), open_deals)))
            advances = self.rng.random(time.size) < chance
            if self.funnel:
                lost = self.later(np.flatnonzero(~advances), time, owner, loss_time)
                self.count(self.flows[row, LOST], *lost)
            time, owner = self.later(np.flatnonzero(advances), time, owner, advance_time)
            if self.funnel:
                self.count(self.flows[row, ADVANCED], time, owner)
        cell = self.cell(time, owner)
        amount = self.lognormal(time.size, amount)
        self.wins += np.bincount(cell, minlength=self.wins.size)
        self.bookings += np.bincount(cell, weights=amount, minlength=self.bookings.size)
        return time, owner

    def lognormal(self, size, law):
        median, sigma = law
        values = self.rng.standard_normal(size)
        values *= sigma
        np.exp(values, out=values)
        values *= median
        return values

    def later(self, chosen, time, owner, law):
        """Time and owner of the chosen deals when their visit ends, as far as that is in time."""
        time, owner = time[chosen] + self.lognormal(chosen.size, law), owner[chosen]
        inside = np.flatnonzero(time < DAYS)
        return time[inside], owner[inside]

    def count(self, flow, time, owner):
        flow += np.bincount(self.cell(time, owner), minlength=flow.size)

    @staticmethod
    def cell(time, owner):
        return owner * BINS + (time * (1 / BIN_DAYS)).astype(np.int64)

    def stay(self, start, owner):
        """Draw when customers leave, count them, return how long they are active."""
        end = start + self.rng.exponential(MEAN_LIFETIME, start.size)
        gone = end < DAYS
        self.change += np.bincount(self.cell(start, owner), minlength=self.change.size)
        self.change -= np.bincount(self.cell(end[gone], owner[gone]), minlength=self.change.size)
        return np.minimum(end, DAYS) - start

    def deals(self, start, owner, active, *, days_per_deal):
        """Start deals as a Poisson process while customers are active: a count, then times."""
        source = np.repeat(np.arange(start.size), self.rng.poisson(active * (1 / days_per_deal)))
        time = start[source] + active[source] * self.rng.random(source.size)
        return time, owner[source]

    def run(self):
        """Simulate every trajectory to the end."""
        count = self.rng.poisson(LEADS_PER_DAY * DAYS, self.n)
        leads = self.rng.random(count.sum()) * DAYS
        lead_owner = np.repeat(np.arange(self.n), count)
        start = np.zeros(self.n * CUSTOMERS)
        owner = np.repeat(np.arange(self.n), CUSTOMERS)
        open_deals = OPEN_PER_STAGE
        while start.size or leads.size:
            active = self.stay(start, owner)
            upsell = self.deals(start, owner, active, days_per_deal=DAYS_PER_UPSELL)
            referral = self.deals(start, owner, active, days_per_deal=DAYS_PER_REFERRAL)
            self.walk(EXPANSION, *upsell)
            time = np.concatenate((leads, referral[0]))
            deal_owner = np.concatenate((lead_owner, referral[1]))
            start, owner = self.walk(NEW_BUSINESS, time, deal_owner, open_deals=open_deals)
            leads, lead_owner, open_deals = leads[:0], lead_owner[:0], 0


def simulate(trajectories, seed, *, batch=16, funnel=True):
    """Simulate W1 A.

    Returns
    -------
    dict
        ``bookings``, ``wins`` and ``active`` (customers at the end of each bin), each of shape
        (trajectories, 24), ``stage_entries`` (trajectories,), and with ``funnel`` the ``flows``
        (trajectories, 7 stages, 3, 24): deals that entered, advanced and were lost.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for first in range(0, trajectories, batch):
        part = Batch(min(batch, trajectories - first), rng, funnel=funnel)
        part.run()
        parts.append(part)

    def joined(name):
        return np.concatenate([getattr(part, name).reshape(-1, BINS) for part in parts])

    answer = {
        "bookings": joined("bookings"),
        "wins": joined("wins"),
        "active": joined("change").cumsum(axis=1),
        "stage_entries": np.concatenate([part.stage_entries for part in parts]),
    }
    if funnel:
        flows = [
            part.flows.reshape(STAGES, 3, part.n, BINS).transpose(2, 0, 1, 3) for part in parts
        ]
        answer["flows"] = np.concatenate(flows)
    return answer
