"""Findings: what was compared, by which statistic, and how often it fails for nothing.

Every threshold follows from the false-alarm rate alone, before anything is looked at: a finding
may fail by chance with probability `FALSE_ALARM`, all its comparisons together (Bonferroni), and
a suite of at most `MOST_FINDINGS` with probability `FALSE_ALARM_OF_SUITE`. Seeds are fixed.

A finding with a planted error is turned round: it passes when the error is caught.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from salessim._typing import FloatArray

FALSE_ALARM_OF_SUITE = 1e-4
MOST_FINDINGS = 150
APPROXIMATION = 3.0
"""Factor by which the normal law may be off at these tails, for a mean of `FEWEST_EVENTS` counts:
exp(skewness z^3 / 6), skewness 1 / sqrt(events), z about 6 (Petrov 1975, chapter VIII)."""
FALSE_ALARM = FALSE_ALARM_OF_SUITE / (MOST_FINDINGS * APPROXIMATION)

FEWEST_EVENTS = 1000.0
"""Expected events behind a mean of counts; one with fewer is not compared by itself."""
FEWEST_IN_CLASS = 25.0
"""Expected in a class of a chi-squared test."""


@dataclass(frozen=True)
class Note:
    """Something measured that no threshold belongs to."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of the report."""

    what: str
    statistic: str
    observed: float
    threshold: float
    comparisons: int = 1
    planted: str = ""
    """The error that was planted, when one was: then the threshold must be exceeded."""

    @property
    def passed(self) -> bool:
        """Whether the observed is within the threshold; beyond it when an error was planted."""
        return (self.observed <= self.threshold) != bool(self.planted)

    def catching(self, planted: str) -> Finding:
        """Return the finding as that of a planted error, which must be caught."""
        return replace(self, planted=planted)


