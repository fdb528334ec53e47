"""The domain in plain dataclasses: what `config` writes and `lowering` reads.

Units are gone here: durations are days, money is in currency units, probabilities are in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from salessim._typing import BoolArray, FloatArray
from salessim.model.calendar import DAYS_PER_MONTH, Timeline
from salessim.model.law import Law

BASE_ORIGINS = ("open_deals", "customers")
"""Origins that need no new external lead: the first two of every plan, and no source's names."""


@dataclass(frozen=True, kw_only=True)
class NoDecision:
    """The buyer decides for nobody: a share of the deals that do not advance, after a time."""

    share: float
    after: Law


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One room of a pipeline and the competing ways to leave it."""

    name: str
    conversion: float
    cycle_time: Law
    loss_time: Law
    no_decision: NoDecision | None = None
    stuck_share: float = 0.0

    @property
    def lost_share(self) -> float:
        """Share of those that do not advance which are lost: what the others leave."""
        taken = self.stuck_share + (self.no_decision.share if self.no_decision else 0.0)
        return max(0.0, 1.0 - taken)


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """Ordered stages; a deal that advances from the last one is won for an amount."""

    name: str
    stages: tuple[Stage, ...]
    amount: Law

    @property
    def win_rate(self) -> float:
        """Probability that a deal entering the first stage is won."""
        rate = 1.0
        for stage in self.stages:
            rate *= stage.conversion
        return rate


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


@dataclass(frozen=True, kw_only=True)
class Customers:
    """Who already buys, and how long a customer stays."""

    lifetime: Law
    ids: tuple[str, ...] = ()
    tenure_days: FloatArray | None = None
    """Age of each customer at the start, in the order of `ids`; None = not known."""


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

    def pipeline(self, name: str) -> Pipeline:
        """Return the pipeline of that name; KeyError when there is none."""
        return next(p for p in self.pipelines if p.name == name)
