"""Orders and lifetimes of customers, as they were and as fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from salessim._typing import FloatArray
from salessim.charts import style
from salessim.fit.order_base import FittedOrders
from salessim.fit.order_months import expected_repeats
from salessim.fit.purchases import ParetoNBD
from salessim.fit.subscription_base import FittedSubscriptions
from salessim.model.law import floats
from salessim.readable import amount, in_days, percent

if TYPE_CHECKING:
    import pandas as pd

POINTS = 120
MOST_COUNTED = 7
"""Repeat orders told apart; those with as many or more are together."""
MOST_SEGMENTS = 6
LEAST_AT_RISK = 10.0
"""Customers under observation where an observed curve ends: of fewer it says little."""
_NODES = 200


def tracking(base: FittedOrders, ax: Axes | None = None) -> Axes:
    """Draw all repeat orders by day, one on the other: as they came, and as expected.

    Expected are those of new customers of the fitted population who began on the same days, by
    the season that was seen.

    Parameters
    ----------
    base : FittedOrders
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    """
    import pandas as pd

    ax = style.new_axes() if ax is None else ax
    table = base.orders.table
    first = base.summaries["first"]
    begin, last = first.min(), base.orders.last_day
    span = max((last - begin).days, 1)
    days = np.unique(np.linspace(0, span, POINTS).round())
    came = np.sort((table.loc[~table["first"], "day"] - begin).dt.days.to_numpy(np.float64))
    actual = floats(np.searchsorted(came, days, side="right"))
    at = pd.DatetimeIndex(begin + pd.to_timedelta(days, unit="D"))
    fitted = expected_repeats(base.orders, base.purchases.model, base.rhythm.clock, at)
    where = style.day_numbers([begin.date()]) + days
    ax.plot(where, actual, color=style.BLACK, label="as they came", **style.LINE)
    ax.plot(where, fitted, color=style.BLUE, linestyle="--", label="fitted", **style.LINE)
    style.date_axis(ax, begin.date(), last.date())
    style.number_axis(ax, "repeat orders since the beginning")
    off = fitted[-1] / actual[-1] - 1.0 if actual[-1] else 0.0
    than = "more" if off > 0.0 else "fewer"
    title = f"{amount(actual[-1])} repeat orders came; the fit expects {percent(abs(off))} {than}"
    if not actual[-1]:
        title = "Nobody has ordered again yet"
    style.finish(ax, title=title, subtitle=f"{_customers(base)}, {begin.date()} to {last.date()}")
    style.legend(ax)
    return ax


def order_counts(base: FittedOrders, ax: Axes | None = None) -> Axes:
    """Draw how many customers ordered again how often, as it was and as expected.

    Parameters
    ----------
    base : FittedOrders
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    known = base.summaries
    repeats = np.minimum(known["repeats"].to_numpy(), MOST_COUNTED)
    actual = np.bincount(repeats, minlength=MOST_COUNTED + 1)
    ages, count = np.unique(known["age"].to_numpy(np.float64), return_counts=True)
    fitted = floats(count @ chances(base.purchases.model, ages, MOST_COUNTED))
    where = np.arange(MOST_COUNTED + 1)
    ax.bar(where - 0.2, actual, 0.4, color=style.BLACK, label="as it was")
    ax.bar(where + 0.2, fitted, 0.4, color=style.BLUE, label="fitted", hatch="///",
           edgecolor="white", linewidth=0)  # fmt: skip
    ax.set_xticks(where, [*map(str, where[:-1]), f"{MOST_COUNTED} or more"])
    ax.set_xlabel("repeat orders of a customer", fontsize=style.TEXT)
    style.number_axis(ax, "customers")
    never = float(actual[0] / max(len(known), 1))
    title = (
        f"{percent(never)} never ordered again; the fit expects {percent(fitted[0] / len(known))}"
    )
    style.finish(ax, title=title, subtitle=_customers(base))
    style.legend(ax)
    return ax


