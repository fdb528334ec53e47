# ruff: noqa: A005 -- imported as tests.statistics, never as statistics
"""Statistical assertions that say how often they fail for nothing.

``false_alarm`` is the probability that a call fails although nothing is wrong, all elements of
its arrays together; ``tests`` divides it further, among calls that belong together. The default of
1e-6 lets a suite of a hundred such calls fail by chance once in ten thousand seeds, and the seeds
are fixed. What a call can miss follows from the same figures: for a mean, errors below about five
standard errors.
"""

import numpy as np
from scipy import stats

from salessim._typing import FloatArray, IntArray

FALSE_ALARM = 1e-6


def assert_mean(
    mean: float | FloatArray,
    se: float | FloatArray,
    expected: float | FloatArray,
    *,
    freedom: float = np.inf,
    tests: int = 1,
    false_alarm: float = FALSE_ALARM,
) -> None:
    """Check Monte Carlo means against exact ones: Student's law, Bonferroni over elements.

    ``freedom`` are the degrees of freedom of the standard errors; at the default rate a single
    mean may be 4.9 standard errors off when these are exact. Where the standard error is 0
    (nothing is random) the mean must be exact but for rounding.
    """
    mean, se, expected = np.broadcast_arrays(mean, se, expected)
    assert np.all(np.isfinite(mean)), "a mean is not finite"
    assert np.all(np.isfinite(se)), "a standard error is not finite"
    critical = stats.t.isf(false_alarm / (2 * tests * mean.size), freedom)
    off = np.abs(mean - expected)
    allowed = critical * se + 1e-9 * np.abs(expected)
    worst = np.unravel_index(np.argmax(off - allowed), off.shape)
    assert np.all(off <= allowed), (
        f"mean{list(map(int, worst))} is {mean[worst]:.6g}, expected {expected[worst]:.6g}: "
        f"{off[worst] / se[worst] if se[worst] else np.inf:.1f} standard errors, "
        f"allowed {critical:.1f}"
    )


def assert_sample_mean(
    samples: FloatArray,
    expected: float | FloatArray,
    *,
    tests: int = 1,
    false_alarm: float = FALSE_ALARM,
) -> None:
    """Check the means over the first axis, with their standard errors from the samples."""
    samples = np.asarray(samples, dtype=np.float64)
    se = samples.std(axis=0, ddof=1) / np.sqrt(len(samples))
    assert_mean(
        samples.mean(axis=0),
        se,
        expected,
        freedom=len(samples) - 1,
        tests=tests,
        false_alarm=false_alarm,
    )


def assert_variance(
    samples: FloatArray, expected: float, *, tests: int = 1, false_alarm: float = FALSE_ALARM
) -> None:
    """Check a variance by its own standard error, from the samples' fourth moment."""
    samples = np.asarray(samples, dtype=np.float64)
    squares = (samples - samples.mean()) ** 2 * len(samples) / (len(samples) - 1)
    assert_sample_mean(squares, expected, tests=tests, false_alarm=false_alarm)


def assert_poisson(
    counts: IntArray, mean: float, *, tests: int = 1, false_alarm: float = FALSE_ALARM
) -> None:
    """Check that independent counts are Poisson of that mean: their total, and variance = mean.

    The total is tested exactly. The index of dispersion is taken as chi-squared (Fisher), which
    at these tails asks for means of 5 and some hundred counts: fewer are refused.
    """
    counts = np.asarray(counts)
    assert mean >= 5.0, "too small a mean for the dispersion test"
    assert counts.size >= 100, "too few counts for the dispersion test"
    alpha = false_alarm / (4 * tests)
    total = int(counts.sum())
    low = stats.poisson.ppf(alpha, mean * counts.size)
    high = stats.poisson.isf(alpha, mean * counts.size)
    assert low <= total <= high, f"the counts sum to {total}, allowed {low:.0f} to {high:.0f}"
    index = float(((counts - counts.mean()) ** 2).sum() / counts.mean())
    freedom = counts.size - 1
    low, high = stats.chi2.ppf(alpha, freedom), stats.chi2.isf(alpha, freedom)
    assert low <= index <= high, (
        f"variance / mean is {index / freedom:.4f}, "
        f"allowed {low / freedom:.4f} to {high / freedom:.4f}"
    )


def assert_uncorrelated(
    x: FloatArray, y: FloatArray, *, tests: int = 1, false_alarm: float = FALSE_ALARM
) -> None:
    """Check that paired samples have no correlation: Fisher's z, normal approximation."""
    correlation = float(np.corrcoef(x, y)[0, 1])
    critical = stats.norm.isf(false_alarm / (2 * tests)) / np.sqrt(len(x) - 3)
    assert abs(np.arctanh(correlation)) <= critical, (
        f"correlation {correlation:.4f}, allowed {np.tanh(critical):.4f}"
    )


def assert_binomial(
    successes: int,
    trials: int,
    probability: float,
    *,
    tests: int = 1,
    false_alarm: float = FALSE_ALARM,
) -> None:
    """Check a number of successes by the exact binomial law, half the rate on each side."""
    alpha = false_alarm / (2 * tests)
    law = stats.binom(trials, probability)
    assert law.cdf(successes) >= alpha, f"{successes} of {trials} is too few for {probability:.6g}"
    assert law.sf(successes - 1) >= alpha, f"{successes} of {trials} is too many for {probability}"


def assert_distribution(
    samples: FloatArray, cdf, *, tests: int = 1, false_alarm: float = FALSE_ALARM
) -> None:
    """Check independent samples against a continuous law: Kolmogorov-Smirnov, exact law of D."""
    count = len(samples)
    at = np.asarray(cdf(np.sort(samples)))
    above = (np.arange(1, count + 1) / count - at).max()
    below = (at - np.arange(count) / count).max()
    distance, critical = max(above, below), stats.kstwo.isf(false_alarm / tests, count)
    assert distance <= critical, f"KS distance {distance:.5f}, allowed {critical:.5f}"


def assert_same_distribution(
    x: FloatArray, y: FloatArray, *, tests: int = 1, false_alarm: float = FALSE_ALARM
) -> None:
    """Check two independent samples of one size: Kolmogorov-Smirnov, with ties on the safe side.

    P(D > d) <= 2 exp(-n d^2) for n >= 458 (Wei and Dudley 2012, Statistics and Probability
    Letters 82, theorem 1).
    """
    assert len(x) == len(y) >= 458, "the bound holds for two samples of one size, 458 or more"
    distance = stats.ks_2samp(x, y, method="asymp").statistic
    critical = np.sqrt(np.log(2 * tests / false_alarm) / len(x))
    assert distance <= critical, f"KS distance {distance:.5f}, allowed {critical:.5f}"
