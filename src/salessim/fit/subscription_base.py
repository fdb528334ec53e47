"""A base of subscribers: from their contracts to the customers of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.config.words import counted
from salessim.fit.contracts import Stays, stays
from salessim.fit.history import Subscriptions
from salessim.fit.lifetime_families import Lives
from salessim.fit.lifetimes import FittedLifetimes, empirical, fit_lifetimes
from salessim.fit.notation import correlations, days, lognormal
from salessim.fit.order_amounts import amount_law, sure_pipeline
from salessim.fit.parts import Part
from salessim.fit.renewals import BetaGeometric
from salessim.readable import amount

if TYPE_CHECKING:
    import pandas as pd

FILE = "customers.csv"
MONTHLY, FIRST = "subscription", "new_subscription"
_CLOSE = 2.0
"""Families whose AIC is that near to the best describe the lives about as well."""
_ENOUGH = 100
"""Ends in a segment that Kaplan-Meier can draw its law from."""


@dataclass(frozen=True, kw_only=True)
class FittedSubscriptions:
    """What subscriptions say of customers.

    Attributes
    ----------
    stays : Stays
    lives : Lives
        By age in days; of contracts that end at renewals, in whole periods.
    lifetimes : FittedLifetimes
    renewal : str
        Period at whose multiples contracts end; empty when they end on any day.
    """

    stays: Stays
    lives: Lives
    lifetimes: FittedLifetimes
    renewal: str

    @property
    def customers(self) -> pd.DataFrame:
        """Return who is a customer: `customer_id`, `since` and, when there are any, `segment`."""
        here = self.stays.here
        table = here[["customer", "start"]].set_axis(["customer_id", "since"], axis=1)
        if self._has_segments:
            table = table.assign(segment=here["segment"])
        return table.reset_index(drop=True)

    @property
    def first_orders(self) -> pd.DataFrame:
        """Return when customers became one: `at`, `pipeline`; only from when on all are known."""
        table = self.stays.table
        if self.stays.seen_from is not None:
            table = table[table["start"] >= self.stays.seen_from]
        pipelines = {name: _named(FIRST, name) for name in self.stays.segments}
        began = table[["start", "segment"]].sort_values("start", ignore_index=True)
        return began.assign(segment=began["segment"].map(pipelines)).set_axis(
            ["at", "pipeline"], axis=1
        )

    @property
    def _has_segments(self) -> bool:
        return len(self.stays.segments) > 1

    @cached_property
    def _empirical(self) -> tuple[bool, ...]:
        """Say of which segments Kaplan-Meier is taken: the fitted law is contradicted."""
        counts = np.bincount(
            self.lives.group, weights=self.lives.ended, minlength=self.lives.groups
        )
        apt = self.lifetimes.contradicted and not self.renewal
        return tuple(apt and count >= _ENOUGH for count in counts)

    def part(self) -> Part:
        """Return the customers, what they pay each month, and the pipelines they come by."""
        segments = self.stays.segments if self._has_segments else ("",)
        values, covariance = self.lifetimes.written()
        family = self.lifetimes.family
        keys = len(family.keys)
        laws, addresses, known = [], [], []
        for group, name in enumerate(segments):
            place = group * keys
            spread = np.sqrt(np.diag(covariance))[place : place + keys]
            where = f"customers.segments.{_quoted(name)}.lifetime" if name else "customers.lifetime"
            addresses += [f"{where}.{family.name}.{key}" for key in family.keys]
            known += [self._empirical[group]] * keys
            laws.append(self._law(group, values[group], spread))
        unsure = np.flatnonzero(~np.array(known))
        return Part(
            document=self._document(segments, laws),
            correlations=correlations(
                [addresses[place] for place in unsure], covariance[np.ix_(unsure, unsure)]
            ),
            comments=self._comments(),
            warnings=(*self.stays.notes, *self._warnings()),
        )

    def _law(self, group: int, values: Any, spread: Any) -> dict[str, Any]:
        """Return the law of one segment's lifetimes in the plan's notation."""
        family, lifetimes = self.lifetimes.family, self.lifetimes
        if self._empirical[group]:
            return empirical(self.lives.of_group(group), family, lifetimes.parameters[group])
        lengths = ("mean", "scale")
        law: dict[str, Any] = {
            key: lognormal(float(value), float(sigma), *([days] if key in lengths else []))
            for key, value, sigma in zip(family.keys, values, spread, strict=True)
        }
        return {family.name: law | ({"period": self.renewal} if self.renewal else {})}

    def _document(self, segments: tuple[str, ...], laws: list[dict[str, Any]]) -> dict[str, Any]:
        pipelines: dict[str, Any] = {}
        sources: dict[str, Any] = {}
        customers: dict[str, Any] = {"file": FILE}
        for name, law in zip(segments, laws, strict=True):
            of = {"segment": name} if name else {}
            # what a subscriber pays comes month by month, the first one too
            pipelines[_named(FIRST, name)] = sure_pipeline({"fixed": 0}) | of
            pipelines[_named(MONTHLY, name)] = sure_pipeline(self._revenue(name))
            sources[_named(MONTHLY, name)] = {
                "kind": "customer",
                "pipeline": _named(MONTHLY, name),
                "rate": "1 per month",
                "buyer": "existing",
            } | of
            if name:
                customers.setdefault("segments", {})[name] = {"lifetime": law}
            else:
                customers["lifetime"] = law
        return {"customers": customers, "pipelines": pipelines, "sources": sources}

    def _revenue(self, segment: str) -> dict[str, Any]:
        """Return the law of a customer's monthly revenue; that of all where it is not known."""
        table = self.stays.table
        paying = table[table["revenue"] > 0]
        for some in (
            paying[paying["end"].isna() & (paying["segment"] == segment)] if segment else None,
            paying[paying["end"].isna()],
            paying,
        ):
            if some is not None and len(some):
                amounts = some["revenue"].to_numpy(np.float64)
                return amount_law(
                    amounts, weights=np.ones(len(some)), customers=np.arange(len(some))
                ).written()
        return {"fixed": 1}

    def _comments(self) -> dict[str, str]:
        ended = int(self.lives.ended.sum())
        fit = self.lifetimes
        how = (
            f"{fit.family.name} law of {counted(len(self.lives.leave), 'stay')}, "
            f"{amount(ended)} ended"
        )
        if self.renewal:
            how += f"; stays end at multiples of {self.renewal}"
        elif any(self._empirical):
            how += (
                "; contradicted by the ends that were seen, so Kaplan-Meier, and the law after it"
            )
        others = [
            name
            for name, aic in fit.aic.items()
            if name != fit.family.name and aic < fit.aic[fit.family.name] + _CLOSE
        ]
        if others:
            how += f"; {' and '.join(others)} would do about as well"
        return {
            "customers": how,
            f"sources.{_named(MONTHLY, self.stays.segments[0] if self._has_segments else '')}": (
                "what a customer pays: once a month on average, at any time, so single months "
                "swing more than invoices do, and years hardly"
            ),
        }

    def _warnings(self) -> list[str]:
        said = []
        if not self.lives.ended.any():
            said.append(
                "no subscription has ended yet: how long customers stay is a guess, as if half of "
                "one had"
            )
        elif self.lifetimes.estimate.edges:
            said.append(
                "the subscriptions that ended cannot tell all of the law of lifetimes: it is held "
                "at the edge of what they could tell, and is very unsure"
            )
        unknown = int(self.stays.here["revenue"].isna().sum())
        if unknown:
            said.append(
                f"{amount(unknown)} of {amount(len(self.stays.here))} customers have no revenue in "
                "the list: they are taken to pay as the others do (1 each where nobody's is known)"
            )
        return said


def _named(kind: str, segment: str) -> str:
    return f"{kind}_{segment}" if segment else kind


def _quoted(name: str) -> str:
    """Return a name as part of an address."""
    from salessim.config.words import key_text

    return key_text(name)


def fit_subscriptions(subscriptions: Subscriptions) -> FittedSubscriptions:
    """Fit how long customers stay, and what they pay.

    Where nearly all contracts end at multiples of a period, lifetimes are shifted beta-geometric,
    else of the exponential, Weibull, Pareto II or Burr family that describes them best.

    Raises
    ------
    SalessimError
        No subscription had begun.
    """
    ready = stays(subscriptions)
    if ready.renewal is None:
        lives = ready.lives()
        return FittedSubscriptions(
            stays=ready, lives=lives, lifetimes=fit_lifetimes(lives), renewal=""
        )
    name, months = ready.renewal
    family = BetaGeometric(months=months)
    lives = ready.lives_in_periods(family)
    return FittedSubscriptions(
        stays=ready, lives=lives, lifetimes=fit_lifetimes(lives, (family,)), renewal=name
    )
