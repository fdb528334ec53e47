"""From the tables of a document to the model's classes, one by one."""

from __future__ import annotations

from salessim.config import schema
from salessim.config.make_laws import LawMaker
from salessim.config.problems import Path
from salessim.model import plan as model


def make_pipeline(name: str, table: schema.Pipeline, laws: LawMaker) -> model.Pipeline:
    """Return a pipeline; what its laws lack is kept by ``laws``."""
    path: Path = ("pipelines", name)
    return model.Pipeline(
        name=name,
        stages=tuple(
            _stage(stage, laws, (*path, "stages", index))
            for index, stage in enumerate(table.stages)
        ),
        amount=laws.amount_law(table.amount, (*path, "amount")),
        segment=table.segment,
    )


def _stage(table: schema.Stage, laws: LawMaker, path: Path) -> model.Stage:
    cycle_time = laws.time_law(table.cycle_time, (*path, "cycle_time"))
    loss_time = cycle_time
    if table.loss_time is not None:
        loss_time = laws.time_law(table.loss_time, (*path, "loss_time"))
    return model.Stage(
        name=table.name,
        conversion=table.conversion,
        cycle_time=cycle_time,
        loss_time=loss_time,
        no_decision=_no_decision(table.no_decision, laws, (*path, "no_decision")),
        stuck_share=table.stuck.share if table.stuck else 0.0,
        slip=_slip(table.slip, laws, (*path, "slip")),
        back=_back(table.back, laws, (*path, "back")),
        parked=_parked(table.parked, laws, (*path, "parked")),
    )


def _no_decision(
    table: schema.NoDecision | None, laws: LawMaker, path: Path
) -> model.NoDecision | None:
    if table is None:
        return None
    return model.NoDecision(share=table.share, after=laws.time_law(table.after, (*path, "after")))


def _slip(table: schema.Slip | None, laws: LawMaker, path: Path) -> model.Slip | None:
    if table is None:
        return None
    return model.Slip(probability=table.probability, by=laws.time_law(table.by, (*path, "by")))


def _back(table: schema.Back | None, laws: LawMaker, path: Path) -> model.Back | None:
    if table is None:
        return None
    after = laws.time_law(table.after, (*path, "after"))
    return model.Back(share=table.share, to=table.to, after=after)


def _parked(table: schema.Parked | None, laws: LawMaker, path: Path) -> model.Parked | None:
    if table is None:
        return None
    after = laws.time_law(table.after, (*path, "after"))
    rest = laws.time_law(table.rest, (*path, "rest"))
    return model.Parked(share=table.share, to=table.to, after=after, rest=rest)


def make_source(name: str, table: schema.Source) -> model.Source:
    """Return a source; its campaign in order of the days."""
    return model.Source(
        name=name,
        kind=table.kind,
        pipeline=table.pipeline,
        rate=table.rate,
        buyer_is_new=table.buyer != "existing",
        growth_per_month=table.growth,
        season=tuple(table.season or ()),
        starts=table.starts,
        ends=table.ends,
        campaign=tuple(sorted(table.campaign.items())),
        over_dispersion=table.over_dispersion,
        segment=table.segment,
        rate_shape=table.rate_shape,
    )


def make_sustainability(table: schema.Sustainability) -> model.Sustainability:
    """Return what the verdict is measured against; the span is the timeline's."""
    return model.Sustainability(
        need=table.need,
        past=tuple(table.past or ()),
        self_sustaining=table.self_sustaining,
        fragile=table.fragile,
    )
