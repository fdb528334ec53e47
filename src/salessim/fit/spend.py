"""What customers spend on an order: gamma-gamma.

Orders of a customer scatter around a mean of its own as a gamma law of shape p; 1 / that mean is
gamma over customers (Fader, Hardie and Lee 2005, Journal of Marketing Research 42:415, and "The
gamma-gamma model of monetary value", 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.fit.estimate import Estimate, maximise

LEAST_SHAPE, MOST_SHAPE = 0.05, 1000.0


@dataclass(frozen=True, kw_only=True)
class GammaGamma:
    """The population: an order gamma(p, nu), nu gamma(q, gamma), q > 1.

    Attributes
    ----------
    p, q, gamma : float
        `gamma` is money; the mean order of all customers is p gamma / (q - 1).
    """

    p: float
    q: float
    gamma: float

    @property
    def mean(self) -> float:
        """Mean order over customers, in currency units."""
        return self.p * self.gamma / (self.q - 1.0)

    def customer_mean(self, spends: FloatArray, spend: FloatArray) -> FloatArray:
        """Return the expected mean order of customers, given theirs (eq. 5 of the 2013 note).

        Parameters
        ----------
        spends, spend : ndarray
            Number of orders, and their mean amount; the latter counts only where there are any.
        """
        seen = np.where(spends > 0, spends * np.nan_to_num(spend), 0.0)
        return self.p * (self.gamma + seen) / (self.p * spends + self.q - 1.0)


@dataclass(frozen=True, kw_only=True)
class FittedSpend:
    """Gamma-gamma by maximum likelihood; `estimate` is of p, q - 1 and the mean order."""

    model: GammaGamma
    estimate: Estimate


def fit_gamma_gamma(spends: FloatArray, spend: FloatArray) -> FittedSpend:
    """Fit gamma-gamma to customers' numbers of orders and their mean amounts, all above 0."""
    x, z = np.asarray(spends, dtype=np.float64), np.asarray(spend, dtype=np.float64)
    mean = float(x @ z / x.sum())
    low = np.array([np.log(LEAST_SHAPE), np.log(LEAST_SHAPE), np.log(mean) - 3.0])
    high = np.array([np.log(MOST_SHAPE), np.log(MOST_SHAPE), np.log(mean) + 3.0])
    estimate = maximise(
        lambda at: _log_likelihood(at, x, z),
        starts=[np.array([shape, 0.5, np.log(mean)]) for shape in (0.0, 3.0)],
        low=low,
        high=high,
        weight=float(len(x)),
    )
    return FittedSpend(model=_model(np.log(estimate.parameters)), estimate=estimate)


def _model(at: FloatArray) -> GammaGamma:
    p, beyond, mean = (float(value) for value in np.exp(at))
    return GammaGamma(p=p, q=1.0 + beyond, gamma=mean * beyond / p)


def _log_likelihood(at: FloatArray, x: FloatArray, z: FloatArray) -> tuple[float, FloatArray]:
    """Return the log-likelihood (eq. 3 of the 2013 note) and its gradient in the logarithms."""
    from scipy.special import digamma, gammaln

    model = _model(at)
    p, q, gamma = model.p, model.q, model.gamma
    log_all = np.log(gamma + x * z)
    value = (
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        + p * x * np.log(x * z) - np.log(z) - (p * x + q) * log_all
    ).sum()  # fmt: skip
    both = digamma(p * x + q)
    by_p = (x * (both - digamma(p * x) + np.log(x * z) - log_all)).sum()
    by_q = (both - digamma(q) + np.log(gamma) - log_all).sum()
    by_gamma = gamma * (q / gamma - (p * x + q) / (gamma + x * z)).sum()
    slopes = [p * by_p - by_gamma, (q - 1.0) * by_q + by_gamma, by_gamma]
    return float(value), np.array(slopes)
