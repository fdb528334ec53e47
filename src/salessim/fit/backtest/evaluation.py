"""What the scores of many origins say together, and how little overlapping origins say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.backtest.scores import LEVELS, PINBALL, select
from salessim.forecast.judge import wilson

if TYPE_CHECKING:
    import pandas as pd

Dates: TypeAlias = tuple[date, date]
OURS = "salessim"
"""Who forecast, beside the names of the rules."""
RESAMPLES = 2_000
LEAST_APART = 5
"""Windows that do not overlap, below which an interval of the skill would be a pretence."""


@dataclass(frozen=True, kw_only=True)
class Skill:
    """How much better than naive rules forecasts of one target were.

    Attributes
    ----------
    measure, part : str
    total : bool
        Of the whole horizon, else of its periods.
    rule : str or None
        The rule with the least CRPS on these origins: chosen in hindsight, in the rule's favour;
        None = no rule had errors enough to be a distribution.
    value : float or None
        1 - CRPS / CRPS of the rule, over origins at which the rule could forecast.
    interval : (float, float) or None
        95% by moving blocks of origins as long as windows overlap (Kuensch 1989, Annals of
        Statistics 17); None with fewer than `LEAST_APART` windows apart.
    origins : int
        At which both forecast.
    apart : int
        Most of their windows that do not overlap.
    each : dict of str to float
        Skill against each rule, on the origins at which that rule could forecast.
    """

    measure: str
    part: str
    total: bool
    rule: str | None
    value: float | None
    interval: tuple[float, float] | None
    origins: int
    apart: int
    each: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often central intervals held what happened.

    Attributes
    ----------
    level : float
        That they promise.
    held : float
        Share that they held.
    count : int
        Forecasts counted.
    apart : int
        Most of them whose time does not overlap: the number that the interval takes.
    interval : (float, float)
        Wilson's, 95%, with `apart` trials.
    """

    measure: str
    part: str
    total: bool
    level: float
    held: float
    count: int
    apart: int
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Errors:
    """How far the middle of forecasts was off.

    Attributes
    ----------
    relative : float or None
        Mean of |median - actual| / actual; None where something actual is not above zero.
    bias : float or None
        Sum of the medians over the sum of what happened, less 1; None when that is not above zero.
    crps : float
        Mean, in the unit of the measure.
    pinball : dict of str to float
        Mean loss of the quantiles 10%, 50% and 90%.
    flat : float or None
        p-value of a flat PIT: Kolmogorov and Smirnov's test on windows that do not overlap; None
        with fewer than `LEAST_APART` of them.
    """

    measure: str
    part: str
    total: bool
    relative: float | None
    bias: float | None
    crps: float
    pinball: dict[str, float]
    flat: float | None


def skill(table: pd.DataFrame, *, measure: str, part: str, total: bool) -> Skill:
    """Compare forecasts of a target with every naive rule; the best of them decides.

    Parameters
    ----------
    table : DataFrame
        Rows of `score_draws`, with the columns ``origin``, ``by`` (`OURS` or a rule), ``start``
        and ``end`` of what a row is about.
    measure, part, total
        The target.

    Returns
    -------
    Skill
    """
    rows = select(table, measure=measure, part=part, total=total)
    crps = rows.pivot_table(index="origin", columns="by", values="crps", aggfunc="sum")
    windows = rows.groupby("origin").agg(start=("start", "min"), end=("end", "max"))
    rules = [name for name in crps.columns if name != OURS]
    # A rule that could speak at one origin only must not decide by its luck there.
    most = max((int(crps[name].notna().sum()) for name in rules), default=0)
    each: dict[str, float] = {}
    best, least = None, np.inf
    for name in rules:
        both = crps[[OURS, name]].dropna()
        theirs = float(both[name].sum())
        if theirs <= 0.0:
            continue
        each[name] = 1.0 - float(both[OURS].sum()) / theirs
        if len(both) == most and each[name] < least:
            best, least = name, each[name]
    if best is None:
        kept, pairs = windows, np.empty((0, 2))
    else:
        both = crps[[OURS, best]].dropna()
        kept, pairs = windows.loc[both.index], both.to_numpy(np.float64)
    spans = list(zip(kept["start"], kept["end"], strict=True))
    free = len(apart(spans))
    return Skill(
        measure=measure,
        part=part,
        total=total,
        rule=best,
        value=None if best is None else least,
        interval=_skill_interval(pairs, spans) if best and free >= LEAST_APART else None,
        origins=len(kept),
        apart=free,
        each=each,
    )


