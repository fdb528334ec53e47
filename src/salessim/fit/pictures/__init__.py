"""What was measured beside what was fitted to it, as pictures on given axes or on new ones."""

from salessim.fit.pictures.customers import lifetimes, order_counts, tracking
from salessim.fit.pictures.months import shared_months
from salessim.fit.pictures.sources import monthly_leads
from salessim.fit.pictures.stages import amounts, stage_outcomes

__all__ = [
    "amounts",
    "lifetimes",
    "monthly_leads",
    "order_counts",
    "shared_months",
    "stage_outcomes",
    "tracking",
]
