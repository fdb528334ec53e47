"""A pipeline as it was: its stages and what its deals are worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from salessim._typing import FloatArray
from salessim.config.words import found, key_text, nearest
from salessim.errors import SalessimError
from salessim.fit.amounts import FittedAmount, fit_amount
from salessim.fit.drift import Drift, allowing_for, drift
from salessim.fit.families import FAMILIES, Family
from salessim.fit.history import Deals
from salessim.fit.monthly import span
from salessim.fit.parts import Part
from salessim.fit.shared_months import SharedMonths, share_months
from salessim.fit.stages import USUAL_DAYS, FittedStage, fit_stage, stages_part
from salessim.fit.visits import ADVANCE, BACK, LOST, Visits, visits


@dataclass(frozen=True, kw_only=True)
class FittedPipeline:
    """A pipeline: stages in their order, and amounts.

    Attributes
    ----------
    name : str
    visits : Visits
        What the stages were fitted to.
    stages : tuple of FittedStage
        Conversions that changed are as unsure as they changed.
    amount : FittedAmount
    drifts : tuple of (Drift or None)
        Of each stage, whether its own conversion changed; None where too little tells. Empty for
        groups.
    months : SharedMonths
        How months swing that all stages share; nothing of it for groups.
    """

    name: str
    visits: Visits
    stages: tuple[FittedStage, ...]
    amount: FittedAmount
    drifts: tuple[Drift | None, ...] = ()
    months: SharedMonths = field(default_factory=SharedMonths)

    @property
    def won_to_quoted(self) -> float:
        """Factor from the amount known of an open deal to what it will be won for."""
        return self.amount.won_to_quoted

    def part(self) -> Part:
        """Return it as a part of a plan: ``{"pipelines": {name: {"amount", "stages"}}}``."""
        stages, worth, months = (
            stages_part(self.stages),
            self.amount.part(),
            self.months.part(self.name),
        )
        table = {
            **worth.document["pipelines"][self.name],
            **stages.document["pipelines"][self.name],
        }
        address = f"pipelines.{key_text(self.name)}"
        return Part(
            document={"pipelines": {self.name: table}, **months.document},
            correlations=(*worth.correlations, *stages.correlations),
            comments={
                **worth.comments,
                **stages.comments,
                **months.comments,
                address: self.comment(),
            },
            warnings=(*worth.warnings, *stages.warnings, *self._warnings()),
        )

    def comment(self) -> str:
        """Say how many visits there were, and which of them no record shows."""
        said = f"{self.visits.weight.sum():,.0f} visits to stages"
        if self.visits.passed:
            said += (
                f", {self.visits.passed:,} of them to stages that were skipped, taken as passed in "
                "no time"
            )
        if self.visits.reopened:
            said += (
                f"; {self.visits.reopened:,} deals went on after they had been won or lost: what "
                "came last is taken"
            )
        return said

    def _warnings(self) -> list[str]:
        """Say what changed, and where deals went back to several stages: the plan's has one."""
        address = f"pipelines.{key_text(self.name)}"
        back = self.visits.where(self.visits.outcome == BACK)
        said = [f"{address}: {text}" for text in self.months.warnings]
        if (self.visits.outcome == ADVANCE).any() and not (self.visits.outcome == LOST).any():
            said.append(
                f"{address}: not one deal was lost; if the export leaves lost deals out, export "
                "them too: without them far too many deals are forecast to be won"
            )
        said += [
            f"{stage.address}: {found.sentence}"
            for stage, found in zip(self.stages, self.drifts, strict=False)
            if found is not None and found.matters
        ]
        for nth, stage in enumerate(self.stages):
            counts = np.bincount(back.to[back.stage == nth], minlength=1)
            others = int(counts.sum() - counts.max())
            if others:
                said.append(
                    f"{stage.address}: {int(counts.sum()):,} deals went back, {others:,} of them "
                    f"not to {stage.back_to}; the plan sends all of them there"
                )
        return said


def fit_pipeline(
    deals: Deals,
    *,
    families: Sequence[str] | None = None,
    half_life: float | None = None,
    empirical: bool = True,
) -> FittedPipeline:
    """Fit the stages of a pipeline and what its deals are worth.

    Parameters
    ----------
    deals : Deals
        As known on a day (`known_on`).
    families : sequence of str, optional
        Families of laws of times to choose from; all five when absent.
    half_life : float, optional
        Days after which a visit counts half, by the day on which it was entered: a weight must not
        depend on how the visit ended. All count alike when absent.
    empirical : bool
        Whether an empirical law may replace families that the data contradict.

    Raises
    ------
    SalessimError
        When a family is none, when a half-life is not above 0, or when there is no deal at all.
    """
    return fit_visits(
        visits(deals),
        fit_amount(deals, empirical=empirical),
        half_life=half_life,
        until=np.datetime64(deals.until, "us"),
        families=families,
        empirical=empirical,
    )


def fit_visits(
    seen: Visits,
    amount: FittedAmount,
    *,
    until: np.datetime64,
    half_life: float | None = None,
    families: Sequence[str] | None = None,
    empirical: bool = True,
) -> FittedPipeline:
    """Fit a pipeline to its visits, which may stand for many each (`Visits.weight`).

    Parameters are those of `fit_pipeline`; `until` is the day as of which it is fitted.
    """
    if not len(seen):
        raise SalessimError(
            f"pipeline {amount.pipeline!r}: no deal had entered a stage by then: there is nothing "
            "to fit; choose a later day, or give more of the history"
        )
    taken = _families(families)
    weight = recency(seen, until, half_life)
    above = seen.duration[seen.duration > 0.0]
    middle = math.log(float(np.median(above)) if above.size else USUAL_DAYS)
    fitted = [
        fit_stage(
            seen,
            nth,
            pipeline=amount.pipeline,
            recency=weight,
            middle=middle,
            families=taken,
            empirical=empirical,
        )
        for nth in range(len(seen.stages))
    ]
    shaken, shared = share_months(fitted, seen, until)
    drifts: list[Drift | None] = [None] * len(fitted)
    if half_life is None:
        effects = shared.conversions
        drifts = [
            drift(stage, seen.where(seen.stage == nth), span(seen, until), effects)
            for nth, stage in enumerate(fitted)
        ]
    return FittedPipeline(
        name=amount.pipeline,
        visits=seen,
        stages=tuple(map(allowing_for, shaken, drifts)),
        amount=amount,
        drifts=tuple(drifts),
        months=shared,
    )


def _families(names: Sequence[str] | None) -> Sequence[Family]:
    """Return families by name."""
    known = {family.name: family for family in FAMILIES}
    if names is None:
        return FAMILIES
    for name in names:
        if name not in known:
            raise SalessimError(
                f"expected families of laws, found {found(name)}; "
                f"{nearest(name, list(known), named='known')}"
            )
    if not names:
        raise SalessimError(f"expected a family of laws, found none; {', '.join(known)}")
    return [known[name] for name in names]


def recency(seen: Visits, until: np.datetime64, half_life: float | None) -> FloatArray:
    """Return what each visit counts."""
    if half_life is None:
        return np.ones(len(seen))
    if not half_life > 0.0:
        raise SalessimError(f"expected a half-life above 0 days, found {half_life:g}")
    age = (until - seen.entered) / np.timedelta64(1, "D")
    weight: FloatArray = 0.5 ** (age / half_life)
    return weight
