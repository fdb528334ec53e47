"""What really happened after an origin: won value and wins by period, and what they came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from salessim._typing import BoolArray, FloatArray, IntArray
from salessim.fit.backtest.contracts import Contracts

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.backtest.origins import Window
    from salessim.fit.history import Deals, History, Orders

MEASURES = ("bookings", "wins")
PARTS = ("all", "open_deals", "new_deals", "customers")
"""Everything; deals open at the origin; deals and buyers that came later; buyers known then."""
CONTRACTED = (
    *(("bookings", part) for part in ("all", "new_deals", "customers")),
    *(("new customers", "all"), ("lost customers", "all"), ("lost customers", "customers")),
)
"""Measures and parts of contracts."""
Days: TypeAlias = NDArray[np.datetime64]


class Target(NamedTuple):
    """What is forecast: ``bookings``, ``wins``, ... of one of `PARTS`."""

    measure: str
    part: str


Path: TypeAlias = Mapping[Target, FloatArray]
"""Values by period, shape (period,), of each target."""


class Standing(NamedTuple):
    """Deals open at the end of a day, one entry each."""

    stage: IntArray
    """Number among all stages of all pipelines."""
    amount: FloatArray
    """Known at that time; NaN = not known."""
    won: Days
    """When it was won later on; NaT = never."""
    value: FloatArray
    """What it was won for."""


class Pipeline(NamedTuple):
    """Deals of one pipeline, and the first win of each that was won."""

    deals: Deals
    won: pd.DataFrame
    """By row of the deal: `at`, `value` (NaN = not known) and `known`, its entry to the records."""


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """Wins of all pipelines and purchases of customers, as flat arrays.

    Attributes
    ----------
    known : ndarray of datetime64, shape (win,)
        When the deal entered the records, or the customer bought for the first time.
    at : ndarray of datetime64, shape (win,)
        When it was won, or bought.
    value : ndarray of float, shape (win,)
        In the currency unit; NaN = not known.
    bought : ndarray of bool, shape (win,)
        Whether it is an order of a customer rather than a deal won.
    pipelines : tuple of Pipeline
        For the state at earlier days.
    has_deals, has_orders : bool
        What the history holds.
    contracts : Contracts or None
        Of a history that holds nothing else.
    """

    known: Days
    at: Days
    value: FloatArray
    bought: BoolArray
    pipelines: tuple[Pipeline, ...]
    has_deals: bool
    has_orders: bool
    contracts: Contracts | None = None

    @classmethod
    def of(cls, history: History) -> Ledger:
        """Collect wins and purchases.

        A deal counts once, with its first win, at the amount last known then. Purchases of a
        customer on one day are one; what is given back on a day is subtracted, and a day that
        nets to nothing or less is no purchase, but its value counts.
        """
        pipelines = tuple(Pipeline(deals, _wins(deals)) for deals in history.deals)
        tables = [pipeline.won for pipeline in pipelines]
        bought = np.zeros(sum(map(len, tables)), bool)
        if history.orders is not None:
            tables.append(_purchases(history.orders))
            bought = np.append(bought, np.ones(len(tables[-1]), bool))
        listed = history.subscriptions
        alone = listed is not None and len(listed.table) > 0 and not tables
        return cls(
            contracts=Contracts.of(listed) if listed is not None and alone else None,
            known=_column(tables, "known").astype("datetime64[ns]"),
            at=_column(tables, "at").astype("datetime64[ns]"),
            value=_column(tables, "value").astype(np.float64),
            bought=bought,
            pipelines=pipelines,
            has_deals=any(len(deals.moves) for deals in history.deals),
            has_orders=history.orders is not None and len(history.orders.table) > 0,
        )

    @property
    def targets(self) -> tuple[Target, ...]:
        """What can be compared: bookings only where values are known, parts that there can be."""
        if self.contracts is not None:
            known = bool(np.isfinite(self.contracts.revenue).any())
            return tuple(
                Target(*target) for target in CONTRACTED if known or target[0] != "bookings"
            )
        parts = ["all"]
        parts += ["open_deals"] * self.has_deals
        parts += ["new_deals"] * (self.has_deals or self.has_orders)
        parts += ["customers"] * self.has_orders
        measures = MEASURES if np.isfinite(self.value).any() else ("wins",)
        return tuple(Target(measure, part) for measure in measures for part in parts)

    def path(self, window: Window) -> Path:
        """Return what happened in each period of a window, by target."""
        edges = moments(window.edges)
        if self.contracts is not None:
            values = self.contracts.values(edges)
            return {target: values[target] for target in self.targets}
        period = np.searchsorted(edges, self.at, side="right") - 1
        inside = (period >= 0) & (period < window.periods)
        old = self.known < edges[0]
        parts = {
            "all": inside,
            "open_deals": inside & old & ~self.bought,
            "new_deals": inside & ~old,
            "customers": inside & old & self.bought,
        }
        worth = np.nan_to_num(self.value)
        # a day on which more came back than was bought has a value and is no win
        wins = (~(self.value <= 0.0) | ~self.bought).astype(np.float64)
        weights = {"bookings": worth, "wins": wins}
        found = {}
        for target in self.targets:
            chosen = parts[target.part]
            weight = weights[target.measure][chosen]
            counted = np.bincount(period[chosen], weight, minlength=window.periods)
            found[target] = counted.astype(np.float64)
        return found

    def without_value(self, window: Window) -> int:
        """Return how many wins of a window have no known value."""
        edges = moments((window.start, window.end))
        inside = (self.at >= edges[0]) & (self.at < edges[1])
        return int(np.isnan(self.value[inside]).sum())

    def standing(self, day: date) -> Standing:
        """Return the deals open at the beginning of a day, with what became of them."""
        parts, first = [], 0
        for pipeline in self.pipelines:
            parts.append(_standing(pipeline, moments((day,))[0], first))
            first += len(pipeline.deals.stages)
        if not parts:
            none = np.empty(0)
            return Standing(none.astype(np.int64), none, none.astype("datetime64[ns]"), none)
        return Standing(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def moments(days: Iterable[date]) -> Days:
    """Return the midnights at which days begin."""
    return np.array([np.datetime64(day, "ns") for day in days])


def _column(tables: list[pd.DataFrame], name: str) -> NDArray[Any]:
    return np.concatenate([table[name].to_numpy() for table in tables]) if tables else np.empty(0)


def _wins(deals: Deals) -> pd.DataFrame:
    """Return the first win of each deal that has one, by row of the deal."""
    moves = deals.moves
    won = moves[moves["stage"] == deals.won].drop_duplicates("deal")  # in order of time
    known = moves.drop_duplicates("deal").set_index("deal")["at"]
    value = _amount_at(deals.amounts, won[["deal", "at"]], later=True)
    won = won.assign(value=value).set_index("deal")[["at", "value"]]
    return won.assign(known=known.reindex(won.index))


def _purchases(orders: Orders) -> pd.DataFrame:
    """Return a row for each day on which a customer bought or gave back."""
    days = orders.table.assign(at=orders.table["at"].dt.normalize())
    by_day = days.groupby(["customer", "at"], sort=True, observed=True)["amount"]
    table = by_day.sum(min_count=1).reset_index().rename(columns={"amount": "value"})
    buys = table[~(table["value"] <= 0.0)]
    first = table["customer"].map(buys.groupby("customer", observed=True)["at"].min())
    return table.assign(known=first.fillna(table["at"]))


def _amount_at(amounts: pd.DataFrame, asked: pd.DataFrame, *, later: bool) -> FloatArray:
    """Return the amount of each `deal` last known `at` a moment, NaN where none is.

    With ``later`` the first that became known after it stands in where none was known.
    """
    import pandas as pd

    known = _in_time(amounts)
    sought = _in_time(asked.assign(row=np.arange(len(asked))))
    found = np.full(len(asked), np.nan)
    for direction in ("forward", "backward") if later else ("backward",):
        side = pd.merge_asof(sought, known, on="at", by="deal", direction=direction)
        side = side[side["amount"].notna()]
        found[side["row"].to_numpy()] = side["amount"].to_numpy()
    return found


def _in_time(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows in order of time, of one resolution: what `merge_asof` asks for."""
    return table.assign(at=table["at"].astype("datetime64[ns]")).sort_values("at", kind="stable")


def _standing(
    pipeline: Pipeline, moment: np.datetime64, first: int
) -> tuple[IntArray, FloatArray, Days, FloatArray]:
    deals, won = pipeline
    moves, amounts = deals.moves, deals.amounts
    now = moves[moves["at"] < moment].drop_duplicates("deal", keep="last")
    now = now[now["stage"] < len(deals.stages)]
    known = _amount_at(amounts[amounts["at"] < moment], now.assign(at=moment), later=False)
    became = won.reindex(now["deal"].to_numpy())
    at = became["at"].to_numpy("datetime64[ns]")
    value = became["value"].to_numpy(np.float64)
    return now["stage"].to_numpy(np.int64) + first, known, at, value
