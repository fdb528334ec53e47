"""Models for tests: random ones that hypothesis shrinks, and workload W1 from plain dataclasses."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from salessim.model.calendar import Span, Timeline
from salessim.model.laws import (
    Empirical,
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
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    Pipeline,
    Rate,
    Source,
    Stage,
)

START = date(2027, 1, 20)


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


def laws(*, scale: float) -> st.SearchStrategy:
    """Laws of every shape around a scale."""
    about = floats(scale / 4, scale * 4)
    simple = st.one_of(
        st.builds(Lognormal, median=about, sigma=floats(0.1, 1.5)),
        st.builds(Exponential, mean=about),
        st.builds(Fixed, value=about),
        st.just(Fixed(value=0.0)),
        st.builds(lambda low, more: Uniform(low=low, high=low + more), low=about, more=about),
        st.builds(Gamma, mean=about, shape=floats(0.5, 4)),
        st.builds(Weibull, scale=about, shape=floats(0.6, 3)),
        st.builds(LogLogistic, median=about, shape=floats(1.2, 4)),
        st.lists(about, min_size=1, max_size=5).map(
            lambda values: Empirical(values=tuple(values), weights=(1.0,) * len(values))
        ),
    )
    pair = st.tuples(simple, simple)
    return st.one_of(simple, pair.map(lambda two: Mixture(weights=(0.3, 0.7), laws=two)))


def stages(name: str) -> st.SearchStrategy[Stage]:
    undecided = st.builds(NoDecision, share=floats(0.0, 0.5), after=laws(scale=20))
    return st.builds(
        Stage,
        name=st.just(name),
        conversion=st.sampled_from([0.0, 0.3, 0.7, 1.0]),
        cycle_time=laws(scale=8),
        loss_time=laws(scale=12),
        no_decision=st.none() | undecided,
        stuck_share=st.sampled_from([0.0, 0.2, 0.5]),
    )


def pipelines(name: str) -> st.SearchStrategy[Pipeline]:
    rooms = st.integers(1, 3).flatmap(lambda n: st.tuples(*(stages(f"s{k}") for k in range(n))))
    return st.builds(Pipeline, name=st.just(name), stages=rooms, amount=laws(scale=1000))


@st.composite
def sources(draw, name: str, kind: str, pipeline: str) -> Source:
    per_month = draw(st.booleans())
    level = draw(floats(0.2, 12.0)) if kind == "external" else draw(floats(0.05, 0.4))
    days = st.integers(-10, 120).map(lambda k: START + timedelta(days=k))
    starts = draw(st.none() | days)
    ends = draw(st.none() | days)
    if starts and ends and ends <= starts:
        ends = starts + timedelta(days=15)
    return Source(
        name=name,
        kind=kind,
        pipeline=pipeline,
        rate=Rate(per_month=level) if per_month else Rate(per_day=level / 30),
        buyer_is_new=draw(st.booleans()),
        growth_per_month=draw(st.sampled_from([0.0, 0.05, -0.1])),
        season=draw(st.just(()) | st.lists(floats(0.0, 2.0), min_size=12, max_size=12).map(tuple)),
        starts=starts,
        ends=ends,
    )


@st.composite
def models(draw) -> Model:
    """Small models with every feature of the walk; a trajectory has some hundred visits."""
    names = ["new", "more"][: draw(st.integers(1, 2))]
    lines = tuple(draw(pipelines(name)) for name in names)
    of = st.sampled_from(names)
    external = [
        draw(sources(f"ext{k}", "external", draw(of))) for k in range(draw(st.integers(0, 2)))
    ]
    own = [draw(sources(f"own{k}", "customer", draw(of))) for k in range(draw(st.integers(0, 2)))]
    count = draw(st.integers(0, 8))
    tenure = np.array(draw(st.lists(floats(0, 90), min_size=count, max_size=count)))
    lifetime = draw(
        st.builds(Exponential, mean=floats(20, 300))
        | st.builds(Weibull, scale=floats(50, 300), shape=floats(0.7, 2))
    )
    rooms = [f"{line.name}.{stage.name}" for line in lines for stage in line.stages]
    deals = draw(st.lists(st.sampled_from(rooms), max_size=8))
    n = len(deals)
    ages = draw(st.lists(st.sampled_from([0.0, 1.0, 10.0, 33.3]), min_size=n, max_size=n))
    amounts = draw(st.lists(st.sampled_from([np.nan, 0.0, 12.345]), min_size=n, max_size=n))
    new = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    period = draw(st.sampled_from([Span(value=1, unit="month"), Span(value=20, unit="day")]))
    periods = draw(st.integers(1, 5))
    return Model(
        title="random",
        currency="USD",
        timeline=Timeline(start=START, period=period, periods=periods, judged=periods),
        pipelines=lines,
        sources=tuple(external + own),
        customers=Customers(
            lifetime=lifetime, ids=tuple(f"c{k}" for k in range(count)), tenure_days=tenure
        ),
        open_deals=OpenDeals(
            ids=tuple(f"d{k}" for k in range(n)),
            stages=tuple(deals),
            age_days=np.array(ages, float),
            amounts=np.array(amounts, float),
            buyer_is_new=np.array(new, bool),
        ),
    )


W1_NEW_BUSINESS = [
    ("lead", 0.40, 7, 0.8, 10, 1.0),
    ("qualified", 0.60, 14, 0.7, 21, 0.9),
    ("demo", 0.65, 14, 0.6, 28, 0.9),
    ("proposal", 0.60, 21, 0.7, 35, 0.9),
    ("negotiate", 0.80, 14, 0.6, 21, 0.8),
]
W1_EXPANSION = [("offer", 0.50, 10, 0.6, 14, 0.8), ("agree", 0.70, 14, 0.6, 14, 0.8)]


def _w1_pipeline(name: str, rooms: list, median: float, sigma: float) -> Pipeline:
    return Pipeline(
        name=name,
        stages=tuple(
            Stage(
                name=room,
                conversion=p,
                cycle_time=Lognormal(median=m, sigma=s),
                loss_time=Lognormal(median=loss_m, sigma=loss_s),
            )
            for room, p, m, s, loss_m, loss_s in rooms
        ),
        amount=Lognormal(median=median, sigma=sigma),
    )


def w1(*, external_leads: bool = True, periods: int = 24) -> Model:
    """Workload W1: scenario A, or B without external leads."""
    ids = [f"new_business.{room[0]} {k}" for room in W1_NEW_BUSINESS for k in range(60)]
    sources = [
        Source(name="upsell", kind="customer", pipeline="expansion",
               rate=Rate(per_day=1 / 180), buyer_is_new=False),
        Source(name="referral", kind="customer", pipeline="new_business",
               rate=Rate(per_day=1 / 360), buyer_is_new=True),
    ]  # fmt: skip
    if external_leads:
        sources.append(
            Source(name="outbound", kind="external", pipeline="new_business",
                   rate=Rate(per_day=200 / 30), buyer_is_new=True)
        )  # fmt: skip
    period = Span(value=30, unit="day")
    return Model(
        title="W1",
        currency="USD",
        timeline=Timeline(start=date(2027, 1, 1), period=period, periods=periods, judged=periods),
        pipelines=(
            _w1_pipeline("new_business", W1_NEW_BUSINESS, 12_000, 0.9),
            _w1_pipeline("expansion", W1_EXPANSION, 4_000, 0.7),
        ),
        sources=tuple(sources),
        customers=Customers(
            lifetime=Exponential(mean=720), ids=tuple(f"customer {k}" for k in range(500))
        ),
        open_deals=OpenDeals(
            ids=tuple(ids),
            stages=tuple(name.split(" ")[0] for name in ids),
            age_days=np.zeros(300),
            amounts=np.full(300, np.nan),
            buyer_is_new=np.ones(300, bool),
        ),
    )
