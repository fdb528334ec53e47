"""A base of customers who order again and again, or leave without a word: from orders to a plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config.units import LARGEST_SHAPE, LEAST_SHAPE
from salessim.config.words import counted
from salessim.fit.bg_nbd import fit_bg_nbd
from salessim.fit.estimate import Estimate
from salessim.fit.history import Orders
from salessim.fit.notation import correlations, days, growth, lognormal, per_day, short
from salessim.fit.order_amounts import amount_law, moved, sure_pipeline
from salessim.fit.order_months import Rhythm, fit_with_season
from salessim.fit.orders import OrderDays, order_days
from salessim.fit.parts import Part
from salessim.fit.purchases import FittedPurchases, Purchases
from salessim.fit.rates import SEASON_MONTHS
from salessim.fit.spend import FittedSpend, fit_gamma_gamma
from salessim.model.calendar import DAYS_PER_UNIT
from salessim.readable import amount, percent

if TYPE_CHECKING:
    import pandas as pd

FILE = "customers.csv"
SOURCE = "repeat"
SHOCK = "repeat orders"
_NO_SWING = 0.005
_FAR_DAYS = 1e5
"""A scale of lifetimes beyond which none can be told from another."""
REPEAT, FIRST = "repeat_order", "first_order"
"""Pipelines of one sure stage that takes no time."""
LIFETIME = "customers.lifetime.lomax"
RATE = f"sources.{SOURCE}.rate"
_SIGNIFICANT = 1e-3
_EARLY = 0.1
"""Share of the time that the records begin with."""
_YEAR = DAYS_PER_UNIT["year"]


@dataclass(frozen=True, kw_only=True)
class FittedOrders:
    """What orders say of customers.

    Attributes
    ----------
    orders : OrderDays
    purchases : FittedPurchases
        How often they order, and how long they stay: Pareto/NBD.
    rhythm : Rhythm
        What the calendar does to that.
    spend : FittedSpend or None
        What they spend on a repeat order; None when no such amount is known.
    """

    orders: OrderDays
    purchases: FittedPurchases
    rhythm: Rhythm
    spend: FittedSpend | None

    @cached_property
    def summaries(self) -> pd.DataFrame:
        """Return what is known of each customer: see `OrderDays.summaries`; times by season."""
        return self.orders.summaries(self.rhythm.clock.days)

    @cached_property
    def customers(self) -> pd.DataFrame:
        """Return each customer's own posterior, a row for each.

        Returns
        -------
        DataFrame
            `customer_id`, `since` (day of the first order), `alive` (probability that it still is
            a customer), and of its rate of order if it is: `repeat.factor` (its mean, as a
            multiple of the mean of all) and `repeat.shape` (of the gamma law). How unsure the
            population's parameters are is not in them.
        """
        import pandas as pd

        x, last, age = self._known
        mean, shape = self.purchases.model.rate(x, age)
        return pd.DataFrame({
            "customer_id": self.summaries.index,
            "since": self.summaries["first"].to_numpy(),
            "alive": self.purchases.model.alive(x, last, age),
            f"{SOURCE}.factor": mean / self.purchases.estimate.parameters[1],
            f"{SOURCE}.shape": _sayable(shape),
        })  # fmt: skip

    @property
    def first_orders(self) -> pd.DataFrame:
        """Return the days on which customers became one: `at`, `pipeline`."""
        first = self.summaries["first"].sort_values(ignore_index=True)
        return first.to_frame("at").assign(pipeline=FIRST)

    @cached_property
    def next_year(self) -> pd.DataFrame:
        """Return each customer's expected `orders` and `spend` per order in the next 365.25 days.

        `spend` is in currency units; NaN when no amount of a repeat order is known.
        """
        import pandas as pd

        known = self.summaries
        spend = np.full(len(known), np.nan)
        if self.spend is not None:
            spend = self.spend.model.customer_mean(
                known["spends"].to_numpy(np.float64), known["spend"].to_numpy(np.float64)
            )
        orders = self.purchases.model.expected(*self._known, days=_YEAR)
        return pd.DataFrame({"orders": orders, "spend": spend}, index=known.index)

    @property
    def _known(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        columns = self.summaries[["repeats", "last", "age"]].to_numpy(np.float64)
        return columns[:, 0], columns[:, 1], columns[:, 2]

    @cached_property
    def bg_nbd(self) -> Estimate:
        """Return BG/NBD of the same customers, to compare: see `fit_bg_nbd`."""
        return fit_bg_nbd(Purchases.of(*self._known), near=self.purchases.estimate)

    def part(self) -> Part:
        """Return the customers, their repeat orders, and the pipeline of first orders."""
        _, rate, s, hazard = self.purchases.estimate.parameters
        # ln beta = ln s - ln (s / beta)
        turn = np.array([[0, 1, 0, 0], [0, 0, 1, -1], [0, 0, 1, 0]], np.float64)
        scale = s / hazard
        if scale > _FAR_DAYS:
            # so far off only the hazard counts: the same at a scale that a plan can say
            scale, s = _FAR_DAYS, hazard * _FAR_DAYS
            turn[1:] = [[0, 0, 0, 0], [0, 0, 0, 1]]
        covariance = turn @ self.purchases.estimate.covariance @ turn.T
        spread = np.sqrt(np.diag(covariance))
        lomax = {
            "scale": lognormal(scale, float(spread[1]), days),
            "shape": lognormal(s, float(spread[2])),
        }
        return Part(
            document={
                "customers": {"file": FILE, "lifetime": {"lomax": lomax}},
                "pipelines": {
                    REPEAT: sure_pipeline(self._repeat_amount()),
                    FIRST: sure_pipeline(self._first_amount()),
                },
                "sources": {SOURCE: self._source(lognormal(rate, float(spread[0]), per_day))},
            }
            | self._shocks(),
            correlations=correlations([RATE, f"{LIFETIME}.scale", f"{LIFETIME}.shape"], covariance),
            comments=self._comments(),
            warnings=(*self.orders.notes, *self._warnings()),
        )

    def _source(self, rate: Any) -> dict[str, Any]:
        """Return the source of repeat orders; months to come are as unsure as past ones swung."""
        source = {
            "kind": "customer",
            "pipeline": REPEAT,
            "rate": rate,
            "rate_shape": short(_sayable(self.purchases.model.r)),
            "buyer": "existing",
        }
        season, fit = self.rhythm.season(), self.rhythm.fit
        if season is not None:
            source["season"] = season
        if fit is not None:
            start = (self.orders.last_day + np.timedelta64(1, "D")).date().isoformat()
            source["campaign"] = {start: lognormal(1.0, fit.level.sd)}
            source["growth"] = growth(self.rhythm.drift)
        return source

    def _shocks(self) -> dict[str, Any]:
        """Return the swing of months that all customers share."""
        swing = self.rhythm.swing
        if swing < _NO_SWING:
            return {}
        return {"shocks": {SHOCK: {"leads": {SOURCE: short(swing)}}}}

    def _repeat_amount(self) -> dict[str, Any]:
        """Return the law of what the repeat orders of the next year will be worth.

        Each customer counts by the orders that are expected of it, so that who orders often, and
        who is still there, weighs as much as it will. The mean is that of the customers' expected
        spends; the variation around it, that of the orders seen.
        """
        table = self.orders.table
        seen = table[~table["first"] & (table["amount"] > 0)]
        if self.spend is None:
            return self._first_amount()
        year = self.next_year
        weights = year["orders"].to_numpy()
        spends = year["spend"].to_numpy()
        mean = float(weights @ spends) / float(weights.sum())
        each = weights / np.maximum(self.summaries["spends"].to_numpy(), 1)
        of = seen["customer"].to_numpy()
        law = amount_law(seen["amount"].to_numpy(), weights=each[of], customers=of)
        # against what each customer spends, so that it matters not who ordered when
        factor, error = moved(seen["day"], seen["amount"].to_numpy() / spends[of])
        return law.at(mean=factor * mean, error=error).written()

    def _first_amount(self) -> dict[str, Any]:
        """Return the law of what a first order is worth."""
        table = self.orders.table
        seen = table[table["first"] & (table["amount"] > 0)]
        if seen.empty:
            return {"fixed": 1}
        amounts = seen["amount"].to_numpy()
        of = seen["customer"].to_numpy()
        law = amount_law(amounts, weights=np.ones(len(of)), customers=of)
        factor, error = moved(seen["day"], amounts)
        return law.at(mean=factor * law.mean, error=error).written()

    def _first_seen_early(self) -> float:
        """Return the share of customers who begin with the records; 0 where chance would do."""
        from scipy.stats import binom

        days = (self.summaries["first"] - self.summaries["first"].min()).dt.days
        span = (self.orders.last_day - self.summaries["first"].min()).days + 1
        early = int((days < _EARLY * span).sum())
        chance = float(binom.sf(early - 1, len(days), _EARLY))
        return early / len(days) if chance < _SIGNIFICANT else 0.0

    def _rate_and_spend(self) -> Any:
        """Return Spearman's correlation of repeat orders and mean spend; None of fewer than 10."""
        from scipy.stats import spearmanr

        paid = self.summaries[self.summaries["spends"] > 0]
        if len(paid) < 10 or paid["spends"].nunique() < 2 or paid["spend"].nunique() < 2:
            return None
        return spearmanr(paid["spends"], paid["spend"])

    def _comments(self) -> dict[str, str]:
        known, next_year = self.summaries, self.next_year
        here = float(self.customers["alive"].sum())
        model = self.purchases.model
        behind = round(self.purchases.estimate.aic - self.bg_nbd.aic)
        rival = f"{'better' if behind > 0 else 'less well'}, by {amount(abs(behind))} of AIC"
        if not behind:
            rival = "as well"
        unsure, mean = "", "as first orders"
        if self.rhythm.fit is not None:
            unsure = (
                ". Campaign and growth: the months to come are as unsure as past ones moved "
                "against Pareto/NBD"
            )
        if self.spend is not None:
            mean = (
                "customers weighted by the orders expected of them; mean from gamma-gamma, at the "
                "level that orders have come to"
            )
        return {
            "customers": (
                f"Pareto/NBD of {counted(len(known), 'customer')} and "
                f"{counted(int(known['repeats'].sum()), 'repeat order')}: about "
                f"{amount(round(here))} still are customers; the file has the chance of each, and "
                "its own rate of order. A new one is expected to order "
                f"{float(model.expected_of_new(np.array([_YEAR]))[0]):.3g} times more in its "
                "first year. "
                f"BG/NBD (customers leave at an order) describes the orders {rival}."
            ),
            f"sources.{SOURCE}": (
                f"{counted(round(float(next_year['orders'].sum())), 'order')} expected of these "
                f"customers in the next year{unsure}"
            ),
            f"pipelines.{REPEAT}": mean,
        }

    def _warnings(self) -> list[str]:
        said = []
        if self.rhythm.fit is None:
            said.append(
                "too few months of repeat orders, or dates that stand for a quarter or a year: "
                "neither a season nor how months swing can be seen, and the forecast lacks both"
            )
        elif len(self.rhythm.first) < SEASON_MONTHS:
            said.append(
                f"{len(self.rhythm.first)} whole months of orders are too few to see a season: "
                "where there is one, the months of the plan lack it"
            )
        early = self._first_seen_early()
        if early > 2.0 * _EARLY:
            said.append(
                f"{percent(early)} of the customers were first seen in the first {_EARLY:.0%} of "
                "the time: those of them who had ordered before only look new, and their rates and "
                "lifetimes are not what the records say; records that begin earlier would tell"
            )
        together = self._rate_and_spend()
        if together is not None and together.pvalue < _SIGNIFICANT:
            said.append(
                "how often customers order and what they spend on an order go together (rank "
                f"correlation {together.statistic:.2f}), which gamma-gamma takes as independent: "
                "the mean repeat order weights customers by their expected orders, but a new "
                "customer's rate and spend are drawn apart"
            )
        if self.spend is None:
            said.append("no amount of a repeat order is known: repeat orders count like first ones")
        if not (self.orders.table["amount"] > 0).any():
            said.append("no amounts are known: every order counts as 1")
        names = (
            "how rates of repeat orders differ",
            "the rate of repeat orders",
            "how lifetimes differ",
            "how long customers stay",
        )
        said += [
            f"the records of {counted(len(self.summaries), 'customer')} cannot tell {names[edge]}: "
            "it is held at the edge of what they could, and is very unsure"
            for edge in self.purchases.estimate.edges
        ]
        return said


def _sayable(shape: FloatArray | float) -> Any:
    """Return a shape of rates that a plan can say."""
    return np.clip(shape, LEAST_SHAPE, LARGEST_SHAPE)


def fit_orders(orders: Orders) -> FittedOrders:
    """Fit how often customers order, for how much, and how long they stay.

    Raises
    ------
    SalessimError
        There are no orders, nothing but returns, or all are of one day.
    """
    ready = order_days(orders)
    purchases, rhythm = fit_with_season(ready)
    known = ready.summaries()
    paid = known[known["spends"] > 0]
    spent = [paid[name].to_numpy(np.float64) for name in ("spends", "spend")]
    spend = None if paid.empty else fit_gamma_gamma(*spent)
    return FittedOrders(orders=ready, purchases=purchases, rhythm=rhythm, spend=spend)
