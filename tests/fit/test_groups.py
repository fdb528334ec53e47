"""One process or many: chance is not taken for a difference, and a difference is found."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit, logit

from salessim.errors import SalessimError
from salessim.fit.groups import compare_groups
from salessim.fit.groups.between import Difference, time_difference, truncation_pull
from salessim.fit.groups.compare import holm
from salessim.fit.groups.conversions import Counts, _groups, conversion_difference, pearson_p
from salessim.fit.groups.spread import spread_of_wins
from salessim.fit.groups.subjects import subjects
from salessim.fit.history import Deals
from tests.statistics import assert_binomial, assert_mean, assert_sample_mean, assert_variance
from tests.unit import pictured

UNTIL = pd.Timestamp("2026-01-01")


def drawn(rng, groups, each, *, sd=0.0, pace_sd=0.0, young=0.0, stuck=0.1):
    """Deals of two stages, offer after 10 days in the median and won after 60: both lognormal.

    ``young``: by how many days later a group's deals are created, from the first to the last.
    """
    owner = np.repeat(np.arange(groups), each)
    count = len(owner)
    age = rng.uniform(5.0, 700.0, count) - young * owner / max(groups - 1, 1)
    created = UNTIL - pd.to_timedelta(np.maximum(age, 1.0), unit="D")
    odds, pace = rng.normal(0.0, sd, groups)[owner], rng.normal(0.0, pace_sd, groups)[owner]
    offer = 10.0 * np.exp(rng.normal(0.0, 0.7, count))
    # Losing takes half as long: who looks at closed deals only sees too few wins.
    wins = rng.random(count) < expit(odds)
    last = np.where(wins, 60.0 * np.exp(pace), 30.0) * np.exp(rng.normal(0.0, 0.5, count))
    last = np.where(rng.random(count) < stuck, np.inf, last)
    deal = np.arange(count)
    moves = pd.DataFrame(
        {
            "deal": np.tile(deal, 3),
            "stage": np.concatenate((0 * deal, 0 * deal + 1, np.where(wins, 2, 3))),
            "days": np.concatenate((0.0 * deal, offer, offer + last)),
        }
    )
    moves = moves[np.isfinite(moves["days"])]
    moves["at"] = created[moves["deal"]] + pd.to_timedelta(moves["days"], unit="D")
    moves = moves[moves["at"] <= UNTIL].sort_values(["deal", "at"], ignore_index=True)
    return made(moves[["deal", "stage", "at"]], created, owner)


def made(moves, created, owner):
    names = pd.Categorical.from_codes(owner, [f"owner {i}" for i in range(max(owner) + 1)])
    table = pd.DataFrame({"deal": np.arange(len(owner)).astype(str), "created": created})
    return Deals(
        pipeline="new",
        stages=("contact", "offer"),
        table=table.assign(owner=names),
        moves=moves,
        amounts=pd.DataFrame({"deal": [], "at": [], "amount": []}),
        complete_from=None,
        until=UNTIL,
    )


def test_chance_is_rejected_at_the_nominal_rate():
    """Four groups of 5 to 80 visits, of which some could not have converted yet."""
    rng = np.random.default_rng(1)
    group = np.repeat(np.arange(4), [5, 10, 40, 80])
    conversions = times = caught = 0
    for _ in range(250):
        reach = np.minimum(rng.uniform(0.2, 1.6, len(group)), 1.0)
        came = (rng.random(len(group)) < 0.3 * reach) * 1.0
        conversions += pearson_p(Counts.of(group, came, reach, 4), rng) <= 0.05
        more = (rng.random(len(group)) < np.where(group < 3, 0.3, 0.6) * reach) * 1.0
        caught += pearson_p(Counts.of(group, more, reach, 4), rng) <= 0.05
        score = rng.standard_normal(len(group))
        times += time_difference(group, score, np.ones(len(group)), 4).p <= 0.05
    assert_binomial(conversions, 250, 0.05, tests=3)
    assert_binomial(times, 250, 0.05, tests=3)
    with pytest.raises(AssertionError):
        assert_binomial(caught, 250, 0.05, tests=3)


def test_times_of_one_process_are_rejected_at_the_nominal_rate_whole():
    """From moves to p-values: 60 histories of six owners, times seen only as far as they could."""
    from salessim.fit.groups.estimates import time as compared

    rng = np.random.default_rng(2)
    rejected = caught = 0
    for planted in (False, True):
        for _ in range(60):
            deals = drawn(rng, 6, 40, pace_sd=0.5 * planted)
            (whole, *_) = subjects(deals, deals.table["owner"].cat.codes.to_numpy(np.int64))
            found, _ = compared(whole, [str(name) for name in range(6)])
            rejected += (found.p <= 0.05) and not planted
            caught += (found.p <= 0.05) and planted
    assert_binomial(rejected, 60, 0.05, tests=2)
    with pytest.raises(AssertionError):
        assert_binomial(caught, 60, 0.05, tests=2)


@pytest.fixture(scope="module")
def different():
    return compare_groups(drawn(np.random.default_rng(3), 40, 150, sd=0.6, pace_sd=0.4))


def test_what_was_planted_is_found_with_its_size(different):
    rows = different.table.set_index(["of", "what"])
    won, took = rows.loc[("offer", "conversion")], rows.loc[("offer", "time")]
    assert max(won["p_holm"], took["p_holm"]) < 0.01
    # The intervals hold 90 %; with these seeds they do.
    assert won["sd_low"] < 0.6 < won["sd_high"] < 0.9
    assert took["sd_low"] < 0.4 < took["sd_high"] < 0.55
    contact = rows.loc[("contact", "time")]
    assert contact["p_holm"] > 0.01
    assert contact["sd_low"] == 0.0
    assert "The win rate by owner differs more than chance allows" in different.sentence
    assert "offer (conversion, factor" in different.sentence


def test_intervals_hold_what_they_promise():
    """Groups of normal effects, 50 times: 90 % intervals of their sd, and of each group."""
    rng = np.random.default_rng(4)
    held, covered, halved = {"conversion": 0, "time": 0}, [], []
    group, ones = np.repeat(np.arange(12), 40), np.ones(480)
    for _ in range(50):
        truth = rng.normal(0.0, 0.5, 12)
        came = (rng.random(len(group)) < expit(truth[group] - 1.0)) * 1.0
        odds = conversion_difference(Counts.of(group, came, ones, 12), rng)
        score = rng.standard_normal(len(group)) + truth[group]
        times = time_difference(group, score, ones, 12)
        held["conversion"] += odds.low <= 0.5 <= odds.high
        held["time"] += times.low <= 0.5 <= times.high
        off = np.abs([odds.estimate + 1.0 - truth, times.estimate - truth])
        allowed = stats.norm.ppf(0.95) * np.array([odds.estimate_sd, times.estimate_sd])
        covered.append((off <= allowed).mean(axis=1))
        halved.append((off <= allowed / 2.0).mean(axis=1))
    for count in held.values():
        assert_binomial(count, 50, 0.9, tests=2)
    assert_sample_mean(np.array(covered), 0.9)
    with pytest.raises(AssertionError):
        assert_sample_mean(np.array(halved), 0.9)


def test_young_deals_are_not_taken_for_lost_ones():
    deals = drawn(np.random.default_rng(5), 10, 200, young=650.0)
    rows = compare_groups(deals).table.set_index(["of", "what"])
    assert rows.loc[("win rate", "conversion"), "p"] > 1e-3
    assert rows.loc[("win rate", "time"), "p"] > 1e-3
    last = deals.moves.groupby("deal")["stage"].last()
    counts = pd.crosstab(deals.table["owner"], last == 2)
    assert stats.chi2_contingency(counts).pvalue < 1e-9


def test_shrunken_estimates_lie_between_the_own_and_the_common(different):
    own = different.groups
    own = own[(own["of"] == "win rate") & (own["what"] == "conversion")]
    assert own["shrunken"].std() < own["observed"].std()
    assert (own["shrunken_high"] - own["shrunken_low"]).mean() < (own["high"] - own["low"]).mean()
    assert stats.spearmanr(own["shrunken"], own["observed"]).statistic > 0.95


def test_a_likelihood_is_the_integral_it_stands_for():
    counts = Counts(
        groups=2,
        group=np.array([0, 0, 1]),
        visits=np.array([3.0, 2.0, 50_000.0]),
        conversions=np.array([1.0, 0.0, 20_000.0]),
        reach=np.array([1.0, 0.4, 0.9]),
    )
    log, mean, sd = _groups(counts, -0.5, 0.8)

    def height(effect, moment):
        p = expit(effect - 0.5)
        likelihood = p * (1.0 - p) ** 2 * (1.0 - 0.4 * p) ** 2
        return likelihood * stats.norm.pdf(effect, 0.0, 0.8) * effect**moment

    moments = [integrate.quad(height, -8.0, 8.0, args=(k,))[0] for k in range(3)]
    assert log[0] == pytest.approx(np.log(moments[0]), abs=1e-5)
    assert mean[0] == pytest.approx(moments[1] / moments[0], abs=1e-5)
    assert sd[0] == pytest.approx(np.sqrt(moments[2] / moments[0] - mean[0] ** 2), abs=1e-4)
    # Of so many visits the share is known: 40 % of those followed far enough, 0.9 of all.
    assert expit(mean[1] - 0.5) == pytest.approx(4 / 9, abs=1e-3)


def test_pull_is_what_a_shift_does_to_scores_of_truncated_times():
    rng = np.random.default_rng(6)
    reach, shift = np.array([0.3, 0.8, 1.0]), 0.02
    drawn = rng.standard_normal(400_000)
    for share, pull in zip(reach, truncation_pull(reach), strict=True):
        edge = stats.norm.ppf(share)
        # The same draws, shifted: their scores differ by the pull, and what falls out of sight.
        kept = stats.norm.ppf(stats.norm.cdf(drawn[drawn < edge]) / share)
        moved = stats.norm.ppf(stats.norm.cdf(drawn[drawn + shift < edge] + shift) / share)
        se = np.sqrt(1 / len(kept) + 1 / len(moved))
        assert_mean(moved.mean() - kept.mean(), se, shift * pull, tests=3)
    assert truncation_pull(np.array([1.0])) == pytest.approx([1.0])


def test_spread_is_that_of_a_simulation():
    """Wins of open deals and of those to come, when groups' effects are drawn once for all."""
    rng = np.random.default_rng(7)
    deals = drawn(rng, 8, 300)
    whole = subjects(deals, deals.table["owner"].cat.codes.to_numpy(np.int64))[0]
    sd, effect = np.full(8, 0.15), rng.normal(0.0, 0.3, 8)
    found = Difference(
        p=0.0, pooled=0.0, sd=0.15, low=0.0, high=1.0, estimate=effect, estimate_sd=sd, new_sd=0.4
    )
    spread = spread_of_wins(whole, found, 0.45, days=365.0)
    still = whole.rows.outcome == 0
    age, owner = whole.rows.duration[still], whole.group[still]
    left = 0.45 * (1.0 - whole.reach(age))
    odds = left / (whole.pooled.survives(age) - left)
    come = np.bincount(whole.group[whole.followed <= 365.0], minlength=8)
    totals = np.zeros(4000)
    for row in range(len(totals)):
        u = rng.normal(effect, sd)
        open_odds = odds * np.exp(u[owner] - np.log(0.45 / 0.55))
        wins = rng.random(len(odds)) < open_odds / (1.0 + open_odds)
        totals[row] = wins.sum() + rng.poisson(come * expit(u)).sum()
    se = spread.own_sd / np.sqrt(len(totals))
    assert totals.mean() == pytest.approx(spread.own_mean, abs=5 * se + 0.002 * spread.own_mean)
    assert_variance(totals, spread.own_sd**2, tests=2)
    assert spread.pooled_sd < spread.own_sd < spread.new_sd
    with pytest.raises(AssertionError):
        assert_variance(totals, spread.pooled_sd**2, tests=2)


