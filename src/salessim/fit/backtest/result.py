"""What a back-test says: scores of every origin, and of all together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from salessim._version import __version__
from salessim.config.words import counted
from salessim.fit.backtest.actuals import Target
from salessim.fit.backtest.evaluation import (
    LEAST_APART,
    OURS,
    Coverage,
    Errors,
    Skill,
    coverages,
    errors,
    skill,
)
from salessim.fit.backtest.looks import FAN, Look
from salessim.fit.backtest.origins import Grid, Window, span_words
from salessim.fit.backtest.scores import select
from salessim.readable import percent

if TYPE_CHECKING:
    import pandas as pd

    from salessim.fit.backtest.pictures import Pictures

PART_WORDS = {
    "all": "all",
    "open_deals": "open deals",
    "new_deals": "new deals",
    "customers": "customers",
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All that is said of one target: of whole horizons, or of their periods."""

    target: Target
    total: bool
    errors: Errors
    skill: Skill
    coverages: tuple[Coverage, ...]


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """Forecasts from origins in the past, held against what came true.

    Attributes
    ----------
    title, currency : str
    grid : Grid
        The periods of a horizon.
    looks : tuple of Look
        One for each origin, in order of time.
    refit : bool
        Whether everything was fitted anew at each origin.
    trajectories, seed : int
        Of each forecast.
    notes : tuple of str
        Whole sentences on what the scores do not show.
    files : tuple of (str, str)
        Names and sha256 of the records.
    """

    title: str
    currency: str
    grid: Grid
    looks: tuple[Look, ...]
    refit: bool
    trajectories: int
    seed: int
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()

    @cached_property
    def table(self) -> pd.DataFrame:
        """Scores, a row for each origin, forecaster, target and period (0 = their total).

        Columns: ``origin``, ``by`` (``salessim`` or a rule), ``measure``, ``part``, ``period``,
        ``start`` and ``end`` (the day after) of what is forecast, ``actual``, and the scores of
        `salessim.fit.backtest.scores.score`.
        """
        import pandas as pd

        return pd.DataFrame([row for look in self.looks for row in look.rows])

    @property
    def windows(self) -> tuple[Window, ...]:
        """Origins with their periods."""
        return tuple(look.window for look in self.looks)

    @property
    def targets(self) -> tuple[Target, ...]:
        """What was forecast and can be compared."""
        first = self.looks[0]
        return tuple(target for target in first.actual if target in first.fans)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What is said of every target: of totals first, then of the paths."""
        found = []
        for total in (True, False):
            for target in self.targets:
                of: dict[str, Any] = {**target._asdict(), "total": total}
                found.append(
                    Verdict(
                        target=target,
                        total=total,
                        errors=errors(self.table, **of),
                        skill=skill(self.table, **of),
                        coverages=tuple(coverages(self.table, **of)),
                    )
                )
        return tuple(found)

    def verdict(self, measure: str, part: str = "all", *, total: bool = True) -> Verdict:
        """Return what is said of one target.

        Raises
        ------
        KeyError
            It was not forecast, or cannot be compared.
        """
        for one in self.verdicts:
            if one.target == (measure, part) and one.total == total:
                return one
        raise KeyError(f"{measure} of {part}")

    def mean_actual(self, one: Verdict) -> float:
        """Return what came true of a target, in the mean of all origins."""
        rows = select(self.table, **one.target._asdict(), total=one.total, by=OURS)
        return float(rows["actual"].mean())

    @property
    def plot(self) -> Pictures:
        """Pictures on given axes: ``backtest.plot.fans("bookings")``, ``backtest.plot.pit()``."""
        from salessim.fit.backtest.pictures import Pictures

        return Pictures(self)

    def sentences(self) -> Iterator[str]:
        """Say what came of it: the horizon's totals, then what the data cannot tell."""
        yield from self.answers()
        yield from self.cautions

    def answers(self) -> Iterator[str]:
        """Say how far off forecasts of the whole horizon were."""
        first, last = self.windows[0].origin, self.windows[-1].origin
        main = next(one for one in self.verdicts if one.target.part == "all")
        apart = main.coverages[0].apart
        when = f"on {first}" if first == last else f"from {first} to {last}"
        yield (
            f"{counted(len(self.looks), 'origin')} {when}, each with {self.horizon} after it; "
            f"{_apart(apart, len(self.looks))}"
        )
        for one in self.verdicts:
            if one.total and one.target.part == "all":
                yield _middle(one)
                yield _best(one)
                yield _held(one)

    @property
    def cautions(self) -> tuple[str, ...]:
        """What must be known before the rest is believed."""
        apart = self.verdicts[0].coverages[0].apart
        if apart >= LEAST_APART:
            return self.notes
        too_short = (
            "The history is too short to say how good such forecasts are: it holds only "
            f"{counted(apart, 'window')} of {self.horizon} that "
            f"{'do' if apart != 1 else 'does'} not overlap, and {LEAST_APART} are the least "
            "that tell skill from luck. Take a shorter horizon, or come back later."
        )
        return (too_short, *self.notes)

    @property
    def horizon(self) -> str:
        """The horizon in words: ``3 months``."""
        return span_words(self.grid.horizon)

    def summary(self) -> dict[str, Any]:
        """Return the document of ``salessim backtest --json``: numbers, lists, text, None."""
        return {
            "backtest": {
                "title": self.title,
                "currency": self.currency,
                "version": __version__,
                "horizon": self.horizon,
                "periods": self.grid.periods,
                "refit": self.refit,
                "trajectories": self.trajectories,
                "seed": self.seed,
                "files": [{"name": name, "sha256": sha} for name, sha in self.files],
            },
            "said": list(self.sentences()),
            "targets": [_verdict_document(one) for one in self.verdicts],
            "origins": [_look_document(look) for look in self.looks],
        }


