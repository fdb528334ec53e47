"""Naive rules as distributions: what a rule says, spread by the errors it made before.

A rule that gives one number would lose to any distribution for nothing: a normal law of the right
spread has 0.29 less CRPS than its own centre. So each rule is held against what came true after
the windows of the last twelve months, and forecasts with these errors around its number: errors of
a company that was another one would only blunt the rule. All of it is computed from what was known
at the origin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.backtest.actuals import Ledger, Path, Standing, Target, moments
from salessim.fit.backtest.origins import Grid, Window
from salessim.fit.backtest.scores import Draws, Spread

LEAST_ERRORS = 4
"""Past errors a rule needs to be a distribution: fewer say nothing about its spread."""


@dataclass(frozen=True, kw_only=True)
class Past:
    """What was known at an origin, for rules to look back on.

    Attributes
    ----------
    ledger : Ledger
        Of what was known then.
    grid : Grid
    first : date
        The first day that the records tell everything about.
    """

    ledger: Ledger
    grid: Grid
    first: date
    _paths: dict[date, Path] = field(default_factory=dict, repr=False)
    _standing: dict[date, Standing] = field(default_factory=dict, repr=False)

    def window(self, start: date, periods: int) -> Window | None:
        """Return the window that begins so many periods later; None = before the records."""
        window = self.grid.window(self.grid.later(start, periods))
        return window if window.start >= self.first else None

    def path(self, window: Window) -> Path:
        """Return what happened in a window."""
        if window.start not in self._paths:
            self._paths[window.start] = self.ledger.path(window)
        return self._paths[window.start]

    def standing(self, day: date) -> Standing:
        """Return the deals open when a day began."""
        if day not in self._standing:
            self._standing[day] = self.ledger.standing(day)
        return self._standing[day]

    @cached_property
    def single(self) -> Past:
        """The same past in windows of one period."""
        return replace(self, grid=Grid(period=self.grid.period, periods=1), _paths={})

    def earlier(self, start: date, *, most: int | None = None) -> Iterator[Window]:
        """Yield windows that are over when one begins, the last first, a period apart."""
        back = self.grid.periods
        while (window := self.window(start, -back)) is not None:
            if most is not None and back >= self.grid.periods + most:
                return
            yield window
            back += 1


Rule = Callable[[Past, date], Path | None]
"""What a rule says of the window that begins on a day; None = there is too little before it."""


def last_period(past: Past, start: date) -> Path | None:
    """Say that every period will be as the last one was."""
    before = past.single.window(start, -1)
    return None if before is None else _level(past, past.single.path(before))


def last_span(past: Past, start: date) -> Path | None:
    """Say that it will be as in the periods just over."""
    before = past.window(start, -past.grid.periods)
    return None if before is None else past.path(before)


def year_ago(past: Past, start: date) -> Path | None:
    """Say that it will be as in the same periods a year before."""
    before = past.window(start, -past.grid.per_year)
    if before is None or before.end > start:
        return None
    return past.path(before)


def trailing_mean(past: Past, start: date) -> Path | None:
    """Say that every period will be as the mean of the last twelve months, or of what there is.

    Of the parts of a forecast it is the mean of the windows that are over.
    """
    windows = list(past.earlier(start, most=past.grid.per_year))
    if not windows:
        return None
    found = _mean([past.path(window) for window in windows])
    one = past.single
    periods = [one.path(window) for window in one.earlier(start, most=past.grid.per_year)]
    return {**found, **_level(past, _mean(periods))}


def weighted_pipeline(past: Past, start: date) -> Path | None:
    """Weigh the deals open now by what became of those open before, stage by stage; plus new deals.

    A deal in a stage counts with the share of the deals that stood in it when earlier windows
    began and were won in the first, second, ... period after. Its value is what is known of it
    now; without that, the mean of what deals of that stage were won for. New deals and purchases
    are the mean of the windows that are over.
    """
    if not past.ledger.has_deals:
        return None
    windows = list(past.earlier(start, most=past.grid.per_year))
    if not windows:
        return None
    now = past.standing(start)
    shares, values = _yields(past, windows, stages=int(now.stage.max(initial=-1)) + 1)
    found = dict(_mean([past.path(window) for window in windows]))
    worth = np.where(np.isnan(now.amount), values[now.stage], now.amount)
    weights = {"wins": np.ones(len(now.stage)), "bookings": np.nan_to_num(worth)}
    for measure in {target.measure for target in found}:
        mine = weights[measure] @ shares[now.stage]
        open_deals, everything = Target(measure, "open_deals"), Target(measure, "all")
        found[everything] = found[everything] - found[open_deals] + mine
        found[open_deals] = mine
    return found


RULES: tuple[tuple[str, Rule], ...] = (
    ("last period", last_period),
    ("last span", last_span),
    ("a year ago", year_ago),
    ("trailing mean", trailing_mean),
    ("weighted pipeline", weighted_pipeline),
)


def naive_draws(past: Past, window: Window) -> dict[str, Draws]:
    """Return the forecast of every rule that has made errors enough before.

    Parameters
    ----------
    past : Past
        Of what was known at the window's origin.
    window : Window

    Returns
    -------
    dict of str to mapping of Target to Spread
        As many samples as the rule has errors: ratios of what came true to what it said, where all
        are above zero, else differences, with nothing below zero where nothing ever was.
    """
    found: dict[str, Draws] = {}
    for name, rule in RULES:
        said = rule(past, window.start)
        if said is None:
            continue
        tries = [
            (before, past.path(earlier))
            for earlier in past.earlier(window.start, most=past.grid.per_year)
            if (before := rule(past, earlier.start)) is not None
        ]
        if len(tries) < LEAST_ERRORS:
            continue
        found[name] = {
            target: Spread(
                path=_spread(
                    said[target],
                    np.stack([before[target] for before, _ in tries]),
                    np.stack([after[target] for _, after in tries]),
                ),
                total=_spread(
                    said[target].sum(keepdims=True),
                    np.stack([before[target].sum(keepdims=True) for before, _ in tries]),
                    np.stack([after[target].sum(keepdims=True) for _, after in tries]),
                )[:, 0],
            )
            for target in said
        }
    return found


def _spread(said: FloatArray, before: FloatArray, after: FloatArray) -> FloatArray:
    """Put a rule's past errors around what it says now; shapes (period,), (error, period)."""
    ratios = (before > 0.0).all(axis=0) & (after > 0.0).all(axis=0) & (said > 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = said * (after / before)
    moved = said + (after - before)
    never_below = (after >= 0.0).all(axis=0)
    moved = np.where(never_below, np.maximum(moved, 0.0), moved)
    return np.where(ratios, scaled, moved)


def _level(past: Past, one: Path) -> Path:
    """Repeat what one period brought; the parts are those of a forecast one period ahead."""
    return {
        target: np.repeat(values, past.grid.periods)
        for target, values in one.items()
        if target.part == "all"
    }


def _mean(paths: list[Path]) -> dict[Target, FloatArray]:
    return {target: np.mean([path[target] for path in paths], axis=0) for target in paths[0]}


def _yields(past: Past, windows: list[Window], *, stages: int) -> tuple[FloatArray, FloatArray]:
    """Return the shares won by stage and period, and the mean value of those won by stage."""
    seen, won = np.zeros(stages), np.zeros((stages, past.grid.periods))
    value, priced = np.zeros(stages), np.zeros(stages)
    for window in windows:
        stood = past.standing(window.start)
        mine = stood.stage < stages
        stage, at, worth = stood.stage[mine], stood.won[mine], stood.value[mine]
        period = np.searchsorted(moments(window.edges), at, side="right") - 1
        inside = ~np.isnat(at) & (period >= 0) & (period < window.periods)
        seen += np.bincount(stage, minlength=stages)
        np.add.at(won, (stage[inside], period[inside]), 1.0)
        known = inside & np.isfinite(worth)
        value += np.bincount(stage[known], worth[known], minlength=stages)
        priced += np.bincount(stage[known], minlength=stages)
    overall = value.sum() / max(1.0, priced.sum())
    return won / np.maximum(1.0, seen)[:, None], np.where(
        priced > 0, value / np.maximum(1.0, priced), overall
    )
