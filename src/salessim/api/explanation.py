"""A plan in words: what the model says of itself, and what follows without simulating."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from salessim.api.world_words import say_value, world_sentences
from salessim.config import Plan
from salessim.lowering import lower
from salessim.lowering.program import Facts
from salessim.lowering.size import exact_stage_entries
from salessim.model.law import Law
from salessim.model.laws import Fixed
from salessim.model.loops import mean_days_to_win, on_day
from salessim.model.plan import Curve, Model, Pipeline, Source, Stage, expected_visits
from salessim.model.uncertain import Uncertain
from salessim.readable import amount, exact, number, percent, trajectories


@dataclass(frozen=True, kw_only=True)
class StageLine:
    """A stage in words; of the deals that do not advance, shares are of those."""

    pipeline: str
    stage: str
    slips: str
    """Share of the visits, and after what time they start anew; empty = none."""
    conversion: str
    cycle_time: str
    otherwise: tuple[str, ...]
    """One entry for each outcome."""

    def __str__(self) -> str:
        slips = f"slips {self.slips}; " if self.slips else ""
        others = "; ".join(self.otherwise)
        return (
            f"Stage {self.pipeline}.{self.stage}: {slips}{self.conversion} advance: "
            f"{self.cycle_time}; of the others: {others}."
        )


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a plan says.

    Attributes
    ----------
    title : str
    sentences : tuple of str
        One per pipeline, source, group of customers and fact.
    stages : tuple of StageLine
    facts : Facts
        Its ``stage_entries`` are the expected number, not the bound that a run makes do with.
    """

    title: str
    sentences: tuple[str, ...]
    stages: tuple[StageLine, ...]
    facts: Facts

    def __str__(self) -> str:
        return "\n".join((self.title, *self.sentences, *map(str, self.stages)))


def explain(plan: Plan) -> Explanation:
    """Return the plan in words; `SalessimError` when it cannot be run."""
    model = plan.model
    facts = replace(lower(model).facts, stage_entries=exact_stage_entries(model))
    stages = tuple(_stage(p, stage) for p in model.pipelines for stage in p.stages)
    sentences = (
        _time(plan),
        *(_pipeline(p, model.currency) for p in model.pipelines),
        *(_loops(p) for p in model.pipelines),
        *(_curve(c, model.pipeline(c.pipeline)) for c in model.curves),
        *(_source(source, plan) for source in model.sources),
        _customers(model, facts),
        _open_deals(model, facts),
        _need(model, facts),
        _growth(model, facts),
        _records(plan),
        *world_sentences(model),
        f"Expected stage entries: {facts.stage_entries:,.0f} a trajectory.",
        *plan.notes,
    )
    return Explanation(
        title=model.title,
        sentences=tuple(sentence for sentence in sentences if sentence),
        stages=stages,
        facts=facts,
    )


def _time(plan: Plan) -> str:
    line = plan.model.timeline
    value, unit = line.period.value, line.period.unit
    length = f"one {unit}" if value == 1 else f"{value:g} {unit}s"
    count = "1 period" if line.periods == 1 else f"{line.periods:,} periods"
    longer = ""
    if line.simulated > line.periods:
        longer = f"; simulated on to {line.period_start(line.simulated)} for the verdict"
    seed = "a seed drawn anew" if plan.seed is None else f"seed {plan.seed}"
    return (
        f"Time: {count} of {length}, from {line.start} to {line.period_start(line.periods)}"
        f"{longer}; {trajectories(plan.trajectories)}, {seed}."
    )


def _pipeline(pipeline: Pipeline, currency: str) -> str:
    days = mean_days_to_win(pipeline)
    if math.isnan(days):
        after = ""
    elif math.isinf(days):
        after = ", after a time without a mean"
    else:
        after = f", after {amount(days)} days on average" if days else ", at once"
    law = pipeline.amount
    books = law.describe(currency)
    if law.mean == 0:
        books = "nothing"
    elif not isinstance(law, Fixed):
        books = f"an amount: {books} (mean {amount(law.mean)} {currency})"
    segment = (
        f"; its new customers are of the segment {pipeline.segment}" if pipeline.segment else ""
    )
    return (
        f"Pipeline {pipeline.name}: {_share(pipeline.win_rate)} of the deals that enter are won"
        f"{after}; a won deal books {books}{segment}."
    )


