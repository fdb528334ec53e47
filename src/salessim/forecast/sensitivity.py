"""What moves a result: levers, uncertain numbers, and where its spread comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salessim.forecast.elasticity import Elasticity, Estimate
from salessim.forecast.quantity import Quantity
from salessim.forecast.variance import VarianceShare, VarianceSplit

if TYPE_CHECKING:
    import pandas as pd

    from salessim.forecast.labels import Labels
    from salessim.forecast.sensitivity_plot import SensitivityPlots

LINKS = ("conversion", "pace")
"""Kinds of levers that belong to a stage."""
PARTS = ("levers", "tornado", "shares", "split")
"""Tables of a sensitivity, in the order in which they are shown."""


@dataclass(frozen=True, kw_only=True)
class Swing:
    """What one uncertain number does to the mean result: at its ends, all else as it may be.

    Attributes
    ----------
    address : str
    values : (float, float)
        The number's 5 % and 95 % point.
    words : (str, str)
        Both with their unit.
    means : (Estimate, Estimate)
        Mean result with the number there.
    changes : (Estimate, Estimate)
        Differences from the mean result, taken trajectory by trajectory.
    """

    address: str
    values: tuple[float, float]
    words: tuple[str, str]
    means: tuple[Estimate, Estimate]
    changes: tuple[Estimate, Estimate]

    @property
    def reach(self) -> float:
        """How far the mean result is moved from one end to the other."""
        return abs(self.means[1].value - self.means[0].value)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sensitivity:
    """What moves a result of a plan, ranked, with Monte Carlo errors.

    Attributes
    ----------
    title, currency : str
    of : Quantity
        The result.
    mean : Estimate
        Of the result.
    sustained : Estimate or None
        Share of the trajectories in which what is already there books the need.
    levers : tuple of Elasticity
        What one percent more of each lever brings; what moves the result most first.
    tornado : tuple of Swing
        Each uncertain number at its 5 % and 95 % point; what moves the result most first.
    shares : tuple of VarianceShare
        Sobol indices of the result expected in a world, the largest first; empty when the worlds
        cannot be told apart.
    split : VarianceSplit
        How much of the variance are parameters, shocks and luck.
    trajectories, worlds, seed : int
        Trajectories of each pair of runs, worlds behind `shares` and `split` (0 = nothing is
        uncertain), and the seed of all.
    seconds : float
        Wall time of the runs' chunks.
    notes : tuple of str
        What a reader must know, a sentence each.
    program_sha256 : str
        Of the plan as it is.
    """

    title: str
    currency: str
    of: Quantity
    mean: Estimate
    sustained: Estimate | None
    levers: tuple[Elasticity, ...]
    tornado: tuple[Swing, ...]
    shares: tuple[VarianceShare, ...]
    split: VarianceSplit
    trajectories: int
    worlds: int
    seed: int
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    program_sha256: str = ""

    @classmethod
    def from_summary(cls, raw: Mapping[str, Any], labels: Labels) -> Sensitivity:
        """Read what `summary` wrote; ``labels`` are those of a forecast of the same plan."""
        from salessim.forecast import sensitivity_summary

        return sensitivity_summary.restored(raw, labels)

    @property
    def weakest_link(self) -> Elasticity | None:
        """The stage, its conversion or pace, that moves the result most; None when none does."""
        return next((e for e in self.levers if e.lever.kind in LINKS and e.result.size), None)

    @property
    def weakest_link_of_base(self) -> Elasticity | None:
        """The stage that moves the bookings without new external leads most; None = none does."""
        links = (e for e in self.levers if e.lever.kind in LINKS)
        most = max(links, key=lambda e: e.base.size, default=None)
        return most if most and most.base.size > 0.0 else None

    @property
    def parts(self) -> tuple[str, ...]:
        """Those of `PARTS` that say something."""
        some: dict[str, Any] = {
            "levers": self.levers,
            "tornado": self.tornado,
            "shares": self.shares,
        }
        some["split"] = self.worlds > 0 and self.split.variance > 0.0
        return tuple(part for part in PARTS if some[part])

    @property
    def plot(self) -> SensitivityPlots:
        """Charts on given axes: ``sensitivity.plot.levers()``, ``sensitivity.plot.tornado()``."""
        from salessim.forecast.sensitivity_plot import SensitivityPlots

        return SensitivityPlots(self)

    def to_frame(self, part: str = "levers") -> pd.DataFrame:
        """Return one of `PARTS` as a table.

        Raises
        ------
        ValueError
            There is no such part.
        """
        import pandas as pd

        from salessim.forecast import sensitivity_summary

        columns, rows = sensitivity_summary.table(self, part)
        return pd.DataFrame(rows, columns=list(columns))

    def sentences(self) -> list[str]:
        """Say which stages are the weakest links, and where the spread comes from."""
        from salessim.forecast import sensitivity_summary

        return list(sensitivity_summary.sentences(self))

    def summary(self) -> Mapping[str, Any]:
        """Return the document of ``salessim sensitivity --json``: numbers, lists, text, None."""
        from salessim.forecast import sensitivity_summary

        return sensitivity_summary.document(self)

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook_studies

        return notebook_studies.sensitivity(self)

    def __repr__(self) -> str:
        return f"Sensitivity({self.of.name} of {self.title!r}, {self.trajectories:,} trajectories)"
