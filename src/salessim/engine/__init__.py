"""Chunks of trajectories on an executor."""

from salessim.engine.chunks import most_trajectories, run
from salessim.engine.cube import Cube

__all__ = ["Cube", "is_compiled", "most_trajectories", "run"]


def is_compiled() -> bool:
    """Whether the machine code is there already, so that a run starts at once."""
    from salessim.kernels._jit import is_compiled
    from salessim.kernels.walk import simulate

    return is_compiled(simulate)