def _worst(off: FloatArray, se: FloatArray, scale: FloatArray) -> float:
    """Largest standardised difference; rounding counts as none where nothing is random."""
    off = np.maximum(np.abs(off) - 1e-9 * np.abs(scale), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(off == 0.0, 0.0, off / se)
    return float(z.max())


def means_agree(what: str, samples: Any, expected: Any, *, events: Any = None) -> Finding:
    """Compare means over the first axis with exact ones: Student's law, Bonferroni.

    Parameters
    ----------
    what : str
    samples : array, shape (n, ...)
    expected : array, shape (...)
    events : array, shape (...), optional
        Expected number of events behind each sample, default ``expected`` itself: means with
        fewer than `FEWEST_EVENTS` in all samples are left out, by what is expected, not by what
        was found. `numpy.inf` for samples that count nothing.

    Raises
    ------
    ValueError
        When no mean has enough events.
    """
    samples, expected = np.asarray(samples, float), np.asarray(expected, float)
    behind = np.broadcast_to(expected if events is None else events, expected.shape).ravel()
    samples, expected = samples.reshape(len(samples), -1), expected.ravel()
    enough = (behind * len(samples) >= FEWEST_EVENTS) | (expected == 0.0)
    samples, expected = samples[:, enough], expected[enough]
    if not expected.size:
        raise ValueError(f"{what}: too few events for any comparison")
    se = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    threshold = stats.t.isf(FALSE_ALARM / (2 * expected.size), len(samples) - 1)
    return Finding(
        what=what,
        statistic="largest difference of means / standard error",
        observed=_worst(samples.mean(axis=0) - expected, se, expected),
        threshold=float(threshold),
        comparisons=expected.size,
    )


def same_means(what: str, x: Any, y: Any, *, expected: Any = None) -> Finding:
    """Compare the means of two independent samples: Welch's test, Bonferroni.

    ``expected`` are means known beforehand, to leave out those of too few events; ValueError when
    none is left.
    """
    x, y = (np.asarray(s, float).reshape(len(s), -1) for s in (x, y))
    if expected is not None:
        enough = np.ravel(expected) * min(len(x), len(y)) >= FEWEST_EVENTS
        x, y = x[:, enough], y[:, enough]
    if not x.shape[1]:
        raise ValueError(f"{what}: too few events for any comparison")
    variances = [s.var(axis=0, ddof=1) / len(s) for s in (x, y)]
    threshold = stats.t.isf(FALSE_ALARM / (2 * x.shape[1]), min(len(x), len(y)) - 1)
    return Finding(
        what=what,
        statistic="largest difference of means / standard error (Welch)",
        observed=_worst(x.mean(axis=0) - y.mean(axis=0), np.sqrt(sum(variances)), x.mean(axis=0)),
        threshold=float(threshold),
        comparisons=x.shape[1],
    )


def variances_agree(what: str, samples: Any, expected: Any) -> Finding:
    """Compare variances over the first axis with exact ones, by the samples' fourth moments."""
    samples = np.asarray(samples, float)
    count = len(samples)
    squares = (samples - samples.mean(axis=0)) ** 2 * count / (count - 1)
    found = means_agree(what, squares, expected, events=np.inf)
    return replace(found, statistic="largest difference of variances / standard error")


def moments_agree(what: str, samples: Any, *, mean: float, variance: float) -> Finding:
    """Compare mean and variance of samples, shape (n,), with exact ones."""
    samples = np.asarray(samples, float)
    count = len(samples)
    squares = (samples - samples.mean()) ** 2 * count / (count - 1)
    found = means_agree(what, np.stack([samples, squares], axis=1), [mean, variance], events=np.inf)
    return replace(found, statistic="largest difference of mean or variance / standard error")


def covariances_agree(what: str, x: Any, y: Any, expected: Any) -> Finding:
    """Compare covariances of paired samples (n, ...) with exact ones."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    products = (x - x.mean(axis=0)) * (y - y.mean(axis=0)) * len(x) / (len(x) - 1)
    found = means_agree(what, products, expected, events=np.inf)
    return replace(found, statistic="largest difference of covariances / standard error")


def shares_agree(what: str, counts: Any, probabilities: Any, *, tests: int = 1) -> Finding:
    """Compare how many fell into each class with exact probabilities: Pearson's chi-squared.

    Neighbouring classes are put together until `FEWEST_IN_CLASS` are expected in each. ``tests``
    is how many such tests make one finding.
    """
    counts, probabilities = np.asarray(counts, float), np.asarray(probabilities, float)
    if not np.isclose(probabilities.sum(), 1.0, rtol=0.0, atol=1e-6):
        raise ValueError(f"probabilities sum to {probabilities.sum()}, not to 1")
    wanted = counts.sum() * probabilities
    starts = _classes(wanted)
    counts, wanted = (np.add.reduceat(a, starts) for a in (counts, wanted))
    found = float(((counts - wanted) ** 2 / wanted).sum())
    return _chi_squared(what, found, freedom=starts.size - 1, tests=tests)


def same_shares(what: str, x: Any, y: Any) -> Finding:
    """Compare how two independent samples fall into classes: chi-squared of homogeneity."""
    both = np.stack([np.asarray(x, float), np.asarray(y, float)])
    # classes by the pooled counts, scaled to what the smaller sample may expect of them
    pooled = both.sum(axis=0) * both.sum(axis=1).min() / both.sum()
    both = np.add.reduceat(both, _classes(pooled), axis=1)
    wanted = np.outer(both.sum(axis=1), both.sum(axis=0)) / both.sum()
    found = float(((both - wanted) ** 2 / wanted).sum())
    return _chi_squared(what, found, freedom=both.shape[1] - 1, tests=1)


def _classes(wanted: FloatArray) -> Any:
    """Return where classes begin, each with `FEWEST_IN_CLASS` expected, the last one too."""
    starts, filled = [0], 0.0
    for k, expected in enumerate(wanted):
        if filled >= FEWEST_IN_CLASS and wanted[k:].sum() >= FEWEST_IN_CLASS:
            starts.append(k)
            filled = 0.0
        filled += expected
    return np.array(starts)


def _chi_squared(what: str, found: float, *, freedom: int, tests: int) -> Finding:
    return Finding(
        what=what,
        statistic=f"chi-squared, {freedom} degrees of freedom",
        observed=found,
        threshold=float(stats.chi2.isf(FALSE_ALARM / tests, freedom)),
        comparisons=tests,
    )


def chance_agrees(what: str, successes: int, trials: int, probability: float) -> Finding:
    """Compare a number of successes with an exact probability: the exact binomial test."""
    law = stats.binom(trials, probability)
    p = 2.0 * min(law.cdf(successes), law.sf(successes - 1))
    return Finding(
        what=what,
        statistic="-log10 of the binomial p-value",
        observed=float(-np.log10(max(min(p, 1.0), 1e-300))),
        threshold=float(-np.log10(FALSE_ALARM)),
    )


def numbers_agree(what: str, x: Any, y: Any, *, allowed: float) -> Finding:
    """Compare two exact answers, relative to the largest: nothing is random here."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    return Finding(
        what=what,
        statistic="largest difference / largest value (nothing random)",
        observed=float(np.abs(x - y).max() / np.abs(y).max()),
        threshold=allowed,
        comparisons=x.size,
    )


def law_agrees(what: str, samples: Any, cdf: Any) -> Finding:
    """Compare independent samples with a continuous law: Kolmogorov-Smirnov, exact law of D."""
    ordered = np.sort(np.asarray(samples, float))
    count = ordered.size
    at = np.asarray(cdf(ordered))
    above = (np.arange(1, count + 1) / count - at).max()
    below = (at - np.arange(count) / count).max()
    return Finding(
        what=what,
        statistic="Kolmogorov-Smirnov distance",
        observed=float(max(above, below)),
        threshold=float(stats.kstwo.isf(FALSE_ALARM, count)),
    )


def same_law(what: str, x: Any, y: Any) -> Finding:
    """Compare two independent samples: Kolmogorov-Smirnov, ties on the safe side.

    The threshold is Massart's for each sample and half the rate (Annals of Probability 18, 1990):
    true of any sizes and any laws, a little wide.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    allowed = sum(np.sqrt(np.log(4.0 / FALSE_ALARM) / (2.0 * len(s))) for s in (x, y))
    return Finding(
        what=what,
        statistic="Kolmogorov-Smirnov distance of two samples",
        observed=float(stats.ks_2samp(x, y, method="asymp").statistic),
        threshold=float(allowed),
    )
