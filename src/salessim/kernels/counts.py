"""What a run counts, as arrays that a kernel writes into."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Counts(NamedTuple):
    """Counts of many trajectories; a slot is pipeline * origins + origin."""

    bookings: np.ndarray
    """[trajectory, period, slot] int64, hundredths of the currency."""
    wins: np.ndarray
    """[trajectory, period, slot] int32"""
    new_customers: np.ndarray
    """[trajectory, period, slot] int32"""
    lost_customers: np.ndarray
    """[trajectory, period, slot] int32"""
    leads: np.ndarray
    """[trajectory, period, external source] int32"""
    slipped: np.ndarray
    """[trajectory, period, slot] int32 deals whose expected close slipped out of the period."""
    flows: np.ndarray
    """[trajectory, period, stage * 7] int32: entered, then left by outcome, then slipped."""
    by_health: np.ndarray
    """[trajectory, period, 1 + health class] int64, hundredths booked by the base's origins: deals
    that no customer started (open at the start, referred to nobody), then by class."""
    entries: np.ndarray
    """[trajectory] int64 visits simulated, the current visit of each open deal included."""
