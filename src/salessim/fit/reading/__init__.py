"""Reading what a company has: exports of its CRM, lists of orders and of subscriptions."""

from salessim.fit.reading.read import read_history

__all__ = ["read_history"]
