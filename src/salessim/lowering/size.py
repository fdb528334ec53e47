"""How large a trajectory is: expected visits, quickly bounded or exactly computed."""

from __future__ import annotations

import math

import numpy as np

from salessim.lowering.chain import cells_of, most_visits_and_wins
from salessim.lowering.grid import daily_rates
from salessim.lowering.own_rates import mean_factors, own_rates_of
from salessim.lowering.renewal import expected_on_grid
from salessim.model.plan import Customers, Model, Source

SURE_BOUND = 1e7
"""A bound below this is answer enough: such a plan can be run."""


def expected_stage_entries(model: Model) -> float:
    """Return the expected visits of a trajectory, the current ones of open deals included.

    Every slip begins a visit anew, so these are the visits that a simulation has to draw.

    Returns
    -------
    float
        An upper bound when that is at most `SURE_BOUND` (no time passes in any stage and no
        customer leaves: quick, and no library is loaded), else the expected number; ``inf`` when
        it cannot be held in a float.
    """
    bound = _instant_bound(model)
    if bound <= SURE_BOUND or math.isinf(bound):
        return bound
    return exact_stage_entries(model)


def _most_busy(source: Source, customers: Customers | None) -> float:
    """Return the mean own rate through a source of those at the start, and at least 1."""
    if customers is None or own_rates_of(source, customers) is None:
        return 1.0
    return max(1.0, float(mean_factors(source, customers).sum()) / max(1, len(customers.ids)))


def exact_stage_entries(model: Model) -> float:
    """Return what `expected_stage_entries` bounds, computed in steps of a day."""
    stock = len(model.open_deals.ids) if model.open_deals else 0
    with np.errstate(over="ignore", invalid="ignore"):
        means = expected_on_grid(model, steps_per_day=1)
        visits = float(means.entered.sum() + means.slipped.sum())
    return visits + stock if math.isfinite(visits) else math.inf


def _instant_bound(model: Model) -> float:
    """Return the visits if stages took no time and all customers stayed from day one.

    With segments, as if every customer had all the customer sources.
    """
    days = model.timeline.edges[-1]
    most = {
        p.name: most_visits_and_wins(p, cells_of(p, model.curves, model.timeline))
        for p in model.pipelines
    }
    deals = {p.name: 0.0 for p in model.pipelines}
    customers = float(len(model.customers.ids)) if model.customers else 0.0
    entries = 0.0
    if model.open_deals:
        customers += len(model.open_deals.ids)
        # an old deal's first outcome may be any; from there on it is as others are
        longest = max(
            1.0 + most[p.name][0].max() if p.has_loops else len(p.stages) for p in model.pipelines
        )
        entries += float(len(model.open_deals.ids) * longest)
    births = {s.name: math.fsum(daily_rates(s, model.timeline, days=days)) for s in model.sources}
    growth = 0.0
    for source in model.sources:
        won = births[source.name] * float(most[source.pipeline][1][0])
        if source.kind == "external":
            deals[source.pipeline] += births[source.name]
            customers += won if source.buyer_is_new else 0.0
        elif source.buyer_is_new:
            growth += won * _most_busy(source, model.customers)
    most_customers = customers * math.exp(growth) if growth < 700.0 else math.inf
    for source in model.sources:
        if source.kind == "customer" and customers > 0.0 and births[source.name] > 0.0:
            busy = most_customers * _most_busy(source, model.customers)
            deals[source.pipeline] += births[source.name] * busy
    return entries + math.fsum(
        count * float(most[name][0][0]) for name, count in deals.items() if count
    )
