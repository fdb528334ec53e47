"""What salessim counts, in the same shape as the exact answers."""

from __future__ import annotations

from salessim.engine import Cube, run
from salessim.lowering import lower
from salessim.model.plan import Model
from verification.network import OUTCOMES, Answer


def simulate(model: Model, *, trajectories: int, seed: int) -> Cube:
    """Lower and run a model."""
    return run(lower(model), trajectories=trajectories, seed=seed)


def counted(cube: Cube) -> Answer:
    """Return what each trajectory counted: the fields of `Answer` with trajectories first."""
    return Answer(
        entered=cube.flows[..., 0],
        left=cube.flows[..., 1 : 1 + len(OUTCOMES)],
        wins=cube.wins.sum(axis=3),
        bookings=cube.bookings.sum(axis=3) / 100.0,
        new_customers=cube.new_customers.sum(axis=(2, 3)),
        lost_customers=cube.lost_customers.sum(axis=(2, 3)),
    )
