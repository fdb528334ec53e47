"""Fitted laws in a plan's notation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from salessim._typing import FloatArray
from salessim.config.units import LARGEST_AMOUNT, LONGEST_DAYS
from salessim.fit.competing import Competing, Fit
from salessim.fit.families import Known
from salessim.fit.notation import days, short
from salessim.fit.unsure import Unsure
from salessim.model.law import Law
from salessim.model.laws import Empirical, Fixed, Mixture

WIDEST_SIGMA = 30.0
LEAST_SHAPE = 0.02
"""Beyond, some mean is more than floats can hold."""
LARGEST_SHAPE = 1e4


def with_instants(law: Law, once: float) -> Law:
    """Return a law of which a share takes no time."""
    if once <= 0.0:
        return law
    return Mixture(weights=(once, 1.0 - once), laws=(Fixed(value=0.0), law))


def law_numbers(
    model: Competing, outcome: int, address: str, theta: FloatArray, *, money: bool = False
) -> list[Callable[[float], Unsure]]:
    """Return what makes the numbers of an outcome's law from their standard deviations."""
    family, at = model.families[outcome], model.place(outcome)
    prefix = _inside(model, outcome, address)
    numbers: list[Callable[[float], Unsure]] = []
    for nth, key in enumerate(family.keys):
        middle = float(theta[at][nth])
        if nth == 0:
            high = LARGEST_AMOUNT if money else LONGEST_DAYS
            limits: dict[str, Any] = {"high": high, "write": short if money else days}
        elif key == "sigma":
            limits = {"high": WIDEST_SIGMA}
        else:
            limits = {"low": LEAST_SHAPE, "high": LARGEST_SHAPE}
        numbers.append(
            partial(_unsure, address=f"{prefix}.{family.name}.{key}", middle=middle, limits=limits)
        )
    return numbers


def _unsure(sd: float, *, address: str, middle: float, limits: Mapping[str, Any]) -> Unsure:
    return Unsure(address=address, scale="log", middle=middle, sd=sd, **limits)


def _inside(model: Competing, outcome: int, address: str) -> str:
    """Return the address of a law's family: within a mixture where some take no time."""
    return f"{address}.mixture.1.law" if model.instant[outcome] else address


def law_table(
    fit: Fit, outcome: int, address: str, written: Mapping[str, Any], *, money: bool = False
) -> dict[str, Any]:
    """Return the law of an outcome as a plan writes it.

    Parameters
    ----------
    fit : Fit
    outcome : int
    address : str
        Of the law.
    written : mapping
        Address of each uncertain number -> its notation.
    money : bool
        Whether it is a law of amounts, not of durations.
    """
    model = fit.model
    family, prefix = model.families[outcome], _inside(fit.model, outcome, address)
    if isinstance(family, Known):
        assert isinstance(family.taken, Empirical)  # noqa: S101 - `choose` makes no other
        return {"empirical": [short_number(value) for value in family.taken.values]}
    numbers = {key: written[f"{prefix}.{family.name}.{key}"] for key in family.keys}
    table = {family.name: numbers}
    once = model.at_once(outcome, fit.theta)
    if not model.instant[outcome]:
        return table
    nothing: Any = 0 if money else "0 days"
    share = short(once)
    return {
        "mixture": [
            {"weight": share, "law": {"fixed": nothing}},
            {"weight": float(f"{1.0 - share:.9g}"), "law": table},
        ]
    }


def short_number(value: float) -> float | int:
    """Return a whole number as such."""
    return int(value) if float(value).is_integer() else value
