"""Sources that swing together: what their months share, and so what they do not know alike.

Fitted one by one, ten sources of one pipeline that have the same good and bad months would seem to
make up for each other. So all leads together are fitted too, and what the sources have in common is
what makes their sum as unsure as that fit says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.rates import RateFit
from salessim.model.law import floats

MOST = 0.99
"""Of a correlation: matrices stay invertible."""
LEAST_SWING = 1e-4
"""A variance: months that differ by less than 1 % are alike."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """What the sources of one pipeline have in common."""

    variance: float
    """Of the factor of a month that is the same for all."""
    level: float
    """Correlation of any two levels."""
    growth: float
    """Correlation of what two growths are beyond what follows from the levels."""

    @property
    def effect(self) -> float:
        """Return the standard deviation of the logarithm of the common factor."""
        return math.sqrt(math.log1p(self.variance))


ALONE = Together(variance=0.0, level=0.0, growth=0.0)


def common(sources: Sequence[RateFit], total: RateFit) -> Together:
    """Return what makes the sum of the sources vary as their total does.

    With shares w of the leads: V = c (1 - sum w^2) + sum w^2 v for the variances of months, and
    S^2 = sum w^2 s^2 + r sum over pairs of w w' s s' for the errors of levels and of growths.
    """
    if len(sources) < 2:
        return ALONE
    rates = floats(np.exp([source.level.mean for source in sources]))
    shares = rates / rates.sum()
    own = floats([source.variance.mean for source in sources])
    squares = shares**2
    between = (total.variance.mean - squares @ own) / (1.0 - squares.sum())
    level = _correlation(shares, floats([s.level.sd for s in sources]), total.level.sd)
    growth = _correlation(shares, floats([s.growth.sd for s in sources]), total.growth.sd)
    explained = float(np.mean([source.level_with_growth for source in sources])) ** 2
    return Together(
        variance=float(between) if between > LEAST_SWING else 0.0,
        level=level,
        growth=min(MOST, max(0.0, (growth - explained * level) / (1.0 - explained))),
    )


def _correlation(shares: FloatArray, errors: FloatArray, total: float) -> float:
    """Return the correlation of errors that gives their weighted sum its standard deviation."""
    parts = shares * errors
    alone = float(parts @ parts)
    return min(MOST, max(0.0, (total**2 - alone) / (float(parts.sum()) ** 2 - alone)))


def correlations(
    fits: Sequence[RateFit], together: Together
) -> Iterator[tuple[tuple[int, str], tuple[int, str], float]]:
    """Yield the correlations of rates and growths as ((source, key), (source, key), value).

    Growth k is r_k z_k + sqrt(1 - r_k^2) y_k of the score z_k of its level and one of its own; the
    z are correlated alike, and so are the y: together that is always possible.
    """
    shown = [fit.level_with_growth for fit in fits]
    for k, r in enumerate(shown):
        yield (k, "rate"), (k, "growth"), r
    if together.level == 0.0 and together.growth == 0.0:
        return
    for j, k in combinations(range(len(fits)), 2):
        a, b = shown[j], shown[k]
        rest = math.sqrt((1.0 - a * a) * (1.0 - b * b))
        yield (j, "rate"), (k, "rate"), together.level
        yield (j, "rate"), (k, "growth"), b * together.level
        yield (j, "growth"), (k, "rate"), a * together.level
        yield (j, "growth"), (k, "growth"), a * b * together.level + rest * together.growth
