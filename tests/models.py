"""Models for tests: random ones that hypothesis shrinks, and workload W1 from plain dataclasses."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from hypothesis import strategies as st

from salessim.model.calendar import Span, Timeline
from salessim.model.laws import (
    Burr,
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
    Back,
    Curve,
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    OwnRates,
    Parked,
    Pipeline,
    Rate,
    Segment,
    Slip,
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


@st.composite
def stages(draw, names: list[str], *, loops: bool) -> Stage:
    """A stage after those named before it; what does not advance adds up to less than 1."""
    name = names[-1]
    share = floats(0.0, 0.25)
    undecided = draw(st.none() | st.builds(NoDecision, share=share, after=laws(scale=20)))
    slip = back = parked = None
    if loops:
        slip = draw(st.none() | st.builds(Slip, probability=floats(0.0, 0.5), by=laws(scale=15)))
        here = st.sampled_from(names)
        parked = draw(
            st.none()
            | st.builds(Parked, share=share, to=here, after=laws(scale=8), rest=laws(scale=20))
        )
        if names[:-1]:
            earlier = st.sampled_from(names[:-1])
            back = draw(st.none() | st.builds(Back, share=share, to=earlier, after=laws(scale=5)))
    return Stage(
        name=name,
        conversion=draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])),
        cycle_time=draw(laws(scale=8)),
        loss_time=draw(laws(scale=12)),
        no_decision=undecided,
        stuck_share=draw(st.sampled_from([0.0, 0.2])),
        slip=slip,
        back=back,
        parked=parked,
    )


@st.composite
def pipelines(draw, name: str, segments: list[str]) -> Pipeline:
    names = [f"s{k}" for k in range(draw(st.integers(1, 3)))]
    loops = draw(st.booleans())
    return Pipeline(
        name=name,
        stages=tuple(draw(stages(names[: k + 1], loops=loops)) for k in range(len(names))),
        amount=draw(laws(scale=1000)),
        segment=draw(st.sampled_from(segments)) if segments else None,
    )


@st.composite
def curves(draw, lines: tuple[Pipeline, ...]) -> Curve:
    line = draw(st.sampled_from(lines))
    kind = draw(st.sampled_from(["conversion", "pace"]))
    least = 0.0 if kind == "pace" else 0.1
    starts = START + timedelta(days=draw(st.integers(-10, 60)))
    days = draw(st.none() | st.integers(1, 60))
    return Curve(
        kind=kind,
        pipeline=line.name,
        stage=draw(st.none() | st.sampled_from([stage.name for stage in line.stages])),
        starts=starts,
        ends=None if days is None else starts + timedelta(days=days),
        factor=draw(st.sampled_from([least, 0.5, 2.0]) | floats(least, 4.0)),
    )


@st.composite
def campaigns(draw) -> tuple[tuple[date, float], ...]:
    days = sorted(draw(st.sets(st.integers(-10, 90), max_size=3)))
    return tuple((START + timedelta(days=k), draw(floats(0.0, 3.0))) for k in days)


@st.composite
def sources(draw, name: str, kind: str, pipeline: str, segments: list[str]) -> Source:
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
        campaign=draw(st.just(()) | campaigns()),
        over_dispersion=draw(st.just(0.0) | floats(0.05, 2.0)) if kind == "external" else 0.0,
        segment=draw(st.none() | st.sampled_from(segments))
        if segments and kind == "customer"
        else None,
        rate_shape=draw(st.none() | floats(0.3, 3)) if kind == "customer" else None,
    )


@st.composite
def own_rates(draw, names: list[str], count: int) -> tuple[OwnRates, ...]:
    def each(low: float, high: float) -> st.SearchStrategy[np.ndarray]:
        return st.lists(floats(low, high), min_size=count, max_size=count).map(np.array)

    known = draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []
    return tuple(
        OwnRates(source=name, factor=draw(each(0.0, 3.0)), shape=draw(each(0.3, 9.0)))
        for name in known
    )


@st.composite
def models(draw) -> Model:
    """Small models with every feature of the walk; a trajectory has some hundred visits."""
    names = ["new", "more"][: draw(st.integers(1, 2))]
    segments = draw(st.sampled_from([[], ["small", "large"]]))
    lines = tuple(draw(pipelines(name, segments)) for name in names)
    of = st.sampled_from(names)
    external = [
        draw(sources(f"ext{k}", "external", draw(of), segments))
        for k in range(draw(st.integers(0, 2)))
    ]
    own = [
        draw(sources(f"own{k}", "customer", draw(of), segments))
        for k in range(draw(st.integers(0, 2)))
    ]
    count = draw(st.integers(0, 8))
    tenure = np.array(draw(st.lists(floats(0, 90), min_size=count, max_size=count)))
    alive = np.array(draw(st.lists(floats(0, 1), min_size=count, max_size=count)))
    lifetimes = st.one_of(
        st.builds(Exponential, mean=floats(20, 300)),
        st.builds(Weibull, scale=floats(50, 300), shape=floats(0.7, 2)),
        st.builds(Burr, scale=floats(50, 300), tail=floats(0.5, 3)),
    )
    kinds = tuple(Segment(name=name, lifetime=draw(lifetimes)) for name in segments)
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
            lifetime=draw(lifetimes),
            ids=tuple(f"c{k}" for k in range(count)),
            tenure_days=tenure,
            segments=kinds,
            segment_of=np.arange(count) % 2 if kinds else None,
            alive=alive if draw(st.booleans()) else None,
            own_rates=draw(own_rates([source.name for source in own], count)),
        ),
        open_deals=OpenDeals(
            ids=tuple(f"d{k}" for k in range(n)),
            stages=tuple(deals),
            age_days=np.array(ages, float),
            amounts=np.array(amounts, float),
            buyer_is_new=np.array(new, bool),
        ),
        curves=tuple(draw(st.lists(curves(lines), max_size=3))),
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
