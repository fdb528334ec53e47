"""What the axes of a forecast mean, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from salessim.model.calendar import Span, Timeline
from salessim.model.plan import BASE_ORIGINS, Target

if TYPE_CHECKING:
    from salessim.lowering.program import Program
    from salessim.model.plan import Model


@dataclass(frozen=True, kw_only=True)
class Labels:
    """Names along the axes of a forecast.

    Attributes
    ----------
    title, currency : str
    timeline : Timeline
        `timeline.periods` of its periods are reported.
    pipelines, origins, external_sources : tuple of str
        In the order of the plan; origins are ``open_deals``, ``customers``, then the sources.
    source_pipelines : tuple of int
        Pipeline index of each external source.
    starting_customers : int or None
        Customers there at the start, counted on the rows of the first pipeline; None when the plan
        has no customers, who could come and go.
    targets : tuple of Target
        What the plan wants to book, in its order.
    """

    title: str
    currency: str
    timeline: Timeline
    pipelines: tuple[str, ...]
    origins: tuple[str, ...]
    external_sources: tuple[str, ...] = ()
    source_pipelines: tuple[int, ...] = ()
    starting_customers: int | None = None
    targets: tuple[Target, ...] = ()

    @property
    def periods(self) -> tuple[date, ...]:
        """First day of each reported period."""
        return tuple(self.timeline.period_start(t) for t in range(self.timeline.periods))

    @property
    def end(self) -> date:
        """First day after the reported periods."""
        return self.timeline.period_start(self.timeline.periods)

    def without_external_leads(self) -> Labels:
        """Return the labels of the base: no external source, no origin that is one."""
        return replace(self, origins=BASE_ORIGINS, external_sources=(), source_pipelines=())

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; `from_dict` reads it back."""
        line = self.timeline
        return {
            "title": self.title,
            "currency": self.currency,
            "start": line.start.isoformat(),
            "period": {"value": line.period.value, "unit": line.period.unit},
            "periods": line.periods,
            "judged": line.judged,
            "pipelines": list(self.pipelines),
            "origins": list(self.origins),
            "external_sources": list(self.external_sources),
            "source_pipelines": list(self.source_pipelines),
            "starting_customers": self.starting_customers,
            "targets": [asdict(target) for target in self.targets],
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Labels:
        """Read what `to_dict` wrote."""
        timeline = Timeline(
            start=date.fromisoformat(raw["start"]),
            period=Span(value=raw["period"]["value"], unit=raw["period"]["unit"]),
            periods=raw["periods"],
            judged=raw["judged"],
        )
        return cls(
            title=raw["title"],
            currency=raw["currency"],
            timeline=timeline,
            pipelines=tuple(raw["pipelines"]),
            origins=tuple(raw["origins"]),
            external_sources=tuple(raw["external_sources"]),
            source_pipelines=tuple(raw["source_pipelines"]),
            starting_customers=raw["starting_customers"],
            targets=tuple(Target(**target) for target in raw["targets"]),
        )

    @classmethod
    def of(cls, program: Program, model: Model) -> Labels:
        """Take the names from a lowered model and the words from the plan's."""
        return cls(
            title=model.title,
            currency=model.currency,
            timeline=model.timeline,
            pipelines=program.pipelines,
            origins=program.origins,
            external_sources=program.external_sources,
            source_pipelines=program.source_pipelines,
            starting_customers=len(program.arrays.base.entity) if model.customers else None,
            targets=model.targets,
        )


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a run can be repeated from.

    Attributes
    ----------
    seed : int
    requested : int
        Trajectories asked for; more than the forecast holds when the run was interrupted.
    engine, version, program_sha256 : str
    stage_entries : int
        Visits simulated in all trajectories, the current visit of each open deal included.
    seconds : float or None
        Wall time of the simulation; None when read from a file, where time has no place.
    """

    seed: int
    requested: int
    engine: str
    version: str
    program_sha256: str
    stage_entries: int
    seconds: float | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, wall time left out: the same run gives the same bytes."""
        return {
            "seed": self.seed,
            "requested": self.requested,
            "engine": self.engine,
            "version": self.version,
            "program_sha256": self.program_sha256,
            "stage_entries": self.stage_entries,
        }
