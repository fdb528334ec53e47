"""Stages of public data sets: spikes that no family has, and outcomes that came later."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from salessim.fit.known import known_on
from salessim.fit.pipelines import fit_pipeline
from salessim.fit.visits import ADVANCE, OPEN, visits
from salessim.model.laws import Empirical
from tests.statistics import assert_mean
from verification import histories

DATA = Path(os.environ.get("SALESSIM_DATA", "data"))


@pytest.mark.skipif(not (DATA / "bpic2012_loan_pipeline").exists(), reason="no data sets here")
def test_the_time_out_of_loan_applications_is_found() -> None:
    """Offers without an answer are cancelled after 30 days, by a rule: a spike."""
    (deals,) = known_on(histories.bpic(DATA), date(2012, 1, 31)).deals
    stages = {stage.name: stage for stage in fit_pipeline(deals).stages}
    law = stages["A_FINALIZED"].law("lost")
    assert isinstance(law, Empirical)
    ends = law.survival(np.array([29.9, 32.0]))
    # two days of ninety hold more than a fifth of all losses
    assert ends[0] - ends[1] > 0.2


@pytest.mark.skipif(not (DATA / "leadforge_world_a").exists(), reason="no data sets here")
def test_the_same_visits_ended_later_as_was_expected() -> None:
    """What was open on the day advanced later, of each stage as many as the fit says."""
    history = histories.leadforge(DATA)
    (deals,) = known_on(history, date(2023, 6, 30)).deals
    (later,) = history.deals
    then, now = visits(deals), visits(later)
    names = deals.table["deal"].to_numpy()[then.deal], later.table["deal"].to_numpy()[now.deal]
    ended = {
        (name, stage): outcome
        for name, stage, outcome in zip(names[1], now.stage, now.outcome, strict=True)
    }
    expected, seen, variance = [], [], []
    for nth, stage in enumerate(fit_pipeline(deals).stages):
        rows = np.flatnonzero((then.stage == nth) & (then.outcome == OPEN))
        p, ages = stage.probabilities, then.duration[rows] - then.tick / 2.0
        going = np.stack([p[name] * stage.law(name).survival(ages) for name in stage.outcomes])
        chance = going[0] / (going.sum(axis=0) + p["stuck"])
        expected.append(chance.sum())
        variance.append((chance * (1.0 - chance)).sum())
        seen.append(sum(ended[names[0][row], nth] == ADVANCE for row in rows))
    spread = np.sqrt(variance)
    # and a twentieth, since deals differ in ways that no column tells
    assert_mean(np.array(seen, dtype=float), spread + 0.05 * np.array(expected), np.array(expected))
