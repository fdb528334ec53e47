"""Stages of a pipeline as they were: how visits end, and after what time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config.words import key_text
from salessim.fit.choice import Chosen, choose
from salessim.fit.durations import GOING, Durations, gather
from salessim.fit.families import FAMILIES, Family, Known
from salessim.fit.law_notation import law_numbers, law_table, with_instants
from salessim.fit.mean_odds import at_mean_odds
from salessim.fit.parts import Part
from salessim.fit.stuck import Stuck, how_many_are_stuck
from salessim.fit.unsure import Unsure, correlations, moved
from salessim.fit.visits import ADVANCE, BACK, LOST, OPEN, Visits
from salessim.model.law import Law
from salessim.readable import p_value, percent

OUTCOMES = ("advance", "lost", "back")
USUAL_DAYS = 30.0
"""Stands for a duration where none was seen in the whole pipeline."""
UNTOLD = 0.1
"""Share of the visits left at the oldest age seen that may still end: with more, a history is too
short to tell who is stuck."""
MANY = 0.05
"""Share of all visits: whether so many may be stuck is worth a warning."""


@dataclass(frozen=True, kw_only=True)
class FittedStage:
    """A stage: its outcomes, their laws, and how well all of it is known.

    Attributes
    ----------
    name : str
    pipeline : str
    back_to : str or None
        Stage to which deals go back; None = none did.
    data : Durations
        What it was fitted to.
    chosen : Chosen
    seen : mapping of str to int
        Visits by outcome: ``advance``, ``lost``, ``back``, ``open``.
    oldest : float
        Days for which the oldest visit was seen.
    borrows : bool
        Whether it is a group's, which borrows strength from all.
    alike : ndarray, shape (parameter, any), or None
        What it does not know beside `chosen`, and not alone: A A' is added to the covariance, and
        A B' is that with the parameters of another stage of the pipeline.
    swing : float
        Standard deviation of the log odds of advancing between months, where a shock moves them.
    """

    name: str
    pipeline: str
    back_to: str | None
    data: Durations
    chosen: Chosen
    seen: Mapping[str, int]
    oldest: float
    borrows: bool = False
    alike: FloatArray | None = None
    swing: float = 0.0

    @property
    def outcomes(self) -> tuple[str, ...]:
        """In the order of `Incidence.ended`: ``advance``, ``lost`` and, if any did, ``back``."""
        return OUTCOMES[: 2 + (self.back_to is not None)]

    @property
    def probabilities(self) -> dict[str, float]:
        """Of each outcome of a visit, ``stuck`` the last."""
        p = self.chosen.fit.model.probabilities(self.chosen.fit.theta)[0]
        return dict(zip((*self.outcomes, "stuck"), p.tolist(), strict=True))

    def law(self, outcome: str) -> Law:
        """Return the fitted law of the time of those that end so."""
        fit, k = self.chosen.fit, self.outcomes.index(outcome)
        once = fit.model.at_once(k, fit.theta)
        return with_instants(fit.model.families[k].law(fit.theta[fit.model.place(k)]), once)

    def family(self, outcome: str) -> str:
        """Return the name of the law's family."""
        return self.chosen.fit.model.families[self.outcomes.index(outcome)].name

    @cached_property
    def stuck(self) -> Stuck | None:
        """How many are stuck, where it may be many; None where it hardly matters."""
        high = self.numbers[0][len(self._shares())].interval[1]
        if (
            self.borrows
            or not self.seen["open"]
            or high * (1.0 - self.probabilities["advance"]) <= MANY
        ):
            return None
        return how_many_are_stuck(self.chosen.fit, self.data)

    @property
    def undecided(self) -> float:
        """Share of the visits left at the oldest age seen that may still end."""
        if self.oldest <= 0.0:
            return 1.0
        fit = self.chosen.fit
        left = float(fit.model.remaining(np.array([self.oldest]), fit.theta)[0][0])
        return max(0.0, 1.0 - self.probabilities["stuck"] / max(left, 1e-300))

    @property
    def address(self) -> str:
        """What a plan calls it."""
        return ".".join(("pipelines", key_text(self.pipeline), "stages", key_text(self.name)))

    @cached_property
    def numbers(self) -> tuple[tuple[Unsure, ...], FloatArray]:
        """The stage's numbers that are not known for sure, and the covariance on their scales."""
        fit = self.chosen.fit
        addresses = [f"{self.address}.conversion"]
        middles = [float(fit.theta[0])]
        for name, q in self._shares().items():
            addresses.append(f"{self.address}.{name}.share")
            middles.append(float(np.log(q) - np.log1p(-q)))
        laws = [
            law_numbers(fit.model, k, f"{self.address}.{key}", fit.theta)
            for k, key in enumerate(self._law_keys())
        ]
        covariance = moved(self.chosen.covariance, self._jacobian())
        if self.alike is not None:
            covariance = covariance + self.numbers_alike @ self.numbers_alike.T
        sd = np.sqrt(np.diag(covariance))
        shares = [
            Unsure(address=address, scale="odds", middle=middle, sd=float(s))
            for address, middle, s in zip(addresses, middles, sd, strict=False)
        ]
        of_laws = [number for numbers in laws for number in numbers]
        placed = zip(of_laws, sd[len(shares) :], strict=True)
        return (*shares, *(number(float(s)) for number, s in placed)), covariance

    @property
    def numbers_alike(self) -> FloatArray:
        """What its numbers do not know together with those of other stages: as `alike`."""
        jacobian = self._jacobian()
        return jacobian @ self.alike if self.alike is not None else np.zeros((len(jacobian), 0))

    def table(self) -> dict[str, Any]:
        """Return the stage as a plan writes it."""
        written = {number.address: number.notation for number in self.numbers[0]}
        if self.swing:
            conversion = self.numbers[0][0]
            middle = at_mean_odds(conversion.middle, self.swing)
            written[conversion.address] = replace(conversion, middle=middle).notation
        table: dict[str, Any] = {
            "name": self.name,
            "conversion": written[f"{self.address}.conversion"],
        }
        laws = {
            key: law_table(self.chosen.fit, k, f"{self.address}.{key}", written)
            for k, key in enumerate(self._law_keys())
        }
        table["cycle_time"], table["loss_time"] = laws["cycle_time"], laws["loss_time"]
        if self.back_to is not None:
            share = written[f"{self.address}.back.share"]
            table["back"] = {"share": share, "to": self.back_to, "after": laws["back.after"]}
        table["stuck"] = {"share": written[f"{self.address}.stuck.share"]}
        return table

    def comment(self) -> str:
        """Say how much data there was, and which laws suit it."""
        visits = sum(self.seen.values())
        how = ", ".join(f"{count:,} {name}" for name, count in self.seen.items() if count)
        laws = "; ".join(f"{name}: {self._said(name)}" for name in self.outcomes)
        said = f"{visits:,} visits ({how}); {laws}" if visits else "no visit was seen"
        return f"{said}; stuck {percent(self.probabilities['stuck'])} of all{self._how_surely()}"

    def warnings(self) -> list[str]:
        """Say what must be read before the stage is trusted."""
        if self.stuck is None or self.undecided <= UNTOLD:
            return []
        low, high = percent(self.stuck.low), percent(self.stuck.high)
        said = (
            f"the oldest visit was followed for {self.oldest:,.0f} days, and "
            f"{percent(self.undecided)} of those left then may still end: the history is too short "
            f"to tell how many are stuck for good ({low} to {high} of those that do not advance)"
        )
        return [f"{self.address}: {said}"]

    def _how_surely(self) -> str:
        if self.stuck is None:
            return ""
        low, high = percent(self.stuck.low), percent(self.stuck.high)
        return (
            f", {percent(self.stuck.share)} of those that do not advance (90%: {low} to {high}; "
            f"{p_value(self.stuck.p_value)} against nobody)"
        )

    def _said(self, outcome: str) -> str:
        k = self.outcomes.index(outcome)
        against = self.chosen.contradictions[k]
        if isinstance(self.chosen.fit.model.families[k], Known):
            return (
                f"as observed, since {self.chosen.best[k].name}, the best family, is off by up to "
                f"{percent(against.distance)}"
            )
        return self.chosen.best[k].name

    def _law_keys(self) -> tuple[str, ...]:
        return ("cycle_time", "loss_time", "back.after")[: len(self.outcomes)]

    def _shares(self) -> dict[str, float]:
        """Return the shares of those that do not advance, the lost (what is left) aside."""
        p = self.probabilities
        rest = p["lost"] + p["stuck"] + p.get("back", 0.0)
        return {name: p[name] / rest for name in ("back", "stuck") if name in p}

    def _jacobian(self) -> FloatArray:
        """Return the derivatives of `numbers` by the parameters."""
        model = self.chosen.fit.model
        laws = [np.eye(model.size)[model.place(k)] for k in range(len(self.outcomes))]
        return np.vstack([self._shares_jacobian(), *laws])

    def _shares_jacobian(self) -> FloatArray:
        """Return the derivatives of the log odds of conversion and shares by the parameters."""
        q = np.array(list(self._shares().values()))
        rows = np.zeros((1 + len(q), self.chosen.fit.model.size))
        rows[0, 0] = 1.0
        rows[1:, 1 : 1 + len(q)] = (np.eye(len(q)) - q) / (1.0 - q)[:, None]
        return rows


