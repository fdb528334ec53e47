"""Who already buys: from orders or subscriptions to the customers of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from salessim.errors import SalessimError
from salessim.fit.history import History
from salessim.fit.parts import Part

if TYPE_CHECKING:
    import pandas as pd


class FittedBase(Protocol):
    """A base of customers as it was measured."""

    @property
    def customers(self) -> pd.DataFrame:
        """Return the plan's file of customers, a row for each: `customer_id`, `since` and more."""

    @property
    def first_orders(self) -> pd.DataFrame:
        """Return when customers became one: `at`, and the `pipeline` of the part they came by.

        What brings new customers is a source of these pipelines, with ``buyer = "new"``.
        """

    def part(self) -> Part:
        """Return `[customers]`, what existing ones order, and the pipelines of first orders."""


def fit_customers(history: History) -> FittedBase | None:
    """Fit lifetimes, and how often and for how much customers order.

    Parameters
    ----------
    history : History
        As it was known on the as-of day.

    Returns
    -------
    FittedBase or None
        None where there are neither orders nor subscriptions.

    Raises
    ------
    SalessimError
        There are orders and subscriptions both, or they say nothing about customers.
    """
    if history.orders is not None and history.subscriptions is not None:
        raise SalessimError(
            "an order history and a subscription list are two ways to say who the customers are; "
            "give one of them"
        )
    if history.orders is not None:
        from salessim.fit.order_base import fit_orders

        return fit_orders(history.orders)
    if history.subscriptions is not None:
        from salessim.fit.subscription_base import fit_subscriptions

        return fit_subscriptions(history.subscriptions)
    return None