def chances(model: ParetoNBD, ages: FloatArray, most: int) -> FloatArray:
    """Return how likely a customer ordered again 0, 1, ..., ``most`` or more times by its age.

    The law of the number of orders within a time that ends with the customer's life: negative
    binomial in its length (Fader and Hardie 2005, "A note on deriving the Pareto/NBD model",
    before the integral over the life's length is solved).

    Parameters
    ----------
    model : ParetoNBD
    ages : ndarray, shape (ages,)
        Days since the first order.
    most : int
        At least 1.

    Returns
    -------
    ndarray, shape (ages, most + 1)
        Rows sum to 1.
    """
    from scipy.stats import nbinom

    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # Even in the logarithm of scale + age: lives end early, or after very long.
    span = np.log1p(ages / model.beta)[:, None]
    lived = model.beta * np.expm1(span * (nodes + 1.0) / 2.0)
    ends = weights / 2.0 * span * model.s * np.exp(-model.s * span * (nodes + 1.0) / 2.0)
    orders = np.arange(most)

    def within(time: FloatArray) -> FloatArray:
        p = model.alpha / (model.alpha + time[..., None])
        return floats(nbinom.pmf(orders, model.r, p))

    stays = np.exp(-model.s * span)
    fewer = stays * within(ages) + (ends[..., None] * within(lived)).sum(axis=1)
    return np.column_stack([fewer, np.maximum(1.0 - fewer.sum(axis=1), 0.0)])


def lifetimes(base: FittedSubscriptions, ax: Axes | None = None) -> Axes:
    """Draw how many subscribers stay how long: Kaplan-Meier, and the fitted law.

    Parameters
    ----------
    base : FittedSubscriptions
    ax : Axes, optional
        A new figure when None, reached as ``.figure`` of the result.
    """
    ax = style.new_axes() if ax is None else ax
    names, family = base.stays.segments, base.lifetimes.family
    sizes = np.bincount(base.lives.group, minlength=len(names))
    shown = np.sort(np.argsort(-sizes, kind="stable")[:MOST_SEGMENTS])
    colours = (style.BLUE, style.VERMILLION, style.GREEN, style.PURPLE, style.ORANGE, style.BLACK)
    ages = np.linspace(0.0, max(float(base.lives.leave.max()), 1.0), 4 * POINTS)
    for group, colour in zip(shown, colours, strict=False):
        curve = base.lives.of_group(int(group)).kaplan_meier()
        seen = curve.at_risk >= min(LEAST_AT_RISK, curve.at_risk.max(initial=0.0))
        name = style.plain_label(style.short(names[group] or "all", style.LONGEST_LABEL))
        ax.step(np.append(0.0, curve.ages[seen]), np.append(1.0, curve.survival[seen]),
                where="post", color=colour, linewidth=4.0, alpha=0.35)  # fmt: skip
        law = family.survival(ages, base.lifetimes.parameters[group])
        ax.plot(ages, law, color=colour, label=name, linewidth=1.4)
    ax.set_xlim(0.0, float(ages[-1]))
    style.number_axis(ax, "days since the start", which="x", bottom=None)
    style.share_axis(ax, "share still subscribed")
    stay = [family.survival(np.array([365.25]), at)[0] for at in base.lifetimes.parameters]
    year = float(sizes @ stay / sizes.sum())
    ended = int(base.lives.ended.sum())
    style.finish(
        ax,
        title=f"{percent(year)} of subscribers stay a year or longer, by the {_law(base)} law",
        subtitle=f"{amount(len(base.lives.leave))} stays, {amount(ended)} of them ended; pale: as "
        "observed, thin: fitted",
    )
    style.legend(ax)
    return ax


def _law(base: FittedSubscriptions) -> str:
    return base.lifetimes.family.name.replace("_", "-")


def _customers(base: FittedOrders) -> str:
    known: pd.DataFrame = base.summaries
    mean = float(known["age"].mean())
    return f"{amount(len(known))} customers, known for {in_days(mean)} on average"