def _loops(pipeline: Pipeline) -> str:
    """Say how often a deal is in each stage; empty where it is once at most."""
    if not pipeline.has_loops:
        return ""
    visits = expected_visits(pipeline)[0]
    each = [
        f"{number(float(many))} to {stage.name}"
        for many, stage in zip(visits, pipeline.stages, strict=True)
    ]
    return (
        f"Loops of {pipeline.name}: visits of a deal that enters, on average: {', '.join(each)} "
        "(a slip starts another visit)."
    )


def _curve(curve: Curve, pipeline: Pipeline) -> str:
    """Say a curve, and what it makes of the conversion or of the time."""
    what = f"{pipeline.name}.{curve.stage}" if curve.stage else f"all stages of {pipeline.name}"
    until = f"until {curve.ends}" if curve.ends else "on"
    head = f"Curve: {curve.kind} of {what}, from {curve.starts} {until}: "
    if curve.kind == "pace":
        return f"{head}{_pace(curve.factor)}."
    changed = on_day(pipeline, [curve], curve.starts)
    stages = {stage.name: stage.conversion for stage in pipeline.stages}
    if curve.stage is None:
        made = f"the win rate of {_share(pipeline.win_rate)} becomes {_share(changed.win_rate)}"
    else:
        after = {stage.name: stage.conversion for stage in changed.stages}
        made = f"{_share(stages[curve.stage])} becomes {_share(after[curve.stage])}"
    return f"{head}odds of advancing x {curve.factor:.4g} ({made})."


def _pace(factor: float) -> str:
    if factor == 0:
        return "everything stands still"
    if factor < 1:
        return f"everything takes {1 / factor:.3g} times as long"
    return f"everything goes {factor:.3g} times as fast"


def _stage(pipeline: Pipeline, stage: Stage) -> StageLine:
    slips = ""
    if stage.slip and stage.slip.probability > 0:
        slips = f"{_share(stage.slip.probability)}: {_law(stage.slip.by)}"
    return StageLine(
        pipeline=pipeline.name,
        stage=stage.name,
        slips=slips,
        conversion=_share(stage.conversion),
        cycle_time=_law(stage.cycle_time),
        otherwise=tuple(_others(stage)) or ("all advance",),
    )


def _others(stage: Stage) -> list[str]:
    """Say what becomes of the deals that do not advance."""
    if stage.conversion == 1:
        return []
    others = []
    if stage.lost_share > 0:
        same = stage.loss_time == stage.cycle_time
        others.append(
            (stage.lost_share, "lost", "the same time" if same else _law(stage.loss_time))
        )
    if ended := stage.no_decision:
        others.append((ended.share, "no decision", _law(ended.after)))
    if back := stage.back:
        others.append((back.share, f"back to {back.to}", _law(back.after)))
    if parked := stage.parked:
        rest = f"{_law(parked.after)}; rest {_law(parked.rest)}; then to {parked.to}"
        others.append((parked.share, "parked", rest))
    said = [f"{_share(share)} {what}: {time}" for share, what, time in others if share > 0]
    return said + ([f"{_share(stage.stuck_share)} stuck for good"] if stage.stuck_share else [])


def _as_written(number: float, written: Any, model: Model) -> str:
    """Say a number as the plan does; of an uncertain one its middle value."""
    if isinstance(number, Uncertain):
        return f"{say_value(number, float(number), model)} (uncertain)"
    return str(written)


