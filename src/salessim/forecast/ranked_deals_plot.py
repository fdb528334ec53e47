"""The chart of ranked open deals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patches import Patch

from salessim.charts import style
from salessim.forecast.ranked_deals import RISKS
from salessim.readable import percent, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from salessim.forecast.ranked_deals import RankedDeals

MOST_BARS = 15
LONGEST_NAME = 34
"""Letters beside a bar."""
ROW = 0.32
"""Inches that a bar takes."""
COLOURS = dict(zip(RISKS, (style.GREEN, style.ORANGE, style.VERMILLION), strict=True))
MARKS = dict(zip(RISKS, ("", "///", "xx"), strict=True))
"""A second mark beside the colour."""


def draw(given: RankedDeals, ax: Axes | None = None, *, most: int = MOST_BARS) -> Axes:
    """Draw the deals that add most to the forecast as bars, coloured by their risk.

    Parameters
    ----------
    given : RankedDeals
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of their own when not given.
    most : int
        Bars.
    """
    top = given.frame.head(most)
    rows = max(3, len(top))
    ax = style.new_axes(height=1.4 + ROW * rows) if ax is None else ax
    names = [
        style.plain_label(style.short(f"{deal}  ({stage})", LONGEST_NAME))
        for deal, stage in zip(top["deal"], top["stage"], strict=True)
    ]
    risks = top["risk"].tolist()
    bars = ax.barh(
        range(len(top)), top["bookings"].to_numpy(), height=0.7, color=[COLOURS[r] for r in risks]
    )
    for bar, risk in zip(bars, risks, strict=True):
        bar.set_hatch(MARKS[risk])
        bar.set_edgecolor("white")
    for row, (_, deal) in enumerate(top.iterrows()):
        said = f"{percent(deal['won_in_time'])} of {rounded(deal['deals'] * deal['amount'])}"
        ax.annotate(
            said, (deal["bookings"], row), (4.0, 0.0), textcoords="offset points", va="center",
            fontsize=style.SMALL,
        )  # fmt: skip
    ax.set_yticks(range(len(top)), names)
    ax.set_ylim(rows - 0.4, -0.6)
    style.number_axis(ax, given.currency, which="x")
    # room for what is said behind the longest bar
    ax.set_xlim(0.0, 1.18 * ax.get_xlim()[1])
    until = f"before {given.until:%-d %B %Y}" if given.count else ""
    subtitle = f"Expected bookings {until}: probability to be won by then x amount"
    style.finish(ax, title=_title(given, len(top)), subtitle=subtitle if until else "")
    ax.grid(visible=False, axis="y")
    ax.grid(axis="x", color=style.GRID, linewidth=0.8)
    shown = [risk for risk in RISKS if risk in risks]
    patches = [
        Patch(facecolor=COLOURS[r], hatch=MARKS[r], edgecolor="white", label=r) for r in shown
    ]
    if patches:
        style.legend(ax, handles=patches, loc="lower right", bbox_to_anchor=(1.0, 0.02))
    return ax


def _title(given: RankedDeals, shown: int) -> str:
    if not given.count:
        return "No deal is open at the start"
    rows = len(given.frame)
    one, many = ("open deal", "open deals")
    if (given.frame["deals"] > 1).any():
        one, many = ("group of open deals", "groups of open deals")
    if rows == 1:
        return f"What the {one} adds to the forecast"
    if shown == rows:
        return f"What {rows} {many} add to the forecast"
    share = percent(float(given.frame["share"].head(shown).sum()))
    return f"{shown} of {rows:,} {many} bring {share} of what all of them add"
