"""The domain in plain dataclasses: what `config` writes and `lowering` reads.

Units are gone here: durations are days, money is in currency units, probabilities are in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np

from salessim._typing import BoolArray, FloatArray, IntArray
from salessim.model.calendar import DAYS_PER_MONTH, Timeline
from salessim.model.law import Law, floats
from salessim.model.uncertain import Uncertain

BASE_ORIGINS = ("open_deals", "customers")
"""Origins that need no new external lead: the first two of every plan, and no source's names."""


@dataclass(frozen=True, kw_only=True)
class NoDecision:
    """The buyer decides for nobody: a share of the deals that do not advance, after a time."""

    share: float
    after: Law


@dataclass(frozen=True, kw_only=True)
class Slip:
    """The expected close moves: after a time the visit starts anew."""

    probability: float
    """Per visit, whatever the conversion."""
    by: Law


@dataclass(frozen=True, kw_only=True)
class Back:
    """Back to an earlier stage: a share of the deals that do not advance, after a time."""

    share: float
    to: str
    """Name of a stage before this one, in the same pipeline."""
    after: Law


@dataclass(frozen=True, kw_only=True)
class Parked:
    """Put aside: the visit ends after a time, the deal rests, then re-enters a stage."""

    share: float
    to: str
    """Name of this stage or one before, in the same pipeline."""
    after: Law
    rest: Law


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One room of a pipeline and the competing ways to leave it.

    A visit slips, or else advances, or else (by shares of those that do not advance) ends without
    decision, goes back, is parked, is stuck for good, or what is left: is lost.
    """

    name: str
    conversion: float
    """Share of the deals entering that advance, slips aside."""
    cycle_time: Law
    loss_time: Law
    no_decision: NoDecision | None = None
    stuck_share: float = 0.0
    slip: Slip | None = None
    back: Back | None = None
    parked: Parked | None = None

    @property
    def lost_share(self) -> float:
        """Share of those that do not advance which are lost: what the others leave."""
        others = (self.no_decision, self.back, self.parked)
        taken = self.stuck_share + sum(other.share for other in others if other)
        return max(0.0, 1.0 - taken)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Ordered stages; a deal that advances from the last one is won for an amount."""

    name: str
    stages: tuple[Stage, ...]
    amount: Law
    segment: str | None = None
    """Segment of the customers that its wins make; None = the plan has no segments."""

    @property
    def win_rate(self) -> float:
        """Probability that a deal entering the first stage is won, curves aside."""
        if self.has_loops:
            return float(win_rates(self)[0])
        rate = 1.0
        for stage in self.stages:
            rate *= stage.conversion
        return rate

    @property
    def has_loops(self) -> bool:
        """Whether a deal can visit a stage more than once."""
        return any(stage.slip or stage.back or stage.parked for stage in self.stages)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """Events per day plus events per calendar month (one of the two is zero)."""

    per_day: float = 0.0
    per_month: float = 0.0

    def mean_per_day(self) -> float:
        """Long-run events per day, a calendar month taken as 30.4375 days."""
        return self.per_day + self.per_month / DAYS_PER_MONTH


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where deals are born: outside (`external`), or from each active customer (`customer`)."""

    name: str
    kind: Literal["external", "customer"]
    pipeline: str
    rate: Rate
    buyer_is_new: bool
    growth_per_month: float = 0.0
    """Relative growth of the rate from one calendar month to the next, compounded."""
    season: tuple[float, ...] = ()
    """Twelve factors, January first; empty = no season."""
    starts: date | None = None
    """First day with deals; None = from the start."""
    ends: date | None = None
    """First day without deals again; None = never."""
    campaign: tuple[tuple[date, float], ...] = ()
    """Factor on the rate from a day on, in order of the days; 1 before the first."""
    over_dispersion: float = 0.0
    """Variance of the gamma factor (mean one) of each calendar month; external sources only."""
    segment: str | None = None
    """Of a customer source: only customers of this segment have it; None = all."""
    rate_shape: float | None = None
    """Of a customer source: shape of the gamma law of customers' own rates, whose mean is `rate`;
    None = all have the same rate."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A class of customers that stay equally long, and for which sources may be meant."""

    name: str
    lifetime: Law


@dataclass(frozen=True, kw_only=True)
class HealthClass:
    """Customers who are alike in how they feel: promoters, passives or detractors."""

    name: str
    answers: int
    """How many said so in the survey; it describes those still here."""
    churn: float = 1.0
    """Factor on the hazard of leaving; `Uncertain` on the log scale, as the others."""
    up_sell: float = 1.0
    """Factor on the rates of customer sources whose buyer is the customer (existing)."""
    referral: float = 1.0
    """Factor on the rates of customer sources whose buyer is new."""


@dataclass(frozen=True, kw_only=True)
class OwnRates:
    """What is known of each customer's own rate through a source: a gamma law for each."""

    source: str
    factor: FloatArray
    """Mean, as a multiple of the source's rate, in the order of the customers' `ids`; >= 0."""
    shape: FloatArray
    """Gamma shape, > 0."""


@dataclass(frozen=True, kw_only=True)
class Customers:
    """Who already buys, and how long a customer stays."""

    lifetime: Law
    """Of customers without a segment, when the plan has none."""
    ids: tuple[str, ...] = ()
    tenure_days: FloatArray | None = None
    """Age of each customer at the start, in the order of `ids`; None = not known."""
    segments: tuple[Segment, ...] = ()
    """Classes of customers, each with its own lifetime; empty = all are alike."""
    segment_of: IntArray | None = None
    """Index of each customer's segment, in the order of `ids`; None without segments."""
    health: tuple[HealthClass, ...] = ()
    """Classes of customers by their health; empty = not distinguished."""
    alive: FloatArray | None = None
    """Probability of each that it has not left unnoticed before the start; None = all are there."""
    own_rates: tuple[OwnRates, ...] = ()
    """Of sources for which customers' rates are known one by one."""


