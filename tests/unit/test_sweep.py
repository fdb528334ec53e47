"""Sweeps: each point is the run of its values, bit for bit; what is refused, kept and written."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import salessim as ss
from salessim.api import sweeps
from tests.cli.conftest import PLAN

RATE, CONVERSION = "sources.outbound.rate", "pipelines.new_business.stages.qualified.conversion"
GRID = [f"{RATE}=10 per month:30 per month:3", f"{CONVERSION}=0.5,0.7"]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "acme.toml"
    path.write_text(PLAN)
    return ss.load_plan(path)


@pytest.fixture(scope="module")
def grid(plan):
    return ss.sweep(plan, GRID, threads=2)


def rows(sweep, number):
    frame = sweep.to_frame()
    return frame[frame.point == number].reset_index(drop=True)


def assert_is_the_run_of(sweep, point, run):
    """Every number of a point equals that of a run, exactly."""
    frame = rows(sweep, point.number)
    base = run.without_external_leads()
    measured = {
        "bookings": run.bookings,
        "wins": run.wins,
        "customers": run.active_customers,
        "base_bookings": base.bookings,
    }
    for name, series in measured.items():
        for statistic, values in series.summary._asdict().items():
            assert frame[f"{name}_{statistic}"].tolist() == values.tolist(), name
        assert point.totals[name] == series.total_summary
    assert point.verdict == run.verdict
    assert set(frame.p_sustained) == {run.verdict.probability}
    assert set(frame.p_sustained_low) == {run.verdict.interval[0]}
    assert set(frame.reproduction_number) == {run.verdict.reproduction_number}
    assert point.program_sha256 == run.provenance.program_sha256


def test_a_grid_takes_all_combinations_the_last_key_fastest(grid):
    assert [point.typed for point in grid.points] == [
        (f"{rate} per month", conversion) for rate in (10, 20, 30) for conversion in ("0.5", "0.7")
    ]
    assert (grid.grid, grid.requested, grid.interrupted) == ((3, 2), 6, False)
    frame = grid.to_frame()
    assert len(frame) == 6 * 6
    assert frame[RATE].tolist() == np.repeat([10.0, 20.0, 30.0], 12).tolist()
    assert frame.period.tolist() == [*range(6)] * 6


def test_each_point_is_the_run_of_its_values_bit_for_bit(plan, grid):
    for point in grid.points:
        typed = [f"{key.name}={value}" for key, value in zip(grid.keys, point.typed, strict=True)]
        assert_is_the_run_of(grid, point, ss.simulate(plan.with_(typed), threads=1))


def test_uncertain_numbers_meet_the_same_worlds_at_all_points(plan):
    unsure = plan.with_({CONVERSION: {"p05": 0.4, "p95": 0.8}})
    sweep = ss.sweep(unsure, [f"{RATE}=10 per month,30 per month"], threads=2)
    for point in sweep.points:
        run = ss.simulate(unsure.with_([f"{RATE}={point.typed[0]}"]), threads=1)
        assert_is_the_run_of(sweep, point, run)
    # an end of an interval is a key like any other
    ends = ss.sweep(unsure, {f"{CONVERSION}.p95": "0.6:0.9:2"})
    run = ss.simulate(plan.with_({CONVERSION: {"p05": 0.4, "p95": 0.9}}))
    assert_is_the_run_of(ends, ends.points[1], run)


def test_a_run_of_other_values_is_told_from_it(plan, grid):
    """Planted: a rate that is off in its twelfth digit moves no draw, one in its third does."""
    wrong = ss.simulate(plan.with_([f"{RATE}=10.1 per month", f"{CONVERSION}=0.5"]))
    with pytest.raises(AssertionError):
        assert_is_the_run_of(grid, grid.points[0], wrong)


def test_changes_are_those_of_paired_runs(plan, grid):
    compared = ss.compare({"first": plan, "last": plan.with_(
        {RATE: "30 per month", CONVERSION: 0.7})})  # fmt: skip
    first = ss.compare({"first": plan.with_({CONVERSION: 0.5}), "last": plan.with_(
        {RATE: "30 per month", CONVERSION: 0.7})})  # fmt: skip
    paired = first.differences["last"].total("bookings")
    change = grid.points[-1].change
    assert (float(change.mean), float(change.se)) == (float(paired.mean), float(paired.se))
    by_period = first.differences["last"].by_period("bookings")
    assert rows(grid, 5).bookings_change_mean.tolist() == by_period.mean.tolist()
    assert float(grid.points[0].change.se) == 0.0
    # planted: against another first point it is another change
    other = compared.differences["last"].total("bookings")
    assert float(other.mean) != float(change.mean)


def test_threads_and_order_change_nothing(plan, grid):
    again = ss.sweep(plan, {RATE: "10 per month:30 per month:3", CONVERSION: [0.5, 0.7]}, threads=1)
    pd.testing.assert_frame_equal(again.to_frame(), grid.to_frame(), check_exact=True)
    turned = ss.sweep(plan, GRID[::-1])
    ours = {point.typed: point.totals for point in grid.points}
    assert all(ours[point.typed[::-1]] == point.totals for point in turned.points)


def test_the_file_has_the_same_bytes_and_says_what_it_is(plan, grid, tmp_path):
    grid.to_parquet(tmp_path / "a.parquet")
    ss.sweep(plan, GRID, threads=1).to_parquet(tmp_path / "b.parquet")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    about = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"salessim"])
    assert about["keys"][0] == {"name": RATE, "written": "{} per month"}
    assert about["values"][1] == ["10 per month", "0.7"]
    assert (about["seed"], about["trajectories"]) == (7, 40)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "a.parquet"), grid.to_frame())


def test_a_row_per_point_holds_the_whole_span(grid, tmp_path):
    totals = grid.totals()
    assert totals.bookings_mean.tolist() == [float(p.totals["bookings"].mean) for p in grid.points]
    grid.to_csv(tmp_path / "points.csv")
    csv = pd.read_csv(tmp_path / "points.csv")
    assert csv.columns.tolist() == totals.columns.tolist()
    assert csv[RATE].tolist() == [point.typed[0] for point in grid.points]
    np.testing.assert_allclose(csv.bookings_mean, totals.bookings_mean, atol=0.005)
    document = grid.summary()
    json.dumps(document, allow_nan=False)
    assert document["points"][3]["values"] == {RATE: "20 per month", CONVERSION: "0.7"}
    assert document["points"][3]["totals"]["bookings"]["mean"] == totals.bookings_mean[3]


def test_sobol_points_are_spread_evenly_and_follow_from_the_seed(plan):
    asked = [f"{RATE}=10 per month:30 per month", f"{CONVERSION}=0.5:0.7"]
    sweep = ss.sweep(plan, asked, sobol=8, trajectories=2)
    numbers = np.array([point.numbers for point in sweep.points])
    assert (sweep.grid, numbers.shape) == (None, (8, 2))
    # a net: one point in each eighth of every range
    shares = (numbers - [10, 0.5]) / [20, 0.2]
    assert np.array_equal(
        np.sort(np.floor(8 * shares), axis=0), np.repeat(np.arange(8), 2).reshape(8, 2)
    )
    again = ss.sweep(plan, asked, sobol=8, trajectories=2)
    assert [p.typed for p in again.points] == [p.typed for p in sweep.points]
    other = ss.sweep(plan, asked, sobol=8, trajectories=2, seed=8)
    assert [p.typed for p in other.points] != [p.typed for p in sweep.points]
    few = ss.sweep(plan, asked, sobol=5, trajectories=2)
    assert [p.typed for p in few.points] == [p.typed for p in sweep.points][:5]
    point = sweep.points[3]
    typed = [f"{key.name}={value}" for key, value in zip(sweep.keys, point.typed, strict=True)]
    assert_is_the_run_of(sweep, point, ss.simulate(plan.with_(typed), trajectories=2))


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ([f"{CONVERSION}=0.6:1.4:5"], r"=1.2: expected a .*, found 1.2 \(and at 1 more point\)$"),
        (["sources.outbond.rate=1 per day,2 per day"], "did you mean `outbound`"),
        ([CONVERSION.replace("qualified", "qualifed") + "=0.5,0.6"], "did you mean `qualified`"),
        ([f"{RATE}=1:5:3"], 'write "1 per month"'),
        ([f"{RATE}=1 per month,1e8 per month"], "at sources.outbound.rate=1e8 per month: a traj"),
        ([f"{RATE}=1 per month:9 per month:100", f"{CONVERSION}=0:1:50"],
         r"100 x 50 = 5,000 points are more than 4,096: .* --sobol 256"),
        ([f"{RATE}=1 per month,2 per month", "customers.cont=3"], "did you mean `count`"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_said_before_anything_runs(plan, monkeypatch, vary, said):
    monkeypatch.setattr(sweeps, "run", None)
    with pytest.raises(ss.SalessimError, match=said):
        ss.sweep(plan, vary)


def test_what_only_lowering_sees_is_said_before_anything_runs(plan, monkeypatch):
    monkeypatch.setattr(sweeps, "run", None)
    amounts = {"pipelines.new_business.amount.fixed": [1_000, 1_000_000_000_000]}
    said = "at pipelines.new_business.amount.fixed=1000000000000: amounts of up to"
    with pytest.raises(ss.SalessimError, match=said):
        ss.sweep(plan, {**amounts, RATE: "50000 per month"})


def test_points_that_are_not_kept_are_lowered_again(plan, grid, monkeypatch):
    monkeypatch.setattr(sweeps, "MOST_KEPT", 0)
    again = ss.sweep(plan, GRID)
    pd.testing.assert_frame_equal(again.to_frame(), grid.to_frame(), check_exact=True)


@pytest.mark.parametrize("sobol", [0, 5_000])
def test_numbers_of_sobol_points_out_of_range(plan, sobol):
    with pytest.raises(ValueError, match="sobol"):
        ss.sweep(plan, [f"{RATE}=1 per day:2 per day"], sobol=sobol)


def test_an_interruption_keeps_the_points_that_are_finished(plan, grid):
    seen = []

    def stop(done, asked):
        seen.append((done, asked))
        if done > 90:
            raise KeyboardInterrupt

    cut = ss.sweep(plan, GRID, progress=stop)
    assert seen[0][1] == 6 * 40
    assert cut.interrupted
    assert (len(cut.points), cut.requested) == (2, 6)
    pd.testing.assert_frame_equal(cut.to_frame(), grid.to_frame()[:12], check_exact=True)

    def at_once(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ss.sweep(plan, GRID, progress=at_once)


def test_keys_set_once_hold_at_all_points(plan):
    sweep = ss.sweep(
        plan, [f"{RATE}=10 per month,30 per month", f"{CONVERSION}=0.5", "title=Other"]
    )
    assert sweep.labels.title == "Other"
    assert sweep.fixed == (f"{CONVERSION}=0.5", "title=Other")
    assert sweep.summary()["fixed"] == list(sweep.fixed)
    run = ss.simulate(plan.with_([f"{RATE}=30 per month", f"{CONVERSION}=0.5"]))
    assert sweep.points[1].totals["bookings"] == run.bookings.total_summary


def test_words_are_words(plan):
    sweep = ss.sweep(plan, {"sources.referral.buyer": ["new", "existing"]}, trajectories=3)
    assert sweep.to_frame()["sources.referral.buyer"].tolist() == ["new"] * 6 + ["existing"] * 6
