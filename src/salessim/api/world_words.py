"""What a plan is not sure of, in words: uncertain numbers, shocks, health; and its targets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from salessim.config.documents import key_parts
from salessim.config.words import counted
from salessim.model.law import floats
from salessim.model.plan import Customers, Model, Shock, Target
from salessim.model.uncertain import NORMAL_P95, Beta, Uncertain
from salessim.readable import brief, percent

SHOCK_WORDS = {
    "leads": ("leads of", "all external sources", "more", "fewer"),
    "conversion": ("odds of advancing in", "all pipelines", "higher", "lower"),
    "pace": ("deals in", "all pipelines", "faster", "slower"),
    "amount": ("amounts won in", "all pipelines", "larger", "smaller"),
    "churn": ("churn of", "all customers", "higher", "lower"),
}
"""By effect: of whom, said of all, and what more and less of it is called."""


def world_sentences(model: Model) -> Iterator[str]:
    """Yield a sentence for each uncertain number, shock, correlation, class and target."""
    drawn = [
        counted(len(things), noun)
        for things, noun in ((model.uncertain, "uncertain number"), (model.shocks, "shock"))
        if things
    ]
    if drawn:
        yield (
            f"Worlds: each trajectory draws {' and '.join(drawn)}; the figures here are those of "
            "the middle values."
        )
    for number in model.uncertain:
        middle, interval = say_value(number, float(number), model), say_interval(number, model)
        yield f"Uncertain: {number.address}: {middle}; in 90% of the worlds {interval}."
    for shock in model.shocks:
        yield _shock(shock, model)
    for pair in model.correlations:
        yield f"Correlated: {pair.first} with {pair.second}: {pair.value:g}."
    if model.customers and model.customers.health:
        yield from _health(model.customers)
    for target in model.targets:
        yield _target(target, model)


def say_interval(number: Uncertain, model: Model) -> str:
    """Return what 90 % of the worlds have, for example ``20 to 45 per month``."""
    low, high = number.at(floats([-NORMAL_P95, NORMAL_P95])).tolist()
    return f"{say_value(number, low, model)} to {say_value(number, high, model)}"


def say_value(number: Uncertain, value: float, model: Model) -> str:
    """Return a value that an uncertain number may have, with the unit of its kind.

    Parameters
    ----------
    number : Uncertain
    value : float
        As the model has it: days, events per day or month, shares, currency units.
    model : Model
        The number's.
    """
    if number.scale != "log":
        return f"{100 * value:.3g}%" + (" per month" if number.scale == "growth" else "")
    said = brief(value)
    match key_parts(number.address):
        case ["sources", name, "rate"]:
            said = _rate(value, monthly=_is_monthly(name, model))
        case [*_, "sigma" | "shape" | "over_dispersion"]:
            pass
        case ["sustainability", "need"]:
            said += f" {model.currency} a month"
        case ["pipelines", _, "amount", *_]:
            said += f" {model.currency}"
        case ["pipelines", *_] | ["customers", "lifetime" | "segments", *_]:
            said += " days"
        case _:
            said = f"x {said}"
    return said


def _is_monthly(name: str, model: Model) -> bool:
    return any(source.name == name and source.rate.per_month for source in model.sources)


def _rate(value: float, *, monthly: bool) -> str:
    """Say a rate: seldom events by the time between them."""
    unit = "month" if monthly else "day"
    seldom = 0.0 < value < 1.0
    return f"1 per {brief(1 / value)} {unit}s" if seldom else f"{brief(value)} per {unit}"


def _shock(shock: Shock, model: Model) -> str:
    """Say a shock by what a month one standard deviation below its mean does."""
    pipelines = [pipeline.name for pipeline in model.pipelines]
    everyone = {
        "leads": [source.name for source in model.sources if source.kind == "external"],
        "churn": [segment.name for segment in model.customers.segments] if model.customers else [],
    }
    does = [
        text
        for key, words in SHOCK_WORDS.items()
        for text in _moved(getattr(shock, key), everyone.get(key, pipelines), words)
    ]
    lasts = "each month by itself"
    if shock.persistence:
        months = math.log(0.5) / math.log(shock.persistence)
        shown = brief(float(f"{months:.2g}"))
        lasts = f"half of it is left after {shown} {'month' if shown == '1' else 'months'}"
    return (
        f"Shock {shock.name}: moves the whole business, {lasts}; a month one standard deviation "
        f"down makes {', '.join(does) or 'no difference'}."
    )


def _moved(
    effects: Sequence[tuple[str, float]], everyone: Sequence[str], words: tuple[str, str, str, str]
) -> Iterator[str]:
    """Yield what one effect does, those together that it does the same to."""
    what, whole, more, fewer = words
    for effect in dict.fromkeys(effect for _, effect in effects):
        names = [name for name, other in effects if other == effect and name]
        whom = whole if not names or sorted(names) == sorted(everyone) else ", ".join(names)
        change = math.expm1(-effect - effect * effect / 2.0)
        yield f"{what} {whom} {100 * abs(change):.2g}% {more if change > 0 else fewer}"


def _health(customers: Customers) -> Iterator[str]:
    """Yield a sentence for each class: its share of those here and of the new, its factors."""
    answers = [one.answers + 0.5 for one in customers.health]
    churn = [many * one.churn for many, one in zip(answers, customers.health, strict=True)]
    for one, many, leaving in zip(customers.health, answers, churn, strict=True):
        law = Beta(a=many, b=sum(answers) - many)  # one share of a Dirichlet law
        low, high = law.at(floats([-NORMAL_P95, NORMAL_P95])).tolist()
        factors = [
            f"{what} x {_factor(value)}"
            for what, value in (
                ("churn", one.churn),
                ("up-sell", one.up_sell),
                ("referral", one.referral),
            )
            if isinstance(value, Uncertain) or value != 1.0
        ]
        yield (
            f"Health: {one.name}s are {percent(many / sum(answers))} of the customers here "
            f"({percent(low)} to {percent(high)} in 90% of the worlds) and "
            f"{percent(leaving / sum(churn))} of the new ones: "
            f"{', '.join(factors) or 'as the plan says for all'}."
        )


def _factor(value: float) -> str:
    if not isinstance(value, Uncertain):
        return brief(value)
    low, high = value.at(floats([-NORMAL_P95, NORMAL_P95])).tolist()
    return f"{brief(value)} ({brief(low)} to {brief(high)})"


def _target(target: Target, model: Model) -> str:
    first = model.timeline.start + timedelta(days=target.start)
    last = model.timeline.start + timedelta(days=target.end - 1)
    return (
        f"Target {target.name}: {brief(target.amount)} {model.currency} of bookings from {first} "
        f"to {last}."
    )
