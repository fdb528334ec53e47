"""What is known of a model without simulating it."""

from __future__ import annotations

import numpy as np

from salessim.errors import SalessimError
from salessim.lowering.customer_means import customer_classes, has_source
from salessim.lowering.grid import campaign_factor
from salessim.lowering.health import mean_rate_here, mean_rate_of_life, shares_here
from salessim.lowering.program import Facts
from salessim.lowering.size import expected_stage_entries
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.model.loops import on_day
from salessim.model.plan import Customers, Model, Pipeline, Source

MOST_STAGE_ENTRIES = 1e7
DAYS_PER_YEAR = 12 * DAYS_PER_MONTH


def rate_at_start(source: Source, model: Model) -> float:
    """Events per day on the first day, averaged over the season; 0 outside the source's dates.

    A campaign under way on that day counts, one that begins later does not.
    """
    start = model.timeline.start
    begun = source.starts is None or source.starts <= start
    over = source.ends is not None and source.ends <= start
    if not begun or over:
        return 0.0
    season = sum(source.season) / 12 if source.season else 1.0
    return source.rate.mean_per_day() * season * campaign_factor(source, start)


def win_rate_at_start(pipeline: Pipeline, model: Model) -> float:
    """Win rate of a new deal, the conversion curves in force on the first day held for good."""
    return on_day(pipeline, model.curves, model.timeline.start).win_rate


def run_rate_per_month(model: Model) -> float:
    """Bookings a month: sum over sources and starting customers of rate x win rate x amount."""
    classes = customer_classes(model.customers, model.sources) if model.customers else []
    total = 0.0
    for source in model.sources:
        pipeline = model.pipeline(source.pipeline)
        having = sum(kind.rates(source).sum() for kind in classes if has_source(kind, source))
        deals = rate_at_start(source, model)
        if source.kind == "customer":
            deals *= float(having) * mean_rate_here(source, model)
        # Nothing times an infinite mean stays nothing.
        worth = win_rate_at_start(pipeline, model) * pipeline.amount.mean if deals else 0.0
        total += deals * worth
    return total * DAYS_PER_MONTH


def reproduction_number(model: Model) -> float | None:
    """Return the new customers a new customer brings: rate x lifetime x win rate, summed.

    With segments, the spectral radius of the matrix of what a customer of one segment brings to
    another (the next generation; Diekmann, Heesterbeek and Metz 1990, J. Math. Biology 28).
    None without customers, and where it has no finite value.
    """
    if model.customers is None:
        return None
    classes = customer_classes(model.customers)
    names = [kind.name for kind in classes]
    wins_per_day = np.zeros((len(classes), len(classes)))
    for source in model.sources:
        if not source.buyer_is_new:
            continue
        pipeline = model.pipeline(source.pipeline)
        wins = rate_at_start(source, model) * win_rate_at_start(pipeline, model)
        if source.kind == "customer":
            wins *= mean_rate_of_life(source, model)
        for index, kind in enumerate(classes):
            if has_source(kind, source):
                wins_per_day[index, names.index(pipeline.segment)] += wins
    lifetimes = np.array([kind.lifetime.mean for kind in classes])
    # Nothing times an infinite lifetime stays nothing.
    brought = np.multiply(
        wins_per_day, lifetimes[:, None], where=wins_per_day > 0.0, out=np.zeros_like(wins_per_day)
    )
    if not np.all(np.isfinite(brought)):
        return None
    return float(np.abs(np.linalg.eigvals(brought)).max())


def logo_retention(customers: Customers | None) -> float | None:
    """Return the expected share of the customers at the start still active after 12 months.

    Who has left unnoticed before the start does not count.
    """
    if customers is None or not customers.ids:
        return None
    kept = there = 0.0
    for kind in customer_classes(customers):
        law = kind.lifetime
        ages, many = kind.by_tenure(kind.alive)
        there += float(many.sum())
        for share, churn in shares_here(customers):
            later = law.log_survival(ages + churn * DAYS_PER_YEAR) - law.log_survival(ages)
            kept += share * float(many @ np.exp(later))
    return kept / there if there else None


def checked_stage_entries(model: Model) -> float:
    """Return the expected stage entries of a trajectory.

    Raises
    ------
    SalessimError
        When they exceed 10^7: no machine would finish thousands of such trajectories.
    """
    entries = expected_stage_entries(model)
    if not entries <= MOST_STAGE_ENTRIES:
        many = f"{entries:,.0f}" if entries < 1e15 else f"{entries:.1e}"
        raise SalessimError(
            f"a trajectory of this plan has {many} expected stage entries; the most that "
            f"can be run are {MOST_STAGE_ENTRIES:,.0f}: lower the rates, shorten the horizon, or, "
            "when customers bring more customers than leave, check the rates of the sources with "
            'buyer = "new"'
        )
    return entries


def facts(model: Model, *, stage_entries: float, stuck_open_deals: int) -> Facts:
    """Collect the facts of a model that fits."""
    return Facts(
        stage_entries=stage_entries,
        run_rate_per_month=run_rate_per_month(model),
        reproduction_number=reproduction_number(model),
        logo_retention=logo_retention(model.customers),
        stuck_open_deals=stuck_open_deals,
        has_segments=model.customers is not None and bool(model.customers.segments),
    )
