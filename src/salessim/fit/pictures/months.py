"""How the months of a pipeline swung, as far as they tell."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from salessim.charts import style
from salessim.fit.rhythm import Rhythm
from salessim.fit.swing import Swing
from salessim.model.uncertain import NORMAL_P95

WORDS = {
    "conversion": ("odds of advancing", "month of entry"),
    "pace": ("speed of advancing", "calendar month"),
}


def shared_months(
    found: Swing, of: str, ax: Axes | None = None, *, rhythm: Rhythm | None = None
) -> Axes:
    """Draw the factor of each month, with the interval that holds it with 90 %.

    Parameters
    ----------
    found : Swing
    of : {"conversion", "pace"}
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    rhythm : Rhythm, optional
        How quick the months of a quarter are, drawn besides.
    """
    ax = style.new_axes() if ax is None else ax
    first = np.datetime64(found.monthly.first, "M")
    edges = first + np.arange(len(found.months) + 1)
    days = style.day_numbers([edge.astype("datetime64[D]").item() for edge in edges])
    middle = (days[1:] + days[:-1]) / 2.0
    off = NORMAL_P95 * found.errors
    low, high = np.exp(found.months - off), np.exp(found.months + off)
    ax.axhline(1.0, color=style.BLACK, linewidth=0.8)
    ax.vlines(middle, low, high, color=style.BLUE, alpha=0.35, linewidth=6.0, label="nine of ten")
    ax.plot(middle, np.exp(found.months), "o", color=style.BLUE, markersize=5, label="likeliest")
    if rhythm is not None:
        place = (found.monthly.first + np.arange(len(found.months))) % len(rhythm.factors)
        ax.hlines(rhythm.factors[place], days[:-1], days[1:], color=style.ORANGE, linewidth=2.0,
                  label="in step with the quarter")  # fmt: skip
    what, which = WORDS[of]
    begin, end = (edge.astype("datetime64[D]").item() for edge in (edges[0], edges[-1]))
    style.date_axis(ax, begin, end)
    style.number_axis(ax, f"{what}, as a factor")
    style.finish(
        ax,
        title=f"{what.capitalize()}: months differ by a factor of {np.exp(found.effect):.2f} (one "
        "standard deviation)",
        subtitle=f"All stages together, by {which}; {found.persistence:.0%} of it is left in the "
        "next",
    )
    style.legend(ax)
    return ax
