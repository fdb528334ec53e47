"""Plans in which all that may be uncertain is, and what a world makes of them, written in by hand.

Nothing here knows how lowering folds a world: a model is rewritten number by number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from salessim.kernels.arrays import Arrays, Worlds
from salessim.model.laws import Lognormal, Triangular
from salessim.model.plan import Correlation, HealthClass, Model, Shock
from salessim.model.uncertain import (
    Beta,
    Between,
    ByLaw,
    Marginal,
    Normal,
    Scale,
    Uncertain,
)
from tests.laws.test_means import every_way_model

SCALES: dict[tuple[str, str], Scale] = {
    ("Stage", "conversion"): "odds",
    ("NoDecision", "share"): "odds",
    ("Back", "share"): "odds",
    ("Parked", "share"): "odds",
    ("Slip", "probability"): "odds",
    ("Rate", "per_day"): "log",
    ("Rate", "per_month"): "log",
    ("Source", "growth_per_month"): "growth",
    ("Source", "over_dispersion"): "log",
    ("Source", "season"): "log",
    ("Source", "campaign"): "log",
    ("Curve", "factor"): "log",
    ("Exponential", "mean"): "log",
    ("Lognormal", "median"): "log",
    ("Lognormal", "sigma"): "log",
    ("Gamma", "mean"): "log",
    ("Gamma", "shape"): "log",
    ("Weibull", "scale"): "log",
    ("Weibull", "shape"): "log",
    ("LogLogistic", "median"): "log",
    ("LogLogistic", "shape"): "log",
    ("Burr", "scale"): "log",
    ("Burr", "shape"): "log",
    ("Burr", "tail"): "log",
    ("BetaGeometric", "a"): "log",
    ("BetaGeometric", "b"): "log",
    ("Fixed", "value"): "log",
    ("Uniform", "low"): "log",
    ("Uniform", "high"): "log",
    ("Pert", "low"): "log",
    ("Pert", "mode"): "log",
    ("Pert", "high"): "log",
    ("HealthClass", "churn"): "log",
    ("HealthClass", "up_sell"): "log",
    ("HealthClass", "referral"): "log",
}
"""What may be uncertain, and how it moves."""

Change = Callable[[str, Scale, float], float]


def rewritten(thing: Any, change: Change, at: str = "", scale: Scale | None = None) -> Any:
    """Return a model, or a part of it, with each number that may be uncertain changed; not zeros.

    ``change`` is given the number's place, how it moves and the number.
    """
    if isinstance(thing, float) and scale and thing != 0.0:
        return change(at, scale, thing)
    if isinstance(thing, tuple):
        parts = ((getattr(part, "name", k), part) for k, part in enumerate(thing))
        return tuple(rewritten(part, change, f"{at}.{k}", scale) for k, part in parts)
    if is_dataclass(thing) and not isinstance(thing, type):
        values = {
            field.name: rewritten(
                getattr(thing, field.name),
                change,
                f"{at}.{field.name}",
                SCALES.get((type(thing).__name__, field.name)),
            )
            for field in fields(thing)
        }
        return replace(thing, **values)
    return thing


def plain(model: Model, values: Mapping[str, float]) -> Model:
    """Return the model with its uncertain numbers replaced: by the values given, else the middle.

    Shocks and correlations are gone.
    """

    def write(_: str, __: Scale, number: float) -> float:
        if isinstance(number, Uncertain):
            return values.get(number.address, float(number))
        return number

    bare = replace(model, uncertain=(), shocks=(), correlations=())
    return rewritten(bare, write)


def unread(model: Model, at: str) -> bool:
    """Whether a place is not looked at, or may not be uncertain.

    With segments nobody reads the lifetime of those without one. Leads of a campaign that changes
    within a month are a line of their own, which no world makes.
    """
    if at.startswith(".customers.lifetime"):
        return bool(model.customers.segments)
    source = next((s for s in model.sources if at.startswith(f".sources.{s.name}.campaign")), None)
    return source is not None and any(day.day > 1 for day, _ in source.campaign)


def uncertain(model: Model, *, sd: float, where: tuple[str, ...] = ("",)) -> Model:
    """Return the model with each number uncertain, or those whose place contains one of ``where``.

    ``sd`` is that of the logarithm (or logit); at 0 nothing is uncertain, but all goes that way.
    """
    found: list[Uncertain] = []

    def spread(at: str, scale: Scale, number: float) -> float:
        if unread(model, at) or not any(part in at for part in where):
            return number
        middle = number + 1.0 if scale == "growth" else number
        if sd == 0.0:
            marginal = Normal(mean=middle, sd=0.0)
        else:
            odds = middle / (1.0 - middle) if scale == "odds" else middle
            ends = [odds * np.exp(k * 1.6448536269514722 * sd) for k in (-1.0, 1.0)]
            p05, p95 = (end / (1.0 + end) if scale == "odds" else end for end in ends)
            marginal = Between(p05=float(p05), p95=float(p95), scale=scale)
        found.append(Uncertain(marginal, scale=scale, address=at.removeprefix(".")))
        return found[-1]

    changed = rewritten(model, spread)
    return replace(changed, uncertain=tuple(sorted(found, key=lambda number: number.address)))


def healthy(model: Model) -> Model:
    """Return the model with customers of three classes."""
    classes = (
        HealthClass(name="promoter", answers=20, churn=0.6, up_sell=1.5, referral=2.0),
        HealthClass(name="passive", answers=15),
        HealthClass(name="detractor", answers=8, churn=1.8, up_sell=0.5, referral=0.25),
    )
    return replace(model, customers=replace(model.customers, health=classes))


def shocked(model: Model, *, size: float) -> Model:
    """Return the model with two shocks that go together, on everything."""
    kinds = {
        "leads": [source.name for source in model.sources],
        "conversion": [line.name for line in model.pipelines],
        "pace": [line.name for line in model.pipelines],
        "amount": [line.name for line in model.pipelines],
        "churn": [segment.name for segment in model.customers.segments] or [""],
    }
    effects = {
        kind: tuple((name, size * (1.0 + 0.2 * k)) for k, name in enumerate(names))
        for kind, names in kinds.items()
    }
    economy = Shock(name="economy", persistence=0.8, **effects)
    fashion = Shock(name="fashion", persistence=0.3, leads=effects["leads"][:1],
                    amount=(("sale", -size),))  # fmt: skip
    together = Correlation(first="shocks.economy", second="shocks.fashion", value=0.4)
    return replace(model, shocks=(economy, fashion), correlations=(together,))


def certain() -> Model:
    """Return the plan with every way of a deal, and customers of three classes.

    Its growth is a binary fraction: 1 + growth - 1 keeps the digits.
    """
    model = healthy(every_way_model())
    events, *others = model.sources
    return replace(model, sources=(replace(events, growth_per_month=0.03125), *others))


def everything() -> Model:
    """Return the same with all numbers uncertain, and shocks."""
    return shocked(uncertain(certain(), sd=0.1), size=0.2)


@st.composite
def marginals(draw: st.DrawFn, scale: Scale, middle: float) -> Marginal:
    """Draw what a number may be, not far from a value it has."""
    near = st.floats(0.0, 0.15)
    if scale == "odds":
        sure = draw(st.floats(5.0, 200.0))
        beta = Beta(a=sure * middle, b=sure * (1.0 - middle))
        low, high = (
            middle / (middle + (1.0 - middle) * np.exp(k)) for k in (draw(near), -draw(near))
        )
        return draw(st.sampled_from([beta, Between(p05=low, p95=high, scale="odds")]))
    low, high = middle * np.exp(-draw(near)), middle * np.exp(draw(near))
    normal = Normal(mean=middle, sd=middle * draw(st.floats(0.0, 0.05)))
    triangular = ByLaw(law=Triangular(low=low, mode=middle, high=high * 1.01))
    lognormal = ByLaw(law=Lognormal(median=middle, sigma=draw(st.floats(0.01, 0.15))))
    between = Between(p05=low, p95=high, scale=scale)
    return draw(st.sampled_from([normal, triangular, lognormal, between]))


@st.composite
def shocks(draw: st.DrawFn, name: str, model: Model) -> Shock:
    """Draw a shock on some of what a plan has."""
    lines = [line.name for line in model.pipelines]
    segments = [segment.name for segment in model.customers.segments] or [""]
    names = {
        "leads": [source.name for source in model.sources],
        "conversion": lines,
        "pace": lines,
        "amount": lines,
        "churn": segments,
    }
    effect = st.sampled_from([0.0, 0.0, 0.3, -0.5])
    effects = {
        kind: tuple((each, draw(effect)) for each in of_kind) for kind, of_kind in names.items()
    }
    return Shock(name=name, persistence=draw(st.sampled_from([0.0, 0.5, 0.95])), **effects)


@st.composite
def in_worlds(draw: st.DrawFn, plans: st.SearchStrategy[Model]) -> Model:
    """Draw a plan and make some of its numbers uncertain; shocks, health classes, correlations."""
    model = draw(plans)
    if draw(st.booleans()):
        model = healthy(model)
    share = draw(st.sampled_from([0.0, 0.2, 1.0]))
    found: list[Uncertain] = []

    def perhaps(at: str, scale: Scale, number: float) -> float:
        if unread(model, at) or number in {0.0, 1.0} or draw(st.floats(0.0, 1.0)) > share:
            return number
        middle = number + 1.0 if scale == "growth" else number
        drawn = draw(marginals(scale, middle))
        found.append(Uncertain(drawn, scale=scale, address=at.removeprefix(".")))
        return found[-1]

    model = rewritten(model, perhaps)
    numbers = tuple(sorted(found, key=lambda number: number.address))
    both = tuple(draw(shocks(name, model)) for name in ("one", "two")[: draw(st.integers(0, 2))])
    pairs = []
    if len(numbers) > 1 and draw(st.booleans()):
        pairs.append(Correlation(first=numbers[1].address, second=numbers[0].address, value=0.7))
    if len(both) > 1 and draw(st.booleans()):
        pairs.append(Correlation(first=both[0].address, second=both[1].address, value=-0.3))
    return replace(model, uncertain=numbers, shocks=both, correlations=tuple(pairs))


OF_WORLDS = ("stages", "pipelines", "arrivals", "speed_clocks", "base")
"""Groups of arrays some of which differ from world to world; and health, all of it."""


def in_world(arrays: Arrays, worlds: Worlds, i: int) -> Arrays:
    """Return arrays with those of world i in their place; a single row is that of all worlds."""
    own = {name: rows[min(i, len(rows) - 1)] for name, rows in worlds._asdict().items()}
    health = {name: own.pop(f"health_{name}") for name in arrays.health._fields}
    found = {
        "health": arrays.health._replace(**health),
        "pieces": arrays.pieces._replace(clock=own.pop("piece_clock")),
    }
    for name in OF_WORLDS:
        group = getattr(arrays, name)
        # a customer's law at the start is no world's
        there = set(group._fields) & set(own) - ({"law"} if name == "base" else set())
        found[name] = group._replace(**{field: own[field] for field in there})
    return arrays._replace(**found)
