"""Rates of leads: drawn from the priors, counted, fitted; and what is said of breaks."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from salessim.config import units
from salessim.fit.history import Deals
from salessim.fit.leads import count_months, leads_of
from salessim.fit.rates import (
    FALSE_ALARMS,
    GROWTH_SD,
    SPREAD_RATE,
    Months,
    find_breaks,
    fit_rate,
)
from salessim.fit.source_warnings import source_warnings
from salessim.fit.sources import SourceFit, sources_part
from salessim.fit.sources import fit_sources as fit_leads
from tests.statistics import FALSE_ALARM


def drawn(rng, *, size, rate, growth=0.0, variance=0.0, factors=1.0) -> Months:
    number = np.arange(1.0 - size, 1.0)
    days = np.full(size, 30.0)
    gamma = rng.gamma(1.0 / variance, variance, size) if variance else 1.0
    mean = rate * days * np.exp(growth * number) * gamma * factors
    return Months(
        leads=rng.poisson(mean), days=days, number=number, of_year=np.arange(size, dtype=int) % 12
    )


def deals(created, *, source=None, until="2025-01-01", complete_from=None) -> Deals:
    table = pd.DataFrame({"created": pd.to_datetime(list(created), format="ISO8601")}).sort_values(
        "created"
    )
    table.insert(0, "deal", [f"d{k}" for k in range(len(table))])
    if source is not None:
        table["source"] = pd.Categorical(source)
    nothing = pd.DataFrame({"deal": [], "stage": [], "at": []})
    return Deals(
        pipeline="sales",
        stages=("open",),
        table=table.reset_index(drop=True),
        moves=nothing,
        amounts=nothing,
        complete_from=None if complete_from is None else pd.Timestamp(complete_from),
        until=pd.Timestamp(until),
    )


def fit_sources(many: list[Deals]) -> tuple[SourceFit, ...]:
    return fit_leads([leads_of(each) for each in many])


def spread_over(first: date, last: date, *, per_day: float, seed=1) -> list[pd.Timestamp]:
    days = (last - first).days
    many = np.random.default_rng(seed).poisson(per_day * days)
    at = np.sort(np.random.default_rng(seed + 1).uniform(0.0, days, many))
    return [pd.Timestamp(first) + timedelta(days=float(day)) for day in at]


@pytest.fixture(scope="module")
def ranks():
    """Where the truth lies among what the fit says, of 400 sources drawn from the priors."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(400):
        growth, spread = rng.normal(0.0, GROWTH_SD), rng.exponential(1.0 / SPREAD_RATE)
        rate = math.exp(rng.uniform(0.0, 4.0))
        size = int(rng.integers(6, 36))
        fit = fit_rate(drawn(rng, size=size, rate=rate, growth=growth, variance=spread**2))
        level = (math.log(rate) - fit.level.mean) / fit.level.sd
        # one number of what is to come: the rate a year on
        ahead = fit.level.mean + 12 * fit.growth.mean
        covariance = fit.level_with_growth * fit.level.sd * fit.growth.sd
        sd = math.sqrt(fit.level.sd**2 + 144 * fit.growth.sd**2 + 24 * covariance)
        later = (math.log(rate) + 12 * growth - ahead) / sd
        found.append((level, (growth - fit.growth.mean) / fit.growth.sd, later))
    return stats.norm.cdf(found)


@pytest.mark.parametrize("what", [0, 1, 2])
def test_what_a_fit_does_not_know_is_as_wide_as_it_says(ranks, what):
    assert stats.kstest(ranks[:, what], "uniform").pvalue > FALSE_ALARM


def test_intervals_of_half_the_width_are_caught(ranks):
    narrow = stats.norm.cdf(2.0 * stats.norm.ppf(ranks[:, 2]))
    assert stats.kstest(narrow, "uniform").pvalue < FALSE_ALARM


def test_months_that_swing_make_the_variance():
    rng = np.random.default_rng(5)
    fit = fit_rate(drawn(rng, size=240, rate=40.0, variance=0.09))
    assert abs(fit.variance.mean - 0.09) < 5.0 * fit.variance.sd < 0.06
    calm = fit_rate(drawn(rng, size=240, rate=40.0))
    assert calm.variance.mean < 0.002


