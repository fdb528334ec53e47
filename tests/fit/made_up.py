"""Histories made up with numpy from a process that is known: for back-tests without a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from salessim.fit.history import Deals, History, Orders

FIRST = pd.Timestamp("2021-01-01")


def made_up_deals(
    *, seed: int, days: int = 900, per_day: float = 2.0, growth: float = 0.0
) -> Deals:
    """Return deals of two stages: 60% and 50% advance, each after 20 days in the mean.

    ``growth`` is the relative growth of the arrivals over the whole time. A third of the deals
    tell their amount from the first day on, all when they are won.
    """
    draw = np.random.default_rng(seed)
    count = draw.poisson(per_day * days * (1.0 + growth / 2.0))
    at = draw.random(count)
    if growth:  # by inversion of the mean of a rate that grows in a line
        at = (np.sqrt(1.0 + 2.0 * growth * (1.0 + growth / 2.0) * at) - 1.0) / growth
    created = np.sort(days * at)
    second = created + draw.exponential(20.0, count)
    closed = second + draw.exponential(20.0, count)
    advanced, won = draw.random(count) < 0.6, draw.random(count) < 0.5
    deal = np.arange(count)
    rows = [
        (deal, np.zeros(count, int), created),
        (deal, np.where(advanced, 1, 3), second),
        (deal[advanced], np.where(won, 2, 3)[advanced], closed[advanced]),
    ]
    moves = pd.DataFrame(
        {
            "deal": np.concatenate([row[0] for row in rows]),
            "stage": np.concatenate([row[1] for row in rows]),
            "at": timestamps(np.concatenate([row[2] for row in rows])),
        }
    )
    until = FIRST + pd.Timedelta(days=days)
    moves = moves[moves["at"] < until].sort_values(["deal", "at"]).reset_index(drop=True)
    amount = np.round(1000.0 * np.exp(0.5 * draw.standard_normal(count)), 2)
    early = draw.random(count) < 1 / 3
    wins = moves[moves["stage"] == 2]
    amounts = pd.concat(
        [
            pd.DataFrame({"deal": deal[early], "at": timestamps(created[early])}),
            wins[["deal", "at"]],
        ]
    )
    amounts["amount"] = amount[amounts["deal"]]
    table = pd.DataFrame({"deal": [f"D{n}" for n in deal], "created": timestamps(created)})
    return Deals(
        pipeline="new",
        stages=("first", "second"),
        table=table,
        moves=moves,
        amounts=amounts.sort_values(["deal", "at"]).reset_index(drop=True),
        complete_from=None,
        until=until,
    )


def made_up_orders(*, seed: int, days: int = 900, customers: int = 200) -> Orders:
    """Return orders of customers who come evenly over the time and buy every 40 days."""
    draw = np.random.default_rng(seed)
    rows = []
    for customer in range(customers):
        times = np.cumsum(np.append(days * draw.random(), draw.exponential(40.0, 60)))
        rows += [(f"C{customer}", time) for time in times[times < days]]
    table = pd.DataFrame(rows, columns=["customer", "at"])
    table["at"] = timestamps(table["at"].to_numpy())
    table["amount"] = np.round(50.0 * np.exp(0.3 * draw.standard_normal(len(table))), 2)
    return Orders(table=table, until=FIRST + pd.Timedelta(days=days), known_from=FIRST)


def timestamps(days):
    """Return the moments so many days after the first, to the second."""
    return FIRST + pd.to_timedelta(np.floor(np.asarray(days) * 86_400), unit="s")


def history(*, seed: int, **words) -> History:
    """Return a history of deals alone."""
    return History(deals=(made_up_deals(seed=seed, **words),))


def changed_after(made, day):
    """Return a history that is another from a day on: ten times the deals, at other amounts."""
    (deals,) = made.deals
    at = pd.Timestamp(day)
    other = history(seed=99, per_day=20.0).deals[0]
    shift = len(deals.table)
    moves = pd.concat(
        [
            deals.moves[deals.moves["at"] < at],
            other.moves[other.moves["at"] >= at].assign(deal=lambda rows: rows["deal"] + shift),
        ]
    )
    amounts = pd.concat(
        [
            deals.amounts[deals.amounts["at"] < at],
            other.amounts[other.amounts["at"] >= at].assign(
                deal=lambda rows: rows["deal"] + shift, amount=lambda rows: 100 * rows["amount"]
            ),
        ]
    )
    table = pd.concat([deals.table, other.table], ignore_index=True)
    order = ["deal", "at"]
    changed = replace(
        deals,
        table=table,
        moves=moves.sort_values(order).reset_index(drop=True),
        amounts=amounts.sort_values(order).reset_index(drop=True),
    )
    return History(deals=(changed,))


def write_csv(made, path):
    """Write the moves of deals as a CRM exports them, a row each; return the path."""
    (deals,) = made.deals
    names = [*deals.stages, "Closed Won", "Closed Lost"]
    moves = deals.moves
    amount = deals.amounts.drop_duplicates("deal", keep="last").set_index("deal")["amount"]
    rows = pd.DataFrame(
        {
            "deal": deals.table["deal"].to_numpy()[moves["deal"]],
            "stage": np.array(names)[moves["stage"]],
            "at": moves["at"],
            "amount": amount.reindex(moves["deal"]).to_numpy(),
        }
    )
    rows.loc[rows["stage"] != "Closed Won", "amount"] = np.nan
    rows.to_csv(path, index=False)
    return path
