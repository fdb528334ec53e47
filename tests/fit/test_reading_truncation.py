"""Absent early closings: found where they are, and not where chance or a slow start explains it."""

import numpy as np
import pandas as pd
import pytest

from salessim.fit.reading.truncation import complete_from, quiet_since

UNTIL = pd.Timestamp("2025-01-01")


def deals(seed, *, many=300, least=0.0, stuck=0.2):
    """Creations over two years, and closings after `least` days and an exponential time."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2023-01-01", "us")
    created = start + (rng.uniform(0, 730, many) * 86400).astype("timedelta64[s]")
    days = least + rng.exponential(40.0, many)
    ended = created + (days * 86400).astype("timedelta64[s]")
    ended[(rng.random(many) < stuck) | (ended >= UNTIL.to_datetime64())] = np.datetime64("NaT")
    return created, ended


@pytest.mark.parametrize("least", [0.0, 60.0])
def test_complete_records_raise_no_alarm(least):
    # each alarm has a chance of 1e-6 by construction; 200 data sets of two sizes
    for seed in range(200):
        created, ended = deals(seed, many=(20, 300)[seed % 2], least=least)
        assert complete_from(created, ended, UNTIL) is None


@pytest.mark.parametrize("seed", range(5))
def test_records_that_lack_early_closings_say_from_when_on_they_are_whole(seed):
    created, ended = deals(seed)
    cut = np.datetime64("2023-06-01", "us")
    kept = ~(ended < cut)
    found = complete_from(created[kept], ended[kept], UNTIL)
    closings = ended[kept & ~np.isnat(ended)]
    assert found == pd.Timestamp(closings.min()).normalize()
    assert pd.Timestamp(cut) <= found < pd.Timestamp("2023-06-20")


def test_one_deal_older_than_all_others_proves_nothing():
    created, ended = deals(1, stuck=0.0)
    created = np.r_[created, np.datetime64("2015-01-01", "us")]
    ended = np.r_[ended, np.datetime64("NaT")]
    assert complete_from(created, ended, UNTIL) is None


def test_without_closings_or_without_deals_before_them_there_is_nothing_to_find():
    created, ended = deals(1)
    assert complete_from(created, np.full_like(ended, "NaT"), UNTIL) is None
    assert complete_from(created, created.copy(), UNTIL) is None


def test_a_quiet_end_is_noticed_and_an_ordinary_one_is_not():
    for seed in range(200):
        assert quiet_since(deals(seed, many=(20, 300)[seed % 2])[0], UNTIL) is None
    created, _ = deals(1)
    assert (
        quiet_since(created, UNTIL + pd.Timedelta(days=90))
        == pd.Timestamp(created.max()).normalize()
    )
    assert quiet_since(created[:1], UNTIL) is None
