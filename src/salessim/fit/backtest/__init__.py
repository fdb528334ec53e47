"""How good forecasts made on the past alone would have been: origins, actuals, rules, scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from datetime import date
from typing import TYPE_CHECKING

from salessim._typing import Progress
from salessim.config import Plan
from salessim.config.units import parse_period, parse_span
from salessim.errors import SalessimError
from salessim.fit.backtest.origins import Grid, Reach, Window, choose, lacking
from salessim.fit.backtest.result import Backtest
from salessim.fit.reading import read_history
from salessim.model.calendar import Span

if TYPE_CHECKING:
    from salessim.fit.backtest.actuals import Ledger
    from salessim.fit.history import History

__all__ = ["Backtest", "backtest"]

TRAJECTORIES = 1_000
"""Of each origin: the ends of a 95% interval are then known to a quantile's error of 0.7%."""


def backtest(  # noqa: PLR0913  # options of a script, all by name
    history: History | None = None,
    plan: Plan | None = None,
    *,
    origins: str | Sequence[date] = "monthly",
    horizon: str | None = None,
    period: str | None = None,
    past: str = "12 months",
    refit: bool = True,
    half_life: float | None = None,
    trajectories: int = TRAJECTORIES,
    seed: int | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Backtest:
    """Forecast from days in the past, on what was known then, and hold it against what came true.

    Parameters
    ----------
    history : History, optional
        From `read_history`: all that is known today. What the plan was measured from, read as it
        says in `[records]`, when not given.
    plan : Plan, optional
        Says title, currency, horizon, period, seed and half-life where they are not given, and
        without `refit` the laws.
    origins : str or sequence of date
        ``monthly`` for the end of each month that leaves `past` before it and the horizon after
        it, how many of these, or days.
    horizon, period : str, optional
        ``"3 months"``, ``"month"``; the plan's when not given, without a plan 3 months.
    past : str
        What must be known before the first origin, days that are named aside.
    refit : bool
        Fit anew at each origin; otherwise the plan's own laws are held against the past, which
        they have seen when they were measured later.
    half_life : float, optional
        In days, for fits: visits that long ago count half. The plan's `records.half_life` when
        not given, without one all count alike.
    trajectories : int
        Of each origin.
    seed : int, optional
        0 to 2**64 - 1; the plan's when not given, else drawn.
    threads : int, optional
        For each simulation.
    executor : concurrent.futures.Executor, optional
        Where origins are looked at side by side; one after the other when not given.
    progress : callable, optional
        Called with (origins finished, origins asked for).

    Returns
    -------
    Backtest

    Raises
    ------
    SalessimError
        No origin leaves enough before and after it, or what was known at one cannot be forecast
        from: the message says which and why.
    """
    from salessim.api import chosen_seed
    from salessim.fit.backtest.actuals import Ledger
    from salessim.fit.backtest.forecasters import Ask, AsPlanned, Refit
    from salessim.fit.backtest.looks import looks

    if plan is None and not refit:
        raise SalessimError("without refit a plan must say the laws")
    history = read_history(plan=plan) if history is None else history
    if half_life is None and plan is not None and plan.records is not None:
        half_life = plan.records.half_life
    ledger = Ledger.of(history)
    if not (ledger.has_deals or ledger.has_orders or ledger.contracts):
        raise SalessimError("the history holds no deals, orders or subscriptions to look back on")
    grid = _grid(plan, horizon, period)
    reach = Reach.of(history)
    before = _span(past, "past")
    windows = choose(origins, reach=reach, grid=grid, past=before)
    ask = Ask(
        grid=grid,
        trajectories=trajectories,
        seed=chosen_seed(plan, seed) if plan else seed or 0,
        threads=threads,
    )
    if refit or plan is None:
        forecaster: Refit | AsPlanned = Refit(ask=ask, half_life=half_life)
    else:
        forecaster = AsPlanned(ask=ask, plan=plan)
    found = looks(
        history,
        forecaster,
        windows,
        grid=grid,
        seed=ask.seed % 2**32,
        executor=executor,
        progress=progress,
    )
    return Backtest(
        title=plan.model.title if plan else "History",
        currency=plan.model.currency if plan else "currency unit",
        grid=grid,
        looks=tuple(found),
        refit=refit,
        trajectories=trajectories,
        seed=ask.seed,
        notes=(
            *lacking(origins, windows, grid=grid, past=before),
            *_notes(ledger, windows, None if refit else plan),
        ),
        files=history.files,
    )


def _grid(plan: Plan | None, horizon: str | None, period: str | None) -> Grid:
    """Return the periods asked for, the plan's where none are."""
    line = plan.model.timeline if plan else None
    try:
        cut = parse_period(period) if period else None
    except ValueError as error:
        raise SalessimError(f"period: {error}") from error
    if cut is None:
        cut = line.period if line else Span(value=1, unit="month")
    if horizon is None and line and cut == line.period:
        return Grid(period=cut, periods=line.periods)
    return Grid.of(_span(horizon or "3 months", "horizon"), cut)


def _span(text: str, name: str) -> Span:
    try:
        return parse_span(text)
    except ValueError as error:
        raise SalessimError(f"{name}: {error}") from error


def _notes(ledger: Ledger, windows: Sequence[Window], plan: Plan | None) -> Iterator[str]:
    """Say what the scores do not show."""
    from salessim.fit.backtest.actuals import Target

    if ledger.contracts is not None:
        yield from ledger.contracts.notes()
        return
    unknown = sum(map(ledger.without_value, windows))
    if unknown and Target("bookings", "all") in ledger.targets:
        wins = sum(float(ledger.path(window)[Target("wins", "all")].sum()) for window in windows)
        yield (
            f"In {unknown:,} of {wins:,.0f} wins the amount is not known: they count as nothing in "
            "what was booked, so bookings came true higher than is shown."
        )
    elif unknown:
        yield "No win has an amount: bookings are not compared."
    if plan is not None and plan.model.timeline.start > windows[0].start:
        yield (
            f"The plan starts on {plan.model.timeline.start}: where its numbers were measured "
            "up to that day they have seen what they are held against here, and the scores "
            "flatter them. --refit measures anew at each origin."
        )
