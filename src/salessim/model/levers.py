"""Levers: what a business can do more or less of, each a factor on a part of the model."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from salessim.model.law import Law
from salessim.model.laws import (
    BetaGeometric,
    Burr,
    Empirical,
    Exponential,
    Fixed,
    Gamma,
    LogLogistic,
    Lognormal,
    Mixture,
    Pert,
    Triangular,
    Uniform,
    Weibull,
)
from salessim.model.plan import Curve, Customers, Model, Pipeline, Rate, Source, Stage
from salessim.model.uncertain import Uncertain

LeverKind: TypeAlias = Literal[
    "leads", "conversion", "pace", "amount", "churn", "referral", "up_sell"
]

_SCALES: dict[type[Law], tuple[str, ...]] = {
    Exponential: ("mean",),
    Fixed: ("value",),
    Gamma: ("mean",),
    Burr: ("scale",),
    BetaGeometric: ("period",),
    LogLogistic: ("median",),
    Lognormal: ("median",),
    Pert: ("low", "mode", "high"),
    Triangular: ("low", "mode", "high"),
    Uniform: ("low", "high"),
    Weibull: ("scale",),
}
"""The parameters of each simple law that carry its unit: multiplied, they multiply the law."""


@dataclass(frozen=True, kw_only=True)
class Lever:
    """A factor on a part of a model; 1 leaves the model as it is.

    Attributes
    ----------
    name : str
        What people type: its kind, and which one of several, for example
        ``conversion.new_business.proposal``. `leads`, `churn`, `referral` and `up_sell` alone are
        all of their kind together.
    kind : str
        ``leads``: rates of external sources. ``conversion``: the share of the deals entering a
        stage that advance (of an uncertain one, its middle). ``pace``: how fast visits to a stage
        pass, from the start on. ``amount``: drawn amounts of a pipeline's deals; amounts known
        stay. ``churn``: the hazard of leaving: lifetimes are divided by the factor. ``referral``
        and ``up_sell``: rates of customer sources whose buyer is new, or the customer.
    sentence : str
        What it moves, in words.
    most : float
        The largest factor: 1 / conversion, else infinite.
    targets : tuple of str
        Names of what it moves: sources, segments (``""`` without segments), the pipeline, or the
        pipeline and the stage.
    """

    name: str
    kind: LeverKind
    sentence: str
    targets: tuple[str, ...]
    most: float = math.inf

    def scaled(self, model: Model, factor: float) -> Model:
        """Return the model with the lever's part multiplied.

        Parameters
        ----------
        model : Model
            The one the lever is of.
        factor : float
            Above 0, at most `most`.

        Raises
        ------
        ValueError
            The factor is out of its range.
        """
        if not 0.0 < factor <= self.most or math.isinf(factor):
            limit = "" if math.isinf(self.most) else f" and at most {self.most:g}"
            raise ValueError(f"a factor on {self.name} must be above 0{limit}, not {factor:g}")
        if factor == 1.0:
            return model
        # of what leaves twice as fast lifetimes are half as long
        return _Scaling(1.0 / factor if self.kind == "churn" else factor).of(model, self)


def levers(model: Model) -> tuple[Lever, ...]:
    """Return all levers of a model, no two with the same effect.

    Stages that never or always let deals advance have no lever on their conversion, stages in
    which no time passes none on their pace.
    """
    return (
        *_of_sources(model, "leads"),
        *(lever for pipeline in model.pipelines for lever in _of_pipeline(pipeline)),
        *_of_churn(model),
        *_of_sources(model, "referral"),
        *_of_sources(model, "up_sell"),
    )


def _of_sources(model: Model, kind: LeverKind) -> list[Lever]:
    words = {
        "leads": "leads a month from {}",
        "referral": "deals with new buyers that each customer starts through {}",
        "up_sell": "deals that each customer starts for itself through {}",
    }[kind]
    names = tuple(source.name for source in model.sources if _kind_of(source) == kind)
    together = {
        "leads": "all external sources",
        "referral": "all sources of referrals",
        "up_sell": "all sources of up-sell",
    }[kind]
    return [
        Lever(name=name, kind=kind, sentence=words.format(what), targets=targets)
        for name, what, targets in _together_and_each(kind, together, names)
    ]


def _together_and_each(
    kind: LeverKind, together: str, names: tuple[str, ...]
) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return (lever's name, what it moves, targets) of all at once, then of each of several."""
    if len(names) < 2:
        return [(kind, name or together, (name,)) for name in names]
    return [(kind, together, names), *((f"{kind}.{name}", name, (name,)) for name in names)]


def _kind_of(source: Source) -> LeverKind:
    if source.kind == "external":
        return "leads"
    return "referral" if source.buyer_is_new else "up_sell"


