"""What is aimed at: a number of a forecast that is to be reached."""

from __future__ import annotations

import re
from dataclasses import dataclass

from salessim._typing import BoolArray, FloatArray
from salessim.config.units import parse_amount
from salessim.config.words import found, nearest
from salessim.engine import Cube
from salessim.errors import SalessimError
from salessim.forecast.judge import need_per_month
from salessim.forecast.quantity import WINDOW, Quantity
from salessim.lowering import Program
from salessim.model.plan import Model

SUSTAINED, ENOUGH = "base.window >= need", "bookings.window >= need"
"""Without new external leads, and with them, the last twelve months book what the verdict needs."""
WORDS = {"sustained": SUSTAINED}
NEED = "need"
_COMPARED = re.compile(r"\s*(\S+)\s*>=\s*(.*?)\s*")


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A number of each trajectory, and how much of it is enough.

    Attributes
    ----------
    text : str
        As it may be typed: ``bookings.2027Q2 >= 1200000``.
    quantity : Quantity
    amount : float
        In currency units, or wins; of the need its middle, where that is uncertain.
    unit : str
    factor : ndarray of float, shape (trajectory,), or None
        On the amount in each trajectory's world; None where it is certain.
    """

    text: str
    quantity: Quantity
    amount: float
    unit: str
    factor: FloatArray | None = None

    def hits(self, cube: Cube) -> BoolArray:
        """Say of each trajectory whether it reaches the amount."""
        amount = self.amount if self.factor is None else self.amount * self.factor
        return self.quantity.samples(cube) >= amount

    def describe(self) -> str:
        """Say it in words."""
        return f"{self.quantity.describe()}: at least {self.amount:,.0f} {self.unit}"


def read_condition(
    text: str, *, model: Model, program: Program, needs: FloatArray | None = None
) -> Condition:
    """Read what a goal aims at.

    Parameters
    ----------
    text : str
        ``QUANTITY >= NUMBER`` with a quantity as of `Quantity.named`; ``need`` in place of the
        number is what the verdict needs in its twelve months; the name of a target of the plan;
        or ``sustained``: ``base.window >= need``.
    model, program : Model, Program
        Of the plan as it is: its need is held, whatever is varied.
    needs : ndarray of float, shape (trajectory,), optional
        Factor on the need in each trajectory's world, where it is uncertain.

    Raises
    ------
    SalessimError
        It is none of these, or means a span outside the horizon.
    """
    targets = {target.name: target for target in model.targets}
    if text.strip() in targets:
        target = targets[text.strip()]
        text = f"bookings.{target.name} >= {target.amount:.12g}"
    match = _COMPARED.fullmatch(WORDS.get(text.strip(), text))
    if match is None:
        known = nearest(text, targets, named="targets of the plan") if targets else ""
        raise SalessimError(
            'target: expected a condition such as "bookings.2027Q2 >= 1.2e6", the name of a target '
            f'of the plan, or "sustained", found {found(text)}' + (f"; {known}" if known else "")
        )
    try:
        quantity = Quantity.named(match[1], model.timeline)
        amount = _amount(match[2], quantity, model, program)
    except (SalessimError, ValueError) as error:
        raise SalessimError(f"target: {error}") from error
    return Condition(
        text=f"{quantity.name} >= {NEED if match[2] == NEED else f'{amount:.12g}'}",
        quantity=quantity,
        amount=amount,
        unit=quantity.unit(model.currency),
        factor=needs if match[2] == NEED else None,
    )


def _amount(text: str, quantity: Quantity, model: Model, program: Program) -> float:
    if text == NEED:
        return _need(quantity, model, program)
    bare = text.removesuffix(quantity.unit(model.currency)).strip()
    try:
        number: float | str = float(bare)
    except ValueError:
        number = bare  # the parser says what is wrong with it
    return parse_amount(number)


def _need(quantity: Quantity, model: Model, program: Program) -> float:
    """Return what the verdict needs in its window."""
    if quantity.name.partition(".")[2] != WINDOW or quantity.measure == "wins":
        raise ValueError(f"need is money in the verdict's twelve months: bookings.{WINDOW} >= need")
    need, whose = need_per_month(model.sustainability, program.facts)
    if whose == "run rate" and need <= 0.0:
        raise ValueError(
            "there is no need: the plan has no run rate to measure against; "
            "state [sustainability] need or past"
        )
    window = range(model.timeline.simulated)[quantity.periods]
    return need * len(window) * model.timeline.period.months
