"""What a goal varies: a key of the plan over a range of values, or a lever over factors."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from salessim.api.refusals import addressed
from salessim.config import Plan
from salessim.config.documents import get_key, key_parts
from salessim.config.ranges import Axis, read_axes
from salessim.config.words import found, nearest
from salessim.errors import SalessimError
from salessim.model.calendar import DAYS_PER_MONTH
from salessim.model.law import Law
from salessim.model.levers import Lever, levers
from salessim.model.plan import Model
from salessim.readable import few_digits, percent

DAYS_PER_YEAR = 12 * DAYS_PER_MONTH
LEAST, MOST = 0.5, 2.0
"""Factors between which levers are moved when no range is given."""
_NUMBER = r"([-+]?(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)"


@dataclass(frozen=True, kw_only=True)
class Varied(ABC):
    """Something of a plan that takes numbers.

    Attributes
    ----------
    plan : Plan
    low, high : float
        Ends of the range.
    points : tuple of float
        Where to look first, the ends among them.
    """

    plan: Plan
    low: float
    high: float
    points: tuple[float, ...]

    @property
    @abstractmethod
    def key(self) -> str:
        """Its name, as it is typed."""

    @property
    @abstractmethod
    def now(self) -> float | None:
        """Its number in the plan; None when the plan holds none that compares with the range."""

    @property
    def moves(self) -> str:
        """What it moves, in words, where its name does not say it."""
        return ""

    @property
    def is_uncertain(self) -> bool:
        """Whether the plan does not know for sure the number that is replaced."""
        return False

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""
        return False

    @property
    def thorough(self) -> bool:
        """Whether to look over the whole range before searching in a part of it."""
        return True

    @property
    def ends(self) -> bool:
        """Whether the ends of the answer's interval are searched for, too."""
        return True

    @abstractmethod
    def model(self, value: float) -> Model:
        """Return the model with a value in place."""

    @abstractmethod
    def written(self, number: str) -> str:
        """Return a number as it is said of it: ``83 per month``, ``x 1.4``."""

    def means(self, value: float, leads: Mapping[str, float]) -> str:
        """Say what a value comes to in words of the business; empty when it says so itself.

        ``leads`` are those a month of each external source, as the plan is.
        """
        del value, leads
        return ""


@dataclass(frozen=True, kw_only=True)
class VariedKey(Varied):
    """A key of the plan."""

    axis: Axis

    @property
    def key(self) -> str:
        """The address, as it was typed."""
        return self.axis.key

    @property
    def now(self) -> float | None:
        """The number in the plan, where it is written like the range."""
        text = str(get_key(self.plan.document, key_parts(self.axis.key)))
        pattern = re.escape(self.axis.written).replace(r"\{\}", _NUMBER)
        if match := re.fullmatch(pattern, text.strip()):
            return float(match[1].replace("_", ""))
        if self.axis.written == "{}%" and re.fullmatch(_NUMBER, text):
            return 100.0 * float(text)
        return None

    @property
    def is_uncertain(self) -> bool:
        """Whether the plan has an uncertain number there."""
        return any(number.address == self.key for number in self.plan.model.uncertain)

    @property
    def whole(self) -> bool:
        """Whether it counts something."""
        return self.axis.whole

    def model(self, value: float) -> Model:
        """Return the model of the plan with the key changed, as `-S` does.

        Raises
        ------
        SalessimError
            The plan cannot be so, or covers another time: then the goal is another one.
        """
        share = (value - self.low) / (self.high - self.low)
        model = self.plan.with_([f"{self.key}={self.axis.at(share).text}"]).model
        if model.timeline != self.plan.model.timeline:
            raise SalessimError(
                f"vary: {self.key}: it changes the time that is simulated, in which the goal is "
                "measured; vary something else"
            )
        return model

    def written(self, number: str) -> str:
        """Put a number where the range has one."""
        return self.axis.written.replace("{}", number)


@dataclass(frozen=True, kw_only=True)
class VariedLever(Varied):
    """A lever, by factors."""

    lever: Lever
    given: bool
    """Whether the range was asked for."""
    alone: bool = False
    """Whether nothing else is looked at."""

    @property
    def key(self) -> str:
        """The lever's name."""
        return self.lever.name

    @property
    def now(self) -> float:
        """1."""
        return 1.0

    @property
    def moves(self) -> str:
        """What the lever moves."""
        return self.lever.sentence

    @property
    def thorough(self) -> bool:
        """Only when the range was asked for: of many levers, most only need to be tried."""
        return self.given

    @property
    def ends(self) -> bool:
        """Not of one lever among many."""
        return self.given or self.alone

    @property
    def is_all_leads(self) -> bool:
        """Whether it moves all that is external: at 0 the base is left, a part of any run."""
        return self.lever.name == "leads"

    def model(self, value: float) -> Model:
        """Return the model with the lever's part multiplied."""
        with addressed(self.plan, point=f"{self.key} x {value:g}"):
            return self.lever.scaled(self.plan.model, value)

    def written(self, number: str) -> str:
        """Say that it is a factor."""
        return f"x {number}"

    def means(self, value: float, leads: Mapping[str, float]) -> str:
        """Say what the factor makes of the lever's part; empty where it has no one number."""
        words, level = self._level(leads)
        if not 0.0 < level < math.inf:
            return ""
        # a speed and a hazard divide times
        factor = 1.0 / value if self.lever.kind in {"churn", "pace"} and value else value
        new, now = (_level_text(self.lever.kind, level * by) for by in (factor, 1.0))
        return words.format(new) + (f" (now {now})" if value != 1.0 else "")

    def _level(self, leads: Mapping[str, float]) -> tuple[str, float]:
        """Return what the lever's part is now, and words for it; 0 where it has no one number."""
        model, names = self.plan.model, self.lever.targets
        match self.lever.kind:
            case "leads":
                return "{} leads a month", sum(leads[name] for name in names)
            case "referral" | "up_sell":
                rates = [s.rate.mean_per_day() for s in model.sources if s.name in names]
                return "{} deals a year each", sum(rates) * DAYS_PER_YEAR
            case "churn":
                laws = _lifetimes(model, names)
                return "lifetimes of {} days", laws[0].mean if len(laws) == 1 else 0.0
            case "amount":
                return f"{{}} {model.currency} a deal", model.pipeline(names[0]).amount.mean
            case kind:
                stages = model.pipeline(names[0]).stages
                stage = next(stage for stage in stages if stage.name == names[1])
                if kind == "pace":
                    return "cycle time {} days", stage.cycle_time.mean
                return "{}", stage.conversion


