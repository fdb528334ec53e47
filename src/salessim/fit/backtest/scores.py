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


def score(samples: FloatArray, actual: float, *, uniform: float) -> dict[str, float]:
    """Score samples of a forecast against the one value that came true.

    Parameters
    ----------
    samples : ndarray of float, shape (sample,)
        At least two.
    actual : float
    uniform : float
        A uniform draw in [0, 1) that breaks ties in the PIT.

    Returns
    -------
    dict of str to float
        ``crps`` by the estimator that is fair to small ensembles (Ferro 2014, Quarterly Journal
        of the Royal Meteorological Society 140, eq. 8): rules have few past errors, and an
        estimator that punishes few samples would hand their opponent a skill for nothing.
        ``pinball10``, ``pinball50``, ``pinball90``; ``error`` (median less actual);
        ``inside50``, ``inside80``, ``inside95`` (1 = the central interval held it);
        ``pit``, randomised among ties (Czado, Gneiting and Held 2009, Biometrics 65, section 2.2).
    """
    import scoringrules

    middle = float(np.median(samples))
    found = {
        "median": middle,
        "crps": float(scoringrules.crps_ensemble(actual, samples, estimator="fair")),
        "error": middle - actual,
    }
    for level in PINBALL:
        at = float(np.quantile(samples, level))
        found[f"pinball{100 * level:.0f}"] = float(scoringrules.quantile_score(actual, at, level))
    for level in LEVELS:
        low, high = np.quantile(samples, [0.5 - level / 2, 0.5 + level / 2])
        found[f"inside{100 * level:.0f}"] = float(low <= actual <= high)
    below, equal = int((samples < actual).sum()), int((samples == actual).sum())
    found["pit"] = (below + uniform * (equal + 1)) / (len(samples) + 1)
    return found


def score_draws(
    draws: Draws, actual: Path, *, seed: int, about: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Score a forecast of everything: a row for each target and period, period 0 the total.

    Parameters
    ----------
    draws : mapping of Target to Spread
        Targets that did not come to pass here are left out.
    actual : mapping of Target to ndarray, shape (period,)
    seed : int
        Of the draws that break ties in the PIT.
    about : mapping
        Put before each row: the origin, who forecast.
    """
    generator = np.random.default_rng(seed)
    rows = []
    for target, truth in actual.items():
        if target not in draws:
            continue
        spread = draws[target]
        columns = [spread.total, *spread.path.T]
        for period, value in enumerate([truth.sum(), *truth]):
            row = {**about, "measure": target.measure, "part": target.part, "period": period}
            got = score(columns[period], float(value), uniform=float(generator.random()))
            rows.append({**row, "actual": float(value), **got})
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
