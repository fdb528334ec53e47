"""Runs until the error is small enough: the bits of a plain run, a limit, and what has no error."""

import hashlib
import json

import numpy as np
import pytest

from salessim import SalessimError, load_plan, simulate
from salessim.api import precision as until
from salessim.engine import run
from salessim.forecast.precision import relative_error
from salessim.lowering import lower
from salessim.lowering.seeds import WorldSeeds
from tests.cli.conftest import PLAN


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("precision") / "acme.toml"
    path.write_text(PLAN)
    return load_plan(path)


def digest(forecast, folder):
    forecast.to_parquet(folder / "forecast.parquet")
    forecast.funnel.to_parquet(folder / "funnel.parquet")
    files = sorted(folder.iterdir())
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]


UNSURE = {"sources.outbound.rate": {"p05": "5 per month", "p95": "15 per month"}}


def test_worlds_go_on_with_their_trajectories(plan):
    unsure = plan.with_(UNSURE)
    forecast = simulate(unsure, until_error=0.005)
    assert forecast.trajectories > until.FIRST
    assert forecast == simulate(unsure, trajectories=forecast.trajectories, threads=1)
    # what is not known adds to the error, so it takes more of them
    assert forecast.trajectories > simulate(plan, until_error=0.005).trajectories
    # and worlds of another seed stay the same through all looks
    others = {"seed": 9, "worlds": WorldSeeds(seed=4)}
    ended = simulate(unsure, until_error=0.005, **others)
    assert ended == simulate(unsure, trajectories=ended.trajectories, **others)


def test_the_result_equals_a_plain_run_of_as_many_trajectories(plan, tmp_path):
    forecast = simulate(plan, until_error=0.006, threads=2)
    said = forecast.precision
    assert (said.trajectories, said.limit) == (forecast.trajectories, None)
    assert said.trajectories > 1_000
    assert said.reached <= 0.006
    plain = simulate(plan, trajectories=forecast.trajectories, threads=1)
    assert plain == forecast
    assert plain.precision is None
    assert digest(plain, tmp_path) == digest(forecast, tmp_path)
    document, other = forecast.summary(), plain.summary()
    assert document["run"].pop("precision")["reached"] == said.reached
    assert other["run"].pop("precision") is None
    for answer in (document, other):
        del answer["run"]["simulate_seconds"]
    assert document == other
    json.dumps(said.to_dict(), allow_nan=False)
    # and so it takes as many on any number of threads, and says the error that a reader computes
    again = simulate(plan, until_error=0.006, threads=1)
    assert again.precision == said
    total = plain.bookings.total_summary
    assert said.reached == pytest.approx(float(total.se / total.mean))


def test_it_stops_as_soon_as_it_may(plan):
    few = simulate(plan, until_error=0.5)
    assert few.trajectories == until.FIRST
    wins = simulate(plan, until_error=0.006, of="wins.total")
    money = simulate(plan, until_error=0.006)
    # amounts add to the spread of the total, so that it takes more of them
    assert wins.trajectories < money.trajectories
    # not more than 1.05 times what the error of the last look asks for, and the rounding
    needed = money.trajectories * (money.precision.reached / 0.006) ** 2
    assert money.trajectories < 1.2 * needed + 100


def test_a_number_of_one_period(plan):
    forecast = simulate(plan, until_error=0.05, of="bookings.2027-03")
    summary = forecast.bookings.summary
    assert forecast.precision.reached == pytest.approx(summary.se[2] / summary.mean[2])
    forecast = simulate(plan, until_error=0.05, of="wins.2027Q2")
    wins = forecast.wins.samples[:, 3:6].sum(axis=1)
    assert forecast.precision.reached == pytest.approx(wins.std(ddof=1) / wins.mean() / 1000**0.5)
    # without external leads, and in the verdict's twelve months, which go beyond the horizon
    forecast = simulate(plan, until_error=0.05, of="base.total")
    base = forecast.without_external_leads().bookings.total()
    assert forecast.precision.reached == pytest.approx(relative_error(base))
    assert simulate(plan, until_error=0.05, of="base.window").precision.reached <= 0.05


def test_the_most_is_said(plan):
    forecast = simulate(plan, until_error=1e-4, trajectories=1_200)
    assert (forecast.trajectories, forecast.precision.limit) == (1_200, "trajectories")
    assert "not 0.01%: more of them than are allowed would be needed" in str(forecast.precision)
    assert not forecast.interrupted


def test_memory_is_a_limit(plan, monkeypatch):
    monkeypatch.setattr(until, "most_trajectories", lambda _: 2_500)
    forecast = simulate(plan, until_error=1e-4)
    assert (forecast.trajectories, forecast.precision.limit) == (1_250, "memory")
    assert "memory holds" in str(forecast.precision)


def test_what_is_zero_has_no_error(plan):
    nothing = plan.with_({"pipelines.new_business.amount": {"fixed": 0}, "sustainability.need": 1})
    forecast = simulate(nothing, until_error=0.01)
    assert (forecast.precision.reached, forecast.precision.limit) == (None, "zero")
    assert forecast.trajectories == until.FIRST
    assert "0 has no relative error" in str(forecast.precision)


def test_what_is_certain_has_no_error():
    assert relative_error(np.full(10, 3.0)) == 0.0
    assert relative_error(np.array([3.0])) is None
    assert relative_error(np.zeros(5)) is None


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ("booking.total", "expected bookings, wins or base"),
        ("bookings.2027-W05", "is within a period of 1 month"),
        ("wins.sum", r"wins.sum: expected a year \(2027\), a quarter"),
        ("wins.2028", "expected a span inside the horizon"),
        ("wins", "expected bookings, wins or base"),
    ],
)
def test_unknown_numbers_are_refused_before_anything_is_simulated(plan, monkeypatch, of, said):
    monkeypatch.setattr("salessim.engine.chunks.simulate_chunk", None)
    with pytest.raises(SalessimError, match=said):
        simulate(plan, until_error=0.01, of=of)


@pytest.mark.parametrize("error", [0.0, 1.0, -0.1, float("nan")])
def test_errors_out_of_range(plan, error):
    with pytest.raises(ValueError, match="until_error"):
        simulate(plan, until_error=error)


def test_an_interruption_keeps_what_is_finished(plan):
    def stop(done, asked):
        if asked > until.FIRST and done > until.FIRST:
            raise KeyboardInterrupt

    forecast = simulate(plan, until_error=0.002, progress=stop)
    assert forecast.interrupted
    whole = simulate(plan, trajectories=forecast.trajectories)
    assert np.array_equal(forecast.bookings.whole, whole.bookings.whole)


def test_each_look_goes_on_from_the_one_before(plan):
    program = lower(plan.model)
    steps = []

    def engine(*, trajectories, before=None):
        steps.append((trajectories, before.trajectories if before else 0))
        return run(program, seed=7, trajectories=trajectories, before=before)

    asked = until.Until(error=0.002, of="bookings.total", most=None)
    forecast = until.run_until(asked, engine, program=program, model=plan.model)
    assert len(steps) >= 3
    assert [done for _, done in steps] == [0, *(count for count, _ in steps[:-1])]
    assert steps[-1][0] == forecast.trajectories
