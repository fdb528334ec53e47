"""Series, splits and sub-sums of a forecast, on cubes with known answers."""

import json
import math
from dataclasses import FrozenInstanceError, replace

import forecast_cube as fc
import numpy as np
import pytest

from salessim import SalessimError
from salessim.forecast import SERIES, Forecast, Series


@pytest.fixture(scope="module")
def noise():
    return fc.forecast(fc.random_cube())


def test_statistics_of_a_series_by_hand():
    bookings = np.zeros((3, 24, 2, 3), dtype=np.int64)
    bookings[:, 0, 0, 1] = [100, 200, 600]
    bookings[:, 1, 1, 2] = [50, 50, 50]
    series = fc.forecast(fc.cube(bookings=bookings)).bookings
    assert series.samples.tolist() == [[1.0, 0.5, 0.0], [2.0, 0.5, 0.0], [6.0, 0.5, 0.0]]
    mean = series.mean()
    assert mean["mean"].tolist() == [3.0, 0.5, 0.0]
    assert mean["se"].iloc[0] == pytest.approx(math.sqrt(7 / 3))
    assert mean.index[1].isoformat() == "2027-02-01T00:00:00"
    frame = series.quantiles([0.5, 0.75])
    assert frame[0.5].tolist() == [2.0, 0.5, 0.0]
    assert frame[0.75].tolist() == [4.0, 0.5, 0.0]
    assert series.total().tolist() == [1.5, 2.5, 6.5]


def test_only_reported_periods_are_kept():
    noise = fc.random_cube()
    short = fc.forecast(noise, line=fc.timeline(periods=3))
    long = fc.forecast(noise, line=fc.timeline(periods=24))
    for name in SERIES:
        assert np.array_equal(short.series(name).samples, long.series(name).samples[:, :3])


def test_origins_and_pipelines_add_up_to_the_cent(noise):
    for name in SERIES:
        series = noise.series(name)
        for axis in ("origin", "pipeline"):
            parts = series.by(axis)
            assert len(parts) == len(set(parts))
            assert np.array_equal(sum(part.whole for part in parts.values()), series.whole)


def test_split_in_the_order_of_the_plan(noise):
    assert tuple(noise.bookings.by("origin")) == fc.ORIGINS
    assert tuple(noise.bookings.by("pipeline")) == fc.PIPELINES
    assert tuple(noise.leads.by("origin")) == ("outbound",)
    means = noise.bookings.by("origin").mean()
    assert list(means.columns) == list(fc.ORIGINS)
    total = noise.bookings.mean()["mean"].to_numpy()
    assert means.sum(axis=1).to_numpy() == pytest.approx(total)
    assert repr(noise.leads.by("origin")) == "Split(outbound)"
    with pytest.raises(ValueError, match="origin"):
        noise.bookings.by("stage")


def test_without_external_leads_is_a_sub_sum(noise):
    base = noise.without_external_leads()
    parts = noise.bookings.by("origin")
    expected = parts["open_deals"].whole + parts["customers"].whole
    assert np.array_equal(base.bookings.whole, expected)
    assert base.labels.origins == ("open_deals", "customers")
    assert base.leads.samples.shape == noise.leads.samples.shape
    assert not base.leads.samples.any()
    assert base.sustainability() == noise.sustainability()
    assert base.without_external_leads() == base
    assert base != noise


def test_active_customers_start_with_those_there():
    shape = (2, 24, 2, 3)
    new, lost = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    new[0, 0, 0, 2] = 5
    lost[0, 1, 0, 1] = 2
    counts = fc.cube(bookings=np.zeros(shape), new=new, lost=lost)
    forecast = fc.forecast(counts)
    assert forecast.active_customers.samples.tolist() == [[105, 103, 103], [100, 100, 100]]
    assert forecast.active_customers.total().tolist() == [103, 100]
    base = forecast.without_external_leads()
    assert base.active_customers.samples.tolist() == [[100, 98, 98], [100, 100, 100]]
    by_origin = forecast.active_customers.by("origin")
    assert by_origin["outbound"].samples[0].tolist() == [5, 5, 5]


def test_nothing_can_be_changed(noise):
    with pytest.raises(FrozenInstanceError):
        noise.verdict = None
    for array in (noise.bookings.samples, noise.wins.total(), noise.counts.wins):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_unknown_series_names_those_there_are(noise):
    with pytest.raises(ValueError, match="active_customers"):
        noise.series("revenue")
    assert isinstance(noise.series("wins"), Series)
    assert noise != "a forecast"
    assert "Acme" in repr(noise)
    assert repr(noise.wins) == "Series(wins, deals, 50 trajectories x 3 periods)"
    assert "new_business.proposal, expansion.offer; 50 traj" in repr(noise.funnel)