def fit_stage(
    seen: Visits,
    stage: int,
    *,
    pipeline: str,
    recency: FloatArray,
    middle: float,
    families: Sequence[Family] = FAMILIES,
    empirical: bool = True,
) -> FittedStage:
    """Fit one stage to its visits.

    Parameters
    ----------
    seen : Visits
        Of all stages.
    stage : int
    pipeline : str
    recency : ndarray, shape (visits,)
        What each visit counts.
    middle : float
        Logarithm of a duration, where none was seen.
    families : sequence of Family
    empirical : bool
        Whether an empirical law may replace families that the data contradict.
    """
    here = seen.stage == stage
    mine = seen.where(here)
    targets = np.bincount(mine.to[mine.outcome == BACK], minlength=1)
    has_back = bool(targets.sum())
    data = durations(mine, recency[here])
    chosen = choose(
        data,
        outcomes=2 + has_back,
        stuck=True,
        middle=_middle(data, middle),
        families=families,
        empirical=empirical,
    )
    return FittedStage(
        name=seen.stages[stage],
        pipeline=pipeline,
        back_to=seen.stages[int(targets.argmax())] if has_back else None,
        data=data,
        chosen=chosen,
        seen=counted(mine),
        oldest=float(mine.duration.max(initial=0.0)),
    )