def _source(source: Source, plan: Plan) -> str:
    """Say a source; its rate and growth as they are written in the plan."""
    written = plan.document["sources"][source.name]
    who = "outside" if source.kind == "external" else "each active customer"
    if source.segment:
        who += f" of the segment {source.segment}"
    rate = source.rate.per_month or source.rate.per_day
    pace = f"{_as_written(rate, written['rate'], plan.model)} from {who}"
    if source.rate.mean_per_day() == 0.0 or (source.season and not any(source.season)):
        pace = f"no deals from {who}"
    words = [f"Source {source.name}: {pace} into {source.pipeline}"]
    if source.growth_per_month:
        growth = _as_written(source.growth_per_month, written["growth"], plan.model)
        words.append(f"growing by {growth}, compounded")
    if source.season:
        words.append(f"by season x {min(source.season):.4g} to x {max(source.season):.4g}")
    if source.campaign:
        steps = (f"x {factor:.4g} from {day}" for day, factor in source.campaign)
        words.append(f"campaign {', '.join(steps)}")
    if source.rate_shape is not None:
        spread = percent(1.0 / math.sqrt(source.rate_shape))
        words.append(f"customers' own rates varying by {spread}")
    if source.over_dispersion:
        spread = percent(math.sqrt(source.over_dispersion))
        words.append(f"each month's rate varying by {spread} (over-dispersion)")
    if source.starts:
        words.append(f"from {source.starts}")
    if source.ends:
        words.append(f"until {source.ends}")
    win = "a win makes a new customer" if source.buyer_is_new else "the buyer is a customer already"
    return f"{', '.join(words)}; {win}."


def _customers(model: Model, facts: Facts) -> str:
    if model.customers is None:
        return "Customers: none at the start; whoever is won stays (there is no lifetime)."
    kept = facts.logo_retention
    segments = model.customers.segments
    whom = "all" if segments else "them"
    retained = "" if kept is None else f"; {percent(kept)} of {whom} are still there a year later"
    many = f"Customers: {len(model.customers.ids):,} at the start"
    if model.customers.alive is not None:
        many += f", of whom {model.customers.alive.sum():,.0f} are expected to be there still"
    if not segments:
        return f"{many}; lifetime {_law(model.customers.lifetime)}{retained}."
    count = Counter([] if model.customers.segment_of is None else model.customers.segment_of)
    each = (
        f"{count[index]:,} {segment.name}, lifetime {_law(segment.lifetime)}"
        for index, segment in enumerate(segments)
    )
    return f"{many}: {'; '.join(each)}{retained}."


def _open_deals(model: Model, facts: Facts) -> str:
    if model.open_deals is None or not model.open_deals.ids:
        return "Open deals: none."
    count = Counter(model.open_deals.stages)
    stages = ", ".join(f"{number:,} in {stage}" for stage, number in count.items())
    stuck = facts.stuck_open_deals
    old = f"; {stuck:,} so old that no outcome is left to them: stuck" if stuck else ""
    return f"Open deals: {len(model.open_deals.ids):,} ({stages}){old}."


def _need(model: Model, facts: Facts) -> str:
    given = model.sustainability
    if given.need is not None:
        return f"Need: {exact(given.need)} {model.currency} a month, as the plan states."
    if given.past:
        mean = sum(given.past) / len(given.past)
        return f"Need: {exact(mean)} {model.currency} a month, the mean of the past twelve."
    rate = facts.run_rate_per_month
    return (
        f"Need: none stated; the run rate at the start is {exact(rate)} {model.currency} a month."
    )


def _growth(model: Model, facts: Facts) -> str:
    value = facts.reproduction_number
    if value is None:
        return ""
    if value == 0:
        return "Reproduction number R: 0; customers bring no new customers."
    if model.customers and model.customers.segments:
        return (
            "Reproduction number R: from each generation of customers to the next their number is "
            f"multiplied by {number(value)} (in the long run, all segments together)."
        )
    more = f"; {number(value / (1 - value))} in all generations" if value < 1 else ""
    return (
        f"Reproduction number R: a customer brings {number(value)} new customers in its life{more}."
    )


def _records(plan: Plan) -> str:
    """Say what the plan was measured from; empty where it does not."""
    if plan.records is None or not plan.records.files:
        return ""
    names = ", ".join(file.name for file in plan.records.files)
    return f"Records: measured from {names}; nothing of them is read to run it."


def _law(law: Law) -> str:
    described = law.describe("days")
    return "no time" if described == "none" else described


def _share(share: float) -> str:
    """Write a share of a plan, which is exact: nothing but what is below all use is rounded."""
    return f"{100 * share:.4g}%" if share >= 1e-4 or share == 0 else percent(share)