def test_one_group_and_one_deal_each_are_said_to_tell_nothing():
    alone = compare_groups(drawn(np.random.default_rng(8), 1, 60))
    assert alone.table["p"].isna().all()
    assert "there is one group only" in alone.sentence
    each = compare_groups(drawn(np.random.default_rng(8), 60, 1))
    assert each.table["p"].isna().all()
    assert np.isinf(each.table["sd_high"]).all()
    assert "no group has more than one deal to tell" in each.sentence
    assert not np.isnan(each.groups[["shrunken", "pooled"]].to_numpy()).any()


def test_a_thousand_groups_are_compared():
    found = compare_groups(drawn(np.random.default_rng(9), 1000, 8, sd=0.7))
    row = found.table.set_index(["of", "what"]).loc[("win rate", "conversion")]
    assert row["p_holm"] < 0.01
    # A tenth is never decided: what is won of all varies a little less than what is won of those.
    truth = logit(0.9 * expit(0.7 * stats.norm.ppf(np.linspace(0.0005, 0.9995, 1000)))).std()
    assert row["sd_low"] < truth < row["sd_high"]
    found.plot().figure.draw_without_rendering()


def test_groups_are_named_and_those_of_none_are_counted():
    deals = drawn(np.random.default_rng(10), 3, 30)
    with pytest.raises(SalessimError, match='no "ownr": did you mean `owner`'):
        compare_groups(deals, by="ownr")
    deals.table.loc[:4, "owner"] = None
    found = compare_groups(deals)
    assert found.unnamed == 5
    assert "5 deals have no owner and are left out: " in found.sentence
    won = deals.moves.groupby("deal")["stage"].last() == 2
    assert found.won == pytest.approx((won[:5].mean(), won[5:].mean()))


