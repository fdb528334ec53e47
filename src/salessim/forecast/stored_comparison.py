"""A comparison as its document tells it: levels and differences without their trajectories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim.forecast.comparison import Paired, PairedShare
from salessim.forecast.rival import Odds
from salessim.forecast.series import Series, Summary

if TYPE_CHECKING:
    from salessim._typing import FloatArray
    from salessim.forecast.comparison_plot import ComparisonPlots
    from salessim.forecast.forecast import Forecast
    from salessim.forecast.labels import Labels


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredLevel:
    """What a document tells of a scenario.

    Attributes
    ----------
    name, program_sha256 : str
    totals : mapping of str to Summary
        Of each series over the whole span.
    word : str or None
        The verdict's.
    probability : float or None
        P(sustained).
    """

    name: str
    program_sha256: str
    totals: Mapping[str, Summary]
    word: str | None
    probability: float | None


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredDifference:
    """What a document tells of a scenario minus the first one."""

    name: str
    totals: Mapping[str, Paired]
    periods: Mapping[str, Paired]
    sustained: PairedShare | None
    beats: Odds | None

    def total(self, name: str) -> Paired:
        """Return the statistics of a series over the whole span."""
        return self.totals[name]

    def by_period(self, name: str) -> Paired:
        """Return those of each period."""
        return self.periods[name]


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredBase:
    """The first scenario: what the axes of a comparison mean."""

    name: str
    labels: Labels
    like: Forecast
    """A forecast of the same plan."""
    count: int
    """Periods that are compared."""

    def series(self, name: str) -> Series:
        """Return a series of the same name, unit and periods."""
        return self.like.series(name).first(self.count)


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredComparison:
    """A comparison read back from its document; it is drawn like any other.

    Attributes
    ----------
    base : StoredBase
    levels : mapping of str to StoredLevel
        The first one is the base.
    differences : mapping of str to StoredDifference
    trajectories, seed : int
    notes : tuple of str
    """

    base: StoredBase
    levels: Mapping[str, StoredLevel]
    differences: Mapping[str, StoredDifference]
    trajectories: int
    seed: int
    notes: tuple[str, ...]

    @classmethod
    def from_summary(cls, raw: Mapping[str, Any], like: Forecast) -> StoredComparison:
        """Read what `Comparison.summary` wrote; ``like`` is a forecast of the same plan."""
        count = len(raw["periods"])
        base = StoredBase(name=raw["base"], labels=like.labels, like=like, count=count)
        return cls(
            base=base,
            levels={name: _level(name, level) for name, level in raw["scenarios"].items()},
            differences={name: _difference(name, d) for name, d in raw["differences"].items()},
            trajectories=raw["run"]["trajectories"],
            seed=raw["run"]["seed"],
            notes=tuple(raw["notes"]),
        )

    @property
    def plot(self) -> ComparisonPlots:
        """Charts on given axes: ``comparison.plot.totals()``, ``comparison.plot.periods()``."""
        from salessim.forecast.comparison_plot import ComparisonPlots

        return ComparisonPlots(self)


def _level(name: str, raw: Mapping[str, Any]) -> StoredLevel:
    return StoredLevel(
        name=name,
        program_sha256=raw["program_sha256"],
        totals={series: Summary(**_arrays(one)) for series, one in raw["totals"].items()},
        word=raw["verdict"]["word"],
        probability=raw["verdict"]["probability"],
    )


def _difference(name: str, raw: Mapping[str, Any]) -> StoredDifference:
    sustained, beats = raw["sustained"], raw["beats"]
    return StoredDifference(
        name=name,
        totals={series: Paired(**_arrays(one)) for series, one in raw["totals"].items()},
        periods={series: Paired(**_arrays(one)) for series, one in raw["series"].items()},
        sustained=PairedShare(**sustained) if sustained else None,
        beats=Odds(**_arrays({k: beats[k] for k in Odds._fields})) if beats else None,
    )


def _arrays(raw: Mapping[str, Any]) -> dict[str, FloatArray]:
    """Return numbers and lists as arrays; None, which is undefined, becomes NaN."""
    return {name: np.asarray(value, dtype=np.float64) for name, value in raw.items()}
