"""How well a run knows a number, when it was to go on until it knows it well enough."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from salessim.readable import trajectories

Limit = Literal["trajectories", "memory", "zero"]


@dataclass(frozen=True, kw_only=True)
class Precision:
    """What became of a run that was to go on until its error is small enough.

    Attributes
    ----------
    of : str
        ``bookings.total``, ``wins.2027Q2``, ...
    asked : float
        Relative Monte Carlo error asked for: standard error over mean.
    reached : float or None
        That of the run; None where the mean is 0 or a single trajectory tells nothing.
    trajectories : int
        How many it took.
    limit : str or None
        What ended the run before its error was as small: the most ``trajectories`` that were
        allowed, ``memory``, or ``zero``: nothing happened in any trajectory.
    """

    of: str
    asked: float
    reached: float | None
    trajectories: int
    limit: Limit | None

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return asdict(self)

    def __str__(self) -> str:
        took = trajectories(self.trajectories)
        if self.limit == "zero":
            return (
                f"{self.of} is 0 in {took}, and 0 has no relative error: the run did not go on; "
                "ask for so many trajectories instead."
            )
        known = "unknown" if self.reached is None else f"{100 * self.reached:.3g}%"
        said = f"The relative error of {self.of} is {known} after {took}"
        if self.limit is None:
            return f"{said}; {100 * self.asked:.3g}% was asked for."
        most = {"trajectories": "are allowed", "memory": "this machine's memory holds"}[self.limit]
        return f"{said}, not {100 * self.asked:.3g}%: more of them than {most} would be needed."


def relative_error(samples: NDArray[Any]) -> float | None:
    """Return the standard error of the mean over the mean; None where that means nothing.

    Parameters
    ----------
    samples : ndarray, shape (trajectory,)
        None of them negative.
    """
    mean, count = float(samples.mean()), len(samples)
    if count < 2 or mean == 0.0:
        return None
    return float(samples.std(ddof=1)) / math.sqrt(count) / mean
