"""A plan in words: what the model says of itself, and what follows without simulating."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from salessim.config import Plan
from salessim.lowering import lower
from salessim.lowering.program import Facts
from salessim.lowering.size import exact_stage_entries
from salessim.model.law import Law
from salessim.model.laws import Fixed
from salessim.model.plan import Model, Pipeline, Source, Stage
from salessim.readable import amount, number, percent, trajectories


@dataclass(frozen=True, kw_only=True)
class StageLine:
    """A stage in words; of the deals that do not advance, shares are of those."""

    pipeline: str
    stage: str
    conversion: str
    cycle_time: str
    otherwise: str


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


def explain(plan: Plan) -> Explanation:
    """Return the plan in words; `SalessimError` when it cannot be run."""
    model = plan.model
    facts = replace(lower(model).facts, stage_entries=exact_stage_entries(model))
    stages = tuple(_stage(p, stage) for p in model.pipelines for stage in p.stages)
    sentences = (
        _time(plan),
        *(_pipeline(p, model.currency) for p in model.pipelines),
        *(_source(s, plan.document["sources"][s.name]) for s in model.sources),
        _customers(model, facts),
        _open_deals(model, facts),
        _need(model, facts),
        _growth(facts),
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
    days = sum(stage.cycle_time.mean for stage in pipeline.stages)
    after = f"after {amount(days)} days on average" if days else "at once"
    law = pipeline.amount
    books = law.describe(currency)
    if law.mean == 0:
        books = "nothing"
    elif not isinstance(law, Fixed):
        books = f"an amount: {books} (mean {amount(law.mean)} {currency})"
    return (
        f"Pipeline {pipeline.name}: {_share(pipeline.win_rate)} of the deals that enter are won, "
        f"{after if math.isfinite(days) else 'after a time without a mean'}; a won deal books "
        f"{books}."
    )


def _stage(pipeline: Pipeline, stage: Stage) -> StageLine:
    others = []
    if stage.conversion < 1:
        if stage.lost_share > 0:
            same = stage.loss_time == stage.cycle_time
            loss_time = "the same time" if same else _law(stage.loss_time)
            others.append(f"{_share(stage.lost_share)} lost: {loss_time}")
        if stage.no_decision and stage.no_decision.share > 0:
            after = _law(stage.no_decision.after)
            others.append(f"{_share(stage.no_decision.share)} no decision: {after}")
        if stage.stuck_share > 0:
            others.append(f"{_share(stage.stuck_share)} stuck for good")
    return StageLine(
        pipeline=pipeline.name,
        stage=stage.name,
        conversion=_share(stage.conversion),
        cycle_time=_law(stage.cycle_time),
        otherwise="; ".join(others) or "all advance",
    )


def _source(source: Source, written: Mapping[str, Any]) -> str:
    """Say a source; its rate and growth as they are written in the plan."""
    who = "outside" if source.kind == "external" else "each active customer"
    pace = f"{written['rate']} from {who}"
    if source.rate.mean_per_day() == 0.0 or (source.season and not any(source.season)):
        pace = f"no deals from {who}"
    words = [f"Source {source.name}: {pace} into {source.pipeline}"]
    if source.growth_per_month:
        words.append(f"growing by {written['growth']}, compounded")
    if source.season:
        words.append(f"by season x {min(source.season):g} to x {max(source.season):g}")
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
    retained = "" if kept is None else f"; {percent(kept)} of them are still there a year later"
    life = _law(model.customers.lifetime)
    return f"Customers: {len(model.customers.ids):,} at the start; lifetime {life}{retained}."


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
        return f"Need: {given.need:,.0f} {model.currency} a month, as the plan states."
    if given.past:
        mean = sum(given.past) / len(given.past)
        return f"Need: {mean:,.0f} {model.currency} a month, the mean of the past twelve."
    rate = facts.run_rate_per_month
    return f"Need: none stated; the run rate at the start is {rate:,.0f} {model.currency} a month."


def _growth(facts: Facts) -> str:
    value = facts.reproduction_number
    if value is None:
        return ""
    if value == 0:
        return "Reproduction number R: 0; customers bring no new customers."
    more = f"; {number(value / (1 - value))} in all generations" if value < 1 else ""
    return (
        f"Reproduction number R: a customer brings {number(value)} new customers in its life{more}."
    )


def _law(law: Law) -> str:
    described = law.describe("days")
    return "no time" if described == "none" else described


def _share(share: float) -> str:
    """Write a share of a plan, which is exact: nothing but what is below all use is rounded."""
    return f"{100 * share:.4g}%" if share >= 1e-4 or share == 0 else percent(share)
