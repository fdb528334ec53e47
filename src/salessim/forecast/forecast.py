"""The Forecast: what a run says, with names, dates and money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from salessim._typing import BoolArray
from salessim._version import __version__
from salessim.errors import SalessimError
from salessim.forecast.funnel import Funnel, funnel_of
from salessim.forecast.judge import AcrossWorlds, by_health, judge, sustained
from salessim.forecast.labels import Labels, Provenance
from salessim.forecast.precision import Precision
from salessim.forecast.series import HUNDREDTHS, Series
from salessim.forecast.targets import TargetOutcome, target_outcome
from salessim.forecast.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from salessim.engine.cube import Cube
    from salessim.forecast.plot import Plots
    from salessim.lowering.program import Facts, Program
    from salessim.model.plan import Model

SERIES = (
    "bookings",
    "wins",
    "active_customers",
    "new_customers",
    "lost_customers",
    "leads",
    "slipped",
)
"""The series of a forecast, in the order in which they are written."""


class Counts(NamedTuple):
    """What was counted in the reported periods; axes as in `Cube`."""

    bookings: NDArray[Any]
    wins: NDArray[Any]
    new_customers: NDArray[Any]
    lost_customers: NDArray[Any]
    leads: NDArray[Any]
    slipped: NDArray[Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecast:
    """Trajectories of a plan over its reported periods; immutable.

    Each of `bookings`, `wins`, `active_customers` (level at period ends), `new_customers`,
    `lost_customers`, `leads` (deals of external sources, born in the period) and `slipped` (deals
    whose expected close slipped out of the period) is a `Series`.

    Attributes
    ----------
    labels : Labels
    provenance : Provenance
    counts : Counts
    verdict : Verdict
    notes : dict of str to str
        What a reader must know, by what it is about.
    sustained : ndarray of bool, shape (trajectory,), or None
        Whether the base books the need in the verdict's window; None when read from a file, or
        without a need.
    precision : Precision or None
        What became of a run that was to go on until its error is small enough; no part of files.
    """

    labels: Labels
    provenance: Provenance
    counts: Counts
    verdict: Verdict
    notes: Mapping[str, str] = field(default_factory=dict)
    stage_flows: Funnel | None = None
    sustained: BoolArray | None = None
    precision: Precision | None = None

    @classmethod
    def from_cube(cls, cube: Cube, *, program: Program, model: Model) -> Forecast:
        """Name a cube's axes, reach the verdict, and keep the reported periods.

        Raises
        ------
        SalessimError
            No trajectory is finished.
        """
        if not cube.trajectories:
            raise SalessimError("no trajectory was finished: there is nothing to forecast from")
        labels = Labels.of(program, model)
        reported = labels.timeline.periods
        counts = Counts(*(_reported(getattr(cube, name), reported) for name in Counts._fields))
        words: dict[str, Any] = {
            "labels": labels,
            "sustainability": model.sustainability,
            "facts": program.facts,
            "worlds": AcrossWorlds.of(cube, program, model),
        }
        classes = tuple(kind.name for kind in model.customers.health) if model.customers else ()
        provenance = Provenance(
            seed=cube.seed,
            requested=cube.requested,
            engine="walk",
            version=__version__,
            program_sha256=program.sha256,
            stage_entries=int(cube.stage_entries.sum()),
            seconds=cube.seconds,
        )
        return cls(
            labels=labels,
            provenance=provenance,
            counts=counts,
            verdict=judge(
                cube.bookings,
                **words,
                health=by_health(cube.by_health, labels=labels, classes=classes),
            ),
            sustained=sustained(cube.bookings, **words),
            notes=_notes(program.facts),
            stage_flows=funnel_of(cube, program, labels),
        )

    @property
    def trajectories(self) -> int:
        """Trajectories finished."""
        return len(self.counts.bookings)

    @property
    def interrupted(self) -> bool:
        """Whether the run stopped before all trajectories were finished."""
        return self.trajectories < self.provenance.requested

    @cached_property
    def bookings(self) -> Series:
        """Booked value, in the currency unit, in the period of the win."""
        return self._series("bookings", unit=self.labels.currency, divisor=HUNDREDTHS)

    @cached_property
    def wins(self) -> Series:
        """Deals won, of all pipelines."""
        return self._series("wins", unit="deals")

    @cached_property
    def new_customers(self) -> Series:
        """Customers made by wins."""
        return self._series("new_customers", unit="customers")

    @cached_property
    def lost_customers(self) -> Series:
        """Customers whose lifetime ended."""
        return self._series("lost_customers", unit="customers")

    @cached_property
    def slipped(self) -> Series:
        """Deals that a slip moved from the period of their expected close to a later one.

        A deal is expected to close its stages' mean cycle times after it entered the one it is in.
        """
        return self._series("slipped", unit="deals")

    @cached_property
    def leads(self) -> Series:
        """Deals born from external sources."""
        labels = self.labels
        return Series(
            name="leads",
            unit="leads",
            periods=labels.periods,
            cells=self.counts.leads,
            pipelines=tuple(labels.pipelines[p] for p in labels.source_pipelines),
            origins=labels.external_sources,
        )

    @cached_property
    def active_customers(self) -> Series:
        """Customers active at the end of each period."""
        change = self.counts.new_customers - self.counts.lost_customers
        level = np.cumsum(change, axis=1, dtype=np.int32)
        origin = self.labels.origins.index("customers")
        level[:, :, 0, origin] += self.labels.starting_customers or 0
        return self._series("active_customers", unit="customers", counts=level, stock=True)

    @cached_property
    def targets(self) -> tuple[TargetOutcome, ...]:
        """How likely each target of the plan is met, in its order."""
        return tuple(target_outcome(target, self) for target in self.labels.targets)

    @property
    def funnel(self) -> Funnel:
        """Stage flows of the whole plan.

        Raises
        ------
        SalessimError
            The forecast is a part of another or was read from a file: neither has stage flows.
        """
        if self.stage_flows is None:
            raise SalessimError(
                "this forecast has no stage flows: they are not split by origin and not part of "
                "forecast.parquet; take them from the forecast of the run, or from funnel.parquet"
            )
        return self.stage_flows

    @property
    def plot(self) -> Plots:
        """Charts on given axes: ``forecast.plot.fan("bookings")``, ``forecast.plot.origins()``."""
        from salessim.forecast.plot import Plots

        return Plots(self)

    def series(self, name: str) -> Series:
        """Return a series by name.

        Raises
        ------
        ValueError
            There is no such series; the message names those there are.
        """
        if name not in SERIES:
            raise ValueError(f"no series {name!r}; there are {', '.join(SERIES)}")
        found: Series = getattr(self, name)
        return found

    def without_external_leads(self) -> Forecast:
        """Return the forecast of the base: what descends from open deals and customers.

        It is the same trajectories' sub-sum, not a second run, and keeps the verdict.
        """
        return self._base

    @cached_property
    def _base(self) -> Forecast:
        labels = self.labels.without_external_leads()
        # Base origins come first, so their part is a view: no copy of the trajectories.
        first = len(labels.origins)
        counts = self.counts
        return Forecast(
            labels=labels,
            provenance=self.provenance,
            counts=Counts(
                bookings=counts.bookings[..., :first],
                wins=counts.wins[..., :first],
                new_customers=counts.new_customers[..., :first],
                lost_customers=counts.lost_customers[..., :first],
                leads=counts.leads[..., :0],
                slipped=counts.slipped[..., :first],
            ),
            verdict=self.verdict,
            notes=self.notes,
        )

    def sustainability(self) -> Verdict:
        """Return the verdict on the business without new external leads."""
        return self.verdict

    def to_frame(self) -> pd.DataFrame:
        """Return the long table of `to_parquet`."""
        from salessim.forecast import parquet

        frame: pd.DataFrame = parquet.forecast_table(self).to_pandas()
        return frame

    def to_parquet(self, path: str | Path) -> None:
        """Write every trajectory, and all that `from_parquet` needs to give an equal forecast.

        Rows are the full grid of trajectory (from 0), period (from 0), pipeline and origin,
        sorted in that order, pipelines and origins by their order in the plan. Bookings are
        float64 in the currency unit, exact to the cent. The bytes depend on the program, the
        seed and the trajectories alone.

        Parameters
        ----------
        path : str or Path
            Overwritten when it exists.

        Raises
        ------
        OSError
            The file cannot be written.
        SalessimError
            A cell is too large for float64 to hold its cents.
        """
        from salessim.forecast import parquet

        parquet.write_forecast(self, Path(path))

    @classmethod
    def from_parquet(cls, path: str | Path) -> Forecast:
        """Read what `to_parquet` wrote; stage flows are not in it.

        Raises
        ------
        OSError
            The file cannot be read.
        SalessimError
            The file is not a forecast of salessim.
        """
        from salessim.forecast import parquet

        return parquet.read_forecast(Path(path))

    def to_csv(self, path: str | Path) -> None:
        """Write mean, standard error, P10, P50 and P90 of every series by period.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from salessim.forecast import summary

        summary.write_csv(self, Path(path))

    def summary(self) -> dict[str, Any]:
        """Return the document of ``salessim run --json``: numbers, lists, text, None."""
        from salessim.forecast import summary

        return summary.document(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Forecast):
            return NotImplemented
        return (
            self.labels == other.labels
            and self.provenance == other.provenance
            and self.verdict == other.verdict
            and self.notes == other.notes
            and all(map(np.array_equal, self.counts, other.counts))
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        labels = self.labels
        return (
            f"Forecast({labels.title!r}, {self.trajectories:,} trajectories, "
            f"{labels.timeline.periods} periods from {labels.timeline.start})"
        )

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook

        return notebook.forecast(self)

    def _series(
        self,
        name: str,
        *,
        unit: str,
        divisor: int = 1,
        counts: NDArray[Any] | None = None,
        stock: bool = False,
    ) -> Series:
        labels = self.labels
        cells = getattr(self.counts, name) if counts is None else counts
        return Series(
            name=name,
            unit=unit,
            periods=labels.periods,
            cells=cells,
            pipelines=tuple(p for p in labels.pipelines for _ in labels.origins),
            origins=tuple(o for _ in labels.pipelines for o in labels.origins),
            divisor=divisor,
            stock=stock,
        )


def _reported(counts: NDArray[Any], periods: int) -> NDArray[Any]:
    view = counts[:, :periods]
    view.flags.writeable = False
    return view


def _notes(facts: Facts) -> dict[str, str]:
    if not facts.stuck_open_deals:
        return {}
    return {
        "open_deals": "open deals older than any deal their stage's laws know, taken as stuck for "
        f"good: {facts.stuck_open_deals:,}"
    }