@dataclass(frozen=True, kw_only=True)
class OpenDeals:
    """Deals in progress at the start, one entry each, in any order."""

    ids: tuple[str, ...]
    stages: tuple[str, ...]
    """``pipeline.stage`` of each deal."""
    age_days: FloatArray
    """Time since the stage was entered, >= 0."""
    amounts: FloatArray
    """Amount known at the start; NaN = drawn from the pipeline's law."""
    buyer_is_new: BoolArray


@dataclass(frozen=True, kw_only=True)
class Curve:
    """What changes over the calendar: a factor on a stage's conversion odds or on its pace.

    Curves on a whole pipeline and on one of its stages multiply.
    """

    kind: Literal["conversion", "pace"]
    pipeline: str
    stage: str | None
    """None = every stage of the pipeline."""
    starts: date
    ends: date | None
    """First day without it again; None = never."""
    factor: float
    """On the odds of advancing of visits entered within the dates (> 0), or the speed at which
    time passes in all visits within the dates (>= 0; 2 = twice as fast)."""

    def concerns(self, pipeline: str, stage: str) -> bool:
        """Whether it is a curve of this stage, or of its whole pipeline."""
        return self.pipeline == pipeline and self.stage in (None, stage)

    def holds(self, day: date) -> bool:
        """Whether a day lies within its dates."""
        return self.starts <= day and (self.ends is None or day < self.ends)


@dataclass(frozen=True, kw_only=True)
class Shock:
    """What moves all deals of a trajectory alike: a stationary AR(1) level by calendar month.

    The level is standard normal in every month. What it acts on is multiplied by
    exp(effect x level - effect^2 / 2), a factor with mean one. Effects of 0 are left out.
    """

    name: str
    persistence: float
    """Correlation of a month's level with the next month's, in [0, 1)."""
    leads: tuple[tuple[str, float], ...] = ()
    """(source, effect) on its rate."""
    conversion: tuple[tuple[str, float], ...] = ()
    """(pipeline, effect) on the odds of advancing in all its stages."""
    pace: tuple[tuple[str, float], ...] = ()
    """(pipeline, effect) on the speed of visits in all its stages."""
    amount: tuple[tuple[str, float], ...] = ()
    """(pipeline, effect) on drawn amounts of deals won."""
    churn: tuple[tuple[str, float], ...] = ()
    """(segment, effect) on the hazard of leaving; without segments the name is ``""``."""

    @property
    def address(self) -> str:
        """Return what correlations call it."""
        return f"shocks.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Two uncertain numbers that go together, or two shocks in the same month."""

    first: str
    second: str
    """Addresses; the same kind of thing as the first."""
    value: float
    """Of the standard normal scores (Gaussian copula), or of the shocks' levels; in [-1, 1]."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """Bookings to be reached in a span of time."""

    name: str
    """As the plan says: ``2027Q2``, ``2027-03``, ``2027-W05``, ``2027``, ``total``."""
    start: int
    """Days from the start of the forecast."""
    end: int
    amount: float
    """Currency units."""


@dataclass(frozen=True, kw_only=True)
class Sustainability:
    """What the verdict is measured against."""

    need: float | None = None
    """Money per month the business must book."""
    past: tuple[float, ...] = ()
    """Bookings of the twelve months before the start, oldest first."""
    self_sustaining: float = 0.9
    fragile: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Model:
    """A plan without words: what is simulated."""

    title: str
    currency: str
    timeline: Timeline
    pipelines: tuple[Pipeline, ...]
    sources: tuple[Source, ...] = ()
    customers: Customers | None = None
    open_deals: OpenDeals | None = None
    sustainability: Sustainability = field(default_factory=Sustainability)
    curves: tuple[Curve, ...] = ()
    uncertain: tuple[Uncertain, ...] = ()
    """All its uncertain numbers, in order of their addresses; each is also where it belongs."""
    shocks: tuple[Shock, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    targets: tuple[Target, ...] = ()

    def pipeline(self, name: str) -> Pipeline:
        """Return the pipeline of that name; KeyError when there is none."""
        return next(p for p in self.pipelines if p.name == name)


def transitions(pipeline: Pipeline) -> FloatArray:
    """Return where a visit leads: P(next visit is to stage j | visit to stage i).

    Shape (stage, stage + 1); the last column is the win. What a row lacks to 1 is lost, undecided
    or stuck.
    """
    names = [stage.name for stage in pipeline.stages]
    matrix = np.zeros((len(names), len(names) + 1))
    for i, stage in enumerate(pipeline.stages):
        slips = stage.slip.probability if stage.slip else 0.0
        matrix[i, i] += slips
        matrix[i, i + 1] += (1.0 - slips) * stage.conversion
        for other in (stage.back, stage.parked):
            if other:
                to = names.index(other.to)
                matrix[i, to] += (1.0 - slips) * (1.0 - stage.conversion) * other.share
    return matrix


def expected_visits(pipeline: Pipeline) -> FloatArray:
    """Return the mean number of visits to stage j of a deal that enters stage i: (I - Q)^-1.

    Shape (stage, stage); the fundamental matrix of an absorbing chain (Kemeny and Snell, Finite
    Markov Chains, theorem 3.2.4). LinAlgError when a loop has no exit.
    """
    among = transitions(pipeline)[:, :-1]
    return floats(np.linalg.inv(np.eye(len(among)) - among))


def win_rates(pipeline: Pipeline) -> FloatArray:
    """Return the probability to be won for a deal that enters each stage, shape (stage,)."""
    return expected_visits(pipeline) @ transitions(pipeline)[:, -1]
