"""What deals are worth: the law of what was won, and how it compares with what was quoted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config.words import counted, key_text
from salessim.fit.choice import Chosen, choose, in_few_values
from salessim.fit.durations import gather
from salessim.fit.families import FAMILIES, Known
from salessim.fit.history import Deals
from salessim.fit.law_notation import law_numbers, law_table, with_instants
from salessim.fit.parts import Part
from salessim.fit.unsure import Unsure, correlations
from salessim.model.law import Law
from salessim.readable import amount, percent

if TYPE_CHECKING:
    import pandas as pd

FAMILY_NAMES = ("lognormal", "gamma", "weibull")
"""Families of amounts: those that have a mean in all worlds."""
CENT = 0.01
USUAL_AMOUNT = 1_000.0
"""Stands for an amount where none is known at all."""
FEWEST_PAIRS = 30
"""Deals of which both amounts must be known before what was quoted is corrected."""


@dataclass(frozen=True, kw_only=True)
class FittedAmount:
    """The law of what a deal won is worth.

    Attributes
    ----------
    pipeline : str
    won : ndarray
        Amounts of the deals won, where known, in currency units.
    unknown : int
        Deals won of which no amount is known.
    chosen : Chosen
        Of one outcome.
    quoted : ndarray, shape (2, deals)
        Of deals won: the amount known before the win, and the one won.
    quoted_lost : float
        Median of the amounts of deals lost; NaN when none is known.
    """

    pipeline: str
    won: FloatArray
    unknown: int
    chosen: Chosen
    quoted: FloatArray
    quoted_lost: float

    @property
    def law(self) -> Law:
        """The fitted law."""
        fit = self.chosen.fit
        law = fit.model.families[0].law(fit.theta[fit.model.place(0)])
        return with_instants(law, fit.model.at_once(0, fit.theta))

    @property
    def won_to_quoted(self) -> float:
        """What deals were won for, of what was quoted: sum over sum; 1 when too few tell."""
        before, after = self.quoted
        return float(after.sum() / before.sum()) if before.size >= FEWEST_PAIRS else 1.0

    @property
    def address(self) -> str:
        """What a plan calls it."""
        return f"pipelines.{key_text(self.pipeline)}.amount"

    @cached_property
    def numbers(self) -> tuple[tuple[Unsure, ...], FloatArray]:
        """The law's numbers that are not known for sure, and their covariance."""
        fit = self.chosen.fit
        place = fit.model.place(0)
        covariance = self.chosen.covariance[place, place]
        makers = law_numbers(fit.model, 0, self.address, fit.theta, money=True)
        sd = np.sqrt(np.diag(covariance))
        made = zip(makers, sd, strict=True)
        return tuple(number(float(s)) for number, s in made), covariance

    def part(self) -> Part:
        """Return it as a part of a plan.

        Where no amount is known each deal counts as 1: what is booked is a number of deals.
        """
        if not self.won.size:
            return Part(
                document={"pipelines": {self.pipeline: {"amount": {"fixed": 1}}}},
                comments={self.address: self.comment()},
                warnings=tuple(self._warnings()),
            )
        numbers, covariance = self.numbers
        written: Mapping[str, Any] = {number.address: number.notation for number in numbers}
        table = law_table(self.chosen.fit, 0, self.address, written, money=True)
        return Part(
            document={"pipelines": {self.pipeline: {"amount": table}}},
            correlations=correlations(numbers, covariance),
            comments={self.address: self.comment()},
            warnings=tuple(self._warnings()),
        )

    def comment(self) -> str:
        """Say what is known of amounts."""
        if not self.won.size:
            return "no amount of a deal won is known: each counts as 1"
        said = f"{self.won.size:,} amounts of deals won, mean {amount(float(self.won.mean()))}"
        fit = self.chosen.fit
        if isinstance(fit.model.families[0], Known):
            said += (
                f", as observed: {self.chosen.best[0].name}, the best family, is off by up to "
                f"{percent(self.chosen.contradictions[0].distance)}"
            )
        else:
            said += f", {self.chosen.best[0].name}"
        if self.quoted.shape[1] >= FEWEST_PAIRS:
            said += (
                f"; won for {percent(self.won_to_quoted, fine=True)} of what was quoted before "
                f"({self.quoted.shape[1]:,} deals)"
            )
        if math.isfinite(self.quoted_lost):
            middle = amount(float(np.median(self.won)))
            said += f"; half of those won are above {middle}, of those lost above "
            said += amount(self.quoted_lost)
        return said

    def _warnings(self) -> list[str]:
        if not self.won.size:
            said = "no amount of a deal won is known: each counts as 1, so bookings are numbers"
            return [f"{self.address}: {said} of deals; write the law of amounts yourself"]
        if not self.won.any():
            said = f"all {counted(self.won.size, 'amount')} of deals won are 0: next to nothing is"
            return [f"{self.address}: {said} booked; write the law of amounts yourself"]
        if self.unknown > self.won.size:
            said = f"of {self.unknown + self.won.size:,} deals won the amounts of {self.unknown:,}"
            return [f"{self.address}: {said} are not known; the others are taken for all"]
        return []


