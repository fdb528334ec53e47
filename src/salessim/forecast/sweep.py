"""Many points of a plan side by side: what each comes to, all on the same random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salessim.forecast.forecast import Forecast
from salessim.forecast.labels import Labels, Provenance
from salessim.forecast.series import Series, Summary
from salessim.forecast.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from salessim.forecast.sweep_plot import SweepPlots

MEASURES = ("bookings", "wins", "customers", "base_bookings")
"""What is kept of a point: customers are those active at the period's end, the base is what is
booked without external leads."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """A key of the plan that varies.

    Attributes
    ----------
    name : str
        Its address in the plan.
    written : str
        How its numbers are written: ``{} per month``; empty where its values are words.
    """

    name: str
    written: str

    @property
    def unit(self) -> str:
        """What its numbers are in; empty where they have no unit."""
        return self.written.replace("{}", "").strip()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Point:
    """What a plan with certain values comes to.

    Attributes
    ----------
    number : int
        From 0, in the order of the sweep.
    typed : tuple of str
        The value of each key, as ``-S`` takes it.
    numbers : tuple of float or None
        The number in each that varies; None where it is a word.
    by_period, totals : dict of str to Summary
        Of each of `MEASURES`; a total of customers is their number at the end.
    change_by_period, change : Summary
        Bookings minus those of the first point, trajectory by trajectory.
    verdict : Verdict
    program_sha256 : str
    seconds : float
    """

    number: int
    typed: tuple[str, ...]
    numbers: tuple[float | None, ...]
    by_period: Mapping[str, Summary]
    totals: Mapping[str, Summary]
    change_by_period: Summary
    change: Summary
    verdict: Verdict
    program_sha256: str
    seconds: float

    @classmethod
    def of(
        cls,
        forecast: Forecast,
        first: Series,
        *,
        number: int,
        typed: tuple[str, ...],
        numbers: tuple[float | None, ...],
    ) -> Point:
        """Keep of a forecast what a sweep needs; ``first`` are the bookings of the first point."""
        measures = {
            "bookings": forecast.bookings,
            "wins": forecast.wins,
            "customers": forecast.active_customers,
            "base_bookings": forecast.without_external_leads().bookings,
        }
        change = replace(first, cells=forecast.bookings.whole - first.whole)
        return cls(
            number=number,
            typed=typed,
            numbers=numbers,
            by_period={name: series.summary for name, series in measures.items()},
            totals={name: series.total_summary for name, series in measures.items()},
            change_by_period=change.summary,
            change=change.total_summary,
            verdict=forecast.verdict,
            program_sha256=forecast.provenance.program_sha256,
            seconds=forecast.provenance.seconds or 0.0,
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sweep:
    """Points of a plan on the same random numbers.

    Attributes
    ----------
    keys : tuple of Key
    points : tuple of Point
        Those that are finished.
    requested : int
        Points asked for; more than there are when the sweep was interrupted.
    grid : tuple of int or None
        How many values each key has, the last varying fastest; None where points are spread.
    labels : Labels
    provenance : Provenance
        Of the first point.
    fixed : tuple of str
        ``key=value`` of what is set at all points.
    """

    keys: tuple[Key, ...]
    points: tuple[Point, ...]
    requested: int
    grid: tuple[int, ...] | None
    labels: Labels
    provenance: Provenance
    fixed: tuple[str, ...] = ()

    @property
    def trajectories(self) -> int:
        """Trajectories of each point."""
        return self.provenance.requested

    @property
    def interrupted(self) -> bool:
        """Whether it stopped before all points were finished."""
        return len(self.points) < self.requested

    @property
    def plot(self) -> SweepPlots:
        """Charts on given axes: ``sweep.plot.line("bookings")``, ``sweep.plot.heat()``."""
        from salessim.forecast.sweep_plot import SweepPlots

        return SweepPlots(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the table of `to_parquet`: a row per point and period."""
        from salessim.forecast import sweep_table

        frame: pd.DataFrame = sweep_table.by_period(self).to_pandas()
        return frame

    def totals(self) -> pd.DataFrame:
        """Return the table of `to_csv`: a row per point, over the whole span."""
        import pandas as pd

        from salessim.forecast import sweep_table

        return pd.DataFrame(sweep_table.totals(self))

    def to_parquet(self, path: str | Path) -> None:
        """Write a row per point and period; the bytes depend on plan, seed and values alone.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from salessim.forecast import sweep_table

        sweep_table.write_parquet(self, Path(path))

    def to_csv(self, path: str | Path) -> None:
        """Write a row per point: its values, and what the whole span comes to.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from salessim.forecast import sweep_table

        sweep_table.write_csv(self, Path(path))

    def summary(self) -> dict[str, Any]:
        """Return the document of ``salessim sweep --json``: numbers, lists, text, None."""
        from salessim.forecast import sweep_table

        return sweep_table.document(self)

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook_studies

        return notebook_studies.sweep(self)

    def __repr__(self) -> str:
        keys = ", ".join(key.name for key in self.keys)
        return f"Sweep({keys}; {len(self.points):,} points, {self.trajectories:,} trajectories)"
