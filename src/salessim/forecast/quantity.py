"""A number of a forecast by its name: what is varied, aimed at, or known to so many percent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salessim._typing import FloatArray
from salessim.errors import SalessimError
from salessim.forecast.series import HUNDREDTHS
from salessim.model.calendar import Timeline
from salessim.model.law import floats
from salessim.model.plan import BASE_ORIGINS
from salessim.model.spans import EXPECTED, periods_of

if TYPE_CHECKING:
    from salessim.engine.cube import Cube

MEASURES = {
    "bookings": "bookings",
    "wins": "wins",
    "base": "bookings without new external leads",
}
"""What can be summed over a span, in words."""
WINDOW = "window"
"""The verdict's last twelve months."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A sum over periods, one number per trajectory.

    Attributes
    ----------
    name : str
        For example ``bookings.total``, ``wins.2027Q2``, ``base.window``.
    measure : str
        ``bookings``, ``wins``, or ``base``: bookings that need no new external lead.
    periods : slice
        Of the simulated periods.
    """

    name: str
    measure: str
    periods: slice

    @classmethod
    def named(cls, name: str, timeline: Timeline) -> Quantity:
        """Return the quantity of a name.

        Parameters
        ----------
        name : str
            ``MEASURE.SPAN``: bookings, wins or base; a span as of `model.spans.named_span`, or
            ``window``, the twelve months that the verdict looks at.

        Raises
        ------
        SalessimError
            There is none of that name; the message says what there is.
        """
        measure, _, span = name.partition(".")
        if measure not in MEASURES or not span:
            raise SalessimError(
                "expected bookings, wins or base (without new external leads), a dot and "
                f"{EXPECTED}, or {WINDOW} (the last twelve months of the verdict), found "
                f'"{name}"'
            )
        if span == WINDOW:
            window = min(timeline.window, timeline.judged)
            return cls(
                name=name, measure=measure, periods=slice(timeline.judged - window, timeline.judged)
            )
        try:
            return cls(name=name, measure=measure, periods=periods_of(span, timeline))
        except ValueError as error:
            raise SalessimError(f"{name}: {error}") from error

    def samples(self, cube: Cube) -> FloatArray:
        """Return it of each trajectory, shape (trajectory,): money in currency units, or wins."""
        counts = cube.wins if self.measure == "wins" else cube.bookings
        origins = slice(len(BASE_ORIGINS) if self.measure == "base" else None)
        whole = counts[:, self.periods, :, origins].sum(axis=(1, 2, 3), dtype="int64")
        return floats(whole) if self.measure == "wins" else floats(whole) / HUNDREDTHS

    def unit(self, currency: str) -> str:
        """Return what it is counted in."""
        return "wins" if self.measure == "wins" else currency

    def describe(self) -> str:
        """Say it in words, for example ``bookings without new external leads, 2027Q2``."""
        span = self.name.partition(".")[2]
        when = {"total": "over the whole horizon", WINDOW: "in the verdict's twelve months"}
        return f"{MEASURES[self.measure]} {when.get(span, f'in {span}')}"
