"""Each group's own conversion and time, and how much they differ."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from salessim._typing import BoolArray, FloatArray
from salessim.fit.groups.between import (
    CONFIDENCE,
    Difference,
    time_difference,
    truncation_pull,
)
from salessim.fit.groups.conversions import Counts, conversion_difference, own_odds
from salessim.fit.groups.subjects import WON, Subject
from salessim.fit.incidence import Incidence
from salessim.fit.visits import ADVANCE
from salessim.model.law import floats

if TYPE_CHECKING:
    import pandas as pd

Z = 1.6448536269514722
"""Normal quantile of the upper end of a 90 % interval."""


def _usable(subject: Subject) -> BoolArray:
    """Return which visits tell of their group: seen from the beginning, and of a group at all."""
    return (subject.rows.entry_age <= 0.0) & (subject.group >= 0)


def conversion(
    subject: Subject, names: list[str], rng: np.random.Generator
) -> tuple[Difference, pd.DataFrame] | None:
    """Compare a conversion; None when it has never, or always, happened."""
    import pandas as pd
    from scipy.special import expit
    from scipy.stats import beta

    use = _usable(subject)
    came = floats(subject.rows.outcome[use] == ADVANCE)
    if not came.any() or not subject.pooled.ended[WON].any():
        return None
    reach = subject.reach(subject.followed[use])
    if came.sum() >= reach.sum():
        return None
    group = subject.group[use]
    counts = Counts.of(group, came, reach, len(names))
    found = conversion_difference(counts, rng)
    deals, events, whole = (
        np.bincount(group, values, minlength=len(names))
        for values in (np.ones(len(group)), came, reach)
    )
    observed = np.where(events > 0.0, expit(own_odds(counts)), 0.0)
    # Jeffreys' interval, on as many visits as were followed to the end in effect.
    failures = np.where(events > 0.0, events / np.where(events > 0.0, observed, 1.0), whole)
    failures = np.maximum(failures - events, 0.0) + 0.5
    tail = (1.0 - CONFIDENCE) / 2.0
    middle, width = found.estimate, Z * found.estimate_sd
    own = pd.DataFrame(
        {
            "of": subject.name, "what": "conversion", "group": names, "deals": deals.astype(int),
            "events": events.astype(int), "observed": observed,
            "low": beta.ppf(tail, events + 0.5, failures),
            "high": beta.isf(tail, events + 0.5, failures),
            "shrunken": expit(middle), "shrunken_low": expit(middle - width),
            "shrunken_high": expit(middle + width), "pooled": expit(found.pooled),
        }
    )  # fmt: skip
    return found, own[deals > 0]


def time(subject: Subject, names: list[str]) -> tuple[Difference, pd.DataFrame] | None:
    """Compare times of conversions; None when there are none, or half of them take no time."""
    import pandas as pd
    from scipy.special import ndtri

    use = _usable(subject) & (subject.rows.outcome == ADVANCE)
    median = subject.pooled.age_of(0.5, outcome=WON)
    if not use.any() or not median > 0.0:
        return None
    scale = _log_scale(subject.pooled, subject.rows.tick)
    took, group = subject.rows.duration[use], subject.group[use]
    reach = subject.reach(np.maximum(subject.followed[use], took))
    curve = subject.pooled.ended[WON][-1]
    below = subject.pooled.ended_before(took, outcome=WON) / curve
    # The middle of what a clock cannot tell apart; among those that could have been seen by now.
    rank = (below + subject.reach(took)) / 2.0 / reach
    score = floats(ndtri(rank))
    pull = truncation_pull(reach)
    found = time_difference(group, score, pull, len(names))
    weight = np.bincount(group, pull**2, minlength=len(names))
    has = weight > 0.0
    mean = np.bincount(group, pull * score, minlength=len(names))[has] / weight[has]
    counts = np.bincount(group, minlength=len(names))[has]
    effect = found.estimate[has]
    width = Z * found.estimate_sd[has]
    within = Z / np.sqrt(weight[has])

    def days(value: FloatArray) -> FloatArray:
        return median * np.exp(scale * value)

    own = pd.DataFrame(
        {
            "of": subject.name, "what": "time", "group": np.array(names, dtype=object)[has],
            "deals": counts, "events": counts, "observed": days(mean),
            "low": days(mean - within), "high": days(mean + within), "shrunken": days(effect),
            "shrunken_low": days(effect - width), "shrunken_high": days(effect + width),
            "pooled": days(np.array([found.pooled]))[0],
        }
    )  # fmt: skip
    return _scaled(found, scale), own


def _log_scale(pooled: Incidence, tick: float) -> float:
    """Return the days' standard deviation on the log scale: half of P16 to P84, as of a normal.

    Times the clock cannot tell from none count as half of its tick.
    """
    low, high = (max(pooled.age_of(share, outcome=WON), tick / 2.0) for share in (0.1587, 0.8413))
    return float(np.log(high / low)) / 2.0


def _scaled(found: Difference, scale: float) -> Difference:
    return replace(found, sd=found.sd * scale, low=found.low * scale, high=found.high * scale)