def test_a_season_is_seen_and_none_is_made_up():
    rng = np.random.default_rng(6)
    true = np.array([0.7, 0.8, 1.0, 1.1, 1.1, 1.0, 0.8, 0.6, 1.1, 1.2, 1.3, 1.3])
    seasonal = drawn(rng, size=36, rate=20.0, factors=np.tile(true, 3), variance=0.002)
    fit = fit_rate(seasonal)
    factors = np.exp([factor.mean for factor in fit.season])
    assert np.abs(np.log(factors / true)).max() < 0.15
    assert factors.mean() == pytest.approx(1.0)
    assert not fit_rate(drawn(rng, size=36, rate=20.0, variance=0.01)).season
    one_year = Months(*(values[:12] for values in seasonal))
    assert not fit_rate(one_year).season


def test_breaks_are_found_where_they_are():
    rng = np.random.default_rng(7)
    step = np.where(np.arange(24) < 15, 0.5, 1.0)
    assert find_breaks(drawn(rng, size=24, rate=8.0, factors=step, variance=0.01)) == (15,)
    twice = np.where(np.arange(30) < 10, 0.3, np.where(np.arange(30) < 20, 1.0, 2.0))
    assert find_breaks(drawn(rng, size=30, rate=8.0, factors=twice)) == (10, 20)


def test_growth_and_swings_are_no_breaks():
    rng = np.random.default_rng(8)
    false = 0
    for _ in range(400):
        growth, variance = rng.normal(0.0, GROWTH_SD), rng.exponential(1.0 / SPREAD_RATE) ** 2
        size, rate = int(rng.integers(4, 40)), math.exp(rng.uniform(-2.0, 3.0))
        false += bool(
            find_breaks(drawn(rng, size=size, rate=rate, growth=growth, variance=variance))
        )
    assert stats.binom.sf(false - 1, 400, FALSE_ALARMS) > FALSE_ALARM


def test_only_complete_days_count():
    months, first = count_months(
        pd.Series(
            pd.to_datetime(
                ["2024-01-20", "2024-02-29 23:59", "2024-03-01", "2024-03-09"], format="ISO8601"
            )
        ),
        begin=date(2024, 1, 20),
        until=date(2024, 3, 10),
    )
    assert months.leads.tolist() == [1, 1, 2]
    assert months.days.tolist() == [12.0, 29.0, 9.0]
    assert months.number.tolist() == [-2.0, -1.0, 0.0]
    assert months.of_year.tolist() == [0, 1, 2]
    assert first == (date(2024, 1, 20), date(2024, 2, 1), date(2024, 3, 1))
    given = deals(["2024-01-05", "2024-01-06", "2024-02-01 10:00"], until="2024-02-03")
    (source,) = fit_sources([given])
    assert (source.leads, source.first[0]) == (2, date(2024, 1, 6))
    late = deals(["2024-01-05", "2024-01-31"], until="2024-02-03", complete_from="2024-01-30 07:00")
    assert fit_sources([late])[0].first[0] == date(2024, 1, 31)


def test_a_source_reads_as_a_plan_says_it():
    created = spread_over(date(2023, 1, 1), date(2025, 1, 1), per_day=4.0)
    (source,) = fit_sources([deals(created)])
    part = sources_part([source])
    table = part.document["sources"]["leads"]
    rate = units.parse_rate(table["rate"]["lognormal"]["median"])
    assert rate.per_day == pytest.approx(4.0, rel=0.15)
    low, high = (units.parse_growth(table["growth"][end]) for end in ("p05", "p95"))
    assert low < 0.0 < high
    assert [pair[:2] for pair in part.correlations] == [
        ("sources.leads.rate", "sources.leads.growth")
    ]
    assert part.warnings == ()
    assert "which may be none" in part.comments["sources.leads"]


def test_a_source_that_ended_is_left_out_and_said():
    going = spread_over(date(2023, 1, 1), date(2025, 1, 1), per_day=1.0)
    ended = spread_over(date(2023, 1, 1), date(2024, 2, 1), per_day=1.0, seed=4)
    names = ["web"] * len(going) + ["Trade fair"] * len(ended)
    table = pd.DataFrame({"at": [*going, *ended], "name": names}).sort_values("at")
    part = sources_part(fit_sources([deals(table["at"], source=list(table["name"]))]))
    assert set(part.document["sources"]) == {"web"}
    (warning,) = part.warnings
    assert warning.startswith("Source Trade fair: no lead since 2024-02-01")


