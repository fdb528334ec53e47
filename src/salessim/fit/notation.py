"""Numbers in a plan's own notation, as a fit writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from salessim._typing import FloatArray
from salessim.config.uncertain import WIDE_SCORE
from salessim.config.units import LARGEST_AMOUNT, LONGEST_DAYS
from salessim.model.uncertain import NORMAL_P95

_SURE = 1e-6
"""A standard deviation of a logarithm that is none."""


def short(value: float) -> float:
    """Return a number to six digits."""
    return float(f"{value:.6g}")


def days(value: float) -> str:
    """Return a duration: ``"123.4 days"``."""
    return f"{value:.6g} days"


def per_day(value: float) -> str:
    """Return a rate (events per day) as the days between two: ``"1 per 123.4 days"``."""
    return f"1 per {1.0 / value:.6g} days" if value < 1.0 else f"{value:.6g} per day"


def lognormal(median: float, sigma: float, write: Callable[[float], Any] = short) -> Any:
    """Return a positive number of which the logarithm has the standard deviation `sigma`.

    A number that the records hardly tell would leave the range that a plan allows: its middle and
    its spread are then the largest that stay inside.
    """
    most = LONGEST_DAYS if write is days else LARGEST_AMOUNT
    median = min(median, most / 10.0)
    sigma = min(sigma, math.log(most / median) / WIDE_SCORE)
    if sigma < _SURE:
        return write(median)
    # rounded up, its end would be outside again
    return {"lognormal": {"median": write(median), "sigma": short(sigma * (1.0 - 1e-5))}}


def growth(sd: float) -> Any:
    """Return a growth of nothing a month, of which 1 + growth has a logarithm with such an sd."""
    if sd < _SURE:
        return "0% per month"
    ends = (np.expm1(side * NORMAL_P95 * sd) for side in (-1.0, 1.0))
    return dict(zip(("p05", "p95"), (f"{100 * end:.4g}% per month" for end in ends), strict=True))


def correlations(
    addresses: Sequence[str], covariance: FloatArray
) -> tuple[tuple[str, str, float], ...]:
    """Return how uncertain numbers go together.

    Parameters
    ----------
    addresses : sequence of str, of length p
    covariance : ndarray, shape (p, p)
        Of normal scores, or of logarithms of lognormal numbers. Numbers without variance are
        left out.
    """
    spread = np.sqrt(np.diag(covariance))
    unsure = [place for place in range(len(spread)) if spread[place] >= _SURE]
    return tuple(
        (addresses[i], addresses[j], short(covariance[i, j] / (spread[i] * spread[j])))
        for place, i in enumerate(unsure)
        for j in unsure[place + 1 :]
    )
