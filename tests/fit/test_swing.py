"""Months that swing are found with their size, and written as shocks; luck is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit, logit
from scipy.stats import norm

from salessim.fit import monthly, pictures
from salessim.fit.fit import fit_history
from salessim.fit.history import History
from salessim.fit.mean_odds import at_mean_odds
from salessim.fit.monthly import Monthly, _spent, of_pace, span
from salessim.fit.pipelines import fit_pipeline
from salessim.fit.shared_months import share_months
from salessim.fit.swing import PERSISTENCES, SPREADS, Swing, shared, swing
from salessim.fit.visits import ADVANCE, visits
from salessim.model.laws import Lognormal
from verification.swing_recovery import STAGES, factors
from verification.walked_deals import Shaken, TrueStage, record

MONTHS = 24
TOLD = 40.0
"""What each month tells of its log odds: as much as 160 finished visits."""


def told(rng, *, sd=0.0, persistence=0.0):
    """What months say whose effects swing so, about their own mean, drawn from the normal law."""
    apart = np.abs(np.subtract.outer(np.arange(MONTHS), np.arange(MONTHS)))
    effects = rng.multivariate_normal(np.zeros(MONTHS), sd**2 * persistence**apart)
    information = TOLD * (np.eye(MONTHS) - 1.0 / MONTHS)
    pull = information @ effects + np.sqrt(TOLD) * (
        (noise := rng.standard_normal(MONTHS)) - noise.mean()
    )
    weight = np.full(MONTHS, 1.0 / MONTHS)
    return Monthly(first=600, pull=pull, information=information, weight=weight)


def alarms(many, *, larger=1.0):
    """How many of so many histories without a swing are said to swing."""
    rng = np.random.default_rng(11)
    found = 0
    for _ in range(many):
        one = told(rng)
        found += bool(swing([replace(one, pull=larger * one.pull)]).matters)
    return found


def test_luck_is_no_swing() -> None:
    """At 1%, 10 or more of 100 would be found for nothing less than once in 10^6."""
    assert alarms(100) < 10
    assert alarms(30, larger=2.0) >= 10  # planted: scores that vary more than is thought


def test_intervals_hold_a_spread_that_is_known() -> None:
    """Of 30 that hold with 90%, fewer than 16 would less than once in 10^6."""
    rng = np.random.default_rng(12)
    truth = 0.35
    found = [swing([told(rng, sd=truth, persistence=0.6)]) for _ in range(30)]
    held = sum(one.interval[0] <= truth <= one.interval[1] for one in found)
    planted = sum(one.interval[0] <= 2.2 * truth <= one.interval[1] for one in found)
    assert held >= 16
    assert planted < 16
    assert np.mean([one.matters for one in found]) > 0.8


def test_stages_say_more_together_than_each_alone() -> None:
    rng = np.random.default_rng(13)
    effects = 0.2 * rng.standard_normal(MONTHS)
    parts = []
    for _ in range(6):
        one = told(rng)
        parts.append(replace(one, pull=one.pull + one.information @ effects))
    together = swing(parts)
    assert together.p_value < min(swing([one]).p_value for one in parts) + 1e-12
    assert np.corrcoef(together.months, effects)[0, 1] > 0.9


def test_nothing_told_is_no_swing() -> None:
    nothing = np.zeros((3, 3))
    assert (
        swing([Monthly(first=0, pull=nothing[0], information=nothing, weight=nothing[0])]) is None
    )


@pytest.mark.parametrize("persistence", [0.0, 0.4, 0.8])
def test_a_shock_of_a_known_swing_is_that_swing(persistence: float) -> None:
    """And what is left beside it is the unknown mean of the months seen, and of the year ahead."""
    likely = np.zeros((len(PERSISTENCES), len(SPREADS)))
    likely[np.argmin(abs(PERSISTENCES - persistence)), 30] = 1.0
    known = Swing(p_value=0.0, likely=likely, monthly=told(np.random.default_rng(1)))
    assert known.effect == pytest.approx(SPREADS[30], rel=1e-6)
    assert known.persistence == pytest.approx(persistence, abs=1e-9)
    level = known.level(np.full(MONTHS, 1.0 / MONTHS))
    if persistence == 0.0:
        assert level @ level == pytest.approx(SPREADS[30] ** 2 / MONTHS)
    assert level @ level > 0.0


def test_mean_odds_keep_the_mean_conversion() -> None:
    for share in (0.05, 0.5, 0.9):
        for sd in (0.1, 0.7, 2.0):
            x = at_mean_odds(float(logit(share)), sd)
            mean = quad(lambda z, x=x, sd=sd: expit(x - sd**2 / 2 + sd * z) * norm.pdf(z), -9, 9)
            assert mean[0] == pytest.approx(share, rel=1e-6)
            if sd < 0.5:
                continue
            # planted: without it, the mean is another
            plain = quad(
                lambda z, s=share, sd=sd: expit(logit(s) - sd**2 / 2 + sd * z) * norm.pdf(z), -9, 9
            )
            assert plain[0] < share - 1e-4


def naive_pace(seen, months):
    """Return the log-rank statistic of months day by day; whole days only.

    Days of age on which nothing ended are taken together with the next on which something did.
    """
    size = len(months)
    begin = np.datetime64(months.start, "M").astype("datetime64[D]")
    entered = (seen.entered.astype("datetime64[D]") - begin).astype(int)
    pull, information = np.zeros(size), np.zeros((size, size))
    spent = np.zeros(size)
    for age in range(1, int(seen.duration.max()) + 1):
        there = (seen.duration >= age) & (seen.entry_age < age)
        days = begin + (entered[there] + age - 1)
        spent += np.bincount(days.astype("datetime64[M]").astype(int) - months.start, None, size)
        now = (seen.duration == age) & (seen.outcome == ADVANCE)
        on = begin + (entered[now] + age)
        ends = np.bincount(on.astype("datetime64[M]").astype(int) - months.start, None, size)
        if ends.sum():
            share = spent / spent.sum()
            pull += ends - ends.sum() * share
            information += ends.sum() * (np.diag(share) - np.outer(share, share))
            spent[:] = 0.0
    return pull, information


@pytest.mark.parametrize("complete_from", [None, 40])
def test_pace_is_the_log_rank_test_of_months(monkeypatch, complete_from) -> None:
    """Where each day is an age of its own, as it was: a slow oracle, day by day.

    Also where deals that ended before a day are absent: those under way then are seen only from the
    age that they had.
    """
    monkeypatch.setattr(monthly, "AGES", 100_000)
    law = Lognormal(median=12.0, sigma=0.7)
    stage = TrueStage(conversion=0.6, cycle_time=law, loss_time=law)
    deals = record(
        [stage],
        np.random.default_rng(3),
        deals=400,
        days=200,
        complete_from=complete_from,
        dates_only=True,
    )
    fitted = fit_pipeline(deals, families=["lognormal"], empirical=False)
    seen = visits(deals)
    seen = seen.where((seen.duration > seen.entry_age) & (seen.outcome == ADVANCE))
    assert (complete_from is not None) == bool((seen.entry_age > 0.0).any())
    months = span(seen, np.datetime64(deals.until, "us"))
    found = of_pace(fitted.stages[0], seen, months)
    pull, information = naive_pace(seen, months)
    np.testing.assert_allclose(found.pull, pull, atol=1e-9)
    np.testing.assert_allclose(found.information, information, atol=1e-9)
    np.testing.assert_allclose(found.information.sum(axis=0), 0.0, atol=1e-9)


def test_days_behind_the_last_month_are_those_of_the_last() -> None:
    """Where rounding leads there, by a digit: it once went on for ever."""
    edges = np.array([0.0, 31.0, 59.0, np.inf])
    begin, leave = np.array([10.0, 40.0, 59.0]), np.array([59.0, np.nextafter(59.0, 99.0), 60.0])
    spent = _spent(begin, leave, np.array([1.0, 2.0, 4.0]), edges)
    assert spent == pytest.approx([21.0, 28.0 + 38.0 + 4.0])


def test_months_of_many_conversions_are_not_quick() -> None:
    """Odds swing, speed does not: fails for nothing in 1 of 100 seeds; this one is fixed."""
    rng = np.random.default_rng(22)
    months = Shaken(odds=factors(0.8, 0.3, rng), speed=np.ones(MONTHS))
    deals = record(STAGES, rng, deals=2_000, days=730, shaken=months)
    fitted = fit_pipeline(deals, families=["lognormal"], empirical=False)
    assert set(fitted.months.found) == {"conversion"}


@pytest.fixture(scope="module")
def swinging():
    """A pipeline of which months are known to swing, odds by 0.4 and speed by 0.3."""
    rng = np.random.default_rng(21)
    months = Shaken(odds=factors(0.4, 0.5, rng), speed=factors(0.3, 0.5, rng))
    deals = record(STAGES, rng, deals=2_000, days=730, shaken=months)
    return deals, months, fit_pipeline(deals, families=["lognormal"], empirical=False)


def test_a_swing_of_months_is_found_and_the_plan_has_it(swinging) -> None:
    _, truth, fitted = swinging
    for found, true, spread in (
        (fitted.months.conversion, truth.odds, 0.4),
        (fitted.months.pace, truth.speed, 0.3),
    ):
        assert found.p_value < 1e-3
        assert found.interval[0] <= spread <= found.interval[1]
        assert np.corrcoef(found.months, np.log(true))[0, 1] > 0.8
    shocks = fitted.part().document["shocks"]
    assert shocks["conversion of new"]["conversion"] == {
        "new": pytest.approx(fitted.months.conversion.effect, rel=1e-2)
    }
    assert set(shocks["pace of new"]) == {"persistence", "pace"}
    sure = [replace(stage, alike=None) for stage in fitted.stages]
    for stage, before in zip(fitted.stages, sure, strict=True):
        assert np.all(np.diag(stage.numbers[1])[0] > np.diag(before.numbers[1])[0])
    # the conversions of two stages are too high or too low together
    between = {
        frozenset(pair[:2]): pair[2]
        for pair in fitted.part().correlations
        if all(address.endswith(".conversion") for address in pair[:2])
    }
    assert len(between) == 3
    assert min(between.values()) > 0.1


def test_a_fitted_plan_with_a_swing_can_be_run_and_spreads_wider(swinging) -> None:
    import salessim as ss

    deals = swinging[0]
    plan = fit_history(History(deals=(deals,)), horizon="3 months", families=["lognormal"]).plan()
    assert {shock.name for shock in plan.model.shocks} >= {"conversion of new", "pace of new"}
    held = {shock.address: 0.0 for shock in plan.model.shocks}
    wide = ss.simulate(plan, trajectories=500, seed=1, threads=1)
    calm = ss.simulate(plan, trajectories=500, seed=1, threads=1, worlds=ss.WorldSeeds(held=held))
    assert wide.wins.samples[:, 0].std() > 1.1 * calm.wins.samples[:, 0].std()


def test_what_one_stage_has_alone_is_no_shock_of_all() -> None:
    """Of two stages one swings: what they share is far less, and what is told of it, too."""
    rng = np.random.default_rng(14)
    alone, quiet = told(rng, sd=0.6), [told(rng) for _ in range(3)]
    parts = [alone, *quiet]
    found = swing(parts)
    together = shared(found, parts)
    assert together.effect < 0.7 * shared(swing([alone]), [alone]).effect
    assert np.diag(together.monthly.information)[0] < np.diag(found.monthly.information)[0]
    # where all have the same months, that is what they share
    effects = 0.4 * rng.standard_normal(MONTHS)
    parts = [replace(one, pull=one.pull + one.information @ effects) for one in quiet]
    together = shared(swing(parts), parts)
    assert together.interval[0] < 0.4 < together.interval[1]


def test_months_are_drawn_and_told(swinging) -> None:
    import json

    from salessim.fit.summary import summary
    from salessim.report.fit import fit_page

    deals = swinging[0]
    fitted = fit_history(History(deals=(deals,)), families=["lognormal"])
    (pipeline,) = fitted.pipelines
    captions = [figure.caption for figure in fit_page(fitted).sections[0].figures]
    assert sum("months swing beyond chance" in caption for caption in captions) == 2
    found = json.loads(json.dumps(summary(fitted)))["pipelines"][0]["shared_months"]
    assert set(found) == {"conversion", "pace"}
    assert found["pace"]["low"] < found["pace"]["effect"] < found["pace"]["high"]
    ax = pictures.shared_months(pipeline.months.pace, "pace")
    drawn = ax.get_lines()[1].get_ydata()
    np.testing.assert_allclose(drawn, np.exp(pipeline.months.pace.months))


def test_without_a_swing_the_plan_has_none() -> None:
    """Fails for nothing in 1 of 50 seeds; this one is fixed."""
    deals = record(STAGES, np.random.default_rng(5), deals=1_500, days=730)
    fitted = fit_pipeline(deals, families=["lognormal"], empirical=False)
    assert "shocks" not in fitted.part().document
    assert fitted.months.warnings == ()
    assert fitted.months.rhythm is None
    assert all(stage.alike is None and stage.swing == 0.0 for stage in fitted.stages)


def test_visits_reduced_on_disk_tell_no_pace(swinging) -> None:
    """Of these only the month of entry is known."""
    deals, _, fitted = swinging
    seen = visits(deals)
    plain = [replace(stage, alike=None, swing=0.0) for stage in fitted.stages]
    reduced = replace(seen, deal=np.full(len(seen), -1))
    _, found = share_months(plain, reduced, np.datetime64(deals.until, "us"))
    assert found.pace is None
    assert found.conversion.matters