def _verdict_document(one: Verdict) -> dict[str, Any]:
    about = ("measure", "part", "total")
    return {
        "measure": one.target.measure,
        "part": one.target.part,
        "of": "horizon" if one.total else "periods",
        "errors": _without(asdict(one.errors), about),
        "skill": _without(asdict(one.skill), about),
        "coverage": [_without(asdict(level), about) for level in one.coverages],
    }


def _without(document: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def _look_document(look: Look) -> dict[str, Any]:
    targets = []
    for target, fan in look.fans.items():
        if target not in look.actual:
            continue
        scores = [row for row in look.rows if (row["measure"], row["part"]) == target]
        targets.append(
            {
                **target._asdict(),
                "actual": look.actual[target].tolist(),
                "quantiles": {f"{level:g}": fan[n].tolist() for n, level in enumerate(FAN)},
                "scores": [_row_document(row) for row in scores if row["by"] == OURS],
                "rules": {row["by"]: row["crps"] for row in scores if row["period"] == 0},
            }
        )
    return {
        "origin": look.window.origin.isoformat(),
        "periods": [edge.isoformat() for edge in look.window.edges],
        "targets": targets,
        "warnings": list(look.warnings),
    }


def _row_document(row: dict[str, Any]) -> dict[str, Any]:
    about = ("origin", "by", "measure", "part", "start", "end", "actual")
    return _without(row, about)


def _apart(apart: int, origins: int) -> str:
    if apart == origins:
        return "no two of these windows overlap." if origins > 1 else "one window tells little."
    if apart == 1:
        return "all these windows overlap: together they tell little more than one would."
    return f"{apart} of these windows do not overlap: all tell little more than {apart} would."


def _middle(one: Verdict) -> str:
    """Say how far medians were off."""
    name = one.target.measure.capitalize()
    found = one.errors
    if found.bias is None:
        return f"{name}: nothing came true, so there is no error in percent."
    said = f"{name}: the medians together were {_signed(found.bias)}"
    if found.relative is not None:
        return f"{said}; they missed by {percent(found.relative)} on average."
    return f"{said}."


def _signed(share: float) -> str:
    if abs(share) < 0.0005:
        return "right"
    return f"{percent(abs(share))} too {'high' if share > 0 else 'low'}"


def _best(one: Verdict) -> str:
    """Say how the forecasts did beside naive rules."""
    found, name = one.skill, one.target.measure
    if found.rule is None or found.value is None:
        return (
            f"No naive rule for {name} has made errors enough before these origins to be held "
            "against: there is no skill to state."
        )
    better = "smaller" if found.value >= 0 else "larger"
    said = (
        f"Errors of the {name} forecast as a distribution (CRPS) were "
        f"{percent(abs(found.value))} {better} than those of the best naive rule, {found.rule}"
    )
    if found.interval is None:
        return f"{said}; the origins are too few for an interval."
    low, high = found.interval
    sure = "" if low > 0 or high < 0 else ": it may be luck"
    return f"{said} (skill {found.value:.2f}, 95% interval {low:.2f} to {high:.2f}){sure}."


def _held(one: Verdict) -> str:
    """Say how often the 80% intervals held."""
    found = next(level for level in one.coverages if level.level == 0.8)
    low, high = found.interval
    return (
        f"The 80% intervals held {round(found.held * found.count)} of {found.count}; with "
        f"{counted(found.apart, 'window')} apart the true share may be {percent(low)} to "
        f"{percent(high)}."
    )
