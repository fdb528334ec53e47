"""Forecasters: what is fitted to the past alone, or a plan's own laws on the state of that day."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim import api
from salessim._typing import FloatArray
from salessim.config import Plan, load_plan
from salessim.fit.backtest.actuals import MEASURES, PARTS, Target
from salessim.fit.backtest.looks import Forecasted
from salessim.fit.backtest.scores import Draws, Spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salessim.fit.backtest.origins import Grid, Window
    from salessim.fit.history import History
    from salessim.forecast import Forecast, Series

BASE = ("open_deals", "customers")
"""Origins of a forecast that are no external source."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """How each origin is simulated.

    Attributes
    ----------
    grid : Grid
        Periods and horizon.
    trajectories, seed : int
    threads : int or None
    """

    grid: Grid
    trajectories: int
    seed: int
    threads: int | None = None

    def changes(self, window: Window) -> dict[str, Any]:
        """Return the keys of a plan that put its forecast on a window."""
        period = self.grid.period
        unit = f"{period.unit}s"
        return {
            "forecast.start": window.start,
            "forecast.horizon": f"{period.value * self.grid.periods:g} {unit}",
            "forecast.period": period.unit if period.value == 1 else f"{period.value:g} {unit}",
        }

    def simulate(self, plan: Plan) -> Forecast:
        """Simulate a plan for a window; KeyboardInterrupt when Ctrl-C stopped it."""
        forecast = api.simulate(
            plan, trajectories=self.trajectories, seed=self.seed, threads=self.threads
        )
        if forecast.interrupted:
            raise KeyboardInterrupt
        return forecast


def draws_of(forecast: Forecast) -> Draws:
    """Split a forecast into the parts that are compared: their paths by trajectory."""
    found = {}
    for measure in MEASURES:
        series = forecast.series(measure)
        parts = series.by("origin")
        split: Mapping[str, FloatArray] = {
            "all": _samples(series),
            **{name: _samples(parts[name]) for name in BASE if name in parts},
        }
        known = sum((split[name] for name in BASE if name in split), np.zeros(1))
        new = split["all"] - known
        for part in PARTS:
            samples = new if part == "new_deals" else split.get(part, np.zeros_like(new))
            found[Target(measure, part)] = Spread.of_path(samples)
    return found


def _samples(series: Series) -> FloatArray:
    return np.asarray(series.samples, dtype=np.float64)
