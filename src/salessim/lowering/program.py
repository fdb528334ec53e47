"""The Program: a lowered model, arrays for the kernels and labels for the people."""

from __future__ import annotations

from dataclasses import dataclass

from salessim._typing import Int32Array
from salessim.kernels.arrays import Arrays
from salessim.lowering.effects import World


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a model without simulating, exact from its parameters.

    Attributes
    ----------
    stage_entries : float
        Expected stage entries of a trajectory (an upper bound when far below the limit).
    run_rate_per_month : float
        Bookings a month at the start: sum over sources and starting customers of
        rate x win rate x mean amount, in currency units.
    reproduction_number : float or None
        Expected new customers that a new customer brings over its lifetime through all sources
        with ``buyer = "new"``; None when nothing makes customers who could leave.
    has_segments : bool
        Whether customers are of several segments: the reproduction number is then the factor from
        one generation to the next, all segments together.
    logo_retention : float or None
        Expected share of the customers at the start who are still active after 12 months;
        None without customers.
    stuck_open_deals : int
        Open deals so old that they can only be stuck: no other outcome takes that long.
    """

    stage_entries: float
    run_rate_per_month: float
    reproduction_number: float | None
    logo_retention: float | None
    stuck_open_deals: int
    has_segments: bool = False


@dataclass(frozen=True, kw_only=True)
class Program:
    """A lowered model: arrays for the kernels, labels for the people, and a hash of both.

    Attributes
    ----------
    arrays : Arrays
    pipelines, stages, origins, external_sources : tuple of str
        Labels along the axes; a stage is ``pipeline.stage``; origins are ``open_deals``,
        ``customers`` and then the external sources.
    source_pipelines : tuple of int
        Pipeline index of each external source.
    open_at_start : ndarray of int32, shape (s,)
        Open deals per stage at the start.
    facts : Facts
    sha256 : str
        Hash of arrays, worlds and labels: what a run can be repeated from.
    world : World or None
        What differs from trajectory to trajectory; None when nothing does.
    """

    arrays: Arrays
    pipelines: tuple[str, ...]
    stages: tuple[str, ...]
    origins: tuple[str, ...]
    external_sources: tuple[str, ...]
    source_pipelines: tuple[int, ...]
    open_at_start: Int32Array
    facts: Facts
    sha256: str
    world: World | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of what worlds are drawn from: addresses, ``shocks.NAME``, ``customers.health``."""
        return self.world.names if self.world else ()

    @property
    def input_groups(self) -> tuple[tuple[str, ...], ...]:
        """Inputs that are correlated, and can only be varied together; each input is in one."""
        return self.world.groups if self.world else ()

    @property
    def periods(self) -> int:
        """Simulated periods."""
        return int(self.arrays.clock.day_period[-1])
