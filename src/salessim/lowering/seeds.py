"""What a run's worlds are drawn from, where that is not the run's own seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class WorldSeeds:
    """How the worlds of a run are drawn.

    An input is an uncertain number by its address, ``shocks.NAME`` or ``customers.health``
    (`Program.inputs`). Trajectory i lives in world i, whatever its luck: so two runs with the same
    world seed and different run seeds meet the same worlds with different luck.

    Attributes
    ----------
    seed : int or None
        Of all inputs; the run's own seed when None. 0 to 2**64 - 1.
    redrawn : mapping of str to int
        Inputs drawn from a seed of their own.
    held : mapping of str to float
        Inputs held at a standard normal score in all worlds (a shock: in all months). At 0 a number
        is its middle value.
    """

    seed: int | None = None
    redrawn: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, float] = field(default_factory=dict)
