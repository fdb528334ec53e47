"""Files of a forecast: exact round trips, sorted rows, the same bytes, no formulas."""

import csv
import json

import forecast_cube as fc
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salessim import SalessimError
from salessim.forecast import SERIES, Forecast, parquet
from salessim.forecast.summary import safe_cell


@pytest.fixture(scope="module")
def noise():
    return fc.forecast(fc.random_cube(), need=3_000)


def test_parquet_gives_an_equal_forecast(noise, tmp_path):
    noise.to_parquet(tmp_path / "forecast.parquet")
    back = Forecast.from_parquet(tmp_path / "forecast.parquet")
    assert back == noise
    assert back.sustainability() == noise.sustainability()
    for name in SERIES:
        assert np.array_equal(back.series(name).samples, noise.series(name).samples)
    part = noise.without_external_leads()
    part.to_parquet(tmp_path / "base.parquet")
    assert Forecast.from_parquet(tmp_path / "base.parquet") == part


def test_parquet_rows_are_the_full_grid_in_the_order_of_the_plan(noise, tmp_path):
    noise.to_parquet(tmp_path / "forecast.parquet")
    frame = pd.read_parquet(tmp_path / "forecast.parquet")
    assert list(frame.columns[:4]) == ["trajectory", "period", "pipeline", "origin"]
    assert len(frame) == 50 * 3 * 2 * 3
    # Categories are in the order of the plan, so sorting by them changes nothing.
    assert frame.equals(frame.sort_values(list(frame.columns[:4]), kind="stable"))
    assert list(frame["origin"].cat.categories) == list(fc.ORIGINS)
    one = frame[(frame["trajectory"] == 7) & (frame["period"] == 2)]
    assert one["bookings"].sum() == pytest.approx(noise.bookings.samples[7, 2])
    assert one["leads"].sum() == noise.leads.samples[7, 2]
    assert frame.loc[frame["origin"] != "outbound", "leads"].eq(0).all()
    pd.testing.assert_frame_equal(frame, noise.to_frame())


def test_parquet_bytes_do_not_depend_on_block_or_time(noise, tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path in paths:
        noise.to_parquet(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_parquet_in_many_blocks_is_the_same_table(noise, tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "ROWS_PER_BLOCK", 7 * 18)
    noise.to_parquet(tmp_path / "blocks.parquet")
    noise.funnel.to_parquet(tmp_path / "funnel.parquet")
    assert pq.ParquetFile(tmp_path / "blocks.parquet").num_row_groups == 8
    assert Forecast.from_parquet(tmp_path / "blocks.parquet") == noise
    frame = pd.read_parquet(tmp_path / "funnel.parquet")
    assert frame["trajectory"].is_monotonic_increasing
    assert np.array_equal(frame["open"].to_numpy().reshape(50, 3, 3), noise.funnel.open)


def test_parquet_metadata_is_json_for_other_readers(noise, tmp_path):
    noise.to_parquet(tmp_path / "forecast.parquet")
    about = json.loads(pq.read_schema(tmp_path / "forecast.parquet").metadata[b"salessim"])
    assert about["currency"] == "USD"
    assert about["period_starts"] == ["2027-01-01", "2027-02-01", "2027-03-01"]
    assert about["verdict"]["need_from"] == "plan"
    assert about["labels"]["starting_customers"] == 100
    assert "seconds" not in about["provenance"]


@given(cents=st.integers(-(2**51), 2**51))
def test_float64_keeps_every_cent(cents):
    assert int(np.rint(np.float64(cents / 100) * 100)) == cents


def test_amounts_beyond_float64_are_refused(tmp_path):
    bookings = np.zeros((2, 24, 2, 3), dtype=np.int64)
    bookings[1, 0, 0, 0] = 2**53 + 1
    with pytest.raises(SalessimError, match="thousands or millions"):
        fc.forecast(fc.cube(bookings=bookings)).to_parquet(tmp_path / "forecast.parquet")


def test_other_files_are_refused(tmp_path):
    text = tmp_path / "text.parquet"
    text.write_text("trajectory,period\n")
    foreign = tmp_path / "foreign.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(foreign)
    for path in (text, foreign):
        with pytest.raises(SalessimError, match="not a forecast"):
            Forecast.from_parquet(path)
    with pytest.raises(FileNotFoundError):
        Forecast.from_parquet(tmp_path / "none.parquet")


def test_csv_agrees_with_the_series(noise, tmp_path):
    noise.to_csv(tmp_path / "summary.csv")
    frame = pd.read_csv(tmp_path / "summary.csv")
    assert list(dict.fromkeys(frame["series"])) == list(SERIES)
    rows = frame[(frame["series"] == "bookings") & (frame["origin"] == "(all)")]
    assert rows["mean"].tolist() == pytest.approx(noise.bookings.mean()["mean"], abs=0.006)
    assert rows["p90"].tolist() == pytest.approx(noise.bookings.quantiles([0.9])[0.9], abs=0.006)
    base = frame[(frame["series"] == "wins") & (frame["origin"] == "(without external leads)")]
    expected = noise.without_external_leads().wins.mean()["se"]
    assert base["se"].tolist() == pytest.approx(expected.tolist(), abs=1e-4)
    parts = frame[(frame["series"] == "bookings") & frame["origin"].isin(fc.ORIGINS)]
    assert parts["mean"].sum() == pytest.approx(rows["mean"].sum(), abs=0.1)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(name, tmp_path):
    assert safe_cell(name) == f"'{name}"
    assert safe_cell("outbound") == "outbound"
    noise = fc.forecast(fc.random_cube(n=2), currency=name)
    noise.to_csv(tmp_path / "summary.csv")
    with (tmp_path / "summary.csv").open(newline="") as file:
        units = {row["unit"] for row in csv.DictReader(file)}
    assert f"'{name}" in units
    assert name not in units
