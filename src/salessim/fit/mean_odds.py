"""Conversions of months that swing: from the mean of the months to the mean of their odds."""

from __future__ import annotations

import numpy as np

NODES = 64
"""Of the mean over months; swings up to 2 are exact to 1e-9."""


def at_mean_odds(log_odds: float, sd: float) -> float:
    """Return the log odds of which months swing around, as a plan writes them.

    A shock keeps the mean of the *odds*, and with that the mean of the conversion falls. What was
    fitted is the mean conversion of all months: so the number x is sought with
    E[expit(x - sd^2 / 2 + sd Z)] = expit(log_odds), Z standard normal (Gauss-Hermite quadrature).

    Parameters
    ----------
    log_odds : float
        Of the conversion of all months.
    sd : float
        Standard deviation of the log odds between months, 0 to 2.

    Returns
    -------
    float
        x, from log_odds to log_odds + sd^2.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    score, weight = np.polynomial.hermite_e.hermegauss(NODES)
    weight /= weight.sum()

    def off(x: float) -> float:
        months = expit(x - sd * sd / 2.0 + sd * score)
        return float(weight @ (months - expit(log_odds)))

    return float(brentq(off, log_odds - 1e-9, log_odds + sd * sd + 1e-9, xtol=1e-12))