def test_a_level_that_changed_is_said_and_less_sure():
    before = spread_over(date(2022, 1, 1), date(2024, 9, 1), per_day=1.0)
    after = spread_over(date(2024, 9, 1), date(2025, 1, 1), per_day=4.0)
    steady = spread_over(date(2022, 1, 1), date(2025, 1, 1), per_day=4.0)
    (broken,) = fit_sources([deals([*before, *after])])
    (whole,) = fit_sources([deals(steady)])
    low, high = broken.per_month()[1:]
    assert low < 4.0 * 30.4375 < high
    assert broken.fit.level.sd > 1.5 * whole.fit.level.sd
    assert "2024-09-01 the leads a month went from 30" in next(source_warnings([broken]))


def test_sources_that_swing_together_do_not_make_up_for_each_other():
    rng = np.random.default_rng(9)
    swings = np.exp(0.3 * rng.standard_normal(24))
    created, names = [], []
    for name in ("a", "b", "c", "d"):
        for month, swing in enumerate(swings):
            first = pd.Timestamp(2023 + month // 12, month % 12 + 1, 1)
            days = np.sort(rng.uniform(0.0, first.days_in_month, rng.poisson(40 * swing)))
            created += [first + timedelta(days=float(day)) for day in days]
            names += [name] * len(days)
    order = np.argsort(created)
    together = deals([created[k] for k in order], source=[names[k] for k in order])
    sources = fit_sources([together])
    shared = sources[0].together
    assert shared.variance == pytest.approx(swings.var() / swings.mean() ** 2, rel=0.3)
    (alone,) = fit_sources([deals(together.table["created"])])
    shares = np.array([source.per_month()[0] for source in sources])
    shares /= shares.sum()
    errors = shares * [source.fit.level.sd for source in sources]
    total = math.sqrt((1 - shared.level) * errors @ errors + shared.level * errors.sum() ** 2)
    assert total == pytest.approx(alone.fit.level.sd, rel=0.02)
    assert total > 1.5 * math.sqrt(errors @ errors)
    part = sources_part(sources)
    (shock,) = part.document["shocks"].values()
    assert set(shock["leads"]) == {"a", "b", "c", "d"}
    index = {
        name: k for k, name in enumerate(sorted({n for p in part.correlations for n in p[:2]}))
    }
    matrix = np.eye(len(index))
    for one, other, value in part.correlations:
        matrix[index[one], index[other]] = matrix[index[other], index[one]] = value
    assert np.linalg.eigvalsh(matrix).min() > 0.0


def test_silence_is_said_where_it_is_unlikely():
    created = spread_over(date(2023, 1, 1), date(2025, 1, 1), per_day=2.0)
    quiet = [at for at in created if at < pd.Timestamp("2024-12-18")]
    (warning, all_of_them) = source_warnings(fit_sources([deals(quiet)]))
    assert warning.startswith("Source leads: no lead in the last 1")
    assert f"--as-of {quiet[-1].date()}" in all_of_them
    rare = spread_over(date(2023, 1, 1), date(2024, 12, 1), per_day=0.03)
    assert not list(source_warnings(fit_sources([deals(rare)])))
    # one that is silent beside one that is not
    names = ["a"] * len(quiet) + ["b"] * len(created)
    both = pd.DataFrame({"at": [*quiet, *created], "name": names}).sort_values("at")
    said = list(source_warnings(fit_sources([deals(both["at"], source=list(both["name"]))])))
    assert [text.partition(":")[0] for text in said] == ["Source a"]


def test_a_growth_that_is_clear_is_said():
    rng = np.random.default_rng(10)
    months = [pd.Timestamp(2023 + m // 12, m % 12 + 1, 1) for m in range(24)]
    created = sorted(
        first + timedelta(days=float(day))
        for m, first in enumerate(months)
        for day in rng.uniform(0, first.days_in_month, rng.poisson(20 * math.exp(0.06 * m)))
    )
    (source,) = fit_sources([deals(created)])
    assert source.growth()[1] > 0.0
    (warning,) = source_warnings([source])
    assert "a month, and the plan goes on so: x" in warning


def test_small_sources_are_taken_together_and_none_is_lost():
    created = spread_over(date(2024, 1, 1), date(2025, 1, 1), per_day=1.0)
    names = [f"rare {k}" if k < 12 else "web" for k in range(len(created))]
    names[20] = None
    sources = fit_sources([deals(created, source=names)])
    assert [source.name for source in sources] == ["web", "other"]
    assert sum(source.leads for source in sources) == sum(
        at >= created[0].ceil("D") for at in created
    )


def test_without_a_complete_day_there_is_no_source():
    assert fit_sources([deals(["2024-12-31 10:00", "2024-12-31 11:00"])]) == ()
    assert fit_sources([deals([])]) == ()