def _level_text(kind: str, level: float) -> str:
    return percent(min(1.0, level)) if kind == "conversion" else few_digits(level)


def read_varied(plan: Plan, key: str, values: str | None) -> Varied:
    """Read what is varied.

    Parameters
    ----------
    plan : Plan
    key : str
        The address of a number of the plan, or the name of one of its levers.
    values : str or None
        ``first:last`` as the plan writes the key (``100 per month:400 per month``), of a lever
        factors; None = the usual range of a lever.

    Raises
    ------
    SalessimError
        There is no such key or lever, or the range is none, is inverted, or leads to a plan that
        cannot be.
    """
    known = {lever.name: lever for lever in levers(plan.model)}
    if key in known:
        return _lever(plan, known[key], values)
    if values is None:
        remedy = nearest(key, known, named="levers") if "." not in key or _like(key, known) else ""
        raise SalessimError(
            f"vary: {key}: expected a lever, or a key with its range, such as "
            f'--vary sources.outbound.rate --range "100 per month:400 per month"'
            + (f"; {remedy}" if remedy else "")
        )
    return _key(plan, key, values)


def leads_lever(plan: Plan, points: tuple[float, ...]) -> Varied:
    """Return the lever on all external leads over some factors.

    SalessimError when the plan has no external source.
    """
    known = {lever.kind: lever for lever in levers(plan.model)[::-1]}
    if "leads" not in known:
        raise SalessimError(f"{plan.path}: the plan has no external source: no leads to vary")
    return VariedLever(
        plan=plan,
        lever=known["leads"],
        low=min(points),
        high=max(points),
        points=points,
        given=False,
        alone=True,
    )


def usual_levers(plan: Plan) -> list[Varied]:
    """Return all levers of a plan over their usual range."""
    return [_lever(plan, lever, None) for lever in levers(plan.model)]


def _like(key: str, known: dict[str, Lever]) -> bool:
    return key.partition(".")[0] in {lever.kind for lever in known.values()}


def _lever(plan: Plan, lever: Lever, values: str | None) -> VariedLever:
    if values is None:
        # the side that helps first
        low, high = LEAST, min(MOST, lever.most)
        far = (low, high) if lever.kind == "churn" else (high, low)
        return VariedLever(
            plan=plan, lever=lever, low=low, high=high, points=(1.0, *far), given=False
        )
    try:
        low, high = (float(part) for part in values.split(":"))
    except ValueError:
        raise SalessimError(
            f"vary: {lever.name}: expected two factors such as 0.5:2, found {found(values)}"
        ) from None
    least = 0.0 if lever.name == "leads" else math.ulp(0.0)
    if not least <= low < high <= lever.most or math.isinf(high):
        limits = "from 0" if lever.name == "leads" else "above 0"
        limits += "" if math.isinf(lever.most) else f" and at most {lever.most:.4g}"
        raise SalessimError(
            f"vary: {lever.name}: expected two rising factors {limits} such as 0.5:1.5, "
            f"found {found(values)}"
        )
    inside = [1.0] if low < 1.0 < high else []
    points = (*inside, *_spread(low, high))
    return VariedLever(plan=plan, lever=lever, low=low, high=high, points=points, given=True)


def _key(plan: Plan, key: str, values: str) -> VariedKey:
    axes = read_axes({key: values}, between=True)[0] if ":" in values else ()
    ends = [value.number for axis in axes for value in axis.values if not axis.listed]
    if len(ends) != 2 or ends[0] is None or ends[1] is None:
        raise SalessimError(
            f"vary: {key}: expected two ends such as 0.2:0.4, found {found(values)}"
        )
    axis, first, last = axes[0], ends[0], ends[1]
    if last < first:
        raise SalessimError(
            f"vary: {key}: the range is inverted: {values}; write {axis.values[-1].text}:"
            f"{axis.values[0].text}"
        )
    varied = VariedKey(plan=plan, low=first, high=last, points=_spread(first, last), axis=axis)
    now = varied.now
    if now is not None and first < now < last:
        varied = VariedKey(plan=plan, low=first, high=last, points=(now, *varied.points), axis=axis)
    for end in (first, last):
        varied.model(end)  # what cannot be is said before anything is simulated
    return varied


def _spread(low: float, high: float) -> tuple[float, ...]:
    """Return the ends and the quarters between them."""
    return (low, high, *(low + (high - low) * part for part in (0.5, 0.25, 0.75)))


def _lifetimes(model: Model, names: Sequence[str]) -> list[Law]:
    """Return the lifetimes of segments; of all customers where they are alike."""
    if model.customers is None:
        return []
    segments = model.customers.segments
    return [s.lifetime for s in segments if s.name in names] or [model.customers.lifetime]
