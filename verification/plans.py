"""The plans that are verified: every way a deal moves, every factor of the calendar."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Literal

import numpy as np

from salessim.model.calendar import Span, Timeline
from salessim.model.law import Law
from salessim.model.laws import (
    Exponential,
    Fixed,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Uniform,
    Weibull,
)
from salessim.model.plan import (
    Back,
    Curve,
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    Parked,
    Pipeline,
    Rate,
    Segment,
    Slip,
    Source,
    Stage,
)

START = date(2027, 1, 1)
INSTANT = Fixed(value=0.0)


def days(periods: int, *, length: int = 30, start: date = START) -> Timeline:
    """Return periods of ``length`` days."""
    span = Span(value=length, unit="day")
    return Timeline(start=start, period=span, periods=periods, judged=periods)


def months(periods: int, *, start: date = START) -> Timeline:
    """Return calendar months."""
    span = Span(value=1, unit="month")
    return Timeline(start=start, period=span, periods=periods, judged=periods)


def deals(*groups: tuple[str, int, float], is_new: bool = False) -> OpenDeals:
    """Return open deals in groups of (``pipeline.stage``, how many, age in days)."""
    rooms = [room for room, count, _ in groups for _ in range(count)]
    ages = [age for _, count, age in groups for _ in range(count)]
    return OpenDeals(
        ids=tuple(f"deal {k}" for k in range(len(rooms))),
        stages=tuple(rooms),
        age_days=np.array(ages, float),
        amounts=np.full(len(rooms), np.nan),
        buyer_is_new=np.full(len(rooms), is_new),
    )


def looping(
    name: str,
    *,
    short: Law,
    long: Law,
    wait: Law,
    rest: Law,
    amount: Law,
    segment: str | None = None,
) -> Pipeline:
    """Return a pipeline of three stages with every way to leave one."""
    qualified = Stage(
        name="qualified",
        conversion=0.6,
        cycle_time=short,
        loss_time=long,
        stuck_share=0.1,
        slip=Slip(probability=0.1, by=wait),
    )
    proposal = Stage(
        name="proposal",
        conversion=0.5,
        cycle_time=long,
        loss_time=wait,
        no_decision=NoDecision(share=0.25, after=long),
        back=Back(share=0.2, to="qualified", after=short),
        parked=Parked(share=0.2, to="proposal", after=short, rest=rest),
        slip=Slip(probability=0.25, by=short),
    )
    contract = Stage(
        name="contract",
        conversion=0.7,
        cycle_time=wait,
        loss_time=short,
        back=Back(share=0.3, to="proposal", after=long),
        parked=Parked(share=0.2, to="qualified", after=wait, rest=rest),
    )
    return Pipeline(
        name=name, stages=(qualified, proposal, contract), amount=amount, segment=segment
    )


def phased() -> Model:
    """Everything at once, of exponential phases: the chain's answer is exact."""
    erlang = Gamma(mean=20.0, shape=3.0)
    mixed = Mixture(weights=(0.7, 0.3), laws=(Exponential(mean=10.0), Exponential(mean=60.0)))
    memoryless = Exponential(mean=15.0)
    lines = (
        looping(
            "new_business",
            short=memoryless,
            long=erlang,
            wait=mixed,
            rest=Gamma(mean=60.0, shape=2.0),
            amount=Lognormal(median=12_000, sigma=0.9),
            segment="large",
        ),
        looping(
            "repeat",
            short=Exponential(mean=4.0),
            long=Gamma(mean=9.0, shape=2.0),
            wait=memoryless,
            rest=Exponential(mean=40.0),
            amount=Lognormal(median=4_000, sigma=0.7),
            segment="small",
        ),
    )
    return Model(
        title="phases",
        currency="USD",
        timeline=months(12, start=date(2027, 1, 11)),
        pipelines=lines,
        sources=_sources(),
        customers=_two_segments(),
        open_deals=deals(
            ("new_business.qualified", 8, 0.0),
            ("new_business.proposal", 6, 25.0),
            ("new_business.contract", 5, 40.0),
            ("repeat.proposal", 4, 6.0),
            is_new=True,
        ),
        curves=curves(),
    )


def _two_segments() -> Customers:
    return Customers(
        lifetime=Exponential(mean=400.0),
        ids=tuple(f"customer {k}" for k in range(30)),
        tenure_days=np.repeat([0.0, 50.0, 700.0], 10),
        segments=(
            Segment(name="small", lifetime=Exponential(mean=200.0)),
            Segment(name="large", lifetime=Gamma(mean=500.0, shape=2.0)),
        ),
        segment_of=np.tile([0, 1], 15),
    )


