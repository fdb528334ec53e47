"""Forecasters: what is fitted to the past alone, or a plan's own laws on the state of that day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salessim.api.refusals import addressed
from salessim.config import Plan
from salessim.errors import SalessimError
from salessim.fit.at_start import open_deals
from salessim.fit.backtest.actuals import PARTS, Target
from salessim.fit.backtest.looks import Forecasted
from salessim.fit.backtest.origins import Grid, Window, span_words
from salessim.fit.backtest.scores import Draws, Spread
from salessim.fit.fit import fit_history
from salessim.fit.writing import write_table
from salessim.forecast.series import HUNDREDTHS

if TYPE_CHECKING:
    from salessim.engine import Cube
    from salessim.fit.history import History

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
        return {
            "forecast.start": window.start,
            "forecast.horizon": span_words(self.grid.horizon),
            "forecast.period": span_words(self.grid.period).removeprefix("1 "),
        }

    def simulate(self, plan: Plan) -> Draws:
        """Simulate a plan for a window; KeyboardInterrupt when Ctrl-C stopped it.

        Nothing after the horizon: no verdict is asked for, which would take two years.
        """
        from salessim.engine import run
        from salessim.forecast.labels import Labels
        from salessim.lowering import lower

        line = replace(plan.model.timeline, judged=self.grid.periods)
        model = replace(plan.model, timeline=line)
        with addressed(plan):
            program = lower(model)
            cube = run(
                program, trajectories=self.trajectories, seed=self.seed, threads=self.threads
            )
        if cube.interrupted:
            raise KeyboardInterrupt
        return draws_of(cube, Labels.of(program, model).origins)


def draws_of(cube: Cube, origins: Sequence[str]) -> Draws:
    """Split a run into the parts that are compared: their paths by trajectory.

    What descends from the deals open at the start and from the customers of that day is theirs;
    all else is new.
    """
    found = {}
    measures: dict[str, NDArray[Any]] = {
        "bookings": cube.bookings / HUNDREDTHS,
        "wins": cube.wins,
        "new customers": cube.new_customers,
        "lost customers": cube.lost_customers,
    }
    for measure, values in measures.items():
        # axes: trajectory, period, pipeline, origin
        by_origin = values.sum(axis=2, dtype=np.float64)
        part_of = np.array([origin if origin in BASE else "new_deals" for origin in origins])
        for part in PARTS:
            mine = np.ones(len(origins), bool) if part == "all" else part_of == part
            found[Target(measure, part)] = Spread.of_path(by_origin[:, :, mine].sum(axis=2))
    return found


@dataclass(frozen=True, kw_only=True)
class Refit:
    """Fits what was known at an origin and forecasts with it.

    Attributes
    ----------
    ask : Ask
    half_life : float or None
        In days: see `salessim.fit.fit.fit_history`.
    """

    ask: Ask
    half_life: float | None = None

    def __call__(self, known: History, window: Window) -> Forecasted:
        """Fit and simulate.

        Raises
        ------
        SalessimError
            The history cannot be fitted at that origin.
        """
        try:
            fitted = fit_history(known, as_of=window.origin, half_life=self.half_life)
            draws = self.ask.simulate(fitted.plan().with_(self.ask.changes(window)))
        except SalessimError as error:
            raise SalessimError(
                *(f"as of {window.origin}: {problem}" for problem in error.problems)
            ) from error
        return Forecasted(draws, tuple(fitted.warnings))


@dataclass(frozen=True, kw_only=True)
class AsPlanned:
    """Forecasts with a plan's own laws from the deals that were open at an origin.

    Attributes
    ----------
    ask : Ask
    plan : Plan
        Its stages are those of the history, or `[open_deals] stages` says which is which.
    """

    ask: Ask
    plan: Plan

    def __call__(self, known: History, window: Window) -> Forecasted:
        """Put the deals open then into the plan, and simulate.

        Raises
        ------
        SalessimError
            The plan has customers, whose state at an origin only a fit knows; or it does not know a
            stage in which a deal stood.
        """
        if "customers" in self.plan.document:
            raise SalessimError(
                f"{self.plan.path}: customers: who was one at an origin only a fit can tell; leave "
                "--no-refit away"
            )
        table = open_deals(known.deals, won_to_quoted={})
        with TemporaryDirectory(prefix="salessim-backtest-") as folder:
            file = FilePath(folder) / "open_deals.csv"
            write_table(table, file)
            given = self.plan.document.get("open_deals", {}).get("stages", {})
            stages = _stages(sorted(set(table["stage"])), given)
            changes: dict[str, Any] = {
                **self.ask.changes(window),
                "open_deals": {"file": str(file), "stages": stages} if len(table) else {},
            }
            plan = self.plan.with_(changes)
        return Forecasted(self.ask.simulate(plan))


def _stages(found: Sequence[str], given: Mapping[str, str]) -> dict[str, str]:
    """Say which stage of the plan those of a history are: by their own name where it is given."""
    own = {stage: stage.partition(".")[2] for stage in found}
    return {stage: given[name] for stage, name in own.items() if name in given}