def durations(mine: Visits, recency: FloatArray) -> Durations:
    """Return the durations of visits to one stage, by outcome as `OUTCOMES` has them."""
    return gather(
        np.select([mine.outcome == o for o in (ADVANCE, LOST, BACK)], [0, 1, 2], default=GOING),
        mine.duration,
        mine.entry_age,
        count=mine.weight,
        recency=recency,
        tick=mine.tick,
    )


def counted(mine: Visits) -> dict[str, int]:
    """Return how many visits to one stage ended in which way."""
    names = {"advance": ADVANCE, "lost": LOST, "back": BACK, "open": OPEN}
    return {name: round(mine.weight[mine.outcome == o].sum()) for name, o in names.items()}


def _middle(data: Durations, otherwise: float) -> float:
    """Return the logarithm of the durations' weighted median, whatever became of them."""
    above = data.low > 0.0
    if not above.any():
        return otherwise
    order = np.argsort(data.middle[above])
    weight = np.cumsum(data.weight[above][order])
    at = int(np.searchsorted(weight, weight[-1] / 2.0))
    return float(np.log(data.middle[above][order][at]))


def stages_part(stages: Sequence[FittedStage]) -> Part:
    """Return stages of a pipeline as a part of a plan."""
    pipeline = stages[0].pipeline
    return Part(
        document={"pipelines": {pipeline: {"stages": [stage.table() for stage in stages]}}},
        correlations=_together(stages),
        comments={stage.address: stage.comment() for stage in stages},
        warnings=tuple(said for stage in stages for said in stage.warnings()),
    )


def _together(stages: Sequence[FittedStage]) -> tuple[tuple[str, str, float], ...]:
    """Return which numbers of stages go together: of the same stage, and where months swing."""
    if all(stage.alike is None for stage in stages):
        return tuple(pair for stage in stages for pair in correlations(*stage.numbers))
    across = np.vstack([stage.numbers_alike for stage in stages])
    covariance, begin = across @ across.T, 0
    for stage in stages:
        end = begin + len(stage.numbers[0])
        covariance[begin:end, begin:end] = stage.numbers[1]
        begin = end
    return correlations([number for stage in stages for number in stage.numbers[0]], covariance)
