"""Scores of forecasts that are distributions: samples against what happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim._typing import FloatArray

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.backtest.actuals import Path, Target
    from salessim.fit.backtest.origins import Window

LEVELS = (0.5, 0.8, 0.95)
"""Of the central intervals whose coverage is counted."""
PINBALL = (0.1, 0.5, 0.9)


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A forecast of one target as samples.

    Attributes
    ----------
    path : ndarray of float, shape (sample, period)
    total : ndarray of float, shape (sample,)
        Of all periods together. Of a simulation it is the path's sum; a rule has errors of its
        own for totals.
    """

    path: FloatArray
    total: FloatArray

    @classmethod
    def of_path(cls, path: FloatArray) -> Spread:
        """Return samples whose totals are sums of their paths."""
        return cls(path=path, total=path.sum(axis=1))


Draws = Mapping["Target", Spread]
"""A forecast of everything."""


def score(samples: FloatArray, actual: FloatArray, *, uniform: FloatArray) -> dict[str, FloatArray]:
    """Score samples of forecasts, each against the one value that came true.

    Parameters
    ----------
    samples : ndarray of float, shape (sample, forecast)
        At least two samples.
    actual : ndarray of float, shape (forecast,)
    uniform : ndarray of float, shape (forecast,)
        Uniform draws in [0, 1) that break ties in the PIT.

    Returns
    -------
    dict of str to ndarray of float, shape (forecast,)
        ``median``; ``error`` (median less actual); ``crps`` by the estimator that is fair to small
        ensembles (Zamo and Naveau 2018, Mathematical Geosciences 50, eq. 30: by probability
        weighted moments): rules have few past errors, and an estimator that punishes few samples
        would hand their opponent a skill for nothing; ``pinball10``, ``pinball50``, ``pinball90``;
        ``inside50``, ``inside80``, ``inside95`` (1 = the central interval held it); ``pit``,
        randomised among ties (Czado, Gneiting and Held 2009, Biometrics 65, section 2.2).
    """
    import scoringrules

    median = np.median(samples, axis=0)
    found = {
        "median": median,
        "error": median - actual,
        "crps": scoringrules.crps_ensemble(actual, samples, m_axis=0, estimator="pwm"),
    }
    for level in PINBALL:
        at = np.quantile(samples, level, axis=0)
        found[f"pinball{100 * level:.0f}"] = scoringrules.quantile_score(actual, at, level)
    for level in LEVELS:
        low, high = np.quantile(samples, [0.5 - level / 2, 0.5 + level / 2], axis=0)
        found[f"inside{100 * level:.0f}"] = ((low <= actual) & (actual <= high)).astype(np.float64)
    below, equal = (samples < actual).sum(axis=0), (samples == actual).sum(axis=0)
    found["pit"] = (below + uniform * (equal + 1)) / (len(samples) + 1)
    return found


def score_draws(
    draws: Draws, actual: Path, *, by: str, window: Window, seed: int
) -> list[dict[str, Any]]:
    """Score a forecast of everything: a row for each target and period, period 0 the total.

    Parameters
    ----------
    draws : mapping of Target to Spread
        What it does not hold is not scored.
    actual : mapping of Target to ndarray, shape (period,)
    by : str
        Who forecast.
    window : Window
    seed : int
        Of the draws that break ties in the PIT.

    Returns
    -------
    list of dict
        ``origin``, ``by``, ``measure``, ``part``, ``period``, ``start`` and ``end`` (the day
        after) of what a row is about, ``actual``, and all of `score`.
    """
    generator = np.random.default_rng(seed)
    edges = window.edges
    rows = []
    for target in (target for target in actual if target in draws):
        truth = np.array([actual[target].sum(), *actual[target]])
        samples = np.column_stack([draws[target].total, draws[target].path])
        got = score(samples, truth, uniform=generator.random(len(truth)))
        for period, value in enumerate(truth):
            first, last = (period - 1, period) if period else (0, -1)
            row = {
                "origin": window.origin,
                "by": by,
                "measure": target.measure,
                "part": target.part,
                "period": period,
                "start": edges[first],
                "end": edges[last],
                "actual": float(value),
            }
            rows.append(row | {name: float(values[period]) for name, values in got.items()})
    return rows


def select(
    table: pd.DataFrame, *, measure: str, part: str, total: bool, by: str | None = None
) -> pd.DataFrame:
    """Return the rows of one target: totals, or the periods of the path; of one forecaster."""
    chosen = (table["measure"] == measure) & (table["part"] == part)
    chosen &= (table["period"] == 0) if total else (table["period"] > 0)
    if by is not None:
        chosen &= table["by"] == by
    return table[chosen]
