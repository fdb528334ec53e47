"""Repeat purchase of customers who leave without a word: Pareto/NBD, and BG/NBD beside it.

While a customer is one, it orders as a Poisson process with a rate of its own, gamma(r, alpha)
over customers; it leaves after an exponential time with a hazard of its own, gamma(s, beta)
(Schmittlein, Morrison and Colombo 1987, Management Science 33:1). Of each customer are needed
the number of repeat orders x, the time t_x of the last and the time T since the first (Fader and
Hardie 2005, "A note on deriving the Pareto/NBD model and related expressions"). Times are days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salessim._typing import FloatArray
from salessim.errors import SalessimError
from salessim.fit.estimate import Estimate, maximise

_NODES = 24
"""Of Gauss-Legendre quadrature: 11 digits or more wherever it was tried."""
_NEGLIGIBLE = 45.0
"""What is smaller by exp of this is left out of an integral."""
_ROWS_AT_ONCE = 20_000
LEAST_SHAPE, MOST_SHAPE = 0.05, 20.0
"""Customers that differ by more (a coefficient of variation of 4.5), or by less (0.22), than data
can well tell."""


@dataclass(frozen=True, kw_only=True)
class Purchases:
    """What is known of customers' orders: kinds of customers, and how many there are of each.

    Attributes
    ----------
    repeats, last, age : ndarray, shape (kinds,)
        x; t_x and T in days, 0 <= t_x <= T.
    count : ndarray, shape (kinds,)
    """

    repeats: FloatArray
    last: FloatArray
    age: FloatArray
    count: FloatArray

    @classmethod
    def of(cls, repeats: FloatArray, last: FloatArray, age: FloatArray) -> Purchases:
        """Return them of customers one by one: those who are alike are counted."""
        rows = np.column_stack([repeats, last, age]).astype(np.float64)
        kinds, count = np.unique(rows, axis=0, return_counts=True)
        return cls(
            repeats=kinds[:, 0],
            last=kinds[:, 1],
            age=kinds[:, 2],
            count=count.astype(np.float64),
        )


@dataclass(frozen=True, kw_only=True)
class ParetoNBD:
    """The population: rates of order gamma(r, alpha), hazards of leaving gamma(s, beta).

    Attributes
    ----------
    r, s : float
        Shapes.
    alpha, beta : float
        Days: mean rate r / alpha, mean hazard s / beta.
    """

    r: float
    alpha: float
    s: float
    beta: float

    def log_likelihood(self, repeats: FloatArray, last: FloatArray, age: FloatArray) -> FloatArray:
        """Return the log-likelihood of each customer (x, t_x, T); shape as given."""
        return _terms(self, repeats, last, age).log_likelihood

    def alive(self, repeats: FloatArray, last: FloatArray, age: FloatArray) -> FloatArray:
        """Return P(still a customer at T | x, t_x, T); shape as given."""
        return _terms(self, repeats, last, age).alive

    def rate(self, repeats: FloatArray, age: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return mean (per day) and shape of the gamma rate of a customer that is still one."""
        return (self.r + repeats) / (self.alpha + age), self.r + repeats

    def expected(
        self, repeats: FloatArray, last: FloatArray, age: FloatArray, *, days: float
    ) -> FloatArray:
        """Return each customer's expected orders in the next days (Fader and Hardie, eq. 41)."""
        mean, _ = self.rate(repeats, age)
        return self.alive(repeats, last, age) * mean * self._stay(age, days)

    def expected_of_new(self, days: FloatArray) -> FloatArray:
        """Return the expected repeat orders of a new customer within days of its first order."""
        return self.r / self.alpha * self._stay(np.zeros_like(days), days)

    def _stay(self, age: FloatArray, days: FloatArray | float) -> FloatArray:
        """Return the days of the next that a customer of an age is expected to stay one."""
        begin = self.beta + age
        span = np.log1p(days / begin)
        power = (1.0 - self.s) * span
        small = np.abs(power) < 1e-8
        inner = np.where(small, 1.0, np.expm1(power) / np.where(small, 1.0, power))
        return np.asarray(begin * span * inner, dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class FittedPurchases:
    """Pareto/NBD by maximum likelihood.

    `estimate` is of r, the mean rate r / alpha, s and the mean hazard s / beta.
    """

    model: ParetoNBD
    estimate: Estimate


def fit_pareto_nbd(purchases: Purchases, *, near: Estimate | None = None) -> FittedPurchases:
    """Fit Pareto/NBD to what is known of customers.

    Parameters
    ----------
    purchases : Purchases
    near : Estimate, optional
        Of nearly the same customers: where to search.

    Raises
    ------
    SalessimError
        Nobody was a customer for longer than the day of the first order.
    """
    count = purchases.count
    time = float(count @ purchases.age)
    if time <= 0.0:
        raise SalessimError(
            "all orders are of one day: nothing says how often customers come back; "
            "give a history of some months"
        )
    # of an event that was never seen, half a one is taken to have been
    low = np.log([LEAST_SHAPE, 0.5 / time, LEAST_SHAPE, 0.5 / time])
    high = np.log([MOST_SHAPE, 1.0, MOST_SHAPE, 1.0])
    repeats = float(count @ purchases.repeats)
    if repeats == 0.0:
        high[3] = low[3]  # who never came back may have left or not: nothing says that any did
    rate = max(repeats, 0.5) / time
    starts = (
        [np.log(near.parameters)]
        if near
        else [
            np.clip(np.log([1.0, factor * rate, 1.0, hazard * count.sum() / time]), low, high)
            for factor, hazard in ((1.2, 0.2), (3.0, 2.0))
        ]
    )
    estimate = maximise(
        lambda at: _log_likelihood(at, purchases),
        starts=starts,
        low=low,
        high=high,
        weight=float(count.sum()),
    )
    return FittedPurchases(model=_model(np.log(estimate.parameters)), estimate=estimate)


def _model(at: FloatArray) -> ParetoNBD:
    r, rate, s, hazard = (float(value) for value in np.exp(at))
    return ParetoNBD(r=r, alpha=r / rate, s=s, beta=s / hazard)


def _log_likelihood(at: FloatArray, purchases: Purchases) -> tuple[float, FloatArray]:
    """Return the log-likelihood of all, and its gradient in ln r, ln r/alpha, ln s, ln s/beta."""
    from scipy.special import digamma

    model = _model(at)
    total, slopes = 0.0, np.zeros(4)
    for begin in range(0, len(purchases.count), _ROWS_AT_ONCE):
        rows = slice(begin, begin + _ROWS_AT_ONCE)
        x, age, count = purchases.repeats[rows], purchases.age[rows], purchases.count[rows]
        terms = _terms(model, x, purchases.last[rows], age)
        here, gone = terms.alive, 1.0 - terms.alive
        alpha, beta = model.alpha + age, model.beta + age
        slope = np.stack([
            digamma(model.r + x) - digamma(model.r) + np.log(model.alpha)
            - here * np.log(alpha) - gone * terms.log_alpha,
            model.r / model.alpha - (model.r + x) * (here / alpha + gone * terms.per_alpha),
            np.log(model.beta) - here * np.log(beta) + gone * (1.0 / model.s - terms.log_beta),
            model.s / model.beta - here * model.s / beta - gone * (model.s + 1.0) * terms.per_beta,
        ])  # fmt: skip
        total += float(count @ terms.log_likelihood)
        slopes += slope @ count
    by_r, by_alpha, by_s, by_beta = slopes * [model.r, model.alpha, model.s, model.beta]
    return total, np.array([by_r + by_alpha, -by_alpha, by_s + by_beta, -by_beta])


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """Of each customer: log-likelihood, P(alive), and means over when it left, had it left."""

    log_likelihood: FloatArray
    alive: FloatArray
    log_alpha: FloatArray
    per_alpha: FloatArray
    log_beta: FloatArray
    per_beta: FloatArray


def _terms(model: ParetoNBD, x: FloatArray, last: FloatArray, age: FloatArray) -> _Terms:
    """Return the likelihood's two terms: still a customer, or gone at a time tau in (t_x, T).

    L = Gamma(r+x)/Gamma(r) alpha^r beta^s { (alpha+T)^-(r+x) (beta+T)^-s
        + s int_tx^T (alpha+tau)^-(r+x) (beta+tau)^-(s+1) dtau },
    which is Fader and Hardie's before the integral becomes hypergeometric functions, whose
    difference loses digits. The integrand is positive and smooth in the logarithm of
    (the smaller of alpha and beta) + tau, so few nodes do.
    """
    from scipy.special import gammaln, logsumexp

    x, last, age = (np.asarray(value, dtype=np.float64) for value in (x, last, age))
    shape = model.r + x
    smaller = min(model.alpha, model.beta)
    # where either factor alone has fallen to nothing
    reach = np.minimum(
        (model.alpha + last) * np.expm1(np.minimum(_NEGLIGIBLE / shape, 600.0)),
        (model.beta + last) * np.expm1(np.minimum(_NEGLIGIBLE / model.s, 600.0)),
    )
    begin = np.log(smaller + last)
    half = (np.log(smaller + np.minimum(age, last + reach)) - begin) / 2.0
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    place = np.exp(begin[..., None] + half[..., None] * (1.0 + nodes))
    to_alpha, to_beta = place + (model.alpha - smaller), place + (model.beta - smaller)
    log_alpha, log_beta = np.log(to_alpha), np.log(to_beta)
    inside = np.log(place * weights) - shape[..., None] * log_alpha - (model.s + 1.0) * log_beta
    with np.errstate(divide="ignore"):  # an order on the last day: no time to have left since
        gone = np.log(model.s * half) + logsumexp(inside, axis=-1)
    here = -shape * np.log(model.alpha + age) - model.s * np.log(model.beta + age)
    both = np.logaddexp(here, gone)
    share = np.exp(inside - logsumexp(inside, axis=-1, keepdims=True))
    front = model.r * np.log(model.alpha) + model.s * np.log(model.beta)
    return _Terms(
        log_likelihood=gammaln(shape) - gammaln(model.r) + front + both,
        alive=np.exp(here - both),
        log_alpha=(share * log_alpha).sum(axis=-1),
        per_alpha=(share / to_alpha).sum(axis=-1),
        log_beta=(share * log_beta).sum(axis=-1),
        per_beta=(share / to_beta).sum(axis=-1),
    )