def test_one_trajectory_has_no_standard_error():
    forecast = fc.forecast(fc.random_cube(n=1))
    assert math.isnan(forecast.bookings.mean()["se"].iloc[0])
    document = forecast.summary()
    assert document["series"]["wins"]["se"] == [None] * 3
    assert document["notes"]["se"]
    json.dumps(document, allow_nan=False)


def test_no_trajectory_is_no_forecast():
    counts = fc.cube(bookings=np.zeros((0, 24, 2, 3)), requested=10)
    with pytest.raises(SalessimError, match="nothing to forecast"):
        fc.forecast(counts)


def test_interrupted_is_said():
    assert fc.forecast(fc.cube(bookings=np.ones((2, 24, 2, 3)), requested=10)).interrupted
    assert not fc.forecast(fc.cube(bookings=np.ones((2, 24, 2, 3)))).interrupted


def test_funnel_conserves_deals(noise):
    funnel = noise.funnel
    assert funnel.stages == (
        ("new_business", "qualified"),
        ("new_business", "proposal"),
        ("expansion", "offer"),
    )
    before = np.concatenate(
        [np.broadcast_to(funnel.open_at_start, (50, 1, 3)), funnel.open[:, :-1]], axis=1
    )
    # what slipped, the last of the flows, is still there
    entered, *left, _ = np.moveaxis(funnel.flows, -1, 0)
    assert np.array_equal(entered - sum(left), funnel.open - before)
    mean = funnel.mean()
    assert mean.loc[("2027-01-01", "expansion", "offer"), "open"] == pytest.approx(
        funnel.open[:, 0, 2].mean()
    )
    with pytest.raises(SalessimError, match=r"funnel\.parquet"):
        _ = noise.without_external_leads().funnel


def test_document_has_the_documented_keys(noise):
    document = noise.summary()
    assert list(document) == [
        "run",
        "periods",
        "series",
        "totals",
        "without_external_leads",
        "verdict",
        "targets",
        "notes",
    ]
    assert list(document["run"]) == [
        "trajectories",
        "seed",
        "engine",
        "version",
        "program_sha256",
        "stage_entries",
        "simulate_seconds",
        "precision",
    ]
    assert document["run"]["stage_entries"] == 350
    assert document["periods"] == ["2027-01-01", "2027-02-01", "2027-03-01"]
    base = document["without_external_leads"]
    for numbers in (document, base):
        assert set(numbers["series"]) == set(SERIES)
        assert set(numbers["totals"]) == {"bookings", "wins"}
        for series in numbers["series"].values():
            assert list(series) == ["mean", "se", "p10", "p50", "p90"]
            assert all(len(values) == 3 for values in series.values())
    total = document["totals"]["bookings"]
    assert total["mean"] == pytest.approx(sum(document["series"]["bookings"]["mean"]))
    assert total["mean"] > base["totals"]["bookings"]["mean"] > 0
    assert list(document["verdict"]) == [
        "word",
        "probability",
        "interval",
        "need_per_month",
        "need_from",
        "customers_only_probability",
        "runway_p50",
        "reproduction_number",
        "logo_retention",
        "nrr",
        "grr",
        "external_share",
        "luck_only",
        "reproduction_interval",
        "by_health",
    ]
    nulls = {f"verdict.{name}" for name, value in document["verdict"].items() if value is None}
    assert nulls <= set(document["notes"])
    json.dumps(document, allow_nan=False)


def test_stuck_open_deals_are_reported(tmp_path):
    facts = replace(fc.FACTS, stuck_open_deals=1_234)
    forecast = fc.forecast(fc.random_cube(n=2), facts=facts)
    assert forecast.summary()["notes"]["open_deals"].endswith("stuck for good: 1,234")
    assert forecast.without_external_leads().notes == forecast.notes
    forecast.to_parquet(tmp_path / "forecast.parquet")
    assert Forecast.from_parquet(tmp_path / "forecast.parquet") == forecast
    assert "open_deals" not in fc.forecast(fc.random_cube(n=2)).summary()["notes"]


def test_a_runway_without_end_is_null_with_a_note():
    document = fc.forecast(fc.random_cube(n=5), need=0.0).summary()
    assert document["verdict"]["runway_p50"] is None
    assert "never falls short" in document["notes"]["verdict.runway_p50"]
