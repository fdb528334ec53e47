"""The study of coverage in small; `python -m verification.recovery` is the whole of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from verification.recovery import study, table

FALSE_ALARM = 1e-6


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    return study(datasets=24, seed=11)


def test_intervals_hold_the_truth_as_often_as_they_say(found: pd.DataFrame) -> None:
    """Of 24 data sets; numbers of one set are correlated, so each set counts as a few."""
    by_set = found.groupby(np.arange(len(found)) // 21)["covered"].agg(["sum", "size"])
    assert by_set["size"].unique().tolist() == [21]
    # seven independent numbers a set at least: three stages share nothing
    independent = 7 * len(by_set)
    low, high = stats.binom.ppf([FALSE_ALARM / 2, 1 - FALSE_ALARM / 2], independent, 0.9)
    assert low <= found["covered"].mean() * independent <= high
    assert np.abs(table(found, "kind")["mean z"]).max() < 1.2


def test_intervals_half_as_wide_are_caught(found: pd.DataFrame) -> None:
    held = (np.abs(found["z"]) < stats.norm.ppf(0.95) / 2.0).mean()
    independent = 7 * 24
    assert held * independent < stats.binom.ppf(FALSE_ALARM / 2, independent, 0.9)
