"""A pipeline from records to a plan that can be read: what is found, said and written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tomlkit

from salessim.config.plan import Plan, load_plan
from salessim.errors import SalessimError
from salessim.fit.history import Deals
from salessim.fit.parts import Part
from salessim.fit.pipelines import fit_pipeline
from salessim.model.laws import Empirical, Fixed, Lognormal, Mixture, Weibull
from salessim.model.uncertain import Uncertain
from tests.fit.records import LOST, WON, deals_of
from verification.walked_deals import TrueStage, record

STAGES = (
    TrueStage(
        conversion=0.6,
        cycle_time=Lognormal(median=12.0, sigma=0.8),
        loss_time=Weibull(scale=30.0, shape=1.3),
        stuck=0.2,
    ),
    TrueStage(
        conversion=0.5,
        cycle_time=Weibull(scale=20.0, shape=1.5),
        loss_time=Lognormal(median=25.0, sigma=0.7),
        back=0.3,
        back_time=Lognormal(median=6.0, sigma=0.5),
    ),
)


def records(*, seed: int = 1, deals: int = 1_500, dates_only: bool = False) -> Deals:
    """Two years of a pipeline, with amounts: quoted at the entry, 10 % less when won."""
    rng = np.random.default_rng(seed)
    found = record(STAGES, rng, deals=deals, days=730, dates_only=dates_only)
    quoted = np.exp(8.0 + 0.9 * rng.standard_normal(len(found.table)))
    first = found.table.assign(row=np.arange(len(quoted)))
    won = found.moves[found.moves["stage"] == found.won]
    amounts = pd.concat(
        [
            pd.DataFrame({"deal": first["row"], "at": first["created"], "amount": quoted}),
            pd.DataFrame(
                {"deal": won["deal"], "at": won["at"], "amount": 0.9 * quoted[won["deal"]]}
            ),
        ]
    )
    return replace(found, amounts=amounts.sort_values(["deal", "at"], ignore_index=True))


def plan_of(part: Part, folder: Path) -> Plan:
    """Write a plan around a part, and read it."""
    table: dict[str, dict[str, float]] = {}
    for first, second, value in part.correlations:
        table.setdefault(first, {})[second] = value
    document = {
        "title": "fitted",
        "currency": "EUR",
        "forecast": {"start": "START", "horizon": "12 months"},
        "sustainability": {"need": 1_000},
        **part.document,
        "sources": {
            "leads": {
                "kind": "external",
                "pipeline": "new",
                "rate": "9 per month",
                "buyer": "existing",
            }
        },
        "correlation": table,
    }
    path = folder / "fitted.toml"
    path.write_text(tomlkit.dumps(document).replace('"START"', "2027-01-01"), encoding="utf-8")
    return load_plan(path)


def test_a_fitted_pipeline_is_a_plan(tmp_path: Path) -> None:
    fitted = fit_pipeline(records())
    plan = plan_of(fitted.part(), tmp_path)
    for stage, written in zip(fitted.stages, plan.model.pipeline("new").stages, strict=True):
        assert written.conversion == pytest.approx(stage.probabilities["advance"], rel=1e-4)
        assert written.cycle_time.mean == pytest.approx(stage.law("advance").mean, rel=1e-3)
        assert written.loss_time.mean == pytest.approx(stage.law("lost").mean, rel=1e-3)
        assert isinstance(written.conversion, Uncertain)
    back = plan.model.pipeline("new").stages[1].back
    assert back is not None
    assert back.to == "stage 0"
    assert plan.model.correlations


def test_nothing_goes_together_that_was_not_fitted_together() -> None:
    """Stages are independent of each other, and of amounts."""
    for first, second, _ in fit_pipeline(records()).part().correlations:
        assert first.split(".")[:4] == second.split(".")[:4]


def test_the_number_written_is_as_unsure_as_the_fit() -> None:
    stage = fit_pipeline(records(), families=["lognormal"]).stages[0]
    (conversion, *_), covariance = stage.numbers
    visits = sum(stage.seen.values())
    binomial = 1.0 / (0.6 * 0.4 * visits)
    # what is still open is not known: a little less than of so many coins
    assert binomial < covariance[0, 0] < 1.5 * binomial
    low, high = conversion.interval
    assert conversion.notation == {"p05": low, "p95": high}


def test_the_clock_of_the_records_moves_no_time() -> None:
    """Dates without times of day: half a day more or less would be seen."""
    exact, dates = (records(deals=6_000, dates_only=one) for one in (False, True))
    for family, outcome in (("lognormal", "advance"), ("weibull", "lost")):
        one, other = (
            fit_pipeline(deals, families=[family], empirical=False).stages[0].law(outcome).mean
            for deals in (exact, dates)
        )
        assert abs(one - other) < 0.2


def test_spikes_become_an_empirical_law() -> None:
    """A time-out after 30 days: no family has it."""
    loss = Mixture(weights=(0.5, 0.5), laws=(Fixed(value=30.0), Lognormal(median=10.0, sigma=0.8)))
    stage = replace(STAGES[0], loss_time=loss)
    found = record([stage], np.random.default_rng(3), deals=2_000, days=730)
    fitted = fit_pipeline(found).stages[0]
    law = fitted.law("lost")
    assert isinstance(law, Empirical)
    values = np.array(law.values)
    assert np.mean(np.abs(values - 30.0) < 0.2) == pytest.approx(0.5, abs=0.06)
    assert law.mean == pytest.approx(loss.mean, rel=0.08)
    assert fitted.family("advance") == "lognormal"
    assert "as observed" in fitted.comment()
    # the probabilities are found all the same
    assert fitted.probabilities["advance"] == pytest.approx(stage.conversion, abs=0.05)


def test_stages_that_are_skipped_take_no_time() -> None:
    skips = {f"s{n}": [("2024-01-01", 0), ("2024-01-15", 2)] for n in range(40)}
    stays = {
        f"t{n}": [("2024-01-01", 0), ("2024-01-15", 1), (f"2024-03-{1 + n % 28:02d}", 2)]
        for n in range(60)
    }
    stage = fit_pipeline(deals_of(skips | stays)).stages[1]
    once = stage.chosen.fit.model.at_once(0, stage.chosen.fit.theta)
    assert once == pytest.approx(0.4, abs=0.02)
    table = stage.table()["cycle_time"]["mixture"]
    assert table[0] == {"weight": pytest.approx(once, rel=1e-5), "law": {"fixed": "0 days"}}


def test_where_all_take_no_time_it_is_said_so() -> None:
    told = {f"d{n}": [("2024-01-01 10:00:01", 0), ("2024-01-09", 2)] for n in range(30)}
    stage = fit_pipeline(deals_of(told)).stages[1]
    assert stage.chosen.fit.model.at_once(0, stage.chosen.fit.theta) == pytest.approx(30.5 / 31.0)
    # what little is left takes what stages take, not less than a tick of the clock
    law = stage.law("advance")
    assert isinstance(law, Mixture)
    assert 1.0 < law.laws[1].mean < 1_000.0


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({"a": [("2024-01-01", 0)]}, id="one deal, open"),
        pytest.param({"a": [("2024-12-31", 0)]}, id="one deal, of the last day"),
        pytest.param({"a": [("2024-01-01", 0), ("2024-01-01", WON)]}, id="won at once"),
        pytest.param({"a": [("2024-01-01", LOST)]}, id="lost at once"),
        pytest.param(
            {f"d{n}": [("2024-01-01", 0), ("2024-02-01", WON)] for n in range(9)}, id="won"
        ),
        pytest.param({f"d{n}": [("2024-01-01", 0)] for n in range(300)}, id="all open"),
        pytest.param(
            {f"d{n}": [("2024-01-01", 1), ("2024-01-03", 0), ("2024-01-04", 1)] for n in range(5)},
            id="back and forth",
        ),
    ],
)
def test_next_to_nothing_is_a_plan_that_says_how_little_it_knows(told, tmp_path: Path) -> None:
    fitted = fit_pipeline(deals_of(told, until="2025-01-01"))
    plan = plan_of(fitted.part(), tmp_path)
    stages = plan.model.pipeline("new").stages
    assert len(stages) == 3
    for stage in stages:
        assert isinstance(stage.conversion, Uncertain)
        assert 0.0 < stage.conversion < 1.0
    # nobody was seen in the last stage, or as good as nobody
    if len(told) < 9:
        low, high = fitted.stages[2].numbers[0][0].interval
        assert high - low > 0.4


def test_no_visit_at_all_is_refused() -> None:
    with pytest.raises(SalessimError, match=r"'new': no deal had entered a stage by then"):
        fit_pipeline(deals_of({"a": []}))


def test_a_family_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(SalessimError, match=r"found \"weibul\"; did you mean `weibull`"):
        fit_pipeline(records(deals=20), families=["weibul"])


def test_a_half_life_follows_what_changed() -> None:
    """Conversion halves in the second year: the recent visits say the lower one."""
    first, second = (
        record([replace(STAGES[0], conversion=p)], np.random.default_rng(n), deals=1_500, days=365)
        for n, p in enumerate((0.6, 0.3))
    )
    year = pd.Timedelta(days=365)
    size = len(first.table)
    both = replace(
        first,
        table=pd.concat([first.table, second.table], ignore_index=True),
        moves=pd.concat(
            [
                first.moves,
                second.moves.assign(deal=second.moves["deal"] + size, at=second.moves["at"] + year),
            ],
            ignore_index=True,
        ),
        until=first.until + year,
    )
    flat, recent = (fit_pipeline(both, half_life=days).stages[0] for days in (None, 60.0))
    assert flat.probabilities["advance"] == pytest.approx(0.45, abs=0.03)
    assert recent.probabilities["advance"] == pytest.approx(0.3, abs=0.04)
    # fewer visits count: less is known of the law of the time to be lost, the last number
    assert recent.numbers[1][-1, -1] > 2.0 * flat.numbers[1][-1, -1]
    with pytest.raises(SalessimError, match="half-life above 0 days"):
        fit_pipeline(both, half_life=0.0)


def test_amounts_are_those_known_at_the_win() -> None:
    fitted = fit_pipeline(records())
    amount = fitted.amount
    assert fitted.won_to_quoted == pytest.approx(0.9, rel=1e-9)
    assert amount.chosen.best[0].name == "lognormal"
    law = amount.law
    assert isinstance(law, Lognormal)
    assert law.median == pytest.approx(0.9 * np.exp(8.0), rel=0.15)
    assert law.sigma == pytest.approx(0.9, rel=0.12)


def test_price_points_become_an_empirical_law() -> None:
    found = records()
    prices = np.random.default_rng(1).choice([100.0, 250.0, 1_000.0], len(found.amounts))
    fitted = fit_pipeline(replace(found, amounts=found.amounts.assign(amount=prices)))
    law = fitted.amount.law
    assert isinstance(law, Empirical)
    assert set(law.values) >= {100.0, 250.0, 1_000.0}
    assert law.mean == pytest.approx(fitted.amount.won.mean(), rel=1e-3)


def test_without_an_amount_each_deal_counts_one_and_it_is_said(tmp_path: Path) -> None:
    part = fit_pipeline(replace(records(), amounts=records().amounts.iloc[:0])).part()
    assert any("bookings are numbers" in said for said in part.warnings)
    (pipeline,) = plan_of(part, tmp_path).document["pipelines"].values()
    assert pipeline["amount"] == {"fixed": 1}