def _sources() -> tuple[Source, ...]:
    return (
        Source(
            name="outbound",
            kind="external",
            pipeline="new_business",
            rate=Rate(per_month=25.0),
            buyer_is_new=True,
            growth_per_month=0.02,
            season=(0.9, 0.9, 1.1, 1.0, 1.0, 1.1, 0.7, 0.7, 1.1, 1.1, 1.1, 1.3),
            campaign=((date(2027, 3, 15), 1.6), (date(2027, 5, 1), 1.0)),
            over_dispersion=0.3,
        ),
        Source(
            name="partners",
            kind="external",
            pipeline="repeat",
            rate=Rate(per_day=0.5),
            buyer_is_new=True,
            starts=date(2027, 2, 10),
            ends=date(2027, 10, 20),
        ),
        Source(
            name="upsell",
            kind="customer",
            pipeline="repeat",
            rate=Rate(per_day=1 / 90),
            buyer_is_new=False,
            campaign=((date(2027, 6, 10), 2.0),),
        ),
        Source(
            name="referral",
            kind="customer",
            pipeline="new_business",
            rate=Rate(per_month=0.15),
            buyer_is_new=True,
            segment="large",
        ),
    )


def _curve(
    kind: Literal["conversion", "pace"],
    stage: str | None,
    starts: date,
    ends: date | None,
    factor: float,
) -> Curve:
    line = "new_business"
    return Curve(kind=kind, pipeline=line, stage=stage, starts=starts, ends=ends, factor=factor)


def curves() -> tuple[Curve, ...]:
    """Before the start, within months, on top of each other, for good; and time that stands."""
    return (
        _curve("conversion", "proposal", date(2026, 12, 1), date(2027, 2, 15), 1.4),
        _curve("pace", "contract", date(2026, 12, 1), date(2027, 2, 15), 0.7),
        _curve("conversion", None, date(2027, 4, 5), date(2027, 8, 1), 1.5),
        _curve("conversion", "proposal", date(2027, 6, 1), None, 0.6),
        _curve("pace", None, date(2027, 3, 1), date(2027, 6, 15), 0.5),
        _curve("pace", "proposal", date(2027, 5, 1), date(2027, 7, 1), 3.0),
        _curve("pace", "qualified", date(2027, 7, 10), date(2027, 7, 24), 0.0),
        _curve("pace", "contract", date(2027, 9, 1), None, 2.0),
    )


def general() -> Model:
    """Laws of every shape, aged deals, customers with tenure, curves on both scales."""
    plan = phased()
    lines = (
        looping(
            "new_business",
            short=Lognormal(median=12.0, sigma=0.8),
            long=Weibull(scale=30.0, shape=1.4),
            wait=LogLogistic(median=20.0, shape=2.5),
            rest=Uniform(low=30.0, high=90.0),
            amount=Lognormal(median=12_000, sigma=0.9),
        ),
        looping(
            "repeat",
            short=Fixed(value=7.0),
            long=Gamma(mean=9.0, shape=1.7),
            wait=Weibull(scale=20.0, shape=0.8),
            rest=Lognormal(median=30.0, sigma=0.5),
            amount=Gamma(mean=5_000, shape=0.7),
        ),
    )
    everyone = tuple(replace(source, segment=None) for source in plan.sources)
    customers = Customers(
        lifetime=Weibull(scale=400.0, shape=0.8),
        ids=tuple(f"customer {k}" for k in range(30)),
        tenure_days=np.repeat([0.0, 50.0, 700.0], 10),
    )
    return replace(
        plan,
        title="general laws",
        timeline=days(12),
        pipelines=lines,
        sources=everyone,
        customers=customers,
    )


def peers(*, customers: bool) -> Model:
    """Constant rates and laws that every simulator has; with customers, or one pipeline only."""
    line = looping(
        "new_business",
        short=Lognormal(median=8.0, sigma=0.7),
        long=Weibull(scale=18.0, shape=1.4),
        wait=Gamma(mean=14.0, shape=2.0),
        rest=Uniform(low=20.0, high=60.0),
        amount=Lognormal(median=12_000, sigma=0.9),
    )
    sources, base = [_steady("outbound", "external", days=2.0, is_new=customers)], None
    if customers:
        ids = tuple(f"customer {k}" for k in range(20))
        base = Customers(lifetime=Exponential(mean=200.0), ids=ids)
        sources.append(_steady("repeat", "customer", days=60.0, is_new=False))
        sources.append(_steady("referral", "customer", days=250.0, is_new=True))
    return Model(
        title="peers",
        currency="USD",
        timeline=days(9),
        pipelines=(line,),
        sources=tuple(sources),
        customers=base,
    )


def _steady(
    name: str, kind: Literal["external", "customer"], *, days: float, is_new: bool
) -> Source:
    """Return a source of a deal every so many days."""
    rate = Rate(per_day=1.0 / days)
    return Source(name=name, kind=kind, pipeline="new_business", rate=rate, buyer_is_new=is_new)
