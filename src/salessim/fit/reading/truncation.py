"""Whether deals that ended early are absent from an export, and from when on it is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CHANCE = 1e-6
"""No closing for so long must be less likely than this before deals are taken as absent."""


def complete_from(created: Any, ended: Any, until: pd.Timestamp) -> pd.Timestamp | None:
    """Return the day of the first closing when it is too late to be chance, else None.

    Deals created from that day on are all on record: the Kaplan-Meier estimate of their time to
    closing says how likely each deal created before was to stay open until that day. The
    product over all of them is the chance of no earlier closing, had there been any to record.

    Parameters
    ----------
    created, ended : ndarray of datetime64[us]
        Creation and closing of each deal; NaT while open.
    until : Timestamp
        End of the records.
    """
    import pandas as pd

    closed = ended[~np.isnat(ended)]
    if not len(closed):
        return None
    first = closed.min().astype("datetime64[D]").astype("datetime64[us]")
    before = created < first
    if not before.any() or before.all():
        return None
    day = np.timedelta64(1, "D")
    end = np.where(np.isnat(ended), until.to_datetime64(), ended).astype("datetime64[us]")
    durations = np.maximum((end - created)[~before] / day, 0.0)
    survival = _kaplan_meier(durations, ~np.isnat(ended[~before]))
    chance = survival((first - created[before]) / day)
    with np.errstate(divide="ignore"):
        return pd.Timestamp(first) if np.log(chance).sum() < np.log(CHANCE) else None


def _kaplan_meier(durations: Any, closed: Any) -> Any:
    """Return the survival function of right-censored durations (Kaplan and Meier 1958)."""
    # of one time, closings come before open ends: they were at risk together
    order = np.lexsort((~closed, durations))
    times, events = durations[order], closed[order]
    at_risk = np.arange(len(times), 0, -1)
    steps = np.cumprod(1.0 - events / at_risk)
    # one deal older than any that closed proves nothing
    steps = np.maximum(steps, 1.0 / (len(times) + 1))

    def survival(at: Any) -> Any:
        return np.r_[1.0, steps][np.searchsorted(times, at, side="right")]

    return survival
