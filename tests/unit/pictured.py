"""Plans for the tests of pictures, from the smallest to everything at once; and their bounds."""

import itertools
from datetime import date

import numpy as np

from salessim.charts import style
from salessim.model.calendar import Span, Timeline
from salessim.model.laws import Empirical, Exponential, Fixed, Lognormal, Uniform
from salessim.model.plan import (
    Back,
    Customers,
    Model,
    NoDecision,
    OpenDeals,
    Parked,
    Pipeline,
    Rate,
    Slip,
    Source,
    Stage,
)

NAMES = (
    "identified",
    "marketing qualified account (inbound & outbound)",
    "discovery meeting held",
    "solution design",
    "proof of concept with the customer's own data",
    "proposal",
    "legal / procurement",
    "$verbal$",
)
LONG = "enterprise new business in Germany, Austria and Switzerland"


def lognormal(median, sigma=0.7):
    return Lognormal(median=median, sigma=sigma)


def looped(index):
    """A stage of the long pipeline: the later, the more ways back."""
    rest = Uniform(low=90, high=270)
    to = NAMES[0] if index == 7 else NAMES[index]
    return Stage(
        name=NAMES[index],
        conversion=0.5 + 0.05 * index,
        cycle_time=lognormal(5 + 6 * index),
        loss_time=lognormal(10 + 9 * index, 1.0),
        no_decision=NoDecision(share=0.2, after=Exponential(mean=90)) if index % 2 else None,
        stuck_share=0.05 if index % 3 == 0 else 0.0,
        slip=Slip(probability=0.2, by=lognormal(30, 0.5)) if index >= 4 else None,
        back=Back(share=0.1, to=NAMES[index - 2], after=Fixed(value=7)) if index >= 3 else None,
        parked=Parked(share=0.1, to=to, after=Fixed(value=30), rest=rest)
        if index in (2, 5, 7)
        else None,
    )


def simple(name="offer", conversion=0.35):
    law = Empirical(values=(9.0, 12.0, 14.0, 31.0), weights=(1.0, 1.0, 1.0, 1.0))
    return Stage(name=name, conversion=conversion, cycle_time=law, loss_time=law)


def source(name, pipeline, *, kind="external", per_month=10.0, buyer_is_new=True):
    rate = Rate(per_month=per_month)
    return Source(name=name, kind=kind, pipeline=pipeline, rate=rate, buyer_is_new=buyer_is_new)


def model(pipelines, sources, **more):
    line = Timeline(
        start=date(2027, 1, 4), period=Span(value=1, unit="week"), periods=60, judged=104
    )
    return Model(
        title="A plan with $ and a long name " * 4,
        currency="EUR",
        timeline=line,
        pipelines=tuple(pipelines),
        sources=tuple(sources),
        **more,
    )


def smallest():
    """One stage that takes no time and is never left without a win; nobody buys again."""
    nothing = Fixed(value=0.0)
    stage = Stage(name="order", conversion=1.0, cycle_time=nothing, loss_time=nothing)
    pipeline = Pipeline(name="shop", stages=(stage,), amount=Fixed(value=0.05))
    return model([pipeline], [source("walk-in", "shop", buyer_is_new=False)])


def largest():
    """Four pipelines, one of eight stages with loops, many sources, customers, open deals."""
    pipelines = [
        Pipeline(name=LONG, stages=tuple(map(looped, range(8))), amount=lognormal(3e11, 0.5)),
        Pipeline(name="expansion", stages=(simple(),), amount=Fixed(value=0.05)),
        Pipeline(name="renewal", stages=(simple("a", 1.0), simple("b")), amount=Fixed(value=1_000)),
        Pipeline(name="partners", stages=tuple(map(simple, "abc")), amount=Fixed(value=20_000)),
    ]
    sources = [source(f"a rather long name of an event series {i}", LONG) for i in range(7)]
    sources += [
        source("referral", LONG, kind="customer", per_month=0.05),
        source("upsell", "expansion", kind="customer", per_month=0.2, buyer_is_new=False),
        source("renewal", "renewal", kind="customer", per_month=0.1, buyer_is_new=False),
        source("resellers", "partners", per_month=0.01),
    ]
    count = 80
    deals = OpenDeals(
        ids=tuple(map(str, range(count))),
        stages=tuple(f"{LONG}.{NAMES[i % 8]}" for i in range(count)),
        age_days=np.arange(count) * 3.0,
        amounts=np.full(count, np.nan),
        buyer_is_new=np.ones(count, dtype=bool),
    )
    people = Customers(lifetime=lognormal(900), ids=("a", "b", "c"))
    return model(pipelines, sources, customers=people, open_deals=deals)


def texts(ax_or_figure):
    """What is written and where, in pixels: every visible text that is not empty."""
    figure = ax_or_figure if hasattr(ax_or_figure, "savefig") else style.figure_of(ax_or_figure)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    # An axis keeps labels for ticks beyond its ends, which are not drawn.
    beyond = set()
    for ax in figure.axes:
        for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            for tick in axis.get_major_ticks():
                if not min(low, high) <= tick.get_loc() <= max(low, high) or not ax.axison:
                    beyond |= {tick.label1, tick.label2}
    found = figure.findobj(lambda artist: hasattr(artist, "get_fontsize") and artist not in beyond)
    return figure, [
        (text.get_text(), text.get_window_extent(renderer))
        for text in found
        if text.get_visible() and text.get_text().strip()
    ]


def outside(ax_or_figure):
    """Texts that the figure's edge cuts."""
    figure, written = texts(ax_or_figure)
    edge = figure.bbox
    return [
        said
        for said, box in written
        if box.x0 < -1 or box.y0 < -1 or box.x1 > edge.x1 + 1 or box.y1 > edge.y1 + 1
    ]


def overlapping(written):
    """Pairs of texts that cover each other by more than a pixel."""
    return [
        (a, b)
        for (a, one), (b, other) in itertools.combinations(written, 2)
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 1
        and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
    ]
