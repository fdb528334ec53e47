"""What no trajectory may exceed, and what to say of the world of one that does."""

from __future__ import annotations

import numpy as np

from salessim.errors import SalessimError
from salessim.kernels.arrays import Worlds
from salessim.kernels.layout import MOST_MONEY, MOST_VISITS
from salessim.lowering.program import Program
from salessim.lowering.seeds import WorldSeeds

HUNDREDTHS = 100
MOST_NAMED = 3
LEAST_NAMED = 1.5
"""Inputs that moved nothing by such a factor are no reason."""


def too_large(program: Program, seeds: tuple[int, WorldSeeds], trajectory: int) -> SalessimError:
    """Return what to say of a trajectory that needs more visits, or room, than one may have."""
    return SalessimError(
        f"trajectory {trajectory:,} of this plan has more than {MOST_VISITS:,} stage entries, "
        f"where {program.facts.stage_entries:,.0f} are expected of the middle values"
        f"{_far_off(program, seeds, trajectory)}: narrow what is uncertain, weaken the shocks, "
        "lower the rates or shorten the horizon"
    )


def check_money(
    program: Program, seeds: tuple[int, WorldSeeds], first: int, worlds: Worlds, visits: np.ndarray
) -> None:
    """Refuse trajectories whose bookings may have passed what an int64 holds.

    Parameters
    ----------
    program, seeds : Program and (int, WorldSeeds)
    first : int
        Number of the first trajectory.
    worlds : Worlds
        Of these trajectories.
    visits : ndarray
        Stage entries of each of them: no more deals were won.

    Raises
    ------
    SalessimError
        With the first such trajectory.
    """
    if program.world is None:
        return
    # The last cell of a table ends at its largest value.
    largest = program.arrays.tables.full[worlds.amount_law, -1].sum(axis=-1)
    most = (largest * worlds.amount_factor.max(axis=2)).max(axis=1)
    most = np.maximum(most, program.arrays.open_deals.amount.max(initial=0))
    passed = np.flatnonzero(most * visits > MOST_MONEY)
    if passed.size:
        trajectory = first + int(passed[0])
        amount = np.broadcast_to(most, visits.shape)[passed[0]] / HUNDREDTHS
        raise SalessimError(
            f"in the world of trajectory {trajectory:,} amounts of up to {amount:,.0f} on "
            f"{visits[passed[0]]:,} deals can pass {MOST_MONEY / HUNDREDTHS:,.0f}, the largest sum "
            f"that is counted to the hundredth{_far_off(program, seeds, trajectory)}: narrow what "
            "is uncertain of amounts, weaken the shocks on them, or state amounts in a larger unit"
        )


def _far_off(program: Program, seeds: tuple[int, WorldSeeds], trajectory: int) -> str:
    """Name the inputs that are furthest from their middle in a world, by the factors they make."""
    from salessim.lowering.worlds import draw

    world = program.world
    if world is None:
        return ""
    factors = draw(world, seeds[0], trajectory, 1, seeds[1]).factors[0]
    months = max(1, world.inputs.month.shape[1])
    found: dict[str, float] = {}
    for source, factor in zip(world.inputs.source, factors, strict=True):
        number = int(source) - len(world.numbers)
        name = world.shocks[number // months] if number >= 0 else world.numbers[int(source)]
        if abs(np.log(factor)) > abs(np.log(found.get(name, LEAST_NAMED))):
            found[name] = float(factor)
    far = sorted(found, key=lambda name: -abs(np.log(found[name])))[:MOST_NAMED]
    said = ", ".join(f"{name} makes a factor of {found[name]:,.3g}" for name in far)
    return f"; in its world {said}" if said else ""
