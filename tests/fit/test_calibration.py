"""The calibration of forecasts: that it counts right, and that it would catch what is wrong."""

import numpy as np
import pandas as pd
import pytest

from salessim.model.laws import Fixed, Lognormal
from tests.statistics import FALSE_ALARM, assert_poisson
from verification.calibration import Company, _rank, came, drawn, flatness, leads, records, study
from verification.walked_deals import TrueStage

SURE = Company(
    rate=4.0,
    growth=0.0,
    variance=0.0,
    stages=(TrueStage(conversion=1.0, cycle_time=Fixed(value=10.0), loss_time=Fixed(value=1.0)),),
    amount=Lognormal(median=100.0, sigma=0.5),
)


def test_what_came_is_counted_by_when_it_was_created():
    rng = np.random.default_rng(1)
    deals = records(SURE, rng)
    night, days = pd.Timestamp("2021-07-01"), pd.Timedelta(days=10)
    created = deals.table["created"]
    won = created + days
    counted = (won >= night) & (won < pd.Timestamp("2022-01-01"))
    found = came(deals)
    assert found["wins"] == counted.sum()
    assert found["wins of open deals"] == (counted & (created < night)).sum()
    assert found["wins of new deals"] == (counted & (created >= night)).sum()
    worth = deals.amounts["amount"].to_numpy()
    assert found["bookings"] == pytest.approx(worth[counted].sum())


def test_leads_come_as_the_company_says():
    rng = np.random.default_rng(2)
    counts = np.array([len(leads(SURE, rng)) for _ in range(400)])
    assert_poisson(counts, 4.0 * 731)


def test_what_is_too_sure_or_off_is_caught_and_what_is_flat_is_not():
    rng = np.random.default_rng(3)
    assert flatness(rng.random(500))[0] > FALSE_ALARM
    assert flatness(rng.beta(0.5, 0.5, 500))[0] < FALSE_ALARM
    assert flatness(rng.beta(1.7, 1.0, 500))[0] < FALSE_ALARM
    # ties anywhere leave ranks flat
    ties = [_rank(float(v[0]), v[1:], rng) for v in rng.poisson(2.0, (2000, 200)).astype(float)]
    assert flatness(np.array(ties))[0] > FALSE_ALARM


def test_a_replicate_goes_the_whole_way():
    (ranks,) = [next(study(trajectories=39, seed=4))]
    assert set(ranks) == {"wins", "bookings", "wins of open deals", "wins of new deals"}
    assert all(0.0 <= rank < 1.0 for rank in ranks.values())
    company = drawn(np.random.default_rng(5))
    assert len(company.stages) == 2
