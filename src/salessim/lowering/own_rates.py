"""Customers who differ: rates of their own, and who of those on file is still there.

A customer's own rate is gamma distributed: of a new one around the source's rate, of one at the
start as its past says (of Poisson orders the posterior is gamma again).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from salessim._typing import FloatArray, IntArray
from salessim.lowering.opening import TableBank
from salessim.model.laws import Fixed, Gamma
from salessim.model.plan import Customers, OwnRates, Source

SHAPE_DIGITS = 3
"""A customer's shape counts to so many digits: its mean is exact, tables are few."""


class OwnRateArrays(NamedTuple):
    """Three arrays of `CustomerSources`."""

    differs: IntArray
    own_law: IntArray
    own_mean: FloatArray


def alive_of(customers: Customers) -> FloatArray:
    """Return the probability of each customer at the start that it still is one."""
    return np.ones(len(customers.ids)) if customers.alive is None else customers.alive


def own_rates_of(source: Source, customers: Customers) -> OwnRates | None:
    """Return what is known of customers' own rates through a source."""
    return next((own for own in customers.own_rates if own.source == source.name), None)


def mean_factors(source: Source, customers: Customers) -> FloatArray:
    """Return each customer's mean rate through a source, as a factor on the source's."""
    own = own_rates_of(source, customers)
    return np.ones(len(customers.ids)) if own is None else own.factor


def _rounded(shape: FloatArray) -> FloatArray:
    """Round to `SHAPE_DIGITS` digits."""
    digits = 10.0 ** (np.floor(np.log10(shape)) - (SHAPE_DIGITS - 1))
    return np.asarray(np.round(shape / digits) * digits)


def _laws(own: OwnRates | None, size: int, new: int, bank: TableBank) -> IntArray:
    """Return the row of each customer's factor on its mean, and last that of new ones."""
    rows = np.full(size + 1, new, np.int64)
    if own is not None:
        shapes, which = np.unique(_rounded(own.shape), return_inverse=True)
        known = [bank.coarse(Gamma(mean=1.0, shape=float(shape))) for shape in shapes]
        rows[:-1] = np.array(known, np.int64)[which.reshape(-1)]
    return rows


def lower_own_rates(
    customers: Customers | None, sources: Sequence[Source], order: IntArray, bank: TableBank
) -> OwnRateArrays:
    """Return how customers' rates differ, by source.

    ``order`` is that of the customers in `Base`. Of what is known of nobody one column is left,
    which is that of new customers.
    """
    known = bool(customers and customers.own_rates)
    size = len(order) if known else 0
    differs = np.zeros(len(sources), np.int64)
    own_law = np.zeros((len(sources), size + 1), np.int64)
    own_mean = np.ones((len(sources), size + 1))
    for j, source in enumerate(sources):
        own = own_rates_of(source, customers) if customers else None
        differs[j] = own is not None or source.rate_shape is not None
        if not differs[j]:
            continue
        shape = source.rate_shape
        law = Fixed(value=1.0) if shape is None else Gamma(mean=1.0, shape=shape)
        own_law[j] = _laws(own, size, -1 - bank.fresh(law), bank)
        own_law[j, :-1] = own_law[j, :-1][order[:size]]
        if own is not None and customers is not None:
            own_mean[j, :-1] = mean_factors(source, customers)[order]
    return OwnRateArrays(differs, own_law, own_mean)
