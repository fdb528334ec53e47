"""Targets against bookings made by hand, and what every run shows of them."""

import io
import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from rich.console import Console

from salessim.cli import render
from salessim.forecast import Forecast
from salessim.forecast.judge import wilson
from salessim.model.plan import Target
from tests.unit import forecast_cube as fc

QUARTER = Target(name="2027Q1", start=0, end=90, amount=3_000.0)
MARCH = Target(name="2027-03", start=59, end=90, amount=500.0)


def forecast(bookings, *, external=0.0, targets=(QUARTER, MARCH), periods=3):
    """Bookings of the customers, and of external leads, by trajectory and month."""
    bookings = np.atleast_2d(np.asarray(bookings, float))
    cents = np.zeros((len(bookings), 24, 2, 3))
    cents[:, : bookings.shape[1], 0, 1] = 100 * bookings
    cents[:, 0, 1, 2] = 100 * external
    counts = fc.cube(bookings=cents)
    model = replace(fc.model(counts, line=fc.timeline(periods=periods)), targets=targets)
    return Forecast.from_cube(counts, program=fc.program(), model=model)


def test_a_target_is_hit_where_so_much_is_booked():
    given = forecast([[1_000, 1_000, 1_000], [1_000, 1_000, 400], [4_000, 0, 0], [0, 0, 500]])
    quarter, march = given.targets
    assert quarter.probability == 0.5  # exactly the amount is enough
    assert quarter.interval == wilson(0.5, 4)
    assert (quarter.first, quarter.last) == (date(2027, 1, 1), date(2027, 3, 31))
    assert quarter.p50 == 2_700.0
    assert quarter.shortfall == (600 + 2_500) / 4
    assert quarter.shortfall_se == pytest.approx(np.std([0, 600, 0, 2_500], ddof=1) / 2)
    assert quarter.shortfall_if_missed == (600 + 2_500) / 2
    assert march.probability == 0.5
    assert (march.first, march.last) == (date(2027, 3, 1), date(2027, 3, 31))
    assert march.shortfall_if_missed == (100 + 500) / 2


def test_a_cent_less_misses():
    assert forecast([[2_999.99, 0, 0]]).targets[0].probability == 0.0
    always = forecast([[3_000.0, 0, 500.0]]).targets[0]
    assert always.probability == 1.0
    assert (always.shortfall, always.shortfall_if_missed, always.shortfall_se) == (0.0, None, None)


def test_external_bookings_count_and_are_told_apart():
    given = forecast([[1_000, 1_000, 0]], external=1_000.0).targets[0]
    assert (given.probability, given.without_external_leads) == (1.0, 0.0)


def test_targets_are_in_documents_and_come_back_from_files(tmp_path):
    given = forecast([[1_000, 1_000, 1_000], [1, 2, 3]])
    document = json.loads(json.dumps(given.summary(), allow_nan=False))["targets"]
    assert [target["name"] for target in document] == ["2027Q1", "2027-03"]
    assert document[0]["probability"] == 0.5
    assert document[0]["first"] == "2027-01-01"
    given.to_parquet(tmp_path / "forecast.parquet")
    again = Forecast.from_parquet(tmp_path / "forecast.parquet")
    assert again == given
    assert again.targets == given.targets


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_targets_are_a_table_that_fits(width):
    given = forecast([[1_000_000, 1_000, 1_000], [1, 2, 3], [5, 5, 5]])
    out = io.StringIO()
    render.forecast(Console(file=out, width=width), given)
    table = out.getvalue().split("Target")[1]
    assert max(map(len, table.splitlines())) <= width
    assert "2027Q1" in table
    assert "33%" in table
    assert ("interval w/o" in table) == (width >= 80)
    plain = io.StringIO()
    render.forecast(Console(file=plain, width=width), forecast([[1, 2, 3]], targets=()))
    assert "Target" not in plain.getvalue()


def test_a_target_off_the_periods_is_refused():
    with pytest.raises(ValueError, match="target 2027Q1: day 0 or 60 is within a period"):
        _ = forecast([[1, 2, 3]], targets=(replace(QUARTER, end=60),)).targets
