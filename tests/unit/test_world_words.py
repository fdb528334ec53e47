"""What `explain` says of what a plan is not sure of."""

import salessim as ss
from tests.unit.plan_files import edited, load
from tests.unit.test_config_worlds import PLAN

LAW = "{ lognormal = { median = { p05 = 80, p95 = 125 }, sigma = { p05 = 0.4, p95 = 0.9 } } }"


def sentences(folder, text: str) -> list[str]:
    return list(ss.explain(load(folder, text)).sentences)


def test_what_is_uncertain_is_said_in_its_units(tmp_path):
    text = edited("amount = { fixed = 100 }", f"amount = {LAW}", PLAN)
    text = edited("conversion = 0.5", 'conversion = { p05 = 0.4, p95 = "60%" }', text)
    text = edited('"10 days"', '{ p05 = "1 week", p95 = "14 days" }', text)
    text = edited('"1 per 500 days"', '{ p05 = "1 per 800 days", p95 = "1 per 200 days" }', text)
    growth = 'growth = { p05 = "-1% per month", p95 = "2% per month" }\nover_dispersion = 0.1'
    text = edited("over_dispersion = 0.1", growth, text)
    said = [s.removeprefix("Uncertain: ") for s in sentences(tmp_path, text) if "Uncertain" in s]
    assert said == [
        "customers.health.promoter.referral: x 3; in 90% of the worlds x 1.5 to x 6.",
        "pipelines.new.amount.lognormal.median: 100 USD; in 90% of the worlds 80 USD to 125 USD.",
        "pipelines.new.amount.lognormal.sigma: 0.6; in 90% of the worlds 0.4 to 0.9.",
        "pipelines.new.stages.qualified.conversion: 50%; in 90% of the worlds 40% to 60%.",
        ("pipelines.new.stages.qualified.cycle_time.fixed: 9.899 days; in 90% of the worlds 7 days "
        "to 14 days."),
        ("sources.referral.rate: 1 per 400 days; in 90% of the worlds 1 per 800 days to 1 per "
        "200 days."),
        ("sources.up.rate: 1 per 6 months; in 90% of the worlds 1 per 12 months to 1 per "
        "3 months."),
        "sources.web.growth: 0.489% per month; in 90% of the worlds -1% per month to 2% per month.",
        "sources.web.rate: 30 per month; in 90% of the worlds 20 per month to 45 per month.",
    ]  # fmt: skip


def test_a_bad_month_is_said(tmp_path):
    shocks = [s for s in sentences(tmp_path, PLAN) if s.startswith("Shock")]
    assert shocks == [
        ("Shock economy: moves the whole business, half of it is left after 3.1 months; a month "
        "one standard deviation down makes leads of all external sources 20% more, odds of "
        "advancing in new 10% lower, deals in all pipelines 5% slower, amounts won in expansion "
        "10% smaller, churn of small 10% higher."),
        ("Shock staff: moves the whole business, each month by itself; a month one standard "
        "deviation down makes deals in all pipelines 20% slower."),
    ]  # fmt: skip


def test_health_correlations_and_targets_are_said(tmp_path):
    said = sentences(tmp_path, PLAN)
    assert (
        "Worlds: each trajectory draws 3 uncertain numbers and 2 shocks; the figures here are "
        "those of the middle values."
    ) in said
    assert "Correlated: sources.web.rate with sources.up.rate: -0.3." in said
    assert "Target 2027Q2: 120,000 USD of bookings from 2027-04-01 to 2027-06-30." in said
    assert (
        "Health: promoters are 50% of the customers here (42% to 57% in 90% of the worlds) and 27% "
        "of the new ones: churn x 0.5, referral x 3 (1.5 to 6)."
    ) in said
    assert any(s.startswith("Source web: 30 per month (uncertain) from outside") for s in said)


def test_a_certain_plan_says_nothing_of_worlds(tmp_path):
    plain = PLAN[: PLAN.index("[shocks.economy]")]
    plain = plain.replace('{ p05 = "20 per month", p95 = "45 per month" }', '"30 per month"')
    plain = plain.replace('{ p05 = "1 per year", p95 = "4 per year" }', '"1 per year"')
    said = " ".join(sentences(tmp_path, plain))
    assert not any(word in said for word in ("Worlds", "Uncertain", "uncertain", "Shock"))
