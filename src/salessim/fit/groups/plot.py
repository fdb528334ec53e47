"""The picture of groups compared: each one's own estimate, the shrunken one, the pooled line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.fit.groups.words import RARE, compared, p_text
from salessim.readable import in_days, percent

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.groups.compare import Groups

NAMED = 40
"""More groups are drawn without their names."""
ROW, MARGIN = 0.24, 1.6
"""Inches of a named group, and of what is above and below them all."""


def caterpillar(groups: Groups, of: str, what: str, ax: Axes | None = None) -> Axes:
    """Draw the groups of one comparison, from the smallest estimate to the largest.

    Parameters
    ----------
    groups : Groups
    of, what : str
        Which comparison: ``win rate`` or a stage, ``conversion`` or ``time``.
    ax : Axes, optional
        A new figure when None.

    Raises
    ------
    ValueError
        There is no such comparison; the message names those there are.
    """
    table = groups.table
    chosen = table[(table["of"] == of) & (table["what"] == what)]
    if chosen.empty:
        there = ", ".join(f"{row['of']} {row['what']}" for row in table.to_dict("records"))
        raise ValueError(f"no comparison of {of} {what}; there are {there or 'none'}")
    own = groups.groups
    own = own[(own["of"] == of) & (own["what"] == what)].sort_values(["shrunken", "observed"])
    named = len(own) <= NAMED
    if ax is None:
        ax = style.new_axes(height=MARGIN + ROW * max(len(own), 8) if named else style.HEIGHT)
    where = np.arange(len(own), dtype=np.float64)
    (_rows if named else _cloud)(ax, own, where)
    pooled = float(own["pooled"].iloc[0])
    ax.axvline(pooled, color=style.VERMILLION, linewidth=1.4, linestyle="--", label="all together")
    names = [style.plain_label(style.short(name, style.LONGEST_LABEL)) for name in own["group"]]
    ax.set_yticks(where if named else [], names if named else [])
    ax.set_ylim(-0.8, len(own) - 0.2)
    _values(ax, what)
    row = chosen.iloc[0]
    style.finish(ax, title=_title(groups, of, what, row), subtitle=_subtitle(what, row, pooled))
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    style.legend(ax)
    return ax


def _rows(ax: Axes, own: pd.DataFrame, where: FloatArray) -> None:
    """Draw two intervals for each group, one above the other."""
    lift = 0.16
    ax.hlines(where + lift, own["low"], own["high"], color=style.SKY, linewidth=1.4)
    ax.plot(own["observed"], where + lift, "o", color=style.SKY, markersize=4,
            label="from its own deals")  # fmt: skip
    ax.hlines(where - lift, own["shrunken_low"], own["shrunken_high"], color=style.BLUE,
              linewidth=1.8)  # fmt: skip
    ax.plot(own["shrunken"], where - lift, "D", color=style.BLUE, markersize=4,
            label="drawn towards the others")  # fmt: skip


def _cloud(ax: Axes, own: pd.DataFrame, where: FloatArray) -> None:
    """Draw a band and a dot for each of many groups: their own intervals would hide all."""
    ax.fill_betweenx(where, own["shrunken_low"], own["shrunken_high"], color=style.BLUE,
                     alpha=0.25, linewidth=0)  # fmt: skip
    ax.plot(own["observed"], where, "o", color=style.BLACK, markersize=1.5,
            label="from its own deals")  # fmt: skip
    ax.plot(own["shrunken"], where, color=style.BLUE, label="drawn towards the others",
            **style.LINE)  # fmt: skip


def _values(ax: Axes, what: str) -> None:
    if what == "time":
        style.number_axis(ax, "days, median", which="x", bottom=None)
        return
    left, right = ax.get_xlim()
    style.share_axis(ax, "share, of those followed to the end", which="x")
    ax.set_xlim(max(left, -0.01), min(right, 1.01))


def _title(groups: Groups, of: str, what: str, row: Any) -> str:
    thing = f"{compared(style.short(of, style.LONGEST_LABEL), what)} by {groups.by}"
    if np.isnan(row["p"]):
        return f"{thing}: too little to compare"
    more = "differs more than chance allows" if row["p_holm"] < RARE else "no more than chance"
    return f"{thing}: {more} ({p_text(row['p_holm'])})"


def _subtitle(what: str, row: Any, pooled: float) -> str:
    common = percent(pooled) if what == "conversion" else in_days(pooled)
    of = "odds" if what == "conversion" else "times"
    return (
        f"{row['groups']:,} groups, {row['deals']:,} deals, all together {common}; 90% intervals; "
        f"between groups {of} vary by a factor of {row['factor']:.2f}"
    )
