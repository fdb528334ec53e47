"""Scenarios side by side on common random numbers: levels and paired differences.

Trajectory i of every scenario has the same seed, so that what chance does to both leaves their
difference: its error is that of the trajectory-wise differences. Whether a difference would be seen
in one future is another question: see `salessim.forecast.rival`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import BoolArray, FloatArray
from salessim.errors import SalessimError
from salessim.forecast.forecast import SERIES, Forecast
from salessim.forecast.judge import WILSON_Z
from salessim.forecast.labels import Labels, Provenance
from salessim.forecast.rival import Odds, Rival
from salessim.forecast.series import Series, Summary
from salessim.forecast.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from salessim.forecast.comparison_plot import ComparisonPlots

MOST_NEEDS = 6
"""That are said one by one."""


class Paired(NamedTuple):
    """Statistics of trajectory-wise differences, in the unit people read; arrays by period, or 0-d.

    ``low`` and ``high`` are the 95 % interval of the mean by the normal law. NaN where undefined.
    """

    mean: FloatArray
    se: FloatArray
    """Monte Carlo standard error of the mean difference."""
    p10: FloatArray
    p50: FloatArray
    p90: FloatArray
    low: FloatArray
    high: FloatArray
    variance_ratio: FloatArray
    """Var(difference of independent runs) / Var(paired difference): so many times as many
    independent trajectories are as good."""


class PairedShare(NamedTuple):
    """Difference of the shares of trajectories in which the base sustains the business."""

    difference: float
    low: float
    high: float
    gained: int
    """Trajectories that are sustained in this scenario and not in the first."""
    lost: int
    """Trajectories that are sustained in the first and not in this one."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Outcome:
    """What a comparison keeps of a scenario: its series as wholes, and its verdict.

    Attributes
    ----------
    name : str
    labels : Labels
    provenance : Provenance
    verdict : Verdict
    sustained : ndarray of bool, shape (trajectory,), or None
    whole : dict of str to Series
        The series by name, not split by origin or pipeline.
    notes : dict of str to str
    """

    name: str
    labels: Labels
    provenance: Provenance
    verdict: Verdict
    sustained: BoolArray | None
    whole: Mapping[str, Series]
    notes: Mapping[str, str]

    @classmethod
    def of(cls, name: str, forecast: Forecast) -> Outcome:
        """Take what a comparison needs, so that the forecast's own arrays can go."""
        return cls(
            name=name,
            labels=forecast.labels,
            provenance=forecast.provenance,
            verdict=forecast.verdict,
            sustained=forecast.sustained,
            whole={series: forecast.series(series).collapsed() for series in SERIES},
            notes=forecast.notes,
        )

    @property
    def trajectories(self) -> int:
        """Trajectories simulated."""
        return len(self.whole["bookings"].cells)

    def series(self, name: str) -> Series:
        """Return a series by name; ValueError when there is none."""
        if name not in self.whole:
            raise ValueError(f"no series {name!r}; there are {', '.join(self.whole)}")
        return self.whole[name]

    def first(self, periods: int) -> Outcome:
        """Return the outcome with its series cut to their first periods."""
        cut = {name: series.first(periods) for name, series in self.whole.items()}
        return replace(self, whole=cut)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Difference:
    """A scenario minus the first one, trajectory by trajectory."""

    base: Outcome
    other: Outcome
    rival: Rival | None = None

    @property
    def name(self) -> str:
        """The scenario's name."""
        return self.other.name

    @cached_property
    def whole(self) -> Mapping[str, Series]:
        """Differences as series: exact, and with quantiles and means like any other."""
        return {name: _minus(self.other.series(name), self.base.series(name)) for name in SERIES}

    def series(self, name: str) -> Series:
        """Return the differences of a series; ValueError when there is none."""
        self.base.series(name)
        return self.whole[name]

    def by_period(self, name: str) -> Paired:
        """Return the statistics of a series' differences by period."""
        pair = self.base.series(name).samples, self.other.series(name).samples
        return _paired(self.series(name).summary, self.series(name).samples, *pair)

    def total(self, name: str) -> Paired:
        """Return those of the whole span; of a stock, of its level at the end."""
        pair = self.base.series(name).total(), self.other.series(name).total()
        return _paired(self.series(name).total_summary, self.series(name).total(), *pair)

    @cached_property
    def beats(self) -> Odds | None:
        """How often one future of it books more than one of the first; None without a rival."""
        return self.rival.beaten_by(self.other.series("bookings")) if self.rival else None

    @cached_property
    def beats_by_period(self) -> Odds | None:
        """The same for each period."""
        return self.rival.beaten_by_period(self.other.series("bookings")) if self.rival else None

    @cached_property
    def sustained(self) -> PairedShare | None:
        """Difference of P(sustained); None when either has no verdict."""
        if self.base.sustained is None or self.other.sustained is None:
            return None
        return paired_share(self.base.sustained, self.other.sustained)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Comparison:
    """Scenarios on the same random numbers; the first is what the others are compared with.

    Attributes
    ----------
    outcomes : dict of str to Outcome
        By name, all over the same periods.
    notes : tuple of str
        What a reader must know, a sentence each.
    rival : Rival or None
        The first scenario in the same worlds with luck of its own.
    """

    outcomes: Mapping[str, Outcome]
    notes: tuple[str, ...] = ()
    rival: Rival | None = None

    @classmethod
    def of(cls, outcomes: Sequence[Outcome], *, rival: Rival | None = None) -> Comparison:
        """Compare outcomes of one seed and number of trajectories with the first of them.

        Raises
        ------
        SalessimError
            There are fewer than two, or they cannot be compared.
        """
        check_comparable({outcome.name: outcome.labels for outcome in outcomes})
        runs = {(o.provenance.seed, o.trajectories) for o in outcomes}
        if len(runs) > 1:
            raise SalessimError(
                "scenarios are compared trajectory by trajectory: expected runs of one seed and "
                f"number of trajectories, found {sorted(runs)}"
            )
        periods = min(o.labels.timeline.periods for o in outcomes)
        return cls(
            outcomes={o.name: o.first(periods) for o in outcomes},
            notes=tuple(_notes(outcomes, periods)),
            rival=rival.first(periods) if rival else None,
        )

    @property
    def base(self) -> Outcome:
        """The first scenario."""
        return next(iter(self.outcomes.values()))

    @cached_property
    def differences(self) -> Mapping[str, Difference]:
        """The other scenarios minus the first, by name."""
        base, *others = self.outcomes.values()
        rival = self.rival
        return {other.name: Difference(base=base, other=other, rival=rival) for other in others}

    @property
    def trajectories(self) -> int:
        """Trajectories of each scenario."""
        return self.base.trajectories

    @property
    def plot(self) -> ComparisonPlots:
        """Charts on given axes: ``comparison.plot.totals()``, ``comparison.plot.periods()``."""
        from salessim.forecast.comparison_plot import ComparisonPlots

        return ComparisonPlots(self)

    def summary(self) -> dict[str, Any]:
        """Return the document of ``salessim compare --json``: numbers, lists, text, None."""
        from salessim.forecast import comparison_summary

        return comparison_summary.document(self)

    def to_frame(self) -> pd.DataFrame:
        """Return levels and differences as a long table, the rows of `to_csv`."""
        import pandas as pd

        from salessim.forecast import comparison_summary

        columns = list(comparison_summary.CSV_COLUMNS)
        return pd.DataFrame(list(comparison_summary.rows(self)), columns=columns)

    def to_csv(self, path: str | Path) -> None:
        """Write levels and differences by scenario, series and period.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from salessim.forecast import comparison_summary

        comparison_summary.write_csv(self, Path(path))

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook_studies

        return notebook_studies.comparison(self)

    def __repr__(self) -> str:
        names = ", ".join(self.outcomes)
        return f"Comparison({names}; {self.trajectories:,} trajectories each)"


def check_comparable(labels: Mapping[str, Labels]) -> None:
    """Refuse, before anything is simulated, what has no common periods or money.

    Raises
    ------
    SalessimError
        There are fewer than two scenarios, or one differs from the first in its start, period or
        currency.
    """
    if len(labels) < 2:
        raise SalessimError("expected two scenarios or more to compare, found fewer")
    (first, base), *others = labels.items()
    wrong = []
    for name, other in others:
        lines = base.timeline, other.timeline
        pairs = {
            "start": tuple(str(line.start) for line in lines),
            "period": tuple(f"{line.period.value:g} {line.period.unit}" for line in lines),
            "currency": (base.currency, other.currency),
        }
        wrong += [
            f'"{name}" cannot be compared with "{first}": expected the same {what}, {one}, found '
            f"{another}; change one of them"
            for what, (one, another) in pairs.items()
            if one != another
        ]
    if wrong:
        raise SalessimError(*wrong)


def paired_share(base: BoolArray, other: BoolArray) -> PairedShare:
    """Return the difference of two paired proportions and its 95 % interval.

    With b pairs gained, c lost and N = n + 2, the interval is Wald's after one pair is added to
    each of the two: (b - c) / N +- z sqrt(b + c + 2 - (b - c)^2 / N) / N (Bonett and Price 2012,
    Journal of Educational and Behavioral Statistics 37; recommended by Fagerland, Lydersen and
    Laake 2014, Statistics in Medicine 33).
    """
    gained, lost = int((other & ~base).sum()), int((base & ~other).sum())
    count = len(base) + 2
    net = gained - lost
    half = WILSON_Z * np.sqrt(gained + lost + 2 - net**2 / count) / count
    return PairedShare(
        difference=net / len(base),
        low=max(-1.0, float(net / count - half)),
        high=min(1.0, float(net / count + half)),
        gained=gained,
        lost=lost,
    )


def _minus(series: Series, base: Series) -> Series:
    return replace(series, cells=series.whole - base.whole)


def _paired(
    summary: Summary, difference: NDArray[Any], base: NDArray[Any], other: NDArray[Any]
) -> Paired:
    half = WILSON_Z * summary.se
    if len(difference) > 1:
        independent = base.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)
        paired = difference.var(axis=0, ddof=1)
    else:
        independent = paired = np.zeros(difference.shape[1:])
    # No spread in the differences (a scenario that changes nothing, say): no ratio.
    ratio = np.divide(independent, paired, out=np.full_like(paired, np.nan), where=paired > 0)
    return Paired(*summary, summary.mean - half, summary.mean + half, np.asarray(ratio))


def _notes(outcomes: Sequence[Outcome], periods: int) -> list[str]:
    """Say what makes the scenarios less alike than a reader expects."""
    notes = []
    ends = {o.name: o.labels.timeline.periods for o in outcomes}
    if longer := [name for name, count in ends.items() if count > periods]:
        notes.append(
            f"horizons differ: the first {periods} periods, common to all, are compared; "
            f"{', '.join(longer)} {'goes' if len(longer) == 1 else 'go'} on"
        )
    judged = {o.name: o.verdict for o in outcomes}
    if len({verdict.window for verdict in judged.values()}) > 1:
        notes.append("the verdicts look at different twelve months, as the plans' spans differ")
    if len({round(verdict.need_per_month, 2) for verdict in judged.values()}) > 1:
        needs = ", ".join(f"{name} {v.need_per_month:,.0f}" for name, v in judged.items())
        if len(judged) > MOST_NEEDS:
            all_needs = [verdict.need_per_month for verdict in judged.values()]
            needs = f"from {min(all_needs):,.0f} to {max(all_needs):,.0f}"
        notes.append(
            f"the verdicts are measured against different needs a month: {needs}; state "
            "[sustainability] need in the plan to measure all against one"
        )
    for outcome in outcomes:
        notes += [f"{outcome.name}: {note}" for note in outcome.notes.values()]
    return notes
