"""Look back from every origin: forecast on what was known, and hold it against what came true."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from salessim._typing import FloatArray, Progress
from salessim.fit.backtest.actuals import Ledger, Path, Target
from salessim.fit.backtest.evaluation import OURS
from salessim.fit.backtest.naive import Past, naive_draws
from salessim.fit.backtest.origins import Grid, Reach, Window
from salessim.fit.backtest.scores import Draws, score_draws
from salessim.fit.known import known_on

if TYPE_CHECKING:
    from salessim.fit.history import History

FAN = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantiles of a forecast that are kept for its picture."""


class Forecasted(NamedTuple):
    """What a forecaster says at an origin."""

    draws: Draws
    warnings: tuple[str, ...] = ()


Forecaster: TypeAlias = Callable[["History", Window], Forecasted]
"""Forecasts a window from what was known when it began. It is given nothing else."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One origin.

    Attributes
    ----------
    window : Window
    rows : list of dict
        Scores of ours and of all rules: see `score_draws`.
    fans : mapping of Target to ndarray, shape (quantile, period)
        Quantiles `FAN` of our forecast.
    actual : mapping of Target to ndarray, shape (period,)
    warnings : tuple of str
        What the fit said.
    seconds : float
    """

    window: Window
    rows: list[dict[str, Any]]
    fans: Mapping[Target, FloatArray]
    actual: Path
    warnings: tuple[str, ...]
    seconds: float


def looks(
    history: History,
    forecaster: Forecaster,
    windows: Sequence[Window],
    *,
    grid: Grid,
    seed: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Iterator[Look]:
    """Yield what every origin says, in their order.

    Parameters
    ----------
    history : History
        All that is known today; forecasters see the part of it that was known then.
    forecaster : callable
        With a process pool it must be picklable.
    windows : sequence of Window
    grid : Grid
        Of the windows.
    seed : int
        Of the draws that break ties in the PIT.
    executor : concurrent.futures.Executor, optional
        Where origins are looked at; one after the other in this thread when not given.
    progress : callable, optional
        Called with (origins finished, origins asked for).

    Raises
    ------
    SalessimError
        What a forecaster says to a history that cannot be forecast from.
    """
    ledger, first = Ledger.of(history), Reach.of(history).first
    one = partial(_look, history, forecaster, grid, first)
    tasks = [
        (window, ledger.path(window), (seed + number) % 2**32)
        for number, window in enumerate(windows)
    ]
    found = executor.map(one, tasks) if executor else map(one, tasks)
    for done, look in enumerate(found, start=1):
        if progress:
            progress(done, len(tasks))
        yield look


def _look(
    history: History,
    forecaster: Forecaster,
    grid: Grid,
    first: Any,
    task: tuple[Window, Path, int],
) -> Look:
    """Forecast and score at one origin."""
    window, actual, seed = task
    started = time.perf_counter()
    known = known_on(history, window.origin)
    ours, warnings = forecaster(known, window)
    past = Past(ledger=Ledger.of(known), grid=grid, first=first)
    said = {OURS: ours, **naive_draws(past, window)}
    rows = [
        row
        for by, draws in said.items()
        for row in score_draws(draws, actual, by=by, window=window, seed=seed)
    ]
    return Look(
        window=window,
        rows=rows,
        fans={target: np.quantile(ours[target].path, FAN, axis=0) for target in ours},
        actual=actual,
        warnings=warnings,
        seconds=time.perf_counter() - started,
    )