def fit_amount(deals: Deals, *, empirical: bool = True) -> FittedAmount:
    """Fit what deals are worth when they are won.

    The amount of a deal won is the last one known at its winning; what was quoted is the one known
    just before. Amounts are known to the cent; beyond 1.00 within 1 %.

    Parameters
    ----------
    deals : Deals
    empirical : bool
        Whether an empirical law may replace families that the amounts contradict, as price points
        do.
    """
    closed = deals.moves.drop_duplicates("deal", keep="last")
    won = closed[closed["stage"] == deals.won]
    at_win = _last_known(won, deals.amounts, before=False)
    before = _last_known(won, deals.amounts, before=True)
    both = (at_win > 0.0) & (before > 0.0)
    lost = closed[closed["stage"] == deals.lost]
    of_lost = _last_known(lost, deals.amounts, before=True)
    known = at_win[np.isfinite(at_win)]
    seen = of_lost[of_lost > 0.0]
    return FittedAmount(
        pipeline=deals.pipeline,
        won=known,
        unknown=int(at_win.size - known.size),
        chosen=_chosen(known, empirical=empirical),
        quoted=np.stack((before[both], at_win[both])),
        quoted_lost=float(np.median(seen)) if seen.size else math.nan,
    )


def _chosen(known: FloatArray, *, empirical: bool) -> Chosen:
    """Return the law that suits amounts."""
    ones = np.ones(known.size)
    data = gather(
        np.zeros(known.size, dtype=np.int64),
        known,
        np.zeros(known.size),
        count=ones,
        recency=ones,
        tick=CENT,
    )
    paid = known[known > 0.0]
    chosen = choose(
        data,
        outcomes=1,
        stuck=False,
        middle=math.log(float(np.median(paid)) if paid.size else USUAL_AMOUNT),
        families=[family for name in FAMILY_NAMES for family in FAMILIES if family.name == name],
        empirical=empirical,
    )
    if isinstance(chosen.fit.model.families[0], Known):
        # the amounts themselves, price points to the cent, not the intervals they lie in
        law = Known(in_few_values(known, ones))
        fit = replace(chosen.fit, model=chosen.fit.model.with_law(0, law, instant=False))
        chosen = replace(chosen, fit=fit)
    return chosen


def _last_known(ends: pd.DataFrame, amounts: pd.DataFrame, *, before: bool) -> FloatArray:
    """Return the last amount known of each deal at its end, or before it; NaN where none was."""
    joined = amounts.merge(ends[["deal", "at"]], on="deal", suffixes=("", "_end"))
    known = joined["at"] < joined["at_end"] if before else joined["at"] <= joined["at_end"]
    last = joined[known].drop_duplicates("deal", keep="last").set_index("deal")["amount"]
    return last.reindex(ends["deal"]).to_numpy(np.float64)
