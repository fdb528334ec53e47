"""How deals flow through the stages, and what stands in them at period ends."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from salessim._typing import Int32Array
from salessim.forecast.labels import Labels

if TYPE_CHECKING:
    import pandas as pd

    from salessim.engine.cube import Cube
    from salessim.lowering.program import Program

FLOWS = ("entered", "advanced", "lost", "no_decision", "back", "parked", "slipped")
LEAVING = slice(1, 6)
"""Flows that leave the stage: a deal that slipped is still there."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Funnel:
    """Stage flows of every trajectory.

    Attributes
    ----------
    labels : Labels
    stages : tuple of (pipeline, stage)
    flows : ndarray of int32, shape (trajectory, period, stage, 7)
        Deals that entered (or came back to) the stage, advanced, were lost, ended without
        decision, went back, were parked, slipped (and stayed) in the period.
        Deals open at the start are not in ``entered``.
    open_at_start : ndarray of int32, shape (stage,)
    """

    labels: Labels
    stages: tuple[tuple[str, str], ...]
    flows: Int32Array
    open_at_start: Int32Array

    def __repr__(self) -> str:
        count, periods = self.flows.shape[:2]
        names = ", ".join(".".join(stage) for stage in self.stages)
        return f"Funnel({names}; {count:,} trajectories x {periods} periods)"

    def _repr_html_(self) -> str:
        from salessim.forecast import notebook

        return notebook.funnel(self)

    @property
    def open(self) -> Int32Array:
        """Deals standing in each stage at period ends, shape (trajectory, period, stage)."""
        return stock(self.flows, self.open_at_start)

    def mean(self) -> pd.DataFrame:
        """Return mean flows and stock, a row per period and stage."""
        import pandas as pd

        periods = pd.DatetimeIndex(self.labels.periods)
        rows = [(t, *stage) for t in periods for stage in self.stages]
        index = pd.MultiIndex.from_tuples(rows, names=["period", "pipeline", "stage"])
        columns = {name: self.flows[..., i].mean(axis=0).ravel() for i, name in enumerate(FLOWS)}
        return pd.DataFrame({**columns, "open": self.open.mean(axis=0).ravel()}, index=index)

    def to_parquet(self, path: str | Path) -> None:
        """Write one row per trajectory, period, pipeline and stage, in the order of the plan.

        Parameters
        ----------
        path : str or Path
            Overwritten when it exists.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        from salessim.forecast import parquet

        parquet.write_funnel(self, Path(path))


def stock(flows: NDArray[Any], open_at_start: Int32Array) -> Int32Array:
    """Return deals open per stage at period ends: the start's, plus entered, minus left."""
    net = flows[..., 0] - flows[..., LEAVING].sum(axis=-1, dtype=np.int32)
    return open_at_start + np.cumsum(net, axis=1, dtype=np.int32)


def funnel_of(cube: Cube, program: Program, labels: Labels) -> Funnel:
    """Name the stages of a cube's flows and cut them to the reported periods."""
    first = program.arrays.pipelines.first_stage
    stages = []
    for index, pipeline in enumerate(program.pipelines):
        for label in program.stages[int(first[index]) : int(first[index + 1])]:
            stages.append((pipeline, label.removeprefix(f"{pipeline}.")))  # noqa: PERF401
    return Funnel(
        labels=labels,
        stages=tuple(stages),
        flows=cube.flows[:, : labels.timeline.periods],
        open_at_start=program.open_at_start,
    )
