"""What was measured beside what was fitted to it, as pictures on given axes or on new ones."""

from salessim.fit.pictures.customers import lifetimes, order_counts, tracking
from salessim.fit.pictures.sources import monthly_leads

__all__ = ["lifetimes", "monthly_leads", "order_counts", "tracking"]
