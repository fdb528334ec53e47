"""BG/NBD, for comparison: customers who leave right after an order, not at any time.

Fader, Hardie and Lee 2005, Marketing Science 24:275. The simulator has no such leaving, so it is
fitted to say whether the data ask for it.
"""

from __future__ import annotations

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.estimate import Estimate, maximise
from salessim.fit.purchases import LEAST_SHAPE, MOST_SHAPE, Purchases


def fit_bg_nbd(purchases: Purchases, *, near: Estimate) -> Estimate:
    """Fit BG/NBD.

    Parameters
    ----------
    purchases : Purchases
    near : Estimate
        Of Pareto/NBD: its rates are where the search begins.

    Returns
    -------
    Estimate
        Of r, the mean rate r / alpha per day, and a and b of the beta law of the probability to
        leave after an order.
    """
    time = float(purchases.count @ purchases.age)
    r, rate = np.log(near.parameters[:2])
    return maximise(
        lambda at: _log_likelihood(at, purchases),
        starts=[np.array([r, rate, 0.0, 1.0])],
        low=np.log([LEAST_SHAPE, 0.5 / time, LEAST_SHAPE, LEAST_SHAPE]),
        high=np.log([MOST_SHAPE, 1.0, MOST_SHAPE, MOST_SHAPE]),
        weight=float(purchases.count.sum()),
    )


def _log_likelihood(at: FloatArray, purchases: Purchases) -> tuple[float, FloatArray]:
    """Return the log-likelihood (their eq. 6) and its slopes in the logarithms."""
    from scipy.special import digamma, gammaln

    r, rate, a, b = np.exp(at)
    alpha, x, count = r / rate, purchases.repeats, purchases.count
    to_now, to_last = alpha + purchases.age, alpha + purchases.last
    again = np.maximum(x - 1.0, 0.0)
    here = gammaln(b + x) - (r + x) * np.log(to_now)
    # without a repeat order there was no chance to leave
    gone = np.where(x > 0, np.log(a) + gammaln(b + again) - (r + x) * np.log(to_last), -np.inf)
    both = np.logaddexp(here, gone)
    share = np.exp(gone - both)
    front = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    beta = gammaln(a + b) - gammaln(a + b + x) - gammaln(b)
    common = digamma(a + b) - digamma(a + b + x)
    slopes = np.stack([
        digamma(r + x) - digamma(r) + np.log(alpha)
        - (1.0 - share) * np.log(to_now) - share * np.log(to_last),
        r / alpha - (r + x) * ((1.0 - share) / to_now + share / to_last),
        common + share / a,
        common - digamma(b) + (1.0 - share) * digamma(b + x) + share * digamma(b + again),
    ])  # fmt: skip
    by_r, by_alpha, by_a, by_b = (slopes @ count) * [r, alpha, a, b]
    value = float(count @ (front + beta + both))
    return value, np.array([by_r + by_alpha, -by_alpha, by_a, by_b])
