"""What is known of a model without simulating it."""

from __future__ import annotations

import math

import numpy as np

from salessim.errors import SalessimError
from salessim.lowering.program import Facts
from salessim.lowering.renewal import expected_stage_entries
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.model.plan import Customers, Model, Source

MOST_STAGE_ENTRIES = 1e7
DAYS_PER_YEAR = 12 * DAYS_PER_MONTH


def rate_at_start(source: Source, model: Model) -> float:
    """Events per day at the start, averaged over the season; 0 outside the source's dates."""
    start = model.timeline.start
    begun = source.starts is None or source.starts <= start
    over = source.ends is not None and source.ends <= start
    if not begun or over:
        return 0.0
    season = sum(source.season) / 12 if source.season else 1.0
    return source.rate.mean_per_day() * season


def run_rate_per_month(model: Model) -> float:
    """Bookings a month: sum over sources and starting customers of rate x win rate x amount."""
    customers = len(model.customers.ids) if model.customers else 0
    total = 0.0
    for source in model.sources:
        pipeline = model.pipeline(source.pipeline)
        deals = rate_at_start(source, model) * (customers if source.kind == "customer" else 1)
        # Nothing times an infinite mean stays nothing.
        total += deals * pipeline.win_rate * pipeline.amount.mean if deals else 0.0
    return total * DAYS_PER_MONTH


def reproduction_number(model: Model) -> float | None:
    """Return the new customers a new customer brings: rate x lifetime x win rate, summed."""
    if model.customers is None:
        return None
    wins_per_day = sum(
        rate_at_start(source, model) * model.pipeline(source.pipeline).win_rate
        for source in model.sources
        if source.kind == "customer" and source.buyer_is_new
    )
    if wins_per_day == 0.0:
        return 0.0
    number = wins_per_day * model.customers.lifetime.mean
    return number if math.isfinite(number) else None


def logo_retention(customers: Customers | None) -> float | None:
    """Return the expected share of the customers at the start still active after 12 months."""
    if customers is None or not customers.ids:
        return None
    age = customers.tenure_days
    if age is None:
        age = np.zeros(1)
    law = customers.lifetime
    later = law.log_survival(age + DAYS_PER_YEAR) - law.log_survival(age)
    return float(np.mean(np.exp(later)))


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
    )
