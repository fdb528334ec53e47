"""Workload W1 with more to it: seasons, loops, curves, a world; about as many deals as before."""

from dataclasses import replace
from datetime import date

from salessim.model.laws import Fixed, Lognormal, Uniform
from salessim.model.plan import Back, Correlation, Curve, Model, Parked, Shock, Slip
from tests.worlds import uncertain


def with_seasons(model: Model) -> Model:
    """Season and growth on every source."""
    season = (0.9, 0.9, 1.1, 1.0, 1.0, 1.1, 0.7, 0.7, 1.1, 1.1, 1.1, 1.3)
    sources = tuple(
        # 1 % a month compounds to 12 % over the horizon's mean
        replace(s, season=season, growth_per_month=0.01, rate=replace(s.rate, per_day=level))
        for s, level in ((s, s.rate.per_day / 1.12) for s in model.sources)
    )
    return replace(model, sources=sources)


def with_loops(model: Model) -> Model:
    """Slips in three stages of five; one also sends deals back and parks them."""
    by_month = Lognormal(median=30.0, sigma=0.5)
    pipeline, *others = model.pipelines
    lead, qualified, demo, proposal, negotiate = pipeline.stages
    stages = (
        lead,
        replace(qualified, slip=Slip(probability=0.1, by=by_month)),
        demo,
        replace(
            proposal,
            slip=Slip(probability=0.2, by=by_month),
            back=Back(share=0.1, to="qualified", after=Fixed(value=7.0)),
            parked=Parked(
                share=0.1,
                to="qualified",
                after=Fixed(value=30.0),
                rest=Uniform(low=90.0, high=270.0),
            ),
        ),
        replace(negotiate, slip=Slip(probability=0.2, by=by_month)),
    )
    return replace(model, pipelines=(replace(pipeline, stages=stages), *others))


def with_curves(model: Model) -> Model:
    """Every stage slower and worse in summer."""
    curves = [
        Curve(
            kind=kind,
            pipeline=pipeline.name,
            stage=None,
            starts=date(year, 6, 15),
            ends=date(year, 9, 1),
            factor=factor,
        )
        for pipeline in model.pipelines
        for year in (2027, 2028)
        for kind, factor in (("pace", 0.7), ("conversion", 0.9))
    ]
    return replace(model, curves=tuple(curves))


UNKNOWN, SWING = 0.1, 0.15
"""Standard deviation of the logarithm of each number; effects of each shock."""


EFFECTS_ON_PIPELINES = ("conversion", "pace", "amount")


def with_world(model: Model, *, on_pipelines: tuple[str, ...] = EFFECTS_ON_PIPELINES) -> Model:
    """Conversions, rates, medians and means uncertain; two correlated shocks.

    They act on leads and churn, and on what is named of the pipelines.
    """
    model = uncertain(model, sd=UNKNOWN, where=(".conversion", ".rate", ".median", ".mean"))
    effects = {
        "leads": tuple((source.name, SWING) for source in model.sources),
        "churn": (("", SWING),),
        **{
            effect: tuple((pipeline.name, SWING) for pipeline in model.pipelines)
            for effect in on_pipelines
        },
    }
    shocks = tuple(
        Shock(name=name, persistence=persistence, **effects)
        for name, persistence in (("economy", 0.9), ("competitor", 0.5))
    )
    together = Correlation(first="shocks.competitor", second="shocks.economy", value=0.3)
    return replace(model, shocks=shocks, correlations=(together,))
