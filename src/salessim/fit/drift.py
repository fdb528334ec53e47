"""Whether a stage's own conversion stayed what it was, by when visits were entered.

What all stages of a pipeline share is a swing of months (`shared_months`), and no change of one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.competing import LEAST
from salessim.fit.monthly import slopes_by_month
from salessim.fit.stages import FittedStage
from salessim.fit.visits import Visits
from salessim.model.law import floats
from salessim.readable import percent

LEVEL = 1e-3
"""How often a conversion that stayed the same is said to have changed."""
MATERIAL = 0.2
"""Standard deviation of log odds between quarters that is worth a warning: a conversion of 50 % is
then between 45 % and 55 % in two quarters of three."""
LEAST_INFORMATION = 5.0
"""What a quarter has to tell of the log odds: as much as 20 finished visits."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """Conversions of a stage by the quarter in which visits were entered.

    Attributes
    ----------
    quarters : tuple of str
        ``2024Q1``, ...; those that tell enough.
    conversion : ndarray, shape (quarters,)
        One step of Newton's method from that of all, so shrunk a little where it is far from it.
    p_value : float
        Against the same conversion in all quarters.
    sd : float
        Between quarters, beyond luck, of the log odds.
    """

    quarters: tuple[str, ...]
    conversion: FloatArray
    p_value: float
    sd: float

    @property
    def matters(self) -> bool:
        """Whether it is worth a warning."""
        return self.p_value < LEVEL and self.sd > MATERIAL

    @property
    def sentence(self) -> str:
        """Say how much it changed, and what was done about it."""
        low, high = int(self.conversion.argmin()), int(self.conversion.argmax())
        return (
            f"the conversion changed: {percent(float(self.conversion[low]))} of the visits entered "
            f"in {self.quarters[low]} advance, {percent(float(self.conversion[high]))} in "
            f"{self.quarters[high]}; that is more than luck and than the months that all stages "
            "share explain, and nobody knows what it will be: the plan takes the mean of all, as "
            "unsure as quarters differ; a half-life makes recent visits count more"
        )


def allowing_for(stage: FittedStage, found: Drift | None) -> FittedStage:
    """Return a stage whose conversion is as unsure as it changed, where that matters.

    A quarter to come may differ from the mean as those before did: their variance between quarters
    is added to that of the log odds.
    """
    if found is None or not found.matters:
        return stage
    covariance = stage.chosen.covariance.copy()
    covariance[0, 0] += found.sd**2
    return replace(stage, chosen=replace(stage.chosen, covariance=covariance))


def drift(
    stage: FittedStage, mine: Visits, months: range, shared: FloatArray | None = None
) -> Drift | None:
    """Hold the conversion of all visits against each quarter's; None where fewer than two tell.

    A score test of homogeneity (Commenges and Andersen 1995, Lifetime Data Analysis 1, 145-156):
    the slope of the log-likelihood of each quarter's visits by the log odds, at the fit of all,
    squared over its information, and summed, is chi-square with one degree of freedom less than
    there are quarters. Visits still open count as far as they tell.

    Parameters
    ----------
    stage : FittedStage
        Fitted with all visits counting alike.
    mine : Visits
        Those to the stage.
    months : range
        Of the records (`monthly.span`).
    shared : ndarray, shape (months,), optional
        Effects of the months that all stages of the pipeline share: what they explain is no change
        of this stage.
    """
    from scipy.special import expit
    from scipy.stats import chi2

    at = np.zeros(len(months)) if shared is None else shared
    names, quarter = np.unique(np.arange(months.start, months.stop) // 3, return_inverse=True)
    by_month = slopes_by_month(stage, mine, months, at)
    slope, information = (np.bincount(quarter, one) for one in by_month)
    explained = np.bincount(quarter, by_month[1] * at) / np.maximum(information, LEAST)
    enough = information >= LEAST_INFORMATION
    if enough.sum() < 2:
        return None
    slope, information, explained = slope[enough], information[enough], explained[enough]
    total = information.sum()
    # about their own mean: the fit of all holds the quarters that tell little, too
    step = slope / information
    apart = step - (information @ step) / total
    statistic = float(information @ apart**2)
    freedom = len(step) - 1
    excess = (statistic - freedom) / (total - (information @ information) / total)
    theta = float(stage.chosen.fit.theta[0])
    return Drift(
        quarters=tuple(f"{1970 + q // 4}Q{1 + q % 4}" for q in names[enough].tolist()),
        conversion=floats(expit(theta + explained + step)),
        p_value=float(chi2.sf(statistic, freedom)),
        sd=float(np.sqrt(max(excess, 0.0))),
    )