def _of_pipeline(pipeline: Pipeline) -> list[Lever]:
    found = []
    for stage in pipeline.stages:
        address = f"{pipeline.name}.{stage.name}"
        both = (pipeline.name, stage.name)
        if 0.0 < stage.conversion < 1.0:
            said = f"share of the deals entering {address} that advance"
            most = 1.0 / stage.conversion
            found.append(_lever("conversion", address, said, both, most=most))
        if any(law.mean > 0.0 for law in _times(stage)):
            found.append(_lever("pace", address, f"speed of the deals in {address}", both))
    said = f"amount of the deals won in {pipeline.name}"
    return [*found, _lever("amount", pipeline.name, said, (pipeline.name,))]


def _lever(
    kind: LeverKind, address: str, said: str, targets: tuple[str, ...], *, most: float = math.inf
) -> Lever:
    return Lever(name=f"{kind}.{address}", kind=kind, sentence=said, targets=targets, most=most)


def _times(stage: Stage) -> list[Law]:
    """Return the laws of the times that pass in a stage."""
    others = (stage.no_decision, stage.back, stage.parked)
    after = [other.after for other in others if other]
    slip = [stage.slip.by] if stage.slip else []
    return [stage.cycle_time, stage.loss_time, *after, *slip]


def _of_churn(model: Model) -> list[Lever]:
    if model.customers is None:
        return []
    names = tuple(segment.name for segment in model.customers.segments) or ("",)
    return [
        Lever(name=name, kind="churn", sentence=f"rate at which {what} leave", targets=targets)
        for name, what, targets in _together_and_each("churn", "customers", names)
    ]


class _Scaling:
    """Multiplies numbers and laws of one model, and remembers the uncertain ones among them."""

    def __init__(self, factor: float) -> None:
        self.factor = factor
        self._moved: dict[str, Uncertain] = {}

    def of(self, model: Model, lever: Lever) -> Model:
        """Return the model with a lever's part multiplied, its list of uncertain numbers in step.

        Of ``churn`` the factor is that on lifetimes.
        """
        changed = self._changed(model, lever)
        known = (self._moved.get(number.address, number) for number in model.uncertain)
        return replace(changed, uncertain=tuple(known))

    def _changed(self, model: Model, lever: Lever) -> Model:
        if lever.kind == "pace":
            return replace(model, curves=(*model.curves, self._pace(model, *lever.targets)))
        if lever.kind == "churn" and model.customers:
            return replace(model, customers=self._stays(model.customers, lever.targets))
        if lever.kind in {"conversion", "amount"}:
            return replace(model, pipelines=self._pipelines(model, *lever.targets))
        return replace(
            model,
            sources=tuple(
                replace(source, rate=self._rate(source.rate))
                if source.name in lever.targets
                else source
                for source in model.sources
            ),
        )

    def _pipelines(self, model: Model, name: str, stage: str = "") -> tuple[Pipeline, ...]:
        """Multiply a stage's conversion in a pipeline; without a stage its amount."""

        def moved(line: Pipeline) -> Pipeline:
            if not stage:
                return replace(line, amount=self._law(line.amount))
            stages = (self._converts(one) if one.name == stage else one for one in line.stages)
            return replace(line, stages=tuple(stages))

        return tuple(moved(line) if line.name == name else line for line in model.pipelines)

    def _converts(self, stage: Stage) -> Stage:
        # 1 / p x p may round to above 1
        return replace(stage, conversion=self._number(stage.conversion, most=1.0))

    def _pace(self, model: Model, pipeline: str, stage: str) -> Curve:
        return Curve(
            kind="pace",
            pipeline=pipeline,
            stage=stage,
            starts=model.timeline.start,
            ends=None,
            factor=self.factor,
        )

    def _stays(self, customers: Customers, segments: tuple[str, ...]) -> Customers:
        if not customers.segments:
            return replace(customers, lifetime=self._law(customers.lifetime))
        moved = (
            replace(segment, lifetime=self._law(segment.lifetime))
            if segment.name in segments
            else segment
            for segment in customers.segments
        )
        return replace(customers, segments=tuple(moved))

    def _rate(self, rate: Rate) -> Rate:
        return Rate(per_day=self._number(rate.per_day), per_month=self._number(rate.per_month))

    def _number(self, value: float, *, most: float = math.inf) -> float:
        if not isinstance(value, Uncertain):
            return min(self.factor * value, most)
        moved = self._moved[value.address] = value.times(self.factor)
        return moved

    def _law(self, law: Law) -> Law:
        if isinstance(law, Mixture):
            return replace(law, laws=tuple(map(self._law, law.laws)))
        if isinstance(law, Empirical):
            return replace(law, values=tuple(self.factor * value for value in law.values))
        scales = {name: self._number(getattr(law, name)) for name in _SCALES[type(law)]}
        changed: Law = replace(law, **scales)  # type: ignore[type-var]  # every law is a dataclass
        return changed