def coverages(table: pd.DataFrame, *, measure: str, part: str, total: bool) -> list[Coverage]:
    """Count how often the central intervals of our forecasts of a target held what happened."""
    rows = select(table, measure=measure, part=part, total=total, by=OURS)
    free = len(apart(zip(rows["start"], rows["end"], strict=True)))
    found = []
    for level in LEVELS:
        held = float(rows[f"inside{100 * level:.0f}"].mean())
        found.append(
            Coverage(
                measure=measure,
                part=part,
                total=total,
                level=level,
                held=held,
                count=len(rows),
                apart=free,
                interval=wilson(held, free),
            )
        )
    return found


def pooled(coverages: Sequence[Coverage]) -> Coverage:
    """Pool coverage of one level over data sets, whose windows say nothing of each other.

    Raises
    ------
    ValueError
        There is none, or they are of several levels.
    """
    if len({one.level for one in coverages}) != 1:
        raise ValueError("coverage is pooled of one level")
    count = sum(one.count for one in coverages)
    free = sum(one.apart for one in coverages)
    # each data set with what it knows, however many of its windows overlap
    held = sum(one.held * one.apart for one in coverages) / free
    first = coverages[0]
    return Coverage(
        measure=first.measure,
        part=first.part,
        total=first.total,
        level=first.level,
        held=held,
        count=count,
        apart=free,
        interval=wilson(held, free),
    )


def errors(table: pd.DataFrame, *, measure: str, part: str, total: bool) -> Errors:
    """Return how far the middle of our forecasts of a target was off, and whether PIT is flat."""
    from scipy.stats import kstest

    rows = select(table, measure=measure, part=part, total=total, by=OURS)
    actual, middle = rows["actual"].to_numpy(), rows["median"].to_numpy()
    kept = apart(zip(rows["start"], rows["end"], strict=True))
    flat = None
    if len(kept) >= LEAST_APART:
        flat = float(kstest(rows["pit"].to_numpy()[kept], "uniform").pvalue)
    positive = bool((actual > 0.0).all())
    pinball = [f"pinball{100 * level:.0f}" for level in PINBALL]
    return Errors(
        measure=measure,
        part=part,
        total=total,
        relative=float(np.mean(np.abs(middle - actual) / actual)) if positive else None,
        bias=float(middle.sum() / actual.sum() - 1.0) if actual.sum() > 0.0 else None,
        crps=float(rows["crps"].mean()),
        pinball={name: float(rows[name].mean()) for name in pinball},
        flat=flat,
    )


def apart(spans: Iterable[Dates]) -> list[int]:
    """Return which spans of time to keep so that none overlap and as many as can be are left.

    The earliest end first (interval scheduling: Kleinberg and Tardos 2005, Algorithm Design, 4.1).
    """
    listed = list(spans)
    kept: list[int] = []
    for index in sorted(range(len(listed)), key=lambda i: listed[i][::-1]):
        if not kept or listed[index][0] >= listed[kept[-1]][1]:
            kept.append(index)
    return kept


def _skill_interval(pairs: FloatArray, spans: list[Dates]) -> tuple[float, float] | None:
    """Return the 95% interval of a skill by resampling blocks of successive origins."""
    count = len(pairs)
    block = max(
        sum(other[0] < end for other in spans[first:]) for first, (_, end) in enumerate(spans)
    )
    if block >= count:
        return None
    generator = np.random.default_rng(count)
    first = generator.integers(0, count - block + 1, (RESAMPLES, -(-count // block)))
    chosen = (first[:, :, None] + np.arange(block)).reshape(RESAMPLES, -1)[:, :count]
    sums = pairs[chosen].sum(axis=1)
    low, high = np.quantile(1.0 - sums[:, 0] / sums[:, 1], [0.025, 0.975])
    return float(low), float(high)