def test_a_column_filled_in_at_the_win_shows():
    deals = drawn(np.random.default_rng(12), 3, 60)
    won = deals.moves.groupby("deal")["stage"].last() == 2
    deals.table.loc[~won.to_numpy(), "owner"] = None
    found = compare_groups(deals)
    assert "are left out: 0% of them won so far, of the others 100%" in found.sentence
    assert "win rate by owner cannot be compared" in found.sentence


def test_nothing_won_is_said_not_divided():
    deals = drawn(np.random.default_rng(11), 3, 30)
    lost = deals.moves["stage"].where(deals.moves["stage"] != 2, 3)
    found = compare_groups(made(deals.moves.assign(stage=lost), deals.table["created"],
                                deals.table["owner"].cat.codes.to_numpy()))  # fmt: skip
    assert "win rate by owner cannot be compared" in found.sentence
    assert found.spread is None
    assert set(found.table["of"]) == {"contact"}


def test_a_clear_difference_stands_out_of_many_comparisons():
    """Of 200 comparisons, too: p is not bounded by the number of draws."""
    group = np.repeat(np.arange(4), 300)
    came = np.arange(1200) % 10 < np.array([3, 5, 3, 5])[group]
    counts = Counts.of(group, came * 1.0, np.ones(1200), 4)
    p = pearson_p(counts, np.random.default_rng(13))
    exact = stats.chi2_contingency(pd.crosstab(group, came)).pvalue
    assert p < 1e-8
    assert np.log(p) == pytest.approx(np.log(exact), rel=0.15)


def test_holm():
    assert holm(np.array([0.01, 0.04, np.nan, 0.03])) == pytest.approx(
        [0.03, 0.06, np.nan, 0.06], nan_ok=True
    )
    assert len(holm(np.array([]))) == 0


@pytest.mark.parametrize("what", ["conversion", "time"])
def test_the_picture_names_the_groups_and_stays_in_its_figure(different, what):
    ax = different.plot(what=what)
    assert pictured.outside(ax) == []
    assert len(ax.get_yticklabels()) == 40
    assert "differs more than chance allows" in ax.get_title(loc="left")
    with pytest.raises(ValueError, match="no comparison of demo time; there are win rate conver"):
        different.plot(of="demo", what="time")
