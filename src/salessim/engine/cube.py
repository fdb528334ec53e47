"""The Cube: what a run counted, as arrays without labels."""

from __future__ import annotations

from dataclasses import dataclass

from salessim._typing import Int32Array, IntArray
from salessim.lowering.seeds import WorldSeeds


@dataclass(frozen=True, kw_only=True)
class Cube:
    """Counts of every trajectory; axes are trajectory, simulated period, then what is named.

    Attributes
    ----------
    bookings : ndarray of int64, shape (n, period, pipeline, origin)
        Booked value in hundredths of the currency.
    wins, new_customers, lost_customers : ndarray of int32, shape (n, period, pipeline, origin)
        A lost customer is counted on the pipeline that won it; one there at the start on the
        plan's first pipeline.
    leads : ndarray of int32, shape (n, period, external source)
        Deals born from each external source.
    slipped : ndarray of int32, shape (n, period, pipeline, origin)
        Deals whose expected close slipped out of the period into a later one.
    flows : ndarray of int32, shape (n, period, stage, 7)
        Deals that entered, advanced, were lost, ended without decision, went back, were parked,
        slipped (and stayed). Opening stock is not in ``entered``.
    stage_entries : ndarray of int64, shape (n,)
        Visits simulated, the current visit of each open deal included.
    by_health : ndarray of int64, shape (n, period, 1 + health class)
        Hundredths booked by the base: by deals that no customer started, then by the class of the
        customer who started them.
    seed : int
    worlds : WorldSeeds
        What the worlds were drawn from, where that is not the seed.
    requested : int
        Trajectories asked for; more than ``n`` when the run was interrupted.
    seconds : float
        Wall time of the chunks: no lowering, no loading of code.
    """

    bookings: IntArray
    wins: Int32Array
    new_customers: Int32Array
    lost_customers: Int32Array
    leads: Int32Array
    slipped: Int32Array
    flows: Int32Array
    stage_entries: IntArray
    by_health: IntArray
    seed: int
    worlds: WorldSeeds
    requested: int
    seconds: float

    @property
    def trajectories(self) -> int:
        """Trajectories finished."""
        return int(self.bookings.shape[0])

    @property
    def interrupted(self) -> bool:
        """Whether the run stopped before all trajectories were finished."""
        return self.trajectories < self.requested
