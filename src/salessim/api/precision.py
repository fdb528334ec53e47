"""Runs that go on until a number is known well enough."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Protocol

from numpy.typing import NDArray

from salessim.engine import Cube, most_trajectories
from salessim.forecast import Forecast
from salessim.forecast.precision import Limit, Precision, relative_error
from salessim.forecast.quantity import Quantity
from salessim.lowering import Program
from salessim.model.plan import Model

FIRST = 1_000
"""Trajectories before the first look: from fewer, the error itself is not known well."""
SPARE = 1.05
"""Times what a look says is needed, so that chance mostly does not ask for one more."""
LEAST_GROWTH, MOST_GROWTH = 1.1, 10.0
"""Times the trajectories so far that the next look has."""
ROUND = 100


class Simulate(Protocol):
    """`salessim.engine.run` of one Program and seed."""

    def __call__(self, *, trajectories: int, before: Cube | None = None) -> Cube:
        """Simulate so many trajectories in all, going on from a shorter run."""


@dataclass(frozen=True, kw_only=True)
class Until:
    """When a run has enough trajectories.

    Attributes
    ----------
    error : float
        Standard error over mean, in (0, 1).
    of : str
        A number's name, as of `Quantity.named`.
    most : int or None
        Trajectories that are not exceeded; None = what this machine's memory holds.
    """

    error: float
    of: str
    most: int | None

    def __post_init__(self) -> None:
        if not 0.0 < self.error < 1.0:
            raise ValueError(f"until_error must be above 0 and below 1, not {self.error}")


def run_until(until: Until, simulate: Simulate, *, program: Program, model: Model) -> Forecast:
    """Simulate more and more trajectories until a number is known well enough.

    How many it takes follows from the numbers alone, not from threads or time; only where memory
    is the limit it depends on the machine.

    Returns
    -------
    Forecast
        With its `Precision`; equal to that of a plain run of as many trajectories.

    Raises
    ------
    SalessimError
        There is no number of that name.
    KeyboardInterrupt
        Ctrl-C stopped the run before any trajectory was finished.
    """
    number = Quantity.named(until.of, model.timeline)
    # A run that goes on is held beside the one it goes on from.
    most = most_trajectories(program) // 2 if until.most is None else until.most
    limit: Limit = "memory" if until.most is None else "trajectories"
    cube = simulate(trajectories=min(FIRST, most))
    while True:
        if not cube.trajectories:
            raise KeyboardInterrupt
        look = _look(until, number.samples(cube), most=most, limit=limit)
        enough = look.limit or (look.reached is not None and look.reached <= until.error)
        if enough or cube.interrupted:
            forecast = Forecast.from_cube(cube, program=program, model=model)
            return replace(forecast, precision=look)
        cube = simulate(trajectories=_next(look, most), before=cube)


def _look(until: Until, samples: NDArray[Any], *, most: int, limit: Limit) -> Precision:
    """Say what the trajectories so far tell of the number, and whether there may be more."""
    reached = relative_error(samples)
    large = reached is None or reached > until.error
    stopped: Limit | None = limit if large and len(samples) >= most else None
    if not samples.any():
        stopped = "zero"
    return Precision(
        of=until.of,
        asked=until.error,
        reached=reached,
        trajectories=len(samples),
        limit=stopped,
    )


def _next(look: Precision, most: int) -> int:
    """Return how many trajectories should do: errors shrink with their square root."""
    ratio = math.inf if look.reached is None else SPARE * (look.reached / look.asked) ** 2
    wanted = look.trajectories * min(max(ratio, LEAST_GROWTH), MOST_GROWTH)
    return min(most, math.ceil(wanted / ROUND) * ROUND)
