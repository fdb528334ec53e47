"""Goal seek against plans with exact answers, and what it says of mistakes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats

from salessim import fill_gap, goal, just_enough, load_plan, save_goals, simulate
from salessim.api.goal_search import Asked, Search
from salessim.api.seek import seek
from salessim.api.varied import read_varied
from salessim.errors import SalessimError
from salessim.forecast.goals import Goals
from salessim.forecast.judge import wilson
from salessim.model.plan import Target

POISSON = """
currency = "USD"

[forecast]
start = 2027-01-01
horizon = "12 months"
period = "month"
trajectories = 2_000
seed = 11

[sustainability]
need = 1_000

[pipelines.deals]
amount = { fixed = 100 }

[[pipelines.deals.stages]]
name = "offer"
conversion = 0.5
cycle_time = { fixed = "0 days" }

[sources.outbound]
kind = "external"
pipeline = "deals"
rate = "20 per month"
"""
"""Wins of a month are Poisson with mean rate x conversion; of the first quarter with three times
as many. Bookings are 100 USD a win."""
N = 2_000
CONFIDENT = 1 - 1e-6


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "poisson.toml").write_text(POISSON)
    return load_plan(tmp_path / "poisson.toml")


def rate_for(wins, months, probability):
    """The monthly rate at which so many wins in so many months have a probability."""

    def short(rate):
        return stats.poisson.sf(wins - 1, rate * 0.5 * months) - probability

    return optimize.brentq(short, 1e-6, 1e4)


def interval(plan, key, span, *, target, probability):
    """The interval of a search that misses the truth once in a million seeds."""
    search = Search(plan, [target], Asked(trajectories=N, seed=plan.seed), searches=1)
    varied = read_varied(plan, key, span)
    return seek(
        lambda value: search._hits_at(varied, value)[0],
        varied.points,
        probability=probability,
        confidence=CONFIDENT,
    ).interval


def test_the_rate_of_a_poisson_plan_is_found(plan):
    truth = rate_for(40, 3, 0.8)
    given = {"sources.outbound.rate": "10 per month:100 per month"}
    found = goal(plan, target="bookings.2027Q1 >= 4000", vary=given, probability=0.8)
    answer = found.answers[0]
    assert answer.status == "found"
    assert answer.probability == pytest.approx(0.8, abs=0.002)
    assert answer.probability_interval == wilson(answer.probability, N)
    low, high = interval(plan, *given.popitem(), target="bookings.2027Q1 >= 4000", probability=0.8)
    assert low < truth < high
    # A planted error: the rate for one win less is far outside.
    assert not low < rate_for(36, 3, 0.8) < high
    assert answer.change == pytest.approx(answer.value / 20 - 1)
    assert answer.text.endswith(" per month")
    assert answer.now == "20 per month"
    exact = stats.poisson.sf(39, 30)
    assert abs(found.now - exact) < 5 * np.sqrt(exact * (1 - exact) / N)


def test_the_same_answer_by_wins_by_conversion_and_by_lever(plan):
    factor = rate_for(40, 3, 0.8) / 20
    vary = {
        "pipelines.deals.stages.offer.conversion": "40%:95%",
        "leads": "0.5:2",
        "conversion.deals.offer": None,
    }
    found = goal(plan, target="wins.2027Q1 >= 40", vary=vary, probability=0.8)
    by_key = {answer.key: answer for answer in found}
    assert by_key["pipelines.deals.stages.offer.conversion"].text.endswith("%")
    for key, answer in by_key.items():
        assert answer.status == "found"
        unit = 50 if "stages" in key else 1
        assert answer.value / unit == pytest.approx(factor, rel=0.03)
        assert answer.interval[0] / unit < factor * 1.02
        assert answer.interval[1] / unit > factor / 1.02
    changes = [abs(np.log1p(answer.change)) for answer in found]
    assert changes == sorted(changes)
    assert "leads a month (now 20)" in by_key["leads"].means
    assert by_key["conversion.deals.offer"].means.endswith("% (now 50%)")


def test_just_enough_leads_are_found(plan):
    # All bookings of twelve months reach 12,000 USD: 120 wins in months 13 to 24.
    truth = rate_for(120, 12, 0.9) / 20
    answer = just_enough(plan).answers[0]
    assert answer.key == "leads"
    assert answer.status == "found"
    low, high = interval(plan, "leads", "0.5:2", target="bookings.window >= need", probability=0.9)
    assert low < truth < high
    assert not low < truth * 1.1 < high
    assert answer.value == pytest.approx(truth, rel=0.02)
    half = plan.with_({"sustainability.need": 500})
    fewer = just_enough(half).answers[0]
    assert fewer.value == pytest.approx(rate_for(60, 12, 0.9) / 20, rel=0.02)
    assert f"{fewer.value * 20:.0f} leads a month (now 20)" in fewer.means


def test_just_enough_may_be_none_or_beyond_reach(plan):
    none = just_enough(plan.with_({"sustainability.need": 0})).answers[0]
    assert (none.status, none.value, none.probability) == ("always", 0.0, 1.0)
    never = just_enough(plan.with_({"sustainability.need": 100_000}), trajectories=50).answers[0]
    assert (never.status, never.value, never.probability) == ("never", 16.0, 0.0)
    with pytest.raises(SalessimError, match="no external source: no leads to vary"):
        just_enough(load_plan("configs/w1_base_only.toml"))


def test_at_no_leads_the_base_is_left(plan):
    mixed = plan.with_(
        {
            "customers.count": 50,
            "customers.lifetime": {"exponential": {"mean": "2000 days"}},
            "sources.repeat": {
                "kind": "customer",
                "pipeline": "deals",
                "rate": "1 per 90 days",
                "buyer": "existing",
            },
        }
    )
    found = goal(mixed, target="bookings.2027Q1 >= 2000", vary={"leads": "0:1"}, trajectories=300)
    zero = found.answers[0].curve[0]
    alone = goal(
        mixed.without_external_leads(),
        target="bookings.2027Q1 >= 2000",
        vary=["churn"],
        trajectories=300,
    )
    assert zero == (0.0, alone.now)


def test_what_is_not_reachable_is_said_with_the_most_it_gives(plan):
    given = {"sources.outbound.rate": "10 per month:22 per month"}
    answer = goal(plan, target="bookings.2027Q1 >= 4000", vary=given).answers[0]
    assert (answer.status, answer.text) == ("never", "22 per month")
    exact = stats.poisson.sf(39, 33)
    assert abs(answer.probability - exact) < 5 * np.sqrt(exact * (1 - exact) / N)
    said = answer.sentence(0.8)
    assert "not reachable from 10 per month to 22 per month: the most it gives" in said
    assert "at 22 per month" in said
    always = goal(plan, target="bookings.2027Q1 >= 100", vary=given).answers[0]
    assert (always.status, always.text) == ("always", "10 per month")


def test_a_point_of_a_search_equals_a_run_of_its_value(plan):
    given = {"sources.outbound.rate": "10 per month:100 per month"}
    answer = goal(plan, target="bookings.2027Q1 >= 4000", vary=given, trajectories=200).answers[0]
    for value, share in answer.curve:
        again = simulate(
            plan.with_({"sources.outbound.rate": f"{value} per month"}), trajectories=200
        )
        hits = again.bookings.samples[:, :3].sum(axis=1) >= 4000
        assert hits.mean() == share


def test_counts_are_whole(plan):
    with_customers = plan.with_(
        {
            "customers.count": 10,
            "customers.lifetime": {"exponential": {"mean": "2000 days"}},
            "sources.repeat": {
                "kind": "customer",
                "pipeline": "deals",
                "rate": "1 per 30 days",
                "buyer": "existing",
            },
        }
    )
    given = {"customers.count": "5:60"}
    answer = goal(
        with_customers, target="bookings.2027Q1 >= 6000", vary=given, trajectories=200
    ).answers[0]
    assert answer.status == "found"
    assert answer.value.is_integer()
    assert answer.now == "10"
    assert answer.probability >= 0.77


def with_targets(plan, *targets):
    return replace(plan, model=replace(plan.model, targets=targets))


def test_gaps_are_filled_for_the_targets_that_are_missed(plan):
    easy = Target(name="2027-01", start=0, end=31, amount=100.0)
    hard = Target(name="2027Q1", start=0, end=90, amount=4_000.0)
    planned = with_targets(plan, easy, hard)
    (gap,) = fill_gap(planned, trajectories=500)
    assert gap.goal == "bookings.2027Q1 >= 4000"
    assert gap.asked == 0.5
    best = gap.answers[0]
    assert best.value == pytest.approx(rate_for(40, 3, 0.5) / 20, rel=0.05)
    assert {answer.key for answer in gap} == {
        "leads",
        "conversion.deals.offer",
        "amount.deals",
    }
    # 4,000 USD are 40 wins of 100: amounts must be larger by as much as wins fall short
    named = goal(planned, target="2027Q1", vary="leads", probability=0.5, trajectories=500)
    assert named.answers[0] == next(answer for answer in gap if answer.key == "leads")
    assert fill_gap(with_targets(plan, easy), trajectories=50) == ()
    with pytest.raises(SalessimError, match=r"the plan has no targets; write \[targets\]"):
        fill_gap(plan)


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        ({"lead": None}, "vary: lead: expected a lever, or a key with its range.*mean `leads`"),
        ({"conversion.deals.ofer": None}, "did you mean `conversion.deals.offer`"),
        ({"sources.outbund.rate": "1 per day:2 per day"}, "did you mean `outbound`"),
        ({"pipelines.deals.stages.ofer.conversion": "0.1:0.2"}, "did you mean `offer`"),
        ({"sources.outbound.rate": "9 per month:4 per month"}, "the range is inverted.*write 4"),
        ({"sources.outbound.rate": "9 per month:4 per day"}, "expected first:last"),
        ({"sources.outbound.rate": "9 per month"}, "expected two ends"),
        ({"sources.outbound.rate": "1:2"}, "expected a rate such as"),
        ({"pipelines.deals.stages.offer.conversion": "0.4:1.4"}, "expected a probability"),
        ({"conversion.deals.offer": "0.5:3"}, "above 0 and at most 2"),
        ({"leads": "2:1"}, "expected two rising factors from 0"),
        ({"leads": "much"}, "expected two factors such as 0.5:2"),
        ({"forecast.horizon": "12 months:24 months"}, "forecast is the same at all points"),
        ({"sustainability.span": "24 months:36 months"}, "changes the time that is simulated"),
    ],
)
def test_mistakes_in_what_is_varied(plan, vary, said):
    with pytest.raises(SalessimError, match=said):
        goal(plan, target="bookings.2027Q1 >= 4000", vary=vary)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("bookings.2027Q1", "expected a condition such as"),
        ("bookings.2027Q1 > 5", "expected a condition such as"),
        ("bookings.2029 >= 5", "inside the horizon"),
        ("booking.2027 >= 5", "expected bookings, wins or base"),
        ("bookings.2027Q1 >= 1.2M", "write 1_200_000"),
        ("bookings.2027Q1 >= -5", "from 0 to 1e12"),
        ("bookings.2027Q1 >= nan", "finite"),
        ("bookings.total >= need", "need is money in the verdict's twelve months"),
    ],
)
def test_mistakes_in_the_target(plan, target, said):
    with pytest.raises(SalessimError, match=f"target: .*{said}"):
        goal(plan, target=target, vary="leads")


@pytest.mark.parametrize("probability", [0.0, 1.0, -0.1, float("nan")])
def test_probabilities_lie_strictly_between_0_and_1(plan, probability):
    with pytest.raises(ValueError, match="probability must be above 0 and below 1"):
        goal(plan, target="wins.total >= 1", vary="leads", probability=probability)


def test_all_mistakes_are_said_at_once(plan):
    with pytest.raises(SalessimError) as caught:
        goal(plan, target="wins.total >= 1", vary=["lead", "chrn"])
    assert len(caught.value.problems) == 2


def test_sustained_is_the_verdict(plan):
    found = goal(plan, target="sustained", vary={"leads": "0.5:2"}, trajectories=100)
    forecast = simulate(plan, trajectories=100)
    assert found.now == forecast.sustainability().probability
    assert found.answers[0].status == "never"  # what is external is no part of the base


def test_answers_are_written_whole(plan, tmp_path):
    found = goal(plan, target="wins.2027Q1 >= 40", trajectories=100)
    folder = save_goals(plan, [found], tmp_path / "goals")
    names = {file.name for file in folder.iterdir()}
    assert names == {
        "goals.json", "goals.csv", "goal-00.svg", "goal-00.png", "plan.toml", "manifest.json",
    }  # fmt: skip
    document = json.loads((folder / "goals.json").read_text())
    assert document["goals"][0]["goal"] == "wins.2027Q1 >= 40"
    assert document == {"goals": [json.loads(json.dumps(found.summary(), allow_nan=False))]}
    assert Goals.from_summary(document["goals"][0]) == found
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["goals"][0]["seed"] == plan.seed
    assert set(manifest["files"]) == names - {"manifest.json"}
    assert len(found.to_frame()) == len(found.answers)
    assert found.plot.curve("leads").get_title(loc="left")
