"""Poisson counts by inversion, for means from 0 to 10^7."""

from __future__ import annotations

import math

import numpy as np

from salessim.kernels._jit import kernel, rule

_FROM_ZERO_BELOW = 16.0


@rule
def _probability_of_mode(mode, mean):
    """P(N = mode) by Loader's saddle-point form, which keeps its digits where exp(-mean) has none.

    C. Loader, "Fast and accurate computation of binomial probabilities" (2000), equation 4;
    needs ``mode >= 16`` (Stirling's error) and ``|mode - mean| < 1`` (series of the deviance).
    """
    r = 1.0 / (mode * mode)
    stirling = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r / 1188)))) / mode
    d = (mode - mean) / mean
    # mean * ((1 + d) log(1 + d) - d), |d| < 1/16: twelve terms leave less than 1e-17.
    deviance = 0.0
    power = d
    for n in range(2, 14):
        power = -power * d
        deviance -= power / (n * (n - 1))
    return math.exp(-stirling - mean * deviance) / math.sqrt(2 * math.pi * mode)


@kernel
def poisson(u, mean):
    """Return the smallest count whose distribution function reaches ``u``."""
    if mean < _FROM_ZERO_BELOW:
        count = 0
        mass = math.exp(-mean)
        below = mass
    else:
        # From the mode outwards: some 9 sqrt(mean) steps for the sum, 5 more to the quantile.
        count = np.int64(mean)
        mass = _probability_of_mode(np.float64(count), mean)
        below = 0.0
        term = mass
        k = count
        while term > 1e-18 and k >= 0:
            below += term
            term *= k / mean
            k -= 1
    # The sum may round to less than 1: beyond 1e-18 there is nothing left to find.
    while u > below and mass > 1e-18:
        count += 1
        mass *= mean / count
        below += mass
    while count > 0 and u <= below - mass:
        below -= mass
        mass *= count / mean
        count -= 1
    return count
