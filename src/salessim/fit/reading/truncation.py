"""From when to when an export is whole: early closings that are absent, a quiet end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

CHANCE = 1e-6
"""No event for so long must be less likely than this before that is taken as a sign."""


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


def quiet_since(created: Any, until: pd.Timestamp) -> pd.Timestamp | None:
    """Return the last day of a creation when chance does not explain that none came after it.

    Of the days from the first creation to the last some had one and some had none (deals may
    come in batches, and not on weekends). With a uniform prior on the share of such days, the
    chance that all later days are empty is beta-binomial: B(k + 1, n + 1 + rest) / B(k + 1, n + 1)
    after k days with and n days without. None when it is not below one in a million.
    """
    import pandas as pd
    from scipy.special import betaln

    days = np.unique(created.astype("datetime64[D]"))
    span = int((days[-1] - days[0]).astype(np.int64)) + 1
    rest = (until.to_datetime64() - days[-1]) / np.timedelta64(1, "D") - 1.0
    # the last day has one by definition
    some, none = len(days), span - len(days) + 1
    chance = betaln(some, none + rest) - betaln(some, none)
    return pd.Timestamp(days[-1]) if chance < np.log(CHANCE) else None


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
