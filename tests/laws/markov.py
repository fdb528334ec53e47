"""Exact means of a pipeline whose times are all exponential: a Markov chain in continuous time.

A deal is in a visit whose outcome is settled already, or at rest; the expected numbers there, and
the counts, follow linear differential equations with constant coefficients between the edges of
the curves, solved by the matrix exponential. Nothing here is shared with the package but the
dataclasses of a model.
"""

import math
from itertools import pairwise

import numpy as np
from scipy.linalg import expm

from salessim.model.laws import Exponential


class Chain:
    """One pipeline, a constant rate of births into it, open deals, and curves."""

    def __init__(self, model, *, births_per_day=0.0, rest_has_pace=False):
        self.model = model
        self.births = births_per_day
        self.rest_has_pace = rest_has_pace
        (self.pipeline,) = model.pipelines
        self.names = {"birth": 0}

    def counts(self, edges):
        """Counts between the edges: a dict of (kind, stage) -> array; kinds as below."""
        self._system({}, {})  # numbers the states
        value = np.zeros(len(self.names))
        value[0] = 1.0
        self._open_deals(value)
        start = self.model.timeline.start
        cuts = set(edges)
        for curve in self.model.curves:
            cuts |= {
                (day - start).days for day in (curve.starts, curve.ends) if day and day > start
            }
        cuts = sorted(cut for cut in cuts if cut <= edges[-1])
        found = [value]
        for begin, end in pairwise(cuts):
            system = self._system(self._factors("conversion", begin), self._factors("pace", begin))
            value = expm(system * (end - begin)) @ value
            if end in edges:
                found.append(value)
        counts = np.diff(found, axis=0)
        return {name: counts[:, i] for name, i in self.names.items()}

    def _factors(self, kind, day):
        start = self.model.timeline.start
        factors = {stage.name: 1.0 for stage in self.pipeline.stages}
        for curve in self.model.curves:
            begun = (curve.starts - start).days <= day
            over = curve.ends is not None and (curve.ends - start).days <= day
            if curve.kind == kind and begun and not over:
                for name in [curve.stage] if curve.stage else factors:
                    factors[name] *= curve.factor
        return factors

    def outcomes(self, stage, odds=1.0):
        """Name -> (probability, law, what follows) of each outcome that has a law."""
        c = odds * stage.conversion / (1 - stage.conversion + odds * stage.conversion)
        slips = stage.slip.probability if stage.slip else 0.0
        fails = (1 - slips) * (1 - c)
        names = [s.name for s in self.pipeline.stages] + [None]
        following = names[names.index(stage.name) + 1]
        found = {
            "advance": ((1 - slips) * c, stage.cycle_time, following),
            "lost": (fails * stage.lost_share, stage.loss_time, None),
            "stuck": (fails * stage.stuck_share, None, None),
        }
        if stage.no_decision:
            found["undecided"] = (fails * stage.no_decision.share, stage.no_decision.after, None)
        if stage.slip:
            found["slip"] = (slips, stage.slip.by, stage.name)
        if stage.back:
            found["back"] = (fails * stage.back.share, stage.back.after, stage.back.to)
        if stage.parked:
            found["parked"] = (fails * stage.parked.share, stage.parked.after, None)
        return found

    def _number(self, *name):
        return self.names.setdefault(name, len(self.names))

    def _stage(self, name):
        return next(stage for stage in self.pipeline.stages if stage.name == name)

    def _system(self, odds, pace):
        flows = []  # (from, to, rate); from 0 to 0 is the constant
        flows += self._entering(0, self.births, self.pipeline.stages[0].name, "entered", odds)
        for stage in self.pipeline.stages:
            speed = pace.get(stage.name, 1.0)
            for name, (_, law, following) in self.outcomes(stage).items():
                here = self._number(stage.name, name)
                if law is None:
                    continue
                assert isinstance(law, Exponential)
                rate = speed / law.mean
                flows.append((here, here, -rate))
                if name == "parked":
                    rest, to = self._number(stage.name, "rest"), stage.parked.to
                    leaving = (speed if self.rest_has_pace else 1.0) / stage.parked.rest.mean
                    flows += [(here, rest, rate), (rest, rest, -leaving)]
                    flows += self._entering(rest, leaving, to, "entered", odds)
                elif name == "advance" and following is None:
                    flows.append((here, self._number("won"), rate))
                elif following:
                    kind = "slipped" if name == "slip" else "entered"
                    flows += self._entering(here, rate, following, kind, odds)
        matrix = np.zeros((len(self.names), len(self.names)))
        for origin, target, rate in flows:
            matrix[target, origin] += rate
        return matrix

    def _entering(self, origin, rate, name, kind, odds):
        flows = [(origin, self._number(kind, name), rate)]
        outcomes = self.outcomes(self._stage(name), odds.get(name, 1.0))
        for outcome, (probability, _, _) in outcomes.items():
            flows.append((origin, self._number(name, outcome), rate * probability))
        return flows

    def _open_deals(self, value):
        deals = self.model.open_deals
        if deals is None:
            return
        odds = self._factors("conversion", 0)
        for address, age in zip(deals.stages, deals.age_days, strict=True):
            stage = self._stage(address.partition(".")[2])
            weights = {
                name: p * (1.0 if law is None else math.exp(-age / law.mean))
                for name, (p, law, _) in self.outcomes(stage, odds[stage.name]).items()
            }
            for name, weight in weights.items():
                value[self._number(stage.name, name)] += weight / sum(weights.values())
